import pytest

from tests.analysis.command.running import SIPAS, find, run, run_json
from tests.analysis.reference_data import FOLDER, read_rows

FILE = str(FOLDER / "sipas/two_waves.csv")
WAVES = ("--wave", "year", "--from", "2025", "--to", "2026")
RATIO = ("--statistic", "ratio", "--variable", "n_ok", "--denominator", "n_valid")
WARDS = ("--stratum", "office", "--psu", "ward", "--weight", "w")
ROWS = read_rows("sipas/expected_two_waves.csv")


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['domain']}-{row['stat']}-{row['variable']}")
def test_change_agrees_with_r(row):
    domain = {} if row["domain"] == "ALL" else {"office": row["domain"]}
    rows = run_json("change", FILE, *WAVES, *RATIO, *WARDS, *(("--by", "office") if domain else ()))
    found = find(rows, "n_ok/n_valid", **domain)
    if row["stat"] == "change":
        assert 100 * found["value"] == pytest.approx(float(row["estimate"]), rel=1e-8)
        assert 100 * found["standard_error"] == pytest.approx(float(row["se"]), rel=1e-8)
        assert found["degrees_of_freedom"] == int(row["df"])
        assert 100 * found["low"] == pytest.approx(float(row["ci_low"]), rel=1e-8)
        assert 100 * found["high"] == pytest.approx(float(row["ci_high"]), rel=1e-8)
    elif row["stat"] == "index_pooled":
        wave = "value_from" if row["variable"] == "2025" else "value_to"
        assert 100 * found[wave] == pytest.approx(float(row["estimate"]), rel=1e-8)
    else:  # the covariance, as the part that the two variances leave
        errors = [
            float(other["se"])
            for other in ROWS
            if other["domain"] == row["domain"] and other["stat"] == "index_pooled"
        ]
        variance = sum(error**2 for error in errors) - 2 * float(row["estimate"])
        assert (100 * found["standard_error"]) ** 2 == pytest.approx(variance, rel=1e-8)


def test_the_full_design_gives_its_degrees_of_freedom_to_every_office():
    rows = run_json("change", FILE, *WAVES, *RATIO, *WARDS, "--by", "office", "--df", "full")
    assert {row["degrees_of_freedom"] for row in rows} == {60}


def test_a_change_is_worded():
    (whole,) = run_json("change", FILE, *WAVES, *RATIO, *WARDS)
    assert whole["verdict"] == "shown to have risen"
    assert list(whole)[-4:] == ["value_from", "value_to", "verdict", "note"]
    backwards = ("--wave", "year", "--from", "2026", "--to", "2025")
    (back,) = run_json("change", FILE, *backwards, *RATIO, *WARDS)
    assert back["verdict"] == "shown to have fallen"
    assert back["value"] == pytest.approx(-whole["value"])


def test_change_of_an_index_and_its_factors():
    rows = run_json(
        *("change", SIPAS, "--wave", "sex", "--from", "F", "--to", "M", "--items", "q1-q22"),
        *("--factor", "access=q1-q4", "--by", "province", *WARDS),
    )
    assert [row["measure"] for row in rows] == ["all", "access"] * 3
    assert all(row["value"] == row["value_to"] - row["value_from"] for row in rows)


def test_a_domain_of_one_wave_is_left_out_and_named(tmp_path):
    file = tmp_path / "waves.csv"
    file.write_text("year,office,y\n1,A,1\n1,A,2\n2,A,3\n2,A,5\n2,B,1\n2,B,2\n")
    answer = run(
        *("change", file, "--wave", "year", "--from", "1", "--to", "2", "--by", "office"),
        *("--statistic", "mean", "--variable", "y", "--format", "json"),
    )
    assert [row["domain"] for row in answer.rows] == [{"office": "A"}]
    assert answer.err == "note: office B is in one of the two waves only: left out\n"


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ((*WAVES,), "--items or --statistic: give the one or the other"),
        ((*WAVES, *RATIO, "--items", "n_ok"), "--items or --statistic: give the one or the other"),
        ((*WAVES, *RATIO, "--by", "year"), "--by: must not hold the column of --wave, 'year'"),
        (
            ("--wave", "year", "--from", "2024", "--to", "2026", *RATIO),
            "--from: column year has no '2024', only '2025', '2026'",
        ),
        (("--wave", "year", "--from", "2026", "--to", "2026", *RATIO), "--from and --to: must be two waves"),
        (
            ("--wave", "yaer", "--from", "2025", "--to", "2026", *RATIO),
            f"--wave: {FILE} has no column 'yaer'; is 'year' meant?",
        ),
        ((*WAVES, "--statistic", "mean"), "--variable: is needed with --statistic"),
    ],
)
def test_a_faulty_option_is_named(options, fault):
    answer = run("change", FILE, *options)
    assert answer.code == 2
    assert answer.faults == [fault]


@pytest.mark.parametrize("df", ["domain", "full"])
@pytest.mark.parametrize(
    ("rows", "verdict", "note"),
    [
        ("1,A,a1,5\n1,A,a2,1\n2,A,a3,5\n2,A,a4,5\n", "not shown to have changed", "a wave shows no spread"),
        ("1,A,a1,1\n1,A,a2,1\n2,A,a3,5\n2,A,a4,1\n", "not shown to have changed", "a wave shows no spread"),
        ("1,A,a1,5\n1,A,a2,1\n2,B,b1,5\n2,B,b1,1\n", "not estimable", "too few primary sampling units"),
    ],
)
def test_a_change_from_or_to_a_wave_without_an_error_has_no_standard_error(tmp_path, rows, verdict, note, df):
    file = tmp_path / "waves.csv"
    file.write_text(f"year,stratum,psu,q1\n{rows}")
    (row,) = run(
        *("change", file, "--wave", "year", "--from", "1", "--to", "2", "--items", "q1"),
        *("--stratum", "stratum", "--psu", "psu", "--df", df, "--format", "json"),
    ).rows
    assert row["verdict"] == verdict
    assert row["standard_error"] is None
    assert (row["low"] is None) == (row["high"] is None) == (verdict == "not estimable")
    assert row["note"].startswith(note)
    text = run(
        *("change", file, "--wave", "year", "--from", "1", "--to", "2", "--items", "q1"),
        *("--stratum", "stratum", "--psu", "psu", "--df", df),
    ).out
    assert verdict in text
    assert note in text


def test_a_wave_in_which_all_are_satisfied_leaves_limits_from_both(tmp_path):
    """All of 12 in the first year, 1 in 3 in the second; the same in both years tells nothing."""
    lines = ["year,ward,q1"]
    for year, codes in (("2025", "555555555555"), ("2026", "555511111111")):
        lines += [f"{year},{place % 4},{code}" for place, code in enumerate(codes)]
    path = tmp_path / "waves.csv"
    path.write_text("\n".join(lines), encoding="utf-8")
    (row,) = run_json("change", str(path), *WAVES, "--items", "q1", "--psu", "ward")
    assert row["verdict"] == "shown to have fallen"
    assert (row["value_from"], row["standard_error"]) == (1.0, None)
    assert row["value"] == pytest.approx(-2 / 3)
    assert -1 < row["low"] < row["value"] < row["high"] < 0
    assert row["note"] == "a wave shows no spread: limits from the intervals of both (Zou and Donner 2008)"
