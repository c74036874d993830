"""When one office is shown to be better than another, for all pairs of offices."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]

_PAIRS_AT_ONCE: Final = 250_000
_ROUNDING_ZERO: Final = 1e-12
"""Variance of a difference, relative to the sum of variances, that rounding leaves of 0."""


@dataclass(frozen=True, eq=False)
class PairRule:
    """a is shown higher than b when estimate(a) - estimate(b) > critical · distance(a, b).

    Parameters
    ----------
    estimate : (K,) float
        Of comparable offices.
    scale : (K,) float, >= 0
        Each office's part of the distance.
    adds : bool
        The distance is the sum of the two scales (intervals that must not overlap), not the root
        of the sum of their squares (an interval of the difference).
    shared : (K, K) float or None
        Covariances in the unit of scale²; None where estimates are independent or scales add.
    critical : (K,) float
        Critical value of the comparisons that serve the rank of each office.

    Examples
    --------
    >>> import numpy as np
    >>> from analysis.comparison.pairs import PairRule
    >>> rule = PairRule(np.array([90.0, 84.0]), np.array([3.0, 4.0]), False, None, np.array([1.0, 1.3]))
    >>> rule.count_shown()[0].tolist()
    [0, 0]
    >>> PairRule(rule.estimate, rule.scale, False, None, np.array([1.0, 1.0])).count_shown()[0].tolist()
    [0, 1]
    """

    estimate: Floats
    scale: Floats
    adds: bool
    shared: Floats | None
    critical: Floats

    def distance(self, first: NDArray[np.int64], second: NDArray[np.int64]) -> Floats:
        """Return the distance of each pair, shapes broadcast."""
        one, other = self.scale[first], self.scale[second]
        if self.adds:
            return np.asarray(one + other)
        squared = one**2 + other**2
        if self.shared is not None:
            less = squared - 2 * self.shared[first, second]
            squared = np.where(less > _ROUNDING_ZERO * squared, less, 0.0)
        return np.asarray(np.sqrt(squared))

    @cached_property
    def all_distances(self) -> Floats:
        """(K, K) distances; for correlated estimates, which need K² numbers anyway."""
        everybody = np.arange(self.estimate.size)
        return self.distance(everybody[:, None], everybody)

    def count_shown(self) -> tuple[Counts, Counts]:
        """Return for each office how many others are shown higher, and how many lower."""
        higher, lower = (np.zeros(self.estimate.size, dtype=np.int64) for _ in range(2))
        everybody = np.arange(self.estimate.size)
        for rows in self._blocks(everybody):
            gaps = self.estimate[rows] - self.estimate
            needed = self.critical[rows] * self.distance(rows, everybody)
            higher[rows[:, 0]] = np.count_nonzero(-gaps > needed, axis=1)
            lower[rows[:, 0]] = np.count_nonzero(gaps > needed, axis=1)
        return higher, lower

    def shown_higher(self, first: NDArray[np.int64], second: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return whether each first office is shown higher than its second, by the first's critical value."""
        gaps = self.estimate[first] - self.estimate[second]
        return np.asarray(gaps > self.critical[first] * self.distance(first, second))

    def _blocks(self, offices: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
        """Yield columns of offices whose pairs with all others fit into the processor's cache."""
        n_rows = max(1, _PAIRS_AT_ONCE // max(offices.size, 1))
        for start in range(0, offices.size, n_rows):
            yield offices[start : start + n_rows, None]
