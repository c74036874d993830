"""Make the pictures of docs/analysis.md, and its table of coverage, from the library's own results.

`python -m benchmarks.guide_pictures`. The same figures give the same bytes; a test remakes all of them.
"""

import csv
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from html import escape
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

ROOT = Path(__file__).parents[1]
GUIDE = ROOT / "docs" / "analysis.md"
COVERAGE = ROOT / "docs" / "coverage.md"
FOLDER = ROOT / "docs" / "pictures" / "analysis"
DATA = ROOT / "tests" / "analysis" / "reference" / "sipas"

ITEMS = [f"q{j}" for j in range(1, 23)]
WORKED = "P03-O07"
TARGET = 0.85
INTERVAL = "95 % interval"

# ---- drawing

WIDTH, ROW, HEAD, FOOT = 720, 19, 84, 38  # pixels
SCALE = (150, 440)  # where the scale begins and ends; labels stand before it, notes behind it
STYLE = """\
text{font:12px system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif;fill:#24292f;
font-variant-numeric:tabular-nums}
.page{fill:#fff}.title{font-size:15px;font-weight:600}.soft{fill:#59636e}.end{text-anchor:end}
.mid{text-anchor:middle}.bold{font-weight:600}.grid{stroke:#e4e7eb}.target{stroke:#59636e}
.band{fill:#eceff2}.whisker{stroke:#8c959f;stroke-width:2}.dot{fill:#8c959f}
.mark .whisker{stroke:#0a5fb0}.mark .dot{fill:#0a5fb0}.word{font-weight:600;fill:#0a5fb0}
.ghost{stroke:#b6bdc5;stroke-width:6;stroke-opacity:.6}
@media (prefers-color-scheme:dark){text{fill:#e6e9ed}.page{fill:#14181d}.soft{fill:#9ba5b0}
.grid{stroke:#2b323a}.target{stroke:#9ba5b0}.band{fill:#222930}.whisker{stroke:#7d8793}.dot{fill:#7d8793}
.mark .whisker{stroke:#6db3ff}.mark .dot{fill:#6db3ff}.word{fill:#6db3ff}
.ghost{stroke:#59636e;stroke-opacity:.7}}"""


@dataclass(frozen=True)
class Row:
    """A line of a picture: a heading if it has no value, else a dot with its whisker, and notes."""

    label: str
    value: float | None = None
    low: float = 0.0
    high: float = 0.0
    notes: tuple[str, ...] = ()
    is_marked: bool = False
    ghost: tuple[float, float] | None = None


@dataclass(frozen=True)
class Picture:
    """What a picture shows; `notes` are heads and places of the columns behind the scale."""

    title: str
    words: str
    rows: Sequence[Row]
    notes: Sequence[tuple[str, int]]
    limits: tuple[float, float]
    ticks: Sequence[float]
    unit: str = " %"
    marks_words: bool = True
    line: tuple[float, str] | None = None
    band: tuple[float, float, str] | None = None

    def x(self, value: float) -> float:
        start, end = self.limits
        share = (min(max(value, start), end) - start) / (end - start)
        return SCALE[0] + share * (SCALE[1] - SCALE[0])

    def svg(self) -> str:
        height = HEAD + ROW * len(self.rows) + FOOT
        parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" '
            f'height="{height}" role="img" aria-labelledby="t d">',
            f'<title id="t">{escape(self.title)}</title><desc id="d">{escape(self.words)}</desc>',
            f"<style>{STYLE}</style>",
            f'<rect class="page" width="{WIDTH}" height="{height}"/>',
            f'<text class="title" x="16" y="25">{escape(self.title)}</text>',
            f'<text class="soft" x="16" y="44">{escape(self.words)}</text>',
            *(f'<text class="soft" x="{x}" y="{HEAD - 10}">{escape(head)}</text>' for head, x in self.notes),
            *self._scale(height - FOOT),
            *(part for place, row in enumerate(self.rows) for part in self._row(row, HEAD + ROW * place)),
        ]
        return "\n".join([*parts, "</svg>"]) + "\n"

    def _scale(self, bottom: int) -> Iterator[str]:
        top = HEAD - 4
        if self.band is not None:
            low, high = self.x(self.band[0]), self.x(self.band[1])
            place = f'x="{low:.1f}" y="{top}" width="{high - low:.1f}" height="{bottom - top}"'
            yield f'<rect class="band" {place}/>'
        for tick in self.ticks:
            x = self.x(tick)
            yield f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{top}" y2="{bottom}"/>'
            label = f"{tick:g}{self.unit}".replace("-", "−")
            yield f'<text class="soft mid" x="{x:.1f}" y="{bottom + 16}">{label}</text>'
        if self.line is not None:
            x = self.x(self.line[0])
            yield f'<line class="target" x1="{x:.1f}" x2="{x:.1f}" y1="{top}" y2="{bottom}"/>'
            yield f'<text class="soft mid" x="{x:.1f}" y="{bottom + 30}">{escape(self.line[1])}</text>'
        if self.band is not None:
            middle = (self.x(self.band[0]) + self.x(self.band[1])) / 2
            yield f'<text class="soft mid" x="{middle:.1f}" y="{bottom + 30}">{escape(self.band[2])}</text>'

    def _row(self, row: Row, top: int) -> Iterator[str]:
        y, text = top + ROW / 2, top + ROW / 2 + 4
        if row.value is None:
            yield f'<text class="bold" x="16" y="{text:g}">{escape(row.label)}</text>'
            return
        yield '<g class="mark">' if row.is_marked else "<g>"
        word = " word" if row.is_marked and self.marks_words else ""
        yield f'<text class="end{word}" x="{SCALE[0] - 12}" y="{text:g}">{escape(row.label)}</text>'
        if row.ghost is not None:
            yield self._line("ghost", *row.ghost, y)
        yield self._line("whisker", row.low, row.high, y)
        yield f'<circle class="dot" cx="{self.x(row.value):.1f}" cy="{y:g}" r="4"/>'
        for note, (_, x) in zip(row.notes, self.notes, strict=False):
            yield f'<text class="note{word}" x="{x}" y="{text:g}">{escape(note)}</text>'
        yield "</g>"

    def _line(self, kind: str, low: float, high: float, y: float) -> str:
        return f'<line class="{kind}" x1="{self.x(low):.1f}" x2="{self.x(high):.1f}" y1="{y:g}" y2="{y:g}"/>'


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
    freedom = found.degrees_of_freedom[:, 0].astype(float)
    return ComparedEstimates(
        found.value[:, 0], found.standard_error[:, 0], freedom, is_census=found.is_census
    )


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
    totals: dict[str, dict[str, float]] = {}
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
