"""Which published counts add up to which: the structure through which hidden ones could be worked out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.arguments import as_integers, require
from analysis.errors import AnalysisError

Integers = NDArray[np.int64]
Booleans = NDArray[np.bool_]


@dataclass(frozen=True, eq=False, repr=False)
class CountRelations:
    """Totals and their parts among the cells of a publication, whatever tables they come from.

    A cell is any published count, named by its position. It may be the total of several relations
    (by factor, by month) and a part of others (of its province).

    Parameters
    ----------
    total : (r,) int, >= 0
        The cell that is the total of each relation.
    start : (r + 1,) int
        The parts of relation i are ``part[start[i]:start[i + 1]]``: from 0, never falling.
    part : (p,) int, >= 0
        The parts of all relations, one relation after the other; each has one at least.

    Raises
    ------
    AnalysisError
        If a range is broken, or a relation names one cell twice.

    Examples
    --------
    An index of two factors, and the same index by three months.

    >>> from analysis.disclosure.relations import CountRelations
    >>> CountRelations.of([(0, [1, 2]), (0, [3, 4, 5])])
    CountRelations(2 relations, 5 parts, 6 cells)
    """

    total: NDArray[np.int64]
    start: NDArray[np.int64]
    part: NDArray[np.int64]

    def __post_init__(self) -> None:
        total = as_integers("total", self.total, (None,))
        start = as_integers("start", self.start, (total.size + 1,))
        part = as_integers("part", self.part, (None,))
        require(total >= 0, "total", "not be negative", total)
        require(part >= 0, "part", "not be negative", part)
        if start[0] != 0 or start[-1] != part.size:
            raise AnalysisError("start", f"go from 0 to {part.size}", (int(start[0]), int(start[-1])))
        require(np.diff(start) > 0, "start", "rise, so that each relation has a part", start[1:])
        for name, column in (("total", total), ("start", start), ("part", part)):
            column.setflags(write=False)
            object.__setattr__(self, name, column)
        self._refuse_repeated_cells()

    def __repr__(self) -> str:
        return f"CountRelations({len(self)} relations, {self.part.size} parts, {self.n_cells} cells)"

    def __len__(self) -> int:
        return self.total.size

    @classmethod
    def of(cls, pairs: Iterable[tuple[int, ArrayLike]]) -> CountRelations:
        """Return the relations given as pairs of a total and its parts.

        Parameters
        ----------
        pairs : iterable of (int, (k,) int)
            Total and parts of each relation.

        Returns
        -------
        CountRelations
            In the order given.

        Raises
        ------
        AnalysisError
            If a range is broken, or a relation names one cell twice.
        """
        listed = [(total, as_integers("part", parts, (None,))) for total, parts in pairs]
        return cls(
            total=np.array([total for total, _ in listed], dtype=np.int64),
            start=np.cumsum([0, *(parts.size for _, parts in listed)]),
            part=np.concatenate([np.empty(0, dtype=np.int64), *(parts for _, parts in listed)]),
        )

    @property
    def n_cells(self) -> int:
        """The fewest cells a publication with these relations can have."""
        return int(max(self.total.max(initial=-1), self.part.max(initial=-1))) + 1

    @cached_property
    def relation_of_part(self) -> Integers:
        """Return (p,) int: the relation that each entry of `part` belongs to."""
        return np.repeat(np.arange(len(self)), np.diff(self.start))

    def check(self, counts: ArrayLike) -> Integers:
        """Return the counts as integers, or refuse what does not add up.

        Parameters
        ----------
        counts : (cells,) int, >= 0
            The count of each cell.

        Returns
        -------
        (cells,) ndarray
            The counts.

        Raises
        ------
        AnalysisError
            If a count is negative or missing, or a total is not the sum of its parts.
        """
        checked = as_integers("counts", counts, (None,))
        require(checked >= 0, "counts", "not be negative", checked)
        if checked.size < self.n_cells:
            raise AnalysisError("counts", f"have {self.n_cells} cells at least", checked.size)
        if len(self):
            sums = np.add.reduceat(checked[self.part], self.start[:-1])
            require(
                checked[self.total] == sums, "counts", "add up to the total, unlike those of cell", self.total
            )
        return checked

    def members(self, kept: Booleans) -> tuple[Integers, Integers, Integers]:
        """Return relation, cell and sign (+1 part, -1 total) of the kept cells, by relation."""
        relation = np.concatenate([self.relation_of_part, np.arange(len(self))])
        cell = np.concatenate([self.part, self.total])
        sign = np.repeat(np.array([1, -1]), [self.part.size, self.total.size])
        chosen = np.flatnonzero(kept[cell])
        chosen = chosen[np.argsort(relation[chosen], kind="stable")]
        return relation[chosen], cell[chosen], sign[chosen]

    def _refuse_repeated_cells(self) -> None:
        pairs = np.concatenate([self.relation_of_part, np.arange(len(self))]) * self.n_cells
        pairs += np.concatenate([self.part, self.total])
        ordered = np.sort(pairs)
        repeated = ordered[1:][np.diff(ordered) == 0]
        if repeated.size:
            raise AnalysisError("part", "name each cell of a relation once", int(repeated[0] % self.n_cells))
