"""The parts of a variance with calibrated weights: sums over units, slopes on the margins, their squares."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array

from analysis.calibration import Calibration
from analysis.design import DesignTable
from analysis.domains import Domains
from analysis.estimation.factored import FactoredCovariance
from analysis.estimation.squared_sums import SquaredSums
from analysis.estimation.variance import design_variance
from analysis.sums.psu_sums import distinct, sum_rows

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

_CANCELLED: Final = 1e-5  # a variance that is a smaller share of what was added and taken off is had directly
_NUMBERS_AT_ONCE: Final = 4_000_000  # numbers of a dense table that lie in memory at once


@dataclass(frozen=True, eq=False)
class Regression:
    """The calibration's regression on orthonormal columns and the means of groups."""

    columns: Floats  # (R, q)
    group: Integers | None
    group_size: Floats  # (G,) sums of base weights
    inward: Floats  # (R,) from weighted influence values to those that are regressed, times base weight
    outward: Floats  # (R,) from fitted values to weighted ones

    @classmethod
    def of(cls, calibration: Calibration, weight: Floats) -> Regression:
        """Take the regression of a calibration; groups of which no row is there fall out."""
        factor = np.ones(weight.size) if calibration.later_factor is None else calibration.later_factor
        group, base, size = calibration.group, calibration.base_weight, np.zeros(0)
        if group is not None:
            present, group = np.unique(group, return_inverse=True)
            size = sum_rows(group, present.size, base)
        inward = base * factor / np.where(weight > 0, weight, 1.0)
        return cls(calibration.basis, group, size, inward, weight / factor)


@dataclass(frozen=True, eq=False)
class Cells:
    """The pairs of domain and unit that occur, as the structure of a sparse table of D rows."""

    inside: NDArray[np.bool_]
    cell: Integers  # of each row inside
    indices: Integers
    indptr: Integers
    shape: tuple[int, int]

    @classmethod
    def of(cls, domain: Integers, n_domains: int, unit: Integers, n_units: int) -> Cells:
        """Find the pairs that occur."""
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
class Part:
    """One level of squares: its scale, and what the margins take off the sums of its units."""

    cells: Cells
    scale: Floats  # (U,)
    columns: Floats  # (U, q) sums of w q
    of_groups: csr_array[Any, Any] | None  # (G, U) sums of w
    scaled: Floats  # (U, q) times the scale

    @classmethod
    def of(cls, level: SquaredSums, regression: Regression, domains: Domains) -> Part:
        """Add up columns and groups by unit."""
        n_units, of_groups = level.scale.size, None
        if regression.group is not None:
            places = (regression.group, level.unit)
            shape = (regression.group_size.size, n_units)
            of_groups = csr_array(coo_array((regression.outward, places), shape))
        columns = sum_rows(level.unit, n_units, regression.outward[:, None] * regression.columns)
        return cls(
            Cells.of(domains.code, len(domains), level.unit, n_units),
            level.scale,
            columns,
            of_groups,
            level.scale[:, None] * columns,
        )

    def with_groups_as_columns(self) -> Part:
        """Give each group a column of its own."""
        if self.of_groups is None:
            return self
        columns = np.hstack([self.of_groups.T.toarray(), self.columns])
        return replace(self, columns=columns, of_groups=None, scaled=self.scale[:, None] * columns)

    def left(self, z: csr_array[Any, Any], means: csr_array[Any, Any] | None) -> csr_array[Any, Any]:
        """Take what the groups explain off the sums of some domains."""
        return z if means is None or self.of_groups is None else csr_array(z - means @ self.of_groups)


@dataclass(frozen=True, eq=False)
class Squares:
    """The expanded squares of z - h' beta, and the plain ones where the expansion says too little."""

    parts: list[Part]
    gram: Floats  # (q, q) sum of s h h' over all parts
    size: Floats  # (q, q) the same with absolute values, which bounds what rounding may leave
    table: DesignTable
    met: Integers  # finest units of which a row is there
    psu: Integers  # their PSUs

    @classmethod
    def of(cls, parts: list[Part], table: DesignTable, psu: Integers) -> Squares:
        """Add up the products of columns over all parts."""
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

    def factors(self, sums: list[csr_array[Any, Any]], slopes: Floats) -> FactoredCovariance | None:
        """Return the covariances of domains that share no unit; else None."""
        own, size, crossed = self._sizes(sums, slopes)
        for part, z in zip(self.parts, sums, strict=True):
            n_domains = np.bincount(z.indices[z.data != 0], minlength=part.scale.size)
            if n_domains[part.scale != 0].max(initial=0) > 1:
                return None
        value = own + ((slopes @ self.gram - 2 * crossed) * slopes).sum(axis=1)
        if ((value <= _CANCELLED * size) & (size > 0)).any():
            return None
        return FactoredCovariance.of_regression(own, crossed, slopes, self.gram)

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
        step = max(_NUMBERS_AT_ONCE // self.met.size, 1)
        for first in range(0, variance.size, step):
            block = slice(first, first + step)
            residual = sums[block].toarray()[:, self.met] - slopes[block] @ columns.T
            variance[block] = design_variance(self.table, self.psu, whole, residual.T, 1)[0]
        return variance
