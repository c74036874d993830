"""What the citizen's pages keep in memory: compiled instrument versions and the writer."""

from functools import cached_property

from sqlalchemy.orm import Session

from survey_app.collect.compiled import CompiledPage
from survey_app.collect.page import compile_page
from survey_app.collect.writer import Writer
from survey_app.db import Database
from survey_app.errors import BadSubmission
from survey_app.models.definition import Definition
from survey_app.models.instrument import InstrumentVersion


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

    def __init__(self, database: Database) -> None:
        self._database = database
        self._versions: dict[int, CompiledVersion] = {}

    @cached_property
    def writer(self) -> Writer:
        return Writer(self._database)

    def version(self, session: Session, version_id: int) -> CompiledVersion:
        if version_id not in self._versions:
            row = session.get(InstrumentVersion, version_id)
            if row is None:
                raise BadSubmission(f"no instrument version {version_id}")
            self._versions[version_id] = CompiledVersion(row.definition)
        return self._versions[version_id]
