"""The reference samples as designs and estimates, and the rows that R computed from them.

Designs and estimates are made once per run and shared by the cases: `functools.cache`.
"""

import csv
import re
from functools import cache
from pathlib import Path

import numpy as np

from analysis.design import SurveyDesign
from analysis.estimation.estimate_measures import DfRule
from analysis.estimation.estimates import Estimates
from analysis.estimation.index import Rule, satisfaction_index
from analysis.estimation.statistics import mean, proportion, ratio, total
from analysis.ratings import Ratings

Row = dict[str, str]

FOLDER = Path(__file__).parent / "reference"
ITEMS = [f"q{j}" for j in range(1, 23)]
FACTORS = {
    "f1_access": ITEMS[:4],
    "f2_procedure": ITEMS[4:9],
    "f3_staff": ITEMS[9:14],
    "f4_result": ITEMS[14:18],
    "f5_feedback": ITEMS[18:],
}
MEASURES = {
    "all": range(22),
    **{name: range(ITEMS.index(items[0]), ITEMS.index(items[-1]) + 1) for name, items in FACTORS.items()},
    **{item: [j] for j, item in enumerate(ITEMS)},
}

# ---- rows


def read_rows(path: str) -> list[Row]:
    with (FOLDER / path).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@cache
def columns_of(path: str) -> dict[str, np.ndarray]:
    """The columns of a file as texts."""
    rows = read_rows(path)
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}


def numbers(column: np.ndarray) -> np.ndarray:
    """Texts as floats, NaN where R wrote NA or nothing."""
    return np.where(np.isin(column, ("", "NA")), "nan", column).astype(float)


def label(row: Row) -> str:
    """A case's name in the report of the tests; two rows may differ in their note alone."""
    cells = [row[name] for name in ("case", "design", "stat", "variable", "domain") if row[name]]
    if policy := re.search(r"domain\.lonely=(\w+)", row["note"]):
        cells.append(policy[1])
    return "-".join(cells)


def agrees(got: float | None, cell: str, rel: float = 1e-8, scale: float = 1.0) -> bool:
    """Whether a figure is R's. R's 1e-17 is a rounded zero: below 1e-9 of `scale` both count as 0."""
    wanted = float(cell)
    if got is None:
        return False
    return abs(got - wanted) <= rel * abs(wanted) + (1e-9 * scale if abs(wanted) < 1e-9 * scale else 0.0)


# ---- schools: the api samples


_SCHOOL_FILES = {
    "srs": "apisrs",
    "strat": "apistrat",
    "clus1": "apiclus1",
    "clus2": "apiclus2",
    "brr": "brr_demo",
    "lonely": "lonely",
}


def schools(design: str) -> dict[str, np.ndarray]:
    """The sample of a design; "clus1_nofpc" is of the same sample as "clus1"."""
    return columns_of(f"api/{_SCHOOL_FILES[design.partition('_')[0]]}.csv")


@cache
def school_design(name: str) -> SurveyDesign:
    """The designs of reference/api/README.md, one of them per name."""
    school = schools(name)
    sample, _, variant = name.partition("_")
    if sample == "brr":
        return SurveyDesign(numbers(school["w"]), school["stratum"], school["psu"], nest=True)
    weight = numbers(school["pw"])
    fpc = numbers(school["fpc"]) if sample != "clus2" and not variant else None
    if sample == "srs":
        return SurveyDesign(weight, fpc=fpc)
    if sample == "strat":
        return SurveyDesign(weight, school["stype"], fpc=fpc)
    if sample == "clus1":
        return SurveyDesign(weight, psu=school["dnum"], fpc=fpc)
    return SurveyDesign(weight, psu=school["dnum"]) if variant == "wr" else _two_stage_schools(school)


def _two_stage_schools(school: dict[str, np.ndarray]) -> SurveyDesign:
    """R takes the weights of `clus2` from the population sizes: M / m of districts, N_i / n_i of schools."""
    districts, place, n_schools = np.unique(school["dnum"], return_inverse=True, return_counts=True)
    sizes = numbers(school["fpc1"]), numbers(school["fpc2"])
    weight = sizes[0] / districts.size * sizes[1] / n_schools[place]
    return SurveyDesign(weight, psu=school["dnum"], fpc=sizes)


def school_variable(school: dict[str, np.ndarray], name: str) -> np.ndarray:
    if name == "sch.wide==Yes":
        return (school["sch.wide"] == "Yes").astype(float)
    if name.startswith("api00>"):
        return (numbers(school["api00"]) > float(re.findall(r">(\d+)", name)[0])).astype(float)
    if name.startswith("stype="):
        return (school["stype"] == name[6:]).astype(float)
    return numbers(school[name])


@cache
def school_estimates(
    design: str, statistic: str, variable: str, by: tuple[str, ...] = (), df: DfRule = "full"
) -> Estimates:
    """One statistic of one variable (for a ratio "y/x"); the measure has the variable's name."""
    school, columns = schools(design), {name: schools(design)[name] for name in by}
    if statistic == "ratio":
        above, below = ({variable: school_variable(school, part)} for part in variable.split("/"))
        return ratio(school_design(design), above, below, columns, df)
    estimate = {"mean": mean, "total": total, "proportion": proportion}[statistic]
    return estimate(school_design(design), {variable: school_variable(school, variable)}, columns, df)


# ---- offices: the sipas sample


def sipas_columns() -> dict[str, np.ndarray]:
    return columns_of("sipas/respondents.csv")


@cache
def office_design(name: str) -> SurveyDesign:
    """The designs of reference/sipas/README.md."""
    columns = sipas_columns()
    weight, strata, wards = numbers(columns["w"]), columns["office"], columns["ward"]
    in_office, in_ward = numbers(columns["ward_M"]), numbers(columns["ward_N"])
    return {
        "wr": lambda: SurveyDesign(weight, strata, wards),
        "onestage_fpc": lambda: SurveyDesign(weight, strata, wards, fpc=in_office),
        "twostage": lambda: SurveyDesign(weight, strata, wards, fpc=(in_office, in_ward)),
        "element_fpc": lambda: SurveyDesign(weight, strata, fpc=numbers(columns["office_N"])),
        "naive": lambda: SurveyDesign(weight),
    }[name]()


@cache
def office_ratings(valid: tuple[int, ...] = (1, 2, 3, 4, 5)) -> Ratings:
    columns = sipas_columns()
    return Ratings.from_codes({item: numbers(columns[item]) for item in ITEMS}, valid=valid)


@cache
def office_index(design: str, rule: Rule = "pooled", by: str = "", df: DfRule = "full") -> Estimates:
    """The index of all items, of the factors and of each item."""
    return satisfaction_index(
        office_design(design),
        office_ratings(),
        rule=rule,
        factors=FACTORS,
        per_item=True,
        by={by: sipas_columns()[by]} if by else None,
        df=df,
    )


def office_domain(domain: str) -> tuple[str, dict[str, str]]:
    """The column and the labels of an expected row's domain: "ALL", "P01", "P01-O03", "sex=F"."""
    if domain == "ALL":
        return "", {}
    column, _, value = domain.rpartition("=")
    column = column or ("province" if len(domain) == 3 else "office")
    return column, {column: value}
