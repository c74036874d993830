import pytest

from tests.analysis.command.running import SIPAS, WARDS, run, run_json
from tests.analysis.reference_data import read_rows

OFFICES = ("ranks", SIPAS, "--items", "q1-q22", "--by", "office", *WARDS)


@pytest.mark.parametrize(
    "row", read_rows("sipas/expected_simultaneous_and_ranks.csv"), ids=lambda row: row["office"]
)
def test_rank_sets_of_intervals_agree_with_r(row):
    rows = run_json(*OFFICES, "--method", "klein_wright_wieczorek")
    found = next(other for other in rows if other["domain"] == {"office": row["office"]})
    assert found["best_rank"] == int(row["rank_best_kww"])
    assert found["worst_rank"] == int(row["rank_worst_kww"])
    assert found["rank"] == int(row["rank_point"])


def test_ranks_stand_in_their_order_with_the_stated_keys():
    rows = run_json(*OFFICES)
    assert [row["rank"] for row in rows] == list(range(1, 31))
    assert list(rows[0]) == [
        *("domain", "value", "standard_error", "degrees_of_freedom", "low", "high", "n_respondents"),
        *("rank", "best_rank", "worst_rank", "band", "probability_bottom_fifth", "note"),
    ]
    assert all(row["best_rank"] <= row["rank"] <= row["worst_rank"] for row in rows)
    assert sum(row["probability_bottom_fifth"] for row in rows) == pytest.approx(6)


def test_the_same_seed_gives_the_same_ranks():
    assert run(*OFFICES, "--seed", "7").out == run(*OFFICES, "--seed", "7").out
    assert "ranks: mogstad, seed 7" in run(*OFFICES, "--seed", "7").out


def test_domains_that_share_strata_are_compared_with_their_covariances():
    rows = run_json("ranks", SIPAS, "--items", "q1-q22", "--by", "field", *WARDS)
    assert [row["domain"]["field"] for row in rows] == ["civil", "social", "business", "land"]


def test_an_office_without_an_error_comes_last_without_a_rank(tmp_path):
    file = tmp_path / "offices.csv"
    file.write_text(
        "office,ward,q1\n" + "A,1,5\nA,1,1\nA,2,5\nA,2,5\nB,3,1\nB,4,5\nB,4,5\nB,4,4\nC,5,5\nC,5,4\n"
    )
    design = ("--stratum", "office", "--psu", "ward", "--format", "json")
    rows = run("ranks", file, "--items", "q1", "--by", "office", *design).rows
    assert [row["domain"]["office"] for row in rows][-1] == "C"
    assert rows[-1]["rank"] is None
    assert "too few primary sampling units" in rows[-1]["note"]
    assert [row["rank"] for row in rows[:2]] != [None, None]


def test_a_single_office_has_rank_1(tmp_path):
    file = tmp_path / "offices.csv"
    file.write_text("office,q1\nA,5\nA,1\nA,4\n")
    (row,) = run("ranks", file, "--items", "q1", "--by", "office", "--format", "json").rows
    assert (row["rank"], row["best_rank"], row["worst_rank"]) == (1, 1, 1)


def test_nothing_to_rank_is_a_fault(tmp_path):
    file = tmp_path / "offices.csv"
    file.write_text("office,q1\nA,5\n")
    answer = run("ranks", file, "--items", "q1", "--by", "office")
    assert answer.code == 2
    assert answer.faults == ["ranks: no domain has a standard error; nothing can be compared"]


def test_ranks_need_domains():
    answer = run("ranks", SIPAS, "--items", "q1")
    assert answer.code == 2
    assert "the following arguments are required: --by" in answer.err


def test_one_office_that_can_be_ranked_is_told_so(tmp_path):
    file = tmp_path / "two.csv"
    file.write_text("o,w,q1\nA,1,5\nA,2,3\nA,3,4\nB,4,5\nB,5,5\nB,6,5\n", encoding="utf-8")
    rows = run_json("ranks", str(file), "--items", "q1", "--by", "o", "--stratum", "o", "--psu", "w")
    assert rows[0]["note"] == "nothing to rank it among"


def test_ranks_of_self_selected_answers_come_with_a_warning():
    answer = run(*OFFICES, "--sampling-basis", "opt_in")
    assert "opt_in: such ranks compare who chose to answer, not offices" in answer.err
