import importlib.util
import os
import shutil
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, strategies as st

from analysis.sums.columns import AnswerCodes, ResponseColumns
from analysis.sums.item_sums import N_ITEM_TOTALS, N_RESPONDENT_TOTALS
from analysis.sums.spark import add_partials, from_batches, sum_dataframe, sum_partition
from tests.analysis.sums.exact_samples import CODES, same_bits, tables
from tests.analysis.sums.test_batches import COLUMNS, as_batch
from tests.conftest import lacks

ROOT = Path(__file__).parents[3]
N_TOTALS = N_RESPONDENT_TOTALS + N_ITEM_TOTALS * len(CODES)


@given(tables(), st.integers(1, 4), st.integers(1, 3))
def test_partitions_and_shuffle_give_the_bits_of_one_machine(table, n_partitions, n_reducers):
    batch = as_batch(table)
    rows = [np.arange(batch.num_rows)[start::n_partitions] for start in range(n_partitions)]
    partials = [p for some in rows for p in sum_partition([batch.take(pa.array(some))], COLUMNS)]
    shuffled = [
        [p.filter(pa.array(p.column("psu").to_numpy() % n_reducers == r)) for p in partials]
        for r in range(n_reducers)
    ]
    added = [batch for reducer in shuffled for batch in add_partials(reducer)]
    assert same_bits(from_batches(added, N_TOTALS), table.sums())


def test_an_empty_partition_adds_nothing():
    assert list(sum_partition([], COLUMNS)) == []
    assert list(add_partials([])) == []
    assert from_batches([], N_TOTALS).n_items == len(CODES)


@pytest.fixture(scope="module")
def session():
    """A real session with two worker processes on this machine."""
    if importlib.util.find_spec("pyspark") is None:
        lacks("PySpark", "default-jre-headless, then pip install pyspark 'pandas<3'")
    if shutil.which("java") is None:
        lacks("Java", "default-jre-headless")
    from pyspark.sql import SparkSession

    os.environ |= {"PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_IP": "127.0.0.1"}
    # A session of seconds does not earn back what Java's second compiler takes.
    os.environ["JAVA_TOOL_OPTIONS"] = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
    paths = os.pathsep.join([str(ROOT), *filter(None, sys.path)])
    builder = SparkSession.builder.master("local[2]").config("spark.executorEnv.PYTHONPATH", paths)
    settings = {"spark.ui.enabled": "false", "spark.driver.memory": "1g", "spark.sql.shuffle.partitions": "3"}
    settings |= {"spark.ui.showConsoleProgress": "false", "spark.log.level": "OFF"}
    found = builder.config(map=settings).getOrCreate()
    yield found
    found.stop()


def test_a_spark_session_gives_the_bits_of_one_machine(session, tmp_path):
    rng = np.random.default_rng(8)
    n = 30_000
    columns = {"psu": rng.integers(0, 500, n), "w": rng.uniform(0, 50, n), "q": rng.integers(0, 7, n)}
    table = pa.table(columns)
    pq.write_table(table, tmp_path / "wave.parquet", row_group_size=4000)
    named = ResponseColumns("psu", {"q": AnswerCodes()}, weight="w")
    read = session.read.parquet(str(tmp_path / "wave.parquet")).repartition(5)
    alone = from_batches(list(sum_partition(table.to_batches(), named)), N_RESPONDENT_TOTALS + N_ITEM_TOTALS)
    assert same_bits(sum_dataframe(read, named), alone)
    assert sum_dataframe(read.where("psu < 0"), named).psu.size == 0
