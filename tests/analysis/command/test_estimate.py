import pytest

from tests.analysis.command.running import find, run, run_json
from tests.analysis.reference_data import FOLDER, read_rows

DESIGNS = {
    "srs": ("apisrs", "--weight", "pw", "--fpc", "fpc"),
    "srs_nofpc": ("apisrs", "--weight", "pw"),
    "strat": ("apistrat", "--weight", "pw", "--fpc", "fpc", "--stratum", "stype"),
    "strat_nofpc": ("apistrat", "--weight", "pw", "--stratum", "stype"),
    "clus1": ("apiclus1", "--weight", "pw", "--fpc", "fpc", "--psu", "dnum"),
    "clus1_nofpc": ("apiclus1", "--weight", "pw", "--psu", "dnum"),
    "clus2": ("apiclus2", "--fpc", "fpc1,fpc2", "--psu", "dnum"),  # weights follow from the sizes, as in R
    "clus2_wr": ("apiclus2", "--weight", "pw", "--psu", "dnum"),
}
CASES = {"A01", "A02", "A03", "A04", "A05", "A06"}
ROWS = [row for row in read_rows("api/expected_estimates.csv") if row["case"] in CASES]
YES = "sch.wide=Yes"


def domain_of(row):
    if row["case"] in {"A01", "A02", "A03"}:
        return {}
    return dict(zip(("stype", "awards"), row["domain"].split("."), strict=False))


def estimated(row):
    file, *design = DESIGNS[row["design"]]
    variable, _, denominator = row["variable"].partition("/")
    variable = f"stype={row['domain']}" if variable == "stype" else variable.replace("==", "=")
    options = ["--statistic", row["stat"], "--variable", variable, "--df", "full", "--interval", "t"]
    options += ["--denominator", denominator] if denominator else []
    domain = domain_of(row)
    by = ("--by", ",".join(domain)) if domain else ()
    rows = run_json("estimate", str(FOLDER / f"api/{file}.csv"), *options, *design, *by)
    return find(rows, f"{variable}/{denominator}" if denominator else variable, **domain)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: "-".join(list(row.values())[:5]))
def test_estimates_agree_with_r(row):
    found = estimated(row)
    assert found["value"] == pytest.approx(float(row["estimate"]), rel=1e-8)
    assert found["degrees_of_freedom"] == int(row["df"])
    if float(row["se"]) < 1e-9:  # shares of the strata do not vary; R prints what rounding leaves
        assert found["standard_error"] < 1e-9
        assert found["note"].startswith("the sampling units do not differ at all")
        return
    assert found["standard_error"] == pytest.approx(float(row["se"]), rel=1e-8)
    assert found["low"] == pytest.approx(float(row["ci_low"]), rel=1e-8)
    assert found["high"] == pytest.approx(float(row["ci_high"]), rel=1e-8)
    if row["deff"]:
        assert found["design_effect"] == pytest.approx(float(row["deff"]), rel=1e-8)


METHODS = {
    "mean": "t",
    "logit": "logit",
    "xlogit": "logit",
    "likelihood": "likelihood",
    "asin": "arcsine",
    "beta": "korn_graubard",
}
TOLERANCES = {"mean": 1e-8, "likelihood": 1e-4}
SHARES = [row for row in read_rows("api/expected_estimates.csv") if row["case"] in {"A07", "A10"}]


@pytest.mark.parametrize("row", SHARES, ids=lambda row: "-".join(list(row.values())[:5]))
def test_intervals_of_proportions_agree_with_r(row):
    file, *design = DESIGNS[row["design"]]
    method = row["stat"].removeprefix("ciprop_")
    options = ["--statistic", "proportion", "--variable", YES, "--interval", METHODS[method]]
    options += ["--no-cap"] if method == "beta" else []
    domain = {"stype": row["domain"]} if row["case"] == "A10" else {}
    options += ["--by", "stype"] if domain else []
    found = find(run_json("estimate", str(FOLDER / f"api/{file}.csv"), *options, *design), YES, **domain)
    tolerance = TOLERANCES.get(method, 1e-6)
    assert found["low"] == pytest.approx(float(row["ci_low"]), rel=tolerance)
    assert found["high"] == pytest.approx(float(row["ci_high"]), rel=tolerance)
    assert found["degrees_of_freedom"] == int(row["df"])


LONELY = [row for row in read_rows("api/expected_lonely.csv") if row["case"] != "L_fail"]


@pytest.mark.parametrize(
    "row", LONELY, ids=lambda row: "-".join([*list(row.values())[:5], row["note"][-20:]])
)
def test_lone_psu_policies_agree_with_r(row):
    variable, _, denominator = row["variable"].partition("/")
    options = ["--statistic", row["stat"], "--variable", variable, "--df", "domain", "--stratum", "stype"]
    options += ["--denominator", denominator] if denominator else []
    options += ["--psu", "psu", "--nest"] if row["design"] == "lonely_cluster" else []
    options += ["--lone-in-domain"] if "=TRUE" in row["note"] else []
    column, _, value = row["domain"].partition("==")
    options += ["--by", column] if column else []
    policy = row["case"].removeprefix("L_")
    file = str(FOLDER / "api/lonely.csv")
    rows = run_json("estimate", file, *options, "--weight", "pw", "--lone-psu", policy)
    found = find(rows, row["variable"], **({column: value} if column else {}))
    assert found["value"] == pytest.approx(float(row["estimate"]), rel=1e-8)
    assert found["standard_error"] == pytest.approx(float(row["se"]), rel=1e-8)
    assert found["degrees_of_freedom"] == int(row["df"])


def test_rows_without_a_value_are_counted_on_stderr():
    file, *design = DESIGNS["clus2_wr"]
    answer = run(
        "estimate", FOLDER / f"api/{file}.csv", "--statistic", "mean", "--variable", "enroll", *design
    )
    assert answer.err == "note: 6 rows without a value are outside of the estimates\n"


def test_a_proportion_takes_a_column_of_0_and_1_or_a_value(tmp_path):
    file = tmp_path / "answers.csv"
    file.write_text("on time,word\n1,Yes\n0,No\n1,Yes\nNA,\n1,Yes\n")
    options = ("--statistic", "proportion", "--format", "json", "--variable")
    (by_number,) = run("estimate", file, *options, "on time").rows
    (by_word,) = run("estimate", file, *options, "word=Yes").rows
    assert by_number["value"] == by_word["value"] == 0.75
    assert by_number["n_respondents"] == 4
    assert 0 <= by_number["low"] < 0.75 < by_number["high"] <= 1
    assert by_number == by_word | {"measure": "on time"}


def test_all_ratios_of_a_list_are_estimated():
    file, *design = DESIGNS["strat"]
    options = ("--statistic", "ratio", "--variable", "api.stu,api00", "--denominator", "enroll,api99")
    rows = run_json("estimate", str(FOLDER / f"api/{file}.csv"), *options, *design)
    assert [row["measure"] for row in rows] == ["api.stu/enroll", "api00/api99"]


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        (("--statistic", "ratio"), "--denominator: must name one column a variable of a ratio"),
        (("--statistic", "mean", "--denominator", "w"), "--denominator: is for a ratio, not for a mean"),
        (
            ("--statistic", "mean", "--interval", "wilson"),
            "--interval wilson: is for proportions; a mean has t limits",
        ),
        (
            ("--statistic", "median"),
            "--statistic must be one of mean, total, ratio, proportion; got 'median'",
        ),
        (("--statistic", "proportion"), "--variable x: must hold 0, 1 or NaN; got 3.0"),
        (("--statistic", "mean", "--variable", "o=C"), "--variable o=C: 'C' does not occur, only 'A', 'B'"),
        (("--statistic", "mean", "--variable", "x,x"), "--variable must name each only once; got 'x,x'"),
        (
            ("--statistic", "mean", "--variable", ","),
            "--variable must be names, separated by commas; got ','",
        ),
    ],
)
def test_a_faulty_option_is_named(tmp_path, options, fault):
    file = tmp_path / "rows.csv"
    file.write_text("o,x,w\nA,3,1\nB,1,1\n")
    answer = run("estimate", file, "--variable", "x", *options)
    assert answer.code == 2
    assert answer.faults == [fault]


def test_two_ratios_may_have_the_same_denominator(tmp_path):
    file = tmp_path / "rows.csv"
    file.write_text("a,b,n\n1,2,4\n2,3,6\n")
    options = ("--statistic", "ratio", "--variable", "a,b", "--denominator", "n,n", "--format", "json")
    rows = run("estimate", file, *options).rows
    assert [(row["measure"], row["value"]) for row in rows] == [("a/n", 0.3), ("b/n", 0.5)]
