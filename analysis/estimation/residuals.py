"""The variance of estimates whose weights may have been calibrated."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analysis.calibration import Calibration
from analysis.design import DesignTable
from analysis.domains import Domains
from analysis.estimation.variance import design_variance
from analysis.sums.psu_sums import PsuSums

Floats = NDArray[np.float64]


def residual_influence(calibration: Calibration, weight: Floats, influence: Floats) -> Floats:
    """Return the (R, M) weighted influence values that calibrated weights leave.

    w times the residual of influence / w on the auxiliaries, regressed with base weights
    (Deville and Särndal 1992, section 3): what the margins explain is no error.
    """
    positive = np.where(weight > 0, weight, 1.0)[:, None]
    return weight[:, None] * calibration.residuals(influence / positive)


def influence_variance(
    table: DesignTable,
    sums: PsuSums,
    domains: Domains,
    influence: Floats,
    calibration: Calibration | None,
) -> Floats:
    """Return the (D, K) variances of sums of influence values, after calibration if there was one."""
    if calibration is None:
        return design_variance(table, sums.psu, domains.code, influence, len(domains))
    whole = np.zeros(sums.psu.size, dtype=np.int64)
    variance = np.empty((len(domains), influence.shape[1]))
    for d in range(len(domains)):  # residuals reach beyond the domain, so each domain is a pass
        values = np.where((domains.code == d)[:, None], influence, 0.0)
        residuals = residual_influence(calibration, sums.weight_sum, values)
        variance[d] = design_variance(table, sums.psu, whole, residuals, 1)[0]
    return variance
