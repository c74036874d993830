"""Variances by replication, row by row as R printed them, of the schools and of the offices."""

import re
from functools import cache

import numpy as np
import pytest

from analysis.domains import Domains
from analysis.estimation.estimates import Estimates
from analysis.estimation.measure import Measure
from analysis.intervals.student import t_interval
from analysis.replication.jackknife import jackknife
from analysis.replication.replicate_weights import ReplicateWeights
from tests.analysis.reference_data import (
    Row,
    agrees,
    columns_of,
    label,
    numbers,
    office_domain,
    office_index,
    read_rows,
    school_estimates,
    school_variable,
    schools,
)

SCHOOLS = [row for row in read_rows("api/expected_replication.csv") if row["stat"] != "scale"]
SCALES = [row for row in read_rows("api/expected_replication.csv") if row["stat"] == "scale"]
OFFICES = read_rows("sipas/expected_replication.csv")
# The files of replicate weights carry 8 or 9 significant digits, hence so do R's results from them.
TOLERANCE_OF_WEIGHT_FILES = 1e-6
FAY_RHO = 0.3


def domain_of(row: Row) -> dict[str, str]:
    column = "g" if row["design"] == "brr_demo" else "stype"
    return {column: row["domain"]} if row["domain"] else {}


def assert_figures(row: Row, estimate, rel: float = 1e-8, unit: float = 1.0) -> None:
    value, error = unit * estimate.value, unit * estimate.standard_error
    figures = {"estimate": value, "se": error, "df": estimate.degrees_of_freedom}
    if row["ci_low"]:
        low, high = t_interval(value, error, float(row["df"]))
        figures |= {"ci_low": float(low), "ci_high": float(high)}
    wrong = {
        name: (got, row[name])
        for name, got in figures.items()
        if row[name] and not agrees(got, row[name], rel)
    }
    assert not wrong


# ---- from the design


def design_of(row: Row) -> str:
    """The name in `reference_data` of the design that R replicated."""
    if row["design"] == "brr_demo":
        return "brr"
    return row["design"] if row["case"].endswith("_fpc") else f"{row['design']}_nofpc"


@pytest.mark.parametrize("row", [row for row in SCHOOLS if "_JK" in row["case"]], ids=label)
def test_the_jackknife_of_schools_agrees_with_r(row):
    domain = domain_of(row)
    linearised = school_estimates(design_of(row), row["stat"], row["variable"], tuple(domain))
    assert_figures(row, jackknife(linearised)[domain, row["variable"]])


@pytest.mark.parametrize("row", [row for row in SCHOOLS if row["case"] == "R4_linearised"], ids=label)
def test_linearised_figures_of_the_same_sample_agree_with_r(row):
    domain = domain_of(row)
    found = school_estimates("brr", row["stat"], row["variable"], tuple(domain))
    assert_figures(row, found[domain, row["variable"]])


@pytest.mark.parametrize("row", OFFICES, ids=label)
def test_the_jackknife_of_indices_agrees_with_r(row):
    column, domain = office_domain(row["domain"])
    linearised = office_index({"JKn": "wr", "JKn_fpc": "onestage_fpc"}[row["design"]], by=column)
    assert_figures(row, jackknifed(linearised)[domain, "all"], unit=100)


@cache
def jackknifed(linearised: Estimates) -> Estimates:
    return jackknife(linearised)


# ---- from files of replicate weights


def weight_file(row: Row) -> np.ndarray:
    case = row["case"].partition("_")[2]
    name = f"brr_demo_{case}" if row["design"] == "brr_demo" else f"clus1_{case}"
    columns = columns_of(f"api/repweights_{name}.csv")
    return np.column_stack([numbers(column) for key, column in columns.items() if key != "row"])


def replicate_weights(row: Row) -> ReplicateWeights:
    """R's scale: in the note for the bootstraps; 1/R for BRR, 1 / (R (1 - rho)²) for Fay."""
    replicates = weight_file(row)
    if row["case"].startswith("R3"):
        scale, factor = (
            float(text) for text in re.findall(r"(?:scale=|rscales all )([0-9.e-]+)", row["note"])
        )
        weight = numbers(schools("clus1")["pw"])
        return ReplicateWeights(weight, replicates, scale, np.full(replicates.shape[1], factor))
    shrunk = (1 - FAY_RHO) ** 2 if row["case"] == "R4_Fay" else 1.0
    return ReplicateWeights(numbers(schools("brr")["w"]), replicates, 1 / (replicates.shape[1] * shrunk))


def replicated(row: Row) -> tuple[Estimates, dict[str, str]]:
    school = schools("brr" if row["design"] == "brr_demo" else "clus1")
    above, _, below = row["variable"].partition("/")
    numerator = school_variable(school, above)[:, None]
    denominator = school_variable(school, below)[:, None] if below else np.ones_like(numerator)
    domain = domain_of(row)
    domains = Domains.crossing({name: school[name] for name in domain}, len(numerator))
    measures = [Measure(row["variable"], (0,), row["stat"])]
    return replicate_weights(row).estimate(numerator, denominator, measures, domains), domain


WEIGHT_FILES = ("R3_bootstrap", "R3_subbootstrap", "R4_BRR", "R4_Fay")


@pytest.mark.parametrize("row", [row for row in SCHOOLS if row["case"] in WEIGHT_FILES], ids=label)
def test_replicate_weights_that_came_with_the_data_agree_with_r(row):
    found, domain = replicated(row)
    assert_figures(row, found[domain, row["variable"]], TOLERANCE_OF_WEIGHT_FILES)


@pytest.mark.parametrize("row", SCALES, ids=label)
def test_the_scale_of_balanced_replicates_agrees_with_r(row):
    assert agrees(replicate_weights(row).scale, row["estimate"])


def test_every_row_is_a_case():
    jackknives = [row for row in SCHOOLS if "_JK" in row["case"]]
    from_files = [row for row in SCHOOLS if row["case"] in WEIGHT_FILES]
    linearised = [row for row in SCHOOLS if row["case"] == "R4_linearised"]
    assert len(jackknives) + len(from_files) + len(linearised) == len(SCHOOLS)
    assert (len(SCHOOLS) + len(SCALES), len(OFFICES)) == (58, 35)
