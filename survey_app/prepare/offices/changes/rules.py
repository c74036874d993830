"""What must be true before an office changes. What stands against a change is raised with its reason."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from survey_app.errors import SurveyError
from survey_app.models.access_point import AccessPoint, AccessPointDay
from survey_app.models.known_offices import known_offices
from survey_app.models.office import (
    BY_NAME,
    OFFICE_KINDS,
    Office,
    OfficePast,
    OfficeSuccession,
    may_stand_under,
)
from survey_app.models.plain_text import one_line
from survey_app.prepare.offices.office_rules import CODE, ONE_DAY

LONGEST_NAME = 200


class ChangeRefused(SurveyError):
    """A change of an office is not possible; `reason` names the rule, `values` what its words need."""

    def __init__(self, reason: str, **values: str | date | int) -> None:
        super().__init__(f"{reason} {values}")
        self.reason = reason
        self.values = values
        self.heir: int | None = None  # which of several heirs it is about


@dataclass(frozen=True, slots=True)
class Author:
    """Who changes offices, when, and which offices this person may touch."""

    staff_id: int
    now: datetime
    today: date
    office_ids: Collection[int]
    is_everything: bool

    def must_reach(self, parent_id: int | None) -> None:
        """Refuse what would put an office where this person may touch nothing."""
        if not self.is_everything and parent_id not in self.office_ids:
            raise ChangeRefused("parent_out_of_scope")


def clean_name(typed: str) -> str:
    name = one_line(typed)
    if not name:
        raise ChangeRefused("name_missing")
    if len(name) > LONGEST_NAME:
        raise ChangeRefused("name_too_long", n=LONGEST_NAME)
    return name


def check_code_is_new(session: Session, code: str) -> None:
    if not CODE.fullmatch(code):
        raise ChangeRefused("code_unusable", code=code[:40])
    if session.scalar(select(Office.id).where(Office.code == code)) is not None:
        raise ChangeRefused("code_taken", code=code)


def check_kind(kind: str) -> None:
    if kind not in OFFICE_KINDS:
        raise ChangeRefused("kind_unknown")


def check_name_is_free(
    session: Session, name: str, parent_id: int | None, day: date, beside: Collection[int] = ()
) -> None:
    """Refuse a name that another office under the same parent has on that day; `beside` may have it."""
    under = Office.parent_id.is_(None) if parent_id is None else Office.parent_id == parent_id
    siblings = session.execute(select(Office.id, Office.name).where(under, lives_after(day - ONE_DAY)))
    taken = {one.name.casefold() for one in siblings if one.id not in beside}
    if name.casefold() in taken:
        raise ChangeRefused("name_taken", name=name)


def check_parent(parent: Office | None, kind: str, first_day: date, last_day: date | None = None) -> None:
    """Refuse a parent that is not there as long as the office, or is of a kind that stands lower."""
    if parent is None:
        return
    if not parent.exists_on(first_day):
        raise ChangeRefused("parent_not_there", name=parent.name, day=first_day)
    if parent.valid_until is not None and (last_day is None or parent.valid_until < last_day):
        raise ChangeRefused("parent_ends", name=parent.name, day=parent.valid_until)
    if not may_stand_under(kind, parent.kind):
        raise ChangeRefused("parent_of_lower_kind", name=parent.name)


def check_heir_kind(kind: str, heir_kind: str) -> None:
    """Refuse to hand people over to a province, which serves nobody, or a province to an office."""
    if (kind == "province") != (heir_kind == "province"):
        raise ChangeRefused("heir_of_other_kind")


def check_no_circle(session: Session, office: Office, parent: Office | None) -> None:
    if parent is not None and parent.id in known_offices(session).tree.subtree(office.id):
        raise ChangeRefused("circle", name=parent.name)


def check_can_change_from(session: Session, office: Office, day: date, today: date) -> None:
    """Refuse a day on which this office was not there, that has not come, or that lies before another change.

    The row of an office says what is true today, so a change of tomorrow would be shown a day early.
    """
    if day > today:
        raise ChangeRefused("day_not_come", day=day)
    if not office.exists_on(day):
        raise ChangeRefused("not_there", name=office.name, day=day)
    last = session.scalar(select(func.max(OfficePast.until)).where(OfficePast.office_id == office.id))
    if last is not None and day <= last:
        raise ChangeRefused("changed_later", day=last + ONE_DAY)


def check_can_end(session: Session, office: Office, last_day: date) -> None:
    if office.valid_until is not None:
        raise ChangeRefused("has_ended", name=office.name, day=office.valid_until)
    if last_day < office.valid_from:
        raise ChangeRefused("ends_before_it_begins", name=office.name, day=office.valid_from)
    query = select(func.max(OfficeSuccession.took_over_on)).where(OfficeSuccession.successor_id == office.id)
    took_over_on = session.scalar(query)
    if took_over_on is not None and last_day < took_over_on:
        raise ChangeRefused("ends_before_it_takes_over", name=office.name, day=took_over_on)
    last_response = last_day_with_responses(session, office)
    if last_response is not None and last_response > last_day:
        raise ChangeRefused("has_later_responses", name=office.name, day=last_response)
    last_change = session.scalar(select(func.max(OfficePast.until)).where(OfficePast.office_id == office.id))
    if last_change is not None and last_change >= last_day:
        raise ChangeRefused("changed_later", day=last_change + ONE_DAY)


def children_after(session: Session, office_ids: Iterable[int], last_day: date) -> list[Office]:
    """List the offices under these that go on after a day."""
    below = select(Office).where(Office.parent_id.in_(list(office_ids)), lives_after(last_day))
    return list(session.scalars(below.order_by(*BY_NAME)))


def last_day_with_responses(session: Session, office: Office) -> date | None:
    """Give the last day on which somebody answered there; invitations may be answered after its end."""
    query = (
        select(func.max(AccessPointDay.day))
        .join(AccessPoint, AccessPoint.id == AccessPointDay.access_point_id)
        .where(
            AccessPoint.office_id == office.id,
            AccessPoint.way_in != "invitation",
            AccessPointDay.n_received > 0,
        )
    )
    return session.scalar(query)


def lives_after(day: date) -> ColumnElement[bool]:
    return or_(Office.valid_until.is_(None), Office.valid_until > day)
