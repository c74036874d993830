"""Packed counts → satisfied and valid answers of the items that are reported."""

import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from survey_app.models.definition import Definition, Item
from survey_app.publish.counting.tallies import N_VALUES, Counts, KnownDefinitions, TallyRow

ROWS_AT_ONCE = 5_000  # unpacked: some 2 kB each


@dataclass(frozen=True)
class Column:
    """An item as its own version reports it: versions are joined by code, roles are not mixed."""

    code: str
    factor: str | None
    in_index: bool

    @classmethod
    def of(cls, item: Item) -> "Column":
        return cls(item.code, item.factor, item.counts_in_index)


def reported_counts(
    versions: Sequence[int], raw: Sequence[bytes], known: KnownDefinitions
) -> tuple[tuple[Column, ...], NDArray[np.int32], NDArray[np.int32]]:
    """Give columns, and satisfied and valid answers by (row, column), whatever versions were answered."""
    definitions = [known[version_id] for version_id in sorted(set(versions))]
    items = (item for definition in definitions for item in definition.items if item.reported_as)
    columns = tuple(dict.fromkeys(map(Column.of, items)))
    satisfied = np.zeros((len(versions), len(columns)), dtype=np.int32)
    valid = np.zeros_like(satisfied)
    for version_id, rows, counts in counts_by_version(versions, raw, known):
        roles = _Roles(known[version_id], columns)
        cells = np.ix_(rows, roles.columns)
        satisfied[cells] = np.einsum("riv,iv->ri", counts[:, roles.items], roles.favourable)
        valid[cells] = np.einsum("riv,iv->ri", counts[:, roles.items], roles.valid)
    return columns, satisfied, valid


def counts_of_rows(
    rows: Sequence[TallyRow], known: KnownDefinitions
) -> tuple[tuple[Column, ...], NDArray[np.int32], NDArray[np.int32]]:
    """Read the reported counts of tallies that may not be stored yet."""
    raw = [zlib.decompress(row.counts) for row in rows]
    return reported_counts([row.instrument_version_id for row in rows], raw, known)


def counts_by_version(
    versions: Sequence[int], raw: Sequence[bytes], known: KnownDefinitions
) -> Iterator[tuple[int, list[int], Counts]]:
    """Give a version, some places of its rows, and their counts by (row, item, nibble value)."""
    by_version = sorted(range(len(versions)), key=lambda place: versions[place])
    for version_id, group in groupby(by_version, key=lambda place: versions[place]):
        places, n_items = list(group), len(known[version_id].items)
        for start in range(0, len(places), ROWS_AT_ONCE):
            some = places[start : start + ROWS_AT_ONCE]
            joined = np.frombuffer(b"".join([raw[place] for place in some]), dtype="<u4")
            yield version_id, some, joined.reshape(-1, n_items, N_VALUES)


class _Roles:
    """Which items of a version are reported, in which column, and how each nibble value counts."""

    def __init__(self, definition: Definition, columns: Sequence[Column]) -> None:
        reported = [(place, item) for place, item in enumerate(definition.items) if item.reported_as]
        readings = [definition.reading(item.code) for _, item in reported]
        self.items = [place for place, _ in reported]
        place_of = {column: place for place, column in enumerate(columns)}
        self.columns = [place_of[Column.of(item)] for _, item in reported]
        self.favourable = _flags(reading.favourable for reading in readings)
        self.valid = _flags(reading.valid for reading in readings)


def _flags(readings: Iterable[frozenset[int]]) -> NDArray[np.int64]:
    return np.array([[value in values for value in range(N_VALUES)] for values in readings], dtype=np.int64)
