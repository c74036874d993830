"""`make bench`: the speed and memory of `analysis` beside polars, pandas, R's survey, svy and PySpark.

Every ratio's two sides are measured in the same run, in turns where they are short. A side is a
process of its own that times its computation after its imports, the best of several rounds; polars,
pandas and ours begin with the file, R and svy with the design they hold in memory.
"""

import csv
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv

from analysis import Estimates, SurveyDesign, bootstrap, ratio
from analysis.comparison.compared import ComparedEstimates
from analysis.ranking.sets import rank_sets
from analysis.sums.columns import AnswerCodes
from analysis.sums.item_sums import ItemSums
from analysis.sums.kernel import sum_responses
from analysis.sums.snapshot import sum_snapshot, write_snapshot
from benchmarks import synthetic_survey
from benchmarks.national_figures import figures, office_figures
from benchmarks.peer_environments import HOME, ROOT, Run, has_r, python_of, run
from benchmarks.spark_cluster import spark_cluster
from benchmarks.synthetic_survey import COLUMNS, ITEMS, PSUS_PER_OFFICE

N_ROWS = 10_000_000
N_STREAMED = 100_000_000
N_RAKED = 330_000
ROUNDS = 3  # processes a side
REPEATS = 4  # computations a process
INDEX = {"all": range(22)}
PEERS = Path("benchmarks") / "peers"


def row(name: str, value: str, limit: str = "–") -> None:
    print(f"| {name} | {value} | {limit} |", flush=True)


def main() -> None:
    print("| figure | measured | asked |\n|---|---|---|")
    imports()
    HOME.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=HOME) as name:
        folder = Path(name)
        arrow, parquet = folder / "national.arrow", folder / "national.parquet"
        for path in (arrow, parquet):
            write_snapshot(synthetic_survey.batches(N_ROWS), path, COLUMNS)
        row(
            "file of the snapshot: Arrow, Parquet",
            " and ".join(f"{size(p):.0f} MB" for p in (arrow, parquet)),
        )
        compilation(folder, arrow)
        national(folder, arrow, parquet)
        spark(folder, parquet)
        simulations(sum_snapshot(arrow, COLUMNS))
        calibrated()
        by_office(folder)
        streaming(folder)


def imports() -> None:
    code = "import time; t = time.perf_counter(); import analysis; s = time.perf_counter() - t; "
    code += "import sys, json; print(json.dumps({'seconds': [s], 'loaded': sorted(sys.modules)}))"
    runs = [run([sys.executable, "-c", code]) for _ in range(5)]
    heavy = {"numpy", "scipy", "pandas", "polars", "pyspark", "matplotlib", "numba", "pyarrow"}
    loaded = heavy & set(runs[0].other["loaded"])
    with_which = ", ".join(sorted(loaded)) or "none of numpy, scipy, polars, numba, pyarrow, pandas, pyspark"
    row(
        "`import analysis`",
        f"{min(r.best for r in runs) * 1e3:.0f} ms, loads {with_which}",
        "≤ 250 ms, no pandas …",
    )


def compilation(folder: Path, arrow: Path) -> None:
    """Time the first sums of a process: with an empty cache of compiled code, and with a full one."""
    cache = {"NUMBA_CACHE_DIR": str(folder / "numba")}
    cold, warm = (ours(folder, arrow, 1, **cache).seconds[0] for _ in range(2))
    row("first figures of a process: compiling, compiled before", f"{cold:.2f} s, {warm:.2f} s")


def ours(folder: Path, path: Path, rounds: int, **environment: str) -> Run:
    command = [sys.executable, "-m", "benchmarks.national_figures", path, str(rounds), folder / "ours.npz"]
    return run(command, **environment)


def national(folder: Path, arrow: Path, parquet: Path) -> None:
    python = python_of("frames")
    sides: dict[str, Callable[[], Run]] = {
        "ours": lambda: ours(folder, arrow, REPEATS),
        "ours, Parquet": lambda: ours(folder, parquet, REPEATS),
    }
    for path in (arrow, parquet):
        for order in ("plain", "sorted"):
            command = [python, PEERS / "sums_polars.py", path, order, str(REPEATS), folder / "polars.arrow"]
            sides[f"polars, {path.suffix[1:]}, {order}"] = lambda command=command: run(command)
    best = in_turns(sides, ROUNDS)
    check_sums("polars", folder)
    mine = best["ours"]
    counted = f"{mine.other['n_figures']:,} figures with SE from {N_ROWS:,} responses × {len(ITEMS)} items"
    row(f"{counted}, Arrow file", f"{mine.best:.3f} s", "0.25 s hoped for")
    row("of this the sums alone", f"{min(mine.other['sums_alone']):.3f} s")
    row("peak memory of the process", f"{mine.peak_megabytes:.0f} MB", "≤ 600 MB")
    row("the same from the Parquet file", f"{best['ours, Parquet'].best:.3f} s")
    compare("all figures ÷ polars streaming, sums alone, Arrow", mine, best["polars, arrow, plain"], "≤ 0.6")
    compare("the same, polars told that the file is sorted", mine, best["polars, arrow, sorted"])
    compare(
        "all figures ÷ polars streaming, sums alone, Parquet", mine, best["polars, parquet, plain"], "≤ 0.6"
    )
    compare("the same, polars told that the file is sorted", mine, best["polars, parquet, sorted"])
    from_parquet = best["ours, Parquet"]
    compare("the same, ours from Parquet too", from_parquet, best["polars, parquet, plain"])
    pandas = run([python, PEERS / "sums_pandas.py", parquet, folder / "pandas.arrow"])
    check_sums("pandas", folder)
    compare("all figures ÷ pandas, sums alone, Parquet", mine, pandas, "≤ 0.1")


def compare(name: str, mine: Run, peer: Run, limit: str = "–") -> None:
    memory = "" if np.isnan(peer.peak_megabytes) else f" (peer's peak {peer.peak_megabytes:,.0f} MB)"
    row(
        name,
        f"{mine.best:.3f} s ÷ {peer.best:.3f} s = {mine.best / peer.best:.2f}{memory}",
        limit,
    )


def in_turns(sides: dict[str, Callable[[], Run]], rounds: int) -> dict[str, Run]:
    """Let the sides take turns, so that a machine that changes its speed meets all; best of each."""
    runs = {name: [] for name in sides}
    for _ in range(rounds):
        for name, side in sides.items():
            runs[name].append(side())
    return {name: min(found, key=lambda one: one.best) for name, found in runs.items()}


def check_sums(peer: str, folder: Path) -> None:
    """Refuse a peer whose whole numbers are not ours: it did not do the same work."""
    totals = np.load(folder / "ours.npz")["totals"]
    table = pa.ipc.open_file(str(folder / f"{peer}.arrow")).read_all()
    for j, item in enumerate(ITEMS):
        for offset, name in ((5, "satisfied"), (6, "valid")):
            assert np.array_equal(totals[3 * j + offset], table.column(f"{name}_{item}").to_numpy()), peer


def spark(folder: Path, parquet: Path) -> None:
    python = python_of("spark")
    environment = {"PYTHONPATH": str(ROOT), "PYSPARK_PYTHON": str(python), "SPARK_LOCAL_IP": "127.0.0.1"}
    scratch = folder / "spark"
    scratch.mkdir()
    command = [python, "-m", "benchmarks.peers.sums_spark"]
    with spark_cluster(python, scratch) as master:
        found = run([*command, master, parquet, folder / "spark.npz", "3"], **environment)
    theirs, mine = np.load(folder / "spark.npz"), sum_snapshot(parquet, COLUMNS)
    same = all(np.array_equal(theirs[name], getattr(mine, name)) for name in ("psu", "cell", "totals"))
    distance = max(
        float(np.abs(one.standard_error - other.standard_error).max())
        for one, other in zip(figures(ItemSums(**theirs)), figures(mine), strict=True)
    )
    row(
        f"PySpark, standalone master and {found.other['n_executors']} workers, Parquet, sums alone",
        f"{found.best:.1f} s, whole numbers {'identical' if same else 'DIFFERENT'}, SE off by {distance:.0e}",
        "identical, ≤ 1e-12",
    )


def simulations(sums: ItemSums) -> None:
    begun = time.perf_counter()
    offices = office_figures(sums, INDEX)
    bootstrap(offices, generator=np.random.default_rng(1))
    seconds = time.perf_counter() - begun
    name = f"2,000 Rao–Wu replicates, {len(offices):,} offices of {N_ROWS:,} responses, from their sums"
    row(name, f"{seconds:.1f} s", "≤ 10 s, independent of n")
    compared = ComparedEstimates(
        offices.value[:, 0], offices.standard_error[:, 0], offices.degrees_of_freedom[:, 0]
    )
    begun = time.perf_counter()
    rank_sets(compared)
    row(f"rank sets of {len(offices):,} offices", f"{time.perf_counter() - begun:.1f} s", "≤ 10 s")


def calibrated() -> None:
    """Compare all figures of each office with raked weights, one pass, with those of plain weights."""
    best = in_turns({side: lambda side=side: raked(side) for side in ("plain", "raked", "tallies")}, ROUNDS)
    plain, mine, tallies = best["plain"], best["raked"], best["tallies"]
    old = raked("pass by office")
    assert old.other["relative_distance"] < 1e-9, old.other
    title = f"{mine.other['n_figures']:,} figures of {N_RAKED:,} rows raked on sex, age, field"
    row(
        f"{title} ÷ the same without calibration",
        f"{mine.best:.2f} s ÷ {plain.best:.2f} s = {mine.best / plain.best:.2f}; "
        f"peak {mine.peak_megabytes:,.0f} MB, without {plain.peak_megabytes:,.0f} MB",
        "≤ 3",
    )
    row(
        f"a pass over the rows for each of {old.other['n_offices']} offices ÷ one pass for the same",
        f"{old.best:.1f} s ÷ {old.other['one_pass']:.2f} s = {old.best / old.other['one_pass']:.0f}; "
        f"variances off by {old.other['relative_distance']:.0e} of themselves",
    )
    row(
        f"the same figures from {tallies.other['n_rows']:,} sums by ward and profile",
        f"{tallies.best:.2f} s, peak {tallies.peak_megabytes:,.0f} MB",
    )
    for side, title in (("ranks together", "rank sets"), ("ranks apart", "the same, each set by itself")):
        sets = raked(side)
        row(
            f"{title} of {sets.other['n_offices']:,} raked offices, correlated up to "
            f"{sets.other['largest_correlation']:.4f}",
            f"{sets.best:.1f} s of processor, {sets.other['more_megabytes']:,.0f} MB beside the figures",
            "≤ 10 s, ≤ 500 MB",
        )


def raked(side: str) -> Run:
    return run([sys.executable, "-m", "benchmarks.raked_offices", str(N_RAKED), side])


def by_office(folder: Path) -> None:
    if has_r():
        r = ["Rscript", PEERS / "ratio_by_office.R"]
        against(folder, "R `svyby`", r, (100_000, synthetic_survey.N_OFFICES), "≥ 1,000")
    else:
        row("R `svyby`", "not measured: it is missing (apt-get install r-base-core r-cran-survey)")
    svy = [python_of("svy"), PEERS / "ratio_by_office_svy.py"]
    against(folder, "`svy`", svy, (330_000, 3300), "≥ 300")


def against(folder: Path, name: str, command: list[str | Path], shape: tuple[int, int], limit: str) -> None:
    """Compare the index of each office: from the answer codes, and from rows of counts as the peer gets."""
    n_rows, n_offices = shape
    table = pa.Table.from_batches(synthetic_survey.batches(n_rows, n_offices=n_offices)).combine_chunks()
    psu, weight = (table.column(key).to_numpy() for key in ("psu", "weight"))
    answers = [table.column(item).to_numpy() for item in ITEMS]
    satisfied = np.sum([(a >= 4) & (a <= 5) for a in answers], axis=0)
    valid = np.sum([(a >= 1) & (a <= 5) for a in answers], axis=0)
    columns = {"office": psu // PSUS_PER_OFFICE, "psu": psu, "weight": weight / 1e6}
    given = pa.table(columns | {"satisfied": satisfied, "valid": valid})
    pyarrow.csv.write_csv(given, folder / "offices.csv")
    codes = [AnswerCodes()] * len(ITEMS)
    design = SurveyDesign(weight=weight / 1e6, stratum=columns["office"], psu=psu)

    def from_codes() -> Estimates:
        return office_figures(sum_responses(psu, answers, codes, weight=weight), INDEX, n_offices)

    def from_rows() -> Estimates:
        return ratio(design, {"all": satisfied}, {"all": valid}, by={"office": columns["office"]})

    peer = run([*command, folder / "offices.csv", folder / "found.csv"])
    distance = check_figures(from_codes(), from_rows(), folder / "found.csv")
    codes_took, rows_took = best_of(from_codes), best_of(from_rows)
    memory = "" if np.isnan(peer.peak_megabytes) else f", its peak {peer.peak_megabytes / 1e3:.1f} GB"
    title = f"{name}, {n_rows:,} rows, {n_offices:,} offices"
    value = f"{peer.best:.1f} s ÷ {{:.4f}} s = {{:,.0f}}{memory}; SE off by {distance:.0e}"
    row(
        f"{title} ÷ ours, from {len(ITEMS)} columns of codes",
        value.format(codes_took, peer.best / codes_took),
        limit,
    )
    row(f"{title} ÷ our `ratio` on the same rows", value.format(rows_took, peer.best / rows_took))


def best_of(compute: Callable[[], Estimates], rounds: int = 20) -> float:
    seconds = []
    for _ in range(rounds):
        begun = time.perf_counter()
        _ = compute().standard_error
        seconds.append(time.perf_counter() - begun)
    return min(seconds)


def check_figures(one: Estimates, other: Estimates, theirs: Path) -> float:
    """Give the largest distance of our two ways from the peer's standard errors."""
    with theirs.open(newline="") as file:
        found = sorted(
            (int(r["office"]), float(r["value"]), float(r["standard_error"])) for r in csv.DictReader(file)
        )
    _, values, errors = np.array(found).T
    for mine in (one, other):
        np.testing.assert_allclose(mine.value[:, 0], values, rtol=1e-9)
    return max(float(np.abs(mine.standard_error[:, 0] - errors).max()) for mine in (one, other))


def streaming(folder: Path) -> None:
    path = folder / "streamed.parquet"
    write_snapshot(synthetic_survey.batches(N_STREAMED), path, COLUMNS)
    found = ours(folder, path, 1)
    row(
        f"{N_STREAMED:,} responses from a Parquet file of {size(path) / 1e3:.1f} GB: time, peak memory",
        f"{found.best:.1f} s, {found.peak_megabytes:.0f} MB",
        "≤ 1,000 MB",
    )


def size(path: Path) -> float:
    return path.stat().st_size / 1e6


if __name__ == "__main__":
    # A BLAS told to be another machine's would slow some sides and not others.
    kept = {name: value for name, value in os.environ.items() if not name.startswith("OPENBLAS_")}
    if len(kept) < len(os.environ):
        os.execve(sys.executable, [sys.executable, "-m", "benchmarks.analysis_speed"], kept)
    main()
