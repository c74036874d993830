"""Which weighted figures, as the public reads them, give away answers of the few people of some weight.

Only what the public sees is asked: offices as a whole, and groups of respondents. Staff see figures of five
people as they are, and leads the weights themselves, so nothing is hidden inside for this. Nor where there
are many weights, as after raking: a few can be guessed from several shares of the same people, while whoever
knows many to the last digit has been given the sums themselves.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from survey_app.models.breakdown import INDEX
from survey_app.publish.figures.breakdowns import Group, Names, Scope
from survey_app.publish.figures.dataset import Dataset
from survey_app.publish.figures.design import Floats, Integers
from survey_app.publish.figures.estimates import FigureRow
from survey_app.publish.hiding.linked_sums import CellKey
from survey_app.publish.hiding.reachable_sums import Classes, fixes_a_few
from survey_app.publish.suppression import is_few
from survey_app.web.formatting import rounded_percent

# Above, an answer weighs less than half the interval on average, so one more or one less is made up for by
# others: sums lie dense. Parents of many offices, whose weights are thousands, are not asked for that.
MOST_ANSWERS = 2_000
MOST_WEIGHTS = 8  # that somebody may guess
DIGITS, MORE_DIGITS = 1, 2  # of percent: pages give one more where one would contradict the verdict
NEAR = 0.001  # no verdict contradicts a value that is farther from the target
SLACK = 1e-9  # floats add up in no certain order
ALIKE_DIGITS = 12  # weights that differ by less are the same
Figures = Mapping[CellKey, FigureRow]


@dataclass(frozen=True)
class Readers:
    """What the public is told beside the figures: from how many people on, and against which target."""

    minimum: int
    target: float


def given_away(
    dataset: Dataset, scope: Scope, names: Names, figures: Iterable[FigureRow], readers: Readers
) -> set[CellKey]:
    """Name the figures whose printed values fix what a few people of the same weight answered."""
    if not dataset.weight.size or np.ptp(dataset.weight) <= SLACK * dataset.weight.max():
        return set()  # plain counts
    asked = {
        CellKey(row["office_id"], row["measure"], row["breakdown"]): row
        for row in figures
        if row["value"] is not None
        and row["n_answers"] <= MOST_ANSWERS
        and not is_few(row["n_people"], readers.minimum)
    }
    found: set[CellKey] = set()
    for group in scope.groups(dataset):
        if group.kind in ("", "group"):
            found.update(_of_group(dataset, group, names, asked, readers))
    return found


def _of_group(
    dataset: Dataset, group: Group, names: Names, asked: Figures, readers: Readers
) -> Iterator[CellKey]:
    by_weight = _ByWeight.of(dataset, group, {key.office_id for key in asked})
    if not by_weight.domains:
        return
    wanted = dataset.measures()
    for measure in [INDEX] if group.kind else wanted:
        counts = by_weight.counts(dataset, wanted.get(measure, ()))
        for office_id, part, rows in by_weight.domains:
            key = CellKey(office_id, measure, names.of(group.kind, part))
            if key not in asked:
                continue
            classes = Classes(by_weight.weight[rows], *counts[:, rows])
            if fixes_a_few(classes, *_limits_read(asked[key]["value"], measure, readers.target)):
                yield key


def _limits_read(value: float, measure: str, target: float) -> tuple[float, float]:
    """Give between which shares lies what prints as this one."""
    digits = MORE_DIGITS if measure == INDEX and abs(value - target) < NEAR else DIGITS
    printed = float(rounded_percent(value, digits)) / 100
    half = 0.5 * 10.0 ** -(digits + 2) - SLACK
    return printed - half, printed + half


@dataclass(frozen=True, eq=False)
class _ByWeight:
    """The rows of a group, those of the same figure and weight side by side."""

    order: Integers  # places of the rows in the dataset
    first: Integers  # of each weight of each figure, among these
    weight: Floats
    domains: list[tuple[int, int, slice]]  # office, part, its weights, if they are few

    @classmethod
    def of(cls, dataset: Dataset, group: Group, offices: set[int]) -> "_ByWeight":
        kept = np.isin(group.office, list(offices))
        rows = np.flatnonzero(group.rows)[kept]
        office, part = group.office[kept], group.part[kept]
        scale = dataset.weight.max()
        weight = np.round(dataset.weight[rows] / scale, ALIKE_DIGITS)
        order = np.lexsort((weight, part, office))
        keys = np.stack([office, part, weight])[:, order]
        is_new = np.ones(order.size, dtype=np.bool_)
        is_new[1:] = (keys[:, 1:] != keys[:, :-1]).any(axis=0)
        first = np.flatnonzero(is_new)
        return cls(rows[order], first, keys[2, first], list(_runs_of_few(keys[:2, first])))

    def counts(self, dataset: Dataset, columns: Sequence[int]) -> Integers:
        """Count people (at least), answers and satisfied answers to a measure, by weight."""
        cells = np.ix_(self.order, np.array(columns, dtype=np.int64))
        valid, satisfied = (
            np.add.reduceat(table[cells], self.first, axis=0) for table in (dataset.valid, dataset.satisfied)
        )
        return np.stack([valid.max(axis=1), valid.sum(axis=1), satisfied.sum(axis=1)]).astype(np.int64)


def _runs_of_few(names: Floats) -> Iterator[tuple[int, int, slice]]:
    """Give office, part and place of those that have no more weights than somebody may guess."""
    is_other = (names[:, 1:] != names[:, :-1]).any(axis=0)
    ends = [0, *(np.flatnonzero(is_other) + 1).tolist(), names.shape[1]]
    for start, end in pairwise(ends):
        if 0 < end - start <= MOST_WEIGHTS:
            office_id, part = names[:, start].astype(np.int64).tolist()
            yield office_id, part, slice(start, end)
