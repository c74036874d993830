"""From sums to estimates: values, variances, degrees of freedom and design effects in one pass."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from analysis.arguments import require_choice
from analysis.calibration import Calibration
from analysis.design import DesignTable
from analysis.domains import Domains
from analysis.errors import AnalysisError
from analysis.estimation.estimates import DfRule, Estimates
from analysis.estimation.linearise import Linearised, linearise
from analysis.estimation.measure import Measure
from analysis.estimation.residuals import check_calibrated_sums, influence_variance
from analysis.estimation.variance import degrees_of_freedom
from analysis.sums.psu_sums import PsuSums, sum_rows

Floats = NDArray[np.float64]


def estimate_measures(
    sums: PsuSums,
    table: DesignTable,
    domains: Domains,
    measures: Sequence[Measure],
    *,
    df: DfRule = "domain",
    calibration: Calibration | None = None,
) -> Estimates:
    """Estimate every measure in every domain, in one pass over the sums.

    Parameters
    ----------
    sums : PsuSums
        R rows; one row per respondent where the design has a second stage or design effects are
        wanted, and with calibrated weights unless the calibration is one of sums.
    table : DesignTable
        All sampled PSUs.
    domains : Domains
        Domain of each of the R rows.
    measures : sequence of K Measure
        What to estimate.
    df : {"domain", "full"}
        Degrees of freedom of the domain's own PSUs (an office report), or of the whole design
        (what R's ``confint`` takes).
    calibration : Calibration, optional
        What the weights were calibrated to; its rows are those of `sums`. Sums over PSU and
        profile (the cross of the raking variables) take one with `n_respondents`.

    Returns
    -------
    Estimates
        D x K.

    Raises
    ------
    AnalysisError
        If a code is out of its range, a proportion is none, lone PSUs are met under "fail", rows
        of several respondents stand where single ones are needed, or sums are not those of their
        calibration: other respondents, or weights that profiles mixed in a row would give.

    Notes
    -----
    Values and influence: `linearise`. Variance: `design_variance`; with calibrated weights that
    of residuals. The design effect compares with a simple random sample of as many units
    without replacement from N = sum(w): with n units that take part and influence values u::

        deff = V / (N (1 - n/N) / (n - 1) · sum u² / w)

    References
    ----------
    As in `linearise` and `design_variance`; Kish (1965), Survey Sampling, section 8.2.

    Examples
    --------
    Two offices with three counters each, two items, as sums.

    >>> from analysis import DesignTable, Domains, Measure, estimate_measures, tally_counts
    >>> sums = tally_counts(
    ...     psu=range(6),
    ...     n_respondents=[10, 12, 8, 9, 9, 9],
    ...     n_satisfied=[[9, 7], [10, 9], [8, 5], [9, 9], [9, 9], [9, 9]],
    ...     n_valid=[[10, 10], [12, 11], [8, 8], [9, 9], [9, 9], [9, 9]],
    ... ).pool([[0, 1]])
    >>> table = DesignTable(stratum=[0, 0, 0, 1, 1, 1])
    >>> offices = Domains.crossing({"office": [1, 1, 1, 2, 2, 2]}, 6)
    >>> found = estimate_measures(sums, table, offices, [Measure("all", (0,), n_items=2)])
    >>> round(found[0, "all"].value, 4), found[0, "all"].n_answers
    (0.8136, 59)
    """
    require_choice("df", df, get_args(DfRule))
    names = [measure.name for measure in measures]
    if not names or len(set(names)) < len(names):
        raise AnalysisError("measures", "have names, each once, at least one", names)
    _check_rows(sums, table, domains, calibration)
    linear = linearise(sums, domains, measures)
    variance = influence_variance(table, sums, domains, linear.influence, calibration)
    people, answers, kish = _sizes(sums, domains, measures)
    fraction = _sampling_fraction(sums, table, domains, measures, answers)
    variance[_rests_on_one_psu(sums, table, domains, measures) & (fraction < 1)] = np.nan
    return Estimates(
        domains=domains,
        measures=tuple(measures),
        table=table,
        sums=sums,
        linearised=linear,
        variance=variance,
        degrees_of_freedom=_freedom(sums, table, domains, linear, df),
        n_respondents=people,
        n_answers=answers,
        n_kish=kish,
        design_effect=_design_effect(sums, domains, measures, linear, variance),
        sampling_fraction=fraction,
        df=df,
        calibration=calibration,
    )


def _freedom(
    sums: PsuSums, table: DesignTable, domains: Domains, linear: Linearised, df: DfRule
) -> NDArray[np.int64]:
    """(D, K) degrees of freedom of each domain, or those of all respondents for each."""
    if df == "domain":
        return degrees_of_freedom(table, sums.psu, domains.code, linear.answered, len(domains))
    whole = np.zeros(sums.psu.size, dtype=np.int64)
    everybody = np.broadcast_to((sums.n_respondents > 0)[:, None], linear.answered.shape)
    return np.repeat(degrees_of_freedom(table, sums.psu, whole, everybody, 1), len(domains), axis=0)


def _check_rows(sums: PsuSums, table: DesignTable, domains: Domains, calibration: Calibration | None) -> None:
    if domains.code.shape != sums.psu.shape:
        raise AnalysisError("domains", f"have {sums.psu.size} rows", domains.code.size)
    if calibration is not None and calibration.base_weight.shape != sums.psu.shape:
        raise AnalysisError("calibration", f"have {sums.psu.size} rows", calibration.base_weight.size)
    of_respondents = calibration is not None and calibration.n_respondents is None
    if (table.is_two_stage or of_respondents) and not _are_single(sums):
        rule = "have one row per respondent for a second stage or a calibration that is not one of sums"
        raise AnalysisError("sums", rule, int(sums.n_respondents.max()))
    if calibration is not None and not of_respondents:
        check_calibrated_sums(calibration, sums)


def _are_single(sums: PsuSums) -> bool:
    return int(sums.n_respondents.max(initial=0)) <= 1


def _sizes(
    sums: PsuSums, domains: Domains, measures: Sequence[Measure]
) -> tuple[NDArray[np.int64], NDArray[np.int64], Floats]:
    """Return respondents (D,), answers (D, K) and Kish's effective respondents (D, K)."""
    inside = domains.code >= 0
    row, n_domains = domains.code[inside], len(domains)
    people = sum_rows(row, n_domains, sums.n_respondents[inside])
    weights = sum_rows(row, n_domains, sums.weight_sum[inside])
    squares = sum_rows(row, n_domains, sums.weight_square_sum[inside])
    kish = weights**2 / np.where(squares > 0, squares, 1.0)
    n_items = np.array([measure.n_items for measure in measures])
    of_columns = sum_rows(row, n_domains, sums.n_answers[inside])
    answers = np.column_stack([of_columns[:, list(measure.columns)].sum(axis=1) for measure in measures])
    # Three answers of 100 respondents do not pass for 100.
    answered = np.minimum(answers / (np.maximum(people, 1)[:, None] * n_items), 1.0)
    return people.astype(np.int64), answers.astype(np.int64), kish[:, None] * answered


def _rests_on_one_psu(
    sums: PsuSums, table: DesignTable, domains: Domains, measures: Sequence[Measure]
) -> NDArray[np.bool_]:
    """(D, K) whether some column of the measure has valid answers from one PSU a stratum alone."""
    answering = sums.n_answers > 0
    freedom = degrees_of_freedom(table, sums.psu, domains.code, answering, len(domains))
    inside = domains.code >= 0
    answered = sum_rows(domains.code[inside], len(domains), answering[inside]) > 0
    alone = answered & (freedom < 1)
    return np.column_stack([alone[:, list(measure.columns)].any(axis=1) for measure in measures])


def _design_effect(
    sums: PsuSums, domains: Domains, measures: Sequence[Measure], linear: Linearised, variance: Floats
) -> Floats:
    """(D, K), NaN where the rows are not single respondents or nothing varies."""
    if not _are_single(sums):
        return np.full(variance.shape, np.nan)
    inside = domains.code >= 0
    row, n_domains = domains.code[inside], len(domains)
    weight, answered = sums.weight_sum[inside], linear.answered[inside]
    n = sum_rows(row, n_domains, answered & (weight > 0)[:, None])
    size = sum_rows(row, n_domains, answered * weight[:, None])
    per = np.where(weight > 0, weight, 1.0)[:, None]
    squares = sum_rows(row, n_domains, linear.influence[inside] ** 2 / per)
    is_total = np.array([measure.kind == "total" for measure in measures])
    # Only the influence values of a total are not centred yet.
    squares -= np.where(is_total, linear.value**2 / np.where(size > 0, size, 1.0), 0.0)
    unsampled = np.where(size > n, 1 - n / np.where(size > 0, size, 1.0), 1.0)
    simple = size * squares * unsampled / np.maximum(n - 1, 1)
    known = (simple > 0) & (n > 1)
    return np.where(known, variance / np.where(known, simple, 1.0), np.nan)


def _sampling_fraction(
    sums: PsuSums,
    table: DesignTable,
    domains: Domains,
    measures: Sequence[Measure],
    n_answers: NDArray[np.int64],
) -> Floats:
    """(D, K) the least share of units sampled in any PSU of the domain, times the share that answered.

    Who was sampled and did not answer (a row of weight 0, an item left out) is no part of a census.
    """
    share = table.sampled_fraction[table.stratum]
    if table.psu_population is not None:
        assert table.n_units is not None
        share = share * table.n_units / table.psu_population
    inside = domains.code >= 0
    least = np.full(len(domains), np.inf)
    np.minimum.at(least, domains.code[inside], share[sums.psu[inside]])
    least[np.isinf(least)] = 0.0
    asked = np.maximum(sums.n_respondents, 1)[inside]  # a row without respondent is someone who was asked
    n_asked = np.maximum(sum_rows(domains.code[inside], len(domains), asked), 1)
    n_items = np.array([measure.n_items for measure in measures])
    return np.asarray(least[:, None] * np.minimum(n_answers / n_items / n_asked[:, None], 1.0))
