"""The satisfaction index by its three rules: pooled answers, mean score, mean of items."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.arguments import require_choice
from analysis.calibration import Calibration
from analysis.design import DesignTable, SurveyDesign
from analysis.domains import Domains
from analysis.errors import AnalysisError
from analysis.estimation.estimate_measures import estimate_measures
from analysis.estimation.estimates import DfRule, Estimates
from analysis.estimation.measure import Measure
from analysis.ratings import Ratings
from analysis.sums.psu_sums import PsuSums
from analysis.sums.tally import tally_responses

Rule = Literal["pooled", "mean_score", "item_mean"]
Groups = Mapping[str, Sequence[int]]

ALL: Final = "all"


def satisfaction_index(  # noqa: PLR0913  # the options of one figure, all but two by name
    design: SurveyDesign,
    ratings: Ratings,
    *,
    rule: Rule = "pooled",
    factors: Mapping[str, Sequence[str]] | None = None,
    per_item: bool = False,
    by: Mapping[str, ArrayLike] | None = None,
    df: DfRule = "domain",
) -> Estimates:
    """Estimate the satisfaction index of all items, of factors and of items, by domain.

    Parameters
    ----------
    design : SurveyDesign
        Of n rows.
    ratings : Ratings
        Their answers to J items.
    rule : {"pooled", "mean_score", "item_mean"}
        Which of the three definitions, see Notes.
    factors : mapping of name to item names, optional
        Adds an index per factor.
    per_item : bool
        Adds the share satisfied of each item.
    by : mapping of name to (n,) labels, optional
        Columns to cross into domains; the whole where left out.
    df : {"domain", "full"}
        See `estimate_measures`.

    Returns
    -------
    Estimates
        Proportions in [0, 1]; measure "all" first, then factors, then items.

    Raises
    ------
    AnalysisError
        If lengths differ, a factor names an unknown item or two measures share a name.

    Notes
    -----
    With s_kj whether respondent k is satisfied by item j, and v_kj whether she gave a valid
    answer::

        pooled      sum w s / sum w v, over respondents and items: each answer counts once
        mean_score  mean over respondents of their own share s_k / v_k: each person counts once
        item_mean   mean over items of sum_k w s_kj / sum_k w v_kj: each item counts once

    The pooled rule fits the published national values. Respondents without a valid answer are
    outside of the mean score.

    References
    ----------
    Woodruff (1971), J. Am. Stat. Assoc. 66, 411-414; Binder (1983), Int. Stat. Review 51, 279-292.

    Examples
    --------
    >>> from analysis import Ratings, SurveyDesign, satisfaction_index
    >>> ratings = Ratings.from_codes({"q1": [5, 4, 2, 4], "q2": [4, 9, 3, 5]})
    >>> design = SurveyDesign(weight=[1.0, 1.0, 1.0, 1.0], psu=["W1", "W2", "W3", "W4"])
    >>> for rule in ("pooled", "mean_score", "item_mean"):
    ...     print(rule, round(satisfaction_index(design, ratings, rule=rule)[0, "all"].value, 4))
    pooled 0.7143
    mean_score 0.75
    item_mean 0.7083
    """
    require_choice("rule", rule, get_args(Rule))
    if ratings.valid.shape[0] != design.n_rows:
        raise AnalysisError("ratings", f"have {design.n_rows} rows", ratings.valid.shape[0])
    groups = {ALL: list(range(len(ratings.items)))}
    groups |= {name: ratings.places(items) for name, items in (factors or {}).items()}
    groups |= {item: [place] for place, item in enumerate(ratings.items)} if per_item else {}
    n_named = 1 + len(factors or {}) + (len(ratings.items) if per_item else 0)
    if len(groups) < n_named:
        raise AnalysisError("factors", "have names of their own, not of items or 'all'", list(factors or {}))
    make = {"pooled": _pooled, "mean_score": _mean_score, "item_mean": _item_mean}[rule]
    sums, measures = make(design, ratings, groups)
    domains = Domains.crossing(by, design.n_rows)
    return estimate_measures(sums, design.table, domains, measures, df=df, calibration=design.calibration)


def index_of_sums(  # noqa: PLR0913  # three to say where sums lie, the options by name
    sums: PsuSums,
    table: DesignTable,
    domains: Domains,
    measures: Groups,
    *,
    rule: Literal["pooled", "item_mean"] = "pooled",
    df: DfRule = "domain",
    calibration: Calibration | None = None,
) -> Estimates:
    """Estimate satisfaction indices from sums of items, wherever they were added up.

    Parameters
    ----------
    sums : PsuSums
        R rows, one column per item.
    table : DesignTable
        All sampled PSUs.
    domains : Domains
        Domain of each of the R rows.
    measures : mapping of name to items in 0 … C-1
        The items of each index, such as ``{"all": range(22), "access": range(4), "q5": [4]}``.
    rule : {"pooled", "item_mean"}
        As in `satisfaction_index`; a mean score cannot be had from sums of items.
    df : {"domain", "full"}
        See `estimate_measures`.
    calibration : Calibration, optional
        What the weights of the sums were calibrated to, see `estimate_measures`.

    Returns
    -------
    Estimates
        Equal to those of `satisfaction_index` on the single responses, design effects unknown.

    Raises
    ------
    AnalysisError
        If a measure names no or unknown items, or as in `estimate_measures`.

    Notes
    -----
    As in `satisfaction_index`.

    References
    ----------
    As in `satisfaction_index`.

    Examples
    --------
    >>> from analysis import DesignTable, Domains, index_of_sums, tally_counts
    >>> sums = tally_counts([0, 1, 2], [9, 9, 9], [[9, 8], [7, 6], [9, 9]], [[9, 9], [8, 9], [9, 9]])
    >>> whole = Domains.crossing(None, 3)
    >>> found = index_of_sums(sums, DesignTable([0, 0, 0]), whole, {"all": [0, 1], "q1": [0]})
    >>> round(found[0, "all"].value, 4), found[0, "q1"].n_answers
    (0.9057, 26)
    """
    require_choice("rule", rule, ("pooled", "item_mean"))
    groups = {name: list(items) for name, items in measures.items()}
    if rule == "item_mean":
        averaged = [Measure(name, tuple(items), n_items=len(items)) for name, items in groups.items()]
        return estimate_measures(sums, table, domains, averaged, df=df, calibration=calibration)
    sums = sums.pool(list(groups.values()))  # those of single items are as large, and done with
    return estimate_measures(sums, table, domains, _one_column_each(groups), df=df, calibration=calibration)


Made = tuple[PsuSums, list[Measure]]


def _one_column_each(groups: Groups) -> list[Measure]:
    return [Measure(name, (place,), n_items=len(items)) for place, (name, items) in enumerate(groups.items())]


def _counts(flags: NDArray[np.bool_], groups: Groups) -> NDArray[np.int64]:
    """(n, K) flags counted within each group of items."""
    counted = [
        np.count_nonzero(flags if len(items) == flags.shape[1] else flags[:, list(items)], axis=1)
        for items in groups.values()
    ]
    return np.column_stack(counted)


def _pooled(design: SurveyDesign, ratings: Ratings, groups: Groups) -> Made:
    satisfied, valid = _counts(ratings.satisfied, groups), _counts(ratings.valid, groups)
    return tally_responses(design, satisfied, valid), _one_column_each(groups)


def _mean_score(design: SurveyDesign, ratings: Ratings, groups: Groups) -> Made:
    satisfied, valid = _counts(ratings.satisfied, groups), _counts(ratings.valid, groups)
    scored = valid > 0
    score = satisfied / np.maximum(valid, 1)
    measures = [Measure(name, (place,)) for place, name in enumerate(groups)]
    return tally_responses(design, score, scored * 1.0, scored * 1), measures


def _item_mean(design: SurveyDesign, ratings: Ratings, groups: Groups) -> Made:
    items = {str(place): [place] for place in range(len(ratings.items))}
    satisfied, valid = _counts(ratings.satisfied, items), _counts(ratings.valid, items)
    measures = [Measure(name, tuple(places), n_items=len(places)) for name, places in groups.items()]
    return tally_responses(design, satisfied, valid), measures
