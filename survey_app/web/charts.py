"""Geometry of dot-and-whisker charts: ready coordinates and labels, so that a template only writes them.

Across, coordinates are percentages: the picture fills any width while its letters keep their size.
"""

import math
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

LEFT, RIGHT = 7.0, 93.0  # percent of the width that the scale takes: a label at its end is drawn whole
LETTERS_A_LINE = 40  # what surely fits a phone
LINE, WHISKER, GAP, AXIS = 21, 20, 16, 24  # heights in pixels
TREND_LEFT, TREND_RIGHT = 15.0, 97.0  # percent of the width that the columns of a trend take
TREND_TOP, TREND_BOTTOM = 12, 192  # pixels between which its scale stands
NARROWEST = 0.2  # no scale is narrower: small differences must not look large


@dataclass(frozen=True)
class Measured:
    """What one row of a chart shows; without a range it shows its words alone."""

    label: str
    digits: str
    range: tuple[float, float, float] | None  # low, value, high as proportions


@dataclass(frozen=True)
class Mark:
    """A dot with its whisker: places on the scale."""

    low: str
    value: str
    high: str


@dataclass(frozen=True)
class Tick:
    x: str
    label: str


@dataclass(frozen=True)
class Scale:
    """A part of 0 to 100 %, between round numbers."""

    start: float
    end: float

    def share(self, proportion: float) -> float:
        """Say how far along the scale a value stands as it is printed: a picture tells no more digits."""
        printed = round(proportion, 3)
        return (min(max(printed, self.start), self.end) - self.start) / (self.end - self.start)

    def place(self, proportion: float) -> str:
        return f"{LEFT + self.share(proportion) * (RIGHT - LEFT):.2f}%"

    def mark(self, found: tuple[float, float, float] | None) -> Mark | None:
        return None if found is None else Mark(*map(self.place, found))

    @property
    def percents(self) -> range:
        """Give the round numbers that are written on the scale."""
        width = self.end - self.start
        step = 5 if width < 0.25 else 10 if width < 0.55 else 20
        first = math.ceil(round(100 * self.start) / step) * step
        return range(first, round(100 * self.end) + 1, step)

    @property
    def ticks(self) -> tuple[Tick, ...]:
        return tuple(Tick(self.place(percent / 100), f"{percent}%") for percent in self.percents)


@dataclass(frozen=True)
class Line:
    text: str
    y: int


@dataclass(frozen=True)
class Row:
    """A row of a whole chart: its words, its digits below them, its mark below those."""

    label: tuple[Line, ...]
    digits: Line
    y: int
    mark: Mark | None

    @property
    def band(self) -> tuple[int, int]:
        """From where to where the scale's lines run: beside the mark, not through the words above it."""
        return self.y - WHISKER // 2, self.y + WHISKER // 2 + GAP


@dataclass(frozen=True)
class Chart:
    title: str
    ticks: tuple[Tick, ...]
    rows: tuple[Row, ...]
    height: int
    axis_y: int
    target: Tick | None


def scale_for(ranges: Iterable[tuple[float, float, float] | None], target: float | None = None) -> Scale:
    """Give the shortest scale between tens that holds all ranges and the target."""
    ends = [end for found in ranges if found is not None for end in (found[0], found[2])]
    ends += [] if target is None else [target]
    if not ends:
        return Scale(0.0, 1.0)
    start, end = math.floor(round(10 * min(ends), 6)) / 10, math.ceil(round(10 * max(ends), 6)) / 10
    end = min(1.0, max(end, start + NARROWEST))
    return Scale(max(0.0, min(start, end - NARROWEST)), end)


def draw(
    title: str, shown: Sequence[Measured], scale: Scale, target: float | None = None, target_label: str = ""
) -> Chart:
    """Place the rows one under the other on one scale."""
    rows: list[Row] = []
    y = 0
    for one in shown:
        rows.append(_row(one, scale, y))
        y = rows[-1].y + WHISKER // 2 + GAP
    return Chart(
        title=title,
        ticks=scale.ticks,
        rows=tuple(rows),
        height=y + AXIS,
        axis_y=y,
        target=None if target is None else Tick(scale.place(target), target_label),
    )


def _row(one: Measured, scale: Scale, top: int) -> Row:
    words = textwrap.wrap(one.label, LETTERS_A_LINE)
    label = tuple(Line(text, top + LINE * number - 5) for number, text in enumerate(words, start=1))
    bottom = top + LINE * (len(label) + 1)
    has_mark = one.range is not None
    return Row(label, Line(one.digits, bottom - 5), bottom + has_mark * WHISKER // 2, scale.mark(one.range))


@dataclass(frozen=True)
class Moment:
    """What one column of a trend shows: a month's words below it, and its range, if it has one."""

    label: str
    sublabel: str
    range: tuple[float, float, float] | None  # low, value, high as proportions
    is_open: bool = False  # still changing


@dataclass(frozen=True)
class Column:
    x: str
    label: str
    sublabel: str
    low: str
    value: str
    high: str
    has_mark: bool
    is_open: bool


@dataclass(frozen=True)
class Level:
    """A line across a trend."""

    y: str
    label: str


@dataclass(frozen=True)
class TrendChart:
    title: str
    levels: tuple[Level, ...]
    columns: tuple[Column, ...]
    axis_y: int
    height: int


def draw_trend(title: str, moments: Sequence[Moment], scale: Scale) -> TrendChart:
    """Place the months side by side, the oldest first, their dots as high as their values."""

    def height_of(proportion: float) -> str:
        return f"{TREND_BOTTOM - scale.share(proportion) * (TREND_BOTTOM - TREND_TOP):.1f}"

    step = (TREND_RIGHT - TREND_LEFT) / max(1, len(moments))
    columns = []
    for place, one in enumerate(moments):
        low, value, high = map(height_of, one.range or (scale.start,) * 3)
        x = f"{TREND_LEFT + (place + 0.5) * step:.2f}%"
        has_mark = one.range is not None
        columns.append(Column(x, one.label, one.sublabel, low, value, high, has_mark, one.is_open))
    levels = tuple(Level(height_of(percent / 100), f"{percent}%") for percent in scale.percents)
    return TrendChart(title, levels, tuple(columns), TREND_BOTTOM, TREND_BOTTOM + 2 * AXIS)


@dataclass(frozen=True)
class Segment:
    """A part of a bar: where it begins and how wide it is, in percent of the bar."""

    x: str
    width: str
    tone: str  # a name of the style sheet


def stack(parts: Sequence[tuple[int, str]]) -> tuple[Segment, ...]:
    """Lay counts, each with its tone, one after the other over the whole width."""
    total = sum(count for count, _ in parts)
    found, before = [], 0
    for count, tone in parts:
        if count:
            found.append(Segment(f"{100 * before / total:.2f}%", f"{100 * count / total:.2f}%", tone))
        before += count
    return tuple(found)


@dataclass(frozen=True)
class Band:
    """A stretch of a scale, behind the dots."""

    x: str
    width: str


def band_on(scale: Scale, low: float, high: float) -> Band:
    start, end = (float(scale.place(limit).removesuffix("%")) for limit in (low, high))
    return Band(f"{start:.2f}%", f"{end - start:.2f}%")
