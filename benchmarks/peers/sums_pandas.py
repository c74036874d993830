"""The sums per PSU by pandas, column by column. Arguments: Parquet file, where to write."""

import json
import sys
import time

import pandas as pd

PATH, FOUND = sys.argv[1:]
ITEMS = [f"q{j}" for j in range(1, 23)]

begun = time.perf_counter()
table = pd.read_parquet(PATH)
psu, weight = table["psu"], table["weight"]
sums = {}
for item in ITEMS:
    for name, lowest in (("satisfied", 4), ("valid", 1)):
        counted = weight.where(table[item].between(lowest, 5), 0)
        sums[f"{name}_{item}"] = counted.groupby(psu).sum()
found = pd.DataFrame(sums)
seconds = time.perf_counter() - begun
found.reset_index().to_feather(FOUND, compression="uncompressed")
with open("/proc/self/status") as status:
    peak = next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmHWM"))
print(json.dumps({"seconds": [seconds], "peak_megabytes": peak}))
