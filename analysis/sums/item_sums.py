"""Exact sums per PSU, cell and item: whole numbers, the same for any partition in any order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.arguments import Shape, as_integers, require
from analysis.errors import AnalysisError
from analysis.sums.psu_sums import PsuSums

MICRO: Final = 1_000_000  # micro-units in a weight of 1
LIMB: Final = 32  # a sum of squared weights is held as high · 2**LIMB + low
N_RESPONDENT_TOTALS: Final = 4  # n_respondents, weight_sum, weight_square_sum (high, low)
N_ITEM_TOTALS: Final = 3  # n_answers, numerator, denominator

_ROWS_HELD: Final = 100_000  # keys of parts that wait for being added up: 56 MB with 22 items
_LARGEST_SUM: Final = 2.0**62  # floats that check for overflow are off by far less than the factor 2 left


@dataclass(frozen=True, eq=False, repr=False)
class ItemSums:
    """Exact sums of R pairs of PSU and cell over J items; parts add with ``+``.

    Made by `analysis.sums.kernel.sum_responses` and what builds on it. Weights are whole
    micro-units (10⁻⁶). The arrays are copied only where they must change.

    Parameters
    ----------
    psu, cell : (R,) int
        Keys, sorted by PSU, then cell, each pair once.
    totals : (4 + 3 J, R) int
        Rows: respondents of positive weight; sum of w; sum of w² in two rows, the first counting
        2³² units of 10⁻¹², the second the rest; then for each item the valid answers of positive
        weight, sum of w over satisfied answers, sum of w over valid answers.

    Raises
    ------
    AnalysisError
        If a shape is broken, the keys are not sorted or not unique, or a sum is negative.

    Notes
    -----
    Whole numbers add without rounding, so that days, files and machines may be added in any
    order and grouping with identical results. A sum that would not fit is refused.

    References
    ----------
    Goldberg (1991), ACM Computing Surveys 23, 5-48, section 1.4 (why sums of floats depend on order).

    Examples
    --------
    >>> import numpy as np
    >>> from analysis.sums.columns import AnswerCodes
    >>> from analysis.sums.kernel import sum_responses
    >>> monday = sum_responses([7, 7, 9], [np.uint8([4, 9, 5])], [AnswerCodes()])
    >>> tuesday = sum_responses([9], [np.uint8([2])], [AnswerCodes()])
    >>> monday + tuesday
    ItemSums(2 PSUs and cells, 1 items, 4 respondents)
    >>> (monday + tuesday).numerator.tolist(), (monday + tuesday).denominator.tolist()
    ([[1.0], [1.0]], [[1.0], [2.0]])
    """

    psu: NDArray[np.int64]
    cell: NDArray[np.int64]
    totals: NDArray[np.int64]

    def __post_init__(self) -> None:
        psu = _as_int64("psu", self.psu, (None,))
        cell = _as_int64("cell", self.cell, psu.shape)
        totals = _as_int64("totals", self.totals, (None, psu.size))
        if totals.shape[0] <= N_RESPONDENT_TOTALS or (totals.shape[0] - N_RESPONDENT_TOTALS) % N_ITEM_TOTALS:
            raise AnalysisError("totals", "have 4 + 3 J rows", totals.shape[0])
        if not np.all(_follows(psu, cell)):
            raise AnalysisError("psu", "be sorted with its cell, each pair once", "other keys")
        if totals.min(initial=0) < 0:
            raise AnalysisError("totals", "not be negative", int(totals.min()))
        for name, column in (("psu", psu), ("cell", cell), ("totals", totals)):
            column.setflags(write=False)
            object.__setattr__(self, name, column)

    def __repr__(self) -> str:
        people = int(self.n_respondents.sum())
        return f"ItemSums({self.psu.size} PSUs and cells, {self.n_items} items, {people} respondents)"

    def __add__(self, other: ItemSums) -> ItemSums:
        return add_up([self, other])

    @property
    def n_items(self) -> int:
        """Number of items J."""
        n_totals: int = self.totals.shape[0]
        return (n_totals - N_RESPONDENT_TOTALS) // N_ITEM_TOTALS

    @property
    def n_respondents(self) -> NDArray[np.int64]:
        """Respondents of positive weight, (R,)."""
        people: NDArray[np.int64] = self.totals[0]
        return people

    @property
    def weight_sum(self) -> NDArray[np.float64]:
        """Sum of w in natural units, (R,)."""
        return _as_natural(self.totals[1])

    @property
    def weight_square_sum(self) -> NDArray[np.float64]:
        """Sum of w² in natural units, (R,)."""
        squares: NDArray[np.float64] = self.totals[2] * 2.0**LIMB + self.totals[3]
        return squares / MICRO**2

    @property
    def n_answers(self) -> NDArray[np.int64]:
        """Valid answers of positive weight, (R, J)."""
        return self._of_items(0)

    @property
    def numerator(self) -> NDArray[np.float64]:
        """Sum of w over satisfied answers in natural units, (R, J)."""
        return _as_natural(self._of_items(1))

    @property
    def denominator(self) -> NDArray[np.float64]:
        """Sum of w over valid answers in natural units, (R, J)."""
        return _as_natural(self._of_items(2))

    def pool(self, groups: Sequence[Sequence[int]]) -> ItemSums:
        """Sum items into new ones, exactly: the items of a factor, or all of them.

        Parameters
        ----------
        groups : sequence of K sequences of int in 0 … J-1
            The items of each new one, each at most once within it.

        Returns
        -------
        ItemSums
            The same R rows with K items.

        Raises
        ------
        AnalysisError
            If there is no group, or one is empty, repeats an item or names one that does not exist,
            or a sum would not fit into 64 bits.
        """
        totals = np.empty((N_RESPONDENT_TOTALS + N_ITEM_TOTALS * len(groups), self.psu.size), dtype=np.int64)
        totals[:N_RESPONDENT_TOTALS] = self.totals[:N_RESPONDENT_TOTALS]
        for k, items in enumerate(groups):
            chosen = as_integers("groups", list(items), (None,))
            if chosen.size == 0 or np.unique(chosen).size < chosen.size:
                raise AnalysisError("groups", "name each item once, at least one", chosen.tolist())
            require((chosen >= 0) & (chosen < self.n_items), "groups", "name existing items", chosen)
            for total in range(N_ITEM_TOTALS):
                rows = self.totals[N_RESPONDENT_TOTALS + total :: N_ITEM_TOTALS][chosen]
                _require_fitting(rows, axis=0)
                rows.sum(axis=0, out=totals[N_RESPONDENT_TOTALS + N_ITEM_TOTALS * k + total])
        return ItemSums(self.psu, self.cell, totals)

    def to_psu_sums(self, psus: ArrayLike) -> PsuSums:
        """Return the sums in natural units, ready for estimates.

        Parameters
        ----------
        psus : (P,) int
            Identifiers of all sampled PSUs in the order of the `DesignTable`.

        Returns
        -------
        PsuSums
            R rows; cells keep their codes.

        Raises
        ------
        AnalysisError
            If an identifier occurs twice in `psus`, or a PSU with responses is not among them.
        """
        known = as_integers("psus", psus, (None,))
        order = np.argsort(known, kind="stable")
        ids = known[order]
        if np.any(ids[1:] == ids[:-1]):
            raise AnalysisError("psus", "name each PSU once", int(ids[1:][ids[1:] == ids[:-1]][0]))
        place = np.searchsorted(ids, self.psu)
        found = place < ids.size
        found[found] = ids[place[found]] == self.psu[found]
        require(found, "psus", "name every PSU with responses", self.psu)
        return PsuSums(
            psu=order[place],
            cell=self.cell,
            n_respondents=self.n_respondents,
            weight_sum=self.weight_sum,
            weight_square_sum=self.weight_square_sum,
            n_answers=self.n_answers,
            numerator=self.numerator,
            denominator=self.denominator,
        )

    def _of_items(self, which: int) -> NDArray[np.int64]:
        return self.totals[N_RESPONDENT_TOTALS + which :: N_ITEM_TOTALS].T


def add_up(parts: Iterable[ItemSums]) -> ItemSums:
    """Add parts of a survey (days, files, partitions) as they come.

    Parameters
    ----------
    parts : iterable of ItemSums
        At least one; all with the same items. They are not held longer than needed: memory
        follows the number of PSUs and cells, not the number of parts.

    Returns
    -------
    ItemSums
        One row per pair of PSU and cell of any part. Order and grouping of the parts change no bit.

    Raises
    ------
    AnalysisError
        If there is no part, the parts differ in their items, or a sum would not fit into 64 bits.

    Notes
    -----
    Addition of whole numbers: associative, commutative, exact.

    References
    ----------
    Gray et al. (1997), Data Mining and Knowledge Discovery 1, 29-53, section 5 (distributive sums).

    Examples
    --------
    >>> import numpy as np
    >>> from analysis.sums.columns import AnswerCodes
    >>> from analysis.sums.item_sums import add_up
    >>> from analysis.sums.kernel import sum_responses
    >>> days = [sum_responses([7], [np.uint8([code])], [AnswerCodes()]) for code in (5, 4, 1)]
    >>> add_up(days).numerator.tolist()
    [[2.0]]
    """
    held: list[ItemSums] = []
    n_held, limit = 0, _ROWS_HELD
    for part in parts:
        held.append(part)
        n_held += part.psu.size
        if n_held > limit:  # twice what the last addition left: all additions together cost O(log parts)
            held = [_add_held(held)]
            n_held = held[0].psu.size
            limit = max(_ROWS_HELD, 2 * n_held)
    return _add_held(held)


def _add_held(parts: Sequence[ItemSums]) -> ItemSums:
    if not parts or len({part.n_items for part in parts}) > 1:
        raise AnalysisError("parts", "be one or more with the same items", [part.n_items for part in parts])
    filled = [part for part in parts if part.psu.size]
    if len(filled) < 2:
        return filled[0] if filled else parts[0]
    psu, cell = (np.concatenate([getattr(part, key) for part in filled]) for key in ("psu", "cell"))
    return add_rows(psu, cell, np.concatenate([part.totals for part in filled], axis=1))


def add_rows(psu: NDArray[np.int64], cell: NDArray[np.int64], totals: NDArray[np.int64]) -> ItemSums:
    """Add rows of totals, in any order, that share PSU and cell; the array given may be changed."""
    _require_fitting(totals, axis=1)  # of items too: pooled ones add up to more than the weights
    if is_unsorted(psu, cell):
        order = np.lexsort((cell, psu))
        psu, cell, totals = psu[order], cell[order], totals[:, order]
    first = run_starts(psu, cell)
    if first.size < psu.size:
        psu, cell, totals = psu[first], cell[first], np.add.reduceat(totals, first, axis=1)
    _carry_squares(totals)
    return ItemSums(psu, cell, totals)


def run_starts(psu: NDArray[np.int64], cell: NDArray[np.int64] | None) -> NDArray[np.int64]:
    """Return the first row of each run of rows that share PSU and cell."""
    changes = psu[1:] != psu[:-1]
    if cell is not None:
        changes |= cell[1:] != cell[:-1]
    return np.concatenate(([0], np.flatnonzero(changes) + 1))[: psu.size]


def is_unsorted(psu: NDArray[np.int64], cell: NDArray[np.int64]) -> bool:
    """Whether a row stands before one with a smaller PSU, or of its PSU with a smaller cell."""
    return bool(np.any(_precedes(psu, cell)))


def _require_fitting(totals: NDArray[np.int64], axis: int) -> None:
    """Refuse totals whose sum along an axis could pass 64 bits."""
    grand = float(totals.sum(axis=axis, dtype=np.float64).max(initial=0))
    if grand >= _LARGEST_SUM:
        raise AnalysisError("weight", "have a sum below 2^62 micro-units, of squares 2^94", grand)


def _carry_squares(totals: NDArray[np.int64]) -> None:
    """Bring each sum of squared weights into its one form, low < 2**LIMB."""
    totals[2] += totals[3] >> LIMB
    totals[3] &= (1 << LIMB) - 1


def _follows(psu: NDArray[np.int64], cell: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether each key is larger than the one before."""
    follows: NDArray[np.bool_] = (psu[1:] > psu[:-1]) | ((psu[1:] == psu[:-1]) & (cell[1:] > cell[:-1]))
    return follows


def _precedes(psu: NDArray[np.int64], cell: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether each key is smaller than the one before."""
    precedes: NDArray[np.bool_] = (psu[1:] < psu[:-1]) | ((psu[1:] == psu[:-1]) & (cell[1:] < cell[:-1]))
    return precedes


def _as_natural(micro_units: NDArray[np.int64]) -> NDArray[np.float64]:
    natural: NDArray[np.float64] = micro_units / MICRO
    return natural


def _as_int64(argument: str, value: NDArray[np.int64], shape: Shape) -> NDArray[np.int64]:
    """Check an array; 19 MB of exact sums of a country are not copied for it."""
    is_array = isinstance(value, np.ndarray) and not isinstance(value, np.ma.MaskedArray)
    is_ready = is_array and value.dtype == np.int64 and value.ndim == len(shape)
    return value if is_ready and shape[-1] in (None, value.shape[-1]) else as_integers(argument, value, shape)
