"""Small random publications of linked tables, and slow, independent answers to what can be worked out."""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.optimize import Bounds, LinearConstraint, milp

from analysis.disclosure.relations import CountRelations

FAR = 60
"""As far above the truth as the slow answers look; each minimum of the tests lies well below."""


@dataclass(frozen=True)
class Publication:
    counts: np.ndarray
    relations: CountRelations

    def matrix(self) -> np.ndarray:
        """One row per relation: +1 for parts, -1 for the total."""
        rows = np.zeros((len(self.relations), self.counts.size), dtype=int)
        rows[self.relations.relation_of_part, self.relations.part] = 1
        rows[np.arange(len(self.relations)), self.relations.total] = -1
        return rows


class _Cells:
    def __init__(self) -> None:
        self.counts: list[int] = []

    def add(self, count: int) -> int:
        self.counts.append(int(count))
        return len(self.counts) - 1

    def sum_of(self, cells: list[int]) -> int:
        return self.add(sum(self.counts[cell] for cell in cells))


@st.composite
def publications(draw: st.DrawFn, largest: int = 4) -> Publication:
    """Offices by items with totals of both; factors of items; offices by months, as the pages show them."""
    n_offices, n_items = draw(st.integers(1, largest)), draw(st.integers(1, largest))
    count = st.sampled_from([0, 1, 1, 2, 3, 4, 5, 8, 12, 20, 40])
    body = draw(hnp.arrays(np.int64, (n_offices, n_items), elements=count))
    cells, pairs = _Cells(), []

    def add_up(parts: list[int]) -> int:
        pairs.append((cells.sum_of(parts), parts))
        return pairs[-1][0]

    item = [[cells.add(n) for n in row] for row in body]
    index = [add_up(row) for row in item]
    item_of_all = [add_up(list(column)) for column in zip(*item, strict=True)]
    index_of_all = add_up(index)
    pairs.append((index_of_all, item_of_all))
    if n_items > 2:
        factors = [[add_up(row[:2]), add_up(row[2:])] for row in [*item, item_of_all]]
        pairs += zip([*index, index_of_all], factors, strict=True)
        pairs += [(factors[-1][j], [factor[j] for factor in factors[:-1]]) for j in range(2)]
    for office in index:
        if draw(st.booleans()):
            first = draw(st.integers(0, cells.counts[office]))
            second = draw(st.integers(0, cells.counts[office] - first))
            months = [first, second, cells.counts[office] - first - second]
            pairs.append((office, [cells.add(n) for n in months]))
    return Publication(np.array(cells.counts), CountRelations.of(pairs))


@st.composite
def overlapping_totals(draw: st.DrawFn) -> Publication:
    """Totals of any groups of a few cells, as no table has them: together they tell much."""
    counts = draw(st.lists(st.sampled_from([0, 1, 2, 3, 5, 8, 12, 20]), min_size=3, max_size=6))
    group = st.sets(st.integers(0, len(counts) - 1), min_size=2, max_size=3).map(sorted)
    groups = draw(st.lists(group, min_size=2, max_size=6))
    cells = _Cells()
    for count in counts:
        cells.add(count)
    pairs = [(cells.sum_of(parts), parts) for parts in groups]
    return Publication(np.array(cells.counts), CountRelations.of(pairs))


def solved_by_fractions(publication: Publication, hidden: np.ndarray) -> set[int]:
    """The hidden cells that follow exactly: rows of the reduced echelon form with one entry."""
    places = np.flatnonzero(hidden)
    rows = [[Fraction(int(n)) for n in row] for row in publication.matrix()[:, places] if row.any()]
    rank = 0
    for column in range(places.size):
        pivot = next((i for i in range(rank, len(rows)) if rows[i][column]), None)
        if pivot is None:
            continue
        rows[rank], rows[pivot] = rows[pivot], rows[rank]
        rows[rank] = [n / rows[rank][column] for n in rows[rank]]
        for i, row in enumerate(rows):
            if i != rank and row[column]:
                rows[i] = [n - row[column] * m for n, m in zip(row, rows[rank], strict=True)]
        rank += 1
    entries = [np.flatnonzero([n != 0 for n in row]) for row in rows[:rank]]
    return {int(places[found[0]]) for found in entries if found.size == 1}


def whole_number_widths(publication: Publication, hidden: np.ndarray) -> dict[int, int]:
    """By hidden cell, the width of all that it can be in whole numbers, up to FAR above the truth."""
    places = np.flatnonzero(hidden)
    matrix, count = publication.matrix()[:, places], publication.counts[places]
    sums = matrix @ count
    widths = {}
    for k, place in enumerate(places.tolist()):
        cost = (np.arange(places.size) == k) * 1.0
        bounds = Bounds(1, np.where(cost > 0, count + FAR, np.inf))
        ends = [
            milp(
                sign * cost,
                integrality=np.ones(places.size),
                bounds=bounds,
                constraints=LinearConstraint(matrix, sums, sums),
            ).fun
            for sign in (1, -1)
        ]
        widths[place] = round(-ends[1] - ends[0])
    return widths
