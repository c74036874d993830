"""Where a step happens: a database and a data folder, copied from a stage, and all that they hold."""

import hashlib
import os
import re
import shutil
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from survey_app.config import Settings, read_settings
from survey_app.db import Database
from survey_app.models.base import Base, UtcDateTime
from tests import postgresql

CODE = "do-luong-2026"  # of the campaign whose steps are done there
LONG_AGO = 1_000_000_000  # seconds since 1970
# What differs between two undisturbed runs too: moments, attempts, and what is drawn by chance.
TOKENS = {("offices_token", "token"), ("units_token", "token")}  # every state has another
BY_CHANCE = {("access_point", "code"), ("job", "n_attempts"), ("audit_line", "id"), *TOKENS}
ARCHIVES = {".zip", ".docx", ".xlsx"}
PACKED_AT = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
TICKET = re.compile(r"(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{22}(?![A-Za-z0-9_-])")


@dataclass(frozen=True)
class Place:
    """A folder with the installation's data and what commands write, and the address of its database."""

    folder: Path
    url: str

    @property
    def settings(self) -> Settings:
        given = {"DATA_DIR": str(self.folder / "data"), "DATABASE_URL": self.url, "DEMO": "no"}
        return read_settings(given)

    @property
    def out(self) -> Path:
        return self.folder / "out"

    def database(self) -> Database:
        return Database(self.url)

    def age(self) -> None:
        """Let every file be old, so that whatever nobody names is cleared away by the next housekeeping."""
        for path in self.folder.rglob("*"):
            if not path.is_symlink():
                os.utime(path, (LONG_AGO, LONG_AGO))

    def rows(self) -> dict[str, list[str]]:
        """Give all rows, each as text, less what differs by chance."""
        database = self.database()
        with database.reading() as session:
            found = {
                table.name: sorted(
                    TICKET.sub(
                        "<ticket>", repr([_shown(column, row[column.name]) for column in table.columns])
                    )
                    for row in session.execute(select(table)).mappings()
                )
                for table in Base.metadata.sorted_tables
            }
        database.close()
        return found

    def files(self) -> dict[str, str]:
        """Give all files with the hash of what they hold; what is sealed by chance shows its length."""
        return {
            TICKET.sub("<ticket>", str(path.relative_to(self.folder))): (
                str(path.stat().st_size) if path.suffix == ".contacts" else _hash(path)
            )
            for path in sorted(self.folder.rglob("*"))
            if path.is_file() and not path.name.startswith("survey.sqlite")
        }


def _shown(column: Any, value: Any) -> Any:
    if (column.table.name, column.name) in BY_CHANCE:
        return "–"
    return value is not None if isinstance(column.type, UtcDateTime) else value


def _hash(path: Path) -> str:
    """Hash what a file holds; of an archive its members, less the moment at which it was packed."""
    if path.suffix not in ARCHIVES:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    found = hashlib.sha256()
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            found.update(name.encode() + PACKED_AT.sub(b"", archive.read(name)))
    return found.hexdigest()


class Stages:
    """Stages of a campaign on one kind of database: each is kept, and copied for whoever is to be killed."""

    def __init__(self, folder: Path, template: Path | None, server: postgresql.Server | None) -> None:
        self._folder, self._template, self._server = folder, template, server

    def new(self, name: str, before: str | None = None) -> Place:
        """Begin a place from an earlier one, or from an empty database; one of that name is gone."""
        folder = self._folder / name
        shutil.rmtree(folder, ignore_errors=True)
        if before is None:
            (folder / "out").mkdir(parents=True)
        else:
            shutil.copytree(self._folder / before, folder, symlinks=True)
        return Place(folder, self._copied_database(name, before))

    def _copied_database(self, name: str, before: str | None) -> str:
        if self._server is None:
            path = self._folder / name / "survey.sqlite"
            if before is None:
                shutil.copyfile(self._template, path)
            return f"sqlite:///{path}"
        self._server.drop_database(f"kills_{name}")
        return self._server.create_database(
            f"kills_{name}", "survey_template" if before is None else f"kills_{before}"
        )

    def forget_gaps(self, place: Place) -> None:
        """Let PostgreSQL number on from what is there: what was rolled back left gaps, which harm nobody."""
        if self._server is None:
            return
        database = place.database()
        with database.transaction() as session:
            for table in Base.metadata.sorted_tables:
                keys = list(table.primary_key)
                if len(keys) == 1 and keys[0].name == "id":
                    sequence = func.pg_get_serial_sequence(table.name, "id")
                    last = session.scalar(select(func.max(keys[0])))
                    if session.scalar(select(sequence)) is not None:
                        session.execute(select(func.setval(sequence, last or 1, last is not None)))
        database.close()

    def drop(self) -> None:
        for name in [path.name for path in self._folder.iterdir()] if self._server else []:
            self._server.drop_database(f"kills_{name}")
