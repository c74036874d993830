"""Nonresponse of the drawn sample: who answered stands for all eligible units of the weighting cell.

A weighting cell belongs to its stratum.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from analysis import adjust_nonresponse, adjust_unknown_eligibility
from survey_app.models.recipe import CellThen
from survey_app.publish.figures.design import Floats, Integers, WeightingRefused

ANSWERED, ELIGIBLE, UNKNOWN, INELIGIBLE = range(4)
Name = tuple[str, str]  # of a stratum, and of a weighting cell in it


@dataclass(frozen=True, eq=False)
class Units:
    """What became of the issued units of each cell; cells are numbered from one, as rows name them."""

    cells: Sequence[CellThen]
    cell_of_person: Integers
    n_answered: Integers  # responses that count, by cell; 0 stands before the first one

    @classmethod
    def of(cls, cells: Sequence[CellThen], cell_of_person: Integers) -> "Units":
        found = cls(cells, cell_of_person, np.bincount(cell_of_person, minlength=len(cells) + 1))
        for cell, n in zip(cells, found.n_answered[1:].tolist(), strict=True):
            if cell.units is not None and n > cell.units.n_issued:
                raise WeightingRefused(
                    f"Ô mẫu {cell.stratum}, {cell.psu}, {cell.weighting_cell or '-'} có {n} phiếu "
                    f"nhưng chỉ mời {cell.units.n_issued} đơn vị; "
                    "hãy kiểm tra phiếu nhập tay và kết quả thực địa."
                )
        return found

    @property
    def n_counted(self) -> int:
        """Count who answered in cells that were drawn here."""
        return sum(groups[ANSWERED] for _place, _cell, groups in self.groups())

    def base(self, weight: Floats) -> Floats:
        """Spread the design weights of a cell's main units over its issued ones."""
        spread = [1.0] + [
            1.0 if cell.units is None else cell.units.n_drawn / cell.units.n_issued for cell in self.cells
        ]
        base: Floats = weight * np.array(spread)[self.cell_of_person]
        return base

    def groups(self) -> Iterator[tuple[int, CellThen, tuple[int, int, int, int]]]:
        """Give each counted cell's place, and its answers that count, other eligible, unknown, ineligible.

        An answer that was voided is none; one whose unit was not entered as answering was of unknown outcome.
        """
        for place, cell in enumerate(self.cells, start=1):
            if cell.units is not None:
                n, units = int(self.n_answered[place]), cell.units
                unknown = max(units.unknown - max(n - units.respondents, 0), 0)
                ineligible = min(units.ineligible, units.n_issued - n - unknown)
                yield place, cell, (n, units.n_issued - n - unknown - ineligible, unknown, ineligible)


def adjusted_for_nonresponse(
    weight: Floats, units: Units, smallest_cell: int
) -> tuple[Floats, Mapping[str, Any]]:
    """Let who answered stand for all eligible units of the weighting cell, known or not."""
    counted = list(units.groups())
    names, joint_of = _joined(counted, smallest_cell)
    factor_of_cell = np.ones(len(units.cells) + 1)
    base, known, answered, eligible, joint = [], [], [], [], []
    n_unknown = [0] * len(names)
    for _place, cell, groups in counted:
        n_unknown[joint_of[cell.stratum, cell.weighting_cell]] += groups[UNKNOWN]
        assert cell.units is not None
        base.append(np.full(sum(groups), cell.weight * cell.units.n_drawn / cell.units.n_issued))
        kinds = np.repeat(np.arange(INELIGIBLE + 1), groups)
        known.append(kinds != UNKNOWN)
        eligible.append(kinds <= ELIGIBLE)
        answered.append(kinds == ANSWERED)
        joint.append(np.full(sum(groups), joint_of[cell.stratum, cell.weighting_cell]))
    of_unit = np.concatenate(joint)
    whole = np.concatenate(base)
    known_weight = adjust_unknown_eligibility(whole, np.concatenate(known), of_unit, min_known=1)
    left = known_weight.weight * np.concatenate(eligible)
    adjusted = adjust_nonresponse(left, np.concatenate(answered), of_unit, min_respondents=1)
    for_unknown = {int(str(one.name)): one for one in known_weight.cells}
    for_silent = {int(str(one.name)): one for one in adjusted.cells}
    for place, cell, _groups in counted:
        number = joint_of[cell.stratum, cell.weighting_cell]
        factor_of_cell[place] = for_unknown[number].factor * for_silent[number].factor
    table = [
        {
            "members": [list(name) for name in members],
            "n_issued": for_unknown[number].n_cases,
            "n_eligible": for_silent[number].n_cases,
            "n_answered": for_silent[number].n_responded,
            "n_unknown": n_unknown[number],
            "response_rate": 1 / (for_unknown[number].factor * for_silent[number].factor),
            "factor": for_unknown[number].factor * for_silent[number].factor,
        }
        for number, members in enumerate(names)
    ]
    return weight * factor_of_cell[units.cell_of_person], {"cells": table}


def _joined(
    counted: Sequence[tuple[int, CellThen, tuple[int, int, int, int]]], smallest_cell: int
) -> tuple[list[list[Name]], Mapping[Name, int]]:
    """Join the weighting cells of a stratum in the order of their names until each holds enough answers.

    Strata answer at different rates, so each has cells of its own; what is left over at the end of one joins
    its last cell. A stratum in which nobody answered joins the next one, or is joined by the one before.
    """
    n_answered: dict[str, dict[str, int]] = {}
    for _place, cell, groups in counted:
        of_stratum = n_answered.setdefault(cell.stratum, {})
        of_stratum[cell.weighting_cell] = of_stratum.get(cell.weighting_cell, 0) + groups[ANSWERED]
    joint: list[list[Name]] = []
    silent: list[Name] = []
    for stratum in sorted(n_answered):
        named = [(stratum, name) for name in sorted(n_answered[stratum])]
        if not any(n_answered[stratum].values()):
            silent += named
            continue
        runs = _runs(named, [n_answered[stratum][name] for _stratum, name in named], smallest_cell)
        runs[0] = silent + runs[0]
        silent = []
        joint += runs
    if silent and joint:
        joint[-1] += silent
    return joint, {name: number for number, members in enumerate(joint) for name in members}


def _runs(named: Sequence[Name], n_answered: Sequence[int], smallest_cell: int) -> list[list[Name]]:
    """Cut names into runs that each hold enough answers; a short rest joins the last, or is all there is."""
    runs: list[list[Name]] = []
    held: list[Name] = []
    n_held = 0
    for name, n in zip(named, n_answered, strict=True):
        held.append(name)
        n_held += n
        if n_held >= smallest_cell:
            runs.append(held)
            held, n_held = [], 0
    if held and runs:
        runs[-1] += held
    elif held:
        runs.append(held)
    return runs
