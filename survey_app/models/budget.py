"""How many answers a day an access point can honestly bring: as many as the office serves people.

Nothing is ever refused for it. A response beyond the day's budget is stored and counted like any other, with
a mark that asks somebody to look.
"""

import math
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache

from sqlalchemy import BindParameter, ColumnElement, Date, Integer, Select, bindparam, case, func, select
from sqlalchemy.orm import Session

from survey_app.config import VIETNAM_TIME
from survey_app.models.base import UtcDateTime
from survey_app.models.office import ALL_FIELDS, DossierCount, OfficeSuccession, ReplacedTotal

BUDGET_WHERE_UNKNOWN = 200
JUMP = 3  # times the usual of an office: a count beyond it is asked about
SMALLEST_JUMP = 20  # dossiers beyond it: one a working day
SATURDAY = 5


@dataclass(frozen=True, slots=True)
class MonthOfWork:
    month: date
    n_settled: int


def last_month_before(session: Session, office_id: int, today: date) -> MonthOfWork | None:
    """Give the dossiers of the last whole month that is known: the office's, and those it took over."""
    begins = datetime.combine(today, time(), VIETNAM_TIME)
    asked = {
        "office_id": office_id,
        "today": today,
        "this_month": today.replace(day=1),
        "begins": begins,
        "ends": begins + timedelta(days=1),
    }
    row = session.execute(_last_month(), asked).one_or_none()
    return None if row is None else MonthOfWork(*row)


@cache
def _last_month() -> Select[date, int]:
    """Write the question once: a list asks it for each of its rows, and writing takes longer than asking."""
    today = bindparam("today", type_=Date)
    office_ids, this_month = _itself_and_taken_over(today), bindparam("this_month", type_=Date)
    known = select(DossierCount.month, _counted_on(today).label("n_settled")).where(
        DossierCount.office_id.in_(office_ids),
        DossierCount.month < this_month,
        DossierCount.field_id == ALL_FIELDS,
    )
    withdrawn = select(ReplacedTotal.month, ReplacedTotal.n_stood).where(
        ReplacedTotal.office_id.in_(office_ids),
        ReplacedTotal.month < this_month,
        ReplacedTotal.n_stood.is_not(None),
        ReplacedTotal.replaced_at >= bindparam("begins", type_=UtcDateTime),
        ReplacedTotal.replaced_at < bindparam("ends", type_=UtcDateTime),
    )
    counts = known.union_all(withdrawn).subquery()
    n_settled = func.sum(counts.c.n_settled)
    return (
        select(counts.c.month, n_settled)
        .group_by(counts.c.month)
        .having(n_settled > 0)  # nothing settled tells nothing of how many come
        .order_by(counts.c.month.desc())
        .limit(1)
    )


def standing_on(session: Session, office_id: int, month: date, today: date) -> int | None:
    """Give what a total sets the budget of a day by; none: it was entered that day, so nothing yet."""
    total = select(_counted_on(bindparam("today", type_=Date))).where(
        DossierCount.office_id == office_id,
        DossierCount.month == month,
        DossierCount.field_id == ALL_FIELDS,
    )
    return session.scalar(total, {"today": today})


def _counted_on(today: BindParameter[date]) -> ColumnElement[int]:
    """Say in SQL which count sets the budget of a day: on the day of its entry, the smaller of old and new.

    Nobody shall raise a count, make it none or withdraw it, send a flood, and put the count back before
    anybody has seen it: what was withdrawn stands until the day is over. One far beyond the usual, left
    overnight, raises the budget no further than one that nobody is asked about would.
    """
    n, before, usual = DossierCount.n_settled, DossierCount.n_before, DossierCount.n_usual
    is_settled = DossierCount.entered_on.is_(None) | (DossierCount.entered_on < today)
    stands = case((is_settled | ((before >= n) & (n > 0)), n), else_=before)
    most = case((usual * JUMP >= usual + SMALLEST_JUMP, usual * JUMP), else_=usual + SMALLEST_JUMP)
    return case((stands > most, most), else_=stands)


def _itself_and_taken_over(today: BindParameter[date]) -> Select[int]:
    """Say in SQL whose people come to an office today: after a split, to each heir perhaps all of them."""
    office_id = bindparam("office_id", type_=Integer)
    found = select(office_id.label("id")).cte("taken_over", recursive=True)
    found = found.union(
        select(OfficeSuccession.predecessor_id)
        .join(found, OfficeSuccession.successor_id == found.c.id)
        .where(OfficeSuccession.took_over_on <= today)
    )
    return select(found.c.id)


def daily_budget(last: MonthOfWork | None) -> int:
    """Share a month's dossiers out over its working days, rounded up."""
    if last is None or last.n_settled == 0:
        return BUDGET_WHERE_UNKNOWN
    return math.ceil(last.n_settled / working_days(last.month))


def working_days(month: date) -> int:
    """Count Monday to Friday; public holidays are not known here, so the budget errs on the small side."""
    first = month.replace(day=1)
    days = [first + timedelta(days=n) for n in range(31)]
    return sum(day.month == first.month and day.weekday() < SATURDAY for day in days)
