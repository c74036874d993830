"""Figures, dates and ranges as people read them, in Vietnamese and English (WORDING section 4)."""

from datetime import date, datetime

from flask import Flask
from flask_babel import format_date, format_decimal

from survey_app.config import VIETNAM_TIME
from survey_app.web.i18n import chosen_language

EN_DASH = "–"
MINUS = "\N{MINUS SIGN}"


def day_text(day: date) -> str:
    """Write 05/02/2026 or 5 February 2026."""
    text: str = format_date(day, "d MMMM y" if chosen_language() == "en" else "dd/MM/yyyy")
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
    return format_decimal(number, "#,##0")


def hundredths(proportion: float, digits: int = 1) -> str:
    """Write a proportion in percent without its sign: 84,2."""
    return format_decimal(100 * proportion, "0." + "0" * digits).replace("-", MINUS)


def percent_text(proportion: float, digits: int = 1) -> str:
    """Write 84,2% or 84.2%."""
    return hundredths(proportion, digits) + "%"


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
    )
    app.jinja_env.globals.update(range_text=range_text)
