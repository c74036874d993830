"""Offices that staff choose from: found by a part of their name or by their code, shown a page at a time."""

from collections.abc import Sequence
from operator import itemgetter
from typing import NamedTuple

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from survey_app.models.office import Office
from survey_app.models.vietnamese import Search
from survey_app.web.paging import Page, PageAsked, read_page


class NamedOffice(NamedTuple):
    id: int
    name: str


def find_offices(session: Session, search: str, *conditions: ColumnElement[bool]) -> list[int]:
    """List offices by name; of what is searched for, what matches to the mark comes first.

    Their ids alone: names are slow to read, and the session would handle each of thousands of rows once more.
    """
    connection, by_name, searched = session.connection(), (Office.sort_key, Office.id), Search(search)
    if not searched:
        return list(connection.scalars(select(Office.id).where(*conditions).order_by(*by_name)).all())
    named = select(Office.id, Office.name, Office.code).where(*conditions).order_by(*by_name)
    found = [
        (not searched.stands_in(name), office_id)
        for office_id, name, code in connection.execute(named).all()
        if searched.finds(name, code)
    ]
    found.sort(key=itemgetter(0))
    return [office_id for _is_worse, office_id in found]


def page_of_offices(session: Session, found: Sequence[int], asked: PageAsked) -> Page[NamedOffice]:
    """Cut one page out of the offices found, and read their names."""

    def read(shown: slice) -> list[NamedOffice]:
        named = select(Office.id, Office.name).where(Office.id.in_(found[shown]))
        names = dict(session.execute(named).all())
        return [NamedOffice(office_id, names[office_id]) for office_id in found[shown]]

    return read_page(len(found), read, asked)
