"""Tallies → arrays: what one campaign and provenance class has released, ready for `analysis`."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.orm import Session

from analysis import PsuSums, tally_counts
from survey_app.models.access_point import AccessPoint
from survey_app.models.base import EPOCH
from survey_app.models.campaign import SampleCell
from survey_app.models.definition import Definition, Item
from survey_app.models.publication import Tally
from survey_app.publish.tallies import N_VALUES, NOT_DRAWN, Definitions, Recount, TallyRow, unpacked

POINTS_AT_ONCE = 500
ROWS_AT_ONCE = 5_000  # unpacked: some 2 kB each

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Column:
    """An item as its own version reports it: versions are joined by code, roles are not mixed."""

    code: str
    factor: str | None
    in_index: bool

    @classmethod
    def of(cls, item: Item) -> "Column":
        return cls(item.code, item.factor, item.counts_in_index)


@dataclass(frozen=True, eq=False)
class Dataset:
    """One row a tally: where it belongs in the design, and its satisfied and valid answers by column."""

    columns: tuple[Column, ...]
    office: Integers
    day: Integers  # since 1970-01-01
    psu: Integers
    weight: Floats
    n_respondents: Integers
    satisfied: NDArray[np.int32]  # (rows, columns)
    valid: NDArray[np.int32]
    stratum_of_psu: Integers  # all PSUs of the design, also those in which nobody answered

    def measures(self) -> dict[str, list[int]]:
        """Name what is estimated: the index, each factor of it, each item that is reported."""
        found: dict[str, list[int]] = {}
        for place, column in enumerate(self.columns):
            if column.in_index:
                found.setdefault("index", []).append(place)
            if column.in_index and column.factor:
                found.setdefault(f"factor:{column.factor}", []).append(place)
            found.setdefault(f"item:{column.code}", []).append(place)
        return found

    def sums(self) -> PsuSums:
        """Give the rows as weighted sums of items."""
        return tally_counts(self.psu, self.n_respondents, self.satisfied, self.valid, self.weight)

    def days_of(self, offices: set[int]) -> tuple[date, date]:
        days = self.day[np.isin(self.office, list(offices))]
        return EPOCH + timedelta(days=int(days.min())), EPOCH + timedelta(days=int(days.max()))


def load_dataset(
    session: Session, campaign_id: int, provenance: str, offices: set[int], recounted: Recount
) -> Dataset:
    """Read the tallies of these offices, with the recounted days in the place of the stored ones."""
    points = _points(session, campaign_id, provenance, offices)
    rows = sorted(tally_rows(session, points, recounted), key=lambda row: row[:5])
    columns, satisfied, valid = reported_counts(rows, Definitions(session))
    design = _Design(session, campaign_id)
    psu = [design.psu_of(row, points[row.access_point_id]) for row in rows]
    return Dataset(
        columns=columns,
        office=np.array([points[row.access_point_id] for row in rows], dtype=np.int64),
        day=np.array([(row.day - EPOCH).days for row in rows], dtype=np.int64),
        psu=np.array(psu, dtype=np.int64),
        weight=np.array([design.weight_of(row) for row in rows], dtype=np.float64),
        n_respondents=np.array([row.n_respondents for row in rows], dtype=np.int64),
        satisfied=satisfied,
        valid=valid,
        stratum_of_psu=np.array(design.stratum_of_psu, dtype=np.int64),
    )


def _points(session: Session, campaign_id: int, provenance: str, offices: set[int]) -> dict[int, int]:
    """Give the office of each access point of a class."""
    found = session.execute(
        select(AccessPoint.id, AccessPoint.office_id).where(
            AccessPoint.campaign_id == campaign_id, AccessPoint.provenance == provenance
        )
    )
    return {point_id: office_id for point_id, office_id in found if office_id in offices}


def tally_rows(session: Session, point_ids: Iterable[int], recounted: Recount) -> list[TallyRow]:
    """Give the stored tallies of these points, with the recounted days in the place of the stored ones."""
    wanted = sorted(point_ids)
    changed = set(recounted.days)
    inside = set(wanted)
    rows = [row for row in recounted.rows if row.access_point_id in inside]
    for start in range(0, len(wanted), POINTS_AT_ONCE):
        some = wanted[start : start + POINTS_AT_ONCE]
        stored = session.execute(select(*Tally.__table__.columns).where(Tally.access_point_id.in_(some)))
        rows += [TallyRow(*row) for row in stored if (row.access_point_id, row.day) not in changed]
    return rows


class _Design:
    """Strata and PSUs as numbers: of the drawn sample, or office and point × day where none was drawn."""

    def __init__(self, session: Session, campaign_id: int) -> None:
        cells = session.execute(
            select(SampleCell.id, SampleCell.stratum, SampleCell.psu, SampleCell.weight)
            .where(SampleCell.campaign_id == campaign_id)
            .order_by(SampleCell.id)
        ).all()
        self._weights = {cell.id: cell.weight for cell in cells}
        self._strata: dict[object, int] = {}
        self._psus: dict[object, int] = {}
        self.stratum_of_psu: list[int] = []
        self._psu_of_cell = {cell.id: self._psu(cell.stratum, cell.psu) for cell in cells}

    def psu_of(self, row: TallyRow, office_id: int) -> int:
        if row.cell_id == NOT_DRAWN:
            return self._psu(office_id, (row.access_point_id, row.day))
        return self._psu_of_cell[row.cell_id]

    def weight_of(self, row: TallyRow) -> float:
        return 1.0 if row.cell_id == NOT_DRAWN else self._weights[row.cell_id]

    def _psu(self, stratum: object, psu: object) -> int:
        number = self._psus.setdefault((stratum, psu), len(self._psus))
        if number == len(self.stratum_of_psu):
            self.stratum_of_psu.append(self._strata.setdefault(stratum, len(self._strata)))
        return number


def reported_counts(
    rows: Sequence[TallyRow], known: Definitions
) -> tuple[tuple[Column, ...], NDArray[np.int32], NDArray[np.int32]]:
    """Give columns, and satisfied and valid answers by (row, column), whatever versions were answered."""
    definitions = [known[version_id] for version_id in sorted({row.instrument_version_id for row in rows})]
    items = (item for definition in definitions for item in definition.items if item.reported_as)
    columns = tuple(dict.fromkeys(map(Column.of, items)))
    satisfied = np.zeros((len(rows), len(columns)), dtype=np.int32)
    valid = np.zeros_like(satisfied)
    by_version = sorted(range(len(rows)), key=lambda place: rows[place].instrument_version_id)
    for version_id, group in groupby(by_version, key=lambda place: rows[place].instrument_version_id):
        places, roles = list(group), _Roles(known[version_id], columns)
        for start in range(0, len(places), ROWS_AT_ONCE):
            some = places[start : start + ROWS_AT_ONCE]
            counts = unpacked((rows[place].counts for place in some), roles.n_items)[:, roles.items]
            cells = np.ix_(some, roles.columns)
            satisfied[cells] = np.einsum("riv,iv->ri", counts, roles.favourable)
            valid[cells] = np.einsum("riv,iv->ri", counts, roles.valid)
    return columns, satisfied, valid


class _Roles:
    """Which items of a version are reported, in which column, and how each nibble value counts."""

    def __init__(self, definition: Definition, columns: Sequence[Column]) -> None:
        reported = [(place, item) for place, item in enumerate(definition.items) if item.reported_as]
        readings = [definition.reading(item.code) for _, item in reported]
        self.n_items = len(definition.items)
        self.items = [place for place, _ in reported]
        self.columns = [columns.index(Column.of(item)) for _, item in reported]
        self.favourable = _flags(reading.favourable for reading in readings)
        self.valid = _flags(reading.valid for reading in readings)


def _flags(readings: Iterable[frozenset[int]]) -> NDArray[np.int64]:
    return np.array([[value in values for value in range(N_VALUES)] for values in readings], dtype=np.int64)
