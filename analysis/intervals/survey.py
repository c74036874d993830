"""Intervals of a proportion that was estimated from a design with clusters, strata and weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import ArrayLike

from analysis.arguments import as_numbers, require, require_choice
from analysis.intervals.arguments import Limits, Numbers
from analysis.intervals.beta import clopper_pearson_interval, jeffreys_interval
from analysis.intervals.effective_size import (
    binomial_sample_size,
    effective_sample_size,
    element_degrees_of_freedom,
    held_to_people,
)
from analysis.intervals.score import agresti_coull_interval, wilson_interval
from analysis.intervals.student import critical_value, t_interval
from analysis.intervals.transformed import arcsine_interval, likelihood_interval, logit_interval

Method = Literal[
    "agresti_coull",
    "wilson",
    "korn_graubard",
    "clopper_pearson",
    "jeffreys",
    "logit",
    "arcsine",
    "likelihood",
    "t",
]
DEFAULT_METHOD: Final[Method] = "agresti_coull"
"""Chosen by the coverage study, docs/coverage.md."""

_Interval = Callable[[Numbers, Numbers, Numbers], Limits]
# At n* the first take the normal quantile, the second the t that makes them R's while no cap acts.
_BINOMIAL: Final[Mapping[str, _Interval]] = {
    "agresti_coull": agresti_coull_interval,
    "wilson": wilson_interval,
    "korn_graubard": clopper_pearson_interval,
    "clopper_pearson": clopper_pearson_interval,
    "jeffreys": jeffreys_interval,
}
_STUDENT: Final[Mapping[str, _Interval]] = {
    "logit": logit_interval,
    "arcsine": arcsine_interval,
    "likelihood": likelihood_interval,
}
_ROUNDING: Final = 1e-12  # nearer than this to 0 or 1 a value, or to 0 a standard error, is that


@dataclass(frozen=True, eq=False)
class Evidence:
    """What a sample tells about proportions: estimates, their precision, and what that rests on.

    Parameters
    ----------
    value : float in [0, 1], any shape
        Estimated proportions.
    standard_error : float >= 0, shape broadcast with `value`
        Design-based; 0 where the sample shows no spread.
    degrees_of_freedom : float > 0, shape broadcast with `value`
        Of the design within the domain: PSUs - strata.
    n : float > 0, shape broadcast with `value`
        Respondents with an answer; for an index over J items valid answers / J.
    n_kish : float > 0, shape broadcast with `value`
        Kish's effective number of them, (sum w)² / sum w².
    sampling_fraction : float in [0, 1), shape broadcast with `value`
        f, the part of the population that answered, where `standard_error` has a finite
        population correction; else 0, as for an opt-in sample.
    n_answers : float > 0, shape broadcast with `value`, optional
        Valid answers, J n for an index over J items; n where left out, as for a single question.

    Examples
    --------
    >>> from analysis.intervals.survey import Evidence
    >>> Evidence(0.9, 0.02, degrees_of_freedom=9, n=240, n_kish=221.5).n
    240
    """

    value: ArrayLike
    standard_error: ArrayLike
    degrees_of_freedom: ArrayLike
    n: ArrayLike
    n_kish: ArrayLike
    sampling_fraction: ArrayLike = 0.0
    n_answers: ArrayLike | None = None


def survey_interval(method: Method, evidence: Evidence, level: float = 0.95, *, cap: bool = True) -> Limits:
    """Return the confidence interval of proportions estimated from a design.

    Parameters
    ----------
    method : str
        "agresti_coull" (`DEFAULT_METHOD`), "wilson", "korn_graubard" (also called
        "clopper_pearson"), "jeffreys", "logit", "arcsine", "likelihood" or "t".
    evidence : Evidence
        Estimates of any shape.
    level : float in (0, 1)
        Confidence level.
    cap : bool
        Whether n* is held to the people at hand. False gives R's limits, which trust a variance that
        is small by chance. Logit, arcsine, likelihood and t have no n* of their own and know no cap.

    Returns
    -------
    low, high : ndarray
        Limits with 0 <= low <= value <= high <= 1 and low < high, also where all or none are
        satisfied; only those of "t" may pass 0 or 1.

    Raises
    ------
    AnalysisError
        If an argument is out of its range.

    Notes
    -----
    The plain interval of that name at n* answers (`binomial_sample_size`)::

        n_e = p (1 - p) / SE²,  or n_kish / (1 - f) where p or 1 - p or SE is 0
        n*  = n_e (t_{n-1} / t_df)², held to n / (1 - f) by `held_to_people`

    Held means: at most n / (1 - f) for a single question; for an index, of which n people gave
    more answers, more than that the more of them are dissatisfied. Agresti-Coull, Wilson,
    Korn-Graubard (Clopper-Pearson) and Jeffreys take the normal quantile; Agresti-Coull is cut at
    0 and 1. Logit, arcsine and likelihood take t_{n-1} and no cap, which makes them value ± t_df ·
    SE on their scale, as R's ``svyciprop`` has them with methods "xlogit", "asin" and "likelihood"
    (the last with R's dispersion, n* (n - 1) / n); "beta" is Korn-Graubard without the cap. "t" is
    value ± t_df · SE; where SE is 0 it takes sqrt(p (1 - p) / n_e) instead, and at p = 0 and p = 1
    Korn-Graubard's limits.

    References
    ----------
    Korn and Graubard (1998), Survey Methodology 24, 193-201. Dean and Pagano (2015), J. Survey
    Statistics and Methodology 3, 484-503. Franco, Little, Louis and Slud (2019), J. Survey
    Statistics and Methodology 7, 334-364 (the plain intervals at n*). Agresti and Coull
    (1998), The American Statistician 52, 119-126.

    Examples
    --------
    90 % of 240 people in ten wards, and all of 27 in five:

    >>> from analysis.intervals.survey import Evidence, survey_interval
    >>> evidence = Evidence([0.9, 1.0], [0.02, 0.0], [9, 4], [240, 27], [221.5, 27.0])
    >>> low, high = survey_interval("agresti_coull", evidence)
    >>> low.round(3).tolist(), high.round(3).tolist()
    ([0.845, 0.759], [0.937, 1.0])
    """
    require_choice("method", method, {*_BINOMIAL, *_STUDENT, "t"})
    p, error, freedom, n, fraction = _as_arrays(evidence)
    capped, n_kish = cap and method not in _STUDENT, as_numbers("n_kish", evidence.n_kish)
    n_kish = (np.minimum(n_kish, n) if capped else n_kish) / (1 - fraction)
    answers = effective_sample_size(p, error**2, n, n_kish, cap=False)
    n_star = binomial_sample_size(answers, freedom, n, level, cap=False)
    if capped:
        n_answers = n if evidence.n_answers is None else as_numbers("n_answers", evidence.n_answers)
        n_star = held_to_people(n_star, p, n / (1 - fraction), n_answers / (1 - fraction))
    if method == "t":
        spread = np.sqrt(p * (1 - p) / answers)
        low, high = t_interval(p, np.where(error > 0, error, spread), freedom, level)
        edge_low, edge_high = clopper_pearson_interval(p, n_star, critical_value(level, np.inf))
        inside = (p > 0) & (p < 1)
        return np.where(inside, low, edge_low), np.where(inside, high, edge_high)
    if method in _BINOMIAL:
        low, high = _BINOMIAL[method](p, n_star, critical_value(level, np.inf))
    else:
        element = element_degrees_of_freedom(n, freedom)
        size = n_star * (1 - 1 / (element + 1)) if method == "likelihood" else n_star
        low, high = _STUDENT[method](p, size, critical_value(level, element))
    return np.clip(low, 0, p), np.clip(high, p, 1)


def _as_arrays(evidence: Evidence) -> tuple[Numbers, ...]:
    p, error = as_numbers("value", evidence.value), as_numbers("standard_error", evidence.standard_error)
    require((p >= 0) & (p <= 1), "value", "lie in [0, 1]", p)
    require((error >= 0) & np.isfinite(error), "standard_error", "be finite and not negative", error)
    freedom = as_numbers("degrees_of_freedom", evidence.degrees_of_freedom)
    n = as_numbers("n", evidence.n)
    require((n > 0) & np.isfinite(n), "n", "be positive and finite", n)
    fraction = as_numbers("sampling_fraction", evidence.sampling_fraction)
    require((fraction >= 0) & (fraction < 1), "sampling_fraction", "lie in [0, 1)", fraction)
    p, error, freedom, n, fraction = np.broadcast_arrays(p, error, freedom, n, fraction)
    p = np.where(p < _ROUNDING, 0.0, np.where(p > 1 - _ROUNDING, 1.0, p))
    return p, np.where(error > _ROUNDING, error, 0.0), freedom, n, fraction
