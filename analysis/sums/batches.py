"""Reads Arrow batches as the arrays that the kernel takes, and adds them up as they come."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from analysis.arguments import as_integers
from analysis.errors import AnalysisError
from analysis.sums.columns import NO_ANSWER, ResponseColumns
from analysis.sums.item_sums import N_ITEM_TOTALS, N_RESPONDENT_TOTALS, ItemSums, add_up
from analysis.sums.kernel import sum_responses, to_micro_units

if TYPE_CHECKING:
    import pyarrow as pa

ROWS_AT_ONCE: Final = 262_144
"""Rows added up at once: their weights (2 MB) stay in the cache while the items pass by."""


def sum_batches(batches: Iterable[pa.RecordBatch], columns: ResponseColumns) -> ItemSums:
    """Add up the responses of Arrow batches of any size and order.

    Parameters
    ----------
    batches : iterable of pyarrow.RecordBatch
        One row per respondent; taken one by one, so that they need not fit into memory together.
    columns : ResponseColumns
        Which columns are what.

    Returns
    -------
    ItemSums
        Without a row where there is no batch.

    Raises
    ------
    AnalysisError
        If a column is missing, is not numeric, changes its type between batches, or has nulls
        where none may be.

    Notes
    -----
    The sums of each batch (`sum_responses`) are added exactly, so that batches may be cut anywhere.

    References
    ----------
    Apache Arrow, Columnar Format 1.x, Physical Memory Layout.

    Examples
    --------
    >>> import pyarrow as pa
    >>> from analysis.sums.batches import sum_batches
    >>> from analysis.sums.columns import AnswerCodes, ResponseColumns
    >>> columns = ResponseColumns("ward", {"q1": AnswerCodes()})
    >>> one = pa.RecordBatch.from_pydict({"ward": [9, 7], "q1": [4, 1]})
    >>> two = pa.RecordBatch.from_pydict({"ward": [7], "q1": [9]})
    >>> sum_batches([one, two], columns)
    ItemSums(2 PSUs and cells, 1 items, 3 respondents)
    """
    n_totals = N_RESPONDENT_TOTALS + N_ITEM_TOTALS * len(columns.items)
    keys = np.empty(0, dtype=np.int64)
    nothing = ItemSums(keys, keys, np.empty((n_totals, 0), dtype=np.int64))
    sums = (sum_batch(batch, columns) for batch in of_one_size(batches, columns.names))
    return add_up(chain([nothing], sums))


def sum_batch(batch: pa.RecordBatch, columns: ResponseColumns) -> ItemSums:
    """Add up one batch; see `sum_batches`."""
    return sum_responses(
        read_integers(batch, columns.psu),
        [read_codes(batch, name) for name in columns.items],
        list(columns.items.values()),
        weight=None if columns.weight is None else read_weights(batch, columns.weight),
        cell=None if columns.cell is None else read_integers(batch, columns.cell),
    )


def of_one_size(
    batches: Iterable[pa.RecordBatch], names: list[str], n_rows: int = ROWS_AT_ONCE
) -> Iterator[pa.RecordBatch]:
    """Give the named columns in batches of `n_rows`, the last one smaller; nothing is copied that fits."""
    import pyarrow as pa

    held: list[pa.RecordBatch] = []
    n_held, types = 0, None
    for batch in batches:
        held.append(_select(batch, names))
        types = types or held[0].schema
        _refuse_other_types(held[-1].schema, types)
        n_held += batch.num_rows
        if n_held >= n_rows:
            table = pa.Table.from_batches(held).combine_chunks()
            n_whole = n_held - n_held % n_rows
            yield from table.slice(0, n_whole).to_batches(max_chunksize=n_rows)
            held, n_held = table.slice(n_whole).to_batches(), n_held - n_whole
    if n_held:
        yield from pa.Table.from_batches(held).combine_chunks().to_batches()


def read_integers(batch: pa.RecordBatch, name: str) -> NDArray[np.int64]:
    """Return a column of whole numbers without nulls."""
    column = _column(batch, name)
    _refuse_nulls(column, name)
    values: NDArray[np.int64] = column.to_numpy(zero_copy_only=False)
    if values.dtype.kind not in "iu":
        raise AnalysisError(name, "hold whole numbers", str(column.type))
    return values if values.dtype == np.int64 else as_integers(name, values, (None,))


def read_weights(batch: pa.RecordBatch, name: str) -> NDArray[np.int64]:
    """Return a column of weights in micro-units: whole numbers are such, floats are natural units."""
    column = _column(batch, name)
    _refuse_nulls(column, name)
    values = column.to_numpy(zero_copy_only=False)
    if values.dtype.kind not in "iuf":
        raise AnalysisError(name, "hold floats, or whole numbers of micro-units", str(column.type))
    return to_micro_units(values) if values.dtype.kind == "f" else read_integers(batch, name)


def read_codes(batch: pa.RecordBatch, name: str) -> NDArray[np.uint8]:
    """Return a column of answer codes; null and what no uint8 can hold become NO_ANSWER."""
    import pyarrow as pa

    column = _column(batch, name)
    if not pa.types.is_integer(column.type):
        raise AnalysisError(name, "hold whole numbers", str(column.type))
    if column.null_count:
        # -1 is no code either, and what each signed type can hold
        column = column.fill_null(-1 if pa.types.is_signed_integer(column.type) else NO_ANSWER)
    values: NDArray[np.uint8] = column.to_numpy()
    if values.dtype == np.uint8:
        return values
    return np.where((values >= 0) & (values < NO_ANSWER), values, NO_ANSWER).astype(np.uint8)


def _select(batch: pa.RecordBatch, names: list[str]) -> pa.RecordBatch:
    import pyarrow as pa

    # Made anew: whether nulls may be, and notes on the schema, may differ between batches.
    return pa.RecordBatch.from_arrays([_column(batch, name) for name in names], names=names)


def _refuse_other_types(schema: pa.Schema, first: pa.Schema) -> None:
    for field, before in zip(schema, first, strict=True):
        if field.type != before.type:
            raise AnalysisError(field.name, f"be of one type in all batches: {before.type}", str(field.type))


def _column(batch: pa.RecordBatch, name: str) -> pa.Array:
    try:
        return batch.column(name)
    except KeyError:
        raise AnalysisError("columns", f"be among {', '.join(batch.schema.names)}", name) from None


def _refuse_nulls(column: pa.Array, name: str) -> None:
    if column.null_count:
        raise AnalysisError(name, "hold no null", f"{column.null_count} nulls")
