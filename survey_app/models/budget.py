"""How many answers a day an access point can honestly bring: as many as the office serves people.

Nothing is ever refused for it. A response beyond the day's budget is stored and counted like any other, with
a mark that asks somebody to look.
"""

import math
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Date,
    Integer,
    Select,
    bindparam,
    case,
    func,
    select,
    union_all,
)
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
    row = session.execute(_last_month(), _asked([(office_id, today)])).one_or_none()
    return None if row is None else MonthOfWork(row.month, row.n_settled)


def last_months_before(
    session: Session, places: Collection[tuple[int, date]]
) -> dict[tuple[int, date], MonthOfWork]:
    """Give the same for several offices, each on a day of its own; nothing where no month is known."""
    if not places:
        return {}
    found = session.execute(_months(len(places)), _asked(places))
    # The last month of a place comes last, and stays.
    return {(office_id, today): MonthOfWork(month, n) for office_id, today, month, n in found}


def _asked(places: Collection[tuple[int, date]]) -> dict[str, Any]:
    """Name what `_place` binds."""
    asked: dict[str, Any] = {}
    for n, (office_id, today) in enumerate(places):
        begins = datetime.combine(today, time(), VIETNAM_TIME)
        asked |= {f"office_id_{n}": office_id, f"today_{n}": today, f"this_month_{n}": today.replace(day=1)}
        asked |= {f"begins_{n}": begins, f"ends_{n}": begins + timedelta(days=1)}
    return asked


def _place(n: int) -> Select[int, date, date, datetime, datetime]:
    return select(
        bindparam(f"office_id_{n}", type_=Integer).label("office_id"),
        bindparam(f"today_{n}", type_=Date).label("today"),
        bindparam(f"this_month_{n}", type_=Date).label("this_month"),
        bindparam(f"begins_{n}", type_=UtcDateTime).label("begins"),
        bindparam(f"ends_{n}", type_=UtcDateTime).label("ends"),
    )


@cache
def _last_month() -> Select[int, date, date, int]:
    months = _months(1)
    return months.order_by(None).order_by(months.selected_columns.month.desc()).limit(1)


@cache
def _months(n_places: int) -> Select[int, date, date, int]:
    """Say in SQL what was settled before the months of so many days, each of an office, month after month.

    Written once: forms and lists ask it, and writing takes longer than asking.
    """
    of = _itself_and_taken_over(union_all(*map(_place, range(n_places))).cte("asked")).c
    known = (
        select(of.office_id, of.today, DossierCount.month, _counted_on(of.today).label("n_settled"))
        .join(DossierCount, DossierCount.office_id == of.whose)
        .where(DossierCount.month < of.this_month, DossierCount.field_id == ALL_FIELDS)
    )
    withdrawn = (
        select(of.office_id, of.today, ReplacedTotal.month, ReplacedTotal.n_stood)
        .join(ReplacedTotal, ReplacedTotal.office_id == of.whose)
        .where(
            ReplacedTotal.month < of.this_month,
            ReplacedTotal.n_stood.is_not(None),
            ReplacedTotal.replaced_at >= of.begins,
            ReplacedTotal.replaced_at < of.ends,
        )
    )
    counts = known.union_all(withdrawn).subquery().c
    place, n_settled = (counts.office_id, counts.today, counts.month), func.sum(counts.n_settled)
    return (
        select(*place, n_settled.label("n_settled"))
        .group_by(*place)
        .having(n_settled > 0)  # nothing settled tells nothing of how many come
        .order_by(counts.month)
    )


def standing_on(session: Session, office_id: int, month: date, today: date) -> int | None:
    """Give what a total sets the budget of a day by; none: it was entered that day, so nothing yet."""
    total = select(_counted_on(bindparam("today", type_=Date))).where(
        DossierCount.office_id == office_id,
        DossierCount.month == month,
        DossierCount.field_id == ALL_FIELDS,
    )
    return session.scalar(total, {"today": today})


def _counted_on(today: ColumnElement[date]) -> ColumnElement[int]:
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


def _itself_and_taken_over(asked: CTE) -> CTE:
    """Say in SQL whose people come to an office on a day: after a split, to each heir perhaps all of them."""
    found = select(*asked.c, asked.c.office_id.label("whose")).cte("taken_over", recursive=True)
    place = [found.c[column.name] for column in asked.c]
    return found.union(
        select(*place, OfficeSuccession.predecessor_id)
        .join(found, OfficeSuccession.successor_id == found.c.whose)
        .where(OfficeSuccession.took_over_on <= found.c.today)
    )


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
