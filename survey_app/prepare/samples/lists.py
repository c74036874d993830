"""Draws the main and reserve lists of a design from the dossiers of its frame, office by office. For jobs."""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import ceil

import numpy as np
from numpy.typing import NDArray

from analysis.sampling.allocation import equal_allocation
from analysis.sampling.draw import Draw
from analysis.sampling.frame import SamplingFrame
from analysis.sampling.plan import Method, Stage
from analysis.sampling.stages import draw_sample
from survey_app.models.plan_document import PlannedStage
from survey_app.prepare.plans.sizes import n_taken_of
from survey_app.prepare.samples.design import Design, DesignedOffice
from survey_app.prepare.samples.dossiers import Dossiers, Rows

METHODS: dict[str | None, Method] = {
    "simple": "simple",
    "systematic": "systematic",
    "pps": "pps_systematic",
}


@dataclass(frozen=True, slots=True)
class Drawn:
    """A drawn dossier: its row in the file, the list and the place in it, and how it came to be drawn.

    `above` begins with the stratum of the first stage; `probabilities` has one for each stage.
    """

    unit: str
    row: int
    above: tuple[str, ...]
    is_main: bool
    position: int
    probabilities: tuple[float, ...]
    probability: float
    is_certainty: bool

    @property
    def list_name(self) -> str:
        return self.above[-1]


def drawn_offices(design: Design, dossiers: Dossiers) -> Iterator[tuple[DesignedOffice, list[Drawn]]]:
    """Give the lists of each office that takes part, or was drawn; the frame's own hash names all stages."""
    above: dict[str, Draw | None] = dict.fromkeys(one.code for one in design.offices)
    if design.draws_offices:
        above = _draw_offices(design)
    for office in design.offices:
        if office.code in above:
            one = _Office(design, office, dossiers, above[office.code])
            yield office, one.drawn()


def _draw_offices(design: Design) -> dict[str, Draw | None]:
    """Draw offices within their strata, and give for each drawn one its own part of the draw."""
    offices = design.offices  # by code
    strata = tuple(sorted({one.within for one in offices}))
    places = np.array([strata.index(one.within) for one in offices], np.int64)
    sizes = np.array([one.population for one in offices], np.int64)
    codes = tuple(one.code for one in offices)
    frame = SamplingFrame(codes, strata, places, sizes, None, design.frame_hash)
    stage = design.stages[0]
    n = {stratum: n_taken_of(stage, n_units) for stratum, n_units in frame.population.items()}
    drawn = draw_sample(Stage(frame, n, METHODS[stage.method]), design.seed)
    return {unit: _part(drawn, place) for place, unit in enumerate(drawn.unit)}


def _part(draw: Draw, place: int) -> Draw:
    one = slice(place, place + 1)
    return replace(
        draw,
        unit=draw.unit[one],
        path=draw.path[one],
        is_main=draw.is_main[one],
        order=draw.order[one],
        is_certainty=draw.is_certainty[one],
        stage_probability=draw.stage_probability[one],
    )


class _Office:
    """The stages within one office."""

    def __init__(
        self, design: Design, office: DesignedOffice, dossiers: Dossiers, above: Draw | None
    ) -> None:
        self._design, self._office, self._dossiers, self._above = design, office, dossiers, above
        self._rows = dossiers.rows_of(office.code)

    def drawn(self) -> list[Drawn]:
        design, within = self._design, self._above
        strata: tuple[str, ...] = (self._office.code,)
        stratum = np.zeros(self._rows.size, np.int64)
        if design.draws_clusters:
            strata, stratum = self._clusters()
            within = self._draw_clusters(strata, stratum)
        units = self._dossiers.units(self._rows)
        stage = design.stages[-1]
        order = self._order(stage)
        frame = SamplingFrame(units, strata, stratum, None, order, design.frame_hash)
        n = self._shared_out(frame, within)
        population = frame.population
        reserve = {name: _n_reserve(design, taken, population[name]) for name, taken in n.items()}
        draw = draw_sample(Stage(frame, n, METHODS[stage.method], reserve), design.seed, within)
        return self._listed(draw, units)

    def _clusters(self) -> tuple[tuple[str, ...], NDArray[np.int64]]:
        """Give the clusters of the office, and for each dossier the place of its own; unknown is one, too."""
        column = self._dossiers.columns["cluster"]
        codes, places = np.unique(column.codes[self._rows], return_inverse=True)
        names = tuple(f"{self._office.code}/{column.labels[code]}" for code in codes.tolist())
        in_order = sorted(range(len(names)), key=names.__getitem__)  # “-” stands by its letter here
        ranks = np.empty(len(names), np.int64)
        ranks[in_order] = np.arange(len(names))
        return tuple(names[place] for place in in_order), ranks[places]

    def _draw_clusters(self, names: tuple[str, ...], places: NDArray[np.int64]) -> Draw:
        stage = next(one for one in self._design.stages if one.unit == "cluster")
        whole, sizes = np.zeros(len(names), np.int64), np.bincount(places, minlength=len(names))
        frame = SamplingFrame(names, (self._office.code,), whole, sizes, None, self._design.frame_hash)
        n = n_taken_of(stage, len(names))
        return draw_sample(Stage(frame, n, METHODS[stage.method]), self._design.seed, self._above)

    def _order(self, stage: PlannedStage) -> NDArray[np.int64] | None:
        """Give the place of each dossier in the plan's order; alike ones stand by their ids."""
        if not stage.order:
            return None
        keys = [self._dossiers.columns[name].codes[self._rows] for name in stage.order]
        in_order = np.lexsort(keys[::-1])
        begins = np.zeros(in_order.size, np.bool_)
        for key in keys:
            begins[1:] |= np.diff(key[in_order]) != 0
        places = np.empty(in_order.size, np.int64)
        places[in_order] = np.cumsum(begins)
        return places

    def _shared_out(self, frame: SamplingFrame, within: Draw | None) -> dict[str, int]:
        """Share the office's number out in equal parts over its drawn clusters, at least one in each."""
        if within is None or not self._design.draws_clusters:
            return {self._office.code: min(self._office.n_main, len(frame.unit))}
        population = {name: frame.population[name] for name in within.unit}
        n = min(max(self._office.n_main, len(population)), sum(population.values()))
        return equal_allocation(n, population, minimum=1)

    def _listed(self, draw: Draw, units: tuple[str, ...]) -> list[Drawn]:
        rows: Rows = self._rows
        columns = zip(
            draw.unit,
            draw.path,
            draw.is_main.tolist(),
            draw.order.tolist(),
            draw.stage_probability.tolist(),
            draw.inclusion_probability.tolist(),
            draw.is_certainty.tolist(),
            strict=True,
        )
        return [
            Drawn(unit, int(rows[bisect_left(units, unit)]), path, main, order, tuple(stages), pi, certain)
            for unit, path, main, order, stages, pi, certain in columns
        ]


def _n_reserve(design: Design, n_main: int, population: int) -> int:
    return min(ceil(round(n_main * design.reserve_share, 9)), population - n_main)
