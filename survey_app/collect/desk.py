"""What the citizen's pages keep in memory: compiled instrument versions, ways in just used, the writer."""

from collections.abc import Callable
from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from survey_app.collect.entry import Entry, find_entry, find_invited, refuse_spent
from survey_app.collect.form.compiled import CompiledPage
from survey_app.collect.form.page import compile_page
from survey_app.collect.writer import Writer
from survey_app.config import VIETNAM_TIME
from survey_app.db import Database
from survey_app.errors import BadSubmission
from survey_app.models.definition import Definition
from survey_app.models.instrument import InstrumentVersion
from survey_app.models.short_code import normalise

# A hall that fills in forms at once asks for the same way in again and again. A revoked code dies this late.
ENTRY_LIVES = timedelta(seconds=1)
MOST_ENTRIES = 4096


class CompiledVersion:
    """One published version: never changes, so its pages are compiled once a language."""

    def __init__(self, definition: Definition) -> None:
        self.definition = definition
        self._pages: dict[str, CompiledPage] = {}

    def page(self, language: str) -> CompiledPage:
        if language not in self._pages:
            self._pages[language] = compile_page(self.definition, language)
        return self._pages[language]


class Desk:
    """One a process."""

    def __init__(self, database: Database, most_waiting: int) -> None:
        self._database = database
        self.writer = Writer(database, most_waiting)  # its thread starts with the first answer
        self._versions: dict[int, CompiledVersion] = {}
        self._entries: dict[str, tuple[datetime, Entry]] = {}

    def entry(self, typed: str, now: datetime) -> Entry:
        """Find the way in by its code as scanned or typed."""
        code = normalise(typed)
        return self._kept(code, now, lambda session, today: find_entry(session, code, today))

    def invited(self, batch_id: int, token_hash: bytes, now: datetime) -> Entry:
        """Find the way in of an invitation; refuse one that was used."""
        entry = self._kept(
            f"batch {batch_id}", now, lambda session, today: find_invited(session, batch_id, today)
        )
        with self._database.reading() as session:
            refuse_spent(session, entry, token_hash)
        return entry

    def _kept(self, name: str, now: datetime, find: Callable[[Session, date], Entry]) -> Entry:
        read_at, entry = self._entries.get(name, (None, None))
        if read_at is None or entry is None or not timedelta(0) <= now - read_at < ENTRY_LIVES:
            with self._database.reading() as session:
                entry = find(session, now.astimezone(VIETNAM_TIME).date())
            if len(self._entries) >= MOST_ENTRIES:
                self._entries.clear()
            self._entries[name] = now, entry
        return entry

    def version(self, version_id: int) -> CompiledVersion:
        if version_id not in self._versions:
            with self._database.reading() as session:
                row = session.get(InstrumentVersion, version_id)
            if row is None:
                raise BadSubmission(f"no instrument version {version_id}")
            self._versions[version_id] = CompiledVersion(row.definition)
        return self._versions[version_id]
