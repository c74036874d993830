"""Days on which an access point brought more responses than its office serves people."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from survey_app.models.access_point import AccessPoint, AccessPointDay
from survey_app.models.office import Counter, Office
from survey_app.models.response import OVER_BUDGET, Response
from survey_app.review.page import find_page
from survey_app.review.scope import Scope
from survey_app.web.paging import Page, PageAsked


@dataclass(frozen=True, slots=True)
class BusyDay:
    """One access point on one day: how many responses came, and how many of them beyond its budget."""

    point_id: int
    day: date
    office: str
    counter: str | None
    n_received: int
    n_marked: int


def list_busy_days(session: Session, scope: Scope, asked: PageAsked) -> Page[BusyDay]:
    """List the days with marked responses that count, the newest first."""
    marked = (
        select(Response.access_point_id, Response.day, func.count().label("n_marked"))
        .where(Response.review_mark == OVER_BUDGET, Response.approval_id.is_(None))
        .group_by(Response.access_point_id, Response.day)
        .subquery()
    )
    of_day = (AccessPointDay.access_point_id == marked.c.access_point_id) & (
        AccessPointDay.day == marked.c.day
    )
    query = (
        select(
            marked.c.access_point_id.label("point_id"),
            marked.c.day,
            Office.name.label("office"),
            Counter.label.label("counter"),
            func.coalesce(AccessPointDay.n_received, marked.c.n_marked).label("n_received"),
            marked.c.n_marked,
        )
        .join(AccessPoint, AccessPoint.id == marked.c.access_point_id)
        .join(Office, Office.id == AccessPoint.office_id)
        .outerjoin(Counter, Counter.id == AccessPoint.counter_id)
        .outerjoin(AccessPointDay, of_day)
        .where(scope.holds_point())
        .order_by(marked.c.day.desc(), Office.sort_key, marked.c.access_point_id)
    )
    return find_page(session, query, BusyDay, asked)
