"""The application over the house of `world.py`: steps are taken in it, and it can be put back as it was."""

import io
import re
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.datastructures import FileStorage
from werkzeug.test import TestResponse, encode_multipart

from survey_app.accounts.attempts import Attempts
from survey_app.models.base import Base
from tests.nasty_strings import as_received
from tests.survey_app.hostile.filling import good_file, good_value
from tests.survey_app.hostile.forms import Form, body_of
from tests.survey_app.hostile.walk import Step, forms_in, pages
from tests.survey_app.hostile.world import World

Fields = list[tuple[str, str]]
FILES = ("frames", "incoming")  # folders beside the database that steps change, too
# What may stay empty, and holds where it does not: a plan has one stage, a campaign follows none.
LEFT_EMPTY = ("after", "stages-1-", "stages-2-", "weighting-raked-")
FORM_TYPE = "application/x-www-form-urlencoded"


def _beside(database: Path, name: str) -> Path:
    return database.parent / name


class House:
    def __init__(self, app: Flask, world: World, kept: Path | None = None, path: Path | None = None) -> None:
        self.app, self.world = app, world
        self._kept, self._path = kept, path
        for name in FILES if kept else ():
            shutil.copytree(_beside(kept, name), _beside(kept, f"{name}-kept"), dirs_exist_ok=True)

    @property
    def is_kept(self) -> bool:
        return self._kept is not None

    def keep(self, path: Path) -> None:
        """Copy the database as it is now."""
        assert self._path
        self.close()
        shutil.copyfile(self._path, path)

    def restore(self, kept: Path | None = None) -> None:
        """Put the database back as it was, at first or when it was kept."""
        assert self._kept
        assert self._path
        self.close()
        for part in ("-wal", "-shm"):
            Path(f"{self._path}{part}").unlink(missing_ok=True)
        shutil.copyfile(kept or self._kept, self._path)
        for name in FILES:
            shutil.rmtree(_beside(self._kept, name), ignore_errors=True)
            shutil.copytree(_beside(self._kept, f"{name}-kept"), _beside(self._kept, name))

    def close(self) -> None:
        self.app.extensions["desk"].writer.close()
        self.app.extensions["database"].engine.dispose()

    def client(self, who: str) -> FlaskClient:
        """Give the browser of a person, as it is before the first step."""
        client = self.app.test_client()
        if who in self.world.tokens:
            with client.session_transaction() as cookie:
                cookie["token"] = self.world.tokens[who]
        return client

    def get(self, who: str, path: str) -> TestResponse:
        return self.client(who).get(path)

    def arrive(self, step: Step) -> tuple[FlaskClient, Step] | None:
        """Take the steps before this one; give the browser, and this step if its page still shows it."""
        client, step_now = self.client(step.who), step
        for n, before in enumerate(step.before):
            response = self.submit(client, step_now if n else before, self.good(step_now if n else before))
            shown = client.get(response.location) if response.location else response
            wanted = (*step.before, step)[n + 1]
            there = [one for one in forms_in(self.app, step.who, shown, step.before) if one.key == wanted.key]
            if not there:
                return None
            step_now = there[0]
        return client, step_now

    def good(self, step: Step) -> Fields:
        """Fill a form as somebody does who means it; fail on a field that nobody has taught us."""
        return [
            (box.name, good_value(step.endpoint, step.form, box, self.world))
            for box in step.form.boxes.values()
            if box.kind != "file" and not box.name.startswith(LEFT_EMPTY)
        ]

    def submit(self, client: FlaskClient, step: Step, fields: Iterable[tuple[str, str]]) -> TestResponse:
        self.app.extensions["attempts"] = Attempts()  # how often somebody may try is no matter here
        form, fields = step.form, list(fields)
        if form.method == "get":
            return client.get(f"{form.path}?{body_of(fields).decode()}")
        if form.is_multipart:
            files = {name: good_file(step.endpoint, self.world) for name in form.files}
            return self.send_file(client, form, fields, files)
        return client.post(form.action, data=body_of(fields), content_type=FORM_TYPE)

    def send_file(
        self, client: FlaskClient, form: Form, fields: Fields, files: Mapping[str, tuple[bytes, str]]
    ) -> TestResponse:
        sent: dict[str, Any] = {name: as_received(value) for name, value in fields}
        sent |= {name: FileStorage(io.BytesIO(content), told) for name, (content, told) in files.items()}
        boundary, body = encode_multipart(sent)  # the client itself would leave a file of it open
        kind = f"multipart/form-data; boundary={boundary}"
        return client.post(form.action, data=body, content_type=kind)

    def content(self) -> dict[str, list[tuple[object, ...]]]:
        """Read all tables without what chance decides; of long ones, how many values each column has."""
        found = {}
        with self.app.extensions["database"].reading() as session:
            connection = session.connection()
            for table in Base.metadata.sorted_tables:
                columns = [column.name for column in table.columns if column.name not in BY_CHANCE]
                if table.name in LONG:
                    columns = ["count(*)", *(f'count(distinct "{name}")' for name in columns)]
                names = ", ".join(columns if table.name in LONG else (f'"{name}"' for name in columns))
                rows = connection.exec_driver_sql(f'SELECT {names} FROM "{table.name}"')
                found[table.name] = [tuple(map(_without_codes, row)) for row in rows]
        return found


BY_CHANCE = {
    *(
        "code",
        "token",
        "password_hash",
        "token_hash",
        "code_hash",
        "totp_secret",
        "sealed",
        "number",
        "comment_key",
    ),
    *("submission_key", "case_number"),
}
LONG = {"access_point_day", "comparison", "distribution", "figure", "figure_change", "response", "tally"} | {
    *("sample_cell", "dossier_count"),
}
_CODE = re.compile(r'[0-9A-Z]{4}-[0-9A-Z]{4}|(?<="ticket": ")[\w-]+')


def _without_codes(value: object) -> object:
    return _CODE.sub("", value) if isinstance(value, str) else value


@dataclass
class Walked:
    """All forms, what the database holds after each, and what went wrong with those filled in well."""

    steps: list[Step]
    outcomes: dict[tuple[Any, ...], Any]
    faults: list[str]

    @property
    def posts(self) -> list[Step]:
        return [step for step in self.steps if step.form.method == "post"]


def forms_of_pages(house: House) -> dict[tuple[Any, ...], Step]:
    steps: dict[tuple[Any, ...], Step] = {}
    for who, path in pages(house.app, house.world):
        for step in forms_in(house.app, who, house.get(who, path)):
            steps.setdefault(step.key, step)
    return steps


def walk(house: House) -> Walked:
    """Open all pages, and go on from each form, filled in well, to the forms that come after it."""
    steps = forms_of_pages(house)
    waiting, faults, outcomes = list(steps.values()), [], {}
    while waiting:
        step = waiting.pop()
        if step.form.method == "post":
            house.restore()
        way = house.arrive(step)
        assert way is not None, step.name
        client, now = way
        response = house.submit(client, now, house.good(now))
        if response.status_code not in {200, 302, 303}:
            faults.append(f"{step.name} on {step.form.page}: {response.status_code} {_main(response.text)}")
            continue
        if step.form.method == "post":
            outcomes[step.key] = house.content()
        shown = client.get(response.location) if response.location else response
        for later in forms_in(house.app, step.who, shown, (*step.before, step)):
            if later.key not in steps and len(later.before) <= LONGEST_WAY:
                steps[later.key] = later
                waiting.append(later)
    return Walked(list(steps.values()), outcomes, faults)


LONGEST_WAY = 2


def _main(markup: str) -> str:
    return markup[markup.find("<h1") :][:400]
