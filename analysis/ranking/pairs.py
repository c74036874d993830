"""When one office is shown to be better than another, for all pairs of offices."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.comparison.compared import ComparedEstimates
from analysis.estimation.factored import FactoredCovariance

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]
Places = NDArray[np.int64]

_PAIRS_AT_ONCE: Final = 250_000
_ROUNDING_ZERO: Final = 1e-12
"""Variance of a difference, relative to the sum of variances, that rounding leaves of 0."""
_CLOSE: Final = 0.5
"""Pairs of offices that share more are looked at one by one, and bounds hold for all others."""


@dataclass(frozen=True, eq=False)
class SharedErrors:
    """What two offices' errors have in common, in the unit of scale².

    Parameters
    ----------
    covariance : (K, K) float or FactoredCovariance
        Of the estimates.
    scale : (K,) float, >= 0
        Each office's part of the distance of its pairs.
    stretch : (K,) float
        scale / standard error; positive covariances are stretched by the smaller of two, twice.
    """

    covariance: Floats | FactoredCovariance
    scale: Floats
    stretch: Floats

    @classmethod
    def of(cls, shown: ComparedEstimates, scale: Floats) -> SharedErrors | None:
        """Take the covariance of comparable offices; None where they are independent."""
        if shown.covariance is None:
            return None
        return cls(
            shown.covariance,
            scale,
            np.divide(scale, shown.standard_error, out=np.ones_like(scale), where=scale > 0),
        )

    def between(self, first: Places, second: Places) -> Floats:
        """Return it for each pair of two different offices, shapes broadcast."""
        if isinstance(self.covariance, FactoredCovariance):
            covariance = self.covariance.between(first, second)
        else:
            covariance = self.covariance[first, second]
        one, other = self.stretch[first], self.stretch[second]
        return np.asarray(covariance * np.where(covariance > 0, np.minimum(one, other) ** 2, one * other))

    @cached_property
    def bounds(self) -> tuple[Places, Places, float]:
        """Pairs that share more than half of scale(a) scale(b), and the largest share of all others."""
        known = np.flatnonzero(self.scale > 0)
        found, largest = [np.zeros((2, 0), dtype=np.int64)], 0.0
        for rows in _blocks(known, known.size):
            share = self.between(rows, known) / self.scale[rows] / self.scale[known]
            share[rows == known] = 0.0
            row, column = np.nonzero(share > _CLOSE)
            found.append(np.array([rows[row, 0], known[column]]))
            share[row, column] = 0.0
            largest = max(largest, float(share.max(initial=0.0)))
        first, second = np.concatenate(found, axis=1)
        return first, second, largest


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
    shared : SharedErrors or None
        None where estimates are independent or scales add.
    critical : (K,) float
        Critical value of the comparisons that serve the rank of each office.

    Examples
    --------
    >>> import numpy as np
    >>> from analysis.ranking.pairs import PairRule
    >>> rule = PairRule(np.array([90.0, 84.0]), np.array([3.0, 4.0]), False, None, np.array([1.0, 1.3]))
    >>> rule.count_shown()[0].tolist()
    [0, 0]
    >>> PairRule(rule.estimate, rule.scale, False, None, np.array([1.0, 1.0])).count_shown()[0].tolist()
    [0, 1]
    """

    estimate: Floats
    scale: Floats
    adds: bool
    shared: SharedErrors | None
    critical: Floats

    def distance(self, first: Places, second: Places) -> Floats:
        """Return the distance of each pair, shapes broadcast."""
        one, other = self.scale[first], self.scale[second]
        if self.adds:
            return np.asarray(one + other)
        squared = one**2 + other**2
        if self.shared is not None:
            less = squared - 2 * self.shared.between(first, second)
            squared = np.where(less > _ROUNDING_ZERO * squared, less, 0.0)
        return np.asarray(np.sqrt(squared))

    @property
    def close_pairs(self) -> tuple[Places, Places]:
        """First and second office of the pairs, in both directions, that share much."""
        if self.shared is None:
            return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
        return self.shared.bounds[:2]

    @property
    def least_share(self) -> float:
        """The least that squared distances of all other pairs are of one scale² + other scale²."""
        return 1.0 if self.shared is None else 1.0 - self.shared.bounds[2]

    def count_shown(self) -> tuple[Counts, Counts]:
        """Return for each office how many others are shown higher, and how many lower."""
        higher, lower = (np.zeros(self.estimate.size, dtype=np.int64) for _ in range(2))
        everybody = np.arange(self.estimate.size)
        for rows in _blocks(everybody, everybody.size):
            gaps = self.estimate[rows] - self.estimate
            needed = self.critical[rows] * self.distance(rows, everybody)
            higher[rows[:, 0]] = np.count_nonzero(-gaps > needed, axis=1)
            lower[rows[:, 0]] = np.count_nonzero(gaps > needed, axis=1)
        return higher, lower

    def shown_higher(self, first: Places, second: Places) -> NDArray[np.bool_]:
        """Return whether each first office is shown higher than its second, by the first's critical value."""
        gaps = self.estimate[first] - self.estimate[second]
        return np.asarray(gaps > self.critical[first] * self.distance(first, second))


def _blocks(offices: Places, n_others: int) -> Iterator[Places]:
    """Yield columns of offices whose pairs with all others fit into the processor's cache."""
    n_rows = max(1, _PAIRS_AT_ONCE // max(n_others, 1))
    for start in range(0, offices.size, n_rows):
        yield offices[start : start + n_rows, None]
