"""The sums per PSU by polars' streaming engine.

Arguments: file, "sorted" or "plain", rounds, where to write.
"""

import json
import sys
import time

import polars as pl

PATH, ORDER, ROUNDS, FOUND = sys.argv[1:]
ITEMS = [f"q{j}" for j in range(1, 23)]


def weight_of(item: str, lowest: int) -> pl.Expr:
    """Sum the weights of answers from a code to 5; faster here than a product or a filter."""
    return pl.when(pl.col(item).is_between(lowest, 5)).then(pl.col("weight")).otherwise(0).sum()


def sums() -> pl.DataFrame:
    table = pl.scan_parquet(PATH) if PATH.endswith(".parquet") else pl.scan_ipc(PATH)
    if ORDER == "sorted":
        table = table.set_sorted("psu")
    wanted = [weight_of(q, 4).alias(f"satisfied_{q}") for q in ITEMS]
    wanted += [weight_of(q, 1).alias(f"valid_{q}") for q in ITEMS]
    return table.group_by("psu").agg(wanted).collect(engine="streaming")


seconds = []
for _ in range(int(ROUNDS)):
    begun = time.perf_counter()
    found = sums()
    seconds.append(time.perf_counter() - begun)
found.sort("psu").write_ipc(FOUND)
with open("/proc/self/status") as status:
    peak = next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmHWM"))
print(json.dumps({"seconds": seconds, "peak_megabytes": peak}))
