"""Days on which an access point brought more responses than its office serves people."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlalchemy import ColumnElement, and_, case, func, select
from sqlalchemy.orm import Session

from survey_app.errors import NotFound
from survey_app.models.access_point import AccessPoint, AccessPointDay, SeenDay
from survey_app.models.approval import Approval
from survey_app.models.audit import note
from survey_app.models.budget import daily_budget, last_month_before
from survey_app.models.office import Counter, Office
from survey_app.models.response import OVER_BUDGET, Response
from survey_app.models.staff import Staff
from survey_app.review.page import find_page
from survey_app.review.scope import Scope
from survey_app.review.voiding.void import KIND, PointDays
from survey_app.web.paging import Page, PageAsked

LONGEST_NOTE = 200


@dataclass(frozen=True, slots=True)
class BusyDay:
    """One access point on one day: how many responses came, how many beyond its budget, who looked at it."""

    point_id: int
    day: date
    office: str
    counter: str | None
    n_received: int
    n_marked: int
    seen_by: str | None
    seen_at: datetime | None
    note: str | None
    office_id: int
    level: int | None  # how many are usual; unknown where some were voided before others came
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
    """List the days with marked responses that count and want a look, or those seen, the newest first."""
    marked = (
        select(Response.access_point_id, Response.day, func.count().label("n_marked"))
        .where(Response.review_mark == OVER_BUDGET, Response.approval_id.is_(None))
        .group_by(Response.access_point_id, Response.day)
        .subquery()
    )

    def is_of_day(row: type[AccessPointDay] | type[SeenDay]) -> ColumnElement[bool]:
        return and_(row.access_point_id == marked.c.access_point_id, row.day == marked.c.day)

    is_seen = func.coalesce(SeenDay.n_marked, 0) >= marked.c.n_marked
    query = (
        select(
            marked.c.access_point_id.label("point_id"),
            marked.c.day,
            Office.name.label("office"),
            Counter.label.label("counter"),
            func.coalesce(AccessPointDay.n_received, marked.c.n_marked).label("n_received"),
            marked.c.n_marked,
            Staff.full_name.label("seen_by"),
            SeenDay.seen_at,
            SeenDay.note,
            AccessPoint.office_id,
            case(
                (AccessPointDay.n_voided == 0, AccessPointDay.n_received - marked.c.n_marked), else_=None
            ).label("level"),
        )
        .join(AccessPoint, AccessPoint.id == marked.c.access_point_id)
        .join(Office, Office.id == AccessPoint.office_id)
        .outerjoin(Counter, Counter.id == AccessPoint.counter_id)
        .outerjoin(AccessPointDay, is_of_day(AccessPointDay))
        .outerjoin(SeenDay, is_of_day(SeenDay))
        .outerjoin(Staff, Staff.id == SeenDay.seen_by)
        .where(scope.holds_point(), is_seen if seen else ~is_seen)
        .order_by(marked.c.day.desc(), Office.sort_key, marked.c.access_point_id)
    )
    page = find_page(session, query, BusyDay, asked)
    waiting = _waiting_requests(session, {one.office_id for one in page.rows})
    return replace(page, rows=[_explained(session, one, waiting) for one in page.rows])


def _explained(session: Session, one: BusyDay, waiting: Mapping[int, PointDays]) -> BusyDay:
    """Say from which month a day's level comes, if it still does, and whether somebody asked to void it."""
    last = last_month_before(session, one.office_id, one.day)
    known = last if last is not None and last.n_settled > 0 else None
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
    """Take a day off the list, until more come; foreign, non-existing and usual days look the same."""
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
    seen.seen_by, seen.seen_at, seen.note = staff_id, now, look.note
    session.add(seen)
    what = f"Ngày {look.day:%d/%m/%Y}, {office.name}: {seen.n_marked} phiếu vượt mức. {look.note}"
    note(session, now, staff_id, "days.seen", what.rstrip(), office.id)


def _count_marked(session: Session, scope: Scope, look: Look) -> int:
    if not 0 < look.point_id < 2**31:
        return 0
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
