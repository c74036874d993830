"""Every figure of every office with raked weights, and the two sides that it is compared with.

As a process: arguments are the number of rows and the side.
"""

import json
import sys
import time
import tracemalloc
from collections.abc import Callable

import numpy as np
import pyarrow as pa

from analysis import (
    Calibration,
    ComparedEstimates,
    Domains,
    Estimates,
    PsuSums,
    RankSets,
    Ratings,
    SurveyDesign,
    index_of_sums,
    rake,
    rank_sets,
    satisfaction_index,
    tally_responses,
)
from analysis.estimation.expansion import calibrated_variance
from analysis.estimation.residuals import residual_influence
from analysis.estimation.variance import design_variance
from benchmarks import synthetic_survey
from benchmarks.national_figures import GROUPS, peak_megabytes
from benchmarks.synthetic_survey import FACTORS, ITEMS, PSUS_PER_OFFICE

LEVELS = {"sex": 2, "age": 5, "field": 12}
ROUNDS = 4
N_PASSED = 100


class Survey:
    """Raked rows in memory, as a file's reader would hand them over."""

    def __init__(self, n_rows: int) -> None:
        table = pa.Table.from_batches(synthetic_survey.batches(n_rows)).combine_chunks()
        self.psu = table.column("psu").to_numpy()
        self.office = self.psu // PSUS_PER_OFFICE
        self.ratings = Ratings.from_codes({item: table.column(item).to_numpy() for item in ITEMS})
        random = np.random.default_rng(2026)
        self.labels = {name: random.integers(0, n_levels, n_rows) for name, n_levels in LEVELS.items()}
        base = table.column("weight").to_numpy() / 1e6
        totals = {}
        for name, code in self.labels.items():
            known = np.bincount(code, base) * random.uniform(0.8, 1.25, LEVELS[name])
            totals[name] = dict(enumerate((known / known.sum() * base.sum()).tolist()))
        self.raked = rake(base, self.labels, totals)

    def design(self, calibration: Calibration | None) -> SurveyDesign:
        return SurveyDesign(self.raked.weight, self.office, self.psu, calibration=calibration)

    def figures(self, calibration: Calibration | None) -> Estimates:
        factors = {name: [ITEMS[place] for place in places] for name, places in FACTORS.items()}
        return satisfaction_index(
            self.design(calibration), self.ratings, factors=factors, per_item=True, by={"office": self.office}
        )

    def tallies(self) -> tuple[PsuSums, Calibration]:
        profile = np.zeros(self.psu.size, dtype=np.int64)
        for name, n_levels in LEVELS.items():
            profile = profile * n_levels + self.labels[name]
        answers = (self.ratings.satisfied * 1, self.ratings.valid * 1)
        sums = tally_responses(self.design(None), *answers, cell=profile).condense()
        keys = self.psu * np.prod(list(LEVELS.values())) + profile
        return sums, self.raked.calibration.add_up(np.unique(keys, return_inverse=True)[1])


def pass_by_office(found: Estimates, n_offices: int) -> np.ndarray:
    """Go over the rows for each office: residuals of its influence values, and their variance."""
    whole, variance = np.zeros(found.sums.psu.size, dtype=np.int64), []
    for office in range(n_offices):
        values = np.where((found.domains.code == office)[:, None], found.linearised.influence, 0.0)
        residuals = residual_influence(found.calibration, found.sums.weight_sum, values)
        variance.append(design_variance(found.table, found.sums.psu, whole, residuals, 1)[0])
    return np.array(variance)


def timed(compute: Callable[[], Estimates], rounds: int = ROUNDS) -> tuple[list[float], Estimates]:
    seconds = []
    for _ in range(rounds):
        found = None  # the figures of the round before are no part of this one's memory
        begun = time.perf_counter()
        found = compute()
        assert np.isfinite(found.standard_error).all()
        seconds.append(time.perf_counter() - begun)
    return seconds, found


def old_way(survey: Survey) -> dict[str, object]:
    """Time the variances of some offices by passes over the rows, and all figures of these by one."""
    found = survey.figures(survey.raked.calibration)
    begun = time.perf_counter()
    wanted = pass_by_office(found, N_PASSED)
    seconds = [time.perf_counter() - begun]
    code = np.where(survey.office < N_PASSED, survey.office, -1)
    domains = Domains(code, tuple({"office": office} for office in range(N_PASSED)))
    begun = time.perf_counter()
    mine = calibrated_variance(
        found.table, found.sums, domains, found.linearised.influence, survey.raked.calibration
    )
    one_pass = time.perf_counter() - begun
    spread = wanted > 0  # where all agree there is none
    assert not mine[~spread].any()
    distance = float(np.abs(mine[spread] / wanted[spread] - 1).max())
    return {
        "seconds": seconds,
        "one_pass": one_pass,
        "n_offices": N_PASSED,
        "relative_distance": distance,
    }


def ranks(survey: Survey, simultaneous: bool) -> dict[str, object]:
    """Time the rank sets of all offices, whose raked weights correlate them, from their figures on."""
    found = survey.figures(survey.raked.calibration)

    def ranked() -> RankSets:
        return rank_sets(ComparedEstimates.of(found, "all"), simultaneous=simultaneous)

    begun = time.process_time()
    sets = ranked()
    seconds = [time.process_time() - begun]
    factors = sets.compared.covariance
    rows = np.arange(len(sets.compared))
    shared = factors.between(rows[:, None], rows) / np.sqrt(np.outer(factors.variance, factors.variance))
    np.fill_diagonal(shared, 0.0)
    largest = float(np.abs(shared).max())
    del shared
    tracemalloc.start()
    ranked()
    return {
        "seconds": seconds,
        "n_offices": len(sets.compared),
        "largest_correlation": largest,
        "more_megabytes": tracemalloc.get_traced_memory()[1] / 1e6,
    }


def main() -> None:
    survey, side = Survey(int(sys.argv[1])), sys.argv[2]
    if side == "pass by office":
        report = old_way(survey)
    elif side.startswith("ranks"):
        report = ranks(survey, simultaneous=side == "ranks together")
    elif side == "tallies":
        sums, calibration = survey.tallies()
        domains = Domains.crossing({"office": sums.psu // PSUS_PER_OFFICE}, sums.psu.size)
        table = survey.design(None).table
        seconds, found = timed(lambda: index_of_sums(sums, table, domains, GROUPS, calibration=calibration))
        report = {"seconds": seconds, "n_figures": len(found), "n_rows": sums.psu.size}
    else:
        seconds, found = timed(lambda: survey.figures(survey.raked.calibration if side == "raked" else None))
        report = {"seconds": seconds, "n_figures": len(found)}
    print(json.dumps(report | {"peak_megabytes": peak_megabytes()}))


if __name__ == "__main__":
    main()
