"""The variance of estimates whose weights may have been calibrated."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.arguments import require
from analysis.calibration import Calibration
from analysis.design import DesignTable
from analysis.domains import Domains
from analysis.estimation.factored import FactoredCovariance
from analysis.estimation.variance import design_variance
from analysis.sums.psu_sums import PsuSums

Floats = NDArray[np.float64]

_RATIO: Final = 1e-9  # relative; ratios of sums that differ by their order of addition alone


def residual_influence(calibration: Calibration, weight: Floats, influence: Floats) -> Floats:
    """Return the (R, M) weighted influence values that calibrated weights leave.

    w times the residual of influence / w on the auxiliaries, regressed with base weights
    (Deville and Särndal 1992, section 3): what the margins explain is no error.
    """
    positive = np.where(weight > 0, weight, 1.0)[:, None]
    return weight[:, None] * calibration.residuals(influence / positive)


def check_calibrated_sums(calibration: Calibration, sums: PsuSums) -> None:
    """Refuse sums that are not those of their calibration.

    Calibrated weights are base weights times a factor of the profile. A row in which profiles are
    mixed has another ratio of its sums than the pure rows of the profile that it goes under.

    Raises
    ------
    AnalysisError
        If respondents of a row differ in number, or rows of one profile in that ratio.
    """
    people, base = calibration.n_respondents, calibration.base_weight
    counts = (sums.weight_sum > 0) & (base > 0)
    if people is not None:
        fits = (people == sums.n_respondents) | ~counts
        require(fits, "sums", "have the respondents of their calibration", sums.n_respondents)
    later = 1.0 if calibration.later_factor is None else calibration.later_factor
    ratio = (sums.weight_sum / later)[counts] / base[counts]
    profile = calibration.profile[counts]
    usual = np.zeros(profile.max(initial=-1) + 1)
    usual[profile[::-1]] = ratio[::-1]
    even = np.abs(ratio - usual[profile]) <= _RATIO * usual[profile]
    require(even, "sums", "have calibrated weights of one profile in each row", ratio)


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
    from analysis.estimation.expansion import calibrated_variance  # loads scipy.sparse: heavy, seldom needed

    return calibrated_variance(table, sums, domains, influence, calibration)


def residual_covariance(
    table: DesignTable,
    sums: PsuSums,
    domains: Domains,
    influence: Floats,
    calibration: Calibration | None,
    chosen: Sequence[tuple[int, int]],
) -> Floats | None:
    """Return the (M, M) covariances after calibration, None where `covariance_matrix` has to tell."""
    if calibration is None or not chosen:
        return None
    from analysis.estimation.expansion import calibrated_covariance  # as above

    return calibrated_covariance(table, sums, domains, influence, calibration, chosen)


def residual_factors(
    table: DesignTable,
    sums: PsuSums,
    domains: Domains,
    influence: Floats,
    calibration: Calibration | None,
    chosen: Sequence[tuple[int, int]],
) -> FactoredCovariance | None:
    """Return the same without a matrix, None where estimates share more than their calibration."""
    if calibration is None or not chosen:
        return None
    from analysis.estimation.expansion import calibrated_factors  # as above

    return calibrated_factors(table, sums, domains, influence, calibration, chosen)
