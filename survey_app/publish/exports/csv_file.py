"""Rows as CSV: UTF-8 with its mark, decimal points, ISO dates, and no text that a spreadsheet would run."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from pathlib import Path

from survey_app.models.plain_text import without_formula
from survey_app.publish.exports.dictionary import Legend, Line
from survey_app.publish.exports.layout import Column, Row

BYTE_ORDER_MARK = "\N{ZERO WIDTH NO-BREAK SPACE}"  # tells spreadsheets that the file is UTF-8
LINE_END = "\r\n"
NEEDS_QUOTES = (",", '"', "\r", "\n")


def as_cell(value: object) -> str:
    """Give a value as it stands between two commas: made once for each that comes again and again."""
    if isinstance(value, str):
        return _quoted(without_formula(value))
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, int | float) else ""


def _quoted(text: str) -> str:
    needs_quotes = any(mark in text for mark in NEEDS_QUOTES)
    return '"' + text.replace('"', '""') + '"' if needs_quotes else text


def write(path: Path, columns: Sequence[Column], rows: Iterator[Row], _legend: Legend) -> None:
    """Write the rows; the legend is a file of its own, which the page of the job offers."""
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(BYTE_ORDER_MARK + ",".join(as_cell(column.heading) for column in columns) + LINE_END)
        file.writelines(",".join(row) + LINE_END for row in rows)


def legend_as_text(legend: Iterable[Line]) -> str:
    """Write a dictionary as a CSV file."""
    return BYTE_ORDER_MARK + "".join(",".join(map(as_cell, line)) + LINE_END for line in legend)
