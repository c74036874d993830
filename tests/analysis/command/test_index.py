import pytest

from tests.analysis.command.running import SIPAS, WARDS, find, run, run_json
from tests.analysis.reference_data import read_rows

FACTORS = {
    "f1_access": "q1-q4",
    "f2_procedure": "q5-q9",
    "f3_staff": "q10-q14",
    "f4_result": "q15-q18",
    "f5_feedback": "q19-q22",
}
ITEMS = ("index", SIPAS, "--items", "q1-q22", "--satisfied", "4,5", "--valid", "1-5")
GROUPS = tuple(part for name, items in FACTORS.items() for part in ("--factor", f"{name}={items}"))
DESIGNS = {
    "wr": WARDS,
    "onestage_fpc": (*WARDS, "--fpc", "ward_M"),
    "twostage": (*WARDS, "--fpc", "ward_M,ward_N"),
    "element_fpc": ("--stratum", "office", "--weight", "w", "--fpc", "office_N"),
    "naive": ("--weight", "w"),
}
RULES = {"index_meanscore": "mean_score", "index_itemavg": "item_mean"}
KEYS = [
    "measure",
    "domain",
    "value",
    "standard_error",
    "degrees_of_freedom",
    "low",
    "high",
    "n_respondents",
    "design_effect",
    "note",
]
ROWS = [
    row
    for row in read_rows("sipas/expected_index.csv")
    if row["case"] in {"S01", "S02", "S03", "S04", "S05", "S06", "S07"}
]


def domain_of(row):
    name = row["domain"]
    if name == "ALL":
        return {}
    if "=" in name:
        return dict([name.split("=")])
    return {"province": name} if len(name) == 3 else {"office": name}


def estimated(row):
    domain = domain_of(row)
    df = "domain" if row["stat"].endswith("dfdom") else "full"
    options = ("--rule", RULES.get(row["stat"], "pooled"), "--df", df, "--interval", "t")
    by = ("--by", next(iter(domain))) if domain else ()
    more = ("--per-item",) if row["case"] == "S07" else GROUPS
    rows = run_json(*ITEMS, *DESIGNS[row["design"]], *options, *by, *more)
    return find(rows, row["variable"], **domain)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: "-".join(list(row.values())[:5]))
def test_indices_agree_with_r(row):
    found = estimated(row)
    assert 100 * found["value"] == pytest.approx(float(row["estimate"]), rel=1e-8)
    assert 100 * found["standard_error"] == pytest.approx(float(row["se"]), rel=1e-8)
    assert found["degrees_of_freedom"] == int(row["df"])
    assert 100 * found["low"] == pytest.approx(float(row["ci_low"]), rel=1e-8)
    assert 100 * found["high"] == pytest.approx(float(row["ci_high"]), rel=1e-8)
    if row["deff"]:
        assert found["design_effect"] == pytest.approx(float(row["deff"]), rel=1e-8)


SHARES = [row for row in read_rows("sipas/expected_index.csv") if row["case"] == "S09"]
METHODS = {"mean": "t", "logit": "logit", "xlogit": "logit", "asin": "arcsine", "beta": "korn_graubard"}


@pytest.mark.parametrize("row", SHARES, ids=lambda row: "-".join(list(row.values())[:5]))
def test_intervals_of_an_item_agree_with_r(row):
    method = row["stat"].removeprefix("ciprop_")
    options = ("--by", "office", "--interval", METHODS[method], *(["--no-cap"] if method == "beta" else []))
    rows = run_json("index", SIPAS, "--items", "q22", *DESIGNS[row["design"]], *options)
    found = next(other for other in rows if other["domain"]["office"] == row["domain"])
    assert found["value"] == pytest.approx(float(row["estimate"]), rel=1e-8)
    assert found["degrees_of_freedom"] == int(row["df"])
    if found["value"] == 1:  # R has a point or nothing here
        assert 0 < found["low"] < found["high"] == 1
        return
    tolerance = 1e-8 if method == "mean" else 1e-6
    assert found["low"] == pytest.approx(float(row["ci_low"]), rel=tolerance)
    assert found["high"] == pytest.approx(float(row["ci_high"]), rel=tolerance)


def test_the_effective_sample_size_is_capped_unless_said_otherwise():
    options = ("index", SIPAS, "--items", "q22", *WARDS, "--by", "office", "--interval", "wilson")
    pairs = list(zip(run_json(*options), run_json(*options, "--no-cap"), strict=True))
    wider = [capped["high"] - capped["low"] > free["high"] - free["low"] for capped, free in pairs]
    assert 0 < sum(wider) < 30
    assert all(is_wider or capped == free for is_wider, (capped, free) in zip(wider, pairs, strict=True))


def test_json_has_the_stated_keys_in_their_order():
    rows = run_json(*ITEMS, *WARDS, "--by", "province,sex", "--per-item", *GROUPS)
    assert all(list(row) == KEYS for row in rows)
    assert [row["measure"] for row in rows[:7]] == ["all", *FACTORS, "q1"]
    assert rows[0]["domain"] == {"province": "P01", "sex": "F"}
    assert len(rows) == 6 * 28


def test_without_by_the_domain_is_empty():
    assert [row["domain"] for row in run_json(*ITEMS, *WARDS)] == [{}]


def test_codes_outside_the_valid_ones_are_counted_on_stderr():
    answer = run(*ITEMS, *WARDS)
    assert (
        "code 9 lies outside of --valid and is item nonresponse: 4636 answers (q1: 93, q2: 102" in answer.err
    )
    assert "3 rows without a valid answer add nothing to an index, but are counted" in answer.err


def test_strict_refuses_codes_outside_the_valid_ones():
    answer = run("index", SIPAS, "--items", "q1,q19", "--strict")
    assert answer.code == 2
    assert answer.faults == [
        "--strict: q1 has the code 9 outside of --valid, 93 times, first on line 29",
        "--strict: q19 has the code 9 outside of --valid, 735 times, first on line 8",
    ]
    assert answer.out == ""


def test_dont_know_may_be_declared_a_valid_answer():
    (row,) = run_json("index", SIPAS, "--items", "q1-q22", "--valid", "1-5,9", *WARDS)
    expected = next(row for row in read_rows("sipas/expected_index.csv") if row["case"] == "S08")
    assert 100 * row["value"] == pytest.approx(float(expected["estimate"]), rel=1e-8)
    assert 100 * row["standard_error"] == pytest.approx(float(expected["se"]), rel=1e-8)


def test_item_lists_mix_names_and_ranges():
    (mixed,) = run_json("index", SIPAS, "--items", "q1-q4, q7")
    (named,) = run_json("index", SIPAS, "--items", "q1,q2,q3,q4,q7")
    assert mixed == named


def test_local_psu_ids_are_nested_in_their_strata(tmp_path):
    file = tmp_path / "local.csv"
    file.write_text("o,p,q1\nA,1,5\nA,2,4\nA,2,1\nB,1,5\nB,2,2\nB,3,4\n")
    assert run("index", file, "--items", "q1", "--stratum", "o", "--psu", "p").faults == [
        "--psu p: '1' lies in strata 'A' and 'B' (line 5); --nest says that ids are local to their stratum",
        "--psu p: '2' lies in strata 'A' and 'B' (line 6); --nest says that ids are local to their stratum",
    ]
    (row,) = run(
        "index", file, "--items", "q1", "--stratum", "o", "--psu", "p", "--nest", "--format", "json"
    ).rows
    assert row["degrees_of_freedom"] == 3


def test_the_table_says_what_it_rests_on():
    text = run(*ITEMS, *WARDS, "--by", "province").out
    assert text.splitlines()[0].split() == ["province", "value", "s.e.", "df", "low", "high", "n", "deff"]
    assert text.splitlines()[2].split() == ["P01", "0.835", "0.012", "82", "0.809", "0.858", "1814", "5.05"]
    assert "rule: pooled" in text
    assert "interval: agresti_coull, level 0.95, degrees of freedom of the domain's own PSUs" in text
    assert "design: 242 PSUs in 30 strata, no finite population correction, probability" in text
    assert "lone PSUs: not_estimable" in text
    assert "rows: 4943 read, 3 of them without an answer" in text


def test_everybody_satisfied_has_an_interval(tmp_path):
    file = tmp_path / "constant.csv"
    file.write_text("office,q1\n" + "A,5\n" * 20)
    (row,) = run("index", file, "--items", "q1", "--by", "office", "--format", "json").rows
    assert row["value"] == 1
    assert 0.8 < row["low"] < row["high"] == 1


def test_an_office_of_one_unit_says_why_it_has_no_interval(tmp_path):
    file = tmp_path / "lone.csv"
    file.write_text("office,ward,q1\nA,1,5\nA,2,4\nA,2,1\nB,3,5\nB,3,4\n")
    design = ("--stratum", "office", "--psu", "ward", "--by", "office", "--format", "json")
    lone = run("index", file, "--items", "q1", *design).rows[1]
    assert lone["standard_error"] is None
    assert lone["low"] is None
    assert "too few primary sampling units" in lone["note"]
    refused = run("index", file, "--items", "q1", *design, "--lone-psu", "fail")
    assert refused.code == 2
    assert refused.faults == ["--lone-psu fail: must have two PSUs under lone_psu='fail'; got 'B'"]


def test_rows_without_a_label_stay_in_the_design_and_out_of_the_domains(tmp_path):
    file = tmp_path / "gaps.csv"
    file.write_text("office,q1\nA,5\nA,1\nB,5\nB,4\n,4\n")
    answer = run("index", file, "--items", "q1", "--by", "office", "--format", "json")
    assert [row["domain"] for row in answer.rows] == [{"office": "A"}, {"office": "B"}]
    assert "1 rows have an empty office" in answer.err


def test_numbered_offices_stand_in_the_order_of_numbers(tmp_path):
    file = tmp_path / "numbered.csv"
    file.write_text("office,q1\n10,5\n10,1\n9,5\n9,4\n")
    answer = run("index", file, "--items", "q1", "--by", "office", "--format", "json")
    assert [row["domain"]["office"] for row in answer.rows] == ["9", "10"]


@pytest.mark.parametrize(
    ("option", "fault"),
    [
        (("--factor", "x=q23"), "--factor x: must consist of --items; got 'q23'"),
        (("--factor", "all=q1"), "--factor all: the name is taken"),
        (("--factor", "q1"), "--factor must read NAME=ITEMS, such as access=q1-q4; got 'q1'"),
        (("--satisfied", "6"), "--satisfied: must be among the --valid codes; got 6"),
        (("--level", "95"), "--level must lie between 0 and 1, such as 0.95; got '95'"),
        (("--rule", "mean"), "--rule must be one of pooled, mean_score, item_mean; got 'mean'"),
        (("--by", "ofice"), f"--by: {SIPAS} has no column 'ofice'; is 'office' meant?"),
        (("--fpc", "ward_M,ward_N"), "--fpc ward_M,ward_N: two stages need --psu"),
        (("--fpc", "q1,q2,q3"), "--fpc q1,q2,q3: must be one or two columns"),
    ],
)
def test_a_faulty_option_is_named(option, fault):
    answer = run("index", SIPAS, "--items", "q1-q22", *option)
    assert answer.code == 2
    assert answer.faults == [fault]


def test_several_faulty_options_are_named_at_once():
    answer = run("index", SIPAS, "--items", "q1", "--level", "2", "--df", "both")
    assert len(answer.faults) == 2
