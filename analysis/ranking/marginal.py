"""Critical values for the rank of each office by itself, by simulation with step-down.

An office's rank rests on its pairs with the K - 1 others, in both directions. For independent
errors the largest statistic of a replicate lies, whatever the office, among few others: those
whose error is larger (smaller) than that of every office with a smaller scale. For correlated
errors the same, taken as independent, bounds what the office's pairs can reach.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analysis.comparison.compared import ComparedEstimates
from analysis.ranking.draws import draw_errors
from analysis.ranking.pairs import PairRule

Floats = NDArray[np.float64]
Codes = NDArray[np.int32]
"""Place b of the other office of a pair: b where it is the lower one, ~b (below 0) where the higher."""

Places = NDArray[np.int64]
Flags = NDArray[np.bool_]

_ROUNDING: Final = 1e-9
_EXTREMES: Final = 60
_FIRST_SHARE: Final = 3
"""Replicates looked at first, as a multiple of those that lie above the critical value."""


class _Simulated(NamedTuple):
    """What is known of all replicates before any pair is rejected."""

    errors: Floats
    largest: Floats
    """(K, replicates) largest statistic among the pairs of each office, were errors independent."""
    partner: Codes
    """(K, replicates) the pair that reaches it."""
    extremes: Places
    """(replicates, M) the offices of largest absolute error / scale."""
    beyond: Floats
    """(replicates,) the largest absolute error / scale of all others."""
    n_above: int
    """Replicates from the critical value upwards."""


def marginal_critical_values(
    shown: ComparedEstimates, rule: PairRule, order: int, step_down: bool, draws: tuple[int, int]
) -> Floats:
    """Return (K,) for each office the critical value that holds for its own pairs.

    As `joint_critical_value`, among the pairs of one office at a time. Keeps three numbers for each
    office and replicate.
    """
    critical = np.zeros(len(shown))
    if len(shown) < 2 or not rule.scale.any():
        return critical
    simulated = _simulate(shown, rule, order, draws)
    for office in range(len(shown)):
        one = _OneOffice(office, rule, simulated)
        critical[office] = one.quantile(np.inf)
        while step_down and (found := one.quantile(critical[office])) < critical[office]:
            critical[office] = found
    return critical


class _OneOffice:
    """The pairs of one office; statistics of replicates are computed where the quantile needs them."""

    def __init__(self, office: int, rule: PairRule, simulated: _Simulated) -> None:
        everybody = np.arange(rule.scale.size)
        distance = rule.distance(np.array([office]), everybody)
        first, second = rule.close_pairs
        self.office = office
        self.simulated = simulated
        self.is_correlated = rule.shared is not None
        self.least_share = rule.least_share
        self.partner = simulated.partner[office]
        self.n_above = simulated.n_above
        self.scale = rule.scale[office] or np.inf
        self.is_random = distance > 0
        self.distance = np.where(self.is_random, distance, 1.0)
        self.observed = (rule.estimate[office] - rule.estimate) / self.distance
        self.close = second[first == office]
        self.largest, self.bound = simulated.largest[office], simulated.largest[office]
        if self.is_correlated:
            apart = np.sqrt(rule.scale[office] ** 2 + rule.scale**2)
            self.largest = self.largest * (apart / self.distance)[_other(self.partner)]
            self.bound = self.bound * ((1 + _ROUNDING) / np.sqrt(self.least_share))
            everything = np.arange(self.bound.size)
            self.bound = np.maximum(self.bound, self._closest(everything, self.is_random, self.is_random))

    def quantile(self, critical: float) -> float:
        """Return the `n_above`-th largest statistic among the pairs not rejected at `critical`."""
        n = self.bound.size
        n_seen = min(_FIRST_SHARE * self.n_above, n)
        while True:
            seen = np.argpartition(self.bound, n - n_seen)[n - n_seen :]
            found = self._nth_largest(self._statistic(seen, critical))
            if n_seen == n or found >= self.bound[seen].min():  # nobody unseen can lie above
                return max(found, 0.0)
            n_seen = min(2 * n_seen, n)

    def _statistic(self, seen: Places, critical: float) -> Floats:
        """Return the largest statistic of these replicates, or what lies on the same side of the quantile."""
        lower = self.is_random & (self.observed <= critical)
        higher = self.is_random & (-self.observed <= critical)
        partner, bound = self.partner[seen], self.bound[seen]
        is_left = np.where(partner >= 0, lower[partner], higher[~partner])
        statistic = np.where(is_left, self.largest[seen], -np.inf)
        if self.close.size:
            statistic = np.maximum(statistic, self._closest(seen, lower, higher))
        enough = self._nth_largest(statistic)
        is_open = (bound > enough) & (statistic < self._nth_largest(bound))
        place = np.flatnonzero(is_open & (self.is_correlated | ~is_left))
        if place.size:
            redo = seen[place]
            row, other = self._may_reach(redo, max(enough, 0.0))
            reached = self._reached(redo[row], other, lower, higher)
            np.maximum.at(statistic, place[row], reached)
        return statistic

    def _reached(self, replicates: Places, other: Places, lower: Flags, higher: Flags) -> Floats:
        """Return the statistic of each pair, minus infinity where it is rejected; shapes broadcast."""
        errors = self.simulated.errors
        gap = errors[replicates, self.office] - errors[replicates, other]
        counts = np.where(gap > 0, lower[other], higher[other])
        return np.where(counts, np.abs(gap) / self.distance[other], -np.inf)

    def _closest(self, replicates: Places, lower: Flags, higher: Flags) -> Floats:
        """Return the largest statistic among the offices that share much with this one."""
        reached = self._reached(replicates[:, None], self.close, lower, higher)
        return np.asarray(reached.max(axis=1, initial=-np.inf))

    def _nth_largest(self, values: Floats) -> float:
        return float(np.partition(values, values.size - self.n_above)[values.size - self.n_above])

    def _may_reach(self, replicates: Places, enough: float) -> tuple[Places, Places]:
        """Return place and other office of pairs whose statistic may reach `enough`, as in `stepdown`."""
        own = self.simulated.errors[replicates, self.office] / self.scale
        needed = np.sqrt(np.maximum(enough**2 * (1 - _ROUNDING) * self.least_share - own**2, 0.0))
        few = needed > self.simulated.beyond[replicates]
        n_offices, (_, n_extremes) = self.distance.size, self.simulated.extremes.shape
        row = np.repeat(np.arange(replicates.size), np.where(few, n_extremes, n_offices))
        other = np.empty(row.size, dtype=np.int64)
        of_few = few[row]
        other[of_few] = self.simulated.extremes[replicates[few]].ravel()
        other[~of_few] = np.tile(np.arange(n_offices), np.count_nonzero(~few))
        return row, other


def _simulate(shown: ComparedEstimates, rule: PairRule, order: int, draws: tuple[int, int]) -> _Simulated:
    """Draw block by block, so that little but what is kept lies in memory."""
    n, replicates = len(shown), draws[0]
    n_kept = min(_EXTREMES, n - 1)
    found = _Simulated(
        errors=np.empty((replicates, n)),
        largest=np.empty((n, replicates)),
        partner=np.empty((n, replicates), dtype=np.int32),
        extremes=np.empty((replicates, n_kept), dtype=np.int64),
        beyond=np.empty(replicates),
        n_above=replicates - order + 1,
    )
    n_before = 0
    for errors in draw_errors(shown, *draws):
        rows = slice(n_before, n_before + len(errors))
        size = np.abs(errors / np.where(rule.scale > 0, rule.scale, np.inf))
        place = np.argpartition(size, -n_kept - 1, axis=1)[:, -n_kept - 1 :]
        found.errors[rows], found.extremes[rows] = errors, place[:, 1:]
        found.beyond[rows] = np.take_along_axis(size, place[:, :1], axis=1)[:, 0]
        found.largest[:, rows], found.partner[:, rows] = _largest_of_frontier(errors, rule)
        n_before += len(errors)
    return found


def _largest_of_frontier(errors: Floats, rule: PairRule) -> tuple[Floats, Codes]:
    by_scale = np.argsort(rule.scale, kind="stable")
    everybody, squared = np.arange(rule.scale.size), rule.scale**2
    largest = np.empty(errors.T.shape)
    partner = np.empty(errors.T.shape, dtype=np.int32)
    for replicate, error in enumerate(errors):
        low, high = _records(-error, by_scale), _records(error, by_scale)
        others = np.concatenate([low, high])
        sign = np.repeat([1.0, -1.0], [low.size, high.size])
        gap = sign * (error[:, None] - error[others])
        distance = np.sqrt(squared[:, None] + squared[others])
        statistic = np.divide(gap, distance, out=np.zeros_like(gap), where=distance > 0)
        best = statistic.argmax(axis=1)
        largest[:, replicate] = statistic[everybody, best]
        partner[:, replicate] = np.concatenate([low, ~high])[best]
    return largest, partner


def _records(value: Floats, by_scale: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the offices whose value is above that of all offices of smaller scale."""
    ordered = value[by_scale]
    highest = np.maximum.accumulate(ordered)
    is_record = np.concatenate([[True], ordered[1:] > highest[:-1]])
    return np.asarray(by_scale[is_record])


def _other(partner: Codes) -> Codes:
    """Return the place of the other office of each pair."""
    return np.where(partner >= 0, partner, ~partner)
