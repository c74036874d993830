"""How many answers a day an access point can honestly bring: as many as the office serves people.

Nothing is ever refused for it. A response beyond the day's budget is stored and counted like any other, with
a mark that asks somebody to look.
"""

import math
from datetime import date, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from survey_app.models.office import DossierCount

BUDGET_WHERE_UNKNOWN = 200
SATURDAY = 5


def last_month_before(session: Session, office_id: int, today: date) -> DossierCount | None:
    """Give the office's dossiers of the last whole month that is known."""
    return session.scalar(
        select(DossierCount)
        .where(DossierCount.office_id == office_id, DossierCount.month < today.replace(day=1))
        .order_by(DossierCount.month.desc())
        .limit(1)
    )


def daily_budget(last: DossierCount | None) -> int:
    """Share a month's dossiers out over its working days, rounded up."""
    if last is None or last.n_settled == 0:
        return BUDGET_WHERE_UNKNOWN
    return math.ceil(last.n_settled / working_days(last.month))


def working_days(month: date) -> int:
    """Count Monday to Friday; public holidays are not known here, so the budget errs on the small side."""
    first = month.replace(day=1)
    days = [first + timedelta(days=n) for n in range(31)]
    return sum(day.month == first.month and day.weekday() < SATURDAY for day in days)
