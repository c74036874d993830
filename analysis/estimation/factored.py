"""Covariances of many estimates that share nothing but the margins of their calibration."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from analysis.errors import AnalysisError

Floats = NDArray[np.float64]

_NOTHING: Final = 1e-12
"""A direction of the margins with less than this share of the largest variance is rounding."""
_NEGATIVE: Final = 1e-8
"""What margins explain of a variance beyond all of it by less than this share is rounding."""


@dataclass(frozen=True, eq=False)
class FactoredCovariance:
    """diag(own) - explained explained' + left left', held without the K² numbers of the matrix.

    Parameters
    ----------
    own : (K,) float, >= 0
        Variance of what is each estimate's own.
    explained : (K, r) float
        What the errors of the margins explain of it; 0 where `own` is 0.
    left : (K, q) float
        What the errors of the margins bring in.

    Raises
    ------
    AnalysisError
        By `root`, if more is explained than there is.

    Examples
    --------
    Three offices of which two share one direction:

    >>> import numpy as np
    >>> from analysis.estimation.factored import FactoredCovariance
    >>> shared = FactoredCovariance(np.full(3, 4.0), np.zeros((3, 0)), np.array([[1.0], [2.0], [0.0]]))
    >>> shared.variance.tolist()
    [5.0, 8.0, 4.0]
    >>> shared.between(np.array([0, 0]), np.array([1, 2])).tolist()
    [2.0, 0.0]
    """

    own: Floats
    explained: Floats
    left: Floats

    @classmethod
    def of_regression(cls, own: Floats, mixed: Floats, slopes: Floats, gram: Floats) -> FactoredCovariance:
        """Return the covariance of u - slopes v, where u are independent of each other but not of v.

        Parameters
        ----------
        own : (K,) float
            Variances of u.
        mixed : (K, q) float
            Covariances of u with v.
        slopes : (K, q) float
        gram : (q, q) float
            Covariance of v.

        Notes
        -----
        With gram = G'G: u is explained by v up to mixed gram⁻¹ mixed', and the sum of both parts
        of v counts, mixed gram⁻¹ - slopes.
        """
        value, vector = np.linalg.eigh(gram)
        kept = value > _NOTHING * value.max(initial=0.0)
        root, vector = np.sqrt(value[kept]), vector[:, kept]
        explained = mixed @ vector / root
        return cls(own, explained, explained - slopes @ vector * root)

    @property
    def variance(self) -> Floats:
        """(K,) the diagonal."""
        return np.asarray(self.own - (self.explained**2).sum(axis=1) + (self.left**2).sum(axis=1))

    def between(self, first: NDArray[np.int64], second: NDArray[np.int64]) -> Floats:
        """Return the covariance of each pair of two different estimates, shapes broadcast."""
        factor, mirrored = self._factors
        if np.ndim(first) > 1:  # a column against a row
            return np.asarray(factor[first[:, 0]] @ mirrored[second].T)
        if np.size(first) == 1:
            return np.asarray(mirrored[second] @ factor[first].ravel())
        return np.asarray(np.einsum("ij,ij->i", factor[first], mirrored[second]))

    def only(self, kept: NDArray[Any]) -> FactoredCovariance:
        """Return the covariance of some estimates, by place or by mask."""
        return FactoredCovariance(self.own[kept], self.explained[kept], self.left[kept])

    def in_places(self, places: NDArray[np.int64], size: int) -> FactoredCovariance:
        """Return the same at these places of `size`, NaN elsewhere."""
        everywhere = np.full((size, 1 + self.explained.shape[1] + self.left.shape[1]), np.nan)
        everywhere[places] = np.column_stack([self.own, self.explained, self.left])
        own, explained, left = np.split(everywhere, [1, 1 + self.explained.shape[1]], axis=1)
        return FactoredCovariance(own[:, 0], explained, left)

    def with_errors(self, error: Floats) -> FactoredCovariance:
        """Keep the correlations, and take these standard errors for the estimates' own."""
        known = np.sqrt(self.variance)
        scale = np.divide(error, known, out=np.ones_like(known), where=known > 0)[:, None]
        return FactoredCovariance(self.own * scale[:, 0] ** 2, self.explained * scale, self.left * scale)

    def root(self) -> tuple[Floats, Floats, Floats]:
        """Return d, W and L, which turn K and q standard normal numbers g and h into errors.

        These are d (g - g L W') + h left'. With d² = own and W = explained / d, I - L W' is the
        symmetric root of I - W W'.
        """
        root = np.sqrt(self.own)[:, None]
        share = np.divide(self.explained, root, out=np.zeros_like(self.explained), where=root > 0)
        value, vector = np.linalg.eigh(share.T @ share)
        if value.max(initial=0.0) > 1 + _NEGATIVE:
            raise AnalysisError("covariance", "be positive semidefinite", float(1 - value.max()))
        shrunk = vector / (1 + np.sqrt(np.maximum(1 - value, 0.0)))
        return root[:, 0], share, share @ shrunk @ vector.T

    @cached_property
    def _factors(self) -> tuple[Floats, Floats]:
        return np.hstack([self.left, self.explained]), np.hstack([self.left, -self.explained])
