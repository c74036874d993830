"""The three kinds of file: the same cells, typed, and never a formula."""

import csv
import io
import unicodedata
import zipfile
from datetime import date, timedelta
from xml.etree import ElementTree

import pytest
from pyarrow import parquet
from python_calamine import load_workbook

from survey_app.models.plain_text import FORMULA_SIGNS
from survey_app.publish.exports import csv_file, parquet_file, xlsx_file
from survey_app.publish.exports.closeness import Drawn
from survey_app.publish.exports.layout import DAY, NUMBER, TEXT, WEIGHT, Column, Layout
from survey_app.publish.exports.xlsx_file import TooManyRows
from tests import factories
from tests.nasty_strings import nasty_strings

COLUMNS = [
    Column("office_name", TEXT),
    Column("day", DAY),
    Column("cell", NUMBER),
    Column("weight", WEIGHT),
    Column("q1", TEXT, "Ông/Bà hài lòng đến mức nào?"),
]
ROWS = [
    ("Bộ phận Một cửa xã Ẫn, “Điện Biên”", date(2026, 3, 9), 7, 2.125, "5"),
    ("Bộ phận Một cửa xã Ân", None, None, None, None),
    ("=HYPERLINK(1)", date(2026, 3, 10), 8, 0.1, "no_opinion"),
]
LEGEND = [("Cột", "Giá trị", "Nghĩa"), ("q1", "5", "Rất hài lòng"), ("=1+1", "", "+2")]
MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def written(kind, path, rows=ROWS, columns=COLUMNS):
    kind.write(path, columns, (tuple(map(kind.as_cell, row)) for row in rows), lambda: LEGEND)
    return path


def lines(content):
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def nasty_rows():
    """As rows come out of a layout, which makes every text plain."""
    names = []
    layout = Layout({1: factories.definition()}, "codes", names.append)
    cells = {
        n: factories.SampleCell(id=n, stratum=text, psu=text, weight=1.0) for n, text in enumerate(NASTY)
    }
    for n, text in enumerate(NASTY):
        layout.design(Drawn(text, n), cells)
    return [(name, None, None, None, None) for name in names if isinstance(name, str)]


NASTY = [*nasty_strings("exports", 1000), *(sign + "cmd|' /C calc'!A0" for sign in FORMULA_SIGNS)]


def test_csv_begins_with_the_mark_and_keeps_every_letter(tmp_path):
    content = written(csv_file, tmp_path / "a.csv").read_bytes()
    assert content.startswith(b"\xef\xbb\xbfoffice_name,day,cell,weight,q1\r\n")
    assert lines(content)[1:] == [
        ["Bộ phận Một cửa xã Ẫn, “Điện Biên”", "2026-03-09", "7", "2.125", "5"],
        ["Bộ phận Một cửa xã Ân", "", "", "", ""],
        ["'=HYPERLINK(1)", "2026-03-10", "8", "0.1", "no_opinion"],
    ]


def test_no_text_of_a_csv_begins_as_a_formula_does(tmp_path):
    rows = nasty_rows()
    assert len(rows) > 800
    found = lines(written(csv_file, tmp_path / "a.csv", rows).read_bytes())[1:]
    assert len(found) == len(rows)
    for line in found:
        assert not line[0].startswith(FORMULA_SIGNS)
        assert unicodedata.is_normalized("NFC", line[0])
        assert not any(unicodedata.category(symbol) in {"Cc", "Cf", "Cs"} for symbol in line[0])


def test_spreadsheet_has_texts_numbers_and_days_as_what_they_are(tmp_path):
    book = load_workbook(written(xlsx_file, tmp_path / "a.xlsx"))
    assert book.sheet_names == ["Phiếu trả lời", "Các cột"]
    assert book.get_sheet_by_name("Phiếu trả lời").to_python() == [
        ["office_name", "day", "cell", "weight", "q1"],
        ["Bộ phận Một cửa xã Ẫn, “Điện Biên”", date(2026, 3, 9), 7, 2.125, 5],
        ["Bộ phận Một cửa xã Ân", "", "", "", ""],
        ["=HYPERLINK(1)", date(2026, 3, 10), 8, 0.1, "no_opinion"],
    ]
    assert book.get_sheet_by_name("Các cột").to_python() == [list(line) for line in LEGEND]


def test_dictionary_as_a_file_holds_the_same_and_no_formula():
    assert lines(csv_file.legend_as_text(LEGEND).encode()) == [
        *map(list, LEGEND[:2]),
        ["'=1+1", "", "'+2"],
    ]


def test_no_cell_of_a_spreadsheet_is_a_formula_or_a_link(tmp_path):
    rows = nasty_rows()
    path = written(xlsx_file, tmp_path / "a.xlsx", rows)
    with zipfile.ZipFile(path) as parts:
        assert not any("externalLink" in name or "rels/sheet" in name for name in parts.namelist())
        sheet = ElementTree.fromstring(parts.read("xl/worksheets/sheet1.xml"))
    assert list(sheet.iter(f"{MAIN}f")) == []
    assert {cell.get("t") for cell in sheet.iter(f"{MAIN}c")} <= {"inlineStr", "s", None}
    found = [row[0] for row in load_workbook(path).get_sheet_by_name("Phiếu trả lời").to_python()[1:]]
    shown = [row[0] for row in rows if row[0].isascii() and not row[0].isdecimal() and row[0].strip()]
    assert set(shown) <= set(map(str, found))


def test_codes_that_only_look_like_numbers_stay_texts(tmp_path):
    rows = [(code, None, None, None, None) for code in ("007", "１２", "12345678901234567890", "1e5", "-1")]
    book = load_workbook(written(xlsx_file, tmp_path / "a.xlsx", rows))
    found = [row[0] for row in book.get_sheet_by_name("Phiếu trả lời").to_python()[1:]]
    assert found == [row[0] for row in rows]


def test_a_sheet_that_is_full_is_said_to_be_full(tmp_path, monkeypatch):
    monkeypatch.setattr(xlsx_file, "ROWS_OF_A_SHEET", 4)
    written(xlsx_file, tmp_path / "full.xlsx", ROWS)
    with pytest.raises(TooManyRows, match="CSV and Parquet hold more"):
        written(xlsx_file, tmp_path / "more.xlsx", [*ROWS, ROWS[0]])


def test_parquet_has_typed_columns_with_their_questions(tmp_path, monkeypatch):
    monkeypatch.setattr(parquet_file, "ROWS_AT_ONCE", 2)
    table = parquet.read_table(written(parquet_file, tmp_path / "a.parquet"))
    assert [tuple(row.values()) for row in table.to_pylist()] == ROWS
    assert [str(kind) for kind in table.schema.types] == [
        "string",
        "date32[day]",
        "int64",
        "double",
        "string",
    ]
    assert table.schema.field("q1").metadata == {b"question": "Ông/Bà hài lòng đến mức nào?".encode()}


def test_parquet_of_nothing_has_its_columns(tmp_path):
    table = parquet.read_table(written(parquet_file, tmp_path / "a.parquet", []))
    assert (table.num_rows, table.column_names) == (0, [column.name for column in COLUMNS])


def test_days_count_as_spreadsheets_do():
    assert xlsx_file.as_cell(date(1900, 3, 1)) == 61
    assert xlsx_file.as_cell(date(1900, 3, 1) + timedelta(days=46_000)) == 46_061
