"""Calibration: weights that meet known totals of any auxiliary, as near as can be to those before."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.arguments import as_reals, require_choice
from analysis.calibration import Calibration
from analysis.errors import AnalysisError
from analysis.weighting.diagnostics import Bounds
from analysis.weighting.inputs import as_weights
from analysis.weighting.known_totals.distance import CURVES, Distance
from analysis.weighting.known_totals.dual import DualProblem
from analysis.weighting.known_totals.result import CalibratedWeights

Floats = NDArray[np.float64]


def calibrate(
    weight: ArrayLike,
    auxiliary: ArrayLike,
    totals: ArrayLike | Mapping[str, float],
    distance: Distance = "linear",
    bounds: Bounds | None = None,
    tolerance: float = 1e-11,
) -> CalibratedWeights:
    """Return weights that meet known totals of the auxiliaries.

    Parameters
    ----------
    weight : (n,) float, finite and >= 0
        Weights before. Rows of weight 0 are outside and keep it.
    auxiliary : (n, q) float, finite where the weight is positive
        Calibration variables; `margin_columns` makes them from categories. Nothing is added: give
        a column of ones if the size of the population is known.
    totals : (q,) float, finite, or mapping of name to total in the order of the columns
        Known population totals. Names appear in messages; without them columns count from 0.
    distance : {"linear", "raking", "logit", "truncated_linear"}
        "linear" is GREG; "raking" keeps weights positive; the others keep the ratio of new to old
        weight within `bounds`.
    bounds : (low, high) with 0 <= low < 1 < high, or None
        Needed by "logit" and "truncated_linear", refused by the others. The upper one may be
        infinite for "truncated_linear".
    tolerance : float > 0
        Largest accepted gap between an estimated and a known total, relative to the larger of the
        total and sum w·abs(q).

    Returns
    -------
    CalibratedWeights
        Weights and convergence, with the `Calibration` for the variance.

    Raises
    ------
    AnalysisError
        If an argument is out of its range; collinear auxiliaries have totals that contradict each
        other; "linear" makes a weight negative; or the totals are not met, by bounds that are too
        narrow or otherwise: the message names the worst total and its remaining gap.

    Notes
    -----
    w = d F(q' lambda), with lambda from sum w q = totals by Newton's method on the convex dual,
    sum d G(q' lambda) - totals' lambda, with step halving. It runs on an orthonormal basis of the
    auxiliaries, so their units do not matter, and collinear ones are harmless where their totals
    agree. F by distance: see `analysis.weighting.known_totals.distance`.

    Bounds are on the ratio to the weights given: weights that do not yet add up to about the
    population leave little room between them, so scale them first.

    Weights calibrated once and calibrated again on something else no longer meet the first
    totals, nor does the second `Calibration` know them: use all auxiliaries at once.

    References
    ----------
    Deville and Särndal (1992), J. Am. Stat. Assoc. 87, 376-382, sections 1 and 2. Haziza and
    Beaumont (2017), Statistical Science 32, 206-226.

    Examples
    --------
    Known number of dossiers and known total of their pages:

    >>> import numpy as np
    >>> from analysis.weighting.known_totals.calibrate import calibrate
    >>> columns = np.array([[1.0, 2.0], [1.0, 4.0], [1.0, 9.0]])
    >>> result = calibrate([10.0, 10.0, 10.0], columns, {"dossiers": 30, "pages": 162})
    >>> result.weight.round(6).tolist()
    [8.615385, 9.538462, 11.846154]
    >>> (result.weight @ columns).round(6).tolist(), result.converged
    ([30.0, 162.0], True)
    """
    weights = as_weights("weight", weight)
    limits = _check_bounds(distance, bounds)
    if not tolerance > 0:
        raise AnalysisError("tolerance", "be positive", tolerance)
    names, targets = _read_totals(totals)
    columns = _read_columns(auxiliary, weights, targets.size)
    inside = weights > 0
    problem = DualProblem(distance, limits, weights[inside], columns[inside], targets, names)
    solution = problem.solve(tolerance)
    final = np.zeros_like(weights)
    final[inside] = solution.weight
    return CalibratedWeights(
        weight=final,
        calibration=Calibration(columns, weights),
        step=distance,
        iterations=solution.iterations,
        tolerance=tolerance,
        worst_margin=names[solution.worst],
        worst_gap=solution.gap,
        bounds=bounds,
    )


def _check_bounds(distance: Distance, bounds: Bounds | None) -> Bounds:
    require_choice("distance", distance, tuple(CURVES))
    if distance in ("linear", "raking"):
        if bounds is not None:
            raise AnalysisError("bounds", "be None but for logit and truncated_linear", bounds)
        return -np.inf, np.inf
    if bounds is None or not (0 <= bounds[0] < 1 < bounds[1]):
        raise AnalysisError("bounds", f"be (low, high) with 0 <= low < 1 < high for {distance}", bounds)
    if distance == "logit" and not np.isfinite(bounds[1]):
        raise AnalysisError("bounds", "be finite for logit", bounds)
    return bounds


def _read_totals(totals: ArrayLike | Mapping[str, float]) -> tuple[list[str], Floats]:
    if isinstance(totals, Mapping):
        return list(totals), as_reals("totals", list(totals.values()), (None,))
    targets = as_reals("totals", totals, (None,))
    return [f"column {place}" for place in range(targets.size)], targets


def _read_columns(auxiliary: ArrayLike, weights: Floats, n_totals: int) -> Floats:
    if np.ma.is_masked(auxiliary):
        raise AnalysisError("auxiliary", "be no masked array: fill it, with NaN where missing", "a mask")
    columns = np.asarray(auxiliary)
    if n_totals == 0 or columns.shape != (weights.size, n_totals):
        rule = "have a row for each weight and a column for each of the totals, one at least"
        raise AnalysisError("auxiliary", rule, columns.shape)
    if columns.dtype.kind == "f":  # who did not answer has weight 0 and often no auxiliaries
        columns = np.where(weights[:, None] > 0, columns, 0)
    return as_reals("auxiliary", columns, (weights.size, n_totals))
