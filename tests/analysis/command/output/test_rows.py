import csv
import io
import json
import math

from analysis.command.output.rows import as_csv, as_json, flat
from tests.analysis.command.running import run


def test_json_has_null_where_there_is_no_number():
    rows = [{"domain": {}, "value": math.nan, "low": math.inf, "high": 1.0}]
    assert json.loads(as_json(rows)) == [{"domain": {}, "value": None, "low": None, "high": 1.0}]
    assert as_json([]) == "[]\n"


def test_json_keeps_all_digits_and_letters():
    text = as_json([{"domain": {"tỉnh": "Huế"}, "value": 1 / 3}])
    assert "Huế" in text
    assert json.loads(text)[0]["value"] == 1 / 3


def test_csv_quotes_as_rfc_4180_says():
    text = as_csv([{"a": 'say "x", y', "b": None, "c": 0.1, "d": math.nan}])
    assert text == 'a,b,c,d\r\n"say ""x"", y",,0.1,\r\n'


def test_no_text_becomes_a_formula():
    cells = ["=1+1", "+1-2", "-A1", "@x", "\tx", "+1\n", "plain", "-1", "+84"]
    (_, row) = csv.reader(io.StringIO(as_csv([dict(enumerate(cells))]), newline=""))
    assert row == ["'=1+1", "'+1-2", "'-A1", "'@x", "'\tx", "'+1\n", "plain", "-1", "+84"]
    assert as_csv([{"value": -0.5, "n": -1}]).splitlines()[1] == "-0.5,-1"


def test_a_domain_column_that_is_named_like_a_figure_gets_a_prefix():
    row = {"measure": "all", "domain": {"value": "x", "office": "A"}, "value": 1.0}
    assert flat(row, ["value", "office"]) == {
        "domain.value": "x",
        "office": "A",
        "measure": "all",
        "value": 1.0,
    }


def test_domain_columns_never_share_a_name():
    row = {"domain": {"value": "x", "domain.value": "y"}, "value": 1.0}
    for by in (["value", "domain.value"], ["domain.value", "value"]):
        assert flat(row, by) == {"domain.domain.value": "x", "domain.value": "y", "value": 1.0}


def test_csv_of_figures_has_a_column_per_domain_variable(tmp_path):
    file = tmp_path / "rows.csv"
    file.write_text("note,sex,q1\n=A,F,5\n=A,F,1\nB,M,5\nB,M,5\n")
    text = run("index", file, "--items", "q1", "--by", "note,sex", "--format", "csv").out
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert list(rows[0])[:4] == ["domain.note", "sex", "measure", "value"]
    assert [row["domain.note"] for row in rows] == ["'=A", "B"]
    assert float(rows[0]["value"]) == 0.5
