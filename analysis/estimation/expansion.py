"""The variance with calibrated weights: every domain in one pass, by expanded squares of residuals."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, vstack

from analysis.calibration import Calibration
from analysis.design import DesignTable
from analysis.domains import Domains
from analysis.estimation.expansion_parts import Cells, Part, Regression, Squares
from analysis.estimation.factored import FactoredCovariance
from analysis.estimation.squared_sums import SquaredSums, squared_sums
from analysis.sums.psu_sums import PsuSums, sum_rows

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

_NUMBERS_AT_ONCE: Final = 4_000_000  # numbers of a sparse table that lie in memory at once


def calibrated_variance(
    table: DesignTable, sums: PsuSums, domains: Domains, influence: Floats, calibration: Calibration
) -> Floats:
    """Estimate the variance of the sums of residuals of influence values, by domain and measure.

    Parameters
    ----------
    table : DesignTable
        All sampled PSUs.
    sums : PsuSums
        R rows of one respondent, or of respondents with the same auxiliaries.
    domains : Domains
        Domain of each of the R rows.
    influence : (R, K) float
        Weighted influence values, of `linearise`.
    calibration : Calibration
        Of the R rows.

    Returns
    -------
    (D, K) ndarray
        What `design_variance` of `residual_influence` gives, domain by domain.

    Raises
    ------
    AnalysisError
        As `design_variance`.

    Notes
    -----
    A calibration's residuals reach beyond the domain: each domain has its own at every respondent.
    But their sums over a unit u (PSU, stratum, or respondent where there is a second stage) are ::

        z_u(D) - h_u' beta(D),   h_u = sum of w q over the unit,   beta(D) = sum over D of (d/w) q · influence

    with z_u(D) the sum of influence values, 0 but for units that meet the domain, and q orthonormal
    under the base weights d. The variance adds up squares of such sums times a scale s_u
    (`squared_sums`), so that ::

        V(D) = sum_u s_u z_u² - 2 beta' sum_u s_u z_u h_u + beta' (sum_u s_u h_u h_u') beta

    in which only sparse sums and q x q numbers depend on the domain. Where there are many groups
    (offices) their part of h' beta, which only the units of the domain's own groups have, is
    taken off z first. What the margins explain all but wholly would be a difference of equal
    numbers: there the residuals of the units are computed and squared.

    References
    ----------
    Deville and Särndal (1992), J. Am. Stat. Assoc. 87, 376-382, section 3.
    """
    levels = squared_sums(table, sums.psu)
    variance = np.full((len(domains), influence.shape[1]), np.nan)
    if any(np.isnan(level.scale).any() for level in levels):
        return variance
    expansion = _Expansion.of(levels, domains, calibration, sums.weight_sum)
    squares = Squares.of(expansion.parts, table, sums.psu)
    for k in range(influence.shape[1]):
        found = expansion.of_measure(influence[:, k])
        for block in expansion.slopes.blocks():
            variance[block, k] = squares.of_residuals(*found.some(block))
    return variance


def calibrated_covariance(
    table: DesignTable,
    sums: PsuSums,
    domains: Domains,
    influence: Floats,
    calibration: Calibration,
    chosen: Sequence[tuple[int, int]],
) -> Floats | None:
    """Estimate variances and covariances of M estimates without a column of residuals for each.

    Parameters
    ----------
    table, sums, domains, influence, calibration
        As for `calibrated_variance`.
    chosen : sequence of M pairs
        Domain and measure of each estimate, by place.

    Returns
    -------
    (M, M) ndarray or None
        What `covariance_matrix` of the residuals gives; None where that has to be asked: where a
        lone PSU may have no covariance, or margins explain an estimate almost wholly.

    Raises
    ------
    AnalysisError
        As `design_variance`.

    Notes
    -----
    The expansion of `calibrated_variance` with products of two estimates' sums in place of squares.

    References
    ----------
    As in `calibrated_variance`.
    """
    found = _of_chosen(table, sums, domains, influence, calibration, chosen)
    return None if found is None else found[0].products(*found[1:])


def calibrated_factors(
    table: DesignTable,
    sums: PsuSums,
    domains: Domains,
    influence: Floats,
    calibration: Calibration,
    chosen: Sequence[tuple[int, int]],
) -> FactoredCovariance | None:
    """Estimate what `calibrated_covariance` does, for estimates that share nothing but margins.

    Its three sparse parts are diagonal for domains of which no two have a unit in common (offices
    that are strata); the others are of the rank of the slopes. So M² numbers are never needed.

    Returns
    -------
    FactoredCovariance or None
        None where two estimates have a unit in common, and as `calibrated_covariance`.
    """
    found = _of_chosen(table, sums, domains, influence, calibration, chosen)
    return None if found is None else found[0].factors(*found[1:])


def _of_chosen(
    table: DesignTable,
    sums: PsuSums,
    domains: Domains,
    influence: Floats,
    calibration: Calibration,
    chosen: Sequence[tuple[int, int]],
) -> tuple[Squares, list[csr_array[Any, Any]], Floats] | None:
    """Return sums by part and slopes of M estimates, and what squares them; None where no part does."""
    levels = squared_sums(replace(table, lone_in_domain=False), sums.psu)
    if table.lone_psu == "average" or any(np.isnan(level.scale).any() for level in levels):
        return None
    expansion = _Expansion.of(levels, domains, calibration, sums.weight_sum)
    domain, measure = np.array(chosen, dtype=np.int64).T
    found = [expansion.of_measure(influence[:, k]).some(domain[measure == k]) for k in np.unique(measure)]
    place = np.argsort(np.argsort(measure, kind="stable"))
    by_part = zip(*(left for left, _ in found), strict=True)
    stacked = [csr_array(vstack(of_part))[place] for of_part in by_part]
    slopes = np.vstack([slopes for _, slopes in found])[place]
    return Squares.of(expansion.parts, table, sums.psu), stacked, slopes


@dataclass(frozen=True, eq=False)
class _Expansion:
    """What does not depend on the measure."""

    parts: list[Part]
    slopes: _Slopes
    inward: Floats

    @classmethod
    def of(
        cls, levels: Sequence[SquaredSums], domains: Domains, calibration: Calibration, weight: Floats
    ) -> _Expansion:
        regression = Regression.of(calibration, weight)
        parts = [Part.of(level, regression, domains) for level in levels]
        slopes = _Slopes.of(regression, domains, parts)
        if not slopes.groups_apart:
            parts = [part.with_groups_as_columns() for part in parts]
        return cls(parts, slopes, regression.inward)

    def of_measure(self, influence: Floats) -> _Measured:
        """Add up one measure's influence values."""
        summed = [part.cells.sums(influence) for part in self.parts]
        return _Measured(self.parts, summed, *self.slopes.at(self.inward * influence))


@dataclass(frozen=True, eq=False)
class _Measured:
    """One measure's sums by part, and its slopes."""

    parts: list[Part]
    summed: list[csr_array[Any, Any]]  # (D, U)
    of_columns: Floats  # (D, q)
    of_groups: csr_array[Any, Any] | None  # (D, G) where groups stay apart

    def some(self, domains: slice | Integers) -> tuple[list[csr_array[Any, Any]], Floats]:
        """Return what groups leave of the sums of some domains, by part, and their slopes."""
        means = None if self.of_groups is None else self.of_groups[domains]
        left = [part.left(z[domains], means) for part, z in zip(self.parts, self.summed, strict=True)]
        return left, self.of_columns[domains]


@dataclass(frozen=True, eq=False)
class _Slopes:
    """What the domains' influence values have in common with columns and groups: beta."""

    regression: Regression
    rows: Cells
    groups: Cells | None
    groups_apart: bool  # groups are taken off the sums: smaller tables than a column for each
    width: Integers  # (D,) numbers that the tables of a domain hold

    @classmethod
    def of(cls, regression: Regression, domains: Domains, parts: list[Part]) -> _Slopes:
        code, n_domains, n_groups = domains.code, len(domains), regression.group_size.size
        rows = Cells.of(code, n_domains, np.arange(code.size), code.size)
        width = np.full(n_domains, regression.columns.shape[1])
        if regression.group is None:
            return cls(regression, rows, None, False, width)
        groups = Cells.of(code, n_domains, regression.group, n_groups)
        n_units = np.zeros(n_groups, dtype=np.int64)
        for part in parts:
            n_units += 0 if part.of_groups is None else np.diff(part.of_groups.indptr)
        brought = sum_rows(groups.row, n_domains, n_units[groups.indices]).astype(np.int64)
        n_columns = n_groups * (n_domains + sum(part.scale.size for part in parts))
        groups_apart = bool(brought.sum() <= n_columns)
        width += brought if groups_apart else n_groups
        return cls(regression, rows, groups, groups_apart, width)

    def at(self, values: Floats) -> tuple[Floats, csr_array[Any, Any] | None]:
        """Return the slopes of columns by domain, and the means of groups where these stay apart."""
        of_columns: Floats = self.rows.sums(values) @ self.regression.columns
        if self.groups is None:
            return of_columns, None
        mean = self.groups.sums(values)
        size = self.regression.group_size[self.groups.indices]
        mean.data /= np.where(size > 0, size, np.inf)
        return (of_columns, mean) if self.groups_apart else (np.hstack([mean.toarray(), of_columns]), None)

    def blocks(self) -> Iterator[slice]:
        """Cut the domains so that their tables stay small."""
        number = np.cumsum(self.width) // _NUMBERS_AT_ONCE
        edges = [0, *(np.flatnonzero(np.diff(number)) + 1).tolist(), self.width.size]
        yield from (slice(first, last) for first, last in pairwise(edges))
