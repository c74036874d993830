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

    def place(self, proportion: float) -> str:
        share = (min(max(proportion, self.start), self.end) - self.start) / (self.end - self.start)
        return f"{LEFT + share * (RIGHT - LEFT):.2f}%"

    def mark(self, found: tuple[float, float, float] | None) -> Mark | None:
        return None if found is None else Mark(*map(self.place, found))

    @property
    def ticks(self) -> tuple[Tick, ...]:
        width = self.end - self.start
        step = 5 if width < 0.25 else 10 if width < 0.55 else 20
        first = math.ceil(round(100 * self.start) / step) * step
        return tuple(
            Tick(self.place(percent / 100), f"{percent}%")
            for percent in range(first, round(100 * self.end) + 1, step)
        )


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
