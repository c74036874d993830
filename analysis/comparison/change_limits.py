"""Limits of a change: never beyond what is possible, and there without spread, too."""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.comparison.change import change, pairs_of_waves
from analysis.estimation.estimate import ConfidenceInterval, Estimate
from analysis.estimation.estimates import Estimates
from analysis.intervals.survey import Method

ChangeVerdict = Literal[
    "shown_to_have_risen", "shown_to_have_fallen", "not_shown_to_have_changed", "not_estimable"
]
Limits = tuple[ArrayLike, ArrayLike, ArrayLike]  # low, value, high
Between = tuple[NDArray[np.float64], NDArray[np.float64]]


def change_columns(
    estimates: Estimates, wave: str, *, earlier: Any, later: Any, level: float = 0.95
) -> tuple[Estimates, dict[str, NDArray[Any]]]:
    """Estimate later minus earlier, with limits that stay possible and are there without spread, too.

    Parameters
    ----------
    estimates, wave, earlier, later
        As in `change`.
    level : float in (0, 1)
        Confidence level.

    Returns
    -------
    changed : Estimates
        Those of `change`.
    columns : dict of str to (D, K) ndarray
        `Estimates.columns` of them, but for "low" and "high" of proportions, which are those of
        `possible_limits`. A change that lacks a standard error alone ("no_spread") has them, and no
        "reason".

    Raises
    ------
    AnalysisError
        As `change`.

    Notes
    -----
    As in `possible_limits`.

    References
    ----------
    As in `difference_limits`.

    Examples
    --------
    All of eight satisfied in the first year, six in the second:

    >>> from analysis import SurveyDesign, change_columns, proportion
    >>> design = SurveyDesign([1.0] * 16)
    >>> satisfied = {"on time": [1.0] * 14 + [0.0] * 2}
    >>> found = proportion(design, satisfied, {"year": [2025] * 8 + [2026] * 8})
    >>> changed, columns = change_columns(found, "year", earlier=2025, later=2026)
    >>> changed[0, "on time"].reason, columns["reason"].tolist()
    ('no_spread', [[None]])
    >>> [round(float(columns[name][0, 0]), 3) for name in ("low", "value", "high")]
    [-0.609, -0.25, 0.168]
    """
    changed = change(estimates, wave, earlier=earlier, later=later)
    first, second, _ = pairs_of_waves(estimates.domains, wave, earlier, later)
    columns = changed.columns(level)
    low, high = estimates.limits(level)
    of_waves = [(low[place], estimates.value[place], high[place]) for place in (first, second)]
    found = possible_limits((columns["low"], columns["high"]), *of_waves)
    shares = np.array([measure.kind == "proportion" for measure in estimates.measures])
    silent = shares & (columns["reason"] == "no_spread") & ~np.isnan(found[0])
    known = shares & changed.is_estimable | silent
    for name, limits in zip(("low", "high"), found, strict=True):
        columns[name] = np.where(known, limits, columns[name])
    columns["standard_error"] = np.where(silent, np.nan, columns["standard_error"])
    columns["reason"] = changed.reason.copy()
    columns["reason"][silent] = None
    return changed, columns


def possible_limits(change: tuple[ArrayLike, ArrayLike], earlier: Limits, later: Limits) -> Between:
    """Return the limits of a change, cut at what both waves' limits allow.

    Parameters
    ----------
    change : two of float, any shape
        Low and high limit of the change; NaN where it has none.
    earlier, later : three of float, shape broadcast with `change`
        Low limit, value and high limit of the waves; NaN where there is none.

    Returns
    -------
    low, high : ndarray
        Around the difference. Where the change has no limits of its own, as without spread, those of
        `difference_limits`.

    Notes
    -----
    The limits of value ± t · SE near 100 % pass what is possible: with the earlier share somewhere in
    l1 to u1 and the later in l2 to u2, the change lies in l2 - u1 to u2 - l1. Cut there it is missed
    next to never: both waves' own limits would have to fail.

    References
    ----------
    As in `difference_limits`.

    Examples
    --------
    From 85 to 95 %, by t 61 points up at most:

    >>> from analysis import possible_limits
    >>> low, high = possible_limits((-0.41, 0.61), (0.65, 0.85, 0.95), (0.76, 0.95, 0.99))
    >>> round(float(low), 2), round(float(high), 2)
    (-0.19, 0.34)
    """
    low, high = (np.asarray(one, dtype=np.float64) for one in change)
    least, most = np.subtract(later[0], earlier[2]), np.subtract(later[2], earlier[0])
    apart = difference_limits(earlier, later)
    return (
        np.where(np.isnan(low), apart[0], np.maximum(low, least)),
        np.where(np.isnan(high), apart[1], np.minimum(high, most)),
    )


def difference_limits(earlier: Limits, later: Limits) -> Between:
    """Return limits of later minus earlier from each one's own, for samples drawn apart.

    Parameters
    ----------
    earlier, later : three of float, any shape
        Low limit, value and high limit, of one level; NaN where there is none.

    Returns
    -------
    low, high : ndarray
        Around the difference, never beyond the limits of one and the other: shares of 0 to 100 %
        differ by no more than they can.

    Notes
    -----
    The method of variance estimates recovery: with values p and limits l and u, ::

        low  = p2 - p1 - sqrt((p2 - l2)² + (u1 - p1)²)
        high = p2 - p1 + sqrt((u2 - p2)² + (p1 - l1)²)

    the variances that matter near each end. Each one's limits know its own degrees of freedom.

    References
    ----------
    Zou and Donner (2008), Statistics in Medicine 27, 1693-1702. Newcombe (1998), Statistics in
    Medicine 17, 873-890.

    Examples
    --------
    From 85 to 95 %:

    >>> from analysis import difference_limits
    >>> low, high = difference_limits((0.75, 0.85, 0.91), (0.86, 0.95, 0.98))
    >>> round(float(low), 3), round(float(high), 3)
    (-0.008, 0.204)
    """
    (low1, value1, high1), (low2, value2, high2) = (
        [np.asarray(one, dtype=np.float64) for one in ends] for ends in (earlier, later)
    )
    value = value2 - value1
    return (
        value - np.hypot(value2 - low2, high1 - value1),
        value + np.hypot(high2 - value2, value1 - low1),
    )


def change_interval(
    earlier: Estimate, later: Estimate, level: float = 0.95, method: Method | None = None
) -> ConfidenceInterval | None:
    """Return limits of later minus earlier from the intervals of both, also where one shows no spread.

    Parameters
    ----------
    earlier, later : Estimate
        Of the same measure.
    level : float in (0, 1)
        Confidence level.
    method : str, optional
        Of both waves' intervals, as in `Estimate.confidence_interval`.

    Returns
    -------
    ConfidenceInterval or None
        None where a wave has no interval. Limits of proportions stay within -1 and 1.

    Raises
    ------
    AnalysisError
        If `level` or `method` is out of its range.

    Notes
    -----
    Those of `difference_limits`. A wave of which all are satisfied has a standard error of 0, which
    is no error known, but an interval: there `change` is "not estimable", and this says what can
    be said. Samples are taken as independent. A wave without spread shows no covariance either;
    that of wards drawn twice is mostly positive, so that these limits are rather too wide. Where
    both waves can be estimated together, `change_columns` knows their covariance.

    References
    ----------
    As in `difference_limits`; Newcombe's method 10 takes Wilson's interval of both waves.

    Examples
    --------
    All of 40 satisfied, then 30 of 40:

    >>> from analysis import Estimate, change_interval
    >>> sizes = {"n_respondents": 40, "n_answers": 40, "n_complete": 40, "n_kish": 40}
    >>> all_of_them, some = Estimate(1.0, 0.0, 39, **sizes), Estimate(0.75, 0.0685, 39, **sizes)
    >>> limits = change_interval(all_of_them, some)
    >>> round(limits.low, 3), round(limits.high, 3)
    (-0.404, -0.098)
    """
    first, second = (one.confidence_interval(level, method) for one in (earlier, later))
    if first is None or second is None or earlier.value is None or later.value is None:
        return None
    limits = ((first.low, earlier.value, first.high), (second.low, later.value, second.high))
    low, high = difference_limits(*limits)
    return ConfidenceInterval(float(low), float(high), level, second.method)


def verdict_on_change(low: float | None, high: float | None) -> ChangeVerdict:
    """Say whether a change with these limits is shown; None or NaN where it is not estimable.

    Examples
    --------
    >>> from analysis import verdict_on_change
    >>> verdict_on_change(0.01, 0.05), verdict_on_change(-0.01, 0.05)
    ('shown_to_have_risen', 'not_shown_to_have_changed')
    """
    if low is None or high is None or math.isnan(low) or math.isnan(high):
        return "not_estimable"
    if low > 0:
        return "shown_to_have_risen"
    return "shown_to_have_fallen" if high < 0 else "not_shown_to_have_changed"
