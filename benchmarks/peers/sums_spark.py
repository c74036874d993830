"""The sums of a Parquet file on a Spark cluster; runs in the environment with PySpark.

Arguments: address of the master, Parquet file, where to write the sums, rounds.
"""

import json
import os
import sys
import time

import numpy as np
from pyspark.sql import SparkSession

from analysis.sums.spark import sum_dataframe
from benchmarks.synthetic_survey import COLUMNS

MASTER, PARQUET, FOUND, ROUNDS = sys.argv[1:]


def main() -> None:
    session = (
        SparkSession.builder.master(MASTER)
        .appName("sums per PSU")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.memory", "1g")
        .config("spark.executor.memory", "1g")
        .config("spark.executorEnv.PYTHONPATH", os.environ["PYTHONPATH"])  # as if installed on the workers
        .config("spark.ui.enabled", "false")
        .config("spark.sql.shuffle.partitions", "4")
        .getOrCreate()
    )
    session.sparkContext.setLogLevel("ERROR")
    seconds = []
    for _ in range(int(ROUNDS)):
        begun = time.perf_counter()
        sums = sum_dataframe(session.read.parquet(PARQUET), COLUMNS)
        seconds.append(time.perf_counter() - begun)
    n_executors = session.sparkContext._jsc.sc().getExecutorMemoryStatus().size() - 1
    np.savez(FOUND, psu=sums.psu, cell=sums.cell, totals=sums.totals)
    print(json.dumps({"seconds": seconds, "n_executors": n_executors}))
    session.stop()


if __name__ == "__main__":
    main()
