"""How much a sample with clusters and weights tells about a proportion, as a number of answers."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from analysis.arguments import as_numbers, require
from analysis.intervals.arguments import Numbers
from analysis.intervals.student import critical_value

_ROUNDING: Final = 1e-24  # a smaller variance is a rounded zero
_LEAST: Final = 1e-12  # answers; less would overflow, and tells as little
_AGREEING: Final = 2.0  # people assumed whose answers to all items agree, see `held_to_people`


def effective_sample_size(
    proportion: ArrayLike,
    variance: ArrayLike,
    n_respondents: ArrayLike,
    n_kish: ArrayLike,
    *,
    cap: bool = True,
    n_answers: ArrayLike | None = None,
) -> Numbers:
    """Return how many independent answers would carry the information of the sample.

    Parameters
    ----------
    proportion : float in [0, 1], any shape
        Estimate p.
    variance : float >= 0, shape broadcast with `proportion`
        Its design-based variance V.
    n_respondents : float > 0, shape broadcast with `proportion`
        Respondents behind the estimate; for an index over J items valid answers / J.
    n_kish : float > 0, shape broadcast with `proportion`
        Kish's effective number of respondents, (sum w)² / sum w², used where V tells nothing.
    cap : bool
        Whether the result is held to the people at hand, as `held_to_people` does.
    n_answers : float > 0, shape broadcast with `proportion`, optional
        Their valid answers, for an index over several items; n_respondents where left out.

    Returns
    -------
    ndarray
        Positive and finite.

    Raises
    ------
    AnalysisError
        If an argument is out of its range.

    Notes
    -----
    p (1 - p) / V, held to the people at hand. At p = 0, p = 1 or V = 0 the sample shows no spread
    at all, which is no proof that there is none: there n_kish stands, so that several answers of
    one person count once. R's ``svyciprop(method="beta")`` knows no cap.

    References
    ----------
    Kish (1965), Survey Sampling, sections 8.1 and 11.7. Korn and Graubard (1998), Survey
    Methodology 24, 193-201.

    Examples
    --------
    >>> from analysis.intervals.effective_size import effective_sample_size
    >>> effective_sample_size([0.5, 0.5, 1.0], [0.01, 0.0001, 0.0], 60, 50).tolist()
    [25.0, 60.0, 50.0]
    """
    p, v = as_numbers("proportion", proportion), as_numbers("variance", variance)
    people, kish = as_numbers("n_respondents", n_respondents), as_numbers("n_kish", n_kish)
    require((p >= 0) & (p <= 1), "proportion", "lie in [0, 1]", p)
    require(v >= 0, "variance", "not be negative", v)
    require((people > 0) & np.isfinite(people), "n_respondents", "be positive and finite", people)
    require((kish > 0) & np.isfinite(kish), "n_kish", "be positive and finite", kish)
    spread = np.where(v > _ROUNDING, p * (1 - p), 0.0)
    by_variance = np.maximum(spread / np.maximum(v, _ROUNDING), _LEAST)
    if not cap:
        return np.where(spread > 0, by_variance, kish)
    size = np.where(spread > 0, by_variance, np.minimum(kish, people))
    return held_to_people(size, p, people, people if n_answers is None else n_answers)


def held_to_people(
    n_effective: ArrayLike, proportion: ArrayLike, n_respondents: ArrayLike, n_answers: ArrayLike
) -> Numbers:
    """Return an effective size that promises no more than the people at hand can tell.

    Parameters
    ----------
    n_effective : float > 0, any shape
        p (1 - p) / V, adjusted to degrees of freedom or not.
    proportion : float in [0, 1], shape broadcast with `n_effective`
        Estimate p.
    n_respondents : float > 0, shape broadcast with `n_effective`
        People n; for an index over J items valid answers / J.
    n_answers : float > 0, shape broadcast with `n_effective`
        Their answers N: n of a single question, J n of an index.

    Returns
    -------
    ndarray
        Positive, at most N, and at most n where nothing else is known.

    Raises
    ------
    AnalysisError
        If an argument is out of its range.

    Notes
    -----
    A variance that is small by chance must not promise more than the sample at hand (Korn and
    Graubard 1998). Of a single question that is n: each answer tells as much as one answer. An
    index over several items may know more than n answers would, because people of whom each is
    satisfied with some items differ less from each other than people who are all or nothing. How
    much more only V says, and V is known no better than the dissatisfied people are many. So two
    people of one mind in everything, of whom V would be p (1 - p) / n, are added to the
    m = n p (1 - p) that the sample is worth::

        n_e <= n:  n_e
        n_e > n:   (m + 2) / (m / min(n_e, N) + 2 / n)

    With many dissatisfied that is n_e, with next to none n. The answers alone (n_e <= N) are no
    cap: near 100 % one dissatisfied answer of one person makes V that of N independent answers
    (docs/coverage.md compares them).

    References
    ----------
    Korn and Graubard (1998), Survey Methodology 24, 193-201.

    Examples
    --------
    600 people and 6,000 answers, with an index of 70 % and of 99.9 %, and a single question:

    >>> from analysis.intervals.effective_size import held_to_people
    >>> held_to_people(1500, [0.7, 0.999, 0.7], 600, [6000, 6000, 600]).round().tolist()
    [1466.0, 696.0, 600.0]
    """
    size, p = as_numbers("n_effective", n_effective), as_numbers("proportion", proportion)
    people, answers = as_numbers("n_respondents", n_respondents), as_numbers("n_answers", n_answers)
    require(size > 0, "n_effective", "be positive", size)
    require((people > 0) & np.isfinite(people), "n_respondents", "be positive and finite", people)
    require((answers > 0) & np.isfinite(answers), "n_answers", "be positive and finite", answers)
    worth, promised = people * p * (1 - p), np.minimum(size, answers)
    smoothed = (worth + _AGREEING) / (worth / promised + _AGREEING / people)
    return np.where(promised > people, smoothed, promised)


def binomial_sample_size(
    n_effective: ArrayLike,
    degrees_of_freedom: ArrayLike,
    n_respondents: ArrayLike,
    level: float = 0.95,
    *,
    cap: bool = True,
    sampling_fraction: ArrayLike = 0.0,
) -> Numbers:
    """Return n*, the size to put into the interval of a simple random sample.

    Parameters
    ----------
    n_effective : float > 0, any shape
        Of `effective_sample_size` with ``cap=False``.
    degrees_of_freedom : float > 0, shape broadcast with `n_effective`
        Of the design within the domain.
    n_respondents : float > 0, shape broadcast with `n_effective`
        As in `effective_sample_size`.
    level : float in (0, 1)
        Confidence level of the interval.
    cap : bool
        Whether n_respondents / (1 - f) bounds the result.
    sampling_fraction : float in [0, 1), shape broadcast with `n_effective`
        f, the part of the population that answered, where the variance has a finite population
        correction; else 0.

    Returns
    -------
    ndarray
        n*, positive and finite.

    Raises
    ------
    AnalysisError
        If an argument is out of its range.

    Notes
    -----
    With t_k the critical value of Student's t with k degrees of freedom::

        n* = min(n_effective · (t_{n-1} / t_df)², n / (1 - f))

    Few PSUs make the variance, and so n_effective, uncertain: that shortens n*, instead of
    lengthening the quantile, and then the cap acts, so that the two are not both paid. The cap is
    what a simple random sample of n would tell; with a finite population correction that is more
    than n. It is that of a single question; of an index take ``cap=False`` and `held_to_people`.
    Where an index has fewer answers than the design has degrees of freedom, t_df stands for
    t_{n-1}.

    References
    ----------
    Korn and Graubard (1998), Survey Methodology 24, 193-201; the cap as in Parker et
    al. (2017), Vital and Health Statistics 2 (175), National Center for Health Statistics.

    Examples
    --------
    400 answers from ten wards, with a design effect of 2 and one of 0.5:

    >>> from analysis.intervals.effective_size import binomial_sample_size
    >>> binomial_sample_size([200, 800], degrees_of_freedom=9, n_respondents=400).round(1).tolist()
    [151.0, 400.0]
    """
    effective = as_numbers("n_effective", n_effective)
    people = as_numbers("n_respondents", n_respondents)
    require((effective > 0) & np.isfinite(effective), "n_effective", "be positive and finite", effective)
    require((people > 0) & np.isfinite(people), "n_respondents", "be positive and finite", people)
    fraction = as_numbers("sampling_fraction", sampling_fraction)
    require((fraction >= 0) & (fraction < 1), "sampling_fraction", "lie in [0, 1)", fraction)
    element = critical_value(level, element_degrees_of_freedom(people, degrees_of_freedom))
    adjusted = effective * (element / critical_value(level, degrees_of_freedom)) ** 2
    adjusted = np.maximum(adjusted, _LEAST)
    return np.minimum(adjusted, people / (1 - fraction)) if cap else adjusted


def element_degrees_of_freedom(n_respondents: ArrayLike, degrees_of_freedom: ArrayLike) -> Numbers:
    """Return the degrees of freedom if each respondent were a PSU: n - 1, at least the design's."""
    return np.maximum(np.asarray(n_respondents) - 1.0, degrees_of_freedom)
