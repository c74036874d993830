"""Accounts as administrators see them, a page at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, func, select, true
from sqlalchemy.orm import Session

from survey_app.accounts.people.reach import has_ended
from survey_app.models.office import Office
from survey_app.models.staff import NEEDS_SECOND_FACTOR, Staff, StaffGrant
from survey_app.models.vietnamese import Search
from survey_app.web.access import SignedIn, in_scope, reaches_all
from survey_app.web.paging import Page, PageAsked, page_of, read_page


@dataclass(frozen=True, slots=True)
class ListedGrant:
    """A role and where it holds; `office` is empty for all offices."""

    grant: StaffGrant
    office: str | None
    has_ended: bool
    has_begun: bool


@dataclass(frozen=True, slots=True)
class ListedPerson:
    person: Staff
    grants: list[ListedGrant]

    @property
    def running(self) -> list[ListedGrant]:
        return [listed for listed in self.grants if not listed.has_ended]

    @property
    def lacks_second_factor(self) -> bool:
        needs = any(listed.grant.role in NEEDS_SECOND_FACTOR for listed in self.running)
        return needs and self.person.totp_secret is None


def list_people(
    session: Session, staff: SignedIn, search: str, asked: PageAsked, today: date
) -> Page[ListedPerson]:
    """List accounts with a role in these offices by username; find them by any part of their names."""
    in_reach = _in_reach(session, staff)
    if search:
        page: Page[int] = page_of(_found(session, in_reach, search), asked)
    else:
        n = session.scalar(select(func.count()).select_from(Staff).where(in_reach)) or 0
        query = select(Staff.id).where(in_reach).order_by(Staff.username)
        page = read_page(
            n, lambda cut: session.scalars(query.offset(cut.start).limit(cut.stop - cut.start)).all(), asked
        )
    return Page(listed_people(session, page.rows, today), page.n_rows, page.number, page.n_pages)


def _in_reach(session: Session, staff: SignedIn) -> ColumnElement[bool]:
    if reaches_all(staff, "people"):
        return true()
    of_offices = select(StaffGrant.staff_id).where(in_scope(session, StaffGrant.office_id, staff, "people"))
    return Staff.id.in_(of_offices)


def _found(session: Session, in_reach: ColumnElement[bool], search: str) -> list[int]:
    searched, typed = Search(search), search.casefold().strip()
    rows = session.execute(select(Staff.id, Staff.username, Staff.full_name).where(in_reach))
    found = [
        (username, staff_id)
        for staff_id, username, full_name in rows
        if typed in username or searched.finds(full_name)
    ]
    return [staff_id for _username, staff_id in sorted(found)]


def listed_people(session: Session, ids: Sequence[int], today: date) -> list[ListedPerson]:
    """Say of each account what it may do and where, in the order of the ids."""
    people = {person.id: person for person in session.scalars(select(Staff).where(Staff.id.in_(ids)))}
    grants: dict[int, list[ListedGrant]] = {staff_id: [] for staff_id in ids}
    rows = session.execute(
        select(StaffGrant, Office.name)
        .outerjoin(Office, Office.id == StaffGrant.office_id)
        .where(StaffGrant.staff_id.in_(ids))
        .order_by(StaffGrant.valid_from.desc(), StaffGrant.id.desc())
    )
    for grant, office in rows:
        listed = ListedGrant(grant, office, has_ended(grant, today), grant.valid_from <= today)
        grants[grant.staff_id].append(listed)
    return [ListedPerson(people[staff_id], grants[staff_id]) for staff_id in ids]
