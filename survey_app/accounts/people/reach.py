"""Whom somebody may manage, and what he may give: never more, wider or longer than what he has."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from survey_app.errors import NotFound
from survey_app.models.known_offices import known_offices
from survey_app.models.staff import Staff, StaffGrant
from survey_app.web.access import RIGHTS, SignedIn


@dataclass(frozen=True, slots=True)
class Duty:
    """A role over the subtree of an office, or over all, from one day to another or without end."""

    role: str
    office_id: int | None
    valid_from: date
    valid_until: date | None = None


class Reach:
    """What one signed-in person may do to other accounts."""

    def __init__(self, session: Session, staff: SignedIn) -> None:
        self.staff = staff
        self._session = session

    @cached_property
    def _below(self) -> dict[int | None, set[int]]:
        """Give what stands below each grant, which whoever reaches all offices never asks for."""
        tree = known_offices(self._session).tree
        return {grant.office_id: tree.subtree(grant.office_id) for grant in self.staff.grants}

    @property
    def roots(self) -> set[int | None]:
        return self.staff.roots("people")

    @property
    def reaches_all(self) -> bool:
        return None in self.roots

    def offices(self) -> set[int]:
        return set().union(*(self._below[root] for root in self.roots))

    def find(self, person_id: int) -> Staff:
        """Give an account with a role in these offices, now or before; all others look missing."""
        person = self._session.get(Staff, person_id)
        if person is None or not self.sees(all_grants(self._session, person.id)):
            raise NotFound
        return person

    def sees(self, grants: Iterable[StaffGrant]) -> bool:
        return self.reaches_all or any(grant.office_id in self.offices() for grant in grants)

    def may_give(self, duty: Duty) -> bool:
        """Whether each right of the role is this person's own there, and lasts as long."""
        return all(self._has(right, duty.office_id, duty.valid_until) for right in _rights_of(duty.role))

    def may_manage(self, person: Staff, today: date) -> bool:
        """Whether no role of another account, now or to come, goes beyond this person's own rights.

        Otherwise a link to a new password would be a way to somebody else's rights.
        """
        if person.id == self.staff.id:
            return False
        running = [grant for grant in all_grants(self._session, person.id) if not has_ended(grant, today)]
        return all(self.may_end(grant) for grant in running)

    def may_end(self, grant: StaffGrant) -> bool:
        is_own = grant.staff_id == self.staff.id
        return not is_own and all(
            self._has(right, grant.office_id, date.min) for right in _rights_of(grant.role)
        )

    def _has(self, right: str, office_id: int | None, until: date | None) -> bool:
        return any(
            right in RIGHTS[own.role]
            and (own.office_id is None or office_id in self._below[own.office_id])
            and (own.valid_until is None or (until is not None and until <= own.valid_until))
            for own in self.staff.grants
        )


def _rights_of(role: str) -> frozenset[str]:
    return RIGHTS[role] | {"people"}  # of whoever gives it


def all_grants(session: Session, staff_id: int) -> list[StaffGrant]:
    """List what an account may do, could do before and will do, the newest first."""
    query = select(StaffGrant).where(StaffGrant.staff_id == staff_id)
    return list(session.scalars(query.order_by(StaffGrant.valid_from.desc(), StaffGrant.id.desc())))


def has_ended(grant: StaffGrant, today: date) -> bool:
    return grant.valid_until is not None and grant.valid_until < today


def other_administrators(
    session: Session, person_id: int, grant_id: int | None, day: date
) -> list[StaffGrant]:
    """List the grants that make administrators beyond a day, less one grant, or all of one account.

    They are locked: of two administrators who end each other at once, one comes too late.
    """
    query = (
        select(StaffGrant)
        .join(Staff, Staff.id == StaffGrant.staff_id)
        .where(
            StaffGrant.role == "administrator",
            StaffGrant.valid_from <= day,
            or_(StaffGrant.valid_until.is_(None), StaffGrant.valid_until > day),
            Staff.disabled_at.is_(None),
        )
        .order_by(StaffGrant.id)
        .with_for_update()
    )
    found = session.scalars(query).all()
    if grant_id is not None:
        return [grant for grant in found if grant.id != grant_id]
    return [grant for grant in found if grant.staff_id != person_id]


def leaves_an_administrator(session: Session, ended: StaffGrant, others: Iterable[StaffGrant]) -> bool:
    """Whether somebody else still administers all that one administrator's grant reaches."""
    tree = known_offices(session).tree
    return any(
        other.office_id is None
        or (ended.office_id is not None and ended.office_id in tree.subtree(other.office_id))
        for other in others
    )
