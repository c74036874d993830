"""Whether a rounded weighted share fixes what a few people answered, for whoever knows all weights.

A share is a sum of weights over the sum of all; answers of the same weight make a class. Of a class of few
people a reader learns the answers if the sums that round to what is printed all have the same number of its
answers satisfied. It makes no difference whether these were satisfied or not: else what is hidden would say
by itself that somebody was not.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil, floor

import numpy as np
from numpy.typing import NDArray

FEW = 5  # so many people of one weight hide one another
# Sums lie on a grid, and a reach is only believed inside the interval by all that the grid may be wrong.
COARSE, FINE = 1, 8  # steps of the interval for each answer
MOST_STEPS = 1 << 22  # of all weights: half a megabyte

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Classes:
    """The answers to one measure by their weights, which are sorted and differ."""

    weight: Floats
    n_people: Integers  # at least
    n: Integers  # answers
    satisfied: Integers

    @property
    def total(self) -> float:
        return float(self.weight @ self.n)


def fixes_a_few(classes: Classes, low: float, high: float) -> bool:
    """Whether all shares between these limits have the same answers of some class of few people."""
    has_few = (classes.n > 0) & (classes.n_people < FEW)
    if np.count_nonzero(classes.n) < 2:
        return False  # who are of one weight are a plain count
    if low <= 1 <= high:
        return False  # that all are satisfied is nobody's secret
    places = np.flatnonzero(has_few).tolist()
    return any(_is_alone(classes, place, (low * classes.total, high * classes.total)) for place in places)


def _is_alone(classes: Classes, place: int, ends: tuple[float, float]) -> bool:
    """Whether one number of satisfied answers alone of this class leads between these sums."""
    return all(_is_alone_on_grid(classes, place, ends, fineness) for fineness in (COARSE, FINE))


def _is_alone_on_grid(classes: Classes, place: int, ends: tuple[float, float], fineness: int) -> bool:
    total = classes.total
    wanted = fineness * int(classes.n.sum()) * total / max(ends[1] - ends[0], total / MOST_STEPS)
    scale = min(MOST_STEPS, ceil(wanted)) / total
    weights = classes.weight * scale
    rounded = np.rint(weights)
    margin = float(np.abs(weights - rounded) @ classes.n)
    first, last = ends[0] * scale + margin, ends[1] * scale - margin
    steps, counts = rounded.astype(np.int64).tolist(), classes.n.tolist()
    own, n_own = steps.pop(place), counts.pop(place)
    reach = _reach(steps, counts)
    feasible = {int(classes.satisfied[place])}
    for y in range(n_own + 1):
        start, end = max(floor(first) + 1 - y * own, 0), ceil(last) - 1 - y * own
        if end >= start and reach >> start & ((1 << (end - start + 1)) - 1):
            feasible.add(y)
    return len(feasible) == 1


def _reach(weights: list[int], counts: list[int]) -> int:
    """Give all sums of so many answers of these weights as the bits of one number."""
    reach = 1
    for weight, n in zip(weights, counts, strict=True):
        for several in _doubling(n):
            reach |= reach << several * weight
    return reach


def _doubling(n: int) -> Iterator[int]:
    """Give parts that make up every number until n, and none above."""
    part = 1
    while n > 0:
        yield min(part, n)
        n -= part
        part *= 2
