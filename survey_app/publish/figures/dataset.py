"""Tallies → arrays: what one campaign and provenance class has released, ready for `analysis`."""

import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache, cached_property, partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Integer, select, type_coerce
from sqlalchemy.orm import Session

from analysis import Calibration, Domains, Estimates, PsuSums, index_of_sums, tally_counts
from survey_app.models.access_point import AccessPoint
from survey_app.models.base import EPOCH, EpochDay
from survey_app.models.breakdown import INDEX, factor_name, item_name
from survey_app.models.office import Counter
from survey_app.models.publication import Tally
from survey_app.publish.counting.reported import Column, counts_by_version, reported_counts
from survey_app.publish.counting.tallies import (
    NOT_DRAWN,
    Counts,
    Definitions,
    KnownDefinitions,
    Recount,
    TallyRow,
)
from survey_app.publish.figures.design import Design, Floats, Integers, Units, cells_of

POINTS_AT_ONCE = OFFICES_AT_ONCE = 500  # in one question to the database

N_MONTHS = 12 * 10_000  # more than any month's number
# What a row of counts is told by, in the order in which `Parts` takes it.
PLACE, DAYS = ("office", "counter", "field"), ("first_day", "last_day", "batch_day")
KEYS = (*PLACE, *DAYS, "cell", "profile", "n_respondents")

Booleans = NDArray[np.bool_]


class Place(NamedTuple):
    """Where a response came in; 0 where a counter or a field is not told apart."""

    office_id: int
    counter_id: int
    field_id: int


@dataclass(frozen=True, eq=False)
class Dataset:
    """Counts by row: where each belongs in the design, and its satisfied and valid answers by column."""

    columns: tuple[Column, ...]
    office: Integers
    counter: Integers
    field: Integers
    first_day: Integers  # on which anybody answered: since 1970-01-01
    last_day: Integers
    month: Integers  # of the batch that released the row: since year 0
    units_of_index: Units
    units_of_items: Units
    cell: Integers  # of the drawn sample
    profile: Integers  # the place among `profiles` of what was told for raking
    profiles: tuple[Sequence[str], ...]
    weight: Floats  # of each respondent of the row
    n_respondents: Integers
    satisfied: NDArray[np.int32]  # (rows, columns), each column in one piece
    valid: NDArray[np.int32]
    answers: dict[tuple[int, int], Counts]  # by office and version: (items, nibble values)
    calibration: Calibration | None = None

    def measures(self) -> dict[str, list[int]]:
        """Name what is estimated: the index, each factor of it, each item that is reported."""
        found: dict[str, list[int]] = {}
        for place, column in enumerate(self.columns):
            if column.in_index:
                found.setdefault(INDEX, []).append(place)
            if column.in_index and column.factor:
                found.setdefault(factor_name(column.factor), []).append(place)
            found.setdefault(item_name(column.code), []).append(place)
        return found

    def answers_to_index(self) -> tuple[Integers, Integers]:
        """Count each row's satisfied and valid answers to the items of the index."""
        counted = [column.in_index for column in self.columns]
        satisfied, valid = (table[:, counted].sum(axis=1) for table in (self.satisfied, self.valid))
        return satisfied, valid

    def estimates(
        self, rows: Booleans, units: Units, domains: Domains, wanted: Mapping[str, Sequence[int]]
    ) -> Estimates:
        """Estimate some columns' indices in the domains of some rows.

        Calibrated weights depend on all rows, and so does the variance of any domain.
        """
        if self.calibration is None:
            return index_of_sums(self._sums(rows, units), units.table, domains, wanted)
        code = np.full(rows.size, -1, dtype=np.int64)
        code[rows] = domains.code
        everywhere = Domains(code, domains.labels)
        return index_of_sums(
            self._all_sums(units), units.table, everywhere, wanted, calibration=self.calibration
        )

    @cached_property
    def _all_sums(self) -> Callable[[Units], PsuSums]:
        """Give the sums of all rows, made once: each pass over calibrated weights takes them."""
        return cache(partial(self._sums, slice(None)))

    def _sums(self, rows: Booleans | slice, units: Units) -> PsuSums:
        """Give some rows as weighted sums of items."""
        return tally_counts(
            units.psu[rows],
            self.n_respondents[rows],
            self.satisfied[rows],
            self.valid[rows],
            self.weight[rows],
        )

    @cached_property
    def months_of_office(self) -> dict[int, set[int]]:
        """Tell in which months each office has answers."""
        found: dict[int, set[int]] = {}
        for key in np.unique(self.office * N_MONTHS + self.month).tolist():
            found.setdefault(key // N_MONTHS, set()).add(key % N_MONTHS)
        return found

    def days_of(self, offices: set[int]) -> tuple[date, date]:
        """Give the first and the last day on which anybody answered at these offices."""
        spans = [self._span_of_office[one] for one in offices & self._span_of_office.keys()]
        first, last = min(span[0] for span in spans), max(span[1] for span in spans)
        return EPOCH + timedelta(days=first), EPOCH + timedelta(days=last)

    @cached_property
    def _span_of_office(self) -> dict[int, tuple[int, int]]:
        order = np.argsort(self.office, kind="stable")
        offices, starts = np.unique(self.office[order], return_index=True)
        firsts = np.minimum.reduceat(self.first_day[order], starts)
        lasts = np.maximum.reduceat(self.last_day[order], starts)
        spans = zip(firsts.tolist(), lasts.tolist(), strict=True)
        return dict(zip(offices.tolist(), spans, strict=True))


def load_dataset(
    session: Session, campaign_id: int, provenance: str, offices: set[int], recounted: Recount
) -> Dataset:
    """Read the tallies of these offices, with the recounted days in the place of the stored ones."""
    places = places_of(session, campaign_id, provenance, offices)
    parts = Parts(Definitions(session))
    wanted = sorted(places)
    # The packed counts of some hundred points at a time: those of a country would fill the memory.
    for start in range(0, len(wanted), POINTS_AT_ONCE):
        rows = sorted(_plain_rows(session, wanted[start : start + POINTS_AT_ONCE], recounted))
        if rows:
            raw = [zlib.decompress(row[6]) for row in rows]
            parts.add(_keys_of(rows, places), [row[2] for row in rows], raw)
    return parts.joined(Design(cells_of(session, campaign_id)))


# A tally's columns in their order, days and months as numbers: several times as fast to read.
_PlainRow = tuple[int, int, int, int, int, int, bytes]


def _plain_rows(session: Session, point_ids: Sequence[int], recounted: Recount) -> list[_PlainRow]:
    inside = set(point_ids)
    changed = {(point_id, days_since_epoch(day)) for point_id, day in recounted.days if point_id in inside}
    rows: list[_PlainRow] = [
        (row[0], days_since_epoch(row.day), *row[2:4], days_since_epoch(row.batch_day), *row[5:])
        for row in recounted.rows
        if row.access_point_id in inside
    ]
    numbers = [
        type_coerce(column, Integer) if isinstance(column.type, EpochDay) else column
        for column in Tally.__table__.columns
    ]
    stored = session.execute(select(*numbers).where(Tally.access_point_id.in_(point_ids))).all()
    return [*rows, *(tuple(row) for row in stored if row[:2] not in changed)]


def days_since_epoch(day: date) -> int:
    return (day - EPOCH).days


def _keys_of(rows: Sequence[_PlainRow], places: Mapping[int, Place]) -> Integers:
    point, day, _version, cell, batch_day, n_respondents = np.array([row[:6] for row in rows]).T
    points, place_of = np.unique(point, return_inverse=True)
    office, counter, field = np.array([places[one] for one in points.tolist()])[place_of].T
    told = np.zeros_like(cell)  # running figures are not raked
    return np.stack([office, counter, field, day, day, batch_day, cell, told, n_respondents]).astype(np.int64)


class Parts:
    """A dataset as it grows, some offices at a time."""

    def __init__(self, definitions: KnownDefinitions) -> None:
        self._definitions = definitions
        self._keys: list[Integers] = [np.empty((len(KEYS), 0), dtype=np.int64)]
        self._columns: dict[Column, int] = {}
        self._places_of_part: list[list[int]] = []
        self._satisfied: list[NDArray[np.int32]] = []
        self._valid: list[NDArray[np.int32]] = []
        self._answers: dict[tuple[int, int], Counts] = {}

    def add(self, keys: Integers, versions: Sequence[int], raw: Sequence[bytes]) -> None:
        """Add some rows: what each is told by (`KEYS`, rows), its version, and its unpacked counts."""
        columns, satisfied, valid = reported_counts(versions, raw, self._definitions)
        self._places_of_part.append([self._columns.setdefault(one, len(self._columns)) for one in columns])
        self._satisfied.append(satisfied)
        self._valid.append(valid)
        self._keys.append(keys)
        self._add_answers(keys[0], versions, raw)

    def joined(self, design: Design, profiles: Iterable[Sequence[str]] = ((),)) -> Dataset:
        keys = dict(zip(KEYS, np.concatenate(self._keys, axis=1), strict=True))
        batch_day, cell = keys.pop("batch_day"), keys["cell"]
        office, counter = keys["office"], keys["counter"]
        units_of = partial(design.units_of, office=office, batch_day=batch_day, cell=cell)
        units_of_items = units_of(office)
        # Who was drawn is in the PSU of the sample for both.
        is_sample = bool((cell != NOT_DRAWN).all())
        return Dataset(
            columns=tuple(self._columns),
            **keys,
            month=_month_numbers(batch_day),
            units_of_index=units_of_items if is_sample else units_of(np.where(counter > 0, counter, -office)),
            units_of_items=units_of_items,
            profiles=tuple(profiles),
            weight=design.weights_of(cell),
            satisfied=self._table(self._satisfied),
            valid=self._table(self._valid),
            answers=self._answers,
        )

    def _table(self, parts: Iterable[NDArray[np.int32]]) -> NDArray[np.int32]:
        """Lay the parts, each with the columns of its own versions, below one another."""
        n_rows, start = sum(keys.shape[1] for keys in self._keys), 0
        table = np.zeros((n_rows, len(self._columns)), dtype=np.int32, order="F")
        for part, places in zip(parts, self._places_of_part, strict=True):
            table[start : start + len(part), places] = part
            start += len(part)
        return table

    def _add_answers(self, office: Integers, versions: Sequence[int], raw: Sequence[bytes]) -> None:
        for version_id, rows, counts in counts_by_version(versions, raw, self._definitions):
            order = np.argsort(office[rows], kind="stable")
            offices, first = np.unique(office[rows][order], return_index=True)
            sums = np.add.reduceat(counts[order], first, axis=0)
            for office_id, added in zip(offices.tolist(), sums, strict=True):
                key = office_id, version_id
                self._answers[key] = self._answers.get(key, np.uint32(0)) + added


def _month_numbers(days: Integers) -> Integers:
    """Turn days into the numbers of their months since year 0."""
    days, place_of = np.unique(days, return_inverse=True)
    months = [month_number(EPOCH + timedelta(days=day)) for day in days.tolist()]
    return np.array(months, dtype=np.int64)[place_of]


def month_number(day: date) -> int:
    return day.year * 12 + day.month - 1


def places_of(session: Session, campaign_id: int, provenance: str, offices: set[int]) -> dict[int, Place]:
    """Give office, counter and field of each access point of a class."""
    wanted = (
        select(AccessPoint.id, AccessPoint.office_id, AccessPoint.counter_id, Counter.field_id)
        .outerjoin(Counter, Counter.id == AccessPoint.counter_id)
        .where(AccessPoint.campaign_id == campaign_id, AccessPoint.provenance == provenance)
    )
    if len(offices) <= OFFICES_AT_ONCE:  # else all are read, and the others passed over
        wanted = wanted.where(AccessPoint.office_id.in_(offices))
    return {
        point_id: Place(office_id, counter_id or 0, field_id or 0)
        for point_id, office_id, counter_id, field_id in session.execute(wanted)
        if office_id in offices
    }


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
