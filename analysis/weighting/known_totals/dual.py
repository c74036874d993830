"""Newton's method for calibration (Deville and Särndal 1992, section 2), with step halving."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NoReturn

import numpy as np
from numpy.typing import NDArray

from analysis.calibration import column_lengths, orthonormalise
from analysis.errors import AnalysisError
from analysis.weighting.diagnostics import Bounds
from analysis.weighting.known_totals.distance import CURVES, Distance

Floats = NDArray[np.float64]

_MAX_ITERATIONS: Final = 200
_CONTRADICTION: Final = 1e-8  # what totals of collinear auxiliaries may differ by, relative
_ARMIJO: Final = 1e-4
_FLAT: Final = 1e-15  # least curvature: where all weights of a direction are at a bound there is none


@dataclass(frozen=True)
class Solution:
    """Weights that meet the totals, the rounds it took, and the total met least well."""

    weight: Floats
    iterations: int
    worst: int
    gap: float


@dataclass(frozen=True)
class DualProblem:
    """Find lambda with sum d F(q' lambda) q = totals: the minimum of a convex function.

    It is the dual of the distance's minimum, sum d G(q' lambda) - totals' lambda. Newton's method
    runs in coordinates in which its matrix starts as the identity. Rows have positive weight.
    """

    distance: Distance
    bounds: Bounds
    base: Floats
    columns: Floats
    targets: Floats
    names: list[str]

    def solve(self, tolerance: float) -> Solution:
        """Return the weights, or refuse totals that contradict each other or are not met."""
        length = column_lengths(self.columns, self.base)
        basis = orthonormalise(self.columns / length, self.base)
        self._refuse_contradiction(self.targets / length, basis.null)
        to_basis = basis.transform / length[:, None]
        goal = to_basis.T @ self.targets
        coefficients, iterations, stuck = np.zeros(goal.size), 0, False
        while True:
            _, ratio, slope = self._curves(basis.basis @ coefficients)
            final = self.base * ratio
            worst, gap = self._worst(final)
            if gap <= tolerance:
                break
            if iterations == _MAX_ITERATIONS or stuck:
                self._refuse_gap(worst, gap, (tolerance, iterations))
            iterations += 1
            # From the columns themselves: what rounding left in the basis is corrected next time.
            excess = to_basis.T @ (self.columns.T @ final - self.targets)
            newton = basis.basis.T @ ((self.base * slope)[:, None] * basis.basis)
            share, step = 0.0, _solve(newton, -excess)
            if np.isfinite(step).all():
                share = self._share_of_step(basis.basis, goal, coefficients, step)
            coefficients, stuck = coefficients + share * step, share == 0
        self._refuse_negative(ratio)
        return Solution(final, iterations, worst, gap)

    def _curves(self, score: Floats) -> tuple[Floats, Floats, Floats]:
        return CURVES[self.distance](score, *self.bounds)

    def _dual(self, score: Floats, goal: Floats, coefficients: Floats) -> tuple[float, float]:
        """Return the dual, and how much of it may be rounding."""
        with np.errstate(over="ignore"):  # a step too far gives an infinite dual, and is halved
            parts = self.base * self._curves(score)[0]
            linear = goal @ coefficients
            return float(parts.sum() - linear), 1e-14 * float(np.abs(parts).sum() + abs(linear))

    def _share_of_step(self, basis: Floats, goal: Floats, start: Floats, step: Floats) -> float:
        """Halve the step until the dual falls, which it does by convexity; 0 where rounding ends it."""
        score, score_step = basis @ start, basis @ step
        before, rounding = self._dual(score, goal, start)
        slope = float(score_step @ (self.base * self._curves(score)[1]) - goal @ step)
        for share in 0.5 ** np.arange(100.0):
            after, _ = self._dual(score + share * score_step, goal, start + share * step)
            if after <= before + _ARMIJO * share * slope + rounding:
                return float(share)
        return 0.0

    def _worst(self, final: Floats) -> tuple[int, float]:
        size = np.maximum(np.abs(self.targets), final @ np.abs(self.columns))
        gap = np.abs(final @ self.columns - self.targets)
        relative = np.divide(gap, size, out=np.zeros_like(gap), where=size > 0)
        worst = int(relative.argmax())
        return worst, float(relative[worst])

    def _refuse_contradiction(self, targets: Floats, null: Floats) -> None:
        off = np.abs(targets @ null)
        if null.size and off.max() > _CONTRADICTION * np.abs(targets).max():
            involved = np.flatnonzero(np.abs(null[:, off.argmax()]) > 1e-6)
            rule = "agree where auxiliaries are collinear: "
            rule += ", ".join(self.names[place] for place in involved)
            raise AnalysisError("totals", rule, f"a contradiction of {off.max():.3g} (relative units)")

    def _refuse_gap(self, worst: int, gap: float, tried: tuple[float, int]) -> NoReturn:
        within = f" with ratios in {self.bounds}" if self.distance in ("logit", "truncated_linear") else ""
        rule = f"be met within {tried[0]:g}{within}; after {tried[1]} rounds worst is {self.names[worst]}"
        raise AnalysisError("totals", rule, f"a relative gap of {gap:.3g}")

    def _refuse_negative(self, ratio: Floats) -> None:
        negative = ratio < 0
        if negative.any():
            rule = f"be met without negative weights ({negative.sum()} came out; use another distance)"
            raise AnalysisError("totals", rule, f"a ratio of {ratio.min():.4g}")


def _solve(matrix: Floats, right: Floats) -> Floats:
    """Solve with a symmetric matrix, none of whose curvatures is taken as flat; NaN where it overflowed."""
    if not np.isfinite(matrix).all():
        return np.full_like(right, np.nan)
    curvature, directions = np.linalg.eigh(matrix)
    bent = np.maximum(curvature, _FLAT * max(1.0, float(curvature[-1])))
    solution: Floats = directions @ ((directions.T @ right) / bent)
    return solution
