"""What the citizen's pages keep in memory: compiled instrument versions, ways in just used, the writer."""

import logging
import threading
from collections.abc import Callable
from datetime import date, datetime, timedelta

from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from survey_app.collect.entry import Entry, find_entry, find_invited, refuse_spent
from survey_app.collect.form.compiled import CompiledPage
from survey_app.collect.form.page import compile_page
from survey_app.collect.writer import Writer
from survey_app.config import VIETNAM_TIME
from survey_app.db import Database
from survey_app.errors import BadSubmission, StorageFailed, UnknownCode
from survey_app.models.definition import Definition
from survey_app.models.instrument import InstrumentVersion
from survey_app.models.short_code import is_well_formed, normalise

log = logging.getLogger(__name__)

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
        self._database = database.for_pages
        self.writer = Writer(database, most_waiting)  # its thread starts with the first answer
        self._versions: dict[int, CompiledVersion] = {}
        self._entries: dict[str, tuple[datetime, Entry]] = {}
        self._entries_lock = threading.Lock()

    def entry(self, typed: str, now: datetime) -> Entry:
        """Find the way in by its code as scanned or typed."""
        code = normalise(typed)
        if not is_well_formed(code):
            raise UnknownCode(code)
        return self._kept(code, now, lambda session, today: find_entry(session, code, today))

    def invited(self, batch_id: int, token_hash: bytes, now: datetime) -> Entry:
        """Find the way in of an invitation; refuse one that was used.

        A form of a used one that nobody could look up is refused when it is sent: meanwhile the many others
        are not kept from answering.
        """
        entry = self._kept(
            f"batch {batch_id}", now, lambda session, today: find_invited(session, batch_id, today)
        )
        try:
            with self._database.reading() as session:
                refuse_spent(session, entry, token_hash)
        except OperationalError as error:
            log.warning("an invitation was opened unchecked: %s", error.orig)
        return entry

    def _kept(self, name: str, now: datetime, find: Callable[[Session, date], Entry]) -> Entry:
        """Give a way in as it was read a moment ago, or long ago if the database cannot be asked.

        Whoever sends a form then gets it back, filled in, for its storing fails, too.
        """
        read_at, entry = self._entries.get(name, (None, None))
        if read_at is not None and entry is not None and timedelta(0) <= now - read_at < ENTRY_LIVES:
            return entry
        try:
            with self._database.reading() as session:
                entry = find(session, now.astimezone(VIETNAM_TIME).date())
        except OperationalError as error:
            log.error("a way in could not be read: %s", error.orig)
            if entry is None:
                raise StorageFailed("a way in could not be read") from error
        self._keep(name, now, entry)
        return entry

    def _keep(self, name: str, now: datetime, entry: Entry) -> None:
        """Remember a way in, in the place of the one that was read the longest ago."""
        with self._entries_lock:
            self._entries.pop(name, None)
            self._entries[name] = now, entry
            if len(self._entries) > MOST_ENTRIES:
                del self._entries[next(iter(self._entries))]

    def version(self, version_id: int) -> CompiledVersion:
        if version_id not in self._versions:
            try:
                with self._database.reading() as session:
                    row = session.get(InstrumentVersion, version_id)
            except OperationalError as error:
                raise StorageFailed("an instrument version could not be read") from error
            if row is None:
                raise BadSubmission(f"no instrument version {version_id}")
            self._versions[version_id] = CompiledVersion(row.definition)
        return self._versions[version_id]
