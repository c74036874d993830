"""Checks what callers hand in; each refusal says argument, rule and value.

Shapes are tuples in which None stands for any length.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any
from unicodedata import normalize

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.errors import AnalysisError

Shape = tuple[int | None, ...]


def as_integers(argument: str, value: ArrayLike, shape: Shape) -> NDArray[np.int64]:
    """Return `value` as whole numbers of the given shape, or refuse it."""
    array = _as_array(argument, value, shape, "iu", "hold whole numbers")
    if array.dtype == np.uint64:
        require(np.asarray(array <= np.uint64(np.iinfo(np.int64).max)), argument, "lie below 2**63", array)
    return array.astype(np.int64)


def as_reals(argument: str, value: ArrayLike, shape: Shape) -> NDArray[np.float64]:
    """Return `value` as finite floats of the given shape, or refuse it."""
    array = _as_array(argument, value, shape, "iuf", "hold numbers").astype(np.float64)
    require(np.isfinite(array), argument, "be finite", array)
    return array


def as_measurements(argument: str, value: ArrayLike, n_rows: int) -> NDArray[np.float64]:
    """Return (n_rows,) floats, NaN where there is no answer, or refuse; infinite ones are refused."""
    array = _as_array(argument, value, (n_rows,), "iufb", "hold numbers, NaN where missing")
    numbers = array.astype(np.float64)
    require(~np.isinf(numbers), argument, "be finite or NaN", numbers)
    return numbers


def as_booleans(argument: str, value: ArrayLike, shape: Shape) -> NDArray[np.bool_]:
    """Return `value` as booleans of the given shape, or refuse it."""
    return _as_array(argument, value, shape, "b", "hold booleans").astype(np.bool_, copy=False)


def as_labels(argument: str, value: ArrayLike, n_rows: int) -> NDArray[Any]:
    """Return (n_rows,) numbers, booleans or texts, the latter in Unicode's composed form, or refuse."""
    _refuse_masked(argument, value)
    labels = np.asarray(value)
    if labels.shape != (n_rows,):
        raise AnalysisError(argument, f"have shape ({n_rows},)", labels.shape)
    if labels.dtype.kind in "iufb":
        require(labels == labels, argument, "not be NaN", labels)
        exact = labels.dtype.kind != "f" or bool((np.abs(labels) < 2**53).all())
        if not exact:
            raise AnalysisError(argument, "be texts or 64-bit integers, to be told apart", labels.dtype.name)
        return labels
    if labels.dtype.kind == "U" and isinstance(value, np.ndarray):
        texts = labels
    else:  # a list of texts may hide a None or NaN that numpy would turn into a text
        for label in value if isinstance(value, Sequence) else labels.tolist():
            if not isinstance(label, str) or label.endswith("\0"):  # which numpy would cut off
                raise AnalysisError(argument, "hold texts, or numbers, all of one kind", label)
        texts = labels.astype(np.str_)
    return texts if _is_ascii(texts) else np.array([normalize("NFC", text) for text in texts.tolist()])


def as_numbers(argument: str, value: ArrayLike) -> NDArray[np.float64]:
    """Return `value` as floats of any shape, infinite ones allowed, or refuse it."""
    _refuse_masked(argument, value)
    try:
        numbers = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        raise AnalysisError(argument, "hold numbers", value) from None
    require(~np.isnan(numbers), argument, "be a number", numbers)
    return numbers


def require(holds: NDArray[np.bool_], argument: str, rule: str, value: NDArray[np.generic]) -> None:
    """Refuse `argument` with its first value for which the rule does not hold."""
    if not np.all(holds):
        offending = np.broadcast_to(value, np.shape(holds))[~holds]
        raise AnalysisError(argument, rule, offending.flat[0].item())


def require_choice(argument: str, value: str, choices: Collection[str]) -> None:
    """Refuse a named option that is none of `choices`."""
    if value not in choices:
        raise AnalysisError(argument, f"be one of {', '.join(sorted(choices))}", value)


def require_level(level: float, lowest: float = 0.0) -> None:
    """Refuse a confidence level outside of (lowest, 1)."""
    if not lowest < level < 1:
        raise AnalysisError("level", f"lie between {lowest:g} and 1", level)


def _as_array(argument: str, value: ArrayLike, shape: Shape, kinds: str, rule: str) -> NDArray[np.generic]:
    _refuse_masked(argument, value)
    try:
        array: NDArray[np.generic] = np.asarray(value)
    except ValueError:  # numpy's word for rows of unequal length
        raise AnalysisError(argument, "be a rectangular array", value) from None
    fits = array.ndim == len(shape) and all(
        wanted in (None, got) for wanted, got in zip(shape, array.shape, strict=True)
    )
    if not fits:
        raise AnalysisError(argument, f"have shape {_shape_in_words(shape)}", array.shape)
    if array.size and array.dtype.kind not in kinds:
        raise AnalysisError(argument, rule, array.dtype.name)
    return array


def _refuse_masked(argument: str, value: ArrayLike) -> None:
    """Masked values would be read as if nothing hid them."""
    if np.ma.is_masked(value):
        raise AnalysisError(argument, "be no masked array: fill it, with NaN where missing", "masked values")


def _is_ascii(texts: NDArray[Any]) -> bool:
    points = np.ascontiguousarray(texts).view(np.uint32) if texts.size else np.zeros(0, dtype=np.uint32)
    return bool((points < 128).all())


def _shape_in_words(shape: Shape) -> str:
    lengths = ["any" if length is None else str(length) for length in shape]
    return f"({', '.join(lengths)}{',' if len(lengths) == 1 else ''})"
