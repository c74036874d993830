"""One office in the table of all below a parent: the same digits on the page, on paper and in the file."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Literal, NamedTuple

from survey_app.models.publication import Change
from survey_app.publish.shown.change import points_text
from survey_app.publish.suppression import INSIDE_MINIMUM, is_few
from survey_app.web.formatting import EN_DASH, count_text, percent_text, range_text

State = Literal["shown", "suppressed", "not_estimable", "none"]


class Index(NamedTuple):
    """The columns of an office's figure that a line needs; thousands are read at once."""

    value: float | None
    low: float | None
    high: float | None
    n_respondents: int
    n_answers: int
    population_size: int | None
    hidden_inside: str | None


class Found(NamedTuple):
    """What the release found of an office among all below the parent."""

    target: float
    verdict: str
    adjustment: str
    best_rank: int | None
    worst_rank: int | None
    n_ranked: int | None
    band: int | None


@dataclass(frozen=True)
class Line:
    """An office with what may be said of it; without a figure it is there by its name alone."""

    office_id: int
    code: str
    name: str
    kind: str
    sort_key: str
    figure: Index | None
    comparison: Found | None
    change: Change | None = None  # only where it may be said

    @cached_property
    def state(self) -> State:
        if self.figure is None:
            return "none"
        one = self.figure
        if one.hidden_inside or is_few(one.n_respondents, one.n_answers, INSIDE_MINIMUM):
            return "suppressed"
        return "shown" if self.limits else "not_estimable"

    @cached_property
    def limits(self) -> tuple[float, float, float] | None:
        """Give low, value and high, also where they may not be shown."""
        one = self.figure
        if one is None or one.value is None or one.low is None or one.high is None:
            return None
        return one.low, one.value, one.high

    @cached_property
    def verdict(self) -> str:
        return self.comparison.verdict if self.comparison and self.state == "shown" else ""

    @property
    def digits(self) -> int:
        """Give one more digit where a rounded value would contradict the verdict."""
        if self.verdict not in {"above", "below"} or not self.comparison or not self.limits:
            return 1
        target = self.comparison.target
        value = round(self.limits[1], 3)
        contradicts = value <= target if self.verdict == "above" else value >= target
        return 2 if contradicts else 1

    @property
    def value(self) -> str:
        return percent_text(self.limits[1], self.digits) if self.limits and self.state == "shown" else ""

    @property
    def range(self) -> str:
        if self.state != "shown" or not self.limits:
            return ""
        return range_text(self.limits[0], self.limits[2], self.digits)

    @property
    def n_respondents(self) -> int | None:
        seen = self.figure is not None and self.state in {"shown", "not_estimable"}
        return self.figure.n_respondents if self.figure and seen else None

    @property
    def n(self) -> str:
        return "" if self.n_respondents is None else count_text(self.n_respondents)

    @property
    def coverage_share(self) -> float | None:
        """Give the respondents' share in the dossiers settled."""
        n_served = self.figure.population_size if self.figure else None
        return self.n_respondents / n_served if self.n_respondents and n_served else None

    @property
    def coverage(self) -> str:
        return "" if self.coverage_share is None else percent_text(self.coverage_share)

    @property
    def rank(self) -> str:
        """Give from which to which rank this office may be, never one rank alone."""
        one = self.comparison if self.state == "shown" else None
        return f"{one.best_rank}{EN_DASH}{one.worst_rank}" if one and one.best_rank is not None else ""

    @property
    def band(self) -> int | None:
        return self.comparison.band if self.comparison and self.state == "shown" else None

    @property
    def change_digits(self) -> int:
        """Give one more digit where a limit that rounds to 0 would hide on which side of it it lies."""
        ends = [end for end in self.change_limits or () if end and _is_nothing(end, 1)]
        return 2 if ends else 1

    @property
    def change_limits(self) -> tuple[float, float, float] | None:
        one = self.change
        if one is None or one.value is None or one.low is None or one.high is None:
            return None
        return one.value, one.low, one.high

    @property
    def moved(self) -> tuple[str, str, str] | None:
        """Give the change and its limits in percentage points."""
        if self.change_limits is None:
            return None
        digits = self.change_digits
        ends = (0.0 if _is_nothing(end, digits) else end for end in self.change_limits)
        value, low, high = (points_text(end, digits) for end in ends)
        return value, low, high

    def cells(self) -> Mapping[str, str | int | None]:
        """Give the same digits with a decimal point, for programs; empty where the page says nothing."""
        limits = self.limits if self.state == "shown" else None
        value, low, high = (
            (_plain(limits[1], self.digits), _plain(limits[0], self.digits), _plain(limits[2], self.digits))
            if limits
            else (None, None, None)
        )
        changes = self.change_limits or (None, None, None)
        one = self.comparison if self.state == "shown" else None
        return {
            "state": self.state,
            "satisfied_percent": value,
            "low_percent": low,
            "high_percent": high,
            "n_respondents": self.n_respondents,
            "n_settled_dossiers": self.figure.population_size if self.figure else None,
            "coverage_percent": None if self.coverage_share is None else _plain(self.coverage_share, 1),
            "target_percent": _plain(one.target, 1) if one else None,
            "verdict": self.verdict or None,
            "adjustment": one.adjustment if one else None,
            "best_rank": one.best_rank if one else None,
            "worst_rank": one.worst_rank if one else None,
            "n_ranked": one.n_ranked if one else None,
            "tie_band": self.band,
            **dict(
                zip(
                    ("change_points", "change_low", "change_high"),
                    (None if end is None else _plain(end, self.change_digits) for end in changes),
                    strict=True,
                )
            ),
        }


def _is_nothing(proportion: float, digits: int) -> bool:
    return not Decimal(_plain(proportion, digits))


def _plain(proportion: float, digits: int) -> str:
    """Round as the page does (web/formatting.py), and write it with a decimal point."""
    rounded = Decimal(str(100 * proportion)).quantize(Decimal(1).scaleb(-digits))
    return str(rounded or abs(rounded))  # no -0.0
