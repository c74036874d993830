"""Variance of linearised estimates under a stratified design of one or two stages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.arguments import as_integers, as_reals, require
from analysis.design import DesignTable
from analysis.errors import AnalysisError
from analysis.estimation.lone import lone_strata, lone_units, policed, refuse_lone_units, unit_factor
from analysis.sums.psu_sums import distinct, sum_rows

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

_ROUNDING: Final = 1e-13  # a standard error below this share of the sum of |influence| is rounding


def design_variance(
    table: DesignTable, psu: ArrayLike, domain: ArrayLike, influence: ArrayLike, n_domains: int
) -> Floats:
    """Estimate the variance of the sums of influence values, by domain and measure.

    Parameters
    ----------
    table : DesignTable
        P PSUs in H strata.
    psu : (R,) int in 0 … P-1
        PSU of each row.
    domain : (R,) int in -1 … D-1
        Domain of each row, -1 for none.
    influence : (R, K) float
        Weighted influence values, of `linearise`; with a second stage one row per unit.
    n_domains : int
        D.

    Returns
    -------
    (D, K) ndarray
        Variances, NaN where the policy for lone PSUs is "not_estimable" and it strikes.

    Raises
    ------
    AnalysisError
        If a code is out of its range, or a lone PSU is met under "fail".

    Notes
    -----
    z_hi is the sum of the influence values of PSU i of stratum h in the domain, 0 for PSUs
    without any; f_h = n_h / N_h and f_hi = n_hi / N_hi, both 0 without populations::

        V1 = sum_h (1 - f_h) n_h / (n_h - 1) sum_i (z_hi - mean_i z_hi)²
        V2 = sum_h f_h sum_i (1 - f_hi) n_hi / (n_hi - 1) (sum_k u_hik² - z_hi² / n_hi)

    A stratum of one sampled PSU (n_h = 1 < N_h) that meets the domain: "not_estimable" makes
    the domain's variance NaN; "fail" refuses; "certainty" and "remove" count 0, right only
    where the PSU was certain to be drawn; "adjust" counts (1 - f_h) z², its distance from 0, the
    mean of all influence values (conservative); "average" gives it the mean contribution of the
    domain's other strata. A PSU with one sampled unit of several is treated alike at stage two.
    With `lone_in_domain`, "adjust" also measures from 0 in a stratum of which a single PSU
    meets the domain, "average" replaces it, "not_estimable" and "fail" act; the others do not.

    References
    ----------
    Särndal, Swensson and Wretman (1992), Model Assisted Survey Sampling, result 4.3.1. Cochran
    (1977), Sampling Techniques, section 10.7. Lumley (2010), Complex Surveys, sections 2.2, 3.2.

    Examples
    --------
    Two wards of one office with z = 0.125 and -0.125, drawn with replacement:

    >>> from analysis import DesignTable, design_variance
    >>> design_variance(DesignTable([0, 0]), [0, 1], [0, 0], [[0.125], [-0.125]], 1).tolist()
    [[0.0625]]
    """
    n_psus = table.stratum.size
    of_row = as_integers("psu", psu, (None,))
    home = as_integers("domain", domain, of_row.shape)
    require((of_row >= 0) & (of_row < n_psus), "psu", f"lie between 0 and {n_psus - 1}", of_row)
    require((home >= -1) & (home < n_domains), "domain", f"lie between -1 and {n_domains - 1}", home)
    values = as_reals("influence", influence, (of_row.size, None))
    inside = home >= 0
    if not inside.all():
        of_row, home, values = of_row[inside], home[inside], values[inside]
    cells = _Cells.of(of_row, home, values, n_domains, with_squares=table.is_two_stage)
    variance = _first_stage(table, cells, n_domains)
    if table.is_two_stage:
        variance += _second_stage(table, cells, n_domains)
    size = sum_rows(home, n_domains, np.abs(values))
    return np.where(variance <= (size * _ROUNDING) ** 2, 0.0, variance)


def covariance_matrix(table: DesignTable, psu: ArrayLike, influence: ArrayLike) -> Floats:
    """Estimate variances and covariances of M estimates over the whole design.

    Parameters
    ----------
    table : DesignTable
        P PSUs.
    psu : (R,) int in 0 … P-1
        PSU of each row.
    influence : (R, M) float
        Weighted influence values, 0 where a row is outside of the estimate's domain; with a
        second stage one row per unit.

    Returns
    -------
    (M, M) ndarray
        Symmetric; its diagonal is `design_variance` of the same values, but for `lone_in_domain`,
        which no covariance follows, as in R.

    Raises
    ------
    AnalysisError
        As in `design_variance`; a lone PSU that some value touches has no covariance under "fail",
        "not_estimable" and "average" and is refused.

    Notes
    -----
    The formulas of `design_variance` with products of two estimates' z in the place of squares;
    needs P x M floats of memory.

    References
    ----------
    As in `design_variance`.

    Examples
    --------
    >>> from analysis import DesignTable, covariance_matrix
    >>> covariance_matrix(DesignTable([0, 0]), [0, 1], [[0.5, 0.2], [-0.5, -0.2]]).round(4).tolist()
    [[1.0, 0.4], [0.4, 0.16]]
    """
    of_row = as_integers("psu", psu, (None,))
    n_psus = table.stratum.size
    require((of_row >= 0) & (of_row < n_psus), "psu", f"lie between 0 and {n_psus - 1}", of_row)
    values = as_reals("influence", influence, (of_row.size, None))
    z = sum_rows(of_row, n_psus, values)
    touched = np.bincount(of_row, (values != 0).any(axis=1), n_psus) > 0
    met = np.bincount(table.stratum, touched, table.n_psus.size) > 0
    lone = (table.n_psus == 1) & (table.sampled_fraction < 1) & met
    lone_unit = lone_units(table, np.arange(n_psus)) & touched
    if (lone.any() or lone_unit.any()) and table.lone_psu in {"fail", "average", "not_estimable"}:
        rule = f"have two PSUs, and two units in each, for a covariance under lone_psu={table.lone_psu!r}"
        raise AnalysisError("stratum", rule, np.flatnonzero(lone).tolist())
    mean = sum_rows(table.stratum, table.n_psus.size, z) / np.maximum(table.n_psus, 1)[:, None]
    if table.lone_psu == "adjust":
        mean[lone] = 0.0
    factor = (1 - table.sampled_fraction) * table.n_psus / np.maximum(table.n_psus - 1, 1)
    centred = (z - mean[table.stratum]) * np.sqrt(factor)[table.stratum][:, None]
    covariance: Floats = centred.T @ centred
    if table.is_two_stage:
        scale = unit_factor(table, np.arange(n_psus))
        assert table.n_units is not None
        centre = np.where(lone_unit & (table.lone_psu == "adjust"), 0.0, scale / table.n_units)
        covariance += values.T @ (values * scale[of_row][:, None]) - z.T @ (z * centre[:, None])
    return covariance


def degrees_of_freedom(
    table: DesignTable, psu: Integers, domain: Integers, answered: NDArray[np.bool_], n_domains: int
) -> Integers:
    """Count PSUs minus strata among the rows that take part, by domain and measure.

    Parameters
    ----------
    table : DesignTable
        P PSUs.
    psu, domain : (R,) int
        PSU and domain of each row, -1 for no domain.
    answered : (R, K) bool
        Whether the row takes part.
    n_domains : int
        D.

    Returns
    -------
    (D, K) ndarray of int
        R's ``degf(subset(design, …))``.

    Raises
    ------
    AnalysisError
        Not by itself.

    Notes
    -----
    PSUs and strata of which no member takes part in the domain do not count.

    References
    ----------
    Korn and Graubard (1999), Analysis of Health Surveys, section 5.2. Lumley (2010), Complex
    Surveys, section 2.2.

    Examples
    --------
    >>> import numpy as np
    >>> from analysis import DesignTable, degrees_of_freedom
    >>> wards, domain = np.array([0, 1, 2]), np.array([0, 0, 0])
    >>> degrees_of_freedom(DesignTable([0, 0, 0]), wards, domain, np.ones((3, 1), bool), 1).tolist()
    [[2]]
    """
    inside = domain >= 0
    cells = _Cells.of(
        psu[inside], domain[inside], answered[inside].astype(np.float64), n_domains, with_squares=False
    )
    active = cells.z > 0
    pairs = distinct(table.stratum[cells.psu] * n_domains + cells.domain)
    active_strata = sum_rows(pairs[1], pairs[0].size, active) > 0
    n_psus = sum_rows(cells.domain, n_domains, active)
    return (n_psus - sum_rows(pairs[0] % n_domains, n_domains, active_strata)).astype(np.int64)


@dataclass(frozen=True, eq=False)
class _Cells:
    """Sums over the rows of each PSU × domain that occurs."""

    psu: Integers
    domain: Integers
    z: Floats  # (cells, K) sums of influence values
    squares: Floats | None  # (cells, K) sums of their squares

    @classmethod
    def of(
        cls, psu: Integers, domain: Integers, values: Floats, n_domains: int, *, with_squares: bool
    ) -> _Cells:
        keys = psu * n_domains + domain
        if (keys[1:] > keys[:-1]).all():  # element samples and condensed sums are cells already
            return cls(psu, domain, values, values**2 if with_squares else None)
        cells, row = distinct(keys)
        return cls(
            cells // n_domains,
            cells % n_domains,
            sum_rows(row, cells.size, values),
            sum_rows(row, cells.size, values**2) if with_squares else None,
        )


def _first_stage(table: DesignTable, cells: _Cells, n_domains: int) -> Floats:
    """V1 by domain: over the strata that meet it, absent PSUs counting as z = 0."""
    keys = table.stratum[cells.psu] * n_domains + cells.domain
    pairs, row = distinct(keys)
    stratum, domain = pairs // n_domains, pairs % n_domains
    n_sampled = table.n_psus[stratum]
    n_present = np.bincount(row, minlength=pairs.size)
    lone, uncentred = lone_strata(table, stratum, n_present)
    mean = sum_rows(row, pairs.size, cells.z) / n_sampled[:, None]
    mean[uncentred] = 0.0
    squares = sum_rows(row, pairs.size, (cells.z - mean[row]) ** 2)
    squares += (n_sampled - n_present)[:, None] * mean**2
    factor = (1 - table.sampled_fraction[stratum]) * n_sampled / np.maximum(n_sampled - 1, 1)
    return policed(table, squares * factor[:, None], lone, domain, n_domains)


def _second_stage(table: DesignTable, cells: _Cells, n_domains: int) -> Floats:
    """V2 by domain: units within PSUs, scaled by the share of PSUs sampled."""
    assert table.n_units is not None
    assert cells.squares is not None
    units = table.n_units[cells.psu]
    lone = lone_units(table, cells.psu)
    refuse_lone_units(table, lone)
    centre = np.where(lone & (table.lone_psu == "adjust"), 0.0, 1 / units)
    squares = cells.squares - centre[:, None] * cells.z**2
    squares[squares <= 1e-14 * units[:, None] * cells.squares] = 0.0  # equal units, but for rounding
    contribution = squares * unit_factor(table, cells.psu)[:, None]
    return policed(table, contribution, lone, cells.domain, n_domains)
