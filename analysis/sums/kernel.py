"""Adds responses up in one pass over their columns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from analysis.arguments import Shape, as_integers, require
from analysis.errors import AnalysisError
from analysis.sums.columns import AnswerCodes
from analysis.sums.item_sums import (
    LIMB,
    MICRO,
    N_ITEM_TOTALS,
    N_RESPONDENT_TOTALS,
    ItemSums,
    add_rows,
    is_unsorted,
    run_starts,
)
from analysis.sums.loops import Bytes, Integers, Loops, compiled_loops, numpy_loops

LARGEST_WEIGHT: Final = 2**45  # micro-units; its square still fits into the two parts of a sum of squares

_WORTH_COMPILING: Final = 1_000_000  # answers; below, numpy is done before numba is imported
_SHORT_RUN: Final = 6  # rows; up to here on average, adding row by row is faster than run by run
_LARGEST_SUM: Final = 2**62


def sum_responses(
    psu: ArrayLike,
    answers: Sequence[ArrayLike],
    codes: Sequence[AnswerCodes],
    *,
    weight: ArrayLike | None = None,
    cell: ArrayLike | None = None,
) -> ItemSums:
    """Add up responses by PSU and cell, exactly.

    Parameters
    ----------
    psu : (n,) int
        PSU of each respondent, unique over the whole design. Rows sorted by PSU, then cell, are
        read as they lie; others are sorted first.
    answers : J arrays, (n,) uint8 each
        Answer codes of each item.
    codes : J AnswerCodes
        Which codes of each item are valid and which satisfied.
    weight : (n,) int in 0 … 2⁴⁵, optional
        Final weights in micro-units (10⁻⁶), see `to_micro_units`. A respondent of weight 0 is no
        respondent; its PSU keeps a row. Without weights each respondent weighs 1, which is faster.
    cell : (n,) int, optional
        Cell of each respondent within its PSU; all 0 without it.

    Returns
    -------
    ItemSums
        One row per pair of PSU and cell that occurs.

    Raises
    ------
    AnalysisError
        If lengths differ, answers are not uint8, an array is masked, a weight is out of its range,
        or the sums would not fit into 64 bits.

    Notes
    -----
    For PSU i, cell c and item j: sum(w · satisfied_j), sum(w · valid_j), count(valid_j, w > 0), and
    count(w > 0), sum(w), sum(w²), all whole numbers. numba, where installed, takes over from a
    million answers on; its result is the same to the bit.

    References
    ----------
    Särndal, Swensson and Wretman (1992), Model Assisted Survey Sampling, section 4.2.

    Examples
    --------
    Three respondents in two wards, two items; the last did not answer item 2.

    >>> import numpy as np
    >>> from analysis.sums.columns import AnswerCodes
    >>> from analysis.sums.kernel import sum_responses, to_micro_units
    >>> sums = sum_responses(
    ...     psu=[7, 7, 9],
    ...     answers=[np.uint8([4, 5, 1]), np.uint8([2, 4, 9])],
    ...     codes=[AnswerCodes(), AnswerCodes()],
    ...     weight=to_micro_units([1.0, 2.0, 1.5]),
    ... )
    >>> sums.psu.tolist(), sums.numerator.tolist(), sums.denominator.tolist()
    ([7, 9], [[3.0, 2.0], [0.0, 0.0]], [[3.0, 3.0], [1.5, 0.0]])
    """
    psus = _as_keys("psu", psu, (None,))
    n = psus.size
    cells = None if cell is None else _as_keys("cell", cell, (n,))
    columns = [_as_codes(column, n) for column in answers]
    if len(columns) != len(codes) or not columns:
        raise AnalysisError("codes", f"be given for each of {len(columns)} items, at least one", len(codes))
    weights = None if weight is None else _as_weights(weight, n)
    first, keys = _runs(psus, cells)
    if is_unsorted(*keys):
        order = np.lexsort((psus,) if cells is None else (cells, psus))
        columns = [column[order] for column in columns]
        weights = None if weights is None else weights[order]
        first, keys = _runs(psus[order], None if cells is None else cells[order])
    return add_rows(*keys, _add_runs(np.append(first, n), columns, codes, weights))


def to_micro_units(weight: ArrayLike) -> Integers:
    """Round weights to whole micro-units (10⁻⁶), the form in which they add exactly.

    Parameters
    ----------
    weight : (n,) float in 0 … 2⁴⁵ · 10⁻⁶ (35 million)
        Final weights in natural units.

    Returns
    -------
    (n,) int
        Nearest whole number of micro-units; off by at most 5 · 10⁻⁷.

    Raises
    ------
    AnalysisError
        If a weight is masked, negative, not finite or too large.

    Examples
    --------
    >>> from analysis.sums.kernel import to_micro_units
    >>> to_micro_units([1.0, 0.3333333]).tolist()
    [1000000, 333333]
    """
    _refuse_mask("weight", weight)
    natural = np.asarray(weight, dtype=np.float64)
    rule = "be finite, not negative and below 35 million"
    require((natural >= 0) & (natural < LARGEST_WEIGHT / MICRO), "weight", rule, natural)
    return np.rint(natural * MICRO).astype(np.int64)


def _runs(psu: Integers, cell: Integers | None) -> tuple[Integers, tuple[Integers, Integers]]:
    """Return where runs of equal keys begin, and the keys of each run."""
    first = run_starts(psu, cell)
    return first, (psu[first], np.zeros_like(first) if cell is None else cell[first])


def _add_runs(
    start: Integers, columns: Sequence[Bytes], codes: Sequence[AnswerCodes], weights: Integers | None
) -> Integers:
    n = int(start[-1])
    totals = np.zeros((N_RESPONDENT_TOTALS + N_ITEM_TOTALS * len(columns), start.size - 1), dtype=np.int64)
    if n == 0:
        return totals
    loops = compiled_loops() if n * len(columns) >= _WORTH_COMPILING else numpy_loops()
    people, items = totals[:N_RESPONDENT_TOTALS], totals[N_RESPONDENT_TOTALS:]
    if weights is None:
        _count_respondents(start, people)
    else:
        loops.add_respondents(weights, start, people)
    add = _item_loop(loops, start, weights)
    for j, (column, code) in enumerate(zip(columns, codes, strict=True)):
        add(*_as_ranges(column, code), items[N_ITEM_TOTALS * j : N_ITEM_TOTALS * (j + 1)])
    return totals


def _item_loop(
    loops: Loops, start: Integers, weights: Integers | None
) -> Callable[[Bytes, Bytes, Integers], None]:
    """Choose the loop over one item's codes: short runs cost more to begin and to end than to add."""
    n_runs, n = start.size - 1, int(start[-1])
    if n < _SHORT_RUN * n_runs:
        run = np.repeat(np.arange(n_runs), np.diff(start))
        known = np.full(n, MICRO) if weights is None else weights
        return lambda codes, bounds, sums: loops.add_scattered(codes, known, run, bounds, sums)
    if weights is None:
        return lambda codes, bounds, sums: loops.add_unweighted(codes, start, bounds, sums)
    return lambda codes, bounds, sums: loops.add_weighted(codes, weights, start, bounds, sums)


def _count_respondents(start: Integers, sums: Integers) -> None:
    sums[0] = np.diff(start)
    sums[1] = sums[0] * MICRO
    millionths = MICRO**2  # a weight of 1, squared
    sums[2] = sums[0] * (millionths >> LIMB)
    sums[3] = sums[0] * (millionths & ((1 << LIMB) - 1))


def _as_ranges(column: Bytes, codes: AnswerCodes) -> tuple[Bytes, Bytes]:
    """Return codes and bounds such that a code is satisfied (valid) where code - low <= width, wrapped."""
    bounds = _code_ranges(codes)
    if bounds is None:
        return codes.kinds[column], np.array([2, 0, 1, 1], dtype=np.uint8)
    return column, bounds


@cache
def _code_ranges(codes: AnswerCodes) -> Bytes | None:
    """Return low and width of the satisfied and of the valid codes; None where they leave gaps."""
    ranges: list[int] = []
    for members in (sorted(codes.satisfied), sorted(codes.valid)):
        if not members or members[-1] - members[0] >= len(members):
            return None
        ranges += [members[0], members[-1] - members[0]]
    return np.array(ranges, dtype=np.uint8)


def _as_codes(column: ArrayLike, n: int) -> Bytes:
    _refuse_mask("answers", column)
    codes = np.ascontiguousarray(column)
    if codes.dtype != np.uint8 or codes.shape != (n,):
        raise AnalysisError("answers", f"be uint8 of shape ({n},)", f"{codes.dtype} of {codes.shape}")
    return codes


def _as_weights(weight: ArrayLike, n: int) -> Integers:
    weights = np.ascontiguousarray(_as_keys("weight", weight, (n,)))
    least, largest = int(weights.min(initial=0)), int(weights.max(initial=0))
    if least < 0 or largest >= LARGEST_WEIGHT:
        raise AnalysisError("weight", "lie between 0 and 2^45 micro-units", least if least < 0 else largest)
    if n * largest**2 >> LIMB >= _LARGEST_SUM:  # could be too much: look closer
        squares = float(np.square(weights, dtype=np.float64).sum())  # bounds sum(w) below 2^62 too
        if squares >= _LARGEST_SUM << LIMB:
            raise AnalysisError("weight", "have a sum of squares below 2^94 square micro-units", squares)
    return weights


def _as_keys(argument: str, value: ArrayLike, shape: Shape) -> Integers:
    """Check a column; what is ready is not copied."""
    _refuse_mask(argument, value)
    if isinstance(value, np.ndarray) and value.dtype == np.int64 and shape in ((None,), value.shape):
        return np.asarray(value)
    return as_integers(argument, value, shape)


def _refuse_mask(argument: str, value: ArrayLike) -> None:
    if np.ma.is_masked(value):  # numpy would count what lies under the mask
        raise AnalysisError(argument, "be no masked array: fill it, answers with a code not valid", "a mask")
