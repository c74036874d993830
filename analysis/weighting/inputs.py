"""Checks that all steps of the weighting share: weights, and labels of respondents."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from itertools import repeat
from typing import Any
from unicodedata import is_normalized, normalize

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.arguments import as_reals, require
from analysis.errors import AnalysisError

Labels = Iterable[Hashable] | NDArray[Any]


def as_weights(argument: str, value: ArrayLike) -> NDArray[np.float64]:
    """Return `value` as finite weights, none negative and one positive at least, or refuse it."""
    weights = as_reals(argument, value, (None,))
    require(weights >= 0, argument, "not be negative", weights)
    if not weights.any():
        raise AnalysisError(argument, "hold a positive weight", weights.tolist()[:5])
    return weights


def as_labels(argument: str, value: Labels, n: int) -> list[Hashable]:
    """Return `value` as n plain labels, or refuse it.

    A list is not made an array first: numpy would turn a missing value among texts into a text.
    Texts come back in Unicode's composed form, so that two spellings of one letter are one label.
    """
    if isinstance(value, np.ndarray) and value.ndim != 1:
        raise AnalysisError(argument, f"have shape ({n},)", value.shape)
    labels: list[Hashable] = value.tolist() if isinstance(value, np.ndarray) else list(value)
    if len(labels) != n:
        raise AnalysisError(argument, f"have shape ({n},)", (len(labels),))
    try:
        distinct = set(labels)
    except TypeError:
        raise AnalysisError(argument, "hold plain labels", labels[0]) from None
    changed = {label: composed(label) for label in distinct if composed(label) is not label}
    return [changed.get(label, label) for label in labels] if changed else labels


def composed(label: Hashable) -> Hashable:
    """Return a text in Unicode's composed form, anything else and composed texts as they are."""
    if isinstance(label, str) and not is_normalized("NFC", label):
        return normalize("NFC", label)
    return label


def is_missing(label: Hashable) -> bool:
    """Whether a label is None or NaN."""
    return label is None or label != label


def encode(labels: list[Hashable], code: Mapping[Hashable, int], otherwise: int) -> NDArray[np.int64]:
    """Return the code of each label, `otherwise` for one without a code."""
    return np.fromiter(map(code.get, labels, repeat(otherwise)), np.int64, len(labels))
