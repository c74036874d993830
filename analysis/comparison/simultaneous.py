"""Confidence intervals that hold for all offices of a table together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri, stdtrit

from analysis.arguments import require_choice
from analysis.comparison.compared import ComparedEstimates
from analysis.errors import AnalysisError

SimultaneousMethod = Literal["sidak", "bonferroni"]
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class SimultaneousIntervals:
    """Limits that cover all comparable offices together; `simultaneous_intervals` makes them.

    Parameters
    ----------
    low, high : (K,) float, NaN where not estimable
        Limits in the unit of the estimates; those of proportions may pass 0 or 1.
    level : float in (0, 1)
        Probability with which all of them hold.
    method : {"sidak", "bonferroni"}
        How the level was shared out.

    Examples
    --------
    >>> from analysis.comparison.simultaneous import SimultaneousIntervals
    >>> import numpy as np
    >>> SimultaneousIntervals(np.array([80.0]), np.array([84.0]), 0.95, "sidak").method
    'sidak'
    """

    low: Floats
    high: Floats
    level: float
    method: SimultaneousMethod


def simultaneous_intervals(
    compared: ComparedEstimates, level: float = 0.95, method: SimultaneousMethod = "sidak"
) -> SimultaneousIntervals:
    """Return intervals that hold for all offices together, each with its own Student's t.

    Parameters
    ----------
    compared : ComparedEstimates
        Estimates of K offices.
    level : float in (0, 1)
        Probability with which all intervals hold at once.
    method : {"sidak", "bonferroni"}
        Sidak's are slightly shorter; they need independent offices or normal errors of any
        correlation. Bonferroni's need nothing.

    Returns
    -------
    SimultaneousIntervals
        (K,) limits, NaN for offices left out (`ComparedEstimates.exclusion`), which do not count.

    Raises
    ------
    AnalysisError
        If `level` or `method` is out of its range.

    Notes
    -----
    estimate ± t(1 - a, df) · SE over m comparable offices, with the tail a of each side::

        bonferroni   a = (1 - level) / (2 m)
        sidak        a = (1 - level^(1/m)) / 2

    An office known by census has limits without width, as it should.

    References
    ----------
    Sidak (1967), J. Am. Stat. Assoc. 62, 626-633. Miller (1981), Simultaneous Statistical
    Inference, 2nd ed., section 1.

    Examples
    --------
    >>> from analysis.comparison.compared import ComparedEstimates
    >>> from analysis.comparison.simultaneous import simultaneous_intervals
    >>> both = simultaneous_intervals(ComparedEstimates([80.0, 90.0], [2.0, 1.0], [8, 9]))
    >>> both.low.round(2).tolist(), both.high.round(2).tolist()
    ([74.51, 87.32], [85.49, 92.68])
    """
    require_choice("method", method, get_args(SimultaneousMethod))
    require_level(level)
    shown = compared.only_comparable()
    n = max(len(shown), 1)
    tail = sidak_tail(level, n) if method == "sidak" else (1 - level) / (2 * n)
    half = half_widths(shown, tail)
    low, high = (compared.in_all_places(shown.estimate + side) for side in (-half, half))
    return SimultaneousIntervals(low, high, level, method)


def require_level(level: float, lowest: float = 0.0) -> None:
    """Refuse a confidence level that is not above `lowest` and below 1."""
    if not lowest < level < 1:
        raise AnalysisError("level", f"lie between {lowest:g} and 1", level)


def sidak_tail(level: float, n_intervals: int) -> float:
    """Return the tail of each side of each interval, (1 - level^(1/n)) / 2, with all its digits."""
    return float(-np.expm1(np.log(level) / n_intervals) / 2)


def upper_quantile(tail: float, degrees_of_freedom: ArrayLike) -> Floats:
    """Return the quantile of Student's t that leaves `tail` above it; infinite freedom is normal."""
    freedom = np.asarray(degrees_of_freedom, dtype=np.float64)
    is_normal = np.isinf(freedom)
    return np.where(is_normal, -ndtri(tail), -stdtrit(np.where(is_normal, 1.0, freedom), tail))


def half_widths(shown: ComparedEstimates, tail: float) -> Floats:
    """Return t(1 - tail, df) · SE of comparable offices; 0 where the figure is known by census."""
    is_known = shown.standard_error == 0
    freedom = np.where(is_known, np.inf, shown.degrees_of_freedom)
    return np.where(is_known, 0.0, upper_quantile(tail, freedom) * shown.standard_error)
