"""The sums of a Spark data frame, by the same kernel on every machine of a cluster."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Final

import numpy as np

from analysis.sums.batches import sum_batches
from analysis.sums.columns import ResponseColumns
from analysis.sums.item_sums import N_ITEM_TOTALS, N_RESPONDENT_TOTALS, ItemSums, add_rows

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame

_SCHEMA: Final = "psu long, cell long, totals array<long>"


def sum_dataframe(dataframe: DataFrame, columns: ResponseColumns) -> ItemSums:
    """Add up the responses of a Spark data frame where they lie.

    Parameters
    ----------
    dataframe : pyspark.sql.DataFrame
        One row per respondent, in any order and partitioning; PySpark 4.0 or newer, with this
        package, numpy and pyarrow (and numba, for speed) on each worker.
    columns : ResponseColumns
        Which columns are what.

    Returns
    -------
    ItemSums
        The bits that `analysis.sums.snapshot.sum_snapshot` gives for the same rows.

    Raises
    ------
    AnalysisError
        On the driver as in `add_up`; what a worker refuses arrives as a PySpark exception that
        holds the message.

    Notes
    -----
    Each partition streams its Arrow batches through `sum_batches`; partial sums are shuffled by
    PSU and cell, 600 bytes a row with 22 items, and added by the workers. The driver receives
    one row per PSU and cell.

    References
    ----------
    Zaharia et al. (2012), Resilient Distributed Datasets, Proc. 9th NSDI, 15-28.

    Examples
    --------
    The session decides where it runs::

        session = SparkSession.builder.master("spark://host:7077").getOrCreate()
        sums = sum_dataframe(session.read.parquet("responses.parquet"), columns)

    What two partitions and a reducer then do, without a cluster:

    >>> import pyarrow as pa
    >>> from analysis.sums.columns import AnswerCodes, ResponseColumns
    >>> from analysis.sums.spark import add_partials, sum_partition
    >>> columns = ResponseColumns("ward", {"q1": AnswerCodes()})
    >>> one = pa.RecordBatch.from_pydict({"ward": [7, 9], "q1": [4, 1]})
    >>> two = pa.RecordBatch.from_pydict({"ward": [7], "q1": [5]})
    >>> partials = [partial for rows in (one, two) for partial in sum_partition([rows], columns)]
    >>> [(row["psu"], row["totals"][-2:]) for row in next(add_partials(partials)).to_pylist()]
    [(7, [2000000, 2000000]), (9, [0, 1000000])]
    """
    rows = dataframe.select(*columns.names)
    partials = rows.mapInArrow(partial(sum_partition, columns=columns), _SCHEMA)
    added = partials.repartition("psu", "cell").mapInArrow(add_partials, _SCHEMA)
    n_totals = N_RESPONDENT_TOTALS + N_ITEM_TOTALS * len(columns.items)
    return from_batches(added.toArrow().to_batches(), n_totals)


def sum_partition(batches: Iterable[pa.RecordBatch], columns: ResponseColumns) -> Iterator[pa.RecordBatch]:
    """Add up the responses of one partition: what a worker does with its rows."""
    yield from _to_batches(sum_batches(batches, columns))


def add_partials(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Add the partial sums that meet on one worker; all of a PSU and cell meet on the same."""
    filled = [batch for batch in batches if batch.num_rows]
    if filled:
        yield from _to_batches(from_batches(filled, len(filled[0].column("totals")[0])))


def _to_batches(sums: ItemSums) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa

    n_totals = sums.totals.shape[0]
    if sums.psu.size:
        offsets = np.arange(sums.psu.size + 1, dtype=np.int32) * n_totals
        totals = pa.ListArray.from_arrays(offsets, pa.array(sums.totals.T.ravel()))
        columns = {"psu": pa.array(sums.psu), "cell": pa.array(sums.cell), "totals": totals}
        yield pa.RecordBatch.from_pydict(columns)


def from_batches(batches: list[pa.RecordBatch], n_totals: int) -> ItemSums:
    """Read batches of `sum_partition`, or of a table of such rows that was kept, and add them up."""
    import pyarrow as pa

    schema = pa.schema({"psu": pa.int64(), "cell": pa.int64(), "totals": pa.list_(pa.int64())})
    rows = pa.Table.from_batches([batch.cast(schema) for batch in batches], schema).combine_chunks()
    totals = (
        pa.concat_arrays(rows.column("totals").chunks) if rows.num_rows else pa.array([], schema.types[2])
    )
    return add_rows(
        rows.column("psu").to_numpy(),
        rows.column("cell").to_numpy(),
        np.array(totals.flatten().to_numpy().reshape(-1, n_totals).T, order="C"),
    )
