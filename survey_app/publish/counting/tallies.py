"""Responses → tallies: counts every stored value of every item, per point, day, version and sample cell."""

import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import bindparam, delete, insert, select
from sqlalchemy.orm import Session

from survey_app.errors import SurveyError
from survey_app.models.definition import NOT_ASKED, Definition
from survey_app.models.instrument import InstrumentVersion
from survey_app.models.publication import ReturnedTally, Tally
from survey_app.models.response import Response

N_VALUES = 16  # of a nibble
ROWS_AT_ONCE = 20_000
NOT_DRAWN = 0  # the cell of whoever came without a drawn sample

Counts = NDArray[np.uint32]
PointDay = tuple[int, date]
CountsOfPoint = dict[tuple[date, int, int], Counts]  # by day, version and cell


class UnfitResponses(SurveyError):
    """Stored responses contradict their definition or their day's count, so nothing is released."""


class TallyRow(NamedTuple):
    """One row of `tally`, its columns in their order."""

    access_point_id: int
    day: date
    instrument_version_id: int
    cell_id: int
    batch_day: date
    n_respondents: int
    counts: bytes


@dataclass(frozen=True)
class Recount:
    """What the tallies of some points must become: the days that changed, and all their new rows."""

    days: list[PointDay] = field(default_factory=list)
    rows: list[TallyRow] = field(default_factory=list)
    returned: list[TallyRow] = field(default_factory=list)  # what waits to come back

    def add(self, other: "Recount") -> None:
        self.days.extend(other.days)
        self.rows.extend(other.rows)
        self.returned.extend(other.returned)

    def write(self, session: Session) -> None:
        """Put the new rows in the place of the old ones; doing it twice changes nothing."""
        days = [{"point_id": point_id, "its_day": day} for point_id, day in self.days]
        for table, rows in ((Tally, self.rows), (ReturnedTally, self.returned)):
            same_day = (table.access_point_id == bindparam("point_id"), table.day == bindparam("its_day"))
            if days:
                session.connection().execute(delete(table).where(*same_day), days)
            if rows:
                names = table.__table__.columns.keys()
                cells = [{name: getattr(row, name) for name in names} for row in rows]
                session.execute(insert(table), cells)


class KnownDefinitions(Protocol):
    """Definitions by whatever numbers rows name their instrument version by."""

    def __getitem__(self, version: int, /) -> Definition: ...


class Definitions:
    """The definitions of instrument versions, each read once."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._known: dict[int, Definition] = {}

    def __getitem__(self, version_id: int) -> Definition:
        if version_id not in self._known:
            self._known[version_id] = self._session.get_one(InstrumentVersion, version_id).definition
        return self._known[version_id]


def packed(counts: NDArray[np.integer[Any]]) -> bytes:
    return zlib.compress(counts.astype("<u4").tobytes())


def unpacked(blobs: Iterable[bytes], n_items: int) -> Counts:
    """Give the counts of several tallies of one version as (tallies, items, nibble values)."""
    joined = b"".join(map(zlib.decompress, blobs))
    return np.frombuffer(joined, dtype="<u4").reshape(-1, n_items, N_VALUES)


def nibbles_of(definition: Definition, answers: Sequence[bytes]) -> NDArray[np.uint8]:
    """Unpack many answers of one version at once as (responses, items); refuse what does not fit."""
    n_items = len(definition.items)
    n_bytes = (n_items + 1) // 2
    if any(len(row) != n_bytes for row in answers):
        raise ValueError("a row of another length")
    table = np.frombuffer(b"".join(answers), dtype=np.uint8).reshape(len(answers), n_bytes)
    halves = np.stack([table >> 4, table & 15], axis=2).reshape(len(answers), 2 * n_bytes)
    found, padding = halves[:, :n_items], halves[:, n_items:]
    n_options = np.array([len(item.options) for item in definition.items], dtype=np.uint8)
    if padding.any() or not ((found <= n_options) | (found == NOT_ASKED)).all():
        raise ValueError("a value that no option has")
    return found


def count_points(
    session: Session, days_of_point: Mapping[int, Collection[date]], definitions: Definitions
) -> dict[int, CountsOfPoint]:
    """Count the live answers of some points on some of their days, by day, version and cell."""
    found: dict[int, CountsOfPoint] = {point_id: {} for point_id in days_of_point}
    for version_id, places, answers in _answers(session, days_of_point):
        table = _unpacked_answers(definitions[version_id], places, answers)
        number: dict[_Place, int] = {}
        group = np.array([number.setdefault(one, len(number)) for one in places], dtype=np.int64)
        of_groups = count_values(group, table, len(number))
        for (point_id, day, cell_id), counts in zip(number, of_groups, strict=True):
            key = day, version_id, cell_id
            found[point_id][key] = found[point_id].get(key, np.uint32(0)) + counts
    return found


_Place = tuple[int, date, int]  # point, day and cell


def _answers(
    session: Session, days_of_point: Mapping[int, Collection[date]]
) -> Iterator[tuple[int, list[_Place], list[bytes]]]:
    """Read who answered at some points on some of their days, some rows at a time, by version."""
    columns = (Response.access_point_id, Response.day, Response.cell_id)
    query = select(Response.instrument_version_id, *columns, Response.answers).where(
        Response.access_point_id.in_(sorted(days_of_point)),
        Response.day.in_(sorted(set().union(*days_of_point.values()))),
        Response.approval_id.is_(None),
    )
    result = session.execute(query.execution_options(yield_per=ROWS_AT_ONCE))
    for part in result.partitions():
        by_version: dict[int, tuple[list[_Place], list[bytes]]] = {}
        for version_id, point_id, day, cell_id, answers in part:
            if day in days_of_point[point_id]:
                places, packed_answers = by_version.setdefault(version_id, ([], []))
                places.append((point_id, day, cell_id or NOT_DRAWN))
                packed_answers.append(answers)
        yield from ((version_id, *read) for version_id, read in by_version.items())


def _unpacked_answers(
    definition: Definition, places: Sequence[_Place], answers: Sequence[bytes]
) -> NDArray[np.uint8]:
    try:
        return nibbles_of(definition, answers)
    except ValueError:
        for (point_id, day, _), one in zip(places, answers, strict=True):
            try:
                nibbles_of(definition, [one])
            except ValueError as error:
                name = f"{definition.code} {definition.version}"
                raise UnfitResponses(f"access point {point_id}, {day}, {name}: {error}") from error
        raise


def count_values(group: NDArray[np.int64], found: NDArray[np.uint8], n_groups: int) -> Counts:
    """Count values as (groups, items, nibble values)."""
    n_items = found.shape[1]
    places = group[:, None] * (n_items * N_VALUES) + np.arange(n_items) * N_VALUES + found
    counts = np.bincount(places.ravel(), minlength=n_groups * n_items * N_VALUES)
    return counts.reshape(n_groups, n_items, N_VALUES).astype(np.uint32)
