"""Critical values for the rank of each office by itself, by simulation with step-down.

An office's rank rests on its pairs with the K - 1 others, in both directions. For independent
errors the largest statistic of a replicate lies, whatever the office, among few others: those
whose error is larger (smaller) than that of every office with a smaller scale.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analysis.comparison.compared import ComparedEstimates
from analysis.comparison.draws import draw_errors
from analysis.comparison.pairs import PairRule

Floats = NDArray[np.float64]
Codes = NDArray[np.int32]
"""Place b of the other office of a pair: b where it is the lower one, ~b (below 0) where the higher."""

Places = NDArray[np.int64]

_ROUNDING: Final = 1e-9
_EXTREMES: Final = 60
_FIRST_SHARE: Final = 3
"""Replicates looked at first, as a multiple of those that lie above the critical value."""


class _Simulated(NamedTuple):
    """What is known of all replicates before any pair is rejected."""

    errors: Floats
    largest: Floats
    """(K, replicates) largest statistic among the pairs of each office."""
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
    simulated = _simulate(np.concatenate(list(draw_errors(shown, *draws))), rule, draws[0] - order + 1)
    for office in range(len(shown)):
        one = _OneOffice(office, rule, simulated)
        critical[office] = one.quantile(np.inf)
        while step_down and (found := one.quantile(critical[office])) < critical[office]:
            critical[office] = found
    return critical


class _OneOffice:
    """The pairs of one office; statistics of replicates are computed where the quantile needs them."""

    def __init__(self, office: int, rule: PairRule, simulated: _Simulated) -> None:
        distance = rule.distance(np.array([office]), np.arange(rule.scale.size))
        self.office = office
        self.simulated = simulated
        self.largest = simulated.largest[office]
        self.partner = simulated.partner[office]
        self.n_above = simulated.n_above
        self.scale = rule.scale[office] or np.inf
        self.is_random = distance > 0
        self.distance = np.where(self.is_random, distance, 1.0)
        self.observed = (rule.estimate[office] - rule.estimate) / self.distance

    def quantile(self, critical: float) -> float:
        """Return the `n_above`-th largest statistic among the pairs not rejected at `critical`."""
        n = self.largest.size
        n_seen = min(_FIRST_SHARE * self.n_above, n)
        while True:
            seen = np.argpartition(self.largest, n - n_seen)[n - n_seen :]
            statistic = self._statistic(seen, critical)
            found = float(np.partition(statistic, n_seen - self.n_above)[n_seen - self.n_above])
            if n_seen == n or found >= self.largest[seen].min():  # nobody unseen can lie above
                return max(found, 0.0)
            n_seen = min(2 * n_seen, n)

    def _statistic(self, seen: Places, critical: float) -> Floats:
        """Return the largest statistic of these replicates, or minus infinity below the quantile sought."""
        lower = self.is_random & (self.observed <= critical)
        higher = self.is_random & (-self.observed <= critical)
        partner = self.partner[seen]
        is_left = np.where(partner >= 0, lower[partner], higher[~partner])
        statistic = np.where(is_left, self.largest[seen], -np.inf)
        place = np.flatnonzero(~is_left)
        if place.size:
            enough = float(np.partition(statistic, seen.size - self.n_above)[seen.size - self.n_above])
            redo = seen[place]
            row, other = self._may_reach(redo, max(enough, 0.0))
            errors = self.simulated.errors
            gap = errors[redo[row], self.office] - errors[redo[row], other]
            counts = np.where(gap > 0, lower[other], higher[other])
            reached = np.abs(gap[counts]) / self.distance[other[counts]]
            np.maximum.at(statistic, place[row[counts]], reached)
        return statistic

    def _may_reach(self, replicates: Places, enough: float) -> tuple[Places, Places]:
        """Return place and other office of pairs whose statistic may reach `enough`, as in `stepdown`."""
        own = self.simulated.errors[replicates, self.office] / self.scale
        needed = np.sqrt(np.maximum(enough**2 * (1 - _ROUNDING) - own**2, 0.0))
        few = needed > self.simulated.beyond[replicates]
        n_offices, (_, n_extremes) = self.distance.size, self.simulated.extremes.shape
        row = np.repeat(np.arange(replicates.size), np.where(few, n_extremes, n_offices))
        other = np.empty(row.size, dtype=np.int64)
        of_few = few[row]
        other[of_few] = self.simulated.extremes[replicates[few]].ravel()
        other[~of_few] = np.tile(np.arange(n_offices), np.count_nonzero(~few))
        return row, other


def _simulate(errors: Floats, rule: PairRule, n_above: int) -> _Simulated:
    rows = np.arange(len(errors))
    if rule.shared is not None:  # no bound holds for correlated errors: no office is passed over
        nobody = np.zeros((rows.size, 0), dtype=np.int64)
        return _Simulated(
            errors, *_largest_visiting_all(errors, rule), nobody, np.full(rows.size, np.inf), n_above
        )
    size = np.abs(errors / np.where(rule.scale > 0, rule.scale, np.inf))
    n_kept = min(_EXTREMES, rule.scale.size - 1)
    place = np.argpartition(size, -n_kept - 1, axis=1)[:, -n_kept - 1 :]
    beyond = size[rows, place[:, 0]]
    return _Simulated(errors, *_largest_of_frontier(errors, rule), place[:, 1:], beyond, n_above)


def _largest_of_frontier(errors: Floats, rule: PairRule) -> tuple[Floats, Codes]:
    by_scale = np.argsort(rule.scale, kind="stable")
    everybody = np.arange(rule.scale.size)[:, None]
    largest = np.empty(errors.T.shape)
    partner = np.empty(errors.T.shape, dtype=np.int32)
    for replicate, error in enumerate(errors):
        low, high = _records(-error, by_scale), _records(error, by_scale)
        others = np.concatenate([low, high])
        sign = np.repeat([1.0, -1.0], [low.size, high.size])
        gap = sign * (error[:, None] - error[others])
        distance = rule.distance(everybody, others)
        statistic = np.divide(gap, distance, out=np.zeros_like(gap), where=distance > 0)
        best = statistic.argmax(axis=1)
        largest[:, replicate] = statistic[everybody[:, 0], best]
        partner[:, replicate] = np.concatenate([low, ~high])[best]
    return largest, partner


def _records(value: Floats, by_scale: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the offices whose value is above that of all offices of smaller scale."""
    ordered = value[by_scale]
    highest = np.maximum.accumulate(ordered)
    is_record = np.concatenate([[True], ordered[1:] > highest[:-1]])
    return np.asarray(by_scale[is_record])


def _largest_visiting_all(errors: Floats, rule: PairRule) -> tuple[Floats, Codes]:
    largest = np.empty(errors.T.shape)
    partner = np.empty(errors.T.shape, dtype=np.int32)
    for office in range(rule.scale.size):
        distance = rule.distance(np.array([office]), np.arange(rule.scale.size))
        gap = errors[:, office, None] - errors
        statistic = np.divide(gap, distance, out=np.zeros_like(gap), where=distance > 0)
        low, high = statistic.argmax(axis=1), statistic.argmin(axis=1)
        rows = np.arange(len(errors))
        is_low = statistic[rows, low] >= -statistic[rows, high]
        largest[office] = np.where(is_low, statistic[rows, low], -statistic[rows, high])
        partner[office] = np.where(is_low, low, ~high)
    return largest, partner
