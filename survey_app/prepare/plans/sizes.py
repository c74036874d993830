"""How many dossiers are drawn in each office, and what so many can tell, by analysis.sampling's formulas."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import ceil, floor, sqrt

from analysis.sampling.allocation import (
    equal_allocation,
    neyman_allocation,
    power_allocation,
    proportional_allocation,
)
from analysis.sampling.size import (
    margin_of_error,
    sample_size_proportion,
    smallest_detectable_change,
)
from survey_app.models.plan_document import PlanDocument, PlannedStage
from survey_app.prepare.plans.entries import ENTRIES, values_of
from survey_app.prepare.plans.populations import PlannedOffice

POWER = 0.8  # the chance wanted of finding the smallest detectable change
NUMBERS = tuple(
    name for name in ENTRIES if name.startswith(("precision-", "allocation-")) and ENTRIES[name].low
)
# Beyond these, an office's share of last time says too little about its spread this time.
LEAST_SHARE, MOST_SHARE = 0.05, 0.95


@dataclass(frozen=True, slots=True)
class OfficeSize:
    """One office's part. Margin and change are proportions; None where nobody is expected to answer."""

    office: PlannedOffice
    n_drawn: int
    n_reserve: int
    n_answers: int
    n_excess: int  # how many more were asked for than there are dossiers
    margin: float | None
    change: float | None

    @property
    def is_census(self) -> bool:
        return self.n_drawn == self.office.population


@dataclass(frozen=True, slots=True)
class Sizes:
    """The whole sample: offices with dossiers as given, those without any, and what all of it tells."""

    offices: tuple[OfficeSize, ...]
    without_counts: tuple[PlannedOffice, ...]
    population: int
    n_asked: int  # before minimum and population bound it
    n_drawn: int
    n_reserve: int
    n_answers: int
    margin: float | None
    change: float | None
    share_of_offices: float  # below 1 where offices themselves are drawn
    n_meeting: int | None  # offices that get the margin wanted

    @property
    def n_forms(self) -> int:
        return self.n_drawn + self.n_reserve

    @property
    def n_census(self) -> int:
        return sum(one.is_census for one in self.offices)

    @property
    def n_excess(self) -> int:
        return sum(one.n_excess for one in self.offices)

    @property
    def n_lone(self) -> int:
        """Offices of which one dossier is drawn: of a single unit nothing tells the spread."""
        return sum(one.n_drawn == 1 for one in self.offices)


@dataclass(frozen=True, slots=True)
class _Terms:
    """The numbers that sizes follow from."""

    proportion: float
    level: float
    design_effect: float
    response_rate: float
    margin_office: float | None
    margin_whole: float | None
    method: str
    n_drawn: int | None
    minimum: int
    reserve_share: float


@lru_cache(maxsize=8)  # thousands of offices take a tenth of a second, and a reader sorts and searches
def sizes_of(plan: PlanDocument, offices: tuple[PlannedOffice, ...]) -> Sizes | None:
    """Share the sample out; None where the plan does not say enough, or no office has dossiers."""
    with_counts = [one for one in offices if one.population > 0]
    terms = _terms_of(plan)
    if not with_counts or terms is None:
        return None
    needed = _needed_by_office(terms, with_counts)
    n_asked = _asked(terms, with_counts, needed)
    by_margin = terms.method == "margin"
    drawn = (
        _as_needed(terms, with_counts, needed, n_asked)
        if by_margin
        else _shared_out(terms, with_counts, n_asked)
    )
    sizes = tuple(_office_size(terms, one, drawn[one.code], needed.get(one.code, 0)) for one in with_counts)
    chances = _chances(plan, with_counts)
    share = sum(chances) / len(chances)

    def expected(numbers: Iterable[int]) -> int:
        return round(sum(chance * n for chance, n in zip(chances, numbers, strict=True)))

    wanted = terms.margin_office
    margin, change = _of_whole(terms, sizes) if share == 1 else (None, None)
    return Sizes(
        sizes,
        tuple(one for one in offices if one.population == 0),
        population=sum(one.population for one in with_counts),
        n_asked=n_asked,
        n_drawn=expected(one.n_drawn for one in sizes),
        n_reserve=expected(one.n_reserve for one in sizes),
        n_answers=expected(one.n_answers for one in sizes),
        margin=margin,
        change=change,
        share_of_offices=share,
        n_meeting=None if wanted is None else sum(meets(one.margin, wanted) for one in sizes),
    )


def meets(margin: float | None, wanted: float) -> bool:
    return margin is not None and round(margin, 4) <= wanted


def _terms_of(plan: PlanDocument) -> _Terms | None:
    """Give the numbers of a plan, if all are said that sizes need, and each is in its range."""
    one, shared, values = plan.precision, plan.allocation, values_of(plan)
    if any(ENTRIES[name].reason_against(values[name]) for name in NUMBERS if values[name] is not None):
        return None
    if one.margin_office is None and one.margin_whole is None and shared.n_drawn is None:
        return None
    if one.level is None or one.proportion is None or one.design_effect is None:
        return None
    if one.response_rate is None or shared.method is None:
        return None
    if shared.method == "margin" and one.margin_office is None:
        return None
    return _Terms(
        proportion=one.proportion,
        level=one.level,
        design_effect=one.design_effect,
        response_rate=one.response_rate,
        margin_office=one.margin_office,
        margin_whole=one.margin_whole,
        method=shared.method,
        n_drawn=shared.n_drawn,
        minimum=shared.minimum or 0,
        reserve_share=shared.reserve_share or 0,
    )


def _needed(terms: _Terms, margin: float, population: int) -> int:
    """Give how many to draw for a margin, which nonresponse may take beyond the population."""
    answers = sample_size_proportion(margin, terms.proportion, terms.level, population, terms.design_effect)
    return ceil(round(answers / terms.response_rate, 9))


def _needed_by_office(terms: _Terms, offices: Sequence[PlannedOffice]) -> dict[str, int]:
    margin = terms.margin_office
    if margin is None:
        return {}
    by_population: dict[int, int] = {}
    for one in offices:  # many offices are of one size
        if one.population not in by_population:
            by_population[one.population] = _needed(terms, margin, one.population)
    return {one.code: by_population[one.population] for one in offices}


def _asked(terms: _Terms, offices: Sequence[PlannedOffice], needed: Mapping[str, int]) -> int:
    """Give the size of the whole: as stated, or the larger of what the offices and what the whole need."""
    if terms.n_drawn is not None:
        return terms.n_drawn
    population = sum(one.population for one in offices)
    of_offices = sum(min(needed.get(one.code, 0), one.population) for one in offices)
    margin = terms.margin_whole
    return max(of_offices, _needed(terms, margin, population) if margin is not None else 1)


def _shared_out(terms: _Terms, offices: Sequence[PlannedOffice], n_asked: int) -> dict[str, int]:
    """Share n out: offices not larger than the minimum are taken whole, nobody gives more than it has."""
    drawn = {one.code: one.population for one in offices if one.population <= terms.minimum}
    others = {one.code: one.population for one in offices if one.population > terms.minimum}
    if not others:
        return drawn
    least, most = max(1, terms.minimum * len(others)), sum(others.values())
    n = min(max(n_asked - sum(drawn.values()), least), most)
    return drawn | _allocated(terms, offices, others, n)


def _as_needed(
    terms: _Terms, offices: Sequence[PlannedOffice], needed: Mapping[str, int], n_asked: int
) -> dict[str, int]:
    """Give each office what its margin needs; what the whole wants beyond goes by the dossiers left."""
    drawn = {one.code: min(max(needed[one.code], terms.minimum), one.population) for one in offices}
    left = {one.code: one.population - drawn[one.code] for one in offices}
    left = {code: n for code, n in left.items() if n}
    more = min(n_asked - sum(drawn.values()), sum(left.values()))
    if more > 0:
        drawn |= {code: drawn[code] + n for code, n in proportional_allocation(more, left).items()}
    return drawn


def _allocated(
    terms: _Terms, offices: Sequence[PlannedOffice], population: dict[str, int], n: int
) -> dict[str, int]:
    if terms.method == "proportional":
        return proportional_allocation(n, population, minimum=terms.minimum)
    if terms.method == "power":
        return power_allocation(n, population, 0.5, minimum=terms.minimum)
    if terms.method == "neyman":
        spread = {one.code: _spread(one, terms) for one in offices if one.code in population}
        return neyman_allocation(n, population, spread, minimum=terms.minimum)
    return equal_allocation(n, population, minimum=terms.minimum)


def _spread(office: PlannedOffice, terms: _Terms) -> float:
    share = terms.proportion if office.share_before is None else office.share_before
    bounded = min(max(share, LEAST_SHARE), MOST_SHARE)
    return sqrt(bounded * (1 - bounded))


def _office_size(terms: _Terms, office: PlannedOffice, n_drawn: int, n_needed: int) -> OfficeSize:
    n_answers = round(n_drawn * terms.response_rate)
    reserve = ceil(round(n_drawn * terms.reserve_share, 9))
    asked = max(n_needed, terms.minimum)
    margin = change = None
    if n_answers:
        p, level, deff = terms.proportion, terms.level, terms.design_effect
        margin = margin_of_error(n_answers, p, level, office.population, deff)
        n_effective = max(1.0, n_answers / deff)
        change = smallest_detectable_change(office.n_before or n_effective, n_effective, p, level, POWER)
    n_reserve = min(reserve, office.population - n_drawn)
    return OfficeSize(
        office, n_drawn, n_reserve, n_answers, max(0, asked - office.population), margin, change
    )


def _of_whole(terms: _Terms, sizes: Sequence[OfficeSize]) -> tuple[float | None, float | None]:
    """Add the offices up as strata, each by its share of dossiers; where one stays silent nothing is known.

    The change rests on the same effective number both times, without the correction for finite populations.
    """
    if any(one.margin is None for one in sizes):
        return None, None
    p, level, deff = terms.proportion, terms.level, terms.design_effect
    total = sum(one.office.population for one in sizes)
    square = loose = 0.0
    single = margin_of_error(1, p, level, None, deff)
    for one in sizes:
        share = one.office.population / total
        square += (share * (one.margin or 0)) ** 2
        loose += (share * single) ** 2 / one.n_answers
    n_effective = max(1.0, (margin_of_error(1, p, level) ** 2) / loose)
    return sqrt(square), smallest_detectable_change(n_effective, n_effective, p, level, POWER)


def _chances(plan: PlanDocument, offices: Sequence[PlannedOffice]) -> list[float]:
    """Give each office's chance of being drawn within its top, 1 where all are: then each is a stratum.

    By size it is what it would be if no office were larger than a step.
    """
    first = plan.stages[0] if plan.stages else None
    if first is None or first.unit != "office":
        return [1.0] * len(offices)
    n_offices = Counter(one.within for one in offices)
    dossiers: Counter[str] = Counter()
    for one in offices:
        dossiers[one.within] += one.population
    n_taken = {within: n_taken_of(first, n) for within, n in n_offices.items()}
    return [
        min(1.0, n_taken[one.within] * one.population / dossiers[one.within])
        if first.method == "pps"
        else n_taken[one.within] / n_offices[one.within]
        for one in offices
    ]


def n_taken_of(stage: PlannedStage, n_units: int) -> int:
    """Say how many a stage above the dossiers takes of so many units; a share is rounded, at least one."""
    if stage.n_taken is not None:
        return min(stage.n_taken, n_units)
    share = stage.share_taken or 1.0
    return min(n_units, max(1, floor(round(share * n_units, 9) + 0.5)))
