"""The estimates that are to be compared, said once, and which of them can take part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.arguments import require
from analysis.errors import AnalysisError
from analysis.estimation.estimates import Estimates
from analysis.estimation.factored import FactoredCovariance

Exclusion = Literal["not_estimable", "no_degrees_of_freedom", "zero_standard_error"]
Floats = NDArray[np.float64]

_ROUNDING_ZERO: Final = 1e-12
"""A standard error below this share of its estimate is what rounding leaves of 0."""

_DISAGREEMENT: Final = 1e-8
"""Largest relative difference between a covariance and its mirror, or its diagonal and the squared errors."""


@dataclass(frozen=True, init=False, eq=False, repr=False)
class ComparedEstimates:
    """Estimates of K offices with their errors; says which can be compared, and why others cannot.

    Parameters
    ----------
    estimate : (K,) float, finite, NaN (or None) where not estimable
        In any unit; higher is better.
    standard_error : (K,) float >= 0, finite, NaN (or None) where not estimable
        Same unit.
    degrees_of_freedom : (K,) float >= 0 or one number, NaN (or None) where not estimable
        Of each office's own standard error; infinite, the default, for normal errors.
    covariance : (K, K) float, symmetric, positive semidefinite, or FactoredCovariance; optional
        Of the estimates, with the squared standard errors on its diagonal, where offices share
        sampling units or margins. Left out, estimates are independent.
    is_census : (K,) bool or one bool
        Where True, a standard error of 0 is taken at its word: everybody was asked.

    Raises
    ------
    AnalysisError
        If a shape or range is broken, a standard error is negative, or the covariance is not
        symmetric or contradicts the standard errors.

    Notes
    -----
    Nobody is dropped silently. An office takes part unless `exclusion` names the reason:

    - ``"not_estimable"``: its estimate, standard error or degrees of freedom are NaN;
    - ``"no_degrees_of_freedom"``: there are 0, so the standard error is worth nothing;
    - ``"zero_standard_error"``: a sample whose units all agree shows no spread, which is no proof
      that there is none. Student's t would call it certain, so it gets no verdict and no rank,
      unless `is_census` says that nothing was left to chance.

    Results keep all K places; those of offices left out hold NaN.

    Examples
    --------
    >>> from analysis.comparison.compared import ComparedEstimates
    >>> offices = ComparedEstimates([91.0, 78.5, None, 100.0], [1.2, 2.0, None, 0.0], [9, 7, 0, 5])
    >>> offices
    ComparedEstimates(4 offices, 2 of them comparable)
    >>> offices.exclusion
    (None, None, 'not_estimable', 'zero_standard_error')
    """

    estimate: Floats
    standard_error: Floats
    degrees_of_freedom: Floats
    covariance: Floats | FactoredCovariance | None
    is_census: NDArray[np.bool_]
    exclusion: tuple[Exclusion | None, ...]
    """(K,) why each office takes no part; None where it does."""

    def __init__(
        self,
        estimate: ArrayLike,
        standard_error: ArrayLike,
        degrees_of_freedom: ArrayLike = np.inf,
        covariance: ArrayLike | FactoredCovariance | None = None,
        is_census: ArrayLike = False,
    ) -> None:
        value = _numbers("estimate", estimate, np.shape(estimate))
        if value.ndim != 1:
            raise AnalysisError("estimate", "have shape (any,)", value.shape)
        error = _numbers("standard_error", standard_error, value.shape)
        freedom = _numbers("degrees_of_freedom", degrees_of_freedom, value.shape)
        require(~np.isinf(value), "estimate", "be finite, or NaN where not estimable", value)
        require(~np.isinf(error), "standard_error", "be finite, or NaN where not estimable", error)
        require(~(error < 0), "standard_error", "not be negative", error)
        require(~(freedom < 0), "degrees_of_freedom", "not be negative", freedom)
        census = np.asarray(is_census)
        if census.dtype != np.bool_ or census.shape not in ((), value.shape):
            raise AnalysisError("is_census", f"hold booleans, one or {value.size}", is_census)
        census = np.broadcast_to(census, value.shape)
        self._keep(
            estimate=value,
            standard_error=error,
            degrees_of_freedom=freedom,
            is_census=census,
            exclusion=_exclusion(value, error, freedom, census),
        )
        self._keep(covariance=None if covariance is None else self._checked(covariance))

    @classmethod
    def of(
        cls, estimates: Estimates, measure: str, domains: Sequence[int] | None = None
    ) -> ComparedEstimates:
        """Take one measure of all domains, or of those in the given places.

        Parameters
        ----------
        estimates : Estimates
            With linearised variances.
        measure : str
            Name of the measure.
        domains : sequence of int, optional
            Places of the domains to compare, in this order; all where left out.

        Returns
        -------
        ComparedEstimates
            With covariances where two domains may have one: where a PSU meets both, where both
            share a stratum and reach beyond it, or where weights are calibrated. Offices that
            are strata have none, or with calibrated weights factors in place of the matrix.

        Raises
        ------
        AnalysisError
            If the measure is unknown, or variances are those of replicates.
        """
        estimates.require_linearised()
        _, k = estimates.place(0, measure)
        kept = np.arange(len(estimates.domains)) if domains is None else np.asarray(domains, dtype=np.int64)
        error = np.sqrt(estimates.variance[kept, k])
        independent = cls(
            estimates.value[kept, k],
            error,
            estimates.degrees_of_freedom[kept, k].astype(np.float64),
            is_census=estimates.is_census[kept, k],
        )
        if not independent.is_comparable.any() or not _may_covary(estimates, k):
            return independent
        usable = np.flatnonzero(independent.is_comparable)
        chosen = kept[usable].tolist()
        covariance: Floats | FactoredCovariance
        factors = estimates.shared_errors(chosen, measure)
        if factors is not None:
            covariance = factors.with_errors(error[usable]).in_places(usable, kept.size)
        else:
            matrix = estimates.covariance([(place, measure) for place in chosen])
            covariance = np.full((kept.size, kept.size), np.nan)
            covariance[np.ix_(usable, usable)] = _with_errors(matrix, error[usable])
        return cls(
            independent.estimate,
            error,
            independent.degrees_of_freedom,
            covariance,
            independent.is_census,
        )

    def __repr__(self) -> str:
        dependent = "" if self.covariance is None else ", correlated"
        n_comparable = np.count_nonzero(self.is_comparable)
        return (
            f"ComparedEstimates({self.estimate.size} offices, {n_comparable} of them comparable{dependent})"
        )

    def __len__(self) -> int:
        """Return the number of offices, K."""
        return self.estimate.size

    @property
    def is_comparable(self) -> NDArray[np.bool_]:
        """(K,) whether each office takes part."""
        return np.array([reason is None for reason in self.exclusion], dtype=np.bool_)

    def only_comparable(self) -> ComparedEstimates:
        """Return the offices that take part, in their order; there may be none."""
        kept = self.is_comparable
        return ComparedEstimates(
            self.estimate[kept],
            np.where(self._is_rounding_zero, 0.0, self.standard_error)[kept],
            self.degrees_of_freedom[kept],
            _only(self.covariance, kept),
            self.is_census[kept],
        )

    def in_all_places(self, values: ArrayLike) -> Floats:
        """Return (K,) the values of the comparable offices at their places, NaN elsewhere."""
        everywhere = np.full(len(self), np.nan)
        everywhere[self.is_comparable] = values
        return everywhere

    @property
    def _is_rounding_zero(self) -> NDArray[np.bool_]:
        return _rounding_zero(self.estimate, self.standard_error)

    def _checked(self, covariance: ArrayLike | FactoredCovariance) -> Floats | FactoredCovariance:
        kept = self.is_comparable
        if isinstance(covariance, FactoredCovariance):
            if covariance.own.shape != self.estimate.shape:
                raise AnalysisError("covariance", f"have shape {self.estimate.shape}", covariance.own.shape)
            own = covariance.only(kept).variance
            require(np.isfinite(own), "covariance", "be finite between comparable offices", own)
        else:
            covariance = _numbers("covariance", covariance, (len(self), len(self)))
            own = _checked_diagonal(covariance[np.ix_(kept, kept)])
        largest = np.abs(own).max(initial=0.0)
        fits = np.abs(own - self.standard_error[kept] ** 2) <= np.maximum(
            _DISAGREEMENT * own, _DISAGREEMENT**2 * largest
        )
        require(fits, "covariance", "have the squared standard errors on its diagonal", own)
        return covariance

    def _keep(self, **fields: object) -> None:
        for name, value in fields.items():
            if isinstance(value, np.ndarray):
                value.setflags(write=False)
            object.__setattr__(self, name, value)


def _numbers(argument: str, value: ArrayLike, shape: tuple[int, ...]) -> Floats:
    """Return a copy as floats of the given shape, one number for all allowed, NaN allowed."""
    try:
        numbers = np.array(value, dtype=np.float64)
    except (TypeError, ValueError):
        raise AnalysisError(argument, "hold numbers", value) from None
    if numbers.shape == () and argument == "degrees_of_freedom":
        numbers = np.full(shape, numbers)
    if numbers.shape != shape:
        raise AnalysisError(argument, f"have shape {shape}", numbers.shape)
    return numbers


def _checked_diagonal(matrix: Floats) -> Floats:
    require(np.isfinite(matrix), "covariance", "be finite between comparable offices", matrix)
    own = np.diagonal(matrix)
    tolerance = _DISAGREEMENT * np.abs(own).max(initial=0.0)
    require(np.abs(matrix - matrix.T) <= tolerance, "covariance", "be symmetric", matrix)
    return own


def _only(
    covariance: Floats | FactoredCovariance | None, kept: NDArray[np.bool_]
) -> Floats | FactoredCovariance | None:
    if covariance is None:
        return None
    if isinstance(covariance, FactoredCovariance):
        return covariance.only(kept)
    return np.asarray(covariance[np.ix_(kept, kept)])


def _rounding_zero(estimate: Floats, error: Floats) -> NDArray[np.bool_]:
    return np.asarray(error <= _ROUNDING_ZERO * np.abs(estimate))


def _exclusion(
    estimate: Floats, error: Floats, freedom: Floats, is_census: NDArray[np.bool_]
) -> tuple[Exclusion | None, ...]:
    unknown = np.isnan(estimate) | np.isnan(error) | np.isnan(freedom)
    no_spread = _rounding_zero(estimate, error)
    known = no_spread & is_census
    reasons = np.select(
        [known, unknown, freedom == 0, no_spread],
        ["", "not_estimable", "no_degrees_of_freedom", "zero_standard_error"],
        "",
    )
    return tuple(reason or None for reason in reasons.tolist())


def _with_errors(covariance: Floats, error: Floats) -> Floats:
    """Keep the correlations, and the variances that a policy for lone PSUs may have made larger."""
    known = np.sqrt(np.diag(covariance))
    scale = np.where(known > 0, error / np.where(known > 0, known, 1.0), 1.0)
    scaled: Floats = covariance * np.outer(scale, scale)
    np.fill_diagonal(scaled, error**2)
    return scaled


def _may_covary(estimates: Estimates, k: int) -> bool:
    """Tell whether estimates of two domains may have a covariance.

    The influence values of a domain that lies in one stratum add up to 0 there: such domains
    share nothing unless a PSU meets both. Totals have no such sum.
    """
    if estimates.calibration is not None or estimates.measures[k].kind in {"total", "difference"}:
        return True
    domains = estimates.domains
    inside = domains.code >= 0
    domain, psu = domains.code[inside], estimates.sums.psu[inside]
    if np.unique(psu).size < np.unique(psu * len(domains) + domain).size:
        return True
    pairs = np.unique(estimates.table.stratum[psu] * len(domains) + domain)
    reaches_beyond = np.bincount(pairs % len(domains))[pairs % len(domains)] > 1
    return bool(np.bincount(pairs[reaches_beyond] // len(domains), minlength=1).max() > 1)
