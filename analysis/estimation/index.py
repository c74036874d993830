"""The satisfaction index: pooled answers, by domain and measure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.estimation.effective_size import effective_sample_size
from analysis.estimation.estimate import Estimate, Reason
from analysis.estimation.variance import LonePsu, RatioVariance, domains_of_strata, ratio_variance
from analysis.sums.psu_sums import PsuSums, sum_rows


def pooled_index(
    sums: PsuSums,
    domain_of_stratum: ArrayLike,
    measures: Mapping[str, Sequence[int]],
    *,
    lone_psu: LonePsu = "not_estimable",
) -> dict[tuple[int, str], Estimate]:
    """Estimate the share of satisfied answers among valid answers, by domain and measure.

    Parameters
    ----------
    sums : PsuSums
        Sums of H strata and J items.
    domain_of_stratum : (H,) int, >= -1
        Domain 0 … D-1 of each stratum code, -1 for none. Offices: ``range(H)`` where each
        office is a stratum; the nation: all 0.
    measures : mapping of name to items in 0 … J-1
        The items of each index, such as ``{"all": range(22), "access": range(4), "q5": [4]}``.
    lone_psu : {"not_estimable", "adjust", "certainty", "fail"}
        Policy for strata with one PSU, see `ratio_variance`.

    Returns
    -------
    dict of (domain, measure) to Estimate
        All D x K cells, by domain, then in the order of `measures`; proportions in [0, 1].

    Raises
    ------
    AnalysisError
        If an argument is out of its range, or a stratum has one PSU under "fail".

    Notes
    -----
    The index is sum(w · satisfied answers) / sum(w · valid answers); each answer counts once,
    whoever gave it. Variance and degrees of freedom: `ratio_variance`. Effective sample size:
    `effective_sample_size`, with Kish's effective respondents multiplied by the share of the
    measure's items that were answered, so that 3 answers of 100 respondents do not pass for 100.

    References
    ----------
    Woodruff (1971), J. Am. Stat. Assoc. 66, 411-414. Binder (1983), Int. Stat. Review 51,
    279-292. Kish (1965), Survey Sampling, section 11.7.

    Examples
    --------
    Two offices, three counters each, two items.

    >>> from analysis import pooled_index, tally_counts
    >>> sums = tally_counts(
    ...     stratum=[0, 0, 0, 1, 1, 1],
    ...     psu=[1, 2, 3, 4, 5, 6],
    ...     n_respondents=[10, 12, 8, 9, 9, 9],
    ...     n_satisfied=[[9, 7], [10, 9], [8, 5], [9, 9], [9, 9], [9, 9]],
    ...     n_valid=[[10, 10], [12, 11], [8, 8], [9, 9], [9, 9], [9, 9]],
    ... )
    >>> index = pooled_index(sums, [0, 1], {"all": [0, 1]})
    >>> round(index[0, "all"].value, 4), index[0, "all"].n_answers
    (0.8136, 59)
    >>> index[1, "all"]
    Estimate(1, standard error 0, 2 df, 95 % interval 0.5932 to 1.0000 (wilson), 27 respondents)
    """
    grouped = sums.collapse(list(measures.values()))
    linear = ratio_variance(grouped, domain_of_stratum, lone_psu=lone_psu)
    domains = domains_of_strata(sums, domain_of_stratum)
    n_items = np.array([len(items) for items in measures.values()])
    people, answers, kish = _sizes(grouped, domains[sums.stratum], len(linear.ratio), n_items)
    n_effective = np.full(linear.ratio.shape, np.nan)
    known = ~np.isnan(linear.variance)
    n_effective[known] = effective_sample_size(
        linear.ratio[known], linear.variance[known], (answers / n_items)[known], kish[known]
    )
    return {
        (d, name): _estimate(linear, (d, k), int(people[d]), int(answers[d, k]), float(n_effective[d, k]))
        for d in range(len(people))
        for k, name in enumerate(measures)
    }


def _sizes(
    sums: PsuSums, domain: NDArray[np.int64], n_domains: int, n_items: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return respondents (D,), answers (D, K), and effective respondents (D, K)."""
    inside = domain >= 0
    row = domain[inside]
    people = sum_rows(row, n_domains, sums.n_respondents[inside])
    answers = sum_rows(row, n_domains, sums.n_answers[inside])
    weights = sum_rows(row, n_domains, sums.weight_sum[inside])
    squares = sum_rows(row, n_domains, sums.weight_square_sum[inside])
    kish = weights**2 / np.where(squares > 0, squares, 1.0)
    answered = answers / (np.maximum(people, 1)[:, None] * n_items)
    return people, answers, kish[:, None] * np.minimum(answered, 1.0)


def _estimate(
    linear: RatioVariance, cell: tuple[int, int], n_respondents: int, n_answers: int, n_effective: float
) -> Estimate:
    ratio, variance = float(linear.ratio[cell]), float(linear.variance[cell])
    reason: Reason | None = None
    if math.isnan(variance):
        reason = "single_psu" if n_answers else "no_answers" if n_respondents else "no_respondents"
    return Estimate(
        value=None if math.isnan(ratio) else ratio,
        standard_error=None if reason else math.sqrt(variance),
        degrees_of_freedom=int(linear.degrees_of_freedom[cell]),
        n_respondents=n_respondents,
        n_answers=n_answers,
        effective_sample_size=None if reason else n_effective,
        reason=reason,
    )
