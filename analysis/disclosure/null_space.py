"""Which unknowns a system of sums determines exactly: sparse elimination over a prime field."""

from __future__ import annotations

from collections import defaultdict
from heapq import heapify, heappop, heappush
from typing import Final

import numpy as np
from numpy.typing import NDArray

_PRIME: Final = 2**61 - 1
_SEED: Final = 20120709

Row = dict[int, int]
Pivot = tuple[int, Row]


def determined(relation: NDArray[np.int64], cell: NDArray[np.int64], sign: NDArray[np.int64]) -> set[int]:
    """Return the unknown cells whose unit vector lies in the row space of the relations.

    Parameters are the entries of the matrix: row, column, value. A cell is determined if and only
    if all vectors of the null space are 0 there, and a random one of them is 0 elsewhere with
    probability 2**-61 a cell. It is found by Gaussian elimination over the integers modulo the prime
    2**61 - 1, hence without rounding; the field could tell another rank than the rationals only
    where this prime divides a minor of a matrix of 0 and ±1. A cell that only one relation
    names is eliminated at once and fills nothing in, which leaves little of nested tables.
    """
    rows: dict[int, Row] = defaultdict(dict)
    for r, c, s in zip(relation.tolist(), cell.tolist(), sign.tolist(), strict=True):
        rows[r][c] = s % _PRIME
    pivots = _eliminate(rows)
    solved = {c for c, _ in pivots}
    free = sorted(set(cell.tolist()) - solved)
    random = np.random.default_rng(_SEED).integers(1, _PRIME, len(free))
    vector = dict(zip(free, random.tolist(), strict=True))
    for c, others in reversed(pivots):
        vector[c] = -sum(value * vector[other] for other, value in others.items()) % _PRIME
    return {c for c in solved if vector[c] == 0}


def _eliminate(rows: dict[int, Row]) -> list[Pivot]:
    """Solve each row for one cell, in terms of cells that are free or solved later in the list."""
    holders: dict[int, set[int]] = defaultdict(set)
    for r, row in rows.items():
        for c in row:
            holders[c].add(r)
    queue = [(len(held), c) for c, held in holders.items()]
    heapify(queue)
    pivots: list[Pivot] = []
    while queue:
        n_rows, c = heappop(queue)
        if n_rows != len(holders[c]) or not n_rows:
            continue  # said anew when it changed
        touched = _pivot(rows, holders, c, pivots)
        for other in touched:
            if holders[other]:
                heappush(queue, (len(holders[other]), other))
    return pivots


def _pivot(rows: dict[int, Row], holders: dict[int, set[int]], c: int, pivots: list[Pivot]) -> Row:
    """Solve the shortest row that holds the cell for it, and put that into the other rows."""
    r = min(holders[c], key=lambda held: (len(rows[held]), held))
    row = rows.pop(r)
    for other in row:
        holders[other].discard(r)
    inverse = pow(row.pop(c), -1, _PRIME)
    solution = {other: value * inverse % _PRIME for other, value in row.items()}
    touched = dict(solution)
    for held in sorted(holders.pop(c)):
        target = rows[held]
        factor = target.pop(c)
        for other, value in solution.items():
            left = (target.get(other, 0) - factor * value) % _PRIME
            if left:
                target[other] = left
                holders[other].add(held)
            else:
                del target[other]
                holders[other].discard(held)
    holders[c] = set()
    pivots.append((c, solution))
    return touched
