"""What the variance of raked weights needs beside sums of sampling units: how levels meet, and where.

Raked weights make the variance that of residuals. The influence of answers is regressed on the levels raked
to (base weights; Deville and Särndal 1992), and what they explain is taken off in every sampling unit, also
in those of other offices. So three tables do: the weight of each level in each unit, what each office
answered by level, and how much base weight levels have in common.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np

from analysis import Calibration
from survey_app.publish.figures.dataset import Dataset
from survey_app.publish.figures.design import Floats, Integers, Units
from survey_app.publish.handover.codebook import Line

OF_UNITS: Final = ("class", "measures", "psu", "level", "w")
OF_PAIRS: Final = ("class", "level", "other_level", "w_base")
OF_OFFICES: Final = ("class", "office", "level", "n_forms")  # and two numbers an item


class RakingSums:
    """The levels that a class was raked to, by number: those of the largest variable come first."""

    def __init__(self, dataset: Dataset, calibration: Calibration) -> None:
        self._dataset, self._calibration = dataset, calibration
        group = calibration.group
        self._n_groups = 0 if group is None else int(group.max()) + 1
        later = calibration.later_factor
        self._later: Floats = np.ones(dataset.weight.size) if later is None else later
        rows, columns = np.nonzero(calibration.auxiliary)
        everybody = np.arange(dataset.weight.size if group is not None else 0)
        self._row: Integers = np.concatenate([everybody, rows])
        self._level: Integers = np.concatenate(
            [everybody if group is None else group, self._n_groups + columns]
        )
        self._value: Floats = np.concatenate([np.ones(everybody.size), calibration.auxiliary[rows, columns]])

    def of_units(self, units: Units) -> Iterator[tuple[int, int, float]]:
        """Give unit, level and the sum of weights as raked, before any cut."""
        weight = self._dataset.weight * self._dataset.n_respondents / self._later
        keys, (total,) = _added((units.psu[self._row], self._level), weight[self._row] * self._value)
        for (psu, level), one in zip(keys.tolist(), total.tolist(), strict=True):
            yield psu, level + 1, one

    def of_pairs(self) -> Iterator[tuple[int, int, float]]:
        """Give two levels and the base weight of who is in both, each pair once."""
        base, auxiliary = self._calibration.base_weight, self._calibration.auxiliary
        weighted, n = base[:, None] * auxiliary, self._n_groups
        found = np.zeros((n + auxiliary.shape[1],) * 2)
        found[n:, n:] = auxiliary.T @ weighted
        if self._calibration.group is not None:
            np.add.at(found[:n, n:], self._calibration.group, weighted)
            np.fill_diagonal(found[:n, :n], np.bincount(self._calibration.group, base, n))
        for level, other in np.argwhere(np.triu(found)).tolist():
            yield level + 1, other + 1, float(found[level, other])

    def of_offices(self, code_of: Mapping[int, str]) -> Iterator[tuple[str, int, int, list[float]]]:
        """Give office, level, how many forms, and base weights of valid and satisfied answers by item."""
        data = self._dataset
        per_form = self._calibration.base_weight / np.maximum(data.n_respondents, 1) * self._later
        by_item = np.stack([data.valid, data.satisfied], axis=2).reshape(per_form.size, -1)
        numbers = (per_form[:, None] * by_item)[self._row] * self._value[:, None]
        keys, (forms, total) = _added(
            (data.office[self._row], self._level), data.n_respondents[self._row], numbers
        )
        for (office, level), n, cells in zip(keys.tolist(), forms.tolist(), total.tolist(), strict=True):
            yield code_of[office], level + 1, n, cells


def _added(keys: tuple[Integers, Integers], *columns: Any) -> tuple[Integers, Sequence[Any]]:
    """Add up columns over the rows of each pair of keys."""
    found, place = np.unique(np.column_stack(keys), axis=0, return_inverse=True)
    sums = []
    for column in columns:
        total = np.zeros((len(found), *column.shape[1:]), dtype=column.dtype)
        np.add.at(total, place.reshape(-1), column)
        sums.append(total)
    return found, sums


def head_of_offices(n_columns: int) -> Line:
    names = (f"base_{name}_{number}" for number in range(1, n_columns + 1) for name in ("valid", "satisfied"))
    return (*OF_OFFICES, *names)
