"""Raking: weights that add up to the margins of several variables, one after the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.calibration import Calibration
from analysis.errors import AnalysisError
from analysis.sums.psu_sums import sum_rows
from analysis.weighting.inputs import Labels, as_weights
from analysis.weighting.known_totals.margins import Margin, Missing, Totals, read_margins
from analysis.weighting.known_totals.result import CalibratedWeights


def rake(
    weight: ArrayLike,
    labels: Mapping[str, Labels],
    totals: Mapping[str, Totals],
    tolerance: float = 1e-11,
    max_iterations: int = 1000,
    missing: Missing = "refuse",
) -> CalibratedWeights:
    """Return weights that add up to the known margins of each variable.

    Parameters
    ----------
    weight : (n,) float, finite and >= 0
        Weights before; they are raked, not replaced. Rows of weight 0 are outside and keep it;
        their labels are not looked at.
    labels : mapping of variable to (n,) labels
        Level of each respondent on each variable; None or NaN where missing.
    totals : mapping of variable to {level: total > 0}
        Known population totals, exactly the levels of the sample, the same sum for each variable.
        That sum is the sum of the new weights.
    tolerance : float > 0
        Largest accepted gap between a margin and its total, relative to the total.
    max_iterations : int >= 1
        Rounds through all variables after which a larger gap is an error.
    missing : {"refuse", "own_level"}
        What to do with a skipped raking question: refuse it, or make it a level of its own whose
        total is taken pro rata from the variable's margin, see Notes.

    Returns
    -------
    CalibratedWeights
        Weights and convergence, with the `Calibration` for the variance.

    Raises
    ------
    AnalysisError
        If a weight is negative, not finite, or all are 0; margins disagree in their sum, name a
        level without respondents or lack one of the sample; or the margins are not met: the
        message names the worst one and its remaining gap.

    Notes
    -----
    Each round multiplies, variable after variable, the weights of each level by its total over
    their sum (iterative proportional fitting). It starts from the weights, so the limit is the
    nearest to them in the sense of sum w log(w / d); all rows of one combination of levels
    share one factor, so the rounds run over combinations, not rows. Margins that no weights can
    meet, since nobody is in a combination that they need, never converge.

    With "own_level" those who skipped a question keep, together, the share p of all weights that
    they had before; each known total of that variable becomes 1 - p of itself, so that the margin
    keeps its sum and its levels their proportions. That is right as far as skipping is unrelated to
    the level. The variance takes p as known, like all totals, which leaves it a little too small;
    what else it takes as fixed stands at `Calibration`.

    The variance by residuals is that of `calibrate` on the same margins, to which raking is
    asymptotically equal; R's ``rake`` regresses without weights, see `Calibration`.

    References
    ----------
    Deming and Stephan (1940), Annals of Mathematical Statistics 11, 427-444. Deville, Särndal and
    Sautory (1993), J. Am. Stat. Assoc. 88, 1013-1020.

    Examples
    --------
    >>> from analysis.weighting.known_totals.raking import rake
    >>> result = rake(
    ...     weight=[1.0, 1.0, 1.0, 1.0],
    ...     labels={"sex": ["F", "F", "M", "M"], "age": ["young", "old", "young", "old"]},
    ...     totals={"sex": {"F": 60, "M": 40}, "age": {"young": 30, "old": 70}},
    ... )
    >>> result.weight.round(6).tolist(), result.converged
    ([18.0, 42.0, 12.0, 28.0], True)

    A quarter of the weights without an answer takes a quarter of each known total:

    >>> asked, known = {"sex": ["F", "M", "M", None]}, {"sex": {"F": 60, "M": 40}}
    >>> rake([1.0, 1.0, 1.0, 1.0], asked, known, missing="own_level").weight.tolist()
    [45.0, 15.0, 15.0, 25.0]
    """
    weights = as_weights("weight", weight)
    if not tolerance > 0:
        raise AnalysisError("tolerance", "be positive", tolerance)
    if max_iterations < 1:
        raise AnalysisError("max_iterations", "be at least 1", max_iterations)
    margins = read_margins(weights, labels, totals, missing)
    fit = _fit(margins, weights, tolerance, max_iterations)
    if fit.worst_gap > tolerance:
        rule = f"be met within {tolerance:g} in {max_iterations} rounds; worst is {fit.worst_margin}"
        raise AnalysisError("totals", rule, f"a relative gap of {fit.worst_gap:.3g}")
    return CalibratedWeights(
        weight=weights * fit.factor,
        calibration=_record(margins, weights),
        step="rake",
        iterations=fit.iterations,
        tolerance=tolerance,
        worst_margin=fit.worst_margin,
        worst_gap=fit.worst_gap,
    )


@dataclass(frozen=True)
class _Fit:
    factor: NDArray[np.float64]
    iterations: int
    worst_margin: str
    worst_gap: float


def _fit(
    margins: Sequence[Margin], weight: NDArray[np.float64], tolerance: float, max_iterations: int
) -> _Fit:
    """Rake the table of all combinations of levels that occur."""
    first, cell = _combinations(margins)
    before = sum_rows(cell, first.size, weight)
    tables = [Margin(margin.variable, margin.levels, margin.totals, margin.code[first]) for margin in margins]
    now, iterations, worst_gap, worst_margin = before.copy(), 0, np.inf, ""
    # Margins that can not be met push combinations to 0 and beyond; the gap then tells.
    with np.errstate(all="ignore"):
        while worst_gap > tolerance and iterations < max_iterations:
            iterations += 1
            for table in tables:
                now = now * (table.totals / table.sums(now))[table.code]
            worst_margin, worst_gap = _worst(tables, now)
    factor = np.divide(now, before, out=np.zeros_like(now), where=before > 0)
    return _Fit(factor[cell], iterations, worst_margin, worst_gap)


def _record(margins: Sequence[Margin], weight: NDArray[np.float64]) -> Calibration:
    """Make the record; the variable with most levels is the group: 3,300 offices, no 3,300 columns."""
    largest = max(margins, key=lambda margin: len(margin.levels))
    others = [margin.indicators() for margin in margins if margin is not largest]
    return Calibration(np.column_stack([np.empty((weight.size, 0)), *others]), weight, largest.code)


def _combinations(margins: Sequence[Margin]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the first row of each combination of levels, and the combination of each row."""
    cell = margins[0].code
    for margin in margins[1:]:
        # Renumbered each time, so that many variables overflow no integer.
        cell = np.unique(cell * len(margin.levels) + margin.code, return_inverse=True)[1]
    _, first, cell = np.unique(cell, return_index=True, return_inverse=True)
    return first, cell


def _worst(tables: Sequence[Margin], weight: NDArray[np.float64]) -> tuple[str, float]:
    gaps = [np.abs(table.sums(weight) / table.totals - 1) for table in tables]
    gaps = [np.where(np.isnan(gap), np.inf, gap) for gap in gaps]
    table, gap = max(zip(tables, gaps, strict=True), key=lambda pair: pair[1].max())
    return table.name(int(gap.argmax())), float(gap.max())
