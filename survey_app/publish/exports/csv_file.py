"""Rows as CSV: UTF-8 with its mark, decimal points, ISO dates, and no text that a spreadsheet would run."""

import csv
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

from survey_app.publish.exports.layout import Column, Row

BYTE_ORDER_MARK = "\N{ZERO WIDTH NO-BREAK SPACE}"  # tells spreadsheets that the file is UTF-8
FORMULA_SIGNS = tuple("=+-@\t\r＝＋－＠")


def as_cell(value: object) -> str | int | float:
    if isinstance(value, str):
        return "'" + value if value.startswith(FORMULA_SIGNS) else value
    if isinstance(value, date):
        return value.isoformat()
    return value if isinstance(value, int | float) else ""


def write(path: Path, columns: Sequence[Column], rows: Iterator[Row]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(BYTE_ORDER_MARK)
        writer = csv.writer(file)
        writer.writerow(as_cell(column.name) for column in columns)
        writer.writerows(rows)
