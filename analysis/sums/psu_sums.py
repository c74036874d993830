"""The sufficient statistic: sums per primary sampling unit (PSU) and cell, which merge by adding."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.arguments import as_integers, as_reals, require
from analysis.errors import AnalysisError

_ROUNDING = 1e-9  # relative slack between sums that are equal but for the order of addition


@dataclass(frozen=True, eq=False, repr=False)
class PsuSums:
    """Mergeable sums over respondents; R rows, C columns (items, factors, variables).

    Each row sums some respondents of one PSU and one cell, the finest cross of attributes by
    which one reports; several rows may share both, down to one row per respondent. Usually made
    by `analysis.tally_responses`, `analysis.tally_counts` or the compiled kernel. The arrays
    are copied and read-only.

    Parameters
    ----------
    psu : (R,) int, >= 0
        PSU of each row: its place in the `DesignTable`.
    cell : (R,) int, >= 0
        Cell of each row, such as a code of sex x age; all 0 where nothing is told apart.
    n_respondents : (R,) int, >= 0
        Respondents with positive weight.
    weight_sum : (R,) float, >= 0
        Sum of the weights w of the respondents.
    weight_square_sum : (R,) float, >= 0
        Sum of their squares.
    n_answers : (R, C) int, >= 0
        Their valid answers, unweighted.
    numerator : (R, C) float
        Sum of w · y: over satisfied answers, or of a variable.
    denominator : (R, C) float
        Sum of w · x: over valid answers, or of a variable.

    Raises
    ------
    AnalysisError
        If a shape, a range or a relation between the columns is broken.

    Notes
    -----
    Every ratio, linearised variance, jackknife and Rao-Wu replicate of every union of cells
    follows from these sums and the design table, so that they may be kept per office and day
    and added up. What needs single respondents (second-stage variance, design effects) needs
    one row per respondent.

    References
    ----------
    Särndal, Swensson and Wretman (1992), Model Assisted Survey Sampling, sections 4.2 and 5.6.

    Examples
    --------
    >>> from analysis import tally_counts
    >>> monday = tally_counts([0, 1], [4, 5], [[3], [5]], [[4], [5]])
    >>> tuesday = tally_counts([1], [1], [[0]], [[1]])
    >>> both = monday.merge(tuesday)
    >>> both
    PsuSums(2 rows, 1 columns, 10 respondents)
    >>> both.numerator.tolist(), both.denominator.tolist()
    ([[3.0], [5.0]], [[4.0], [6.0]])
    >>> tally_counts([0], [4], [[3, 2]], [[4, 4]]).pool([[0, 1], [1]]).numerator.tolist()
    [[5.0, 2.0]]
    """

    psu: NDArray[np.int64]
    cell: NDArray[np.int64]
    n_respondents: NDArray[np.int64]
    weight_sum: NDArray[np.float64]
    weight_square_sum: NDArray[np.float64]
    n_answers: NDArray[np.int64]
    numerator: NDArray[np.float64]
    denominator: NDArray[np.float64]

    def __post_init__(self) -> None:
        n_rows = np.size(self.psu)
        table = as_reals("numerator", self.numerator, (n_rows, None)).shape
        if table[1] == 0:
            raise AnalysisError("numerator", "have at least one column", table)
        for name, check, shape in (
            ("psu", as_integers, (n_rows,)),
            ("cell", as_integers, (n_rows,)),
            ("n_respondents", as_integers, (n_rows,)),
            ("weight_sum", as_reals, (n_rows,)),
            ("weight_square_sum", as_reals, (n_rows,)),
            ("n_answers", as_integers, table),
            ("numerator", as_reals, table),
            ("denominator", as_reals, table),
        ):
            column = check(name, getattr(self, name), shape)
            if name not in {"numerator", "denominator"}:
                require(column >= 0, name, "not be negative", column)
            column.setflags(write=False)
            object.__setattr__(self, name, column)
        self._check_relations()

    def __repr__(self) -> str:
        return (
            f"PsuSums({self.psu.size} rows, {self.n_columns} columns, {self.n_respondents.sum()} respondents)"
        )

    @property
    def n_columns(self) -> int:
        """Number of columns C."""
        return int(self.numerator.shape[1])

    def take(self, rows: NDArray[Any]) -> PsuSums:
        """Return the chosen rows, by place or by flag."""
        return PsuSums(**{f.name: getattr(self, f.name)[rows] for f in fields(self)})

    def condense(self) -> PsuSums:
        """Add up the rows that share PSU and cell; sorted by PSU, then cell."""
        psus, psu = np.unique(self.psu, return_inverse=True)
        cells, cell = np.unique(self.cell, return_inverse=True)
        keys, row = np.unique(psu * max(cells.size, 1) + cell, return_inverse=True)
        added = {
            f.name: sum_rows(row, keys.size, getattr(self, f.name)).astype(getattr(self, f.name).dtype)
            for f in fields(self)
            if f.name not in {"psu", "cell"}
        }
        return PsuSums(psu=psus[keys // max(cells.size, 1)], cell=cells[keys % max(cells.size, 1)], **added)

    def merge(self, *others: PsuSums) -> PsuSums:
        """Add the sums of the same PSU and cell; the order of the parts does not matter.

        Parameters
        ----------
        *others : PsuSums
            Other parts (days, batches, machines) with the same C columns.

        Returns
        -------
        PsuSums
            One row per PSU and cell of any part. Counts and unit weights add exactly, other
            weights up to the rounding of floats.

        Raises
        ------
        AnalysisError
            If the parts differ in C.
        """
        parts = (self, *others)
        for part in others:
            if part.n_columns != self.n_columns:
                raise AnalysisError("others", f"have {self.n_columns} columns", part.n_columns)
        stacked = {f.name: np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(self)}
        return PsuSums(**stacked).condense()

    def pool(self, groups: Sequence[Sequence[int]]) -> PsuSums:
        """Sum columns into new ones: items into a factor, or into one index of all.

        Parameters
        ----------
        groups : sequence of K sequences of int in 0 … C-1
            The columns of each new one, each at most once within it.

        Returns
        -------
        PsuSums
            The same rows with K columns.

        Raises
        ------
        AnalysisError
            If a group is empty, repeats a column or names one that does not exist.
        """
        chosen = [as_integers("groups", list(items), (None,)) for items in groups]
        for items in chosen:
            if items.size == 0 or np.unique(items).size < items.size:
                raise AnalysisError("groups", "name each column once, at least one", items.tolist())
            require((items >= 0) & (items < self.n_columns), "groups", "name existing columns", items)
        if not chosen:
            raise AnalysisError("groups", "be at least one", [])
        pooled = copy(self)  # sums of checked columns need no check, nor those of a country a second copy
        for name in ("n_answers", "numerator", "denominator"):
            # Transposed, so that each column, old or new, lies in one piece.
            table = np.stack([getattr(self, name).T[items].sum(axis=0) for items in chosen]).T
            table.setflags(write=False)
            object.__setattr__(pooled, name, table)
        return pooled

    def _check_relations(self) -> None:
        answered = (self.n_answers > 0) & (self.weight_sum > 0)[:, None]
        for name in ("numerator", "denominator"):
            column = getattr(self, name)
            rule = "be 0 where n_answers or weight_sum is 0"
            require(answered | (column == 0), name, rule, column)
        least = self.weight_sum**2 * (1 - _ROUNDING)
        rule = "be at least weight_sum² / n_respondents"
        enough = self.weight_square_sum * self.n_respondents >= least
        require(enough, "weight_square_sum", rule, self.weight_square_sum)


def distinct(keys: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the distinct keys in order and the place of each row's, without sorting what is sorted."""
    if not keys.size or not np.all(keys[1:] >= keys[:-1]):
        found, row = np.unique(keys, return_inverse=True)
        return found, row
    is_first = np.append(True, keys[1:] != keys[:-1])
    return keys[is_first], np.cumsum(is_first) - 1


def sum_rows(group: NDArray[np.int64], n_groups: int, values: NDArray[Any]) -> NDArray[np.float64]:
    """Return the sums of values by group: (n,) gives (G,), (n, J) gives (G, J).

    Column by column, so that a long table needs one temporary column and no temporary table; rows
    that lie sorted by group are added where they lie, several times as fast. Whole numbers stay
    exact up to 2**53.
    """
    if group.size and np.all(group[1:] >= group[:-1]):
        first = np.flatnonzero(np.append(True, group[1:] != group[:-1]))
        occurring = group[first]

        def add(column: NDArray[Any]) -> NDArray[np.float64]:
            added = np.zeros(n_groups)
            added[occurring] = np.add.reduceat(column.astype(np.float64, copy=False), first)
            return added
    else:

        def add(column: NDArray[Any]) -> NDArray[np.float64]:
            return np.bincount(group, column, n_groups).astype(np.float64, copy=False)

    if values.ndim == 1:
        return add(values)
    summed = np.empty((n_groups, values.shape[1]))
    for column in range(values.shape[1]):
        summed[:, column] = add(values[:, column])
    return summed
