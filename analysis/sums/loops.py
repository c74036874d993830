"""The inner loops over runs of equal keys: compiled by numba or in numpy, with the same bits."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from threading import Lock
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analysis.sums.item_sums import LIMB, MICRO

Integers = NDArray[np.int64]
Bytes = NDArray[np.uint8]

_COMPILING: Final = Lock()


class Loops(NamedTuple):
    """The inner loops, which overwrite `sums`, zeros at first.

    `start` holds the first row of each run of equal keys, and the end; `run` the run of each row.
    """

    add_respondents: Callable[[Integers, Integers, Integers], None]
    add_weighted: Callable[[Bytes, Integers, Integers, Bytes, Integers], None]
    add_unweighted: Callable[[Bytes, Integers, Bytes, Integers], None]
    add_scattered: Callable[[Bytes, Integers, Integers, Bytes, Integers], None]


def compiled_loops() -> Loops:
    """Return the inner loops, compiled if numba is installed; the first call takes up to a second."""
    with _COMPILING:  # threads that start together wait for one compilation
        return _compile_all()


@cache
def _compile_all() -> Loops:
    try:
        import numba
    except ImportError:
        return numpy_loops()
    codes, bounds = (numba.types.Array(numba.uint8, 1, "C", readonly=True),) * 2
    integers = numba.types.Array(numba.int64, 1, "C", readonly=True)
    sums = numba.types.Array(numba.int64, 2, "C")
    return Loops(
        _compile(numba, (integers, integers, sums), _add_respondents),
        _compile(numba, (codes, integers, integers, bounds, sums), _add_weighted),
        _compile(numba, (codes, integers, bounds, sums), _add_unweighted),
        _compile(numba, (codes, integers, integers, bounds, sums), _add_scattered),
    )


def numpy_loops() -> Loops:
    """Return the inner loops in numpy, for machines without numba and for small tables."""
    return Loops(_reduce_respondents, _reduce_weighted, _reduce_unweighted, _reduce_scattered)


def _add_respondents(weight: Integers, start: Integers, sums: Integers) -> None:
    for run in range(start.size - 1):
        n = total = high = low = np.int64(0)
        for row in range(np.uint64(start[run]), np.uint64(start[run + 1])):  # unsigned: four times as fast
            w = weight[row]
            front, back = w >> 16, w & 0xFFFF  # w² = front² · 2³² + rest, each within 64 bits
            rest = ((2 * front * back) << 16) + back * back
            n += w > 0
            total += w
            high += front * front + (rest >> LIMB)
            low += rest & 0xFFFFFFFF
        sums[0, run], sums[1, run], sums[2, run], sums[3, run] = n, total, high, low


def _add_weighted(codes: Bytes, weight: Integers, start: Integers, bounds: Bytes, sums: Integers) -> None:
    low, width, valid_low, valid_width = bounds[0], bounds[1], bounds[2], bounds[3]
    for run in range(start.size - 1):
        n = numerator = denominator = np.int64(0)
        for row in range(np.uint64(start[run]), np.uint64(start[run + 1])):
            code, w = codes[row], weight[row]
            valid = np.uint8(code - valid_low) <= valid_width
            n += valid & (w > 0)
            numerator += w if np.uint8(code - low) <= width else 0
            denominator += w if valid else 0
        sums[0, run], sums[1, run], sums[2, run] = n, numerator, denominator


def _add_unweighted(codes: Bytes, start: Integers, bounds: Bytes, sums: Integers) -> None:
    low, width, valid_low, valid_width = bounds[0], bounds[1], bounds[2], bounds[3]
    for run in range(start.size - 1):
        n = satisfied = np.int64(0)
        for row in range(np.uint64(start[run]), np.uint64(start[run + 1])):
            n += np.uint8(codes[row] - valid_low) <= valid_width
            satisfied += np.uint8(codes[row] - low) <= width
        sums[0, run], sums[1, run], sums[2, run] = n, satisfied * MICRO, n * MICRO


def _add_scattered(codes: Bytes, weight: Integers, run: Integers, bounds: Bytes, sums: Integers) -> None:
    low, width, valid_low, valid_width = bounds[0], bounds[1], bounds[2], bounds[3]
    for row in range(np.uint64(codes.size)):
        code, w, place = codes[row], weight[row], np.uint64(run[row])
        valid = np.uint8(code - valid_low) <= valid_width
        sums[0, place] += valid & (w > 0)
        sums[1, place] += w if np.uint8(code - low) <= width else 0
        sums[2, place] += w if valid else 0


def _reduce_respondents(weight: Integers, start: Integers, sums: Integers) -> None:
    front, back = weight >> 16, weight & 0xFFFF
    rest = ((2 * front * back) << 16) + back * back
    parts = (weight > 0, weight, front * front + (rest >> LIMB), rest & 0xFFFFFFFF)
    for row, part in enumerate(parts):
        np.add.reduceat(part, start[:-1], dtype=np.int64, out=sums[row])


def _reduce_weighted(codes: Bytes, weight: Integers, start: Integers, bounds: Bytes, sums: Integers) -> None:
    satisfied, valid = codes - bounds[0] <= bounds[1], codes - bounds[2] <= bounds[3]
    for row, part in enumerate((valid & (weight > 0), satisfied * weight, valid * weight)):
        np.add.reduceat(part, start[:-1], dtype=np.int64, out=sums[row])


def _reduce_unweighted(codes: Bytes, start: Integers, bounds: Bytes, sums: Integers) -> None:
    satisfied, valid = codes - bounds[0] <= bounds[1], codes - bounds[2] <= bounds[3]
    np.add.reduceat(valid, start[:-1], dtype=np.int64, out=sums[0])
    np.add.reduceat(satisfied, start[:-1], dtype=np.int64, out=sums[1])
    sums[2] = sums[0]
    sums[1:] *= MICRO


def _reduce_scattered(codes: Bytes, weight: Integers, run: Integers, bounds: Bytes, sums: Integers) -> None:
    start = np.append(np.flatnonzero(np.diff(run, prepend=-1)), run.size)
    _reduce_weighted(codes, weight, start, bounds, sums)


def _compile(numba: Any, arguments: tuple[Any, ...], loop: Callable[..., None]) -> Callable[..., None]:
    """Compile for one signature, so that nothing is compiled later; keep the code where one may write."""
    signature = numba.void(*arguments)
    try:
        compiled: Callable[..., None] = numba.njit(signature, nogil=True, cache=True)(loop)
    except (RuntimeError, OSError):  # neither the folder of the package nor that of the user holds a cache
        compiled = numba.njit(signature, nogil=True)(loop)
    return compiled
