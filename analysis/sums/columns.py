"""Says which columns of a table of responses are what, and which answer codes count."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.errors import AnalysisError

NO_ANSWER: Final = 255  # what a null becomes; never a valid code


@dataclass(frozen=True)
class AnswerCodes:
    """Which codes of an item are valid answers, and which of these count as satisfied.

    Parameters
    ----------
    satisfied : set of int in 0 … 254
        Codes that count in the numerator, all of them valid.
    valid : set of int in 0 … 254
        Codes that count in the denominator. Every other code ("don't know", empty, anything
        unknown) is item nonresponse.

    Raises
    ------
    AnalysisError
        If a code is no whole number, out of its range or satisfied without being valid, or none is valid.

    Notes
    -----
    The defaults are those of a five-point scale read as "satisfied or very satisfied".

    References
    ----------
    AAPOR (2023), Standard Definitions, section on item nonresponse.

    Examples
    --------
    >>> from analysis.sums.columns import AnswerCodes
    >>> AnswerCodes(satisfied=frozenset({1, 2})).kinds[:7].tolist()
    [0, 2, 2, 1, 1, 1, 0]
    """

    satisfied: frozenset[int] = frozenset({4, 5})
    valid: frozenset[int] = frozenset({1, 2, 3, 4, 5})

    def __post_init__(self) -> None:
        object.__setattr__(self, "satisfied", _as_codes("satisfied", self.satisfied))
        object.__setattr__(self, "valid", _as_codes("valid", self.valid))
        if not self.valid or not all(code in range(NO_ANSWER) for code in self.valid):
            raise AnalysisError("valid", "hold codes from 0 to 254, at least one", sorted(self.valid))
        if not self.satisfied <= self.valid:
            raise AnalysisError("satisfied", "hold valid codes only", sorted(self.satisfied - self.valid))

    @property
    def kinds(self) -> NDArray[np.uint8]:
        """Kind of each code, (256,): 2 satisfied, 1 valid only, 0 no answer."""
        table = np.zeros(256, dtype=np.uint8)
        table[sorted(self.valid)] = 1
        table[sorted(self.satisfied)] = 2
        return table


@dataclass(frozen=True)
class ResponseColumns:
    """Names the columns of a table with one row per respondent.

    Parameters
    ----------
    psu : str
        Column of whole numbers: the PSU, unique over the whole design.
    items : mapping of str to AnswerCodes
        Columns of answer codes 0 … 254, nulls allowed, each with its valid codes.
    weight : str, optional
        Column of final weights: whole numbers are micro-units (10⁻⁶), floats are natural units
        and rounded to micro-units. Without one each respondent weighs 1.
    cell : str, optional
        Column of whole numbers: the finest cross of the attributes by which one reports within
        PSUs (wave, channel, sex, …). Without one all rows are cell 0.

    Raises
    ------
    AnalysisError
        If no item is named or a column is named twice.

    Examples
    --------
    >>> from analysis.sums.columns import AnswerCodes, ResponseColumns
    >>> columns = ResponseColumns("ward", dict.fromkeys(["q1", "q2"], AnswerCodes()), weight="w")
    >>> columns.names
    ['ward', 'w', 'q1', 'q2']
    """

    psu: str
    items: Mapping[str, AnswerCodes] = field(hash=False)
    weight: str | None = None
    cell: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "items", dict(self.items))
        if not self.items:
            raise AnalysisError("items", "name at least one column", {})
        if len(set(self.names)) < len(self.names):
            raise AnalysisError("columns", "be named once each", self.names)

    @property
    def names(self) -> list[str]:
        """All columns, the keys first."""
        return [name for name in (self.psu, self.cell, self.weight) if name is not None] + list(self.items)


def _as_codes(argument: str, codes: Collection[int]) -> frozenset[int]:
    """Return plain whole numbers; a table of kinds takes neither 1.0 nor True for a place."""
    for code in codes:
        if isinstance(code, bool | np.bool_) or not isinstance(code, int | np.integer):
            raise AnalysisError(argument, "hold whole numbers", code)
    return frozenset(int(code) for code in codes)
