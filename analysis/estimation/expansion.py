"""The variance with calibrated weights: every domain in one pass, by expanded squares of residuals."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array, vstack

from analysis.calibration import Calibration
from analysis.design import DesignTable
from analysis.domains import Domains
from analysis.estimation.squared_sums import SquaredSums, squared_sums
from analysis.estimation.variance import design_variance
from analysis.sums.psu_sums import PsuSums, distinct, sum_rows

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

_CANCELLED: Final = 1e-5  # a variance that is a smaller share of what was added and taken off is had directly
_BLOCK: Final = 4_000_000  # numbers of a dense table, or of a sparse one, that lie in memory at once


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
    squares = _Squares.of(expansion.parts, table, sums.psu)
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
    levels = squared_sums(replace(table, lone_in_domain=False), sums.psu)
    if table.lone_psu == "average" or any(np.isnan(level.scale).any() for level in levels):
        return None
    expansion = _Expansion.of(levels, domains, calibration, sums.weight_sum)
    squares = _Squares.of(expansion.parts, table, sums.psu)
    domain, measure = np.array(chosen, dtype=np.int64).T
    order = np.argsort(measure, kind="stable")
    found = [expansion.of_measure(influence[:, k]).some(domain[measure == k]) for k in np.unique(measure)]
    stacked = [csr_array(vstack(of_part)) for of_part in zip(*(left for left, _ in found), strict=True)]
    covariance = np.empty((order.size, order.size))
    products = squares.products(stacked, np.vstack([slopes for _, slopes in found]))
    if products is None:
        return None
    covariance[np.ix_(order, order)] = products
    return covariance


@dataclass(frozen=True, eq=False)
class _Expansion:
    """What does not depend on the measure."""

    parts: list[_Part]
    slopes: _Slopes
    inward: Floats

    @classmethod
    def of(
        cls, levels: Sequence[SquaredSums], domains: Domains, calibration: Calibration, weight: Floats
    ) -> _Expansion:
        regression = _Regression.of(calibration, weight)
        parts = [_Part.of(level, regression, domains) for level in levels]
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

    parts: list[_Part]
    summed: list[csr_array[Any, Any]]  # (D, U)
    of_columns: Floats  # (D, q)
    of_groups: csr_array[Any, Any] | None  # (D, G) where groups stay apart

    def some(self, domains: slice | Integers) -> tuple[list[csr_array[Any, Any]], Floats]:
        """Return what groups leave of the sums of some domains, by part, and their slopes."""
        means = None if self.of_groups is None else self.of_groups[domains]
        left = [part.left(z[domains], means) for part, z in zip(self.parts, self.summed, strict=True)]
        return left, self.of_columns[domains]


@dataclass(frozen=True, eq=False)
class _Regression:
    """The calibration's regression on orthonormal columns and the means of groups."""

    columns: Floats  # (R, q)
    group: Integers | None
    group_size: Floats  # (G,) sums of base weights
    inward: Floats  # (R,) from weighted influence values to those that are regressed, times base weight
    outward: Floats  # (R,) from fitted values to weighted ones

    @classmethod
    def of(cls, calibration: Calibration, weight: Floats) -> _Regression:
        factor = np.ones(weight.size) if calibration.later_factor is None else calibration.later_factor
        group, base, size = calibration.group, calibration.base_weight, np.zeros(0)
        if group is not None:
            present, group = np.unique(group, return_inverse=True)
            size = sum_rows(group, present.size, base)
        inward = base * factor / np.where(weight > 0, weight, 1.0)
        return cls(calibration.basis, group, size, inward, weight / factor)


@dataclass(frozen=True, eq=False)
class _Cells:
    """The pairs of domain and unit that occur, as the structure of a sparse table of D rows."""

    inside: NDArray[np.bool_]
    cell: Integers  # of each row inside
    indices: Integers
    indptr: Integers
    shape: tuple[int, int]

    @classmethod
    def of(cls, domain: Integers, n_domains: int, unit: Integers, n_units: int) -> _Cells:
        inside = domain >= 0
        keys, cell = distinct(domain[inside] * n_units + unit[inside])
        starts = np.searchsorted(keys, np.arange(n_domains + 1) * n_units)
        return cls(inside, cell, keys % n_units, starts, (n_domains, n_units))

    @property
    def row(self) -> Integers:
        """Domain of each pair."""
        return np.repeat(np.arange(self.shape[0]), np.diff(self.indptr))

    def sums(self, values: Floats) -> csr_array[Any, Any]:
        """Add up the values of the rows of each pair."""
        added = sum_rows(self.cell, self.indices.size, values[self.inside])
        return csr_array((added, self.indices, self.indptr), shape=self.shape)


@dataclass(frozen=True, eq=False)
class _Part:
    """One level of squares: its scale, and what the margins take off the sums of its units."""

    cells: _Cells
    scale: Floats  # (U,)
    columns: Floats  # (U, q) sums of w q
    of_groups: csr_array[Any, Any] | None  # (G, U) sums of w
    scaled: Floats  # (U, q) times the scale

    @classmethod
    def of(cls, level: SquaredSums, regression: _Regression, domains: Domains) -> _Part:
        n_units, of_groups = level.scale.size, None
        if regression.group is not None:
            places = (regression.group, level.unit)
            shape = (regression.group_size.size, n_units)
            of_groups = csr_array(coo_array((regression.outward, places), shape))
        columns = sum_rows(level.unit, n_units, regression.outward[:, None] * regression.columns)
        return cls(
            _Cells.of(domains.code, len(domains), level.unit, n_units),
            level.scale,
            columns,
            of_groups,
            level.scale[:, None] * columns,
        )

    def with_groups_as_columns(self) -> _Part:
        """Give each group a column of its own."""
        if self.of_groups is None:
            return self
        columns = np.hstack([self.of_groups.T.toarray(), self.columns])
        return replace(self, columns=columns, of_groups=None, scaled=self.scale[:, None] * columns)

    def left(self, z: csr_array[Any, Any], means: csr_array[Any, Any] | None) -> csr_array[Any, Any]:
        """Take what the groups explain off the sums of some domains."""
        return z if means is None or self.of_groups is None else csr_array(z - means @ self.of_groups)


@dataclass(frozen=True, eq=False)
class _Slopes:
    """What the domains' influence values have in common with columns and groups: beta."""

    regression: _Regression
    rows: _Cells
    groups: _Cells | None
    groups_apart: bool  # groups are taken off the sums: smaller tables than a column for each
    width: Integers  # (D,) numbers that the tables of a domain hold

    @classmethod
    def of(cls, regression: _Regression, domains: Domains, parts: list[_Part]) -> _Slopes:
        code, n_domains, n_groups = domains.code, len(domains), regression.group_size.size
        rows = _Cells.of(code, n_domains, np.arange(code.size), code.size)
        width = np.full(n_domains, regression.columns.shape[1])
        if regression.group is None:
            return cls(regression, rows, None, False, width)
        groups = _Cells.of(code, n_domains, regression.group, n_groups)
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
        number = np.cumsum(self.width) // _BLOCK
        edges = [0, *(np.flatnonzero(np.diff(number)) + 1).tolist(), self.width.size]
        yield from (slice(first, last) for first, last in pairwise(edges))


@dataclass(frozen=True, eq=False)
class _Squares:
    """The expanded squares of z - h' beta, and the plain ones where the expansion says too little."""

    parts: list[_Part]
    gram: Floats  # (q, q) sum of s h h' over all parts
    size: Floats  # (q, q) the same with absolute values, which bounds what rounding may leave
    table: DesignTable
    met: Integers  # finest units of which a row is there
    psu: Integers  # their PSUs

    @classmethod
    def of(cls, parts: list[_Part], table: DesignTable, psu: Integers) -> _Squares:
        met = np.arange(psu.size) if table.is_two_stage else np.unique(psu)
        gram = np.sum([part.columns.T @ part.scaled for part in parts], axis=0)
        size = np.sum([np.abs(part.columns).T @ np.abs(part.scaled) for part in parts], axis=0)
        return cls(parts, gram, size, table, met, psu if table.is_two_stage else met)

    def of_residuals(self, sums: list[csr_array[Any, Any]], slopes: Floats) -> Floats:
        """Return the variance of some domains from what groups left of their sums, by part."""
        value, size, crossed = self._sizes(sums, slopes)
        value += ((slopes @ self.gram - 2 * crossed) * slopes).sum(axis=1)
        unsure = np.flatnonzero((value <= _CANCELLED * size) & (size > 0))
        if unsure.size:
            value[unsure] = self._directly(sums[0][unsure], slopes[unsure])
        return value

    def products(self, sums: list[csr_array[Any, Any]], slopes: Floats) -> Floats | None:
        """Return the covariances of some domains; None where the expansion says too little of one."""
        _, size, crossed = self._sizes(sums, slopes)
        value = slopes @ self.gram @ slopes.T
        mixed = crossed @ slopes.T
        value -= mixed + mixed.T
        for part, z in zip(self.parts, sums, strict=True):
            value += (csr_array(z * part.scale) @ z.T).toarray()
        unsure = (np.diag(value) <= _CANCELLED * size) & (size > 0)
        return None if unsure.any() else (value + value.T) / 2

    def _sizes(self, sums: list[csr_array[Any, Any]], slopes: Floats) -> tuple[Floats, Floats, Floats]:
        """Return the squares of the sums, a bound of all that is added up, and the sums times w q."""
        crossed, value, size = np.zeros_like(slopes), np.zeros(slopes.shape[0]), np.zeros(slopes.shape[0])
        for part, z in zip(self.parts, sums, strict=True):
            squares = z.power(2)
            value += squares @ part.scale
            size += squares @ np.abs(part.scale)
            crossed += z @ part.scaled
        size += (np.abs(slopes) @ self.size * np.abs(slopes)).sum(axis=1)
        return value, size, crossed

    def _directly(self, sums: csr_array[Any, Any], slopes: Floats) -> Floats:
        """Compute residuals of the finest units, a few domains at a time, and square them."""
        whole, variance = np.zeros(self.met.size, dtype=np.int64), np.empty(slopes.shape[0])
        columns = self.parts[0].columns[self.met]
        step = max(_BLOCK // self.met.size, 1)
        for first in range(0, variance.size, step):
            block = slice(first, first + step)
            residual = sums[block].toarray()[:, self.met] - slopes[block] @ columns.T
            variance[block] = design_variance(self.table, self.psu, whole, residual.T, 1)[0]
        return variance
