"""Intervals of a binomial proportion from quantiles of the beta distribution."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betaincinv, ndtr

from analysis.intervals.arguments import Limits, Numbers, as_binomial

_MOST: Final = 1e12  # answers; beyond, the quantiles of scipy lose their digits and then fail
_SMALLEST_TAIL: Final = 1e-16  # a level that leaves less is not told from 1


def clopper_pearson_interval(proportion: ArrayLike, n_effective: ArrayLike, quantile: ArrayLike) -> Limits:
    """Return the exact interval of Clopper and Pearson.

    Parameters
    ----------
    proportion : float in [0, 1], any shape
        Estimates; n · proportion need not be whole.
    n_effective : float > 0, shape broadcast with `proportion`
        Number of independent answers that would carry the same information.
    quantile : float > 0, shape broadcast with `proportion`
        Normal critical value; the probability beyond it is left out at either end.

    Returns
    -------
    low, high : ndarray
        Limits with 0 <= low <= proportion <= high <= 1 and low < high.

    Raises
    ------
    AnalysisError
        If an argument is out of its range.

    Notes
    -----
    With a = P(Z > q) and x = n p::

        low = a quantile of Beta(x, n - x + 1),    high = 1 - a quantile of Beta(x + 1, n - x)

    0 at p = 0 and 1 at p = 1; more than 1e12 answers count as 1e12. With whole x it covers at least its
    level in a simple random sample, by being longer than needed on average.

    References
    ----------
    Clopper and Pearson (1934), Biometrika 26, 404-413. Korn and Graubard (1998), Survey
    Methodology 24, 193-201 (fractional x and n).

    Examples
    --------
    >>> from analysis.intervals.beta import clopper_pearson_interval
    >>> low, high = clopper_pearson_interval(1.0, 27, 1.959964)
    >>> round(float(low), 3), float(high)
    (0.872, 1.0)
    """
    p, n, q = as_binomial(proportion, n_effective, quantile)
    n = np.minimum(n, _MOST)
    return _lower(p, n, q), 1 - _lower(1 - p, n, q)


def jeffreys_interval(proportion: ArrayLike, n_effective: ArrayLike, quantile: ArrayLike) -> Limits:
    """Return the equal-tailed interval under the prior of Jeffreys.

    Parameters
    ----------
    proportion : float in [0, 1], any shape
        Estimates; n · proportion need not be whole.
    n_effective : float > 0, shape broadcast with `proportion`
        Number of independent answers that would carry the same information.
    quantile : float > 0, shape broadcast with `proportion`
        Normal critical value; the posterior probability beyond it is left out at either end.

    Returns
    -------
    low, high : ndarray
        Limits with 0 <= low <= proportion <= high <= 1 and low < high.

    Raises
    ------
    AnalysisError
        If an argument is out of its range.

    Notes
    -----
    Quantiles of Beta(n p + 1/2, n (1 - p) + 1/2) at P(Z > q) and P(Z < q), drawn out to the
    estimate where they do not reach it: so the interval ends at 0 when p = 0 and at 1 when p = 1. More
    than 1e12 answers count as 1e12.

    References
    ----------
    Brown, Cai and DasGupta (2001), Statistical Science 16, 101-133, section 3.

    Examples
    --------
    >>> from analysis.intervals.beta import jeffreys_interval
    >>> low, high = jeffreys_interval(1.0, 27, 1.959964)
    >>> round(float(low), 3), float(high)
    (0.912, 1.0)
    """
    p, n, q = as_binomial(proportion, n_effective, quantile)
    n = np.minimum(n, _MOST)
    satisfied, dissatisfied, tail = n * p + 0.5, n * (1 - p) + 0.5, _tail(q)
    # The upper limit as the mirrored lower one: probabilities next to 1 lose digits.
    low, mirrored = betaincinv(satisfied, dissatisfied, tail), betaincinv(dissatisfied, satisfied, tail)
    return np.minimum(low, p), np.maximum(1 - mirrored, p)


def _lower(p: Numbers, n: Numbers, q: Numbers) -> Numbers:
    satisfied = n * p
    some = satisfied > 0
    limit = betaincinv(np.where(some, satisfied, 1.0), n - satisfied + 1, _tail(q))
    return np.where(some, np.minimum(limit, p), 0.0)


def _tail(q: Numbers) -> Numbers:
    return np.maximum(ndtr(-q), _SMALLEST_TAIL)
