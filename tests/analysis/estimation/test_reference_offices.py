"""Indices of the offices, row by row as R printed them; the rows are told in reference/sipas/README.md."""

import math

import pytest

from analysis.estimation.estimate import Estimate
from analysis.estimation.index import satisfaction_index
from analysis.intervals.student import t_interval
from tests.analysis.reference_data import (
    Row,
    agrees,
    label,
    office_design,
    office_domain,
    office_index,
    office_ratings,
    read_rows,
)

ROWS = read_rows("sipas/expected_index.csv")
RULES = {"S04": "mean_score", "S06": "item_mean"}
METHODS = {"logit": "logit", "xlogit": "logit", "beta": "korn_graubard", "asin": "arcsine", "mean": "t"}


def of(*cases: str) -> list[Row]:
    return [row for row in ROWS if row["case"] in cases]


def estimate_of(row: Row) -> Estimate:
    column, domain = office_domain(row["domain"])
    df = "domain" if row["stat"] == "index_pooled_dfdom" else "full"
    return office_index(row["design"], RULES.get(row["case"], "pooled"), column, df)[domain, row["variable"]]


@pytest.mark.parametrize("row", of("S00"), ids=label)
def test_degrees_of_freedom_and_sums_of_weights_agree_with_r(row):
    degrees = office_index(row["design"])[0, "all"].degrees_of_freedom
    sums = {"degf": degrees, "sum_weights": office_design(row["design"]).weight.sum()}
    assert agrees(sums[row["stat"]], row["estimate"], 1e-11)


@pytest.mark.parametrize("row", of("S01", "S02", "S03", "S04", "S05", "S06", "S07"), ids=label)
def test_indices_agree_with_r(row):
    estimate = estimate_of(row)
    interval = estimate.confidence_interval(method="t", cap=False)
    figures = {
        "estimate": 100 * estimate.value,
        "se": 100 * estimate.standard_error,
        "ci_low": 100 * interval.low,
        "ci_high": 100 * interval.high,
        "df": estimate.degrees_of_freedom,
        "deff": estimate.design_effect,
    }
    wrong = {
        name: (got, row[name]) for name, got in figures.items() if row[name] and not agrees(got, row[name])
    }
    assert not wrong


@pytest.mark.parametrize("row", of("S08"), ids=label)
def test_an_index_in_which_dont_know_is_not_satisfied_agrees_with_r(row):
    ratings = office_ratings(valid=(1, 2, 3, 4, 5, 9))
    estimate = satisfaction_index(office_design(row["design"]), ratings, df="full")[0, "all"]
    assert agrees(100 * estimate.value, row["estimate"])
    assert agrees(100 * estimate.standard_error, row["se"])
    assert estimate.degrees_of_freedom == int(row["df"])


@pytest.mark.parametrize("row", of("S09"), ids=label)
def test_one_item_by_office_and_its_intervals_agree_with_r(row):
    estimate = office_index(row["design"], "pooled", "office", "domain")[{"office": row["domain"]}, "q22"]
    method = row["stat"].removeprefix("ciprop_")
    rel = 1e-6 if method == "logit" else 1e-8  # R's logit iterates (reference/README.md)
    assert agrees(estimate.value, row["estimate"], rel)
    assert agrees(estimate.standard_error, row["se"])
    assert estimate.degrees_of_freedom == int(row["df"])
    interval = estimate.confidence_interval(method=METHODS[method], cap=False)
    if row["ci_low"] and float(row["se"]) > 1e-9:
        assert agrees(interval.low, row["ci_low"], rel)
        assert agrees(interval.high, row["ci_high"], rel)
    else:  # everybody satisfied: R gives a point or nothing
        assert 0 < interval.low < 1
        assert interval.high == 1


@pytest.mark.parametrize("row", of("S10"), ids=label)
def test_differences_of_provinces_agree_with_r(row):
    found = office_index(row["design"], by="province")
    first, second = (({"province": name}, "all") for name in row["domain"].split("-"))
    matrix = found.covariance([first, second])
    value = found[first].value - found[second].value
    error = math.sqrt(matrix[0, 0] + matrix[1, 1] - 2 * matrix[0, 1])
    low, high = t_interval(value, error, found[first].degrees_of_freedom)
    for got, name in ((value, "estimate"), (error, "se"), (low, "ci_low"), (high, "ci_high")):
        assert agrees(100 * float(got), row[name])
    assert found[first].degrees_of_freedom == int(row["df"])


@pytest.mark.parametrize("row", of("S11"), ids=label)
def test_covariances_of_fields_that_share_wards_agree_with_r(row):
    found = office_index(row["design"], by="field")
    first, second = (({"field": name}, "all") for name in row["domain"].split(","))
    matrix = found.covariance([first, second])
    assert agrees(1e4 * matrix[0, 1], row["estimate"])


def test_every_row_of_the_offices_is_a_case():
    assert {row["case"] for row in ROWS} == {f"S{number:02d}" for number in range(12)}
    assert len(ROWS) == 2775


def test_counts_of_the_whole_survey_are_those_of_its_rows():
    found = office_index("wr")
    assert found[0, "all"].n_respondents == 4943
    assert found[0, "all"].n_answers == office_ratings().valid.sum()
    assert found[0, "q22"].n_respondents == found[0, "q22"].n_answers == office_ratings().valid[:, 21].sum()
