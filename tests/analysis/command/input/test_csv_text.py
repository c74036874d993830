import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.command.faults import Refused
from analysis.command.input import csv_text
from analysis.command.input.csv_text import split_csv
from analysis.command.input.reading import CsvSource

CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), max_size=6)
TABLES = st.integers(2, 4).flatmap(
    lambda width: st.lists(st.lists(CELLS, min_size=width, max_size=width), min_size=1, max_size=8)
)


@given(TABLES, st.sampled_from(csv_text.SEPARATORS), st.sampled_from(["\n", "\r\n"]))
def test_whatever_python_writes_is_read_back(rows, separator, line_end):
    file = io.StringIO(newline="")
    writer = csv.writer(file, delimiter=separator, lineterminator=line_end)
    header = [f"c{place}" for place in range(len(rows[0]))]
    writer.writerows([header, *rows])
    source = CsvSource("rows.csv", file.getvalue().encode())
    columns = source.read(header)
    assert [list(row) for row in zip(*(columns[name].to_list() for name in header), strict=True)] == rows


@given(TABLES)
def test_each_record_knows_its_line(rows):
    file = io.StringIO(newline="")
    csv.writer(file, lineterminator="\n").writerows([["c"] * len(rows[0]), *rows])
    text = split_csv("rows.csv", file.getvalue().encode())
    line = 2
    for start, row in zip(text.line.tolist(), rows, strict=True):
        assert start == line
        line += 1 + sum(cell.count("\n") for cell in row)


def test_a_file_longer_than_a_piece_is_read_alike(monkeypatch):
    data = 'a,b\n"x\ny",1\n\nhuế,2\r\n"z, ""w""",3'.encode()
    whole = split_csv("rows.csv", data)
    for size in range(1, 12):
        monkeypatch.setattr(csv_text, "_CHUNK", size)
        piecewise = split_csv("rows.csv", data)
        assert piecewise.body == whole.body
        assert piecewise.line.tolist() == whole.line.tolist() == [2, 5, 6]


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (
            'a,b\n1,2\n"x"y,2\n',
            "line 3 has a quotation mark within a cell; quote the cell and double it",
        ),
        ('a,b\n1,2\nx"y,2\n', "a quotation mark is opened on line 3 or before, and never closed"),
        ('a,b\n1,2\nx"y,2"\n', "line 3 has 1 cells, the header has 2 (separator: comma)"),
    ],
)
def test_a_loose_quotation_mark_is_named_by_its_line(content, fault):
    with pytest.raises(Refused, match=fault.replace("(", r"\(").replace(")", r"\)")):
        CsvSource("rows.csv", content.encode()).read(["a", "b"])


def test_a_quoted_header_may_hold_line_ends_and_separators():
    source = CsvSource("rows.csv", b'"a\nb","c;d;e",f\n1,2,3\n')
    assert source.names == ["a\nb", "c;d;e", "f"]
    assert source.place(0) == "line 3"
