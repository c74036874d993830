"""The dossiers of a frame's file by office: those columns that a draw needs, and no others. For jobs."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from survey_app.prepare.frames.canonical import NOTHING_KNOWN
from survey_app.prepare.frames.columns import DAYS, UNIT

Rows = NDArray[np.int64]
UNKNOWN = 0  # the code of what is not known; it stands before all else
MOST_SHORT_CODES = 2**16  # numbers up to there are sorted in one pass


@dataclass(frozen=True)
class Column:
    """Labels as numbers in their order; days as themselves."""

    codes: NDArray[np.int32]
    labels: tuple[str, ...]

    def label(self, row: int) -> str:
        return self.labels[int(self.codes[row])]


class Dossiers:
    """All dossiers of a frame; within an office they stand in the order of their ids, as in the file.

    Ids, the largest column, are read last and alone: ten million dossiers take a gigabyte, not two.
    """

    def __init__(self, path: Path, office_column: str, columns: tuple[str, ...]) -> None:
        names = tuple(dict.fromkeys((office_column, *columns)))
        with pq.ParquetFile(path, read_dictionary=[name for name in names if name not in DAYS]) as file:
            parts = {name: _Parts() for name in names}
            for number in range(file.num_row_groups):
                table = file.read_row_group(number, columns=list(names))
                for name, part in parts.items():
                    part.add(table[name])
            self.columns = {name: parts.pop(name).column() for name in names}
            self._units = _read_units(file)
            self._begins = np.cumsum([0, *map(len, self._units[:-1])])
        self._rows = _by_office(self.columns[office_column])

    @property
    def population(self) -> dict[str, int]:
        return {code: rows.size for code, rows in self._rows.items()}

    def rows_of(self, office: str) -> Rows:
        return self._rows[office]

    def units(self, rows: Rows) -> tuple[str, ...]:
        """Give the ids of ascending rows, each out of the piece in which it was read."""
        pieces = np.split(rows, np.searchsorted(rows, self._begins[1:]))
        found: list[str] = []
        for units, begin, piece in zip(self._units, self._begins, pieces, strict=True):
            if piece.size:
                found += units.take(pa.array(piece - begin)).to_pylist()
        return tuple(found)


@dataclass
class _Parts:
    """A column as it is read, piece by piece: each label gets a number when it comes first."""

    known: dict[str, int] = field(default_factory=dict)
    codes: list[NDArray[np.int32]] = field(default_factory=list)

    def add(self, piece: Any) -> None:
        for chunk in piece.chunks:
            if not pa.types.is_dictionary(chunk.type):
                days = pc.fill_null(chunk.cast(pa.int32()), np.iinfo(np.int32).min)
                self.codes.append(days.to_numpy())
                continue
            words = chunk.dictionary.to_pylist()
            codes = [self.known.setdefault(word, len(self.known) + 1) for word in words] + [UNKNOWN]
            places = pc.fill_null(chunk.indices, len(words)).to_numpy()
            self.codes.append(np.array(codes, np.int32)[places])

    def column(self) -> Column:
        """Give labels their numbers in the order of their code points, the same on every machine."""
        codes = np.concatenate(self.codes)
        if not self.known:
            return Column(codes, (NOTHING_KNOWN,))
        labels = sorted(self.known)
        ranks = np.zeros(len(labels) + 1, np.int32)
        ranks[[self.known[label] for label in labels]] = np.arange(1, len(labels) + 1, dtype=np.int32)
        return Column(ranks[codes], (NOTHING_KNOWN, *labels))


def _read_units(file: Any) -> list[Any]:
    """Read the ids and leave them in their pieces: together they may pass what one array holds."""
    return [
        file.read_row_group(number, columns=[UNIT])[UNIT].combine_chunks()
        for number in range(file.num_row_groups)
    ]


def _by_office(column: Column) -> dict[str, Rows]:
    kind = np.uint16 if len(column.labels) < MOST_SHORT_CODES else np.int32
    rows = np.argsort(column.codes.astype(kind), kind="stable")
    ends = np.cumsum(np.bincount(column.codes, minlength=len(column.labels)))
    parts = np.split(rows, ends[:-1])
    return {code: part for code, part in zip(column.labels, parts, strict=True) if part.size}
