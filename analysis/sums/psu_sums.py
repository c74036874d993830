"""The sufficient statistic: sums per primary sampling unit (PSU), which merge by adding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.arguments import as_integers, as_reals, require
from analysis.errors import AnalysisError

_ROUNDING = 1e-9  # relative slack between sums that are equal but for the order of addition


@dataclass(frozen=True, eq=False, repr=False)
class PsuSums:
    """Mergeable sums, one row per sampled PSU; P rows, J measures (items or sums of items).

    Usually made by `analysis.tally_responses` or `analysis.tally_counts`. A sampled PSU in
    which nobody answered keeps its row with zeros: it counts in the variance. The arrays are
    copied and read-only.

    Parameters
    ----------
    stratum : (P,) int, >= 0
        Code of the stratum, an index into `domain_of_stratum` of the estimators.
    psu : (P,) int
        Identifier of the PSU, unique over the whole design (not only within its stratum).
    n_respondents : (P,) int, >= 0
        Respondents with positive weight.
    n_answers : (P, J) int, >= 0
        Their valid answers, unweighted.
    weight_sum : (P,) float, >= 0
        Sum of the weights w of the respondents.
    weight_square_sum : (P,) float, >= 0
        Sum of their squares.
    numerator : (P, J) float, >= 0
        Sum of w over satisfied answers.
    denominator : (P, J) float, >= numerator
        Sum of w over valid answers.

    Raises
    ------
    AnalysisError
        If a shape, a range or a relation between the columns is broken, or if a PSU lies in
        two strata or has two rows.

    Notes
    -----
    Ratios, linearised variances and effective sample sizes of every domain follow from these
    sums alone, so that they may be kept per office and day and added up.

    References
    ----------
    Särndal, Swensson and Wretman (1992), Model Assisted Survey Sampling, sections 4.2 and 5.6.

    Examples
    --------
    >>> from analysis import tally_counts
    >>> monday = tally_counts([0, 0], [11, 12], [4, 5], [[3], [5]], [[4], [5]])
    >>> tuesday = tally_counts([0], [12], [1], [[0]], [[1]])
    >>> both = monday.merge(tuesday)
    >>> both
    PsuSums(2 PSUs in 1 strata, 1 measures, 10 respondents)
    >>> both.numerator.tolist(), both.denominator.tolist()
    ([[3.0], [5.0]], [[4.0], [6.0]])
    >>> tally_counts([0], [11], [4], [[3, 2]], [[4, 4]]).collapse([[0, 1], [1]]).numerator.tolist()
    [[5.0, 2.0]]
    """

    stratum: NDArray[np.int64]
    psu: NDArray[np.int64]
    n_respondents: NDArray[np.int64]
    n_answers: NDArray[np.int64]
    weight_sum: NDArray[np.float64]
    weight_square_sum: NDArray[np.float64]
    numerator: NDArray[np.float64]
    denominator: NDArray[np.float64]

    def __post_init__(self) -> None:
        n_rows = np.size(self.stratum)
        table = as_reals("numerator", self.numerator, (n_rows, None)).shape
        if table[1] == 0:
            raise AnalysisError("numerator", "have at least one measure", table)
        for name, check, shape in (
            ("stratum", as_integers, (n_rows,)),
            ("psu", as_integers, (n_rows,)),
            ("n_respondents", as_integers, (n_rows,)),
            ("n_answers", as_integers, table),
            ("weight_sum", as_reals, (n_rows,)),
            ("weight_square_sum", as_reals, (n_rows,)),
            ("numerator", as_reals, table),
            ("denominator", as_reals, table),
        ):
            column = check(name, getattr(self, name), shape)
            if name != "psu":
                require(column >= 0, name, "not be negative", column)
            column.setflags(write=False)
            object.__setattr__(self, name, column)
        self._check_relations()

    def __repr__(self) -> str:
        return (
            f"PsuSums({self.psu.size} PSUs in {np.unique(self.stratum).size} strata, "
            f"{self.n_measures} measures, {self.n_respondents.sum()} respondents)"
        )

    @property
    def n_measures(self) -> int:
        """Number of measures J."""
        return int(self.numerator.shape[1])

    def merge(self, *others: PsuSums) -> PsuSums:
        """Add the sums of the same PSU; the order of the parts does not matter.

        Parameters
        ----------
        *others : PsuSums
            Other parts (days, batches, machines) with the same J measures.

        Returns
        -------
        PsuSums
            One row per PSU of any part, sorted by PSU. Counts and unit weights add exactly,
            other weights up to the rounding of floats.

        Raises
        ------
        AnalysisError
            If the parts differ in J or place a PSU in different strata.
        """
        parts = (self, *others)
        for part in others:
            if part.n_measures != self.n_measures:
                raise AnalysisError("others", f"have {self.n_measures} measures", part.n_measures)
        stacked = {f.name: np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(self)}
        ids, home, row = locate_psus(stacked.pop("stratum"), stacked.pop("psu"))
        added = {
            name: sum_rows(row, ids.size, column).astype(column.dtype) for name, column in stacked.items()
        }
        return PsuSums(stratum=home, psu=ids, **added)

    def collapse(self, groups: Sequence[Sequence[int]]) -> PsuSums:
        """Sum items into measures: a factor, or all items pooled.

        Parameters
        ----------
        groups : sequence of K sequences of int in 0 … J-1
            The items of each new measure, each item once within a measure.

        Returns
        -------
        PsuSums
            The same PSUs with K measures.

        Raises
        ------
        AnalysisError
            If a group is empty, repeats an item or names one that does not exist.
        """
        membership = np.zeros((self.n_measures, len(groups)), dtype=np.int64)
        for column, items in enumerate(groups):
            chosen = as_integers("groups", list(items), (None,))
            if chosen.size == 0 or np.unique(chosen).size < chosen.size:
                raise AnalysisError("groups", "name each item once, at least one", list(items))
            require((chosen >= 0) & (chosen < self.n_measures), "groups", "name existing items", chosen)
            membership[chosen, column] = 1
        return PsuSums(
            stratum=self.stratum,
            psu=self.psu,
            n_respondents=self.n_respondents,
            n_answers=self.n_answers @ membership,
            weight_sum=self.weight_sum,
            weight_square_sum=self.weight_square_sum,
            numerator=self.numerator @ membership,
            denominator=self.denominator @ membership,
        )

    def _check_relations(self) -> None:
        locate_psus(self.stratum, self.psu)
        ids, n_rows = np.unique(self.psu, return_counts=True)
        require(n_rows == 1, "psu", "have one row each", ids)
        above = self.numerator > self.denominator * (1 + _ROUNDING)
        require(~above, "numerator", "not exceed denominator", self.numerator)
        answered = (self.n_answers > 0) & (self.weight_sum > 0)[:, None]
        rule = "be 0 where n_answers or weight_sum is 0"
        require(answered | (self.denominator == 0), "denominator", rule, self.denominator)
        least = self.weight_sum**2 * (1 - _ROUNDING)
        rule = "be at least weight_sum² / n_respondents"
        enough = self.weight_square_sum * self.n_respondents >= least
        require(enough, "weight_square_sum", rule, self.weight_square_sum)


def locate_psus(
    stratum: NDArray[np.int64], psu: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return the sorted PSU ids, the stratum of each, and for every row the place of its PSU.

    Raises
    ------
    AnalysisError
        If a PSU occurs in two strata.
    """
    ids, first, row = np.unique(psu, return_index=True, return_inverse=True)
    home = stratum[first]
    require(home[row] == stratum, "psu", "lie in one stratum only", psu)
    return ids, home, row


def sum_rows(
    group: NDArray[np.int64],
    n_groups: int,
    values: NDArray[Any],
    weight: NDArray[np.float64] | None = None,
) -> NDArray[np.float64]:
    """Return the sums of (weighted) values by group: (n,) gives (G,), (n, J) gives (G, J).

    Column by column, so that a long table needs one temporary column and no temporary table.
    Whole numbers stay exact up to 2**53.
    """
    if values.ndim == 1:
        weighted = values if weight is None else values * weight
        return np.bincount(group, weighted, n_groups).astype(np.float64, copy=False)
    return np.column_stack([sum_rows(group, n_groups, column, weight) for column in values.T])
