import pytest

from tests.analysis.command.running import SIPAS, WARDS, run, run_json
from tests.analysis.reference_data import read_rows

OFFICES = ("below-target", SIPAS, "--items", "q1-q22", "--by", "office", "--target", "0.85", *WARDS)
ADJUSTMENTS = ("holm", "hochberg", "BH", "BY", "bonferroni")


@pytest.mark.parametrize("adjustment", ADJUSTMENTS)
@pytest.mark.parametrize("row", read_rows("sipas/expected_below_target.csv"), ids=lambda row: row["office"])
def test_p_values_agree_with_r(row, adjustment):
    rows = run_json(*OFFICES, "--adjust", adjustment)
    found = next(other for other in rows if other["domain"] == {"office": row["office"]})
    assert 100 * found["value"] == pytest.approx(float(row["estimate"]), rel=1e-8)
    assert 100 * found["standard_error"] == pytest.approx(float(row["se"]), rel=1e-8)
    assert found["degrees_of_freedom"] == int(row["df"])
    assert found["p_below"] == pytest.approx(float(row["p_below85"]), rel=1e-8)
    assert found["adjusted_p_below"] == pytest.approx(float(row[adjustment]), rel=1e-8)
    shown = float(row[adjustment]) <= 0.05
    assert found["verdict"] == ("shown below" if shown else "not decided")


def test_both_sides_share_the_error():
    rows = run_json(*OFFICES, "--side", "both", "--adjust", "none")
    for row in rows:
        if row["verdict"] == "shown below":
            assert row["p_below"] <= 0.025
        if row["verdict"] == "shown above":
            assert row["p_above"] <= 0.025
    assert {row["verdict"] for row in rows} == {"shown below", "shown above", "not decided"}


def test_without_by_the_whole_is_tested():
    (row,) = run_json("below-target", SIPAS, "--items", "q1-q22", "--target", "0.85", *WARDS)
    assert row["domain"] == {}
    assert row["verdict"] == "shown below"


def test_a_stricter_level_needs_more_evidence():
    def n_shown(level):
        return sum(row["verdict"] == "shown below" for row in run_json(*OFFICES, "--level", level))

    assert n_shown("0.5") > n_shown("0.95") > n_shown("0.999999999")


def test_an_office_without_an_error_has_no_verdict(tmp_path):
    file = tmp_path / "offices.csv"
    file.write_text("office,q1\nA,5\nA,1\nB,5\n")
    options = ("--by", "office", "--stratum", "office", "--target", "0.9", "--format", "json")
    rows = run("below-target", file, "--items", "q1", *options).rows
    assert [row["verdict"] for row in rows] == ["not decided", "not estimable"]
    assert rows[1]["p_below"] is None


def test_a_target_in_percent_is_refused():
    answer = run("below-target", SIPAS, "--items", "q1", "--target", "85")
    assert answer.code == 2
    assert answer.faults == ["--target must lie between 0 and 1, such as 0.85; got '85'"]


def test_nothing_to_test_is_a_fault(tmp_path):
    file = tmp_path / "offices.csv"
    file.write_text("office,q1\nA,5\n")
    answer = run("below-target", file, "--items", "q1", "--target", "0.5")
    assert answer.faults == ["below-target: no domain has a standard error; nothing can be compared"]
