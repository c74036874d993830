"""Intervals of a binomial proportion from the score test: Wilson's, and Agresti and Coull's."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from analysis.intervals.arguments import Limits, as_binomial


def wilson_interval(proportion: ArrayLike, n_effective: ArrayLike, quantile: ArrayLike) -> Limits:
    """Return Wilson's score interval of a proportion.

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
    All pi with abs(p - pi) <= q · sqrt(pi (1 - pi) / n). With s = n / (n + q²)::

        s p + (1 - s) / 2  ±  sqrt(s (1 - s) p (1 - p) + (1 - s)² / 4)

    No continuity correction.

    References
    ----------
    Wilson (1927), J. Am. Stat. Assoc. 22, 209-212. Brown, Cai and DasGupta (2001), Statistical
    Science 16, 101-133, section 3.

    Examples
    --------
    27 of 27 satisfied, simple random sample:

    >>> from analysis.intervals.score import wilson_interval
    >>> low, high = wilson_interval(1.0, 27, 1.959964)
    >>> round(float(low), 3), float(high)
    (0.875, 1.0)
    """
    p, n, q = as_binomial(proportion, n_effective, quantile)
    drawn = q**2 / (n + q**2)  # how far the centre is drawn from p towards one half
    centre = p + drawn * (0.5 - p)
    half = np.sqrt(drawn * (1 - drawn) * p * (1 - p) + drawn**2 / 4)
    # Rounding may push a limit past the estimate when p is 0 or 1.
    return np.clip(centre - half, 0, p), np.clip(centre + half, p, 1)


def agresti_coull_interval(proportion: ArrayLike, n_effective: ArrayLike, quantile: ArrayLike) -> Limits:
    """Return the interval of Agresti and Coull, which may pass 0 and 1.

    Parameters
    ----------
    proportion : float in [0, 1], any shape
        Estimates; n · proportion need not be whole.
    n_effective : float > 0, shape broadcast with `proportion`
        Number of independent answers that would carry the same information.
    quantile : float > 0, shape broadcast with `proportion`
        Critical value: normal for a simple random sample.

    Returns
    -------
    low, high : ndarray
        Limits with low < proportion < high. They are not clipped, as in R's package binom;
        `survey_interval` clips them to [0, 1].

    Raises
    ------
    AnalysisError
        If an argument is out of its range.

    Notes
    -----
    The simple interval after q² / 2 satisfied and q² / 2 dissatisfied answers were added::

        p' = (n p + q² / 2) / (n + q²),    p' ± q · sqrt(p' (1 - p') / (n + q²))

    The centre is Wilson's, the half-width at least his (Jensen's inequality): the two agree
    at p = 1/2, and near 0 and 1 this one is longer.

    References
    ----------
    Agresti and Coull (1998), The American Statistician 52, 119-126. Brown, Cai and DasGupta
    (2001), Statistical Science 16, 101-133, section 3.

    Examples
    --------
    >>> from analysis.intervals.score import agresti_coull_interval
    >>> low, high = agresti_coull_interval(1.0, 27, 1.959964)
    >>> round(float(low), 3), round(float(high), 3)
    (0.852, 1.023)
    """
    p, n, q = as_binomial(proportion, n_effective, quantile)
    centre = p + q**2 / (n + q**2) * (0.5 - p)
    half = q * np.sqrt(centre * (1 - centre) / (n + q**2))
    return centre - half, centre + half
