"""Sorts more rows than memory holds: sorted runs on the disk, then all of them, range by range. For jobs."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import ipc

from survey_app.prepare.frames.columns import UNIT
from survey_app.prepare.frames.fault_list import FaultList
from survey_app.prepare.frames.repeats import in_order, settled

ROWS_OF_RUN = 400_000
ROWS_OF_RANGE = 250_000
ROWS_AT_ONCE = 8_192  # of each run so much is read ahead


class Runs:
    """Takes rows in any order, gives them sorted by id, each id once."""

    def __init__(self, folder: Path, faults: FaultList, rows_of_run: int = ROWS_OF_RUN) -> None:
        self._folder, self._faults, self._rows_of_run = folder, faults, rows_of_run
        self._waiting: list[pa.Table] = []
        self._n_waiting = 0
        self._paths: list[Path] = []
        self._samples: list[str] = []  # the first id of each batch: where ranges may end
        self.n_rows = 0

    def add(self, rows: pa.Table) -> None:
        self._waiting.append(rows)
        self._n_waiting += len(rows)
        if self._n_waiting >= self._rows_of_run:
            self._write()

    def _write(self) -> None:
        rows = settled(
            in_order(pa.concat_tables(self._waiting).combine_chunks()), self._faults, is_whole=False
        )
        self._waiting, self._n_waiting = [], 0
        path = self._folder / f"run-{len(self._paths):04}"
        with ipc.new_file(path, rows.schema) as file:
            for batch in rows.to_batches(max_chunksize=ROWS_AT_ONCE):
                self._samples.append(batch[UNIT][0].as_py())
                file.write_batch(batch)
        self._paths.append(path)
        self.n_rows += len(rows)

    def in_ranges(self, rows_of_range: int = ROWS_OF_RANGE) -> Iterator[pa.Table]:
        """Give the rows of all runs, sorted, some at a time."""
        if self._waiting:
            self._write()
        step = max(1, rows_of_range // ROWS_AT_ONCE)
        # All that has one id lies in one range.
        ends: list[str | None] = list(dict.fromkeys(sorted(self._samples)[step::step]))
        with ExitStack() as stack:
            runs = [_Run(stack.enter_context(pa.OSFile(str(path)))) for path in self._paths]
            for end in [*ends, None]:
                parts = [part for run in runs for part in run.up_to(end)]
                if parts:
                    rows = in_order(pa.concat_tables(parts).combine_chunks())
                    yield settled(rows, self._faults, is_whole=True)


class _Run:
    """One sorted run, read batch by batch."""

    def __init__(self, file: pa.NativeFile) -> None:
        self._reader = ipc.open_file(file)
        self._next = 0
        self._left: pa.Table | None = None

    def up_to(self, end: str | None) -> Iterator[pa.Table]:
        """Give all rows before an id; without one, all that are left."""
        while (rows := self._left or self._read()) is not None:
            self._left = None
            units = rows[UNIT]
            if end is None or units[-1].as_py() < end:
                yield rows
                continue
            n_before = pc.sum(pc.less(units, end)).as_py()
            if n_before:
                yield rows.slice(0, n_before)
            self._left = rows.slice(n_before)
            return

    def _read(self) -> pa.Table | None:
        if self._next == self._reader.num_record_batches:
            return None
        self._next += 1
        return pa.Table.from_batches([self._reader.get_batch(self._next - 1)])
