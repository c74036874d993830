"""The tree of offices as staff see it: one branch open at a time, so that a page stays small."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, func, select, true
from sqlalchemy.orm import Session

from survey_app.models.office import BY_NAME, Office, not_ended_on
from survey_app.web.office_search import find_offices
from survey_app.web.paging import Page, PageAsked, read_page

ROWS_A_PAGE = 40


@dataclass(frozen=True, slots=True)
class Branch:
    """Which offices are shown: below which one, of which scope, with those that ended or without."""

    office_ids: Collection[int]
    roots: Collection[int | None]
    today: date
    with_ended: bool = False

    def shown(self) -> ColumnElement[bool]:
        return true() if self.with_ended else not_ended_on(self.today)


@dataclass(frozen=True, slots=True)
class Twig:
    office: Office
    n_below: int


@dataclass(frozen=True, slots=True)
class OpenBranch:
    """The way from the top to the open office, and one page of what stands below it."""

    path: list[Office]
    below: Page[Twig]


def open_branch(session: Session, branch: Branch, office: Office | None, page: int) -> OpenBranch:
    below = _of_top(branch) if office is None else Office.parent_id == office.id
    return OpenBranch(_path(session, branch, office), _twigs(session, branch, below & branch.shown(), page))


def search_offices(session: Session, branch: Branch, typed: str, page: int) -> Page[Twig]:
    """Find offices by name, with or without marks, or by code; what matches to the mark comes first."""
    named = find_offices(session, typed, branch.office_ids)
    found = [one.id for one in named if branch.with_ended or not one.has_ended(branch.today)]

    def read(shown: slice) -> list[Twig]:
        ids = found[shown]
        by_id = {one.office.id: one for one in _read(session, branch, Office.id.in_(ids))}
        return [by_id[office_id] for office_id in ids]

    return read_page(len(found), read, PageAsked(page, ROWS_A_PAGE))


def _of_top(branch: Branch) -> ColumnElement[bool]:
    if None in branch.roots:
        return Office.parent_id.is_(None)
    return Office.id.in_([root for root in branch.roots if root is not None])


def _path(session: Session, branch: Branch, office: Office | None) -> list[Office]:
    path: list[Office] = []
    while office is not None and office.id in branch.office_ids:
        path.insert(0, office)
        office = session.get(Office, office.parent_id) if office.parent_id else None
    return path


def _twigs(session: Session, branch: Branch, condition: ColumnElement[bool], page: int) -> Page[Twig]:
    n = session.scalar(select(func.count(Office.id)).where(condition)) or 0
    return read_page(n, lambda shown: _read(session, branch, condition, shown), PageAsked(page, ROWS_A_PAGE))


def _read(
    session: Session, branch: Branch, condition: ColumnElement[bool], shown: slice | None = None
) -> list[Twig]:
    query = select(Office).where(condition).order_by(*BY_NAME)
    if shown is not None:
        query = query.offset(shown.start).limit(shown.stop - shown.start)
    offices = list(session.scalars(query))
    counted = (
        select(Office.parent_id, func.count(Office.id))
        .where(Office.parent_id.in_([one.id for one in offices]), branch.shown())
        .group_by(Office.parent_id)
    )
    n_below: dict[int | None, int] = dict(session.execute(counted).all())
    return [Twig(office, n_below.get(office.id, 0)) for office in offices]
