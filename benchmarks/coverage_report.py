"""Writes docs/coverage.md from the cells of the coverage study."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, Final

from benchmarks.simulated_samples import Design

LOW, HIGH, LEAST = 0.93, 0.97, 0.90
LEAST_OF_INDEX, MOST_OF_INDEX = 0.91, 0.985  # what was asked of the index, docs/field-study.md

INTRODUCTION: Final = """\
# Coverage of the intervals

How often the 95 % interval contains the true proportion. Written by `make coverage-study` (`python -m
benchmarks.coverage_study`), seed {seed}, {replicates:,} samples a cell: a coverage of 95 % is known to ±
{error:.1f} points (two standard errors). Do not edit by hand.

The default is **Agresti and Coull's interval at Korn and Graubard's effective size**: with V the linearised
variance,

    n_e = p (1 - p) / V, or Kish's (sum w)² / sum w² where p is 0 or 1 or V is 0
    n*  = min(n_e (t_(n-1) / t_df)², n), for an index of several items see below
    p'  = (n* p + z² / 2) / (n* + z²),    p' ± z sqrt(p' (1 - p') / (n* + z²)), cut at 0 and 1

(Korn and Graubard 1998, Survey Methodology 24, 193–201; Agresti and Coull 1998, The American Statistician
52, 119–126; intervals at an effective size: Franco, Little, Louis and Slud 2019, J. Survey Statistics and
Methodology 7, 334–364.)

The line: at least 90 % in every cell, and 93–97 % where n · p · (1 − p) ≥ 5 (n: respondents; these cells
are **bold**). More than 97 % is allowed elsewhere: with few expected dissatisfied answers the possible
shares are few, and an interval for them covers 91 % or 99 %, seldom 95.
"""

SAMPLES: Final = """\
## The samples

One office, sampled again and again; its true proportion is p. *Simple random sample*: each respondent is a
PSU. *Wards*: PSUs with n / wards respondents each, whose rates follow a beta distribution with the
correlation named (0.1 with 80 respondents a ward is a design effect of 9). *Weights*: three classes of
people who answer with probability 0.9, 0.7 and 0.5, times a lognormal factor (standard deviation of the
logarithm 0.3) of the person or ward; their coefficient of variation is about 0.4. *Related*: the classes
are dissatisfied in proportion 0.6 : 0.8 : 1, those least who answer most. Weighted wards differ in size
from 1 to 3. With fewer respondents than wards each is a ward of its own.
"""

COMPARISON: Final = """\
## The methods compared

Same samples. "Under 90" counts among all {cells} cells, "low" and "high" the bold ones ({required}) below
93 and above 97 %. Width: relative to the default, mean over all cells. All take n*, but for "t", value ±
t_df · SE. Where the share is 0 or 1, "t" and "logit" print Korn and Graubard's limits. The last line is the
default up to method version 1, Wilson's interval with n_e capped at n and the quantile t_df, which pays for
few wards twice.
"""

REASONS: Final = """\
Why not Wilson's interval, shorter by some percent: with strong correlation within few wards the
dissatisfied sit in one or two of them. Samples that miss those show a high share **and** a small variance,
so that n* is too large just when p is too high. Agresti and Coull's interval has Wilson's centre and is
longer near 0 and 1, which makes up for most of that; Korn and Graubard's is longer where that is not
needed; Jeffreys', likelihood and arcsine fail near 100 %.

- **Below 93 %**: few wards, correlation 0.1, mostly p = 0.95 – the case just described. Counted in
  independent answers such a sample has n* p (1 − p) of 1 or 2, far from 5. Logit limits do a little better
  there and are too long in many other cells; a design effect pooled over items or offices would help more,
  but is not known to an interval of one figure.
- **Above 97 %**: five to ten wards and 20 to 100 people. The share takes few values there, and t with 4 to
  9 degrees of freedom guards against a correlation that hardly matters with so few people a ward.
"""

POOLED: Final = """\
## The pooled index of several items

An index averages the answers of each person, n people and N answers in all, so that it may know more than n
answers to one question would. How much more only its variance says, and near 100 % that is small by chance:
one dissatisfied answer of one person among many makes n_e = N. So two people of one mind in everything, of
whom the variance would be p (1 - p) / n, are added to the m = n p (1 - p) that speak for it:

    n_e' = n_e (t_(n-1) / t_df)²
    n*   = n_e'                                      where n_e' ≤ n, or p is 0 or 1 or V is 0 (at most n)
    n*   = (m + 2) / (m / min(n_e', N) + 2 / n)      where n_e' > n

Compared on {cells} cells, all of Agresti and Coull's interval but for the last: "hard" are those of 10 to 60
people and 95 % and more ({n_hard}), "bold" as above, n counting people ({n_bold}). Width: relative to the
default.
"""

POOLED_REASONS: Final = """\
- **Answers as the cap**, or people each worth a fixed number of answers, fail just where most offices are:
  near 100 % with few people, or few wards.
- **People as the cap**, the default up to method version 2, never fails for that, and is longer than it must
  be where there are dissatisfied people enough to know the variance: there it covers {people:.1f} % (median).
- **The default** is as safe near 100 % and has its level where it can be known. Only five correlated wards
  with 400 people near 100 % leave it at 91 % and less, and any other of these, too (see the end).
"""

BEYOND: Final = """\
## Beyond the line: where the default fails

Proportions and sizes that the line does not name. Coverage under 90 % is marked **!**. It falls where the
office is near 100 %, wards are few, correlated and asked at length (40 people a ward and more): most wards
then are at 100 %, and nothing in the sample tells of the others. More wards help, more people in the same
wards do not.
"""


@dataclass(frozen=True)
class Cell:
    """What one method did in one cell."""

    design: Design
    n: int
    p: float
    coverage: float
    width: float

    @property
    def is_hard(self) -> bool:
        """Whether few people are asked and nearly all are satisfied."""
        return self.n <= 60 and self.p >= 0.95

    @property
    def is_required(self) -> bool:
        """Whether the line of 93 to 97 % is asked for here: n · p · (1 - p) >= 5."""
        return self.n * self.p * (1 - self.p) >= 5 - 1e-9


def document(
    methods: dict[str, list[Cell]],
    pooled: dict[str, list[Cell]],
    beyond: Sequence[Cell],
    *,
    seed: int,
    replicates: int,
) -> str:
    """Return the whole document; the first method is the default."""
    cells = next(iter(methods.values()))
    parts = [
        INTRODUCTION.format(seed=seed, replicates=replicates, error=200 * (0.95 * 0.05 / replicates) ** 0.5),
        result(cells),
        SAMPLES,
        "## Coverage of the default, %\n",
        tables(cells),
        REASONS,
        COMPARISON.format(required=sum(cell.is_required for cell in cells), cells=len(cells)),
        comparison(methods),
        of_index(pooled),
        BEYOND,
        tables(beyond, mark_low=True),
    ]
    return "\n".join(parts)


def result(cells: Sequence[Cell]) -> str:
    """Return whether the line holds, and the list of cells where it does not."""
    required = [cell for cell in cells if cell.is_required]
    outside = sorted(
        (cell for cell in required if not LOW <= cell.coverage <= HIGH), key=lambda c: c.coverage
    )
    least = min(cells, key=lambda cell: cell.coverage)
    lines = [
        "## Result\n",
        f"- Every cell: lowest {percent(least.coverage)} % ({place(least)}); "
        f"{sum(cell.coverage < LEAST for cell in cells)} of {len(cells)} cells under 90 %.",
        f"- Bold cells: {len(required) - len(outside)} of {len(required)} within 93–97 %; "
        f"{sum(cell.coverage < LOW for cell in outside)} below, "
        f"{sum(cell.coverage > HIGH for cell in outside)} above:\n",
        "| outside 93–97 % | coverage, % | misses by |\n|---|---|---|",
    ]
    for cell in outside:
        miss = max(LOW - cell.coverage, cell.coverage - HIGH)
        lines.append(f"| {place(cell)} | {percent(cell.coverage)} | {100 * miss:.1f} |")
    return "\n".join(lines) + "\n"


def tables(cells: Sequence[Cell], *, widths: bool = False, mark_low: bool = False) -> str:
    """Return a table of n by p for each design."""
    by_place = {(cell.design.title, cell.n, cell.p): cell for cell in cells}
    proportions = in_order(cell.p for cell in cells)
    texts = []
    for title in in_order(cell.design.title for cell in cells):
        rows = [
            [str(n), *(entry(by_place[title, n, p], widths, mark_low) for p in proportions)]
            for n in in_order(cell.n for cell in cells)
        ]
        head = ["n \\ p", *(f"{p:g}" for p in proportions)]
        texts.append(f"{title}\n\n" + table(head, rows))
    return "\n".join(texts)


def comparison(methods: dict[str, list[Cell]]) -> str:
    """Return one row a method."""
    default = next(iter(methods.values()))
    rows = []
    for name, cells in methods.items():
        required = [cell.coverage for cell in cells if cell.is_required]
        width = sum(cell.width / own.width for cell, own in zip(cells, default, strict=True)) / len(cells)
        least = min(cells, key=lambda cell: cell.coverage)
        rows.append(
            [
                name,
                f"{percent(least.coverage)} ({place(least)})",
                str(sum(cell.coverage < LEAST for cell in cells)),
                str(sum(share < LOW for share in required)),
                str(sum(share > HIGH for share in required)),
                f"{percent(min(required))}–{percent(max(required))}",
                f"{width:.2f}",
            ]
        )
    return table(["method", "lowest, %", "under 90", "low", "high", "bold cells, %", "width"], rows)


def of_index(pooled: dict[str, list[Cell]]) -> str:
    """Return what an index may be held to, compared, and the cells of the default."""
    cells, by_people, *_ = pooled.values()
    hard, bold = [cell.is_hard for cell in cells], [cell.is_required for cell in cells]
    rows = []
    for name, found in pooled.items():
        width = sum(cell.width / own.width for cell, own in zip(found, cells, strict=True)) / len(cells)
        of_hard, of_bold = (
            [cell.coverage for cell, keep in zip(found, keeps, strict=True) if keep] for keeps in (hard, bold)
        )
        rows.append(
            [
                name,
                percent(min(of_hard)),
                str(sum(share < LEAST_OF_INDEX for share in of_hard)),
                f"{percent(min(of_bold))}, {percent(median(of_bold))}, {percent(max(of_bold))}",
                str(sum(share < LEAST_OF_INDEX for share in of_bold)),
                str(sum(share > MOST_OF_INDEX for share in of_bold)),
                f"{width:.2f}",
            ]
        )
    head = [
        "held to",
        "hard: lowest, %",
        "under 91",
        "bold: lowest, median, highest",
        "under 91",
        "over 98.5",
    ]
    usual = median([cell.coverage for cell, keep in zip(by_people, bold, strict=True) if keep])
    return "\n".join(
        [
            POOLED.format(cells=len(cells), n_hard=sum(hard), n_bold=sum(bold)),
            table([*head, "width"], rows),
            POOLED_REASONS.format(people=100 * usual),
            "Coverage of the default, mean width in points after it:\n",
            tables(cells, widths=True),
        ]
    )


def entry(cell: Cell, widths: bool, mark_low: bool) -> str:
    """Return a cell's coverage as the tables print it."""
    text = percent(cell.coverage)
    if widths:
        return f"{text} ({100 * cell.width:.1f})"
    if mark_low:
        return f"{text} **!**" if cell.coverage < LEAST else text
    return f"**{text}**" if cell.is_required else text


def place(cell: Cell) -> str:
    """Return a cell in words."""
    return f"{cell.design.title.lower()}; n = {cell.n}, p = {cell.p:g}"


def percent(share: float) -> str:
    """Return a share as percent with one decimal."""
    return f"{100 * share:.1f}"


def in_order(values: Iterable[Any]) -> list[Any]:
    """Return the different values as they first came."""
    return list(dict.fromkeys(values))


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
