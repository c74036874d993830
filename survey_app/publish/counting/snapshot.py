"""Live answers of a campaign → the snapshot of a publication: counts that can be hashed, and read again.

A part holds one office and class as lines of text. The first says which, and between which days people
answered. Then comes a line for each counter, field, instrument version, cell of the sample, PSU and raking
profile: how many people, and after a tab the counts of each item and stored value in hexadecimal digits, each
in as many bytes, little end first, as that number of people takes. Rows of a drawn sample have the PSU of
their cell; others that of a day, on which their batch was counted. Days are counted since 1970-01-01;
instruments and cells by their place in the recipe, from one; cell 0 is nobody's.
"""

import hashlib
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, groupby
from typing import Any, NamedTuple

import numpy as np
from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from survey_app.errors import SurveyError
from survey_app.models.access_point import AccessPoint
from survey_app.models.base import EPOCH
from survey_app.models.canonical import canonical
from survey_app.models.office import Counter, Office, ServiceField
from survey_app.models.publication import Tally
from survey_app.models.snapshot import SnapshotPart
from survey_app.publish.counting.profiles import count_profiles
from survey_app.publish.counting.tallies import NOT_DRAWN, Counts, Definitions, Recount, TallyRow

POINTS_AT_ONCE = 500  # in one question to the database
PEOPLE_AT_ONCE = 10_000  # at least, whose counts are made together: some 2 kB a row
NO_PROFILE: tuple[str, ...] = ()  # of whoever was not drawn, and where nothing is raked


class DamagedSnapshot(SurveyError):
    """What a publication was made of is not what was frozen."""


class RowKey(NamedTuple):
    """What the counts of a row have in common."""

    counter: str  # its label; empty where it is not told
    field: str
    instrument: int
    cell: int
    psu_day: int | None
    profile: Sequence[str]  # the values of the raking questions


class Header(NamedTuple):
    office: str
    provenance: str
    first_day: int
    last_day: int


@dataclass(frozen=True)
class Part:
    """An office and class of a snapshot, as it is stored."""

    office: str
    provenance: str
    n_respondents: int
    content: bytes

    @property
    def text(self) -> bytes:
        try:
            return zlib.decompress(self.content)
        except zlib.error as error:
            raise DamagedSnapshot(f"{self.office}, {self.provenance}: damaged: {error}") from error

    def read(self) -> tuple[Header, list[tuple[RowKey, int, bytes]]]:
        """Give what the part is told by; then key, respondents and counts of each row."""
        first, *lines = self.text.decode().removesuffix("\n").split("\n")
        header, rows = Header(*json.loads(first)), list(_read(lines))
        told = header.office, header.provenance, sum(n for _, n, _ in rows)
        if told != (self.office, self.provenance, self.n_respondents):
            raise DamagedSnapshot(f"{self.office}, {self.provenance}: damaged: its lines say otherwise.")
        return header, rows


def _read(lines: Iterable[str]) -> Iterator[tuple[RowKey, int, bytes]]:
    cells = [line.partition("\t") for line in lines]
    told = json.loads(f"[{','.join(one for one, _, _ in cells)}]")  # in one go: a country has many
    for digits, run in groupby(zip(told, cells, strict=True), lambda line: _digits_for(line[0][-1])):
        rows = list(run)
        joined = bytes.fromhex("".join([counts for _, (_, _, counts) in rows]))
        narrow, end = np.frombuffer(joined, dtype=digits), 0
        wide = narrow.astype("<u4").tobytes()
        for (*key, n_respondents), (_, _, counts) in rows:
            start, end = end, end + len(counts) // 2 // narrow.itemsize * 4
            yield RowKey(*key), n_respondents, wide[start:end]


def _digits_for(n_respondents: int) -> str:
    """Give the smallest numbers that hold a count of so many people."""
    return "<u1" if n_respondents < 1 << 8 else "<u2" if n_respondents < 1 << 16 else "<u4"


@dataclass(frozen=True)
class Snapshot:
    """All parts of a publication, in the order of office codes and classes."""

    parts: Sequence[Part]

    @classmethod
    def stored(cls, session: Session, publication_id: int) -> "Snapshot":
        query = (
            select(Office.code, SnapshotPart.provenance, SnapshotPart.n_respondents, SnapshotPart.content)
            .join(Office, Office.id == SnapshotPart.office_id)
            .where(SnapshotPart.publication_id == publication_id)
        )
        return cls(sorted((Part(*row) for row in session.execute(query)), key=_place_of))

    @property
    def classes(self) -> list[str]:
        return sorted({part.provenance for part in self.parts})

    def of_class(self, provenance: str) -> list[Part]:
        return [part for part in self.parts if part.provenance == provenance]

    def count_by_class(self) -> dict[str, int]:
        return {one: sum(part.n_respondents for part in self.of_class(one)) for one in self.classes}

    def hash(self) -> str:
        digest = hashlib.sha256()
        for part in self.parts:
            digest.update(part.text)
        return digest.hexdigest()


def _place_of(part: Part) -> tuple[str, str]:
    return part.office, part.provenance


def tally_rows(session: Session, campaign_id: int, recounted: Recount) -> list[TallyRow]:
    """Give a campaign's stored tallies, with the recounted days in the place of the stored ones."""
    of_campaign = select(AccessPoint.id).where(AccessPoint.campaign_id == campaign_id)
    wanted = session.scalars(of_campaign.order_by(AccessPoint.id)).all()
    changed = set(recounted.days)
    rows = list(recounted.rows)
    for start in range(0, len(wanted), POINTS_AT_ONCE):
        some = wanted[start : start + POINTS_AT_ONCE]
        stored = session.execute(select(*Tally.__table__.columns).where(Tally.access_point_id.in_(some)))
        rows += (TallyRow(*row) for row in stored if (row.access_point_id, row.day) not in changed)
    return rows


@dataclass(frozen=True)
class Numbering:
    """By which numbers rows name instrument versions and cells, and by which questions they differ."""

    instruments: Mapping[int, int]  # by the id of the row
    cells: Mapping[int, int]
    questions: Sequence[str] = ()  # whose answers weights are raked by


def count_snapshot(
    session: Session, campaign_id: int, rows: Iterable[TallyRow], numbering: Numbering
) -> Snapshot:
    """Add up tallies; where weights are raked, drawn people's answers by what they told of themselves."""
    places = _places(session, campaign_id)
    by_part: dict[Owner, list[TallyRow]] = {}
    for row in rows:
        by_part.setdefault(_owner(places[row.access_point_id]), []).append(row)
    counting = _Counting(session, places, numbering)
    return Snapshot(
        [
            packed_part(_header(*owner, some[owner]), counted)
            for some in _some_at_a_time(by_part)
            for owner, counted in counting.count(some).items()
        ]
    )


Owner = tuple[str, str]  # code of an office, and class
Counted = dict[RowKey, tuple[int, Counts]]
_Place = Row[int, str, str, str | None, str | None]


def _owner(place: _Place) -> Owner:
    return place.code, place.provenance


def _some_at_a_time(by_part: Mapping[Owner, Sequence[TallyRow]]) -> Iterator[dict[Owner, Sequence[TallyRow]]]:
    """Give parts in their order, as many together as hold enough people."""
    some: dict[Owner, Sequence[TallyRow]] = {}
    n_people = 0
    for owner, rows in sorted(by_part.items()):
        some[owner] = rows
        n_people += sum(row.n_respondents for row in rows)
        if n_people >= PEOPLE_AT_ONCE:
            yield some
            some, n_people = {}, 0
    if some:
        yield some


class _Counting:
    """Adds up the tallies of some offices and classes after the others."""

    def __init__(self, session: Session, places: Mapping[int, _Place], numbering: Numbering) -> None:
        self._session, self._places, self._numbering = session, places, numbering
        self._definitions = Definitions(session)

    def count(self, rows_of: Mapping[Owner, Sequence[TallyRow]]) -> dict[Owner, Counted]:
        counted: dict[Owner, Counted] = {owner: {} for owner in rows_of}
        by_profile = []
        for row in chain.from_iterable(rows_of.values()):
            is_drawn = row.cell_id != NOT_DRAWN
            if is_drawn and self._numbering.questions:
                by_profile.append(row)
                continue
            psu_day = None if is_drawn else (row.batch_day - EPOCH).days
            key = self._key(row[0], row[2], row.cell_id, psu_day, NO_PROFILE)
            more = np.frombuffer(zlib.decompress(row.counts), dtype="<u4")
            add_to(counted[_owner(self._places[row[0]])], key, row.n_respondents, more)
        if by_profile:
            questions = self._numbering.questions
            for one in count_profiles(self._session, by_profile, questions, self._definitions):
                key = self._key(*one[:3], None, one.profile)
                of_owner = counted[_owner(self._places[one.point_id])]
                add_to(of_owner, key, one.n_respondents, one.counts.ravel())
        return counted

    def _key(
        self, point_id: int, version_id: int, cell_id: int, psu_day: int | None, profile: Sequence[str]
    ) -> RowKey:
        place = self._places[point_id]
        cell = self._numbering.cells[cell_id] if cell_id != NOT_DRAWN else 0
        version = self._numbering.instruments[version_id]
        return RowKey(place.label or "", place.field or "", version, cell, psu_day, profile)


def add_to(counted: Counted, key: RowKey, n_respondents: int, more: Counts) -> None:
    n, counts = counted.get(key, (0, np.uint32(0)))
    counted[key] = n + n_respondents, counts + more


def _header(office: str, provenance: str, rows: Sequence[TallyRow]) -> Header:
    days = [(row.day - EPOCH).days for row in rows]
    return Header(office, provenance, min(days), max(days))


def packed_part(header: Header, counted: Counted) -> Part:
    lines = [canonical(header)]
    for key in sorted(counted, key=_order_of):
        n, counts = counted[key]
        lines.append(f"{canonical([*key, n])}\t{counts.astype(_digits_for(n)).tobytes().hex()}")
    text = "".join(f"{line}\n" for line in lines).encode()
    n_respondents = sum(n for n, _ in counted.values())
    return Part(header.office, header.provenance, n_respondents, zlib.compress(text))


def _order_of(key: RowKey) -> tuple[Any, ...]:
    return (*key[:4], key.psu_day or 0, key.profile)


def _places(session: Session, campaign_id: int) -> dict[int, _Place]:
    """Tell where each access point stands, by names."""
    query = (
        select(
            AccessPoint.id,
            Office.code,
            AccessPoint.provenance,
            Counter.label,
            ServiceField.code.label("field"),
        )
        .join(Office, Office.id == AccessPoint.office_id)
        .outerjoin(Counter, Counter.id == AccessPoint.counter_id)
        .outerjoin(ServiceField, ServiceField.id == Counter.field_id)
        .where(AccessPoint.campaign_id == campaign_id)
    )
    return {row.id: row for row in session.execute(query)}


def spans_of(snapshot: Snapshot) -> Iterator[Header]:
    """Tell between which days people answered, part by part."""
    for part in snapshot.parts:
        yield Header(*json.loads(part.text.partition(b"\n")[0]))
