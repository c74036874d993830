"""Whether hidden counts can be worked out from the shown ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.arguments import as_booleans, as_integers, require
from analysis.disclosure.null_space import determined
from analysis.disclosure.ranges import HiddenSystem
from analysis.disclosure.relations import CountRelations

Booleans = NDArray[np.bool_]
Integers = NDArray[np.int64]
Entries = tuple[Integers, Integers, Integers]

_TOGETHER: Final = 1000  # entries of the matrix: smaller systems share a linear programme


@dataclass(frozen=True, eq=False, repr=False)
class HiddenAudit:
    """What a reader of the shown counts can work out of the hidden ones.

    Parameters
    ----------
    exact : (cells,) bool
        Hidden cells whose count follows exactly: their unit vector lies in the row space of the
        relations restricted to hidden cells.
    narrow : (cells,) bool
        Other hidden cells whose count is known to a range narrower than the minimum.

    Examples
    --------
    >>> from analysis.disclosure.audit import audit_hidden
    >>> from analysis.disclosure.relations import CountRelations
    >>> months = CountRelations.of([(0, [1, 2, 3])])
    >>> audit_hidden([40, 3, 30, 7], months, [False, True, False, False], minimum=5)
    HiddenAudit(1 exact, 0 narrow)
    """

    exact: Booleans
    narrow: Booleans

    def __repr__(self) -> str:
        return f"HiddenAudit({self.exact.sum()} exact, {self.narrow.sum()} narrow)"

    @property
    def is_clean(self) -> bool:
        """Return whether nothing hidden can be worked out."""
        return not (self.exact.any() or self.narrow.any())


def audit_hidden(
    counts: ArrayLike, relations: CountRelations, hidden: ArrayLike, minimum: ArrayLike
) -> HiddenAudit:
    """Return which hidden counts a reader of all others can work out, exactly or nearly.

    Parameters
    ----------
    counts : (cells,) int, >= 0
        The true counts; each total is the sum of its parts.
    relations : CountRelations
        What adds up to what.
    hidden : (cells,) bool
        The cells that are not shown. Empty cells are shown, as "none".
    minimum : int >= 1, or (cells,) int >= 1
        A range of possible counts narrower than this tells too much.

    Returns
    -------
    HiddenAudit
        By cell: known exactly, or to a narrow range.

    Raises
    ------
    AnalysisError
        If counts do not add up, a shape or range is broken, or an empty cell is hidden.
    ArithmeticError
        If the solver of linear programmes gives up.

    Notes
    -----
    The reader knows the relations, the shown counts, and that each hidden count is 1 at least. The
    exact part is decided without rounding, by elimination over a prime field. The ranges are those
    of linear programmes, rounded inwards to whole numbers. Where relations form more than a two-way
    table, whole numbers may leave a narrower range still, which is not looked at.

    Nor is what a reader knows besides. Who is told that a cell was hidden for being small knows an upper
    bound: do not print which those are. A respondent knows his own answer. The satisfied of
    each cell follow the same relations, so the exact part holds for them too, the ranges do not: where
    all hidden cells of a relation are satisfied together, the difference says so of each.

    References
    ----------
    Hundepool et al. (2012), Statistical Disclosure Control, sections 4.3-4.4 (the attacker's problem).
    Fischetti and Salazar (2001), Management Science 47, 1008-1027.

    Examples
    --------
    Two hidden months that hold 10 together can each be 1 to 9: a width of 8.

    >>> from analysis.disclosure.audit import audit_hidden
    >>> from analysis.disclosure.relations import CountRelations
    >>> months = CountRelations.of([(0, [1, 2, 3])])
    >>> found = audit_hidden([40, 3, 30, 7], months, [False, True, False, True], minimum=9)
    >>> found, found.narrow.tolist()
    (HiddenAudit(0 exact, 2 narrow), [False, True, False, True])
    >>> audit_hidden([40, 3, 30, 7], months, [False, True, False, True], minimum=8).is_clean
    True
    """
    known = relations.check(counts)
    kept = as_booleans("hidden", hidden, known.shape)
    require(
        ~kept | (known > 0), "hidden", "leave empty cells shown, as none; not so cell", np.arange(known.size)
    )
    attack = Attack(known, relations, minimum_of_cells(minimum, known.size))
    exact = attack.exact(kept)
    narrow = np.zeros_like(kept)
    for system in attack.systems(kept, kept):
        narrow[[found.cell for found in system.narrow()]] = True
    return HiddenAudit(exact, narrow & ~exact)


def minimum_of_cells(minimum: ArrayLike, n_cells: int) -> Integers:
    """Return the minimum of each cell, or refuse it."""
    shape = () if np.ndim(minimum) == 0 else (n_cells,)
    checked = as_integers("minimum", minimum, shape)
    require(np.asarray(checked >= 1), "minimum", "be 1 at least", checked)
    return np.broadcast_to(checked, (n_cells,))


class Attack:
    """A reader's attempts on checked counts, as more and more cells are hidden.

    What a count was once seen to be it can still be when more is hidden: it is kept.
    """

    def __init__(self, counts: Integers, relations: CountRelations, minimum: Integers) -> None:
        self.counts, self.relations, self.minimum = counts, relations, minimum
        self.low, self.high = counts.astype(np.float64), counts.astype(np.float64)

    def exact(self, hidden: Booleans) -> Booleans:
        """Return which hidden cells are determined."""
        found = np.zeros(hidden.size, dtype=np.bool_)
        found[list(determined(*self._entries(hidden, hidden)[0]))] = True
        return found

    def systems(self, hidden: Booleans, suspects: Booleans) -> Iterator[HiddenSystem]:
        """Give the connected systems of hidden cells that hold a suspect, small ones together."""
        from scipy.sparse import csr_array  # here: `import analysis` and its names load no heavy part

        for relation, cell, sign in self._batches(*self._entries(hidden, suspects)):
            relations, row = np.unique(relation, return_inverse=True)
            cells, column = np.unique(cell, return_inverse=True)
            system = HiddenSystem(
                csr_array((sign.astype(np.float64), (row, column)), shape=(relations.size, cells.size)),
                relations,
                cells,
                self.counts[cells],
                self.minimum[cells],
                self.low[cells],
                self.high[cells],
            )
            yield system
            self.low[cells], self.high[cells] = system.low, system.high

    def _entries(self, hidden: Booleans, suspects: Booleans) -> tuple[Entries, Integers]:
        """Return relation, cell and sign of hidden members, and the connected system of each."""
        from scipy.sparse import coo_array  # here: `import analysis` and its names load no heavy part
        from scipy.sparse.csgraph import connected_components

        relation, cell, sign = self.relations.members(hidden)
        linked = np.flatnonzero(np.diff(relation) == 0)
        square = (hidden.size, hidden.size)
        links = coo_array((np.ones(linked.size), (cell[linked], cell[linked + 1])), shape=square)
        label = connected_components(links, directed=False)[1]
        kept = np.isin(label[cell], label[suspects])
        return (relation[kept], cell[kept], sign[kept]), label[cell[kept]].astype(np.int64)

    @staticmethod
    def _batches(entries: Entries, label: Integers) -> Iterator[Entries]:
        """Put small systems together, for one linear programme has a price of its own."""
        order = np.argsort(label, kind="stable")
        last_of_system = np.append(np.flatnonzero(np.diff(label[order])), label.size - 1) + 1
        first = 0
        for last in last_of_system.tolist():
            if last - first >= _TOGETHER or last == label.size > first:
                relation, cell, sign = (column[order[first:last]] for column in entries)
                yield relation, cell, sign
                first = last
