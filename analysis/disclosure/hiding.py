"""The greedy part: hide more cells until no relation by itself tells too much of a hidden one."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.disclosure.ranges import NarrowCell
from analysis.disclosure.relations import CountRelations
from analysis.errors import AnalysisError

_NO_GAIN: Final = 1e-7


class Hiding:
    """The cells hidden so far, and for each relation what its hidden cells leave open.

    A reader knows that a hidden cell holds one at least, for empty ones are shown. So k hidden
    parts of a shown total, together S, can each be anything in a range of width S - k. That is
    the `slack` of the relation, and must reach the minimum of each hidden part. Plain lists: the
    work is many small steps.
    """

    def __init__(
        self,
        counts: NDArray[np.int64],
        relations: CountRelations,
        minimum: NDArray[np.int64],
        preference: list[tuple[bool, float]],
    ) -> None:
        self.counts: list[int] = counts.tolist()
        self.minimum: list[int] = minimum.tolist()
        self.preference = preference
        """Of each cell: dear to hide because shown before, and its cost."""
        self.total: list[int] = relations.total.tolist()
        bounds = relations.start.tolist()
        part = relations.part.tolist()
        self.parts: list[list[int]] = [
            [c for c in part[first:last] if self.counts[c]] for first, last in pairwise(bounds)
        ]
        self.relations_of: list[list[int]] = [[] for _ in self.counts]
        for r, total in enumerate(self.total):
            for c in (total, *self.parts[r]):
                self.relations_of[c].append(r)
        self.is_hidden = [False] * len(self.counts)
        self.n_hidden_parts = [0] * len(self.total)
        self.slack = [0] * len(self.total)
        self.need = [0] * len(self.total)
        self.waiting: deque[int] = deque()

    def mask(self) -> NDArray[np.bool_]:
        """Return (cells,) bool: the cells hidden by now."""
        return np.array(self.is_hidden, dtype=np.bool_)

    def hide(self, cells: Iterable[int]) -> list[int]:
        """Hide these cells and all that their relations then need; return those hidden anew."""
        anew = [c for c in cells if not self.is_hidden[c]]
        for c in anew:
            self._note(c)
        while self.waiting:
            r = self.waiting.popleft()
            while self._tells_too_much(r):
                c = self._best(self._candidates(r), r, needed_by=self._first_hidden(r))
                self._note(c)
                anew.append(c)
        return anew

    def loosen(self, narrow: NarrowCell) -> list[int]:
        """Hide what widens a cell's range by most of what is missing, for the least cost.

        By the prices of the relations, which come from the linear programmes of both ends: one more
        unknown widens the range only where the prices of its relations do not cancel. If no cell that
        may be hidden is such, the range stays as it is whatever one hides.
        """
        room: dict[int, float] = defaultdict(float)
        for prices in narrow.prices:
            for cell, gain in self._gains(prices).items():
                room[cell] += gain
        if not room:
            raise _nothing_left(narrow.cell)
        enough = [cell for cell, gain in room.items() if gain >= narrow.missing]
        if enough:
            return self.hide([min(enough, key=lambda c: (*self._price(c, None), c))])
        return self.hide([max(room, key=lambda c: (room[c], -c))])

    def _gains(self, prices: dict[int, float]) -> dict[int, float]:
        """Return how far each shown cell, if it were hidden, could move the end of a range."""
        slope: dict[int, float] = defaultdict(float)
        for r, price in prices.items():
            for c in self.parts[r]:
                slope[c] += price
            slope[self.total[r]] -= price
        return {
            c: float("inf") if gain > 0 else -gain * (self.counts[c] - 1)
            for c, gain in slope.items()
            if self._may_be_hidden(c) and (gain > _NO_GAIN or (gain < -_NO_GAIN and self.counts[c] > 1))
        }

    def _note(self, cell: int) -> None:
        self.is_hidden[cell] = True
        for r in self.relations_of[cell]:
            if self.total[r] != cell:
                self.n_hidden_parts[r] += 1
                self.slack[r] += self.counts[cell] - 1
                self.need[r] = max(self.need[r], self.minimum[cell])
            self.waiting.append(r)

    def _tells_too_much(self, r: int) -> bool:
        if self.is_hidden[self.total[r]]:
            return self.n_hidden_parts[r] == 0
        n = self.n_hidden_parts[r]
        return n == 1 or (n > 1 and self.slack[r] < self.need[r])

    def _first_hidden(self, r: int) -> int:
        return next(c for c in (self.total[r], *self.parts[r]) if self.is_hidden[c])

    def _candidates(self, r: int) -> list[int]:
        return [c for c in (self.total[r], *self.parts[r]) if self._may_be_hidden(c)]

    def _may_be_hidden(self, cell: int) -> bool:
        return not self.is_hidden[cell] and self.counts[cell] > 0 and self.preference[cell][1] != float("inf")

    def _best(self, candidates: list[int], r: int, needed_by: int) -> int:
        """Choose the cheapest candidate that suffices by itself, else the largest."""
        if not candidates:
            raise _nothing_left(needed_by)
        enough = [c for c in candidates if self._suffices(c, r)]
        if enough:
            return min(enough, key=lambda c: (*self._price(c, r), c))
        return max(candidates, key=lambda c: (self.counts[c], -c))

    def _suffices(self, cell: int, r: int) -> bool:
        if cell == self.total[r] or self.is_hidden[self.total[r]]:
            return True
        return self.slack[r] + self.counts[cell] - 1 >= max(self.need[r], self.minimum[cell])

    def _price(self, cell: int, r: int | None) -> tuple[bool, float]:
        """Count the cost again for each other relation in which this would be the first hidden cell."""
        shown_before, cost = self.preference[cell]
        first_in = sum(
            other != r and not self.n_hidden_parts[other] and not self.is_hidden[self.total[other]]
            for other in self.relations_of[cell]
        )
        return shown_before, cost * (1 + first_in)


def _nothing_left(cell: int) -> AnalysisError:
    return AnalysisError("costs", "leave enough cells to hide: nothing is left to protect cell", cell)
