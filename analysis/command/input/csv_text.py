"""A CSV file before its cells mean anything: encoding, separator, header, lines, shape."""

from __future__ import annotations

import codecs
import csv
import io
import re
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.command.faults import Faults, Refused

SEPARATORS: Final = (",", ";", "\t")
_NAMES: Final = {",": "comma", ";": "semicolon", "\t": "tab"}
_BYTES_AT_ONCE: Final = 1 << 24  # bytes looked at once: the passes below need some 20 bytes a byte
_QUOTE, _NEWLINE, _RETURN = ord('"'), ord("\n"), ord("\r")
_LONE_RETURN: Final = "holds a carriage return within the line; end all lines alike, with LF or CRLF"
_FOREIGN: Final = {
    codecs.BOM_UTF16_LE: "is UTF-16 text",
    codecs.BOM_UTF16_BE: "is UTF-16 text",
    b"PK\x03\x04": "is a spreadsheet or zip archive",
    b"\x1f\x8b": "is compressed",
    b"\xd0\xcf\x11\xe0": "is an old Excel workbook",
}


@dataclass(frozen=True, eq=False)
class CsvText:
    """The records of a CSV file.

    `body` are the bytes of the n records after the header, without blank lines; `line` holds the
    line of the file on which each of them starts.
    """

    header: list[str]
    separator: str
    body: bytes
    line: NDArray[np.int64]


def split_csv(path: str, data: bytes) -> CsvText:
    """Take a CSV file apart without reading its cells; refuse what is none."""
    data = _as_utf8(path, data)
    first_line = 1
    if named := re.match(rb'"?sep=([,;\t])"?\r?\n', data):  # Excel's own first line
        data, first_line = data[named.end() :], 2
    first = _first_record(data)
    separator = named.group(1).decode() if named else _separator(first)
    if re.search(r"\r(?!\n|\Z)", re.sub(r'"[^"]*"', "", first)):
        raise Refused(f"{path}: line {first_line} {_LONE_RETURN}")
    try:
        header = next(csv.reader(io.StringIO(first, newline=""), delimiter=separator), [])
    except csv.Error:
        raise Refused(f"{path}: line {first_line} cannot be read as names of columns") from None
    if not any(cell.strip() for cell in header):
        raise Refused(f"{path}: line {first_line} should hold the names of the columns, but is empty")
    records = _records(data[len(first.encode()) :], ord(separator))
    line = records.line + first_line + first.count("\n")
    faults = Faults()
    ragged = np.flatnonzero(records.n_cells != len(header))
    faults.add_many(
        (
            f"{path}: line {line[row]} has {records.n_cells[row]} cells, the header has {len(header)} "
            f"(separator: {_NAMES[separator]})"
            for row in ragged
        ),
        ragged.size,
    )
    if records.returned is not None:
        lone = records.returned + first_line + first.count("\n")
        faults.add(f"{path}: line {lone} {_LONE_RETURN}")
    if records.is_open:
        faults.add(f"{path}: a quotation mark is opened on line {line[-1]} or before, and never closed")
    faults.refuse()
    return CsvText(header, separator, records.body, line[:-1])


def first_malformed(text: CsvText) -> int:
    """Return the first record whose quotation marks are not as RFC 4180 has them."""
    records = csv.reader(io.StringIO(text.body.decode(), newline=""), delimiter=text.separator, strict=True)
    for row in range(text.line.size):
        try:
            next(records)
        except csv.Error:
            return row
    return 0


def _as_utf8(path: str, data: bytes) -> bytes:
    """Return UTF-8 bytes without mark and with newlines as they should be."""
    for mark, words in _FOREIGN.items():
        if data.startswith(mark):
            raise Refused(f"{path}: {words}; save it as CSV UTF-8 or Parquet")
    data = data.removeprefix(codecs.BOM_UTF8)
    if not data.strip():
        raise Refused(f"{path}: is empty")
    if (place := data.find(b"\0")) >= 0:
        raise Refused(f"{path}: line {_line_of(data, place)} holds a zero byte; save the file as CSV UTF-8")
    decoder, view = codecs.getincrementaldecoder("utf-8")(), memoryview(data)
    for start in range(0, len(data), _BYTES_AT_ONCE):
        try:
            decoder.decode(view[start : start + _BYTES_AT_ONCE], start + _BYTES_AT_ONCE >= len(data))
        except UnicodeDecodeError as error:
            line = _line_of(data, start + error.start)
            message = f"line {line} is not UTF-8 (Windows-1258, TCVN3?); save the file as CSV UTF-8"
            raise Refused(f"{path}: {message}") from None
    return data if b"\n" in data else data.replace(b"\r", b"\n")


def _line_of(data: bytes, place: int) -> int:
    return data.count(b"\n", 0, place) + 1


def _first_record(data: bytes) -> str:
    """Return the header with its line end; a quoted name may hold line ends."""
    end = 0
    while True:
        newline = data.find(b"\n", end)
        end = newline + 1 if newline >= 0 else len(data)
        if newline < 0 or data.count(b'"', 0, end) % 2 == 0:
            return data[:end].decode()


def _separator(header: str) -> str:
    """Return the separator that the header holds most often outside of quotation marks."""
    outside = re.sub(r'"[^"]*"', "", header)
    return max(SEPARATORS, key=outside.count)


@dataclass(frozen=True, eq=False)
class _Records:
    """What the bytes after the header hold; `line` has one place more, for what follows the last.

    `returned` counts the lines before the first carriage return that neither ends a line nor is quoted.
    """

    body: bytes
    line: NDArray[np.int64]
    n_cells: NDArray[np.int64]
    is_open: bool
    returned: int | None


def _records(body: bytes, separator: int) -> _Records:
    """Find the records. Separators and line ends between quotation marks are text."""
    data = np.frombuffer(body if body.endswith(b"\n") else body + b"\n", dtype=np.uint8)
    end, line, cuts = [np.array([-1])], [np.array([0])], [np.array([0])]
    n_quotes = n_newlines = n_cuts = 0
    returned = None
    for start in range(0, data.size, _BYTES_AT_ONCE):
        chunk = data[start : start + _BYTES_AT_ONCE]
        # A doubled mark closes and opens again.
        quotes = np.cumsum(chunk == _QUOTE, dtype=np.int32) + n_quotes % 2
        outside = quotes % 2 == 0
        newlines = np.flatnonzero(chunk == _NEWLINE)
        if returned is None:
            returns = np.flatnonzero(outside & (chunk == _RETURN))
            lone = returns[data[returns + start + 1] != _NEWLINE]
            returned = n_newlines + int(np.searchsorted(newlines, lone[0])) if lone.size else None
        closing = np.flatnonzero(outside[newlines])
        cut = np.cumsum(outside & (chunk == separator), dtype=np.int32)
        end.append(newlines[closing] + start)
        line.append(closing + 1 + n_newlines)
        cuts.append(cut[newlines[closing]] + np.int64(n_cuts))
        n_quotes = int(quotes[-1])
        n_newlines += newlines.size
        n_cuts += int(cut[-1])
    ends, lines = np.concatenate(end), np.concatenate(line)
    blank = _blank(data, ends)
    kept = np.flatnonzero(~blank)
    return _Records(
        body=_without(data, ends, blank),
        line=lines[np.append(kept, -1)],
        n_cells=np.diff(np.concatenate(cuts))[kept] + 1,
        is_open=n_quotes % 2 == 1,
        returned=returned,
    )


def _blank(data: NDArray[np.uint8], ends: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Say which records are empty lines; a carriage return belongs to the line end."""
    length = np.diff(ends) - 1
    returned = data[np.maximum(ends[1:] - 1, 0)] == ord("\r")
    return np.asarray((length == 0) | ((length == 1) & returned))


def _without(data: NDArray[np.uint8], ends: NDArray[np.int64], blank: NDArray[np.bool_]) -> bytes:
    if not blank.any():
        return data.tobytes()
    kept = np.ones(data.size, dtype=np.bool_)
    kept[ends[1:][blank]] = False
    kept[ends[1:][blank & (np.diff(ends) == 2)] - 1] = False
    return data[kept].tobytes()
