"""Every fault that a file or an option can have: one clear line each, exit code 2, no traceback."""

import os
from datetime import timedelta
from unicodedata import normalize

import numpy as np
import polars
import pytest

from tests.analysis.command.running import run
from tests.effort import working_at_most

HEADER = "office,ward,w,M,N,q1\n"
GOOD = "A,A1,2,9,50,5\nA,A2,3,9,60,4\nB,B1,1,8,70,1\nB,B2,4,8,80,5\n"
DESIGN = ("--stratum", "office", "--psu", "ward", "--weight", "w", "--fpc", "M,N")


@pytest.fixture
def index(tmp_path):
    """Runs `index` on a file of the given text or bytes."""

    def estimate(content, *options, name="rows.csv"):
        file = tmp_path / name
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        os.chdir(tmp_path)
        return run("index", name, "--items", "q1", *options, "--format", "json")

    before = os.getcwd()
    yield estimate
    os.chdir(before)


def refused(answer):
    assert answer.code == 2
    assert answer.out == ""
    return answer.faults


def test_the_good_file_has_no_fault(index):
    assert index(HEADER + GOOD, *DESIGN).rows[0]["n_respondents"] == 4


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ("B,B3,-1,8,70,5", "--weight w: must not be negative; got -1 (line 6)"),
        ("B,B3,NaN,8,70,5", "rows.csv: line 6, column w: holds no number"),
        ("B,B3,,8,70,5", "rows.csv: line 6, column w: holds no number"),
        ("B,B3,heavy,8,70,5", "rows.csv: line 6, column w: 'heavy' is no number"),
        ("B,B3,inf,8,70,5", "rows.csv: line 6, column w: 'inf' is no number"),
        ("B,B3,1e999,8,70,5", "rows.csv: line 6, column w: '1e999' is too large"),
        ("B,B3,١,8,70,5", "rows.csv: line 6, column w: '١' is no number"),
        ('B,B3,"1 5",8,70,5', "rows.csv: line 6, column w: '1 5' is no number"),
        (",B3,1,8,70,5", "rows.csv: line 6, column office: is empty"),
        ("B,,1,8,70,5", "rows.csv: line 6, column ward: is empty"),
        (
            "B,A1,1,8,70,5",
            "--psu ward: 'A1' lies in strata 'A' and 'B' (line 6); "
            "--nest says that ids are local to their stratum",
        ),
        (
            "B,B3,1,7,70,5",
            "--fpc M: must be the same on all rows of a stratum; got 8 and 7 (line 6)",
        ),
        ("B,B2,1,8,81,5", "--fpc N: must be the same on all rows of a PSU; got 80 and 81 (line 6)"),
        (
            "C,C1,1,0.5,70,5",
            "--fpc M: must be a population size, not below the 1 PSUs sampled in the stratum 'C'; "
            "got 0.5 (line 6)",
        ),
        (
            "C,C1,1,3,0,5",
            "--fpc N: must be a population size, not below the 1 rows sampled in the PSU; got 0 (line 6)",
        ),
        ("B,B3,1,8,,5", "rows.csv: line 6, column N: holds no number"),
        ("B,B3,1,8,70,good", "rows.csv: line 6, column q1: 'good' is no number"),
        ("B,B3,1,8,70", "rows.csv: line 6 has 5 cells, the header has 6 (separator: comma)"),
        ("B,B3,1,8,70,5,5", "rows.csv: line 6 has 7 cells, the header has 6 (separator: comma)"),
        ('B,"B3,1,8,70,5', "rows.csv: a quotation mark is opened on line 6 or before, and never closed"),
    ],
)
def test_a_faulty_row_is_named_by_its_line(index, row, fault):
    assert refused(index(f"{HEADER}{GOOD}{row}\n", *DESIGN)) == [fault]


def test_weights_that_are_all_zero_are_refused(index):
    content = "w,q1\n0,5\n0,4\n"
    assert refused(index(content, "--weight", "w")) == ["--weight w: must not be 0 on all 2 rows"]


def test_lines_are_counted_through_blank_lines_and_quoted_line_ends(index):
    content = 'w,note,q1\n\n1,"two\nlines",5\n\nx,,4\n'
    assert refused(index(content, "--weight", "w")) == ["rows.csv: line 6, column w: 'x' is no number"]


def test_faults_of_all_columns_are_named_and_many_are_counted(index):
    content = "w,q1\n" + "x,y\n" * 30
    faults = refused(index(content, "--weight", "w"))
    assert len(faults) == 21
    assert faults[0] == "rows.csv: line 2, column q1: 'y' is no number"
    assert faults[-1] == "… and 10 more"


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ("", "rows.csv: is empty"),
        ("\ufeff", "rows.csv: is empty"),
        ("q1\n", "rows.csv: has a header but no rows"),
        ("q1\n\n\n", "rows.csv: has a header but no rows"),
        ("\nq1\n5\n", "rows.csv: line 1 should hold the names of the columns, but is empty"),
        ("q1,x,q1\n1,1,1\n", "rows.csv: column 'q1' stands 2 times (1, 3)"),
        ("q1,ấ,ấ\n1,1,1\n", "rows.csv: column 'ấ' stands 2 times (2, 3)"),
        ("Q1.,w\n1,1\n", "--items: rows.csv has no column 'q1'; it has 'Q1.', 'w'"),
        ("q_1,w\n1,1\n", "--items: rows.csv has no column 'q1'; is 'q_1' meant?"),
        ("a;b\n1;1\n", "--items: rows.csv has no column 'q1'; it has 'a', 'b'"),
        (
            b"q1,\xd5\n5,1\n",
            "rows.csv: line 1 is not UTF-8 (Windows-1258, TCVN3?); save the file as CSV UTF-8",
        ),
        (
            b"q1,x\n5,1\n4,\xd5\n",
            "rows.csv: line 3 is not UTF-8 (Windows-1258, TCVN3?); save the file as CSV UTF-8",
        ),
        ("q1\n5\n".encode("utf-16"), "rows.csv: is UTF-16 text; save it as CSV UTF-8 or Parquet"),
        (b"q1\n5\n\x00\n", "rows.csv: line 3 holds a zero byte; save the file as CSV UTF-8"),
        (b"PK\x03\x04rest", "rows.csv: is a spreadsheet or zip archive; save it as CSV UTF-8 or Parquet"),
        (b"\x1f\x8brest", "rows.csv: is compressed; save it as CSV UTF-8 or Parquet"),
    ],
)
def test_a_file_that_is_no_csv_file_is_refused(index, content, fault):
    assert refused(index(content)) == [fault]


@pytest.mark.parametrize(
    "content",
    [
        "\ufeffw,q1\r\n2.5,5\r\n1,1\r\n",
        "w;q1\n2,5;5\n1;1\n",
        "w;q1\n2.5;5\n1;1\n",
        "w\tq1\n2,5\t5\n1\t1\n",
        "sep=;\nw;q1\n2,5;5\n1;1\n",
        "w,q1\r2.5,5\r1,1\r",
        " w , q1 \n 2.5 , 5 \n1.0,1.0\n",
        'w,"q1"\n"2.5","5"\n"1","1"',
    ],
)
def test_dialects_of_csv_give_the_same_figure(index, content):
    (row,) = index(content, "--weight", "w").rows
    assert row["value"] == 2.5 / 3.5


def test_decimal_commas_in_a_comma_file_need_the_option(index):
    content = 'w,q1\n"2,5",5\n"1",1\n'
    assert refused(index(content, "--weight", "w")) == [
        "rows.csv: line 2, column w: '2,5' is no number; if the comma is its decimal sign, say --decimal ,"
    ]
    assert index(content, "--weight", "w", "--decimal", ",").rows[0]["value"] == 2.5 / 3.5


@pytest.mark.parametrize(
    ("cells", "fault"),
    [
        (
            ("1.250", "3.400"),
            "line 2, column w: '1.250' may be a decimal or a grouped number; "
            "say --decimal . or write numbers without grouping",
        ),
        (
            ("1,5", "3.400"),
            "line 3, column w: '1,5' and '3.400' stand in one column; "
            "numbers need one decimal sign and no grouping",
        ),
        (
            ("1.250,5", "3"),
            "line 2, column w: '1.250,5' and '1.250,5' stand in one column; "
            "numbers need one decimal sign and no grouping",
        ),
    ],
)
def test_numbers_that_may_be_grouped_are_not_guessed(index, cells, fault):
    content = "w;q1\n" + "".join(f"{cell};5\n" for cell in cells)
    assert refused(index(content, "--weight", "w")) == [f"rows.csv: {fault}"]
    assert index("w;q1\n1.250;5\n3.750;1\n", "--weight", "w", "--decimal", ".").rows[0]["value"] == 0.25


def test_composed_and_decomposed_letters_are_the_same(index):
    decomposed = normalize("NFD", "tỉnh,cơ quan,q1\nHuế,Sở Nội vụ,5\n") + "Huế,Sở Nội vụ,1\n"
    (row,) = index(decomposed, "--by", normalize("NFD", "tỉnh,cơ quan")).rows
    assert row["domain"] == {"tỉnh": "Huế", "cơ quan": "Sở Nội vụ"}
    assert row["n_respondents"] == 2


def test_missing_answers_may_be_empty_or_na(index):
    answer = index("w,q1\n1,\n1,NA\n1, NaN \n1,5\n1,N/A\n", "--weight", "w")
    assert answer.rows[0]["n_respondents"] == 1
    assert answer.rows[0]["value"] == 1
    assert "4 rows without a valid answer" in answer.err


def test_a_province_may_be_called_na(index):
    assert index("p,q1\nNA,5\nNA,1\n", "--by", "p").rows[0]["domain"] == {"p": "NA"}


def test_an_item_missing_from_the_middle_of_a_range_is_named(index, tmp_path):
    (tmp_path / "items.csv").write_text("q1,q2,q4\n1,1,1\n")
    answer = run("index", tmp_path / "items.csv", "--items", "q1-q4,q9")
    assert [fault.split("; ")[0] for fault in refused(answer)] == [
        f"--items: {tmp_path / 'items.csv'} has no column 'q3'",
        f"--items: {tmp_path / 'items.csv'} has no column 'q9'",
    ]


@pytest.mark.parametrize(
    ("items", "fault"),
    [
        ("q4-q1", "--items: the range 'q4-q1' must rise"),
        ("q1-q2,q1", "--items: names 'q1' more than once"),
        ("q1,,q2", "--items must be names, separated by commas; got 'q1,,q2'"),
        ("q1\rq2", "--items must be names, separated by commas; got 'q1\\rq2'"),
        ("q1-q99999999", "--items: the range 'q1-q99999999' must not name more than 10,000 columns"),
        ("\udcff", "--items must be text in UTF-8; got '\\udcff'"),
    ],
)
def test_a_faulty_list_of_items_is_refused(tmp_path, items, fault):
    (tmp_path / "items.csv").write_text("q1,q2\n1,1\n")
    assert refused(run("index", tmp_path / "items.csv", "--items", items)) == [fault]


@pytest.mark.parametrize(
    ("items", "names"),
    [
        ("q01-q03", ["q01", "q02", "q03"]),
        ("Câu 1-Câu 2", ["Câu 1", "Câu 2"]),
        ("1-3", ["1", "2", "3"]),
        ("q1-3", ["q1", "q2", "q3"]),
        ("a-1,b-2", ["a-1", "b-2"]),
        ("'x'", ["'x'"]),
        ('"speed, courtesy",x', ["speed, courtesy", "x"]),
    ],
)
def test_items_may_have_any_names(tmp_path, items, names):
    file = tmp_path / "items.csv"
    file.write_text(",".join(f'"{name}"' for name in names) + "\n" + ",".join("5" for _ in names) + "\n")
    rows = run("index", file, "--items", items, "--per-item", "--format", "json").rows
    assert [row["measure"] for row in rows] == ["all", *names]


def test_files_that_cannot_be_read_are_refused(tmp_path):
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 broken PAR1")
    (tmp_path / "text.parquet").write_text("q1\n5\n")
    for name, words in (
        ("nowhere.csv", "cannot be read (no such file or directory)"),
        ("", "cannot be read (is a directory)"),
        ("text.parquet", "is no Parquet file"),
        ("broken.parquet", "is a damaged Parquet file"),
    ):
        (fault,) = refused(run("index", tmp_path / name, "--items", "q1"))
        assert words in fault


def test_parquet_gives_the_figures_of_csv(index, tmp_path):
    file = tmp_path / "rows.parquet"
    polars.DataFrame(
        {
            "office": polars.Series(["A", "A", "B", "B"], dtype=polars.Categorical),
            "ward": [1, 2, 3, 4],
            "w": polars.Series(["2", "3", "1", "4"]).cast(polars.Decimal(10, 2)),
            "M": np.array([9, 9, 8, 8], dtype=np.int16),
            "N": [50.0, 60.0, 70.0, 80.0],
            "q1": polars.Series([5, 4, 1, 5], dtype=polars.UInt8),
        }
    ).write_parquet(file)
    found = run("index", file, "--items", "q1", *DESIGN, "--by", "office", "--format", "json")
    assert found.rows == index(HEADER + GOOD, *DESIGN, "--by", "office").rows


def test_faults_in_parquet_are_named_by_row(tmp_path):
    file = tmp_path / "rows.parquet"
    polars.DataFrame({"q1": [5, 4], "w": [1.0, None], "x": [[1], [2]]}).write_parquet(file)
    assert refused(run("index", file, "--items", "q1", "--weight", "w")) == [
        f"{file}: row 2, column w: holds no number"
    ]
    assert refused(run("index", file, "--items", "x")) == [
        "--items: column 'x' holds lists or records, not single values"
    ]


@pytest.mark.parametrize(
    ("values", "what"), [([timedelta(1), timedelta(2)], "duration"), ([b"x", b"y"], "binary")]
)
def test_columns_that_are_neither_numbers_nor_text_are_refused(tmp_path, values, what):
    file = tmp_path / "rows.parquet"
    polars.DataFrame({"q1": [5, 4], "x": values}).write_parquet(file)
    fault = f"column 'x' holds values of type {what}, not numbers or text"
    assert refused(run("index", file, "--items", "q1", "--by", "x")) == [f"--by: {fault}"]
    estimate = ("estimate", file, "--statistic", "mean", "--variable", "x")
    assert refused(run(*estimate)) == [f"--variable: {fault}"]


def test_a_column_of_parquet_may_be_called_like_a_pattern(tmp_path):
    file = tmp_path / "rows.parquet"
    polars.DataFrame({"q1": [1, 1], "^q.*$": [5, 5], "*": [5, 1]}).write_parquet(file)
    rows = run("index", file, "--items", "*,^q.*$,q1", "--per-item", "--format", "json").rows
    assert [(row["measure"], row["value"]) for row in rows[1:]] == [("*", 0.5), ("^q.*$", 1), ("q1", 0)]


def test_a_wide_file_is_refused_at_once(tmp_path):
    file, names = tmp_path / "rows.csv", [f"c{place}" for place in range(20_000)]
    file.write_text(",".join(names) + "\n" + ",".join("5" for _ in names) + "\n")
    with working_at_most(seconds=8):  # once 10 s for the header and hours for the hints
        faults = refused(run("index", file, "--items", "x1-x9000"))
    assert len(faults) == 21
    assert faults[-1] == "… and 8980 more"


def test_whole_labels_of_a_parquet_file_with_gaps_have_no_decimals(tmp_path):
    file = tmp_path / "rows.parquet"
    polars.DataFrame({"q1": [5, 4, 3], "office": [1.0, 2.0, None]}).write_parquet(file)
    rows = run("index", file, "--items", "q1", "--by", "office", "--format", "json").rows
    assert [row["domain"]["office"] for row in rows] == ["1", "2"]


def test_a_single_office_is_estimated(index):
    (row,) = index("office,q1\nA,5\nA,1\n", "--by", "office").rows
    assert row["domain"] == {"office": "A"}


def test_respondents_of_weight_0_stay_in_the_design(index):
    (row,) = index("w,q1\n1,5\n1,1\n0,5\n", "--weight", "w").rows
    assert row["value"] == 0.5
    assert row["n_respondents"] == 2


def test_a_domain_column_without_labels_gives_no_rows(index):
    answer = index("o,q1\n,5\n,1\n", "--by", "o")
    assert answer.rows == []
    assert "2 rows have an empty o" in answer.err


def test_derived_weights_are_named(index):
    answer = index(HEADER + GOOD, "--stratum", "office", "--psu", "ward", "--fpc", "M,N")
    assert "note: weights are population / sample, from --fpc\n" in answer.err
    weights = [9 / 2 * 50, 9 / 2 * 60, 4 * 70, 4 * 80]
    assert answer.rows[0]["value"] == pytest.approx((sum(weights) - weights[2]) / sum(weights))


def test_a_label_that_looks_like_a_missing_one_is_named(tmp_path):
    """R writes NA where a value is missing; it may also be somebody's code."""
    file = tmp_path / "na.csv"
    file.write_text("o,w,q1\nA,1,5\nA,NA,3\nNA,3,4\nA,NA,5\n", encoding="utf-8")
    answer = run("index", str(file), "--items", "q1", "--by", "o", "--psu", "w")
    assert "note: column w: 'NA' is taken for a label" in answer.err
    assert "note: column o: 'NA' is taken for a label" in answer.err
