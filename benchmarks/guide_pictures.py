"""Make the pictures of docs/analysis.md, and its table of coverage, from the library's own results.

`python -m benchmarks.guide_pictures`. The same figures give the same bytes; a test remakes all of them.
"""

import csv
import re
from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from functools import cache
from math import sqrt
from pathlib import Path

import numpy as np

from analysis import (
    CalibratedWeights,
    Estimate,
    Estimates,
    Ratings,
    SurveyDesign,
    change,
    compare_with_target,
    rake,
    rank_sets,
    ratio,
    satisfaction_index,
    tie_bands,
    weight_diagnostics,
)
from analysis.comparison.compared import ComparedEstimates
from analysis.intervals.survey import Evidence, Method, survey_interval
from benchmarks.whisker_picture import Picture, Row

ROOT = Path(__file__).parents[1]
GUIDE = ROOT / "docs" / "analysis.md"
COVERAGE = ROOT / "docs" / "coverage.md"
FOLDER = ROOT / "docs" / "pictures" / "analysis"
DATA = ROOT / "tests" / "analysis" / "reference" / "sipas"

ITEMS = [f"q{j}" for j in range(1, 23)]
WORKED = "P03-O07"
TARGET = 0.85
INTERVAL = "95 % interval"

# ---- rows


def percent_row(label: str, found: Estimate, notes: Sequence[str] = (), is_marked: bool = False) -> Row:
    interval = found.confidence_interval()
    assert found.value is not None
    assert interval is not None
    limits = 100 * interval.low, 100 * interval.high
    return Row(
        label, 100 * found.value, *limits, (one_place(100 * found.value), span(*limits), *notes), is_marked
    )


def span(low: float, high: float) -> str:
    return f"{one_place(low)} to {one_place(high)}"


def one_place(value: float) -> str:
    return f"{value:.1f}".replace("-", "−")


# ---- data


@cache
def columns(file: str) -> dict[str, np.ndarray]:
    with (DATA / file).open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}


def numbers(file: str, name: str) -> np.ndarray:
    column = columns(file)[name]
    return np.where(column == "", "nan", column).astype(float)


@cache
def ratings() -> Ratings:
    return Ratings.from_codes({item: numbers("respondents.csv", item) for item in ITEMS})


def design(weight: np.ndarray, calibrated: CalibratedWeights | None = None) -> SurveyDesign:
    people = columns("respondents.csv")
    calibration = None if calibrated is None else calibrated.calibration
    return SurveyDesign(weight, people["office"], people["ward"], calibration=calibration)


@cache
def offices() -> Estimates:
    by = {"office": columns("respondents.csv")["office"]}
    return satisfaction_index(design(numbers("respondents.csv", "w")), ratings(), by=by)


def compared(found: Estimates) -> ComparedEstimates:
    return ComparedEstimates.of(found, found.measures[0].name)


# ---- pictures


def offices_picture() -> Picture:
    verdict = compare_with_target(compared(offices()), TARGET, alternative="below").verdict
    rows = [
        percent_row(
            domain["office"],
            found,
            (str(found.n_respondents), "shown below" if verdict[place] == "shown_below" else ""),
            verdict[place] == "shown_below",
        )
        for place, (domain, _, found) in enumerate(offices())
    ]
    return Picture(
        "Thirty offices: index, 95 % interval, verdict against 85 %",
        "Synthetic data. Verdicts: one-sided tests, Holm over 30 offices; all others are not decided.",
        sorted(rows, key=lambda row: -(row.value or 0)),
        (("index", 456), (INTERVAL, 496), ("n", 586), ("against 85 %", 618)),
        limits=(40, 100),
        ticks=range(40, 101, 10),
        line=(100 * TARGET, "target 85 %"),
    )


def intervals_picture() -> Picture:
    methods: list[Method] = [
        *("agresti_coull", "wilson", "korn_graubard", "jeffreys"),
        *("logit", "arcsine", "likelihood", "t"),
    ]
    rows: list[Row] = []
    for satisfied, n in ((27, 27), (27, 30)):
        p = satisfied / n
        rows.append(Row(f"{satisfied} of {n} satisfied"))
        for method in methods:
            low, high = survey_interval(method, Evidence(p, sqrt(p * (1 - p) / (n - 1)), n - 1, n, n))
            limits = 100 * float(low), 100 * float(high)
            rows.append(Row(method, 100 * p, *limits, (span(*limits), str(n)), method == methods[0]))
        if p == 1:
            rows.append(Row("R's confint", 100.0, 100.0, 100.0, ("100.0 to 100.0", str(n))))
    return Picture(
        "The same answers, eight intervals",
        "95 %, simple random sample. At 100 % R's svyciprop gives a point, NaN or an error.",
        rows,
        ((INTERVAL, 456), ("n", 560)),
        limits=(70, 103),
        ticks=range(70, 101, 5),
        line=(100, "all satisfied"),
    )


def ranks_picture() -> Picture:
    found = rank_sets(compared(offices()))
    bands = tie_bands(found)
    order = np.argsort(found.point_rank)
    rows: list[Row] = []
    band = 0.0
    for place in order.tolist():
        if bands[place] > band:
            band = bands[place]
            rows.append(Row(f"Band {band:.0f}"))
        best, worst = found.best_rank[place], found.worst_rank[place]
        office = offices().domains.labels[place]["office"]
        notes = f"{best:.0f} to {worst:.0f}", str(offices().n_respondents[place])
        rows.append(Row(office, found.point_rank[place], best, worst, notes, office == WORKED))
    return Picture(
        "From which to which rank each office may be",
        "95 %, all sets together. Dot: rank of the estimate. A band opens where a difference is shown.",
        rows,
        (("ranks", 456), ("n", 530)),
        limits=(1, 30),
        ticks=(1, 5, 10, 15, 20, 25, 30),
        unit="",
    )


def change_picture() -> Picture:
    waves = columns("two_waves.csv")
    found = ratio(
        SurveyDesign(numbers("two_waves.csv", "w"), waves["office"], waves["ward"]),
        {"index": numbers("two_waves.csv", "n_ok")},
        {"index": numbers("two_waves.csv", "n_valid")},
        by={"office": waves["office"], "year": waves["year"]},
    )
    rows = []
    for domain, measure, changed in change(found, "year", earlier="2025", later="2026"):
        errors = [found[{**domain, "year": year}, measure].standard_error for year in ("2025", "2026")]
        alone = replace(changed, standard_error=sqrt(sum((error or 0) ** 2 for error in errors)))
        wide = alone.confidence_interval()
        assert wide is not None
        row = percent_row(domain["office"], changed, (str(changed.n_respondents),), is_marked=True)
        rows.append(replace(row, ghost=(100 * wide.low, 100 * wide.high)))
    return Picture(
        "Change 2025 to 2026, in points",
        "Blue: with the covariance of wards asked in both years. Grey: as if the waves were independent.",
        rows,
        (("change", 456), (INTERVAL, 508), ("n, both years", 608)),
        limits=(-20, 30),
        ticks=range(-20, 31, 10),
        unit="",
        marks_words=False,
        line=(0, "no change"),
    )


def raked() -> CalibratedWeights:
    totals: dict[str, dict[Hashable, float]] = {}
    margins = columns("margins.csv")
    for variable, level, total in zip(margins["variable"], margins["level"], margins["N"], strict=True):
        totals.setdefault(str(variable), {})[str(level)] = float(total)
    people = columns("respondents.csv")
    return rake(numbers("respondents.csv", "w"), {name: people[name].tolist() for name in totals}, totals)


def weights_picture() -> Picture:
    final = raked()
    steps = [
        ("each answer once", np.ones(ratings().valid.shape[0]), None),
        ("design weights", numbers("respondents.csv", "w_base"), None),
        ("+ non-response", numbers("respondents.csv", "w"), None),
        ("+ raking", final.weight, final),
    ]
    rows = []
    for name, weight, calibrated in steps:
        found = satisfaction_index(design(weight, calibrated), ratings())[0, "all"]
        effective = weight_diagnostics(weight).effective_sample_size
        rows.append(percent_row(name, found, (f"{effective:,.0f}",), calibrated is not None))
    return Picture(
        "What each weighting step does to the index of all 30 offices",
        "95 % intervals, n = 4,943. Margins: sex, age and field; what they explain is no error any more.",
        rows,
        (("index", 456), (INTERVAL, 496), ("n by Kish", 608)),
        limits=(78, 83),
        ticks=range(78, 84),
    )


def coverage_picture() -> Picture:
    rows = []
    for method, lowest, under, _, _, bold, width in compared_methods():
        low, high = (float(share) for share in bold.split("–"))
        worst = float(lowest.split()[0])
        notes = f"{worst:.1f} %", under, width
        name = method.replace("wilson, capped n and t (version 1)", "default of version 1")
        rows.append(Row(name, worst, low, high, notes, method == "agresti_coull"))
    return Picture(
        "How often a 95 % interval holds the truth",
        "Dot: worst of 360 simulated cells. Whisker: the 108 cells with n p (1 − p) ≥ 5.",
        rows,
        (("worst cell", 456), ("cells under 90 %", 540), ("width", 656)),
        limits=(50, 100),
        ticks=range(50, 101, 10),
        band=(93, 97, "wanted"),
    )


PICTURES: dict[str, Callable[[], Picture]] = {
    "offices": offices_picture,
    "intervals": intervals_picture,
    "ranks": ranks_picture,
    "change": change_picture,
    "weights": weights_picture,
    "coverage": coverage_picture,
}

# ---- the table of coverage

SHOWN_DESIGNS = (
    "Simple random sample",
    "10 wards, correlation 0.05",
    "5 wards, correlation 0.1, related weights",
)
SHOWN_SIZES = ("5", "27", "100", "400")
BORDERS = "<!-- coverage: begin, written by benchmarks/guide_pictures.py -->", "<!-- coverage: end -->"


def compared_methods() -> list[list[str]]:
    """Give the lines of "The methods compared" in docs/coverage.md."""
    return table_after("## The methods compared")[1:]


def table_after(heading: str) -> list[list[str]]:
    """Give the cells of the first table after a line of docs/coverage.md, the head first."""
    text = COVERAGE.read_text(encoding="utf-8")
    found = re.search(rf"^{re.escape(heading)}\n(?:(?!\|).*\n)*((?:\|.*\n)+)", text, re.MULTILINE)
    assert found is not None, heading
    lines = [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in found[1].splitlines()]
    return [lines[0], *lines[2:]]


def coverage_table() -> str:
    """Write the part of docs/coverage.md that the guide shows."""
    head, *_ = table_after(SHOWN_DESIGNS[0])
    lines = [["sample", "n", *(f"p = {cell}" for cell in head[1:])], ["---"] * (len(head) + 1)]
    for title in SHOWN_DESIGNS:
        lines += [[title, *cells] for cells in table_after(title)[1:] if cells[0] in SHOWN_SIZES]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def with_table(guide: str) -> str:
    """Give the guide with its table of coverage written anew."""
    before, rest = guide.split(BORDERS[0])
    return f"{before}{BORDERS[0]}\n{coverage_table()}\n{BORDERS[1]}{rest.split(BORDERS[1])[1]}"


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, picture in PICTURES.items():
        (FOLDER / f"{name}.svg").write_text(picture().svg(), encoding="utf-8")
    if GUIDE.exists():
        GUIDE.write_text(with_table(GUIDE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
