"""Offices that staff choose from: found by a part of their name or by their code, shown a page at a time."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from survey_app.models.known_offices import known_offices
from survey_app.models.office import Office
from survey_app.models.vietnamese import Search
from survey_app.web.paging import Page, PageAsked, read_page


class NamedOffice(NamedTuple):
    id: int
    name: str


def find_offices(session: Session, search: str, *conditions: ColumnElement[bool]) -> list[int]:
    """List offices by name; of what is searched for, what matches to the mark comes first."""
    found = known_offices(session).find(Search(search))
    if not conditions:
        return found
    # By a connection, past the session, which would handle each of thousands once more.
    meant = set(session.connection().scalars(select(Office.id).where(*conditions)).all())
    return [office_id for office_id in found if office_id in meant]


def page_of_offices(session: Session, found: Sequence[int], asked: PageAsked) -> Page[NamedOffice]:
    """Cut one page out of the offices found, and read their names."""
    offices = known_offices(session).offices

    def read(shown: slice) -> list[NamedOffice]:
        return [NamedOffice(office_id, offices[office_id].name) for office_id in found[shown]]

    return read_page(len(found), read, asked)
