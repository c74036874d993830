"""Figures of the schools, row by row as R printed them; the rows are told in reference/api/README.md."""

import math

import numpy as np
import pytest

from analysis.design import SurveyDesign
from analysis.errors import AnalysisError
from analysis.estimation.estimates import Estimates
from analysis.estimation.statistics import mean, ratio, total
from analysis.intervals.student import t_interval
from tests.analysis.reference_data import (
    Row,
    agrees,
    label,
    numbers,
    read_rows,
    school_design,
    school_estimates,
    schools,
)

ROWS = read_rows("api/expected_estimates.csv")
LONELY = read_rows("api/expected_lonely.csv")
METHODS = {
    "logit": "logit",  # R's logit and xlogit agree to 1e-9: both are t on the logit scale
    "xlogit": "logit",
    "beta": "korn_graubard",
    "asin": "arcsine",
    "likelihood": "likelihood",
    "mean": "t",
}
# R iterates for the first two (reference/README.md); the others are formulas.
TOLERANCES = {"likelihood": 1e-4, "logit": 1e-6}


def of(*cases: str) -> list[Row]:
    return [row for row in ROWS if row["case"] in cases]


def domain_of(row: Row) -> dict[str, str]:
    values = row["domain"].split(".") if row["domain"] else []
    return dict(zip(("stype", "awards"), values, strict=False))


def assert_figure(row: Row, found: Estimates, domain: dict[str, str], measure: str) -> None:
    """Compare value, standard error, degrees of freedom, design effect and t limits, those that R has."""
    place = found.place(domain, measure)
    value, error = float(found.value[place]), float(found.standard_error[place])
    freedom = float(found.degrees_of_freedom[place])
    low, high = map(float, t_interval(value, error, float(row["df"] or "inf")))
    figures = {
        "estimate": value,
        "se": error,
        "df": freedom,
        "deff": float(found.design_effect[place]),
        "ci_low": low,
        "ci_high": high,
    }
    wrong = {
        name: (got, row[name]) for name, got in figures.items() if row[name] and not agrees(got, row[name])
    }
    assert not wrong
    if row["ci_low"] and (interval := found[domain, measure].confidence_interval(method="t")):
        assert (interval.low, interval.high) == (low, high)


@pytest.mark.parametrize("row", of("A00"), ids=label)
def test_degrees_of_freedom_and_sums_of_weights_agree_with_r(row):
    design = school_design(row["design"])
    found = school_estimates(row["design"], "mean", "api00").degrees_of_freedom[0, 0]
    assert agrees({"degf": found, "sum_weights": design.weight.sum()}[row["stat"]], row["estimate"], 1e-11)


@pytest.mark.parametrize("row", of("A01", "A02", "A03"), ids=label)
def test_means_totals_and_ratios_of_the_whole_agree_with_r(row):
    variable = f"stype={row['domain']}" if row["variable"] == "stype" else row["variable"]
    assert_figure(row, school_estimates(row["design"], row["stat"], variable), {}, variable)


@pytest.mark.parametrize("row", of("A04", "A05", "A06"), ids=label)
def test_means_totals_and_ratios_of_domains_agree_with_r(row):
    domain = domain_of(row)
    found = school_estimates(row["design"], row["stat"], row["variable"], tuple(domain))
    assert_figure(row, found, domain, row["variable"])


@pytest.mark.parametrize("row", of("A07", "A08", "A09", "A10"), ids=label)
def test_proportions_and_their_intervals_agree_with_r(row):
    domain = domain_of(row)
    df = "domain" if row["case"] == "A10" else "full"
    found = school_estimates(row["design"], "proportion", row["variable"], tuple(domain), df)
    estimate = found[domain, row["variable"]]
    method = row["stat"].removeprefix("ciprop_")
    rel = TOLERANCES.get(method, 1e-8)
    assert estimate.degrees_of_freedom == int(row["df"])
    if row["estimate"]:
        assert agrees(estimate.value, row["estimate"], rel)
        assert agrees(estimate.standard_error, row["se"])
    interval = estimate.confidence_interval(method=METHODS[method], cap=False)
    if row["ci_low"] and float(row["se"]) > 1e-9:
        assert agrees(interval.low, row["ci_low"], rel)
        assert agrees(interval.high, row["ci_high"], rel)
    else:  # all schools of the sample: R gives a point, nothing or an error
        assert 0 < interval.low < 1
        assert interval.high == 1


def covered(design: str) -> Estimates:
    """Both scores as measures of one table, which the covariance needs."""
    school = schools(design)
    scores = {name: numbers(school[name]) for name in ("api00", "api99")}
    return mean(school_design(design), scores, df="full")


def difference(found: Estimates, first: tuple, second: tuple) -> tuple[float, float, np.ndarray]:
    """Value and standard error of first minus second, and their covariance matrix."""
    matrix = found.covariance([first, second])
    error = math.sqrt(matrix[0, 0] + matrix[1, 1] - 2 * matrix[0, 1])
    return found[first].value - found[second].value, error, matrix


@pytest.mark.parametrize("row", of("A11", "A12"), ids=label)
def test_differences_and_covariances_agree_with_r(row):
    if row["case"] == "A11":
        found, first, second = covered(row["design"]), ({}, "api00"), ({}, "api99")
    else:
        found = school_estimates(row["design"], "mean", "api00", ("stype",))
        first, second = ({"stype": "E"}, "api00"), ({"stype": "M"}, "api00")
    value, error, matrix = difference(found, first, second)
    if row["stat"] == "covariance":
        assert agrees(matrix[0, 1], row["estimate"], scale=math.sqrt(matrix[0, 0] * matrix[1, 1]))
        return
    low, high = t_interval(value, error, math.inf)  # R's confint of a contrast is a z interval
    for got, name in ((value, "estimate"), (error, "se"), (low, "ci_low"), (high, "ci_high")):
        assert agrees(float(got), row[name])


@pytest.mark.parametrize("row", of("A13"), ids=label)
def test_the_delta_method_on_totals_is_the_linearised_ratio(row):
    assert_figure(row, school_estimates(row["design"], "ratio", "api00/api99"), {}, "api00/api99")


@pytest.mark.parametrize("row", of("A14"), ids=label)
def test_the_z_interval_is_the_t_interval_of_infinite_degrees_of_freedom(row):
    estimate = school_estimates(row["design"], "mean", "api00")[0, "api00"]
    low, high = t_interval(estimate.value, estimate.standard_error, math.inf)
    for got, name in ((estimate.value, "estimate"), (estimate.standard_error, "se"), (low, "ci_low")):
        assert agrees(float(got), row[name])
    assert agrees(float(high), row["ci_high"])


def lonely_estimates(row: Row) -> tuple[Estimates, dict[str, str]]:
    """One school is left in stratum H; the policy and the part of the sample are in the row."""
    school = schools("lonely")
    design = SurveyDesign(
        numbers(school["pw"]),
        school["stype"],
        school["psu"] if row["design"] == "lonely_cluster" else None,
        nest=True,
        lone_psu=row["case"].removeprefix("L_"),
        lone_in_domain="lonely=TRUE" in row["note"],
    )
    column, _, value = row["domain"].partition("==")
    by, names = (
        ({column: school[column]}, row["variable"].split("/")) if column else ({}, row["variable"].split("/"))
    )
    if row["stat"] == "ratio":
        above, below = ({row["variable"]: numbers(school[name])} for name in names)
        return ratio(design, above, below, by), {column: value} if column else {}
    estimate = {"mean": mean, "total": total}[row["stat"]]
    return estimate(design, {names[0]: numbers(school[names[0]])}, by), {column: value} if column else {}


@pytest.mark.parametrize("row", [row for row in LONELY if row["case"] != "L_fail"], ids=label)
def test_policies_for_a_stratum_of_one_psu_agree_with_r(row):
    found, domain = lonely_estimates(row)
    assert_figure(row, found, domain, row["variable"])


@pytest.mark.parametrize("row", [row for row in LONELY if row["case"] == "L_fail"], ids=label)
def test_the_policy_fail_stops_where_r_stops(row):
    with pytest.raises(AnalysisError, match=r"stratum must have two PSUs under lone_psu='fail'; got \[1\]"):
        lonely_estimates(row)


def test_every_row_of_the_schools_is_a_case():
    assert {row["case"] for row in ROWS} == {f"A{number:02d}" for number in range(15)}
    assert (len(ROWS), len(LONELY)) == (569, 57)
