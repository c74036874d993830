"""Estimates as smooth functions of totals, and what each row adds to their error."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.arguments import require
from analysis.domains import Domains
from analysis.errors import AnalysisError
from analysis.estimation.measure import Measure
from analysis.sums.psu_sums import PsuSums, sum_rows

ROUNDING: Final = 1e-12  # what is relatively nearer than this to 0, or to 1, is that but for rounding


@dataclass(frozen=True, eq=False)
class Linearised:
    """Values of D domains and K measures, and the influence of R rows on them.

    Parameters
    ----------
    value : (D, K) float
        The estimates; NaN where nobody answered.
    influence : (R, K) float
        Weighted influence value of each row on the estimate of its own domain: the sum over a
        PSU is the PSU's contribution z. Rows of no domain have 0.
    answered : (R, K) bool
        Whether the row takes part in the measure, for degrees of freedom.

    Examples
    --------
    >>> from analysis import Domains, Measure, linearise, tally_counts
    >>> sums = tally_counts([0, 1], [4, 4], [[4], [2]], [[4], [4]])
    >>> found = linearise(sums, Domains.crossing(None, 2), [Measure("q1", (0,))])
    >>> found.value.tolist(), found.influence.tolist()
    ([[0.75]], [[0.125], [-0.125]])
    """

    value: NDArray[np.float64]
    influence: NDArray[np.float64]
    answered: NDArray[np.bool_]


def linearise(sums: PsuSums, domains: Domains, measures: Sequence[Measure]) -> Linearised:
    """Estimate each measure in each domain, and linearise it.

    Parameters
    ----------
    sums : PsuSums
        R rows, C columns.
    domains : Domains
        Domain of each of the R rows.
    measures : sequence of K Measure
        What to estimate.

    Returns
    -------
    Linearised
        (D, K) values and (R, K) influence values.

    Raises
    ------
    AnalysisError
        If a proportion comes out below 0 or above 1, or a column does not exist.

    Notes
    -----
    With A_k and B_k the sums of row k, A and B those of its domain, R_j = A_j / B_j::

        total             Y = A            influence A_k
        ratio             R = A / B        influence (A_k - R B_k) / B
        mean of J ratios  (1/J) sum R_j    influence (1/J) sum (A_jk - R_j B_jk) / B_j

    J counts the ratios whose B_j is not 0 in the domain.

    References
    ----------
    Woodruff (1971), J. Am. Stat. Assoc. 66, 411-414. Binder (1983), Int. Stat. Review 51,
    279-292. Deville (1999), Survey Methodology 25, 193-203.

    Examples
    --------
    Two items and their mean, in two wards:

    >>> from analysis import Domains, Measure, linearise, tally_counts
    >>> sums = tally_counts([0, 1], [4, 4], [[4, 2], [2, 2]], [[4, 4], [4, 4]])
    >>> measures = [Measure("q1", (0,)), Measure("mean of items", (0, 1), n_items=2)]
    >>> linearise(sums, Domains.crossing(None, 2), measures).value.tolist()
    [[0.75, 0.625]]
    """
    last = max(column for measure in measures for column in measure.columns)
    if last >= sums.n_columns:
        raise AnalysisError("measures", f"name columns from 0 to {sums.n_columns - 1}", last)
    inside = domains.code >= 0
    row = np.where(inside, domains.code, len(domains))  # one more domain for the rows of none
    above = sum_rows(row, len(domains) + 1, sums.numerator)
    below = sum_rows(row, len(domains) + 1, sums.denominator)
    if (sums.denominator < 0).any():  # a sum that is 0 but for rounding would make a ratio of noise
        size = sum_rows(row, len(domains) + 1, np.abs(sums.denominator))
        below[np.abs(below) <= ROUNDING * size] = 0.0
    totals = {column: (above[:, column], below[:, column]) for column in range(sums.n_columns)}
    shape = (sums.psu.size, len(measures))
    found = Linearised(
        np.empty((len(domains) + 1, shape[1])),
        np.zeros(shape, order="F"),  # it is filled and added up by column
        np.zeros(shape, dtype=bool, order="F"),
    )
    for place, measure in enumerate(measures):
        value, influence = (
            _total(sums, totals, measure) if measure.kind == "total" else _ratios(sums, totals, measure, row)
        )
        found.value[:-1, place] = _proportion(value[:-1]) if measure.kind == "proportion" else value[:-1]
        found.influence[:, place] = np.where(inside, influence, 0.0)
        found.answered[:, place] = _answered(sums, measure)
    return Linearised(found.value[:-1], found.influence, found.answered)


Totals = dict[int, tuple[NDArray[np.float64], NDArray[np.float64]]]


def _total(
    sums: PsuSums, totals: Totals, measure: Measure
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    column = measure.columns[0]
    return totals[column][0], sums.numerator[:, column]


def _ratios(
    sums: PsuSums, totals: Totals, measure: Measure, row: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean of the ratios of the measure's columns, by domain, and the influence of each row."""
    n_ratios = np.sum([totals[column][1] != 0 for column in measure.columns], axis=0)
    value, influence = np.zeros(n_ratios.size), np.zeros(row.size)
    for column in measure.columns:
        above, below = totals[column]
        share = np.where(below != 0, 1.0, 0.0) / np.maximum(n_ratios, 1)
        per = np.where(below != 0, below, 1.0)
        ratio = above / per
        value += share * ratio
        scale = share / per
        explained = ratio[row] * sums.denominator[:, column]
        left = sums.numerator[:, column] - explained
        left[np.abs(left) <= ROUNDING * np.abs(explained)] = 0.0
        influence += scale[row] * left
    return np.where(n_ratios > 0, value, np.nan), influence


def _proportion(value: NDArray[np.float64]) -> NDArray[np.float64]:
    known = ~np.isnan(value)
    near = (value[known] >= -ROUNDING) & (value[known] <= 1 + ROUNDING)
    require(near, "numerator", "not exceed denominator for a proportion", value[known])
    rounded = np.where(value < ROUNDING, 0.0, np.where(value > 1 - ROUNDING, 1.0, value))
    return np.where(known, rounded, np.nan)


def _answered(sums: PsuSums, measure: Measure) -> NDArray[np.bool_]:
    """Tell which rows take part: with one item those who answered it, with several all respondents."""
    if measure.n_items > 1:
        return sums.n_respondents > 0
    return np.asarray((sums.n_answers[:, list(measure.columns)] > 0).any(axis=1))
