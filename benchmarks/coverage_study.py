"""`make coverage-study`: how often the 95 % intervals contain the true proportion (docs/coverage.md).

Seeded; every cell draws from a stream of its own, so that cells do not depend on each other.
"""

import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final, get_args

import numpy as np

from analysis.intervals.arguments import Limits
from analysis.intervals.effective_size import binomial_sample_size, effective_sample_size
from analysis.intervals.score import agresti_coull_interval, wilson_interval
from analysis.intervals.student import critical_value
from analysis.intervals.survey import DEFAULT_METHOD, Evidence, Method, survey_interval
from benchmarks import coverage_report
from benchmarks.coverage_report import Cell
from benchmarks.simulated_samples import Design, draw

SEED: Final = 20261122
REPLICATES: Final = 20_000
DOCUMENT: Final = Path(__file__).parents[1] / "docs" / "coverage.md"

SIZES: Final = (5, 10, 20, 27, 50, 100, 200, 400)
PROPORTIONS: Final = (0.5, 0.85, 0.95, 0.99, 1.0)
DESIGNS: Final = (
    Design("Simple random sample"),
    Design("Weights unrelated to the answer", weighted=True),
    Design("Weights related to the answer", weighted=True, related=True),
    Design("10 wards, correlation 0.05", 10, 0.05),
    Design("10 wards, correlation 0.1", 10, 0.1),
    Design("5 wards, correlation 0.05", 5, 0.05),
    Design("5 wards, correlation 0.1", 5, 0.1),
    Design("10 wards, correlation 0.05, related weights", 10, 0.05, weighted=True, related=True),
    Design("5 wards, correlation 0.1, related weights", 5, 0.1, weighted=True, related=True),
)
POOLED: Final = tuple(
    design.pooling(items, correlation)
    for items, correlation in ((22, 0.3), (22, 0.6), (22, 0.9), (5, 0.6))
    for design in (DESIGNS[0], DESIGNS[2], DESIGNS[3], DESIGNS[8])
)
POOLED_SIZES: Final = (10, 20, 40, 60, 100, 400)
POOLED_PROPORTIONS: Final = (0.5, 0.85, 0.95, 0.98, 0.99)
BEYOND_SIZES: Final = (50, 100, 200, 400, 1000)
BEYOND_PROPORTIONS: Final = (0.9, 0.97, 0.98, 0.995)

Interval = Callable[[Evidence], Limits]


def former_default(evidence: Evidence) -> Limits:
    """Return Wilson's interval with a capped size and Student's t: the default up to method version 1."""
    size = effective_sample_size(
        evidence.value, np.square(evidence.standard_error), evidence.n, evidence.n_kish
    )
    return wilson_interval(evidence.value, size, critical_value(0.95, evidence.degrees_of_freedom))


def candidates() -> dict[str, Interval]:
    """Return the intervals to compare, the default first."""
    names: list[Method] = [DEFAULT_METHOD]
    names += [name for name in get_args(Method) if name not in (DEFAULT_METHOD, "clopper_pearson")]
    found: dict[str, Interval] = {name: partial(survey_interval, name) for name in names}
    return {**found, "wilson, capped n and t (version 1)": former_default}


def capped_by(items_that_count: Callable[[int], float], evidence: Evidence) -> Limits:
    """Return the default interval with n* of at most n times some function of the items of an index."""
    p, error, n = (np.asarray(one) for one in (evidence.value, evidence.standard_error, evidence.n))
    items = int(np.max(np.asarray(evidence.n_answers) / n))
    size = effective_sample_size(p, error**2, n, evidence.n_kish, cap=False)
    size = binomial_sample_size(size, evidence.degrees_of_freedom, n, cap=False)
    varies = (error > 1e-12) & (p > 1e-12) & (p < 1 - 1e-12)
    size = np.minimum(size, np.where(varies, n * items_that_count(items), n))
    low, high = agresti_coull_interval(p, size, critical_value(0.95, np.inf))
    return np.clip(low, 0, p), np.clip(high, p, 1)


def caps() -> dict[str, Interval]:
    """Return what the effective size of an index may be held to, the default first."""

    def by_people(evidence: Evidence) -> Limits:
        return survey_interval(DEFAULT_METHOD, replace(evidence, n_answers=None))

    return {
        "smoothed (the default)": partial(survey_interval, DEFAULT_METHOD),
        "people (up to method version 2)": by_people,
        "people, each worth J / (1 + 0.5 (J - 1))": partial(capped_by, lambda j: j / (1 + 0.5 * (j - 1))),
        "people, each worth J / (1 + 0.3 (J - 1))": partial(capped_by, lambda j: j / (1 + 0.3 * (j - 1))),
        "answers": partial(capped_by, float),
        "none, t": partial(survey_interval, "t"),
    }


def study(
    designs: Sequence[Design],
    sizes: Sequence[int],
    proportions: Sequence[float],
    replicates: int,
    intervals: dict[str, Interval],
) -> dict[str, list[Cell]]:
    """Return the cells of each interval; all intervals see the same samples."""
    found: dict[str, list[Cell]] = {name: [] for name in intervals}
    for design in designs:
        for n in sizes:
            for p in proportions:
                rng = np.random.default_rng([SEED, *design.title.encode(), n, round(1000 * p)])
                evidence = draw(rng, design, n, p, replicates)
                for name, interval in intervals.items():
                    low, high = np.clip(interval(evidence), 0, 1)
                    covered = (low <= p + 1e-12) & (p - 1e-12 <= high)
                    cell = Cell(design, n, p, float(covered.mean()), float((high - low).mean()))
                    found[name].append(cell)
    return found


def main() -> None:
    replicates = int(sys.argv[1]) if len(sys.argv) > 1 else REPLICATES
    intervals = candidates()
    default: dict[str, Interval] = {DEFAULT_METHOD: intervals[DEFAULT_METHOD]}
    methods = study(DESIGNS, SIZES, PROPORTIONS, replicates, intervals)
    pooled = study(POOLED, POOLED_SIZES, POOLED_PROPORTIONS, replicates, caps())
    beyond = study(DESIGNS[:1] + DESIGNS[3:7], BEYOND_SIZES, BEYOND_PROPORTIONS, replicates, default)[
        DEFAULT_METHOD
    ]
    text = coverage_report.document(methods, pooled, beyond, seed=SEED, replicates=replicates)
    print(text)
    if replicates == REPLICATES:
        DOCUMENT.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
