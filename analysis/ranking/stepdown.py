"""Critical value for all pairs of offices at once, by simulation with step-down.

For 3,300 offices there are 10.9 million ordered pairs, and each replicate needs the largest
studentised difference over those not yet rejected. It is found exactly without visiting them:
with y = error / scale, the statistic of a pair is y(a) cos v - y(b) sin v for some angle v
between 0 and 90 degrees, hence at most sqrt(max(y(a), 0)² + max(-y(b), 0)²). Only the few pairs whose
bound reaches a floor are computed, and a quantile at or above the floor needs no others. Where two
errors have at most the share r of scale(a) scale(b) in common, their squared distance is at least
1 - r of what it is without, and the bound is divided by sqrt(1 - r); pairs that share more than
half are visited in every replicate.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analysis.comparison.compared import ComparedEstimates
from analysis.comparison.simultaneous import upper_quantile
from analysis.errors import AnalysisError
from analysis.ranking.draws import draw_errors
from analysis.ranking.pairs import PairRule

Floats = NDArray[np.float64]
Places = NDArray[np.int64]

_ROUNDING: Final = 1e-9
_BELOW_BONFERRONI: Final = 0.75
"""Where the first floor lies; too high costs another round, too low costs pairs."""
_FLOOR_STEP: Final = 0.5
_PAIRS_AT_ONCE: Final = 250_000


class _Exceeding(NamedTuple):
    """Pairs of replicates whose statistic reaches the floor."""

    replicate: NDArray[np.int64]
    statistic: Floats
    observed: Floats
    """The same pair's statistic in the estimates: rejected above the critical value."""


def joint_critical_value(
    shown: ComparedEstimates, rule: PairRule, order: int, step_down: bool, draws: tuple[int, int]
) -> float:
    """Return the critical value that holds for all pairs in both directions together.

    It is the `order`-th smallest over replicates of the largest statistic among the pairs not
    rejected, repeated on the same draws (`draws`: replicates, seed) until none is rejected anew.
    """
    replicates = draws[0]
    n_pairs = len(shown) * (len(shown) - 1)
    if not rule.scale.any() or not n_pairs:
        return 0.0  # nothing is left to chance
    reference = float(upper_quantile((1 - order / (replicates + 1)) / n_pairs, np.inf))
    floor = max(reference - _BELOW_BONFERRONI, 0.0)
    while True:
        exceeding = _collect(shown, rule, floor, draws)
        critical = np.inf
        while (found := _quantile(exceeding, critical, replicates, order)) is not None:
            if found == critical or not step_down:
                return found
            critical = found
        if floor == 0:
            return 0.0  # the largest statistic is rarely above 0; a difference never needs less
        floor = max(floor - _FLOOR_STEP, 0.0)


def order_of_quantile(level: float, replicates: int) -> int:
    """Return which of the sorted replicates bounds a fresh draw with probability `level` or more."""
    order = int(np.ceil(level * (replicates + 1) - 1e-9))
    if order > replicates:
        raise AnalysisError("replicates", f"be at least {int(np.ceil(level / (1 - level)))}", replicates)
    return order


def _quantile(exceeding: _Exceeding, critical: float, replicates: int, order: int) -> float | None:
    """Return the quantile of the largest statistic of the pairs not rejected; None below the floor."""
    left = exceeding.observed <= critical
    largest = np.full(replicates, -np.inf)
    np.maximum.at(largest, exceeding.replicate[left], exceeding.statistic[left])
    found = float(np.partition(largest, order - 1)[order - 1])
    return found if np.isfinite(found) else None


def _collect(shown: ComparedEstimates, rule: PairRule, floor: float, draws: tuple[int, int]) -> _Exceeding:
    parts: list[_Exceeding] = []
    n_before = 0
    for errors in draw_errors(shown, *draws):
        for replicate, first, second in _may_reach(errors, rule, floor):
            distance = rule.distance(first, second)
            gap = errors[replicate, first] - errors[replicate, second]
            kept = (distance > 0) & (gap >= floor * distance)
            observed = rule.estimate[first[kept]] - rule.estimate[second[kept]]
            parts.append(
                _Exceeding(n_before + replicate[kept], gap[kept] / distance[kept], observed / distance[kept])
            )
        n_before += len(errors)
    return _Exceeding(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _may_reach(errors: Floats, rule: PairRule, floor: float) -> Iterator[tuple[Places, Places, Places]]:
    """Yield replicate, first and second office of every pair whose statistic may reach the floor."""
    studentised = errors / np.where(rule.scale > 0, rule.scale, np.inf)
    up, down = np.maximum(studentised, 0.0) ** 2, np.maximum(-studentised, 0.0) ** 2
    needed = floor**2 * (1 - _ROUNDING) * rule.least_share
    # Most families are small, and have few such pairs: so all replicates are gone through together.
    replicate, first = np.nonzero(up >= needed - down.max(axis=1, keepdims=True))
    of_second, second = np.nonzero(down >= needed - up.max(axis=1, keepdims=True))
    starts = np.searchsorted(of_second, np.arange(len(errors) + 1))
    n_partners = np.diff(starts)[replicate]
    for some in _blocks(n_partners):
        own, place_in_run = _runs(n_partners[some])
        row, one = replicate[some][own], first[some][own]
        other = second[starts[row] + place_in_run]
        kept = up[row, one] + down[row, other] >= needed
        yield row[kept], one[kept], other[kept]
    close_first, close_second = rule.close_pairs
    if close_first.size:
        for place in range(len(errors)):
            yield np.full(close_first.size, place), close_first, close_second


def _blocks(sizes: Places) -> Iterator[slice]:
    """Cut runs of these sizes into blocks that fit into memory."""
    number = np.cumsum(sizes) // _PAIRS_AT_ONCE
    edges = [0, *(np.flatnonzero(np.diff(number)) + 1).tolist(), sizes.size]
    yield from (slice(start, end) for start, end in pairwise(edges))


def _runs(sizes: Places) -> tuple[Places, Places]:
    """Return for each member of runs of these sizes the number of its run, and its place there."""
    run = np.repeat(np.arange(sizes.size), sizes)
    return run, np.arange(run.size) - (np.cumsum(sizes) - sizes)[run]
