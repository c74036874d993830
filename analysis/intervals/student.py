"""Student's t: the critical value, and the interval value ± t · standard error."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import stdtrit

from analysis.arguments import as_numbers, require
from analysis.errors import AnalysisError
from analysis.intervals.arguments import Limits, Numbers


def critical_value(level: float, degrees_of_freedom: ArrayLike) -> Numbers:
    """Return the two-sided critical value of Student's t.

    Parameters
    ----------
    level : float in (0, 1)
        Confidence level, such as 0.95.
    degrees_of_freedom : float > 0, any shape
        Infinite for the normal distribution.

    Returns
    -------
    ndarray
        The (1 + level) / 2 quantile, same shape.

    Raises
    ------
    AnalysisError
        If an argument is out of its range.

    Notes
    -----
    Taken from the lower tail, so that levels next to 1 keep their digits.

    References
    ----------
    Student (1908), Biometrika 6, 1-25.

    Examples
    --------
    >>> from analysis.intervals.student import critical_value
    >>> critical_value(0.95, [4, float("inf")]).round(4).tolist()
    [2.7764, 1.96]
    """
    if not 0 < level < 1:
        raise AnalysisError("level", "lie between 0 and 1", level)
    freedom = as_numbers("degrees_of_freedom", degrees_of_freedom)
    require(freedom > 0, "degrees_of_freedom", "be positive", freedom)
    return np.asarray(-stdtrit(freedom, (1 - level) / 2))


def t_interval(
    value: ArrayLike, standard_error: ArrayLike, degrees_of_freedom: ArrayLike, level: float = 0.95
) -> Limits:
    """Return value ± t · standard error, as R's ``confint(x, df=...)`` prints it.

    Parameters
    ----------
    value : float, any shape
        Estimates, in any unit.
    standard_error : float >= 0, shape broadcast with `value`
        Same unit. At 0 the limits fall on the estimate; `survey_interval` does not let them.
    degrees_of_freedom : float > 0, shape broadcast with `value`
        Of the design within the domain.
    level : float in (0, 1)
        Confidence level.

    Returns
    -------
    low, high : ndarray
        Limits in the unit of `value`; those of a proportion may pass 0 or 1.

    Raises
    ------
    AnalysisError
        If an argument is out of its range.

    Notes
    -----
    For proportions near 0 or 1 and few PSUs it covers less than its level (Dean and Pagano
    2015; the coverage study in docs/coverage.md); it is kept because official reports and R
    print it, and for figures that are no proportions.

    References
    ----------
    Lumley (2010), Complex Surveys, section 2.3. Dean and Pagano (2015), J. Survey Statistics and
    Methodology 3, 484-503.

    Examples
    --------
    >>> from analysis.intervals.student import t_interval
    >>> low, high = t_interval(0.95, 0.03, degrees_of_freedom=5)
    >>> round(float(low), 4), round(float(high), 4)
    (0.8729, 1.0271)
    """
    centre = as_numbers("value", value)
    error = as_numbers("standard_error", standard_error)
    require(error >= 0, "standard_error", "not be negative", error)
    half = critical_value(level, degrees_of_freedom) * error
    return centre - half, centre + half
