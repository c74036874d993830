"""Checks of single numbers; loads neither numpy nor scipy, so that plain formulas stay plain."""

from __future__ import annotations

import math
import operator
from collections.abc import Mapping
from numbers import Real
from typing import Any, Final

from analysis.errors import AnalysisError

LARGEST_COUNT: Final = 2**53
"""Up to here a float holds every whole number."""

_LARGEST_REAL: Final = 1e100  # products with counts stay finite


def as_count(argument: str, value: Any, low: int = 0) -> int:
    """Return a whole number of at least `low`, at most 2**53, or refuse it; True and 3.0 are no counts."""
    try:
        number = operator.index(value)
    except TypeError:
        raise AnalysisError(argument, "be a whole number", value) from None
    if isinstance(value, bool) or number < low:
        raise AnalysisError(argument, f"be a whole number of at least {low}", value)
    if number > LARGEST_COUNT:
        raise AnalysisError(argument, "be at most 2**53", value)
    return number


def as_real(argument: str, value: Any) -> float:
    """Return a finite number, or refuse it; text is no number."""
    if isinstance(value, bool) or not isinstance(value, Real) or not math.isfinite(value):
        raise AnalysisError(argument, "be a finite number", value)
    return float(value)


def as_share(argument: str, value: Any) -> float:
    """Return a number above 0 and at most 1, or refuse it."""
    number = as_real(argument, value)
    if not 0 < number <= 1:
        raise AnalysisError(argument, "be above 0 and at most 1", value)
    return number


def as_inner_share(argument: str, value: Any) -> float:
    """Return a number above 0 and below 1, or refuse it."""
    number = as_real(argument, value)
    if not 0 < number < 1:
        raise AnalysisError(argument, "lie between 0 and 1", value)
    return number


def as_positive(argument: str, value: Any) -> float:
    """Return a finite number above 0, or refuse it."""
    number = as_real(argument, value)
    if number <= 0:
        raise AnalysisError(argument, "be positive", value)
    return number


def as_counts(argument: str, value: Mapping[str, Any], low: int = 0) -> dict[str, int]:
    """Return whole numbers by stratum, at least one stratum, or refuse them."""
    _require_strata(argument, value)
    return {stratum: as_count(f"{argument}[{stratum!r}]", number, low) for stratum, number in value.items()}


def as_reals_by_stratum(
    argument: str, value: Mapping[str, Any], strata: Mapping[str, Any]
) -> dict[str, float]:
    """Return numbers from 0 to 1e100 for exactly the given strata, in their order, or refuse them."""
    _require_strata(argument, value)
    if value.keys() != strata.keys():
        odd = sorted(value.keys() ^ strata.keys())[0]
        raise AnalysisError(argument, "have the same strata as population", odd)
    numbers = {stratum: as_real(f"{argument}[{stratum!r}]", value[stratum]) for stratum in strata}
    for stratum, number in numbers.items():
        if not 0 <= number <= _LARGEST_REAL:
            raise AnalysisError(f"{argument}[{stratum!r}]", "lie between 0 and 1e100", number)
    return numbers


def _require_strata(argument: str, value: Mapping[str, Any]) -> None:
    if not isinstance(value, Mapping) or not value:
        raise AnalysisError(argument, "map at least one stratum to its number", value)
    for stratum in value:
        if not isinstance(stratum, str):
            raise AnalysisError(argument, "name its strata by text", stratum)
