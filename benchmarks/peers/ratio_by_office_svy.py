"""The index of each office by the Python package svy. Arguments: CSV as for R, where to write."""

import json
import sys
import time

import polars as pl
import svy

PATH, FOUND = sys.argv[1:]

design = svy.Design(stratum="office", psu="psu", wgt="weight")
sample = svy.Sample(pl.read_csv(PATH), design)
begun = time.perf_counter()
found = sample.estimation.ratio("satisfied", "valid", by="office")
seconds = time.perf_counter() - begun
rows = [(cell.by_level[0], cell.est, cell.se) for cell in found.estimates]
pl.DataFrame(rows, schema=["office", "value", "standard_error"], orient="row").write_csv(FOUND)
with open("/proc/self/status") as status:
    peak = next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmHWM"))
print(json.dumps({"seconds": [seconds], "peak_megabytes": peak}))
