"""How many people to draw, and what a sample of a given size can tell; loads neither numpy nor scipy."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Final

from analysis.errors import AnalysisError
from analysis.sampling.scalars import LARGEST_COUNT, as_count, as_inner_share, as_positive, as_real, as_share

_DIGITS: Final = 9
"""Sizes are rounded to so many decimals before they are rounded up, so that 200.00000000000003, which is
200 but for the rounding of floats, asks for 200 and not for 201."""


def sample_size_proportion(
    margin_of_error: float,
    proportion: float = 0.5,
    level: float = 0.95,
    population: int | None = None,
    design_effect: float = 1.0,
    response_rate: float = 1.0,
) -> int:
    """Return how many units to draw so that a proportion gets the wanted margin of error.

    Parameters
    ----------
    margin_of_error : float, above 0, below 1
        Half the width of the interval wanted, as a proportion: 0.05 for ± 5 points.
    proportion : float in (0, 1)
        What is expected; 0.5 asks for the most.
    level : float in (0, 1)
        Confidence level.
    population : int >= 1 or None
        Units in the frame; None for no finite population correction.
    design_effect : float > 0
        Variance of the design over that of a simple random sample of as many respondents.
    response_rate : float in (0, 1]
        Share of the drawn who are expected to answer.

    Returns
    -------
    int
        Units to draw. With `response_rate` 1 it is the number of respondents needed.

    Raises
    ------
    AnalysisError
        If an argument is out of its range, or the frame is too small to give enough
        respondents at this response rate.

    Notes
    -----
    The smallest n with z sqrt(D p (1 - p) / n · (N - n) / (N - 1)) <= e, which is ::

        n = A N / (N - 1 + A),   A = D z² p (1 - p) / e²   (n = A without a population)

    rounded up, divided by the response rate and rounded up again. The design effect D multiplies the
    variance without replacement, so that n never passes N. A response rate mends the number of
    answers, not the bias of those who stay away.

    References
    ----------
    Cochran (1977), Sampling Techniques, 3rd ed., section 4.4. Kish (1965), Survey Sampling,
    section 8.2.

    Examples
    --------
    >>> from analysis.sampling.size import sample_size_proportion
    >>> sample_size_proportion(0.05)
    385
    >>> sample_size_proportion(0.05, population=500)
    218
    >>> sample_size_proportion(0.05, population=10_000, design_effect=1.5, response_rate=0.8)
    682
    """
    e, p = as_inner_share("margin_of_error", margin_of_error), as_inner_share("proportion", proportion)
    deff, rate = as_positive("design_effect", design_effect), as_share("response_rate", response_rate)
    z = _quantile(level)
    unlimited = deff * (z / e) * (z / e) * p * (1 - p)
    needed = _as_size("margin_of_error", unlimited)
    if population is None:
        return _as_size("response_rate", needed / rate)
    size = as_count("population", population, low=1)
    needed = _as_size("margin_of_error", unlimited * size / (size - 1 + unlimited))
    drawn = _as_size("response_rate", needed / rate)
    if drawn > size:
        rule = f"let a population of {size} give the {needed} answers needed"
        raise AnalysisError("response_rate", rule, response_rate)
    return drawn


def sample_size_official(population: int, margin_of_error: float = 0.05) -> int:
    """Return the sample size of the official rule, n = N / (1 + N e²).

    Parameters
    ----------
    population : int >= 1
        N, units in the frame.
    margin_of_error : float, above 0, below 1
        e, as a proportion.

    Returns
    -------
    int
        n, rounded up.

    Raises
    ------
    AnalysisError
        If an argument is out of its range.

    Notes
    -----
    Known as Yamane's (or Slovin's) formula. It is `sample_size_proportion` with these assumptions
    fixed: p = 0.5, z = 2 (a level of 95.45 %, not 95 %), simple random sampling, everybody answers,
    and N in place of N - 1. It makes no allowance for clusters or nonresponse.

    References
    ----------
    Yamane (1967), Statistics: An Introductory Analysis, 2nd ed., page 886.

    Examples
    --------
    500 / (1 + 500 · 0.0025) = 222.2 and 10,000 / 26 = 384.6:

    >>> from analysis.sampling.size import sample_size_official
    >>> sample_size_official(500), sample_size_official(10_000)
    (223, 385)
    """
    size = as_count("population", population, low=1)
    e = as_inner_share("margin_of_error", margin_of_error)
    return _as_size("margin_of_error", size / (1 + size * e * e))


def margin_of_error(
    n_respondents: int,
    proportion: float = 0.5,
    level: float = 0.95,
    population: int | None = None,
    design_effect: float = 1.0,
) -> float:
    """Return the margin of error that a planned number of respondents would give.

    Parameters
    ----------
    n_respondents : int >= 1
        Respondents, at most `population`.
    proportion : float in (0, 1)
        What is expected; 0.5 gives the widest.
    level : float in (0, 1)
        Confidence level.
    population : int >= 1 or None
        Units in the frame; None for no finite population correction.
    design_effect : float > 0
        As in `sample_size_proportion`.

    Returns
    -------
    float
        As a proportion; 0 for a census.

    Raises
    ------
    AnalysisError
        If an argument is out of its range, or there are more respondents than units.

    Notes
    -----
    z sqrt(D p (1 - p) / n · (N - n) / (N - 1)). For plans only: a figure that is published takes the
    interval of its own sample.

    References
    ----------
    Cochran (1977), Sampling Techniques, 3rd ed., section 3.2.

    Examples
    --------
    >>> from analysis.sampling.size import margin_of_error
    >>> round(margin_of_error(385), 4), round(margin_of_error(100, design_effect=2.0), 4)
    (0.0499, 0.1386)
    """
    n, p = as_count("n_respondents", n_respondents, low=1), as_inner_share("proportion", proportion)
    variance = as_positive("design_effect", design_effect) * p * (1 - p) / n
    if population is not None:
        size = as_count("population", population, low=1)
        if n > size:
            raise AnalysisError("n_respondents", f"not exceed the population of {size}", n)
        variance *= (size - n) / max(size - 1, 1)
    return _quantile(level) * math.sqrt(variance)


def smallest_detectable_change(
    n_before: float,
    n_after: float,
    proportion: float = 0.5,
    level: float = 0.95,
    power: float = 0.8,
    correlation: float = 0.0,
) -> float:
    """Return the smallest change between two waves that a test would find with the given power.

    Parameters
    ----------
    n_before, n_after : float >= 1
        Effective numbers of respondents of the waves: respondents divided by the design effect.
    proportion : float in (0, 1)
        Expected in both waves; take the one nearer to 0.5 to be on the safe side.
    level : float in (0, 1)
        1 - level is the size of the two-sided test.
    power : float in [0.5, 1)
        Chance wanted of finding a change of this size.
    correlation : float, above -1, below 1
        Of the two estimates: m r / sqrt(n_before · n_after) where m respondents (or the
        respondents of common wards) are in both waves and their answers correlate by r; 0 for
        independent samples.

    Returns
    -------
    float
        As a proportion. Above 1 - proportion no rise, above `proportion` no fall can be found.

    Raises
    ------
    AnalysisError
        If an argument is out of its range.

    Notes
    -----
    (z_level + z_power) sqrt(p (1 - p) (1/n1 + 1/n2 - 2 c / sqrt(n1 n2))). The chance of a test
    that finds a change in the wrong direction is left out, as is usual.

    References
    ----------
    Kish (1965), Survey Sampling, section 12.4 (overlap). Fleiss, Levin and Paik (2003), Statistical
    Methods for Rates and Proportions, 3rd ed., section 4.2 (power).

    Examples
    --------
    >>> from analysis.sampling.size import smallest_detectable_change
    >>> round(smallest_detectable_change(400, 400), 4)
    0.0991
    >>> round(smallest_detectable_change(400, 400, proportion=0.85, correlation=0.5), 4)
    0.05
    """
    before, after = as_positive("n_before", n_before), as_positive("n_after", n_after)
    p, chance = as_inner_share("proportion", proportion), as_inner_share("power", power)
    common = as_real("correlation", correlation)
    if before < 1 or after < 1:
        raise AnalysisError("n_before and n_after", "be at least 1", min(n_before, n_after))
    if chance < 0.5:
        raise AnalysisError("power", "be at least 0.5", power)
    if not -1 < common < 1:
        raise AnalysisError("correlation", "lie between -1 and 1", correlation)
    spread = 1 / before + 1 / after - 2 * common / math.sqrt(before * after)
    variance = p * (1 - p) * max(spread, 0.0)  # rounding may take it below 0 where c is next to 1
    return (_quantile(level) + NormalDist().inv_cdf(chance)) * math.sqrt(variance)


def _quantile(level: float) -> float:
    # From the lower tail, so that levels next to 1 keep their digits.
    return -NormalDist().inv_cdf((1 - as_inner_share("level", level)) / 2)


def _as_size(argument: str, size: float) -> int:
    if size > LARGEST_COUNT:
        raise AnalysisError(argument, "be large enough for a sample of at most 2**53", size)
    return max(1, math.ceil(round(size, _DIGITS)))
