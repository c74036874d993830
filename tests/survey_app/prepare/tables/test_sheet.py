"""Spreadsheets are read in a process of their own; what is hostile in them is refused, soon and cheaply."""

import subprocess
import sys
from datetime import datetime

import pytest

from survey_app.errors import ImportRefused
from survey_app.prepare.tables import sheet_reader
from survey_app.prepare.tables.sheet import Number, read_sheet
from survey_app.prepare.tables.sheet_writer import write_sheet
from survey_app.prepare.tables.table_file import Faults, read_table
from tests.effort import working_at_most
from tests.survey_app.prepare.tables.hostile import HOSTILE, workbook

MOST_SECONDS, MOST_MEGABYTES = 2, 100
MEASURE = """
import resource, subprocess, sys
reader = [sys.executable, "-I", sys.argv[1]]
subprocess.run(reader, stdin=open(sys.argv[2], "rb"), capture_output=True)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(used.ru_maxrss // 1024, used.ru_utime + used.ru_stime)
"""


def test_cells_keep_their_kinds():
    [row] = read_sheet(workbook([["Hòa", 412, 1.234, "1.234", None, True]]))
    assert row == ["Hòa", "412", "1.234", "1.234", "", "True"]
    assert [isinstance(cell, Number) for cell in row][:4] == [False, True, True, False]


def test_number_with_decimals_is_no_count_though_its_text_would_be():
    faults = Faults()
    rows = read_table(workbook([["n"], [1234], ["1.234"], [1.234]]), ("n",), faults)
    assert [row.count("n") for row in rows] == [1234, 1234, 0]
    assert [fault[:2] for fault in faults.found] == [(4, "n")]


def test_rows_keep_the_numbers_that_their_writer_sees():
    rows = read_table(workbook([["a", "b"], [], ["x", 1], [], ["y", 2]]), ("a", "b"), Faults())
    assert [(row.line, row.optional("a")) for row in rows] == [(3, "x"), (5, "y")]


def test_what_we_write_we_read():
    rows = [["Mã", "Số"], ["=A<&>\"'", 5], ["Ằ Ẫ Ễ", None]]
    assert read_sheet(write_sheet(rows)) == [["Mã", "Số"], ["=A<&>\"'", "5"], ["Ằ Ẫ Ễ", ""]]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_file_is_refused_with_its_reason_soon(name):
    made, part = HOSTILE[name]
    content = made()
    with working_at_most(MOST_SECONDS), pytest.raises(ImportRefused) as refused:
        read_table(content, ("a", "b"), Faults(), name="số liệu.xlsx")
    assert any(part in message for _line, _column, message in refused.value.faults)


@pytest.mark.parametrize("name", ["zip bomb", "zip bomb that lies", "XML bomb", "huge extent", "tall"])
def test_reader_stays_small_even_where_nobody_looked_before(name, tmp_path):
    """The reader alone, without the look at the archive's list of parts."""
    path = tmp_path / "hostile.xlsx"
    path.write_bytes(HOSTILE[name][0]())
    command = [sys.executable, "-c", MEASURE, sheet_reader.__file__, str(path)]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    megabytes, seconds = map(float, run.stdout.split())
    assert megabytes <= MOST_MEGABYTES
    assert seconds <= MOST_SECONDS


def test_large_honest_file_is_read():
    rows = read_sheet(workbook([["a", n, 1.5, "Hòa"] for n in range(40_000)]))
    assert len(rows) == 40_000


def test_date_of_a_spreadsheet_is_a_day():
    assert sheet_reader.plain(datetime(2025, 7, 1)) == "2025-07-01"  # noqa: DTZ001  # sheets know no zones


@pytest.mark.parametrize(
    "text",
    ["Bé phËn Mét cöa x· An Phó", "Boä phaän Moät cöûa xaõ An Phuù"],
    ids=["TCVN3", "VNI"],
)
def test_old_code_pages_are_recognised(text):
    table = f"a,b\n{text},1\nUy ban nh©n d©n,2\n"
    for content in (table.encode(), table.encode("latin-1"), workbook([["a", "b"], [text, 1]])):
        with pytest.raises(ImportRefused, match="TCVN3 hoặc VNI"):
            read_table(content, ("a", "b"), Faults())


def test_one_foreign_name_is_no_old_code_page():
    table = "a,b\nBộ phận Một cửa,1\nCafé Zürich,2\n"
    assert len(read_table(table.encode(), ("a", "b"), Faults())) == 2
