"""Columns of a file as numbers and labels."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars
from numpy.typing import NDArray

from analysis.command.faults import Faults, Refused
from analysis.command.input.reading import Source, open_source

MISSING: Final = ("", "NA", "NaN", "N/A")
"""What an empty cell of a column of numbers may look like; a label is missing only if empty."""

_UNREADABLE: Final = (polars.Duration, polars.Binary, polars.Object)
_NUMBER: Final = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$"
_WITH_COMMA: Final = r"^[+-]?[0-9]+,[0-9]+$"
_THOUSANDS: Final = r"^[+-]?[0-9]{1,3}\.[0-9]{3}$"


@dataclass(frozen=True, eq=False)
class Labels:
    """A column of labels: `values` in their order, `code` the place of each row's, -1 where empty.

    Whole numbers stand in the order of numbers, other labels in that of Unicode.
    """

    values: tuple[str, ...]
    code: NDArray[np.int64]


class Table:
    """The columns of a file that a command needs; faults in them are gathered in `faults`."""

    def __init__(self, source: Source, decimal: str = "auto") -> None:
        self.source = source
        self.faults = Faults()
        self._decimal = decimal
        self.has_decimal_comma = False
        self._columns: dict[str, polars.Series] = {}

    @property
    def n_rows(self) -> int:
        """Number of rows of the file."""
        return self.source.n_rows

    def load(self, wanted: Sequence[tuple[str, str]]) -> None:
        """Read the columns of (option, column) pairs, or refuse those that are not there."""
        self.source.require(wanted)
        self._columns |= self.source.read(dict.fromkeys(name for _, name in wanted))
        for option, name in wanted:
            if self._columns[name].dtype.is_nested():
                self.faults.add(f"{option}: column {name!r} holds lists or records, not single values")
            elif self._columns[name].dtype in _UNREADABLE:
                what = str(self._columns[name].dtype.base_type()).lower()
                self.faults.add(f"{option}: column {name!r} holds values of type {what}, not numbers or text")
        self.faults.refuse()

    def text(self, name: str) -> polars.Series:
        """Return a loaded column as it stands in the file."""
        return self._columns[name]

    def numbers(self, name: str) -> NDArray[np.float64]:
        """Return a column as numbers, NaN where the cell is empty; other text is a fault."""
        column = self._columns[name]
        if column.dtype.is_numeric() or column.dtype in (polars.Boolean, polars.Null):
            found = column.cast(polars.Float64)
        else:
            plain = None if self._may_have_comma else _plain_numbers(column)
            found = self._numbers_of_text(name, column) if plain is None else plain
        numbers = found.fill_null(np.nan).to_numpy(writable=True)
        self._note(name, polars.Series(np.isinf(numbers)), column, "is too large")
        return numbers

    def _numbers_of_text(self, name: str, column: polars.Series) -> polars.Series:
        written = column.cast(polars.String, strict=False).str.strip_chars().fill_null("")
        text = self._with_points(name, written)
        is_number = text.str.contains(_NUMBER)
        bad = ~(is_number | text.is_in(MISSING))
        may_be_decimal = bad & written.str.contains(_WITH_COMMA)
        hint = "is no number; if the comma is its decimal sign, say --decimal ,"
        self._note(name, may_be_decimal, written, hint)
        self._note(name, bad & ~may_be_decimal, written, "is no number")
        return text.set(~is_number, None).cast(polars.Float64)

    def complete_numbers(self, name: str) -> NDArray[np.float64]:
        """Return a column as numbers; an empty cell is a fault too."""
        n_before = self.faults.n_faults
        numbers = self.numbers(name)
        if self.faults.n_faults == n_before:
            self.fault_rows(name, np.isnan(numbers), "holds no number")
        return numbers

    def labels(self, name: str) -> Labels:
        """Return a column as labels in Unicode's composed form, without outer spaces."""
        column = self._columns[name]
        text = _as_text(column).str.strip_chars().str.normalize("NFC").replace("", None)
        values = sorted(text.drop_nulls().unique().to_list(), key=_natural)
        code = text.cast(polars.Enum(values)).to_physical().cast(polars.Int64).fill_null(-1)
        return Labels(tuple(values), code.to_numpy(writable=True))

    def complete_labels(self, name: str) -> Labels:
        """Return a column as labels; an empty cell is a fault."""
        labels = self.labels(name)
        self.fault_rows(name, labels.code < 0, "is empty")
        return labels

    def fault_rows(self, name: str, is_bad: NDArray[np.bool_], what: str) -> None:
        """Note a fault in each of the rows."""
        rows = np.flatnonzero(is_bad)
        self.faults.add_many((f"{self.at(row)}, column {name}: {what}" for row in rows.tolist()), rows.size)

    def at(self, row: int) -> str:
        """Return the file and the line of a row."""
        return f"{self.source.path}: {self.source.place(row)}"

    @property
    def _may_have_comma(self) -> bool:
        return self._decimal == "," or (self._decimal == "auto" and self.source.separator != ",")

    def _with_points(self, name: str, text: polars.Series) -> polars.Series:
        """Return numbers with decimal points, whatever the file has."""
        has_comma = text.str.contains(",", literal=True)
        has_point = text.str.contains(".", literal=True)
        if not self._may_have_comma:
            return text
        if has_comma.any() and has_point.any():
            rows = [int(has_comma.arg_true()[0]), int(has_point.arg_true()[0])]
            raise Refused(
                f"{self.at(max(rows))}, column {name}: {text[rows[0]]!r} and {text[rows[1]]!r} stand in "
                "one column; numbers need one decimal sign and no grouping"
            )
        if has_point.any() and self._may_be_grouped(text.filter(has_point)):
            row = int(has_point.arg_true()[0])
            raise Refused(
                f"{self.at(row)}, column {name}: {text[row]!r} may be a decimal or a grouped number; "
                "say --decimal . or write numbers without grouping"
            )
        self.has_decimal_comma |= bool(has_comma.any())
        return text.str.replace(",", ".", literal=True)

    def _may_be_grouped(self, numbers: polars.Series) -> bool:
        """Say whether 1.250 may mean 1250: where commas are decimal, or where nothing tells."""
        if self._decimal == ",":
            return True
        return self.source.separator == ";" and bool(numbers.str.contains(_THOUSANDS).all())

    def _note(self, name: str, is_bad: polars.Series, text: polars.Series, what: str) -> None:
        rows = is_bad.arg_true()
        self.faults.add_many(
            (f"{self.at(row)}, column {name}: {_short(text[row])} {what}" for row in rows), rows.len()
        )


def open_table(path: str, decimal: str = "auto") -> Table:
    """Open a file; its columns are read by `Table.load`."""
    return Table(open_source(path), decimal)


def _plain_numbers(column: polars.Series) -> polars.Series | None:
    """Return numbers if all cells are such or empty, so that nothing needs a closer look; else None."""
    if column.dtype != polars.String:
        return None
    numbers = column.cast(polars.Float64, strict=False)
    is_plain = numbers.is_finite().fill_null(False) | column.is_null() | (column == "").fill_null(False)
    return numbers if is_plain.all() else None


def _as_text(column: polars.Series) -> polars.Series:
    if column.dtype.is_float() and ((column == column.round()) | column.is_null() | column.is_nan()).all():
        column = column.cast(polars.Int64, strict=False)  # whole numbers that a gap turned into floats
    return column.cast(polars.String)


def _natural(label: str) -> tuple[bool, int, str]:
    return (False, int(label), label) if re.fullmatch(r"\d{1,18}", label, re.ASCII) else (True, 0, label)


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:39]}…"
