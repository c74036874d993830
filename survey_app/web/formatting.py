"""Figures, dates and ranges as people read them, in Vietnamese and English (WORDING section 4)."""

from datetime import date, datetime
from decimal import Decimal

from flask import Flask
from flask_babel import format_date

from survey_app.config import VIETNAM_TIME
from survey_app.web.i18n import chosen_language

EN_DASH = "–"
MINUS = "\N{MINUS SIGN}"
# A table of many offices has thousands of numbers, and Babel takes three to seven times as long for each.
_MARKS_AND_MINUS = {
    "vi": str.maketrans({",": ".", ".": ",", "-": MINUS}),
    "en": str.maketrans({"-": MINUS}),
}


_STEPS = (Decimal("1"), Decimal("0.1"), Decimal("0.01"))  # of a number by its decimals


def day_text(day: date) -> str:
    """Write 05/02/2026 or 5 February 2026."""
    text: str = format_date(day, "d MMMM y") if chosen_language() == "en" else f"{day:%d/%m/%Y}"
    return text


def time_text(moment: datetime) -> str:
    local = moment.astimezone(VIETNAM_TIME)
    return f"{day_text(local.date())} {local:%H:%M}"


def hour_text(moment: datetime) -> str:
    """Write 14:07, by the clock on the wall of a Vietnamese office."""
    return f"{moment.astimezone(VIETNAM_TIME):%H:%M}"


def month_text(day: date) -> str:
    return format_date(day, "MMMM y") if chosen_language() == "en" else f"tháng {day:%m/%Y}"


def count_text(number: int) -> str:
    """Write 2.604 or 2,604."""
    return marked(f"{number:,}")


def rounded_percent(proportion: float, digits: int = 1) -> Decimal:
    """Give a proportion in percent as pages round it; what rounds to nothing is 0, never -0."""
    rounded = Decimal(str(100 * proportion)).quantize(_STEPS[digits])
    return rounded or abs(rounded)


def hundredths(proportion: float, digits: int = 1) -> str:
    """Write a proportion in percent without its sign: 84,2. A coverage can be 22.500,0."""
    rounded = rounded_percent(proportion, digits)
    # Marking thousands takes a third longer, for what only a coverage of wrong counts ever needs.
    return marked(str(rounded) if abs(proportion) < 9 else f"{rounded:,}")


def marked(number: str) -> str:
    """Write a number with the marks of the page's language."""
    return number.translate(_MARKS_AND_MINUS["en" if chosen_language() == "en" else "vi"])


def decimal_text(number: float, digits: int = 2) -> str:
    """Write 2,50 or 2.50."""
    return marked(f"{number:.{digits}f}")


def percent_text(proportion: float, digits: int = 1) -> str:
    """Write 84,2% or 84.2%."""
    return hundredths(proportion, digits) + "%"


def target_text(target: float) -> str:
    """Write 85%, and a decimal only where there is one: 87,5%."""
    return percent_text(target, 0 if rounded_percent(target) % 1 == 0 else 1)


def range_text(low: float, high: float, digits: int = 1) -> str:
    """Write 81,0–87,1%: an en dash and one sign."""
    return f"{hundredths(low, digits)}{EN_DASH}{hundredths(high, digits)}%"


def teach(app: Flask) -> None:
    """Give the templates these writings as filters."""
    app.jinja_env.filters.update(
        day=day_text,
        moment=time_text,
        month=month_text,
        count=count_text,
        percent=percent_text,
        target=target_text,
        decimal=decimal_text,
    )
    app.jinja_env.globals.update(range_text=range_text)
