"""Calibrated weights, estimates and standard errors of two surveys, row by row as R printed them."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest
from scipy.special import stdtrit

from analysis.calibration import Calibration
from analysis.weighting.diagnostics import weight_diagnostics
from analysis.weighting.known_totals.calibrate import calibrate
from analysis.weighting.known_totals.margins import margin_columns
from analysis.weighting.known_totals.poststratification import post_stratify
from analysis.weighting.known_totals.raking import rake
from analysis.weighting.trimming import trim_weights
from tests.analysis.reference_data import ITEMS, MEASURES, read_rows

API = read_rows("api/expected_calibration.csv")
SIPAS = read_rows("sipas/expected_calibrated.csv")
ITERATED = ("C2", "C5", "C6", "C7", "C8", "C9", "rake")
# R regresses raked influence values without weights. With its regression all rows agree to 1e-8 (tested);
# the weighted one differs by 1.96 % at most, but for two groups: by 2.38 % and 2.25 %.
FARTHER_FROM_R = {"sex=M": 0.024, "field=social": 0.024}
SCHOOLS = {"clus1": "api/apiclus1.csv", "strat": "api/apistrat.csv"}

Residuals = Callable[[np.ndarray], np.ndarray]


def tolerance(case: str) -> float:
    return 1e-6 if case.startswith(ITERATED) else 1e-8


@dataclass
class Weighted:
    """A weighted sample: its design, its weights and what calibration leaves of influence values."""

    stratum: np.ndarray
    psu: np.ndarray
    n_psus: dict[str, float]  # in the population, by stratum; infinite without FPC
    weight: np.ndarray
    residuals: Residuals
    raked: list[np.ndarray]  # the margins that R's rake regresses on, without weights

    def ratio(self, above: np.ndarray, below: np.ndarray, residuals: Residuals) -> tuple[float, float]:
        value = self.weight @ above / (self.weight @ below)
        return value, self.error((above - value * below) / (self.weight @ below), residuals)

    def total(self, values: np.ndarray, residuals: Residuals) -> tuple[float, float]:
        return self.weight @ values, self.error(values, residuals)

    def error(self, influence: np.ndarray, residuals: Residuals) -> float:
        """The linearised standard error, with replacement or one stage: METHODS, section 2."""
        spread = self.weight * residuals(influence)
        variance = 0.0
        for name in np.unique(self.stratum):
            inside = self.stratum == name
            z = np.array([spread[inside & (self.psu == unit)].sum() for unit in np.unique(self.psu[inside])])
            fraction = z.size / self.n_psus[name]
            variance += (1 - fraction) * z.size / (z.size - 1) * ((z - z.mean()) ** 2).sum()
        return float(np.sqrt(variance))

    def unweighted(self, influence: np.ndarray) -> np.ndarray:
        """What R's rake() regresses: no weights, ten rounds of taking out the mean of each level."""
        left = influence.copy()
        for _ in range(10):
            for code in self.raked:
                left = left - (np.bincount(code, left) / np.bincount(code))[code]
        return left


def one_column(calibration: Calibration) -> Residuals:
    return lambda influence: calibration.residuals(influence[:, None])[:, 0]


def codes(*labels: np.ndarray) -> list[np.ndarray]:
    return [np.unique(column, return_inverse=True)[1] for column in labels]


@cache
def columns_of(path: str) -> dict[str, np.ndarray]:
    rows = read_rows(path)
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}


# ---- the schools


@cache
def schools_margins() -> dict[str, dict[str, float]]:
    counts = read_rows("api/apipop_counts.csv")
    margins: dict[str, dict[str, float]] = {"stype": {}, "sch.wide": {}}
    for row in counts:
        for name, margin in margins.items():
            margin[row[name]] = margin.get(row[name], 0) + float(row["N"])
    return margins


def calibrated_schools(case: str, school: dict[str, np.ndarray], base: np.ndarray):
    margins = schools_margins()
    labels = {name: school[name] for name in margins}
    if case == "C1":
        return post_stratify(base, school["stype"], margins["stype"])
    if case in ("C2", "C9"):
        return rake(base, labels, margins, tolerance=1e-13)
    columns, totals = margin_columns(base, {"stype": school["stype"]}, {"stype": margins["stype"]})
    if case == "C3":
        return calibrate(base, columns, totals)
    score = {row["variable"]: float(row["total"]) for row in read_rows("api/apipop_totals.csv")}["api99"]
    columns = np.column_stack([columns, school["api99"].astype(float)])
    totals = {**totals, "api99": score}
    distance, bounds = {
        "C4": ("linear", None),
        "C5": ("raking", None),
        "C6": ("logit", (0.5, 2.5)),
        "C7": ("truncated_linear", (0.5, 2.5)),
    }[case]
    return calibrate(base, columns, totals, distance, bounds)


@cache
def schools(case: str, design: str) -> Weighted:
    school = columns_of(SCHOOLS[design])
    base = school["pw"].astype(float)
    whole = np.zeros(base.size, int)
    stratum = school["stype"] if design == "strat" else whole
    population = dict(zip(stratum.tolist(), school["fpc"].astype(float), strict=True))
    psu = np.arange(base.size) if design == "strat" else school["dnum"]
    if case == "C0":
        return Weighted(stratum, psu, population, base, lambda influence: influence, [])
    if case == "C8":
        before = calibrated_schools("C5", school, base)
        found = trim_weights(before.weight, lower=10, upper=55, calibration=before.calibration)
    else:
        found = calibrated_schools(case, school, base)
    raked = codes(school["stype"], school["sch.wide"])
    return Weighted(stratum, psu, population, found.weight, one_column(found.calibration), raked)


def school_figure(row: dict[str, str], residuals: Residuals | None = None) -> tuple[float, float]:
    sample = schools(row["case"][:2], row["design"])
    school = columns_of(SCHOOLS[row["design"]])
    residuals = residuals or sample.residuals
    if row["stat"] == "total":
        return sample.total(school[row["variable"]].astype(float), residuals)
    domain = (school["stype"] == row["domain"]) if row["domain"] else np.ones(school["stype"].size, bool)
    if row["stat"] == "ratio":
        above, below = (school[name].astype(float) for name in row["variable"].split("/"))
    elif "==" in row["variable"]:
        name, wanted = row["variable"].split("==")
        above, below = (school[name] == wanted).astype(float), np.ones(domain.size)
    else:
        above, below = school[row["variable"]].astype(float), np.ones(domain.size)
    return sample.ratio(above * domain, below * domain, residuals)


API_FIGURES = [row for row in API if row["stat"] in ("mean", "total", "ratio")]


def label(row: dict[str, str]) -> str:
    return "-".join(row[name] for name in ("case", "design", "stat", "variable", "domain"))


def agrees(got: float, wanted: str, rel: float) -> bool:
    return got == pytest.approx(float(wanted), rel=rel, abs=1e-9)


def check_figure(row: dict[str, str], got: tuple[float, float], scale: float, rel: float) -> None:
    value, error = scale * got[0], scale * got[1]
    assert agrees(value, row["estimate"], rel)
    if is_raked(row):
        difference = FARTHER_FROM_R.get(row["domain"], 0.02)
        assert error == pytest.approx(float(row["se"]), rel=difference, abs=1e-9)
        return
    assert agrees(error, row["se"], rel)
    if row["ci_low"]:
        half = stdtrit(float(row["df"]), 0.975) * error
        assert [value - half, value + half] == pytest.approx(
            [float(row["ci_low"]), float(row["ci_high"])], rel=rel
        )


def is_raked(row: dict[str, str]) -> bool:
    return row["case"].startswith(("C2", "C9")) or row["design"] == "rake"


@pytest.mark.parametrize("row", API_FIGURES, ids=label)
def test_estimates_of_schools_agree_with_r(row):
    check_figure(row, school_figure(row), 1, tolerance(row["case"]))


@pytest.mark.parametrize("row", [row for row in API_FIGURES if is_raked(row)], ids=label)
def test_errors_of_raked_schools_agree_with_r_where_the_regression_has_no_weights(row):
    sample = schools(row["case"][:2], row["design"])
    value, error = school_figure(row, sample.unweighted)
    assert agrees(value, row["estimate"], 1e-8)
    assert agrees(error, row["se"], 1e-8)


@pytest.mark.parametrize(
    "row", [row for row in API if row["case"] == "C_wsummary"], ids=lambda row: row["variable"]
)
def test_summaries_of_weights_agree_with_r(row):
    case = {"pw": "C0"}.get(row["variable"], row["variable"][:2])
    found = weight_diagnostics(schools(case, "clus1").weight)
    kish = float(row["note"].split("Kish deff=")[1])
    wanted = [float(row["estimate"]), float(row["ci_low"]), float(row["ci_high"]), kish]
    got = [found.weight_sum, found.minimum, found.maximum, found.design_effect]
    assert got == pytest.approx(wanted, rel=tolerance(case))


def test_the_sum_of_trimmed_weights_agrees_with_r():
    (row,) = [row for row in API if row["case"] == "C8_trim" and row["stat"] == "sum_weights"]
    assert schools("C8", "clus1").weight.sum() == pytest.approx(float(row["estimate"]), rel=1e-11)


@pytest.mark.parametrize(
    "case", [name for name in read_rows("api/calibrated_weights_clus1.csv")[0] if name[0] == "C"]
)
def test_weights_of_schools_agree_with_r(case):
    wanted = columns_of("api/calibrated_weights_clus1.csv")[case].astype(float)
    np.testing.assert_allclose(schools(case[:2], "clus1").weight, wanted, rtol=tolerance(case))


def test_every_expected_row_of_the_schools_is_a_case():
    n_summaries = sum(row["case"] == "C_wsummary" for row in API)
    n_sums = sum(row["stat"] == "sum_weights" for row in API)
    assert len(API_FIGURES) + n_summaries + n_sums == len(API)


# ---- the offices


@cache
def citizens() -> dict[str, np.ndarray]:
    columns = dict(columns_of("sipas/respondents.csv"))
    answers = np.column_stack([np.where(columns[q] == "", "0", columns[q]).astype(int) for q in ITEMS])
    for name, items in MEASURES.items():
        chosen = answers[:, list(items)]
        columns[f"ok_{name}"] = ((chosen == 4) | (chosen == 5)).sum(axis=1)
        columns[f"nv_{name}"] = ((chosen >= 1) & (chosen <= 5)).sum(axis=1)
    return columns


@cache
def office_margins() -> dict[str, dict[str, float]]:
    margins: dict[str, dict[str, float]] = {
        "office": {row["office"]: float(row["dossiers"]) for row in read_rows("sipas/offices.csv")}
    }
    for row in read_rows("sipas/margins.csv"):
        margins.setdefault(row["variable"], {})[row["level"]] = float(row["N"])
    return margins


@cache
def offices(case: str) -> Weighted:
    columns, margins = citizens(), office_margins()
    base = columns["w"].astype(float)
    people = ("sex", "age", "field")
    if case == "post_office":
        found = post_stratify(base, columns["office"], margins["office"])
    elif case == "rake":
        labels = {name: columns[name] for name in people}
        found = rake(base, labels, {name: margins[name] for name in people}, tolerance=1e-13)
    else:
        names = people if case == "greg" else ("office", *people)
        labels = {name: columns[name] for name in names}
        found = calibrate(base, *margin_columns(base, labels, {name: margins[name] for name in names}))
    return Weighted(
        stratum=columns["office"],
        psu=columns["ward"],
        n_psus=dict.fromkeys(columns["office"].tolist(), np.inf),
        weight=found.weight,
        residuals=one_column(found.calibration),
        raked=codes(*(columns[name] for name in people)),
    )


def office_figure(row: dict[str, str], residuals: Residuals | None = None) -> tuple[float, float]:
    columns, sample, domain = citizens(), offices(row["design"]), row["domain"]
    column, _, wanted = domain.partition("=")
    if row["case"] != "K05":
        column, wanted = {"K02": "none", "K03": "province", "K04": "office"}[row["case"]], domain
    inside = np.ones(4943, bool) if column == "none" else columns[column] == wanted
    above, below = columns[f"ok_{row['variable']}"] * inside, columns[f"nv_{row['variable']}"] * inside
    return sample.ratio(above, below, residuals or sample.residuals)


SIPAS_FIGURES = [row for row in SIPAS if row["case"] != "K01"]


@pytest.mark.parametrize("row", SIPAS_FIGURES, ids=label)
def test_indices_of_offices_agree_with_r(row):
    check_figure(row, office_figure(row), 100, tolerance(row["design"]))


@pytest.mark.parametrize("row", [row for row in SIPAS_FIGURES if is_raked(row)], ids=label)
def test_errors_of_raked_indices_agree_with_r_where_the_regression_has_no_weights(row):
    value, error = office_figure(row, offices("rake").unweighted)
    assert agrees(100 * value, row["estimate"], 1e-8)
    assert agrees(100 * error, row["se"], 1e-8)


@pytest.mark.parametrize("row", [row for row in SIPAS if row["case"] == "K01"], ids=label)
def test_sum_and_range_of_office_weights_agree_with_r(row):
    found = weight_diagnostics(offices(row["design"]).weight)
    wanted = [float(row[name]) for name in ("estimate", "ci_low", "ci_high")]
    assert [found.weight_sum, found.minimum, found.maximum] == pytest.approx(
        wanted, rel=tolerance(row["design"])
    )


@pytest.mark.parametrize("case", ["rake", "post_office", "greg", "greg_office"])
def test_weights_of_offices_agree_with_r(case):
    wanted = columns_of("sipas/calibrated_weights.csv")[case].astype(float)
    np.testing.assert_allclose(offices(case).weight, wanted, rtol=tolerance(case))
