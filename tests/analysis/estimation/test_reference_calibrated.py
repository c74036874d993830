"""Indices with calibrated weights, by design, weighting and estimation together, as R printed them."""

from functools import cache

import pytest

from analysis.design import SurveyDesign
from analysis.estimation.estimates import Estimates
from analysis.estimation.index import satisfaction_index
from analysis.intervals.student import t_interval
from analysis.weighting.known_totals.calibrate import calibrate
from analysis.weighting.known_totals.margins import margin_columns
from analysis.weighting.known_totals.poststratification import post_stratify
from tests.analysis.reference_data import (
    FACTORS,
    agrees,
    label,
    numbers,
    office_domain,
    office_ratings,
    read_rows,
    sipas_columns,
)

# The raked rows of R regress without weights; tests/analysis/weighting/test_reference.py has them.
ROWS = [
    row
    for row in read_rows("sipas/expected_calibrated.csv")
    if row["case"] != "K01" and row["design"] != "rake"
]


@cache
def calibrated_design(name: str) -> SurveyDesign:
    columns = sipas_columns()
    base = numbers(columns["w"])
    margins = {"office": {row["office"]: float(row["dossiers"]) for row in read_rows("sipas/offices.csv")}}
    for row in read_rows("sipas/margins.csv"):
        margins.setdefault(row["variable"], {})[row["level"]] = float(row["N"])
    if name == "post_office":
        found = post_stratify(base, columns["office"], margins["office"])
    else:
        names = ("sex", "age", "field") if name == "greg" else ("office", "sex", "age", "field")
        labels = {key: columns[key] for key in names}
        found = calibrate(base, *margin_columns(base, labels, {key: margins[key] for key in names}))
    return SurveyDesign(found.weight, columns["office"], columns["ward"], calibration=found.calibration)


@cache
def calibrated_index(design: str, by: str) -> Estimates:
    columns = {by: sipas_columns()[by]} if by else None
    return satisfaction_index(
        calibrated_design(design), office_ratings(), factors=None if by else FACTORS, by=columns, df="full"
    )


@pytest.mark.parametrize("row", ROWS, ids=label)
def test_calibrated_indices_agree_with_r(row):
    column, domain = office_domain(row["domain"])
    found = calibrated_index(row["design"], column)
    where = found.place(domain, row["variable"])
    value, error = 100 * found.value[where], 100 * found.standard_error[where]
    low, high = t_interval(value, error, found.degrees_of_freedom[where])
    figures = {"estimate": value, "se": error, "ci_low": float(low), "ci_high": float(high)}
    wrong = {
        name: (got, row[name]) for name, got in figures.items() if row[name] and not agrees(got, row[name])
    }
    assert not wrong


def test_every_row_of_three_calibrations_is_a_case():
    assert {row["design"] for row in ROWS} == {"post_office", "greg", "greg_office"}
    assert len(ROWS) == 3 * (6 + 3 + 30 + 9)
