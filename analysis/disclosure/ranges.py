"""How far each hidden count could differ from the truth: feasible tables, found by linear programming."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Booleans = NDArray[np.bool_]
Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

_TOLERANCE: Final = 1e-6  # of the solver, on counts
_SEED: Final = 20120709


class NarrowCell(NamedTuple):
    """A hidden cell of too narrow a range, and the relations that hold it so."""

    cell: int
    missing: float
    """By how much its range is too narrow."""
    prices: tuple[dict[int, float], dict[int, float]]
    """By relation, how its lowest and its negative highest value change with the relation's sum."""

    @property
    def holding(self) -> set[int]:
        """Return the relations that have a price."""
        return set().union(*self.prices)


@dataclass(frozen=True, eq=False)
class HiddenSystem:
    """Hidden counts x >= 1 with matrix @ x = matrix @ count: all that a reader knows of them.

    The minimum of each count is the width that its range should have. `low` and `high` are what it
    was seen to be in possible tables; they are widened in place. `relations` and `cells` are the
    names of rows and columns.
    """

    matrix: csr_array[Any]
    relations: Integers
    cells: Integers
    count: Integers
    minimum: Integers
    low: Floats
    high: Floats

    def narrow(self, is_left: Callable[[int], bool] = lambda cell: False) -> Iterator[NarrowCell]:
        """Give the cells that have a range narrower than their minimum, one after the other.

        A count that differs by its minimum between two possible tables is wide. Each new table
        comes from one linear programme that gains for each count not yet known to be wide as it
        rises from the lowest seen, up to the minimum; random prices decide between rivals. A cell
        that none of them widens gets two programmes of its own, unless `is_left` says to leave it.
        """
        self._lift_all()
        for place in self._open().tolist():
            cell = int(self.cells[place])
            if self._missing(place) <= 0 or is_left(cell):
                continue
            prices = self._reach(place, 1), self._reach(place, -1)
            if self._missing(place) > 0:
                yield NarrowCell(cell, self._missing(place), prices)

    def _open(self) -> Integers:
        return np.flatnonzero(self.high - self.low < self.minimum)

    def _missing(self, place: int) -> float:
        return float(self.minimum[place] - (self.high[place] - self.low[place]))

    def _lift_all(self) -> None:
        random = np.random.default_rng(_SEED)
        n_before, open_ = -1, self._open()
        while open_.size and open_.size != n_before:
            self._see(self._lift(open_, random.uniform(0.1, 1.0, open_.size)))
            n_before, open_ = open_.size, self._open()

    def _reach(self, place: int, sign: int) -> dict[int, float]:
        """See a table in which one count is as low (sign 1) or high (sign -1) as can be; return prices.

        High stops at twice its minimum above the truth: more is never asked, and nothing may bound it.
        """
        cost = np.zeros(self.count.size)
        cost[place] = sign
        high = np.full(cost.size, np.inf)
        high[place] = self.count[place] + 2 * self.minimum[place]
        table, prices = _solve(cost, self.matrix, self._known, np.ones(cost.size), high)
        self._see(table)
        paid = np.flatnonzero(np.abs(prices) > _TOLERANCE)
        return dict(zip(self.relations[paid].tolist(), prices[paid].tolist(), strict=True))

    def _see(self, table: Floats) -> None:
        """Note a possible table, rounded inwards to whole numbers."""
        np.minimum(self.low, np.ceil(table - _TOLERANCE), out=self.low)
        np.maximum(self.high, np.floor(table + _TOLERANCE), out=self.high)

    def _lift(self, open_: Integers, price: Floats) -> Floats:
        """Return the table that gains most: each count is low + up + beyond - down, its gain by up - down."""
        from scipy.sparse import hstack  # here: `import analysis` and its names load no heavy part

        n = self.count.size
        base = np.ones(n)
        base[open_] = self.low[open_]
        columns = self.matrix[:, open_]
        found, _ = _solve(
            np.concatenate([np.zeros(n), -price, price]),
            hstack([self.matrix, columns, -columns], format="csr"),
            self._known - self.matrix @ base,
            np.zeros(n + 2 * open_.size),
            np.concatenate([np.full(n, np.inf), self.minimum[open_], base[open_] - 1]),
        )
        table = base + found[:n]
        table[open_] += found[n : n + open_.size] - found[n + open_.size :]
        return table

    @cached_property
    def _known(self) -> Floats:
        known: Floats = self.matrix @ self.count.astype(np.float64)
        return known


def _solve(
    cost: Floats, matrix: csr_array[Any], sums: Floats, low: Floats, high: Floats
) -> tuple[Floats, Floats]:
    """Minimise cost · x with matrix @ x = sums and low <= x <= high; return x and the sums' prices."""
    from scipy.optimize import linprog  # here: `import analysis` and its names load no heavy part

    bounds = np.column_stack([low, high])
    result = linprog(cost, A_eq=matrix, b_eq=sums, bounds=bounds, method="highs")  # type: ignore[call-overload]  # the stubs know no sparse matrix here
    if result.status != 0:
        raise ArithmeticError(f"the solver gave up: {result.message}")
    return result.x, result.eqlin.marginals
