import csv
import io

import pytest
from hypothesis import given, strategies as st

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
        monkeypatch.setattr(csv_text, "_BYTES_AT_ONCE", size)
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


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("a,b\r1,2\n3,4\n", 1),
        ("a,b\r1,2\r\n3,4\r\n", 1),
        ("a,b\n1,2\r3,4\n5,6\n", 2),
        ("a\n1\n2\r3\n4\n", 3),
        ("a\r\n1\r\n2\r3\r\n", 3),
        ('a\n"1\n1"\n2\r\r\n4\n', 4),
        ("a\n\n\r\r\n4\n", 3),
    ],
)
@pytest.mark.parametrize("size", [1, 3, 1 << 24])
def test_a_lone_carriage_return_is_refused_and_no_row_lost(monkeypatch, content, line, size):
    monkeypatch.setattr(csv_text, "_BYTES_AT_ONCE", size)
    with pytest.raises(Refused) as refused:
        split_csv("rows.csv", content.encode())
    assert f"rows.csv: line {line} holds a carriage return within the line" in "\n".join(refused.value.lines)


@pytest.mark.parametrize(
    ("content", "cells"),
    [
        ('a,b\n"x\ry",1\n2,3\n', ["x\ry", "2"]),
        ("a,b\n1,2\n3,4\r", ["1", "3"]),
        ("a,b\r1,2\r3,4\r", ["1", "3"]),
    ],
)
def test_a_carriage_return_in_quotes_or_at_the_end_is_none_within_a_line(content, cells):
    assert CsvSource("rows.csv", content.encode()).read(["a"])["a"].to_list() == cells


def test_a_name_too_long_is_refused_in_one_line():
    with pytest.raises(Refused, match="line 1 cannot be read as names of columns"):
        split_csv("rows.csv", f"{'a' * 140_000},b\n1,2\n".encode())
