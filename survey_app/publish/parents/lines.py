"""One office in the table of all below a parent: the same digits on the page, on paper and in the file."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal, NamedTuple

from survey_app.publish.shown.change import digits_of, points_text
from survey_app.publish.suppression import INSIDE_MINIMUM, forms_behind, is_few
from survey_app.web.formatting import EN_DASH, count_text, percent_text, range_text, rounded_percent

State = Literal["shown", "suppressed", "not_estimable", "none"]
Limits = tuple[float, float, float]  # low, value, high


class Index(NamedTuple):
    """The columns of an office's figure that a line needs; thousands are read at once."""

    value: float | None
    low: float | None
    high: float | None
    n_respondents: int
    n_people: int
    population_size: int | None
    hidden_inside: str | None

    @property
    def state(self) -> State:
        if self.hidden_inside or is_few(self.n_people, INSIDE_MINIMUM):
            return "suppressed"
        return "not_estimable" if self.value is None else "shown"

    @property
    def limits(self) -> Limits | None:
        """Give low, value and high, also where they may not be shown."""
        value, low, high = self[:3]
        return None if value is None or low is None or high is None else (low, value, high)

    @property
    def n_forms(self) -> int | None:
        return forms_behind(self.n_respondents, self.n_people)

    @property
    def coverage_share(self) -> float | None:
        """Give how many forms came for each dossier settled."""
        return self.n_forms / self.population_size if self.n_forms and self.population_size else None


class Found(NamedTuple):
    """What the release found of an office among all below the parent."""

    target: float
    adjustment: str
    verdict: str
    best_rank: int | None
    worst_rank: int | None
    n_ranked: int | None
    band: int | None


class Moved(NamedTuple):
    """What the release found of how an office moved between two periods."""

    value: float | None
    low: float | None
    high: float | None
    n_former: int = 0  # offices whose counts are pooled in one of the two


@dataclass(slots=True)
class Line:
    """An office with what may be said of it; without a figure it is there by its name alone."""

    office_id: int
    code: str
    name: str
    kind: str
    figure: Index | None
    comparison: Found | None
    change: Moved | None = None  # only where it may be said
    ended_on: date | None = None  # its last day, once that is over
    limits: Limits | None = field(init=False)  # also where they may not be shown
    state: State = field(init=False)
    verdict: str = field(init=False)

    def __post_init__(self) -> None:
        self.limits, self.state = (self.figure.limits, self.figure.state) if self.figure else (None, "none")
        self.verdict = self.comparison.verdict if self.comparison and self.state == "shown" else ""

    @property
    def digits(self) -> int:
        """Give one more digit where a rounded value would contradict the verdict."""
        if self.verdict not in {"above", "below"} or not self.comparison or not self.limits:
            return 1
        value, target = rounded_percent(self.limits[1]), rounded_percent(self.comparison.target)
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
    def n_people(self) -> int | None:
        seen = self.figure is not None and self.state in {"shown", "not_estimable"}
        return self.figure.n_people if self.figure and seen else None

    @property
    def n_forms(self) -> int | None:
        return self.figure.n_forms if self.figure and self.n_people is not None else None

    @property
    def n(self) -> str:
        return EN_DASH if self.n_forms is None else count_text(self.n_forms)

    @property
    def coverage_share(self) -> float | None:
        return self.figure.coverage_share if self.figure and self.n_people is not None else None

    @property
    def is_beyond(self) -> bool:
        return (self.coverage_share or 0) > 1

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
        return digits_of(self.change_limits or ())

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
        value, low, high = (points_text(end, digits) for end in self.change_limits)
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
            "n_forms": self.n_forms,
            "n_people_at_least": self.n_people,
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
            "change_n_former_offices": self.change.n_former if self.change and self.change_limits else None,
            "ended_on": self.ended_on.isoformat() if self.ended_on else None,
        }


def _plain(proportion: float, digits: int) -> str:
    """Round as the page does, and write it with a decimal point."""
    return str(rounded_percent(proportion, digits))
