"""Intervals of a binomial proportion on another scale: log-odds, angle, likelihood ratio."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit, kl_div, logit

from analysis.intervals.arguments import Limits, Numbers, as_binomial
from analysis.intervals.beta import clopper_pearson_interval

_HALVINGS: Final = 60  # beyond the 52 bits of a float64 between 0 and 1


def logit_interval(proportion: ArrayLike, n_effective: ArrayLike, quantile: ArrayLike) -> Limits:
    """Return the interval that is symmetric in the log-odds.

    Parameters
    ----------
    proportion : float in [0, 1], any shape
        Estimates; n · proportion need not be whole.
    n_effective : float > 0, shape broadcast with `proportion`
        Number of independent answers that would carry the same information.
    quantile : float > 0, shape broadcast with `proportion`
        Critical value: normal for a simple random sample, Student's t for a design.

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
    With the standard error of log(p / (1 - p)) by the delta method::

        expit(logit(p) ± q / sqrt(n p (1 - p)))

    At p = 0 and p = 1 there are no log-odds; the limits there are Clopper and Pearson's.

    References
    ----------
    Brown, Cai and DasGupta (2001), Statistical Science 16, 101-133, section 4. Newcombe
    (2001), The American Statistician 55, 200-202.

    Examples
    --------
    >>> from analysis.intervals.transformed import logit_interval
    >>> low, high = logit_interval([0.9, 1.0], 30, 1.959964)
    >>> low.round(3).tolist(), high.round(3).tolist()
    ([0.732, 0.884], [0.967, 1.0])
    """
    p, n, q = as_binomial(proportion, n_effective, quantile)
    inside = (p > 0) & (p < 1)
    centre = np.where(inside, p, 0.5)
    # A spread next to 0 gives a half-width beyond what a float64 holds; expit takes it as infinite.
    with np.errstate(divide="ignore", over="ignore"):
        half = q / np.sqrt(n * centre * (1 - centre))
    low, high = expit(logit(centre) - half), expit(logit(centre) + half)
    edge_low, edge_high = clopper_pearson_interval(np.where(inside, 1.0, p), n, q)
    return np.where(inside, np.minimum(low, p), edge_low), np.where(inside, np.maximum(high, p), edge_high)


def arcsine_interval(proportion: ArrayLike, n_effective: ArrayLike, quantile: ArrayLike) -> Limits:
    """Return the interval that is symmetric in the angle arcsin(sqrt(p)).

    Parameters
    ----------
    proportion : float in [0, 1], any shape
        Estimates; n · proportion need not be whole.
    n_effective : float > 0, shape broadcast with `proportion`
        Number of independent answers that would carry the same information.
    quantile : float > 0, shape broadcast with `proportion`
        Critical value: normal for a simple random sample, Student's t for a design.

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
    sin²(arcsin(sqrt(p)) ± q / (2 sqrt(n))), the angle kept between 0 and a right angle. R's
    ``svyciprop(method="asin")`` lets it pass, and then prints a limit that has turned back.
    No Anscombe correction.

    References
    ----------
    Bartlett (1936), J. Royal Stat. Soc. Supplement 3, 68-78. Brown, Cai and DasGupta (2001),
    Statistical Science 16, 101-133, section 4.

    Examples
    --------
    >>> from analysis.intervals.transformed import arcsine_interval
    >>> low, high = arcsine_interval([0.9, 1.0], 30, 1.959964)
    >>> low.round(3).tolist(), high.round(3).tolist()
    ([0.77, 0.968], [0.98, 1.0])
    """
    p, n, q = as_binomial(proportion, n_effective, quantile)
    angle, half = np.arcsin(np.sqrt(p)), q / (2 * np.sqrt(n))
    low = np.sin(np.maximum(angle - half, 0)) ** 2
    high = np.sin(np.minimum(angle + half, np.pi / 2)) ** 2
    return np.minimum(low, p), np.maximum(high, p)


def likelihood_interval(proportion: ArrayLike, n_effective: ArrayLike, quantile: ArrayLike) -> Limits:
    """Return the interval of the likelihood ratio test.

    Parameters
    ----------
    proportion : float in [0, 1], any shape
        Estimates; n · proportion need not be whole.
    n_effective : float > 0, shape broadcast with `proportion`
        Number of independent answers that would carry the same information.
    quantile : float > 0, shape broadcast with `proportion`
        Critical value of the signed root: normal for a simple random sample.

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
    All pi with 2 n (p log(p / pi) + (1 - p) log((1 - p) / (1 - pi))) <= q², found by halving.

    References
    ----------
    Brown, Cai and DasGupta (2001), Statistical Science 16, 101-133, section 4. Rao and Scott
    (1984), Annals of Statistics 12, 46-60 (its scaling for a design).

    Examples
    --------
    >>> from analysis.intervals.transformed import likelihood_interval
    >>> low, high = likelihood_interval([0.9, 1.0], 30, 1.959964)
    >>> low.round(3).tolist(), high.round(3).tolist()
    ([0.761, 0.938], [0.974, 1.0])
    """
    p, n, q = as_binomial(proportion, n_effective, quantile)
    allowed = q**2 / (2 * n)
    return _farthest(p, np.zeros_like(p), allowed), _farthest(p, np.ones_like(p), allowed)


def _farthest(p: Numbers, outside: Numbers, allowed: Numbers) -> Numbers:
    """Return the pi between p and `outside` at which the divergence reaches `allowed`."""
    inside = p
    for _ in range(_HALVINGS):
        middle = (inside + outside) / 2
        beyond = kl_div(p, middle) + kl_div(1 - p, 1 - middle) > allowed
        outside = np.where(beyond, middle, outside)
        inside = np.where(beyond, inside, middle)
    return np.asarray(outside)
