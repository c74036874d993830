"""Rows of figures as aligned text with no more digits than their standard errors allow."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

from analysis.command.faults import printable

_HEADS: Final = {
    "standard_error": "s.e.",
    "degrees_of_freedom": "df",
    "n_respondents": "n",
    "design_effect": "deff",
}
_FIXED: Final = {"design_effect": 2, "best": 0}
_PROBABILITY: Final = 3
_MOST_DECIMALS: Final = 6
_LARGE: Final = 1e15
_PROBABILITIES: Final = ("p_", "adjusted_", "probability_")


def text_table(rows: Sequence[Mapping[str, Any]], by: Sequence[str], basis: Mapping[str, str]) -> str:
    """Return a table with one line a row, and under it what the figures rest on."""
    if not rows:
        return "no rows\n"
    keys = [key for key in rows[0] if key not in ("domain", "note")]
    if all(row.get("measure") == "all" for row in rows):
        keys = [key for key in keys if key != "measure"]
    keys += ["note"] if any(row.get("note") for row in rows) else []
    decimals = _decimals(rows)
    head = [*map(_text, by), *(_HEADS.get(key, key) for key in keys)]
    lines = [
        [_text(row["domain"][name]) for name in by]
        + [_shown(key, row[key], decimals[_unit(row)]) for key in keys]
        for row in rows
    ]
    is_text = [True] * len(by) + [any(isinstance(row[key], str) for row in rows) for key in keys]
    widths = [max(map(len, column)) for column in zip(head, *lines, strict=True)]
    drawn = [_line(cells, widths, is_text) for cells in [head, *lines]]
    drawn.insert(1, "-" * (sum(widths) + 2 * (len(widths) - 1)))
    return "\n".join([*drawn, "", *(f"{name}: {_text(words)}" for name, words in basis.items())]) + "\n"


def _unit(row: Mapping[str, Any]) -> str:
    return str(row.get("measure", ""))


def _decimals(rows: Sequence[Mapping[str, Any]]) -> dict[str, tuple[int, float]]:
    """Return by measure the decimals, so that its smallest standard error shows two digits.

    Beside them stands the size below which a figure has too few digits left and is written with a power
    of ten; a figure that is small beside its standard error is not meant.
    """
    errors: dict[str, list[float]] = {}
    for row in rows:
        error = row.get("standard_error")
        usable = [error] if isinstance(error, float) and error > 0 else []
        errors.setdefault(_unit(row), []).extend(usable)
    return {unit: _decimals_for(min(found, default=None)) for unit, found in errors.items()}


def _decimals_for(error: float | None) -> tuple[int, float]:
    if error is None:
        return 3, 0.01
    decimals = max(1 - math.floor(math.log10(error)), 0)
    return (decimals, 0.0) if decimals <= _MOST_DECIMALS else (_MOST_DECIMALS, 1e-4)


def _shown(key: str, value: Any, digits: tuple[int, float]) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "–" if key != "note" else ""
    if isinstance(value, float):
        if key.startswith(_PROBABILITIES):
            return f"{value:.{_PROBABILITY}f}"
        decimals, least = digits
        if key not in _FIXED and (0 < abs(value) < least or abs(value) >= _LARGE):
            return f"{value:.3e}"
        return f"{value:.{_FIXED.get(key, decimals)}f}"
    return _text(value)


def _text(value: object) -> str:
    return printable(str(value).replace("\n", " "))


def _line(cells: Sequence[str], widths: Sequence[int], is_text: Sequence[bool]) -> str:
    padded = [
        cell.ljust(width) if left else cell.rjust(width)
        for cell, width, left in zip(cells, widths, is_text, strict=True)
    ]
    return "  ".join(padded).rstrip()
