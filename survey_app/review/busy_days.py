"""Days on which an access point brought more responses than its office is estimated to serve people."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Select, Subquery, and_, case, func, select, true, union_all
from sqlalchemy.orm import Session, aliased

from survey_app.errors import NotFound
from survey_app.models.access_point import AccessPoint, AccessPointDay, SeenDay
from survey_app.models.approval import Approval
from survey_app.models.audit import note
from survey_app.models.budget import MonthOfWork, daily_budget, last_months_before
from survey_app.models.office import Counter, Office
from survey_app.models.response import OVER_BUDGET, Response
from survey_app.models.staff import Staff
from survey_app.review.page import count_rows
from survey_app.review.scope import Scope
from survey_app.review.voiding.void import KIND, PointDays
from survey_app.web.paging import Page, PageAsked, read_page

LONGEST_NOTE = 200
RowOfDay = type[AccessPointDay] | type[SeenDay] | type[Response]


@dataclass(frozen=True, slots=True)
class BusyDay:
    """One access point on one day: how many responses came, how many beyond its budget, who looked at it."""

    point_id: int
    day: date
    office: str
    counter: str | None
    n_received: int
    n_marked: int
    n_seen: int | None  # as many were there when somebody looked last
    seen_by: str | None
    seen_at: datetime | None
    note: str | None
    office_id: int
    n_voided: int
    voided_id: int | None  # the decision by which, the latest
    level: int | None  # how many are usual; not said where some were voided or codes shared it
    month: date | None = None  # whose dossiers say so
    is_default: bool = False  # no dossiers were known
    asked_id: int | None = None  # the request to void it, while nobody has decided


@dataclass(frozen=True, slots=True)
class Look:
    """What somebody says to have looked at: a day with as many marked responses as the page has shown."""

    point_id: int
    day: date
    n_marked: int
    note: str


def list_busy_days(session: Session, scope: Scope, asked: PageAsked, *, seen: bool = False) -> Page[BusyDay]:
    """List the days with marked responses that want a look, or those seen or voided, the newest first."""
    marked = _days_done_with(session, scope) if seen else _marked_days(scope, seen=False)

    def read(shown: slice) -> list[BusyDay]:
        query = _with_details(_in_order(marked).slice(shown.start, shown.stop).subquery())
        days = [BusyDay(**row._asdict()) for row in session.execute(query)]
        waiting = _waiting_requests(session, {one.office_id for one in days})
        months = last_months_before(session, {_place(one) for one in days if one.level is not None})
        return [_explained(one, months.get(_place(one)), waiting) for one in days]

    return read_page(count_rows(session, marked), read, asked)


def count_busy_days(session: Session, scope: Scope) -> int:
    """Count the days that want a look."""
    return count_rows(session, _marked_days(scope, seen=False))


def _marked_days(scope: Scope, *, seen: bool) -> Select[int, date, int]:
    """Say in SQL which days those are, reading the index of marked responses alone.

    In the order of that index, so that of many days a database counts together those alone that are shown.
    """
    is_marked = (Response.review_mark == OVER_BUDGET, Response.approval_id.is_(None))
    of_scope = () if scope.is_everything else (Response.access_point_id.in_(scope.points()),)
    marked = (
        select(Response.access_point_id, Response.day, func.count().label("n_marked"))
        .where(*is_marked, *of_scope)
        .group_by(Response.day, Response.access_point_id)
        .order_by(Response.day.desc(), Response.access_point_id.desc())
        .subquery()
    )
    is_seen = _is_seen(scope, marked)
    return (
        select(marked.c.access_point_id, marked.c.day, marked.c.n_marked)
        .outerjoin(SeenDay, _is_of_day(SeenDay, marked))
        .where(is_seen if seen else is_seen.is_not(true()))
    )


def _days_done_with(session: Session, scope: Scope) -> Select[int, date, int]:
    """Say in SQL which days somebody has looked at, or had voided so that no marked response is left."""
    days = union_all(_marked_days(scope, seen=True), _voided_days(session, scope)).subquery()
    return select(days.c.access_point_id, days.c.day, days.c.n_marked)


def _voided_days(session: Session, scope: Scope) -> Select[int, date, int]:
    """Find them by the decisions, which are few: the index of marked responses holds those that count."""
    decided = select(Approval.arguments).where(Approval.kind == KIND, Approval.decision == "approved")
    points = {one for chosen in session.scalars(decided) for one in PointDays.of(chosen).access_point_ids}
    of_scope = () if scope.is_everything else (Response.access_point_id.in_(scope.points()),)
    return (
        select(Response.access_point_id, Response.day, func.count().label("n_marked"))
        .join(AccessPointDay, _is_of_day(AccessPointDay, Response))
        .where(AccessPointDay.access_point_id.in_(points), AccessPointDay.n_voided > 0)
        .where(Response.review_mark == OVER_BUDGET, *of_scope)
        .group_by(Response.day, Response.access_point_id)
        .having(func.count() == func.count(Response.approval_id))
    )


def _is_seen(scope: Scope, marked: Subquery) -> ColumnElement[bool]:
    """Say in SQL whether a day needs no look any more.

    For an office itself any look is enough. Whoever stands above it would else never hear of a flood that
    the office has waved through.
    """
    from_above = SeenDay.n_seen_above >= marked.c.n_marked
    if not scope.own:
        return from_above
    own_points = select(AccessPoint.id).where(AccessPoint.office_id.in_(scope.own))
    by_itself = (SeenDay.n_marked >= marked.c.n_marked) & marked.c.access_point_id.in_(own_points)
    return from_above | by_itself


def _in_order(marked: Select[int, date, int]) -> Select[*tuple[Any, ...]]:
    """Sort days by day, the newest first, then by office."""
    day, point = marked.selected_columns.day, marked.selected_columns.access_point_id
    return (
        marked.add_columns(
            Office.name.label("office"), Office.sort_key, AccessPoint.office_id, AccessPoint.counter_id
        )
        .join(AccessPoint, AccessPoint.id == point)
        .join(Office, Office.id == AccessPoint.office_id)
        .order_by(day.desc(), Office.sort_key, point)
    )


def _with_details(days: Subquery) -> Select[*tuple[Any, ...]]:
    """Say what else is known about the few days that are shown."""
    shown = days.c
    voided_by = select(func.max(Response.approval_id)).where(_is_of_day(Response, AccessPointDay))
    is_plain = (AccessPointDay.n_voided == 0) & ~_has_company()
    level = case((is_plain, AccessPointDay.n_received - shown.n_marked), else_=None)
    return (
        select(
            shown.access_point_id.label("point_id"),
            shown.day,
            shown.office,
            Counter.label.label("counter"),
            func.coalesce(AccessPointDay.n_received, shown.n_marked).label("n_received"),
            shown.n_marked,
            SeenDay.n_marked.label("n_seen"),
            Staff.full_name.label("seen_by"),
            SeenDay.seen_at,
            SeenDay.note,
            shown.office_id,
            func.coalesce(AccessPointDay.n_voided, 0).label("n_voided"),
            # Asked for the few days that have any: it reads all responses of a day.
            case((AccessPointDay.n_voided > 0, voided_by.scalar_subquery())).label("voided_id"),
            level.label("level"),
        )
        .outerjoin(Counter, Counter.id == shown.counter_id)
        .outerjoin(AccessPointDay, _is_of_day(AccessPointDay, days))
        .outerjoin(SeenDay, _is_of_day(SeenDay, days))
        .outerjoin(Staff, Staff.id == SeenDay.seen_by)
        .order_by(shown.day.desc(), shown.sort_key, shown.access_point_id)
    )


@cache
def _has_company() -> ColumnElement[bool]:
    """Say in SQL whether other codes of a place took answers on the same day: they share its budget."""
    one, alike, other = aliased(AccessPoint), aliased(AccessPoint), aliased(AccessPointDay)
    shared = (AccessPoint.campaign_id, AccessPoint.office_id, AccessPoint.way_in, AccessPoint.provenance)
    is_alike = [getattr(alike, column.key) == getattr(one, column.key) for column in shared]
    same_place = func.coalesce(alike.counter_id, 0) == func.coalesce(one.counter_id, 0)
    return (
        select(other.day)
        .join(alike, alike.id == other.access_point_id)
        .join(one, and_(*is_alike, same_place, one.id != alike.id))
        .where(
            one.id == AccessPointDay.access_point_id, other.day == AccessPointDay.day, other.n_received > 0
        )
        .correlate(AccessPointDay)
        .exists()
    )


def _is_of_day(row: RowOfDay, days: Subquery | RowOfDay) -> ColumnElement[bool]:
    other = days.c if isinstance(days, Subquery) else days
    return and_(row.access_point_id == other.access_point_id, row.day == other.day)


def _place(one: BusyDay) -> tuple[int, date]:
    return one.office_id, one.day


def _explained(one: BusyDay, known: MonthOfWork | None, waiting: Mapping[int, PointDays]) -> BusyDay:
    """Say from which month a day's level comes, if it still does, and whether somebody asked to void it."""
    is_so = daily_budget(known) == one.level
    asked = (request for request, chosen in waiting.items() if chosen.has(one.point_id, one.day))
    return replace(
        one,
        month=known.month if known and is_so else None,
        is_default=known is None and is_so,
        asked_id=next(asked, None),
    )


def _waiting_requests(session: Session, office_ids: Collection[int]) -> dict[int, PointDays]:
    query = select(Approval.id, Approval.arguments).where(
        Approval.kind == KIND, Approval.decision.is_(None), Approval.office_id.in_(office_ids)
    )
    return {request: PointDays.of(arguments) for request, arguments in session.execute(query)}


def mark_seen(session: Session, scope: Scope, look: Look, staff_id: int, now: datetime) -> None:
    """Take a day off the list, until more come; foreign, non-existing and usual days look the same.

    The lists of those above the office keep it, until one of them has looked.
    """
    n_marked = _count_marked(session, scope, look)
    if not n_marked:
        raise NotFound
    of_point = select(Office).join(AccessPoint, AccessPoint.office_id == Office.id)
    # Two who look at the same day at once wait for each other here.
    locked = of_point.where(AccessPoint.id == look.point_id).with_for_update(of=AccessPoint, key_share=True)
    office = session.scalars(locked).one()
    seen = session.get(SeenDay, (look.point_id, look.day)) or SeenDay(
        access_point_id=look.point_id, day=look.day
    )
    # No more than stands there: what a form claims beyond it would hide what comes later.
    seen.n_marked = min(max(look.n_marked, 1), n_marked)
    if office.id not in scope.own:
        seen.n_seen_above = seen.n_marked
    seen.seen_by, seen.seen_at, seen.note = staff_id, now, look.note
    session.add(seen)
    what = f"Ngày {look.day:%d/%m/%Y}, {office.name}: {seen.n_marked} phiếu vượt mức. {look.note}"
    note(session, now, staff_id, "days.seen", what.rstrip(), office.id)


def _count_marked(session: Session, scope: Scope, look: Look) -> int:
    query = (
        select(func.count())
        .select_from(Response)
        .join(AccessPoint, AccessPoint.id == Response.access_point_id)
        .where(
            scope.holds_point(),
            Response.access_point_id == look.point_id,
            Response.day == look.day,
            Response.review_mark == OVER_BUDGET,
            Response.approval_id.is_(None),
        )
    )
    return session.scalar(query) or 0
