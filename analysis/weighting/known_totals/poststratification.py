"""Post-stratification: weights that add up to the known size of each group."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from analysis.calibration import Calibration
from analysis.weighting.inputs import Labels, as_weights
from analysis.weighting.known_totals.margins import Totals, read_margin
from analysis.weighting.known_totals.result import CalibratedWeights

_TOLERANCE = 1e-9  # of a closed form: the rounding of sums, with room


def post_stratify(weight: ArrayLike, group: Labels, totals: Totals) -> CalibratedWeights:
    """Return weights that add up to the known total of each group.

    Parameters
    ----------
    weight : (n,) float, finite and >= 0
        Weights before. Rows of weight 0 are outside and keep it; their group is not looked at.
    group : (n,) labels
        Post-stratum of each respondent.
    totals : mapping of group to total > 0
        Population of each group; exactly the groups of the sample.

    Returns
    -------
    CalibratedWeights
        Weights, with the `Calibration` for the variance.

    Raises
    ------
    AnalysisError
        If a weight is negative, not finite, or all are 0; a group of the sample has no total or
        a total has no respondent; a total is not positive; a group is missing.

    Notes
    -----
    w = d · N_g / sum of d over the group. A group that nobody answers for can not be mended by
    weights: merge it with another, in groups and totals, before.

    References
    ----------
    Holt and Smith (1979), J. R. Stat. Soc. A 142, 33-46. Särndal, Swensson and Wretman (1992),
    Model Assisted Survey Sampling, section 7.6.

    Examples
    --------
    >>> from analysis.weighting.known_totals.poststratification import post_stratify
    >>> post_stratify([1.0, 3.0, 2.0], ["a", "a", "b"], {"a": 8, "b": 4}).weight.tolist()
    [2.0, 6.0, 4.0]
    """
    weights = as_weights("weight", weight)
    margin = read_margin("group", weights, group, totals)
    factor = margin.totals / margin.sums(weights)
    final = weights * factor[margin.code]
    gap = np.abs(margin.sums(final) / margin.totals - 1)
    worst = int(gap.argmax())
    return CalibratedWeights(
        weight=final,
        calibration=Calibration(np.empty((final.size, 0)), weights, margin.code),
        step="post_stratify",
        iterations=1,
        tolerance=_TOLERANCE,
        worst_margin=margin.name(worst),
        worst_gap=float(gap[worst]),
    )
