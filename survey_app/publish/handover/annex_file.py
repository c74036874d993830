"""The annex as a spreadsheet: a sheet a table, numbers as numbers, first a sheet that says how to read it."""

from collections.abc import Iterator, Mapping, Sequence
from math import ceil
from pathlib import Path

import xlsxwriter
from sqlalchemy.orm import Session
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from survey_app.publish.exports.xlsx_file import LONGEST_TEXT, OPTIONS
from survey_app.publish.handover.about import about
from survey_app.publish.handover.annex import tables
from survey_app.publish.handover.annex_columns import EXACT_COLUMNS, NOTES, Column, Row, Table
from survey_app.publish.handover.wave import Wave

FIRST_SHEET = "Đọc trước"
NO_ROWS = "Không có số liệu cho bảng này."
_HEAD = {"bold": True, "text_wrap": True, "valign": "top", "bottom": 1, "bg_color": "#f1f5f3"}
_FORMATS: Mapping[str, Mapping[str, object]] = {
    "title": {"bold": True, "font_size": 14, "font_color": "#00534a"},
    "head": _HEAD,
    "head_number": {**_HEAD, "align": "right"},
    "label": {"bold": True, "valign": "top", "text_wrap": True},
    "wrapped": {"text_wrap": True, "valign": "top"},
    "text": {},
    "number": {"num_format": "#,##0", "align": "right"},
    "percent": {"num_format": "0.0", "align": "right"},
    "percent_2": {"num_format": "0.00", "align": "right"},
    "exact": {"num_format": "0.000000", "align": "right"},
}

LABEL_WIDTH, TEXT_WIDTH, LINE_HEIGHT = 34, 95, 15
A4 = 9  # as spreadsheets number papers
ON_PAPER = (
    "Khi in",
    "Mỗi bảng in ngang khổ A4, vừa bề rộng trang, lặp lại dòng tiêu đề. Các cột có tên tiếng Anh (số đầy đủ) "
    "và hai cột sau chúng không nằm trong vùng in.",
)


def write(path: Path, session: Session, wave: Wave) -> None:
    """Write the annex of an edition, a row at a time in memory."""
    with xlsxwriter.Workbook(str(path), OPTIONS) as book:
        book.set_properties({"title": wave.campaign.title, "author": wave.campaign.controller_name})
        formats = {name: book.add_format(dict(one)) for name, one in _FORMATS.items()}
        first = book.add_worksheet(FIRST_SHEET)
        described: list[tuple[str, str]] = []
        for table in tables(session, wave):
            n_rows = _write_table(book.add_worksheet(table.name), table, formats)
            described.append(("", ""))
            described.append((f"Trang “{table.name}”", f"{table.title}. {n_rows} dòng."))
            described += [(column.heading, column.meaning) for column in table.columns]
        _write_first(first, [*about(session, wave), ON_PAPER, *described], wave.campaign.title, formats)
        first.activate()


def _write_table(sheet: Worksheet, table: Table, formats: Mapping[str, Format]) -> int:
    """Write what the sheet is, then its columns, then its rows."""
    for place, column in enumerate(table.columns):
        sheet.set_column(place, place, column.width)
    sheet.freeze_panes(2, 2)
    sheet.write_string(0, 0, table.title, formats["title"])
    sheet.set_row(1, 45)
    for place, column in enumerate(table.columns):
        head = formats["head" if column.kind == "text" else "head_number"]
        sheet.write_string(1, place, column.heading, head)
    number = 1
    for number, row in enumerate(table.rows, start=2):
        _write_row(sheet, number, table.columns, row, formats)
    _lay_out_print(sheet, table.columns, max(number, 2))
    if number == 1:
        sheet.write_string(2, 0, NO_ROWS)
        return 0
    sheet.autofilter(1, 0, number, len(table.columns) - 1)
    return number - 1


def _lay_out_print(sheet: Worksheet, columns: Sequence[Column], last_row: int) -> None:
    """Print what pages print: with the exact digits beside it, a sheet would be a third of its size."""
    printed = [column for column in columns if column not in (*EXACT_COLUMNS, *NOTES)]
    sheet.set_landscape()
    sheet.set_paper(A4)
    sheet.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0, 1)
    sheet.print_area(0, 0, last_row, len(printed) - 1)
    sheet.set_footer("&L&A&R&P/&N")


def _write_row(
    sheet: Worksheet, number: int, columns: Sequence[Column], row: Row, formats: Mapping[str, Format]
) -> None:
    for place, (column, cell) in enumerate(zip(columns, row, strict=True)):
        if cell is None:
            continue
        name = "percent_2" if column.kind == "percent" and _has_hundredths(cell) else column.kind
        if isinstance(cell, str):
            sheet.write_string(number, place, cell[:LONGEST_TEXT], formats[name])
        else:
            sheet.write_number(number, place, cell, formats[name])


def _has_hundredths(cell: object) -> bool:
    """Tell a number that a page prints with two decimals, since one would contradict what is said of it."""
    return isinstance(cell, float) and round(cell, 1) != cell


def _write_first(
    sheet: Worksheet, lines: Sequence[tuple[str, str]], title: str, formats: Mapping[str, Format]
) -> None:
    sheet.set_column(0, 0, LABEL_WIDTH)
    sheet.set_column(1, 1, TEXT_WIDTH)
    sheet.set_paper(A4)
    sheet.fit_to_pages(1, 0)
    sheet.write_string(0, 0, title, formats["title"])
    for number, (label, text) in enumerate(_cut(lines), start=2):
        n_lines = max(1, ceil(len(label) / LABEL_WIDTH), ceil(len(text) / TEXT_WIDTH))
        sheet.set_row(number, LINE_HEIGHT * n_lines)  # not every program that opens it makes room by itself
        sheet.write_string(number, 0, label, formats["label"])
        sheet.write_string(number, 1, text, formats["wrapped"])


def _cut(lines: Sequence[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    for label, text in lines:
        yield label[:LONGEST_TEXT], text[:LONGEST_TEXT]
