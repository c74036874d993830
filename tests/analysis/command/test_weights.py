import csv
import os
from pathlib import Path

import polars
import pytest

from tests.analysis.command.running import SIPAS, run
from tests.analysis.reference_data import FOLDER, read_rows

MARGINS = str(FOLDER / "sipas/margins.csv")
COLUMNS = {"rake": "sex", "greg": "sex", "post_office": "office", "greg_office": "both"}


@pytest.fixture
def margins(tmp_path):
    """Margins files: of sex, age and field, of the offices, and of both."""
    groups = read_rows("sipas/margins.csv")
    offices = [
        {"variable": "office", "level": row["office"], "N": row["dossiers"]}
        for row in read_rows("sipas/offices.csv")
    ]
    for name, rows in {"sex": groups, "office": offices, "both": groups + offices}.items():
        with (tmp_path / f"{name}.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, ["variable", "level", "N"])
            writer.writeheader()
            writer.writerows(rows)
    return tmp_path


@pytest.mark.parametrize("name", COLUMNS)
def test_calibrated_weights_agree_with_r(name, margins):
    out = margins / "weighted.csv"
    method = "linear" if name.startswith("greg") else "rake"
    known = margins / f"{COLUMNS[name]}.csv"
    answer = run("weights", SIPAS, "--base", "w", "--rake", known, "--method", method, "--out", out)
    assert answer.code == 0, answer.err
    weights = polars.read_csv(out)["weight"].to_list()
    expected = [float(row[name]) for row in read_rows("sipas/calibrated_weights.csv")]
    assert weights == pytest.approx(expected, rel=1e-6)
    assert "margins: CalibratedWeights(" in answer.err
    assert "result: WeightDiagnostics(4943 weights, sum 124594" in answer.err


def test_the_file_is_copied_as_it_is_with_one_more_column(tmp_path):
    file, out = tmp_path / "rows.csv", tmp_path / "out.csv"
    file.write_text('id,note,d\n007,"a, ""b""",1.50\n008,=1+1,2\n')
    assert run("weights", file, "--base", "d", "--out", out, "--name", "w").code == 0
    assert out.read_text() == 'id,note,d,w\n007,"a, ""b""",1.50,1.5\n008,=1+1,2,2.0\n'


def test_a_semicolon_file_keeps_its_separator_and_decimal_sign(tmp_path):
    file, out = tmp_path / "rows.csv", tmp_path / "out.csv"
    file.write_text("id;d\n1;1,5\n2;2\n")
    assert run("weights", file, "--base", "d", "--out", out).code == 0
    assert out.read_text() == "id;d;weight\n1;1,5;1,5\n2;2;2,0\n"


def test_parquet_in_and_out(tmp_path):
    file, out = tmp_path / "rows.parquet", tmp_path / "out.parquet"
    polars.DataFrame({"id": [1, 2], "d": [1.5, 2.0]}).write_parquet(file)
    assert run("weights", file, "--base", "d", "--out", out).code == 0
    assert polars.read_parquet(out).to_dict(as_series=False) == {
        "id": [1, 2],
        "d": [1.5, 2.0],
        "weight": [1.5, 2.0],
    }


def test_the_steps_follow_one_another(tmp_path):
    file, known, out = tmp_path / "rows.csv", tmp_path / "known.csv", tmp_path / "out.csv"
    file.write_text("cell,sex,answered,d\na,F,1,10\na,M,1,10\na,F,0,10\nb,M,1,20\nb,F,1,20\nb,M,0,20\n")
    known.write_text("variable,level,N\nsex,F,60\nsex,M,40\n")
    answer = run(
        *("weights", file, "--base", "d", "--responded", "answered", "--nonresponse-cell", "cell"),
        *("--min-respondents", 2, "--rake", known, "--trim", ",35", "--out", out),
    )
    assert answer.code == 0, answer.err
    steps = [line.partition(":")[0] for line in answer.faults]
    assert steps == ["nonresponse", "margins", "trim", "result"]
    weights = polars.read_csv(out)["weight"].to_list()
    assert weights[2] == weights[5] == 0
    assert sum(weights) == pytest.approx(100)
    assert max(weights) == pytest.approx(35)


def test_bounds_hold_the_factors(margins):
    out = margins / "weighted.csv"
    options = ("--method", "logit", "--bounds", "0.7,1.4")
    answer = run("weights", SIPAS, "--base", "w", "--rake", MARGINS, *options, "--out", out)
    assert answer.code == 0, answer.err
    ratio = polars.read_csv(out).select(polars.col("weight") / polars.col("w")).to_series()
    assert 0.7 <= ratio.min() < ratio.max() <= 1.4


@pytest.mark.parametrize(
    ("known", "fault"),
    [
        (
            "sex,F,60\nsex,M,40\nage,old,99\n",
            "--rake known.csv: must add up to the same sum: sex to 100; got 'age to 99'",
        ),
        (
            "sex,F,60\nsex,M,30\nsex,X,10\n",
            "--rake known.csv: must name only levels that some respondent of positive weight has; "
            "got 'sex=X'",
        ),
        (
            "sex,F,60\n",
            "--rake known.csv: column sex of rows.csv: must hold only levels that the margin has; got 'M'",
        ),
        ("sex,F,60\nsex,M,-1\n", "known.csv: line 3: the total of sex=M must be positive; got -1"),
        ("sex,F,60\nsex,F,40\n", "known.csv: line 3: sex=F stands a second time"),
        ("sex,F,many\nsex,M,40\n", "known.csv: line 2, column N: 'many' is no number"),
        ("sez,F,60\nsez,M,40\n", "--rake known.csv: rows.csv has no column 'sez'; is 'sex' meant?"),
        ("sex,,60\nsex,M,40\n", "known.csv: line 2, column level: is empty"),
    ],
)
def test_faulty_margins_are_refused(tmp_path, monkeypatch, known, fault):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rows.csv").write_text("sex,age\nF,old\nM,old\n")
    (tmp_path / "known.csv").write_text(f"variable,level,N\n{known}")
    answer = run("weights", "rows.csv", "--rake", "known.csv", "--out", "out.csv")
    assert answer.code == 2
    assert answer.faults == [fault]
    assert not (tmp_path / "out.csv").exists()


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        (("--nonresponse-cell", "o"), "--nonresponse-cell: needs --responded"),
        (("--responded", "d"), "rows.csv: line 3, column d: is not 0 or 1"),
        (
            ("--responded", "yes"),
            "--nonresponse-cell: must hold enough cases that keep a weight; 'all' is too thin and no "
            "neighbour is named for it; got '2 kept, factor 1.5'",
        ),
        (("--name", "d"), "--name: rows.csv has a column 'd' already; give another name"),
        (("--trim", "5,1"), "--trim must be LOW,HIGH with LOW below HIGH; either may be left out; got '5,1'"),
        (("--trim", ",0.5"), "--trim: must leave room for the sum 3 of 3 weights; got (0.0, 0.5)"),
        (("--base", "neg"), "--base neg: must not be negative; got -1 (line 2)"),
        (("--out", "rows.csv"), "--out: must not be the file that is read, rows.csv"),
        (("--out", "link.csv"), "--out: must not be the file that is read, rows.csv"),
        (
            ("--rake", "known.csv", "--out", "known.csv"),
            "--out: must not be the file that is read, known.csv",
        ),
        (("--rake", "known.csv", "--bounds", "0.5,2"), "--bounds: is not used by --method rake"),
        (
            ("--rake", "known.csv", "--bounds", "0.5,2", "--method", "linear"),
            "--bounds: is not used by --method linear",
        ),
        (("--bounds", "0.5,2"), "--bounds: needs --rake"),
        (("--method", "rake"), "--method: needs --rake"),
        (("--missing", "refuse"), "--missing: needs --rake"),
        (("--min-respondents", "20"), "--min-respondents: needs --responded"),
        (("--name", "\udcff"), "--name must be text in UTF-8; got '\\udcff'"),
        (("--out", "nowhere/out.csv"), "nowhere/out.csv: cannot be written (no such file or directory)"),
        (("--rake", "nowhere.csv"), "nowhere.csv: cannot be read (no such file or directory)"),
    ],
)
def test_a_faulty_option_is_named(tmp_path, monkeypatch, options, fault):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rows.csv").write_text("o,d,yes,neg\nA,1,1,-1\nA,2,1,1\nB,1,0,1\n")
    (tmp_path / "link.csv").symlink_to("rows.csv")
    (tmp_path / "known.csv").write_text("variable,level,N\no,A,2\no,B,1\n")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    answer = run("weights", "rows.csv", "--out", "out.csv", *options)
    assert answer.code == 2
    assert answer.faults == [fault]
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_file_called_part_is_not_touched_and_a_link_stays_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "out.csv.part").write_text("d\n2\n")
    (tmp_path / "out.csv").symlink_to("target.csv")
    assert run("weights", "out.csv.part", "--base", "d", "--out", "out.csv").code == 0
    assert (tmp_path / "out.csv").is_symlink()
    assert (tmp_path / "target.csv").read_text() == "d,weight\n2,2.0\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.csv", "out.csv.part", "target.csv"]
    assert (tmp_path / "out.csv.part").read_text() == "d\n2\n"


@pytest.mark.parametrize("values", [[[1], [2]], [b"x", b"y"]])
def test_columns_that_csv_cannot_hold_are_refused_in_one_line(tmp_path, monkeypatch, values):
    monkeypatch.chdir(tmp_path)
    polars.DataFrame({"x": values}).write_parquet("rows.parquet")
    answer = run("weights", "rows.parquet", "--out", "out.csv")
    assert answer.code == 2
    assert len(answer.faults) == 1
    assert answer.err.startswith("out.csv: cannot be written (")
    assert [path.name for path in tmp_path.iterdir()] == ["rows.parquet"]


def test_columns_may_be_called_like_a_pattern(tmp_path):
    file, out = tmp_path / "rows.parquet", tmp_path / "out.parquet"
    polars.DataFrame({"q1": [1, 1], "^q.*$": [2.0, 3.0]}).write_parquet(file)
    assert run("weights", file, "--base", "^q.*$", "--name", "^w.*$", "--out", out).code == 0
    found = polars.read_parquet(out)
    assert found.columns == ["q1", "^q.*$", "^w.*$"]
    assert found.get_column("^w.*$").to_list() == [2, 3]


def test_a_device_is_written_to_and_not_replaced(tmp_path):
    file = tmp_path / "rows.csv"
    file.write_text("d\n1\n")
    assert run("weights", file, "--out", os.devnull).code == 0
    assert not Path(os.devnull).is_file()


def test_a_column_without_a_name_cannot_be_copied(tmp_path):
    file = tmp_path / "rows.csv"
    file.write_text("a,\n1,2\n")
    answer = run("weights", file, "--out", tmp_path / "out.csv")
    assert answer.faults == [f"{file}: column 2 has no name; give it one to copy the file"]
