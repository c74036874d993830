"""Every office, province, the nation, each item and factor with its standard error, from a snapshot.

As a process: arguments are the file, the number of rounds, and where to write the sums.
"""

import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

import numpy as np

from analysis import DesignTable, Domains, Estimates, Measure, estimate_measures
from analysis.sums.item_sums import ItemSums
from analysis.sums.snapshot import sum_snapshot
from benchmarks.synthetic_survey import (
    COLUMNS,
    FACTORS,
    ITEMS,
    N_OFFICES,
    PSUS_PER_OFFICE,
    province_of_office,
)

GROUPS = {"all": range(22), **FACTORS, **{item: [j] for j, item in enumerate(ITEMS)}}


def office_figures(
    sums: ItemSums, groups: dict[str, range] | None = None, n_offices: int = N_OFFICES
) -> Estimates:
    """Estimate the index of each office."""
    return figures(sums, groups, n_offices, ("office",))[0]


def figures(
    sums: ItemSums,
    groups: dict[str, range] | None = None,
    n_offices: int = N_OFFICES,
    levels: tuple[str, ...] = ("office", "province", "nation"),
) -> list[Estimates]:
    """Estimate each measure at each level; an office is a stratum, its wards are the PSUs."""
    groups = groups or GROUPS
    measures = [Measure(name, (k,), n_items=len(items)) for k, (name, items) in enumerate(groups.items())]
    table = design_table(n_offices)
    pooled = sums.pool(list(groups.values())).to_psu_sums(np.arange(table.stratum.size))
    assert pooled.psu.size == table.stratum.size  # somebody answered in each ward

    def estimate(level: str) -> Estimates:
        return estimate_measures(pooled, table, domains(level, n_offices), measures)

    if len(levels) == 1:
        return [estimate(levels[0])]
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(estimate, levels))


@cache
def design_table(n_offices: int) -> DesignTable:
    """Give the design, which R's survey holds ready as well."""
    return DesignTable(np.arange(n_offices * PSUS_PER_OFFICE) // PSUS_PER_OFFICE)


@cache
def domains(level: str, n_offices: int) -> Domains:
    """Say which office or province each ward belongs to, known before anybody answers."""
    office = design_table(n_offices).stratum
    code = {"office": office, "province": province_of_office(n_offices)[office], "nation": office * 0}[level]
    return Domains(code, tuple({level: place} for place in range(int(code.max()) + 1)))


def peak_megabytes() -> float:
    """Give this process's own peak; getrusage would count its parent's too."""
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmHWM"))


def main() -> None:
    path, rounds, found = sys.argv[1:]
    sums_alone, seconds = [], []
    for _ in range(int(rounds)):
        begun = time.perf_counter()
        sums = sum_snapshot(Path(path), COLUMNS)
        sums_alone.append(time.perf_counter() - begun)
        errors = [estimates.standard_error for estimates in figures(sums)]
        seconds.append(time.perf_counter() - begun)
    assert all(np.isfinite(error).all() for error in errors)
    report = {"seconds": seconds, "sums_alone": sums_alone, "peak_megabytes": peak_megabytes()}
    np.savez(found, psu=sums.psu, cell=sums.cell, totals=sums.totals)
    print(json.dumps(report | {"n_figures": sum(error.size for error in errors)}))


if __name__ == "__main__":
    main()
