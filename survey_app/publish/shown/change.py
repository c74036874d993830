"""How an office's index moved since the period before, or why nothing can be said of it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from survey_app.models.breakdown import (
    INDEX,
    MONTH,
    MONTHS_OF_A_QUARTER,
    QUARTER,
    WHOLE,
    first_day_of,
    kind_of,
)
from survey_app.models.campaign import Campaign
from survey_app.models.publication import Change, Figure, Publication
from survey_app.publish.shown.figure import ShownFigure
from survey_app.publish.shown.figures import FiguresOfClass
from survey_app.web.formatting import count_text, marked, month_text, rounded_percent

ROMAN = ("I", "II", "III", "IV")

Verdict = Literal["rise", "fall", "not_shown", "not_estimable", "not_comparable"]


@dataclass(frozen=True)
class Period:
    """A month, a quarter (by its months), or another publication (by its title)."""

    kind: Literal["month", "quarter", "wave"]
    months: tuple[date, ...] = ()
    title: str = ""

    @property
    def words(self) -> str:
        """Name a month; the other kinds are named by the page."""
        return month_text(self.months[0]) if self.kind == "month" else self.title

    @property
    def quarter(self) -> str:
        return ROMAN[(self.months[0].month - 1) // MONTHS_OF_A_QUARTER]

    @property
    def year(self) -> int:
        return self.months[0].year


@dataclass(frozen=True)
class ShownChange:
    verdict: Verdict
    later: Period
    earlier: Period
    is_model_based: bool
    value: str = ""
    low: str = ""
    high: str = ""
    n_later: str = ""
    n_earlier: str = ""


def last_change(session: Session, figures: FiguresOfClass, today: date) -> ShownChange | None:
    """Give the change to speak of: since the last wave, or between the last two closed quarters or months.

    Quarters first: they hold more answers. Which of the two is said depends on what is there, never on what
    it says. Where a figure of either period is hidden, the change would give it away.
    """
    index = figures.whole[INDEX]
    if index.state == "suppressed":
        return None
    for kind in ("publication", QUARTER, MONTH):
        of_kind = [one for one in figures.changes if kind_of(one.later) == kind]
        for change in sorted(of_kind, key=lambda one: one.later, reverse=True):
            later, earlier = _periods(session, change)
            if earlier is not None and _may_be_said(figures.of_kind(MONTH), (later, earlier), today):
                return _shown(change, later, earlier, index.is_model_based)
    return None


def _periods(session: Session, change: Change) -> tuple[Period, Period | None]:
    if change.earlier_publication_id is not None:
        return _wave(session, change)
    return _period(change.later), _period(change.earlier)


def _period(name: str) -> Period:
    first = first_day_of(name)
    if kind_of(name) == MONTH:
        return Period("month", (first,))
    return Period("quarter", tuple(first.replace(month=first.month + n) for n in range(MONTHS_OF_A_QUARTER)))


def _wave(session: Session, change: Change) -> tuple[Period, Period | None]:
    """Give the wave and the one before, if the figure of that one may be seen."""
    seen = session.scalar(
        select(Campaign)
        .join(Publication, Publication.campaign_id == Campaign.id)
        .join(Figure, Figure.publication_id == Publication.id)
        .where(
            Publication.id == change.earlier_publication_id,
            Figure.office_id == change.office_id,
            Figure.provenance == change.provenance,
            Figure.measure == INDEX,
            Figure.breakdown == WHOLE,
            Figure.hidden_inside.is_(None),
        )
    )
    return Period("wave"), Period("wave", title=seen.title) if seen else None


def _may_be_said(by_month: Mapping[str, ShownFigure], periods: Sequence[Period], today: date) -> bool:
    """Whether both periods are over, and no figure of their months is hidden or lacking."""
    for period in periods:
        found = [by_month.get(f"{month:%Y-%m}") for month in period.months]
        known = [figure for figure in found if figure is not None]
        if period.months and (
            period.months[-1] >= today.replace(day=1)
            or not known
            or any(figure.state == "suppressed" for figure in known)
        ):
            return False
    return True


def _shown(change: Change, later: Period, earlier: Period, is_model_based: bool) -> ShownChange:
    if change.value is None or change.low is None or change.high is None:
        verdict: Verdict = "not_comparable" if change.reason == "not_comparable" else "not_estimable"
        return ShownChange(verdict, later, earlier, is_model_based)
    limits = (change.value, change.low, change.high)
    digits = digits_of(limits)
    value, low, high = (points_text(limit, digits) for limit in limits)
    return ShownChange(
        verdict="rise" if change.low > 0 else "fall" if change.high < 0 else "not_shown",
        later=later,
        earlier=earlier,
        is_model_based=is_model_based,
        value=value,
        low=low,
        high=high,
        n_later=count_text(change.n_later),
        n_earlier=count_text(change.n_earlier),
    )


def digits_of(limits: Iterable[float]) -> int:
    """Say how exactly to write a difference: a limit that rounds to 0 would contradict what is said of it."""
    return 2 if any(limit and not rounded_percent(limit) for limit in limits) else 1


def points_text(difference: float, digits: int = 1) -> str:
    """Write a difference in percentage points with its sign: +1,6 or −2,4."""
    rounded = rounded_percent(difference, digits)
    return ("+" if rounded > 0 else "") + marked(str(rounded))
