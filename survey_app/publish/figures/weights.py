"""Weights of drawn people who answered, made of recipe and counts alone, and how each step changed them.

Base: the design weights of a cell's main units, spread over the units that were issued of it. Nonresponse: in
each weighting cell, units of unknown eligibility give their weight to the known ones, and eligible ones who
did not answer to those who did. Raking: to known totals. Trimming: what is cut off a weight goes to all
others. A cell that was drawn elsewhere brings its weight, and no more is known of its nonresponse.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np

from analysis import (
    DEFAULT_METHOD,
    AnalysisError,
    Calibration,
    Domains,
    trim_weights,
    weight_diagnostics,
)
from survey_app.models.breakdown import INDEX
from survey_app.models.recipe import CellThen, WeightingThen
from survey_app.publish.counting.tallies import NOT_DRAWN
from survey_app.publish.figures.dataset import Dataset
from survey_app.publish.figures.design import Floats, Integers, WeightingRefused
from survey_app.publish.figures.nonresponse import Units, adjusted_for_nonresponse
from survey_app.publish.figures.raking import raked
from survey_app.publish.terms import LEVEL

StepRow = dict[str, Any]  # the columns of `weighting_step` but its publication


@dataclass(frozen=True, eq=False)
class Weighed:
    """A dataset with its weights, and the steps that made them."""

    dataset: Dataset
    noted: "_Steps | None" = None

    @property
    def steps(self) -> list[StepRow]:
        """Say what each step did; who wants the weights alone is spared the intervals."""
        return [] if self.noted is None else self.noted.rows()


def weigh(dataset: Dataset, cells: Sequence[CellThen], weighting: WeightingThen | None) -> Weighed:
    """Give a class its weights; nobody's change where none was drawn."""
    drawn = dataset.cell != NOT_DRAWN
    if not drawn.any():
        return Weighed(dataset)
    if not drawn.all() and weighting is not None:
        n = int(dataset.n_respondents[~drawn].sum())
        raise WeightingRefused(
            f"{n} phiếu loại A không thuộc ô mẫu nào, nên không tính được quyền số; "
            "hãy nhập lại các phiếu đó với tầng và cụm của chúng."
        )
    steps = _Steps(dataset)
    steps.note("unweighted", np.ones(steps.row.size))
    weight = dataset.weight[steps.row]
    if weighting is None:
        steps.note("base", weight)
        return Weighed(dataset, steps)
    units = Units.of(cells, steps.cell)
    weight = units.base(weight)
    steps.note("base", weight)
    if units.n_counted:
        weight, details = adjusted_for_nonresponse(weight, units, weighting.smallest_cell)
        steps.note("nonresponse", weight, details)
    calibration = None
    if weighting.margins:
        found = raked(weight, dataset, steps.row, weighting.margins)
        weight, calibration = found.weight, found.calibration
        steps.note("raking", weight, found.details, calibration)
    if weighting.trimmed_below is not None or weighting.trimmed_above is not None:
        weight, calibration, details = _trimmed(weight, calibration, weighting)
        steps.note("trimming", weight, details, calibration)
    return Weighed(steps.weighted(weight, calibration), steps)


@dataclass(eq=False)
class _Steps:
    """Everybody who answered, one by one, and what was noted of their weights."""

    dataset: Dataset
    noted: list["_Step"] = field(default_factory=list)

    def __post_init__(self) -> None:
        people = self.dataset.n_respondents
        self.row: Integers = np.repeat(np.arange(people.size), people)
        self.first_of_row: Integers = np.cumsum(people) - people
        self.cell: Integers = self.dataset.cell[self.row]
        self._satisfied, self._valid = self.dataset.answers_to_index()

    def weighted(self, weight: Floats, calibration: Calibration | None) -> Dataset:
        """Give the dataset with everybody's weight."""
        summed = None if calibration is None else calibration.add_up(self.row)
        return replace(self.dataset, weight=weight[self.first_of_row], calibration=summed)

    def note(
        self,
        step: str,
        weight: Floats,
        details: Mapping[str, Any] | None = None,
        calibration: Calibration | None = None,
    ) -> None:
        self.noted.append(_Step(step, weight, details or {}, calibration))

    def rows(self) -> list[StepRow]:
        return [self._row(one) for one in self.noted]

    def _row(self, one: "_Step") -> StepRow:
        found = weight_diagnostics(one.weight)
        by_row = one.weight[self.first_of_row]
        valid = float(by_row @ self._valid)
        return {
            "step": one.step,
            "n": found.n,
            "weight_sum": found.weight_sum,
            "minimum": found.minimum,
            "median": found.median,
            "maximum": found.maximum,
            "design_effect": found.design_effect,
            "effective_n": found.effective_sample_size,
            "value": float(by_row @ self._satisfied) / valid if valid > 0 else None,
            "details": {
                **one.details,
                "interval": _interval(self.weighted(one.weight, one.calibration)),
            },
        }


class _Step(NamedTuple):
    step: str
    weight: Floats
    details: Mapping[str, Any]
    calibration: Calibration | None


def _interval(weighted: Dataset) -> list[float] | None:
    """Give the limits of everybody's index by the design, as those of an office; none where not estimable."""
    wanted = {name: places for name, places in weighted.measures().items() if name == INDEX}
    if not wanted:
        return None
    everybody = np.ones(weighted.weight.size, dtype=np.bool_)
    one = Domains.crossing(None, everybody.size)
    found = weighted.estimates(everybody, weighted.units_of_index, one, wanted)
    low, high = (float(ends[0, 0]) for ends in found.limits(LEVEL, DEFAULT_METHOD))
    return None if np.isnan(low) else [low, high]


def _trimmed(
    weight: Floats, calibration: Calibration | None, weighting: WeightingThen
) -> tuple[Floats, Calibration | None, Mapping[str, Any]]:
    mean = float(weight.mean())
    lower = 0.0 if weighting.trimmed_below is None else weighting.trimmed_below * mean
    upper = np.inf if weighting.trimmed_above is None else weighting.trimmed_above * mean
    try:
        found = trim_weights(weight, lower, upper, calibration=calibration)
    except AnalysisError as error:
        raise WeightingRefused(f"Không cắt được quyền số: {error}.") from error
    details = {
        "lower": lower or None,
        "upper": None if weighting.trimmed_above is None else upper,
        "n_raised": found.n_raised,
        "n_lowered": found.n_lowered,
    }
    return found.weight, found.calibration, details
