"""Which counts to hide: the small ones, and others from which these could be worked out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.arguments import as_booleans, as_numbers, require
from analysis.disclosure.audit import Attack, minimum_of_cells
from analysis.disclosure.hiding import Hiding
from analysis.disclosure.ranges import HiddenSystem
from analysis.disclosure.relations import CountRelations
from analysis.errors import AnalysisError

Booleans = NDArray[np.bool_]


@dataclass(frozen=True, eq=False, repr=False)
class Protection:
    """The cells that a publication must not show.

    Print one sign for both kinds: who sees that a cell was hidden for being small learns that
    it is small.

    Parameters
    ----------
    primary : (cells,) bool
        Hidden for their own sake: small, or named by the caller.
    secondary : (cells,) bool
        Hidden so that no hidden cell can be worked out.

    Examples
    --------
    >>> from analysis.disclosure.protect import Protection
    >>> import numpy as np
    >>> Protection(np.array([True, False, False]), np.array([False, True, False]))
    Protection(1 primary, 1 secondary, of 3 cells)
    """

    primary: Booleans
    secondary: Booleans

    def __repr__(self) -> str:
        return (
            f"Protection({self.primary.sum()} primary, {self.secondary.sum()} secondary, "
            f"of {self.primary.size} cells)"
        )

    @property
    def hidden(self) -> Booleans:
        """Return (cells,) bool: all cells not to show."""
        return self.primary | self.secondary


def protect_counts(
    counts: ArrayLike,
    relations: CountRelations,
    minimum: ArrayLike,
    *,
    sensitive: ArrayLike | None = None,
    costs: ArrayLike | None = None,
    keep_hidden: ArrayLike | None = None,
) -> Protection:
    """Return which cells to hide so that no small count can be worked out from the others.

    Parameters
    ----------
    counts : (cells,) int, >= 0
        The count of each published cell; each total is the sum of its parts.
    relations : CountRelations
        What adds up to what, in all tables of the publication together.
    minimum : int >= 1, or (cells,) int >= 1
        Counts from 1 to below this are hidden, and no hidden count may be known to a narrower
        range. By cell where cells count in different units: answers to one item, or to four.
    sensitive : (cells,) bool, or None
        Further cells to hide, for reasons that the counts do not show: fewer people than the minimum
        behind enough answers.
    costs : (cells,) float, >= 0 and not NaN, or None
        What hiding a cell loses; default its count. Infinite: is never hidden (shown elsewhere).
    keep_hidden : (cells,) bool, or None
        Cells hidden in the release before. Where a cell must be added they come first, so that two
        releases compared tell less.

    Returns
    -------
    Protection
        Its audit (`analysis.audit_hidden`) is clean.

    Raises
    ------
    AnalysisError
        If counts do not add up or a shape or range is broken; or infinite costs leave nothing to
        hide, naming the cell that stays open.
    ArithmeticError
        If the solver of linear programmes gives up.

    Notes
    -----
    A cell that nobody answered is shown, as "none": it is about nobody. So a reader knows that each
    hidden count is 1 at least, and k hidden parts that hold S together are each known to a width
    of S - k. Two steps, both over all tables at once:

    1. *Relations one by one*, to a fixed point. Where a total is shown, its hidden parts must be two at
       least and S - k reach the minimum; where it is hidden, so must be one of its parts. What
       lacks is hidden: the cheapest cell that suffices, its cost counted again for each other relation
       that it would open.
    2. *The audit*, on each connected system of hidden cells. The lowest and highest value of a narrow
       cell come from two linear programmes; their prices (dual values) say by how much each cell, if
       hidden too, could move them. The cheapest that could by enough is hidden, then step 1
       anew, until the audit is clean. At its end the exact part is decided without rounding.

    The prices are those of Fischetti and Salazar's capacity constraints. They solve an integer programme
    over all of them, which is NP-hard; here each is met at once by one cell, never to be shown again. So
    this is a heuristic: it hides enough, and more than the least (docs/analysis.md says how much). It
    always ends, where costs are finite: of a publication hidden as a whole nothing is known.

    The same input gives the same cells (ties by position) with the same version of scipy, whose solver
    may come to another of several equal ends in another: store the cells with the publication. The
    limits of `audit_hidden` apply. Releases of overlapping counts are not protected against their
    differences; `keep_hidden` makes these fewer.

    References
    ----------
    Hundepool et al. (2012), Statistical Disclosure Control, chapter 4. Fischetti and Salazar (2001),
    Management Science 47, 1008-1027 (the exact problem). Kelly, Golden and Assad (1992), Networks 22,
    397-417 (its complexity).

    Examples
    --------
    Two offices by three months, each office and each month with its total. One month of an office
    has 3 answers. Alone it would follow from its row, and with one more from its column.

    >>> from analysis.disclosure.protect import protect_counts
    >>> from analysis.disclosure.relations import CountRelations
    >>> table = [[3, 30, 12, 45], [20, 25, 40, 85], [23, 55, 52, 130]]
    >>> rows = [(4 * i + 3, [4 * i, 4 * i + 1, 4 * i + 2]) for i in range(3)]
    >>> columns = [(8 + j, [j, 4 + j]) for j in range(4)]
    >>> protection = protect_counts(sum(table, []), CountRelations.of(rows + columns), minimum=5)
    >>> protection
    Protection(1 primary, 3 secondary, of 12 cells)
    >>> [["·" if hidden else n for n, hidden in zip(*row)]
    ...  for row in zip(table, protection.hidden.reshape(3, 4).tolist())]
    [['·', 30, '·', 45], ['·', 25, '·', 85], [23, 55, 52, 130]]
    """
    known = relations.check(counts)
    least = minimum_of_cells(minimum, known.size)
    primary = known < least
    if sensitive is not None:
        primary |= as_booleans("sensitive", sensitive, known.shape)
    primary &= known > 0
    cost = _costs(known if costs is None else costs, primary)
    before = np.zeros_like(primary)
    if keep_hidden is not None:
        before = as_booleans("keep_hidden", keep_hidden, known.shape)
    hiding = Hiding(known, relations, least, list(zip((~before).tolist(), cost.tolist(), strict=True)))
    _hide_until_clean(hiding, Attack(known, relations, least), primary)
    return Protection(primary, hiding.mask() & ~primary)


def _costs(costs: ArrayLike, primary: Booleans) -> NDArray[np.float64]:
    checked = as_numbers("costs", costs)
    if checked.shape != primary.shape:
        raise AnalysisError("costs", f"have shape {primary.shape}", checked.shape)
    require(checked >= 0, "costs", "not be negative", checked)
    must_and_may_not = np.flatnonzero(primary & np.isinf(checked))
    if must_and_may_not.size:
        raise AnalysisError(
            "costs", "be finite where a cell must be hidden, unlike in cell", int(must_and_may_not[0])
        )
    return checked


def _hide_until_clean(hiding: Hiding, attack: Attack, primary: Booleans) -> None:
    """Hide by relations, then attack and hide what loosens, until no attack succeeds."""
    hiding.hide(np.flatnonzero(primary).tolist())
    suspects = hiding.mask()
    while suspects.any():
        still_open = np.zeros_like(primary)
        for system in attack.systems(hiding.mask(), suspects):
            if _loosen(system, hiding):
                still_open[system.cells] = True
        suspects = still_open
    if attack.exact(hiding.mask()).any():
        raise ArithmeticError("the solver called a determined count free")


def _loosen(system: HiddenSystem, hiding: Hiding) -> bool:
    """Hide cells until those looked at are wide enough; return whether to look again.

    What is hidden for one cell often loosens others that the same relations hold; these are
    left for the next look.
    """
    eased: set[int] = set()
    for narrow in system.narrow(lambda cell: not eased.isdisjoint(hiding.relations_of[cell])):
        if not eased.isdisjoint(narrow.holding):
            break
        eased.update(narrow.holding)
        for cell in hiding.loosen(narrow):
            eased.update(hiding.relations_of[cell])
    return bool(eased)
