"""Days and months as people type them, within bounds in which counting days never fails."""

import re
from calendar import monthrange
from datetime import date, timedelta

# Provinces began long before this service; beyond these years a day is a slip of the hand.
FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2200, 12, 31)
DAYS_A_YEAR = 365.2425
_DAY_FORMS = (
    re.compile(r"(?P<year>\d{4})-(?P<month>\d{2})-(?P<day>\d{2})", re.ASCII),
    # As people write it; a Vietnamese spreadsheet turns 2025-07-01 into this, too, when it saves.
    re.compile(r"(?P<day>\d{1,2})/(?P<month>\d{1,2})/(?P<year>\d{4})", re.ASCII),
)
_MONTH_FORMS = (
    re.compile(r"(?P<year>\d{4})-(?P<month>\d{1,2})(?:-01)?", re.ASCII),
    # What a spreadsheet makes of a month when it saves ends in the month's first day.
    re.compile(r"(?:0?1/)?(?P<month>\d{1,2})/(?P<year>\d{4})", re.ASCII),
)


def read_day(text: str) -> date | None:
    """Read 2025-07-01 or 1/7/2025; None for anything else."""
    for form in _DAY_FORMS:
        if found := form.fullmatch(text.strip()):
            return _within_bounds(int(found["year"]), int(found["month"]), int(found["day"]))
    return None


def read_month(text: str) -> date | None:
    """Read 2026-02 or 02/2026, as its first day; None for anything else."""
    for form in _MONTH_FORMS:
        if found := form.fullmatch(text.strip()):
            return _within_bounds(int(found["year"]), int(found["month"]), 1)
    return None


def is_within_bounds(day: date) -> bool:
    return FIRST_DAY <= day <= LAST_DAY


def first_of(day: date) -> date:
    return day.replace(day=1)


def month_before(month: date) -> date:
    return (month - timedelta(days=1)).replace(day=1)


def month_after(month: date) -> date:
    return (month + timedelta(days=31)).replace(day=1)


def years_later(day: date, n_years: int) -> date:
    """Move a day by whole years, back by negative ones; the last day of a month stays the last."""
    moved = day.year + n_years
    last, last_moved = (monthrange(year, day.month)[1] for year in (day.year, moved))
    return day.replace(year=moved, day=last_moved if day.day == last else day.day)


def years_between(first: date, second: date) -> int:
    """Count the years from one day to another, to the nearest: negative if the second comes first."""
    return round((second - first).days / DAYS_A_YEAR)


def _within_bounds(year: int, month: int, day: int) -> date | None:
    try:
        found = date(year, month, day)
    except ValueError:
        return None
    return found if is_within_bounds(found) else None
