"""The index month by month, as dots with whiskers and as the same digits in a table."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from survey_app.models.breakdown import MONTH, month_name
from survey_app.publish.shown.figure import ShownFigure
from survey_app.publish.shown.figures import FiguresOfClass
from survey_app.publish.shown.office import Part
from survey_app.web.charts import Moment, Scale, scale_for
from survey_app.web.formatting import month_text

MONTHS_SHOWN = 13  # a year, and the same month of the year before


@dataclass(frozen=True)
class Trend:
    moments: tuple[Moment, ...]  # every month from the first to the last, the oldest first
    rows: tuple[Part, ...]  # those with a figure, the newest first
    scale: Scale
    n_predecessors: int  # former offices pooled in the oldest months shown
    pooled_until: date | None  # the last month in which they are


def trend_of(figures: FiguresOfClass, today: date) -> Trend | None:
    """Lay out the last months; None where fewer than two have a figure to show."""
    by_month = {date.fromisoformat(f"{name}-01"): one for name, one in figures.of_kind(MONTH).items()}
    months = sorted(by_month)[-MONTHS_SHOWN:]
    months = [month for month in months if _distance(month, months[-1]) < MONTHS_SHOWN]
    if sum(by_month[month].limits is not None for month in months) < 2:
        return None
    scale = scale_for(by_month[month].limits for month in months)
    pooled = [(month, n) for month in months if (n := figures.n_predecessors.get(month_name(month), 0))]
    rows = [
        Part(month_text(month), "", "", by_month[month], scale.mark(by_month[month].limits))
        for month in reversed(months)
    ]
    return Trend(
        moments=tuple(_moments(by_month, _between(months[0], months[-1]), today)),
        rows=tuple(rows),
        scale=scale,
        n_predecessors=max((n for _, n in pooled), default=0),
        pooled_until=pooled[-1][0] if pooled else None,
    )


def _moments(by_month: Mapping[date, ShownFigure], months: Sequence[date], today: date) -> Iterator[Moment]:
    """Write the year below the first month and each January, unless the two would run into each other."""
    for place, month in enumerate(months):
        is_crowded = any(one.month == 1 for one in months[1:3])
        has_year = month.month == 1 or (place == 0 and not is_crowded)
        yield Moment(
            label=f"{month.month}",
            sublabel=f"{month.year}" if has_year else "",
            range=by_month[month].limits if month in by_month else None,
            is_open=month == today.replace(day=1),
        )


def _distance(one: date, other: date) -> int:
    return abs((other.year - one.year) * 12 + other.month - one.month)


def _between(first: date, last: date) -> list[date]:
    numbers = range(first.year * 12 + first.month - 1, last.year * 12 + last.month)
    return [date(number // 12, number % 12 + 1, 1) for number in numbers]
