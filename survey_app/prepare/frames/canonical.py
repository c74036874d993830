"""A frame's file and its hash: the same rows give the same 64 digits, on any machine, in any order they came.

The bytes hashed are those that `analysis.sampling.frame.frame_hash` defines, made a piece at a time: a table
with tabs, "unit" first, the other columns by name, a line a unit, sorted by unit; "-" where nothing is known.
For jobs.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from survey_app.prepare.frames.columns import DAYS, IN_FRAME, UNIT

NOTHING_KNOWN = "-"
HASHED = (UNIT, *sorted(set(IN_FRAME) - {UNIT}))
SCHEMA = pa.schema([(name, pa.date32() if name in DAYS else pa.string()) for name in IN_FRAME])


class FrameHash:
    """Takes the rows of a frame piece by piece, sorted by unit."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256(("\t".join(HASHED) + "\n").encode())

    def add(self, rows: pa.Table) -> None:
        for batch in rows.combine_chunks().to_batches():
            texts = [pc.fill_null(batch[name].cast(pa.string()), NOTHING_KNOWN) for name in HASHED]
            ended = pc.binary_join_element_wise(texts[-1], "\n", "")
            lines = pc.binary_join_element_wise(*texts[:-1], ended, "\t")
            self._digest.update(_bytes_of(lines))

    def hexdigest(self) -> str:
        return self._digest.hexdigest()


def hash_of_file(path: Path) -> str:
    """Compute the hash of a frame from its file."""
    found = FrameHash()
    for rows in row_groups(path):
        found.add(rows)
    return found.hexdigest()


def row_groups(path: Path) -> Iterator[pa.Table]:
    """Read a frame piece by piece."""
    with pq.ParquetFile(path) as file:
        for number in range(file.num_row_groups):
            yield file.read_row_group(number)


def _bytes_of(lines: pa.Array) -> memoryview:
    """Give the texts of an array one after the other, as they lie in memory."""
    _, offsets, content = lines.buffers()
    if not len(lines):
        return memoryview(b"")
    ends = memoryview(offsets).cast("i")
    return memoryview(content)[ends[lines.offset] : ends[lines.offset + len(lines)]]
