"""A snapshot of responses on disk, column by column, and its sums in bounded memory.

Beside the command line the only module of the library that opens files: snapshots in its own
format, an Arrow or a Parquet file with the columns of `analysis.sums.columns.ResponseColumns`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from analysis.arguments import require_choice
from analysis.errors import AnalysisError
from analysis.sums.batches import (
    ROWS_AT_ONCE,
    of_one_size,
    read_codes,
    read_integers,
    read_weights,
    sum_batches,
)
from analysis.sums.columns import ResponseColumns
from analysis.sums.item_sums import ItemSums, add_up, is_unsorted

if TYPE_CHECKING:
    import pyarrow as pa

_SUFFIXES: Final = (".arrow", ".parquet")
_READABLE: Final = "name a whole Arrow or Parquet file that can be read"
_WRITABLE: Final = "name a file that can be written"


def write_snapshot(batches: Iterable[pa.RecordBatch], path: str | Path, columns: ResponseColumns) -> int:
    """Write responses, sorted by PSU and cell, as an Arrow or a Parquet file.

    Parameters
    ----------
    batches : iterable of pyarrow.RecordBatch
        Rows in ascending order of PSU, then cell; ``table.sort_by([("psu", "ascending")])``
        sorts what fits into memory. Batches of any size are written as they come.
    path : str or Path
        Ends with ``.arrow`` (uncompressed, the fastest to add up) or ``.parquet`` (several times
        smaller, for exchange). The file appears when it is complete.
    columns : ResponseColumns
        What to write; other columns are left out.

    Returns
    -------
    int
        Number of rows.

    Raises
    ------
    AnalysisError
        If the name ends otherwise, the file cannot be written there, a column is missing or of a
        wrong type, rows are not sorted, or there is none.

    Notes
    -----
    Answers become uint8 (null: 255), weights int64 in micro-units (10⁻⁶); keys keep their type.

    References
    ----------
    Apache Arrow, Columnar Format 1.x, IPC File Format. Apache Parquet, File Format 2.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import pyarrow as pa
    >>> from analysis.sums.columns import AnswerCodes, ResponseColumns
    >>> from analysis.sums.snapshot import sum_snapshot, write_snapshot
    >>> columns = ResponseColumns("ward", {"q1": AnswerCodes()}, weight="w")
    >>> batch = pa.RecordBatch.from_pydict({"ward": [7, 7, 9], "w": [1.0, 2.0, 1.5], "q1": [5, None, 3]})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     n_rows = write_snapshot([batch], Path(folder, "wave.parquet"), columns)
    ...     sums = sum_snapshot(Path(folder, "wave.parquet"), columns)
    >>> n_rows, sums.denominator.tolist()
    (3, [[1.0], [1.5]])
    """
    path = Path(path)
    require_choice("path", path.suffix, _SUFFIXES)
    if not path.parent.is_dir():
        raise AnalysisError("path", "lie in a folder that exists", str(path))
    typed = _in_order((_with_types(batch, columns) for batch in batches), columns)
    unfinished = path.with_name(path.name + ".part")
    n_rows = 0
    writer: Any = None
    try:
        for batch in of_one_size(typed, columns.names, ROWS_AT_ONCE):
            with _refusing(path, _WRITABLE):
                writer = writer or _open_writer(unfinished, path.suffix, batch.schema)
                writer.write_batch(batch)
            n_rows += batch.num_rows
        if writer is None:
            raise AnalysisError("batches", "hold at least one row", 0)
        with _refusing(path, _WRITABLE):
            writer.close()
            unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    return n_rows


def sum_snapshot(path: str | Path, columns: ResponseColumns, *, n_threads: int = 2) -> ItemSums:
    """Add up the responses of an Arrow or Parquet file, part by part.

    Parameters
    ----------
    path : str or Path
        A file of `write_snapshot` or of anybody else; rows in any order, sorted ones are faster.
    columns : ResponseColumns
        Which columns are what; others are not read.
    n_threads : int, >= 1
        Threads that read and add up parts side by side.

    Returns
    -------
    ItemSums
        The same bits for each format, number of threads and order of rows.

    Raises
    ------
    AnalysisError
        If the name does not end with ``.arrow`` or ``.parquet``, the file is missing or damaged,
        or as `sum_batches`.

    Notes
    -----
    A thread holds one part at a time (an Arrow file is mapped into memory, a Parquet row group
    unpacked batch by batch), so that memory does not follow the number of respondents.

    References
    ----------
    Apache Arrow, Columnar Format 1.x, IPC File Format. Apache Parquet, File Format 2.

    Examples
    --------
    See `write_snapshot`.

    >>> from pathlib import Path
    >>> from analysis.sums.columns import AnswerCodes, ResponseColumns
    >>> from analysis.sums.snapshot import sum_snapshot
    >>> sum_snapshot(Path("wave.csv"), ResponseColumns("ward", {"q1": AnswerCodes()}))
    Traceback (most recent call last):
    analysis.errors.AnalysisError: path must be one of .arrow, .parquet; got '.csv'
    """
    path = Path(path)
    require_choice("path", path.suffix, _SUFFIXES)
    if n_threads < 1:
        raise AnalysisError("n_threads", "be at least 1", n_threads)
    parts = _arrow_parts(path) if path.suffix == ".arrow" else _parquet_parts(path, columns.names)
    with ThreadPoolExecutor(n_threads) as pool:
        return add_up(pool.map(lambda part: sum_batches(part(), columns), parts))


def _arrow_parts(path: Path) -> list[Callable[[], Iterator[pa.RecordBatch]]]:
    import pyarrow as pa

    def read(part: int) -> Iterator[pa.RecordBatch]:
        # Each part has a mapping of its own: what is done with leaves the memory of the process.
        with _refusing(path, _READABLE), pa.memory_map(str(path)) as file:
            yield pa.ipc.open_file(file).get_batch(part)

    with _refusing(path, _READABLE), pa.memory_map(str(path)) as file:
        n_parts = pa.ipc.open_file(file).num_record_batches
    return [partial(read, part) for part in range(n_parts)]


def _parquet_parts(path: Path, names: list[str]) -> list[Callable[[], Iterator[pa.RecordBatch]]]:
    import pyarrow.parquet as pq

    def read(part: int) -> Iterator[pa.RecordBatch]:
        with _refusing(path, _READABLE), pq.ParquetFile(path) as file:
            yield from file.iter_batches(ROWS_AT_ONCE, row_groups=[part], columns=names, use_threads=False)

    with _refusing(path, _READABLE), pq.ParquetFile(path) as file:
        return [partial(read, part) for part in range(file.num_row_groups)]


@contextmanager
def _refusing(path: Path, rule: str) -> Iterator[None]:
    """Turn what the disk or the format says against a file into a refusal of its path."""
    import pyarrow as pa

    try:
        yield
    except (OSError, pa.ArrowException) as error:
        raise AnalysisError("path", rule, f"{path}: {error}") from error


def _open_writer(path: Path, suffix: str, schema: pa.Schema) -> Any:
    import pyarrow as pa
    import pyarrow.parquet as pq

    return pa.ipc.new_file(str(path), schema) if suffix == ".arrow" else pq.ParquetWriter(path, schema)


def _with_types(batch: pa.RecordBatch, columns: ResponseColumns) -> pa.RecordBatch:
    """Bring a batch into the types of a snapshot, keys and weights first."""
    import pyarrow as pa

    typed = {name: pa.array(read_codes(batch, name)) for name in columns.items}
    if columns.weight is not None:
        typed[columns.weight] = pa.array(read_weights(batch, columns.weight))
    keys = {name: batch.column(name) for name in columns.names if name not in typed}
    return pa.RecordBatch.from_pydict(keys | typed)


def _in_order(batches: Iterable[pa.RecordBatch], columns: ResponseColumns) -> Iterator[pa.RecordBatch]:
    """Hand batches on, or refuse a row that stands before a smaller PSU or cell."""
    last = np.empty((2, 0), dtype=np.int64)
    for batch in batches:
        psu = read_integers(batch, columns.psu)
        cell = np.zeros_like(psu) if columns.cell is None else read_integers(batch, columns.cell)
        if is_unsorted(np.append(last[0], psu), np.append(last[1], cell)):
            raise AnalysisError("batches", "be sorted by PSU, then cell", "unsorted rows")
        last = np.stack([psu, cell])[:, -1:] if psu.size else last
        yield batch
