"""Rows as a spreadsheet, a row at a time in memory: numbers, days and texts as what they are, no formula."""

from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from survey_app.errors import SurveyError
from survey_app.publish.exports.choice import ROWS_OF_A_SHEET
from survey_app.publish.exports.column_words import SHEETS
from survey_app.publish.exports.dictionary import Legend, Line
from survey_app.publish.exports.layout import DAY, Column, Row

FIRST_DAY = date(1899, 12, 30)  # from which spreadsheets count
OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}
LONGEST_TEXT = 32_767  # in one cell


class TooManyRows(SurveyError):
    """A sheet has an end."""


def as_cell(value: object) -> str | int | float | None:
    """Give a text, or a number: option codes made of digits alone are numbers, days count from 1899."""
    if isinstance(value, str):
        is_number = value.isascii() and value.isdecimal() and len(value) < 5 and str(int(value)) == value
        return int(value) if is_number else value[:LONGEST_TEXT] or None
    if isinstance(value, date):
        return (value - FIRST_DAY).days
    return value if isinstance(value, int | float) else None


def write(path: Path, columns: Sequence[Column], rows: Iterator[Row], legend: Legend) -> None:
    with xlsxwriter.Workbook(str(path), OPTIONS) as book:
        book.use_zip64()
        bold = book.add_format({"bold": True})
        of_responses, of_columns = SHEETS[columns[0].language]
        sheet = book.add_worksheet(of_responses)
        sheet.freeze_panes(1, 0)
        _set_widths(sheet, columns, book.add_format({"num_format": "yyyy-mm-dd"}))
        for place, column in enumerate(columns):
            sheet.write_string(0, place, column.heading[:LONGEST_TEXT], bold)
        _write_rows(sheet, rows)
        _describe(book.add_worksheet(of_columns), legend(), bold)


def _write_rows(sheet: Worksheet, rows: Iterator[Row]) -> None:
    write_string, write_number = sheet.write_string, sheet.write_number
    for number, row in enumerate(rows, start=1):
        if number == ROWS_OF_A_SHEET:
            raise TooManyRows(f"a sheet holds {ROWS_OF_A_SHEET - 1:,} responses; CSV and Parquet hold more")
        for place, cell in enumerate(row):
            if cell is None:
                continue
            if isinstance(cell, str):
                write_string(number, place, cell)
            else:
                write_number(number, place, cell)


def _set_widths(sheet: Worksheet, columns: Sequence[Column], as_day: Format) -> None:
    for place, column in enumerate(columns):
        width = 30 if column.name == "office_name" else 12
        sheet.set_column(place, place, width, as_day if column.kind == DAY else None)


def _describe(sheet: Worksheet, legend: Sequence[Line], bold: Format) -> None:
    """Say on a sheet of its own what stands in the columns, and what each code means."""
    for place, width in enumerate((24, 24, 100)):
        sheet.set_column(place, place, width)
    for number, line in enumerate(legend):
        for place, text in enumerate(line):
            sheet.write_string(number, place, text[:LONGEST_TEXT], bold if number == 0 else None)
