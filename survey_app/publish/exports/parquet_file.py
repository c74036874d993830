"""Rows as Parquet: typed columns, each with its question, some thousand rows at a time."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
from pyarrow import parquet

from survey_app.publish.exports.dictionary import Legend
from survey_app.publish.exports.layout import DAY, NUMBER, TEXT, WEIGHT, Column, Row, in_parts

ROWS_AT_ONCE = 20_000
TYPES = {TEXT: pa.string(), NUMBER: pa.int64(), WEIGHT: pa.float64(), DAY: pa.date32()}


def as_cell(value: object) -> object:
    return value


def write(path: Path, columns: Sequence[Column], rows: Iterator[Row], _legend: Legend) -> None:
    """Write the rows; the legend is a file of its own, which the page of the job offers."""
    schema = pa.schema([_field(column) for column in columns])
    with parquet.ParquetWriter(path, schema, compression="zstd") as writer:
        for part in in_parts(rows, ROWS_AT_ONCE):
            cells_by_column = zip(*part, strict=True)
            arrays = [
                pa.array(cells, type=kind) for cells, kind in zip(cells_by_column, schema.types, strict=True)
            ]
            writer.write_batch(pa.record_batch(arrays, schema=schema))


def _field(column: Column) -> pa.Field:
    words = {"question": column.question} if column.question else None
    return pa.field(column.name, TYPES[column.kind], metadata=words)
