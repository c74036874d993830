"""Change between two drawn waves that share sampling units, of which both are estimated together.

What the units have in common then leaves the interval of the difference. Strata and PSUs of the two are one
where they bear one name; weights are those of each wave.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from analysis import (
    Calibration,
    DesignTable,
    Domains,
    Estimates,
    change_columns,
    index_of_sums,
    tally_counts,
)
from survey_app.models.breakdown import INDEX
from survey_app.publish.counting.tallies import NOT_DRAWN
from survey_app.publish.figures.dataset import Dataset
from survey_app.publish.figures.design import LONE_PSU, Floats, Integers
from survey_app.publish.terms import LEVEL

EARLIER: Final = 0
LATER: Final = 1
PsuName = tuple[str, str]  # stratum and unit


@dataclass(frozen=True, eq=False)
class Side:
    """A wave as it is compared: its weighed counts, its sampling units, and who lies below an office."""

    dataset: Dataset
    psu_of_cell: Sequence[PsuName]  # cells are numbered from one
    subtrees: Mapping[str, set[int]]  # by the office's code: numbers of this wave

    @property
    def is_drawn(self) -> bool:
        return bool((self.dataset.cell != NOT_DRAWN).all())

    def shares_units_with(self, other: "Side") -> bool:
        return self.is_drawn and other.is_drawn and not set(self.psu_of_cell).isdisjoint(other.psu_of_cell)


def changes_of_overlap(earlier: Side, later: Side) -> Iterator[tuple[str, dict[str, Any]]]:
    """Give code and change of each office that both waves have, as `Estimates.columns` names its parts."""
    stacked = _Stacked.of(earlier, later)
    both = sorted(earlier.subtrees.keys() & later.subtrees.keys())
    for some in _passes(earlier, later, both):
        estimates = stacked.index((earlier, later), some)
        found, cells = change_columns(estimates, "wave", earlier=EARLIER, later=LATER, level=LEVEL)
        columns = {name: column[:, 0].tolist() for name, column in cells.items()}
        for place, labels in enumerate(found.domains.labels):
            yield some[labels["office"]], {name: column[place] for name, column in columns.items()}


def _passes(earlier: Side, later: Side, offices: Sequence[str]) -> list[list[str]]:
    """Lay offices into passes in each of which none shares a row with another."""
    passes: list[tuple[list[str], list[set[int]]]] = []
    for office in sorted(offices, key=lambda one: len(later.subtrees[one])):
        below = [side.subtrees[office] for side in (earlier, later)]
        for some, taken in passes:
            if all(one.isdisjoint(theirs) for one, theirs in zip(below, taken, strict=True)):
                some.append(office)
                for one, theirs in zip(below, taken, strict=True):
                    theirs |= one
                break
        else:
            passes.append(([office], [set(one) for one in below]))
    return [some for some, _ in passes]


@dataclass(frozen=True, eq=False)
class _Stacked:
    """The rows of both waves, the earlier first, each with what it says of the index."""

    psu: Integers
    table: DesignTable
    n_respondents: Integers
    satisfied: Integers
    valid: Integers
    weight: Floats
    calibration: Calibration | None

    @classmethod
    def of(cls, *sides: Side) -> "_Stacked":
        names = sorted({name for side in sides for name in side.psu_of_cell})
        psu_of = {name: place for place, name in enumerate(names)}
        strata = {stratum: place for place, stratum in enumerate(sorted({name[0] for name in names}))}
        cells = [np.array([0, *(psu_of[name] for name in side.psu_of_cell)]) for side in sides]
        data = [side.dataset for side in sides]
        satisfied, valid = zip(*(one.answers_to_index() for one in data), strict=True)
        return cls(
            np.concatenate([of_cell[one.cell] for of_cell, one in zip(cells, data, strict=True)]),
            DesignTable(np.array([strata[stratum] for stratum, _ in names]), lone_psu=LONE_PSU),
            np.concatenate([one.n_respondents for one in data]),
            np.concatenate(satisfied),
            np.concatenate(valid),
            np.concatenate([one.weight for one in data]),
            _side_by_side(data),
        )

    def index(self, sides: Sequence[Side], offices: Sequence[str]) -> Estimates:
        """Estimate the index of some offices in each wave."""
        codes = []
        for wave, side in enumerate(sides):
            place_of = {
                number: place for place, office in enumerate(offices) for number in side.subtrees[office]
            }
            known, rows = np.unique(side.dataset.office, return_inverse=True)
            found = np.array([place_of.get(one, -1) for one in known.tolist()], dtype=np.int64)[rows]
            codes.append(np.where(found < 0, -1, 2 * found + wave))
        code = np.concatenate(codes)
        present, place = np.unique(code[code >= 0], return_inverse=True)
        code[code >= 0] = place
        labels = tuple({"office": one // 2, "wave": one % 2} for one in present.tolist())
        sums = tally_counts(
            self.psu, self.n_respondents, self.satisfied[:, None], self.valid[:, None], self.weight
        )
        measures = {INDEX: [0]}
        return index_of_sums(sums, self.table, Domains(code, labels), measures, calibration=self.calibration)


def _side_by_side(data: Sequence[Dataset]) -> Calibration | None:
    """Give one calibration of all rows, in which each wave has its own auxiliaries, if it has any."""
    if all(one.calibration is None for one in data):
        return None
    columns = [_columns(one) for one in data]
    width = sum(of_wave.shape[1] for of_wave in columns)
    auxiliary, base, later, before = [], [], [], 0
    for one, of_wave in zip(data, columns, strict=True):
        table = np.zeros((of_wave.shape[0], width))
        table[:, before : before + of_wave.shape[1]] = of_wave
        before += of_wave.shape[1]
        auxiliary.append(table)
        known = one.calibration
        base.append(one.weight * one.n_respondents if known is None else known.base_weight)
        factor = None if known is None else known.later_factor
        later.append(np.ones(one.weight.size) if factor is None else factor)
    people = np.concatenate([one.n_respondents for one in data])
    return Calibration(np.concatenate(auxiliary), np.concatenate(base), None, np.concatenate(later), people)


def _columns(one: Dataset) -> Floats:
    """Give a wave's auxiliaries, with a column for each group; none where nothing was calibrated."""
    if one.calibration is None:
        return np.zeros((one.weight.size, 0))
    found, group = one.calibration.auxiliary, one.calibration.group
    if group is None:
        return found
    return np.hstack([found, np.equal.outer(group, np.unique(group)).astype(np.float64)])
