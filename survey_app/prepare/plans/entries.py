"""A plan as a flat list of entries by name: forms ask for them, faults point at them, differences compare."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Literal, TypeVar

from survey_app.models.campaign import SMALLEST_MINIMUM, TARGET_DIGITS
from survey_app.models.days import years_later
from survey_app.models.plan_document import (
    ADJUSTMENTS,
    ALLOCATIONS,
    COUNTED_FOR,
    DOMAINS,
    FRAME_VARIABLES,
    METHODS,
    MOST_STAGES,
    ORDERS,
    TABLES,
    UNITS,
    Allocation,
    Calendar,
    PlanDocument,
    PlannedStage,
    Population,
    Precision,
    Publishing,
    Raked,
    Weighting,
)

Kind = Literal["text", "long_text", "count", "percent", "number", "day", "word", "words", "tops", "question"]
Values = dict[str, Any]
Part = TypeVar("Part")
RAKED = "weighting-raked-"


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that a plan says; its name is `part-field`, which is also the id of its box."""

    name: str
    kind: Kind
    is_needed: bool = False
    low: float | None = None
    high: float | None = None
    digits: int | None = None  # behind the point, at most; none: as many as typed
    words: tuple[str, ...] = ()

    def reason_against(self, number: float) -> str | None:
        """Say in a word why a number cannot stand here."""
        if self.low is None or self.high is None:
            return None
        if not self.low <= number <= self.high:
            return "out_of_range"
        return None if self.digits is None or round(number, self.digits) == number else "too_fine"

    @property
    def stage(self) -> int:
        """Number the stage to which it belongs, from 1; 0 for none."""
        return int(self.name.split("-")[1]) + 1 if self.name.startswith("stages-") else 0


def _stage_entries(place: int) -> tuple[Entry, ...]:
    stage = f"stages-{place}-"
    return (
        Entry(f"{stage}unit", "word", place == 0, words=UNITS),
        Entry(f"{stage}method", "word", words=METHODS),
        Entry(f"{stage}n_taken", "count", low=1, high=1_000_000),
        Entry(f"{stage}share_taken", "percent", low=0.001, high=1),
        Entry(f"{stage}order", "words", words=ORDERS),
    )


def _level(name: str) -> Entry:
    return Entry(name, "percent", True, low=0.8, high=0.999)


PARTS: dict[str, tuple[Entry, ...]] = {
    "population": (
        Entry("population-described", "long_text", True),
        Entry("population-tops", "tops"),
        Entry("population-settled_from", "day", True),
        Entry("population-settled_until", "day", True),
        Entry("population-counted_for", "word", True, words=COUNTED_FOR),
        Entry("domains", "words", words=DOMAINS),
    ),
    "precision": (
        Entry("precision-margin_office", "percent", low=0.005, high=0.5),
        Entry("precision-margin_whole", "percent", low=0.001, high=0.5),
        _level("precision-level"),
        Entry("precision-proportion", "percent", True, low=0.01, high=0.99),
        Entry("precision-design_effect", "number", True, low=0.5, high=20),
        Entry("precision-response_rate", "percent", True, low=0.01, high=1),
    ),
    "stages": (
        *(entry for place in range(MOST_STAGES) for entry in _stage_entries(place)),
        Entry("allocation-method", "word", True, words=ALLOCATIONS),
        Entry("allocation-n_drawn", "count", low=1, high=100_000_000),
        Entry("allocation-minimum", "count", True, low=1, high=100_000),
        Entry("allocation-reserve_share", "percent", True, low=0, high=2),
        Entry("seed", "text", True),
    ),
    "weighting": (
        Entry("weighting-cells", "words", words=FRAME_VARIABLES),
        Entry("weighting-smallest_cell", "count", True, low=5, high=10_000),
        *(Entry(f"{RAKED}{variable}", "question") for variable in FRAME_VARIABLES),
        Entry("weighting-trimmed_below", "number", low=0.01, high=0.99),
        Entry("weighting-trimmed_above", "number", low=1.1, high=100),
    ),
    "publication": (
        Entry("publication-minimum_n", "count", True, low=SMALLEST_MINIMUM, high=10_000),
        Entry("publication-target", "percent", True, low=0.001, high=0.999, digits=TARGET_DIGITS),
        _level("publication-level"),
        Entry("publication-adjustment", "word", True, words=ADJUSTMENTS),
        Entry("publication-tables", "words", True, words=TABLES),
    ),
    "calendar": (
        Entry("calendar-fieldwork_from", "day", True),
        Entry("calendar-fieldwork_until", "day", True),
        Entry("calendar-publication_by", "day", True),
    ),
}
ENTRIES: dict[str, Entry] = {entry.name: entry for part in PARTS.values() for entry in part}


def values_of(plan: PlanDocument) -> Values:
    """Give what a plan says, by the names of its entries; nothing said is None or ()."""
    found: Values = dict.fromkeys(ENTRIES)
    found |= {"domains": plan.domains, "seed": plan.seed}
    for part in ("population", "precision", "allocation", "weighting", "publication", "calendar"):
        said = getattr(plan, part)
        found |= {f"{part}-{name}": getattr(said, name) for name in said.__dataclass_fields__}
    found |= {f"{RAKED}{one.variable}": one.question for one in found.pop("weighting-raked")}
    blank = (PlannedStage(),) * (MOST_STAGES - len(plan.stages))
    for place, stage in enumerate(plan.stages + blank):
        found |= {f"stages-{place}-{name}": getattr(stage, name) for name in stage.__dataclass_fields__}
    return found


def document_of(values: Mapping[str, Any]) -> PlanDocument:
    """Make a plan of what a form said; a stage of which nothing is said is none."""

    def part(kind: type[Part], prefix: str, *left_out: str) -> Part:
        names = kind.__dataclass_fields__.keys() - set(left_out)  # type: ignore[attr-defined]  # a dataclass
        return kind(**{name: values[f"{prefix}-{name}"] for name in names})

    n_stages = 1 + max(int(name.split("-")[1]) for name in values if name.startswith("stages-"))
    stages = tuple(part(PlannedStage, f"stages-{place}") for place in range(n_stages))
    raked = tuple(
        Raked(variable=variable, question=values[f"{RAKED}{variable}"])
        for variable in FRAME_VARIABLES
        if values[f"{RAKED}{variable}"]
    )
    return PlanDocument(
        population=part(Population, "population"),
        domains=values["domains"],
        precision=part(Precision, "precision"),
        stages=tuple(stage for stage in stages if stage != PlannedStage()),
        allocation=part(Allocation, "allocation"),
        weighting=replace(part(Weighting, "weighting", "raked"), raked=raked),
        publication=part(Publishing, "publication"),
        seed=values["seed"],
        calendar=part(Calendar, "calendar"),
    )


@dataclass(frozen=True, slots=True)
class Difference:
    """What one plan says otherwise than another; None or () where it says nothing."""

    name: str
    before: Any
    after: Any


def differences(before: PlanDocument, after: PlanDocument) -> list[Difference]:
    """List what changed, in the order in which a plan is read."""
    old, new = values_of(before), values_of(after)
    return [Difference(name, old[name], new[name]) for name in ENTRIES if old.get(name) != new.get(name)]


def moved_by(n_years: int, plan: PlanDocument) -> PlanDocument:
    """Give a later year's plan as a draft: the same with its days as many years later.

    A seed is yet to be said, and who is measured: that sentence can name years and months in any words.
    """
    values = values_of(plan)
    days = {name: value for name, value in values.items() if isinstance(value, date)}
    moved = {name: years_later(day, n_years) for name, day in days.items()}
    return document_of(values | moved | {"population-described": None, "seed": None})


def in_order_of(named: Iterable[str], codes: Iterable[str]) -> tuple[str, ...]:
    """Put codes that a plan names first, in its order: named in another one it would be another plan."""
    places = {code: place for place, code in enumerate(named)}
    return tuple(sorted(codes, key=lambda code: places.get(code, len(places))))


def is_long_past(plan: PlanDocument, opens_on: date) -> bool:
    """Whether its dossiers were settled a year or more before its campaign opens, as after a slip of years.

    It may be meant so: it keeps no plan from being frozen.
    """
    settled = plan.population.settled_until
    return settled is not None and settled <= years_later(opens_on, -1)
