"""Linearised variance of a ratio of sums, for all domains and measures in one pass."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.arguments import as_integers, require, require_choice
from analysis.errors import AnalysisError
from analysis.sums.psu_sums import PsuSums, sum_rows

LonePsu = Literal["not_estimable", "adjust", "certainty", "fail"]

_ROUNDING: Final = 1e-12  # nearer than this to 0 or 1 a ratio, or to 0 a standard error, is that


@dataclass(frozen=True, eq=False)
class RatioVariance:
    """Ratios of D domains and K measures with their variance.

    Parameters
    ----------
    ratio : (D, K) float in [0, 1]
        NaN where the domain has no valid answer.
    variance : (D, K) float, >= 0
        NaN where it cannot be estimated.
    degrees_of_freedom : (D, K) int, >= 0
        PSUs minus strata, both counted where the measure has answers of positive weight.

    Examples
    --------
    >>> from analysis import ratio_variance, tally_counts
    >>> sums = tally_counts([0, 0], [1, 2], [4, 4], [[4], [2]], [[4], [4]])
    >>> ratio_variance(sums, [0])
    RatioVariance(ratio=array([[0.75]]), variance=array([[0.0625]]), degrees_of_freedom=array([[1]]))
    """

    ratio: NDArray[np.float64]
    variance: NDArray[np.float64]
    degrees_of_freedom: NDArray[np.int64]


def ratio_variance(
    sums: PsuSums, domain_of_stratum: ArrayLike, *, lone_psu: LonePsu = "not_estimable"
) -> RatioVariance:
    """Estimate sum(w · satisfied) / sum(w · valid) and its variance, by domain and measure.

    Parameters
    ----------
    sums : PsuSums
        Sums of H strata, P PSUs, K measures, each a proportion.
    domain_of_stratum : (H,) int, >= -1
        Domain 0 … D-1 of each stratum code, -1 for a stratum in no domain.
    lone_psu : {"not_estimable", "adjust", "certainty", "fail"}
        What to do with a stratum of a domain that has one sampled PSU. "not_estimable": the
        variance of the domain is NaN. "adjust": its z is squared around 0, the mean of all z
        (conservative). "certainty": it adds nothing, right only where the PSU was taken with
        certainty. "fail": refuse.

    Returns
    -------
    RatioVariance
        Arrays of shape (D, K). The variance is NaN, under each policy, where no degree of
        freedom is left: one PSU with answers says nothing about the spread of PSUs.

    Raises
    ------
    AnalysisError
        If `domain_of_stratum` misses a stratum or holds a value below -1, or, under "fail",
        if a stratum has one PSU.

    Notes
    -----
    With A_hi and B_hi the sums of PSU i of stratum h, X = sum(B_hi), R = sum(A_hi) / X::

        z_hi = (A_hi - R B_hi) / X
        V    = sum_h n_h / (n_h - 1) · sum_i (z_hi - mean_i z_hi)²

    the estimator of sampling PSUs with replacement (no finite population correction). n_h
    counts all sampled PSUs, also those without answers, whose z is 0. Degrees of freedom are
    those of the domain, R's ``degf(subset(design, valid))``. A ratio within 1e-12 of 0 or 1 and
    a standard error below 1e-12 are rounding and returned as 0 or 1.

    References
    ----------
    Woodruff (1971), J. Am. Stat. Assoc. 66, 411-414. Binder (1983), Int. Stat. Review 51,
    279-292. Lumley (2010), Complex Surveys, sections 2.2 and 3.2 (lone PSUs).

    Examples
    --------
    >>> from analysis import ratio_variance, tally_counts
    >>> sums = tally_counts([0, 0, 1], [1, 2, 3], [4, 4, 9], [[4], [2], [9]], [[4], [4], [9]])
    >>> ratio_variance(sums, [0, 1]).variance.tolist()
    [[0.0625], [nan]]
    """
    require_choice("lone_psu", lone_psu, get_args(LonePsu))
    domains = domains_of_strata(sums, domain_of_stratum)
    n_domains = int(domains.max(initial=-1)) + 1
    home = np.where(domains < 0, n_domains, domains)  # one more domain for what is in none, cut off below
    row = home[sums.stratum]
    total = sum_rows(row, n_domains + 1, sums.denominator)
    ratio = _ratio(sum_rows(row, n_domains + 1, sums.numerator), total)
    per_row = np.where(total > 0, total, 1.0)[row]
    z = (sums.numerator - np.nan_to_num(ratio)[row] * sums.denominator) / per_row
    variance = sum_rows(home, n_domains + 1, _stratum_variance(z, sums.stratum, domains, lone_psu))
    variance[variance < _ROUNDING**2] = 0.0
    answering = sums.denominator > 0
    active_strata = sum_rows(sums.stratum, domains.size, answering) > 0
    freedom = sum_rows(row, n_domains + 1, answering) - sum_rows(home, n_domains + 1, active_strata)
    variance[freedom < 1] = np.nan
    return RatioVariance(ratio[:-1], variance[:-1], freedom[:-1].astype(np.int64))


def domains_of_strata(sums: PsuSums, domain_of_stratum: ArrayLike) -> NDArray[np.int64]:
    """Return the checked (H,) domains of the strata, -1 for a stratum in no domain."""
    domains = as_integers("domain_of_stratum", domain_of_stratum, (None,))
    require(domains >= -1, "domain_of_stratum", "hold domains from 0 on, or -1", domains)
    n_strata = int(sums.stratum.max(initial=-1)) + 1
    if domains.size < n_strata:
        raise AnalysisError("domain_of_stratum", f"have a domain for each of {n_strata} strata", domains.size)
    return domains


def _ratio(numerator: NDArray[np.float64], denominator: NDArray[np.float64]) -> NDArray[np.float64]:
    ratio = np.full(numerator.shape, np.nan)
    np.divide(numerator, denominator, out=ratio, where=denominator > 0)
    ratio[ratio < _ROUNDING] = 0.0
    ratio[ratio > 1 - _ROUNDING] = 1.0
    return ratio


def _stratum_variance(
    z: NDArray[np.float64], stratum: NDArray[np.int64], domains: NDArray[np.int64], lone_psu: LonePsu
) -> NDArray[np.float64]:
    n_psus = np.bincount(stratum, minlength=domains.size)
    lone = (n_psus == 1) & (domains >= 0)
    if lone_psu == "fail" and lone.any():
        raise AnalysisError("stratum", "have two PSUs under lone_psu='fail'", np.flatnonzero(lone).tolist())
    mean = sum_rows(stratum, domains.size, z) / np.maximum(n_psus, 1)[:, None]
    if lone_psu == "adjust":
        mean[lone] = 0.0
    squares = sum_rows(stratum, domains.size, (z - mean[stratum]) ** 2)
    factor = n_psus / np.maximum(n_psus - 1, 1)
    if lone_psu == "not_estimable":
        factor[lone] = np.nan
    return squares * factor[:, None]
