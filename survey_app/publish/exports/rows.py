"""Stored responses → the rows of an export, office by office: memory holds the days of some offices, no more.

Rows that say exactly the same stand in the order of their random keys; rows that say less than their day and
counter stand in the order of their answers, for their place in the file must not say what they do not.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import chain
from typing import NamedTuple

from sqlalchemy import Integer, select, type_coerce
from sqlalchemy.orm import Session

from survey_app.models.access_point import AccessPoint
from survey_app.models.campaign import Campaign, SampleCell
from survey_app.models.instrument import InstrumentVersion
from survey_app.models.office import Counter, Office
from survey_app.models.response import Response
from survey_app.publish.exports.choice import Choice
from survey_app.publish.exports.closeness import Said, Unit, Way, what_to_say
from survey_app.publish.exports.layout import AsCell, Layout, Row
from survey_app.publish.exports.released import Released, find_released, versions_of

OFFICES_AT_ONCE = 50
RESPONSES_AT_ONCE = 5_000


@dataclass
class Outcome:
    """What an export holds, and what it leaves out and why: said beside the file."""

    n_rows: int = 0
    n_wider: int = 0  # of these: without day or counter, because fewer than five share it
    n_few: int = 0  # fewer than five of an office, class and version
    n_waiting: int = 0  # of days that are not settled, or not whole in released figures
    n_voided: int = 0
    n_other_days: int = 0  # of other days than asked for, or perhaps so
    n_read: int = 0


class Point(NamedTuple):
    id: int
    way: Way


@dataclass(frozen=True)
class Export:
    """One export under way: what was asked for, how it is laid out, what came of it."""

    session: Session
    choice: Choice
    campaign: Campaign
    today: date
    layout: Layout
    design: Mapping[int | None, Row]
    outcome: Outcome = field(default_factory=Outcome)

    @classmethod
    def of(cls, session: Session, choice: Choice, today: date, as_cell: AsCell) -> "Export":
        campaign = session.get_one(Campaign, choice.campaign_id)
        versions = versions_of(session, campaign.id) | {campaign.instrument_version_id}
        rows = session.scalars(select(InstrumentVersion).where(InstrumentVersion.id.in_(versions)))
        definitions = {version.id: version.definition for version in rows}
        layout = Layout(definitions, "codes" if choice.answers == "codes" else choice.language, as_cell)
        cells = session.scalars(select(SampleCell).where(SampleCell.campaign_id == campaign.id))
        return cls(session, choice, campaign, today, layout, layout.design(cells))

    def rows(self) -> Iterator[Row]:
        """Give the rows that may leave, offices in the order of their names."""
        offices = _offices(self.session, self.choice)
        for start in range(0, len(offices), OFFICES_AT_ONCE):
            some = offices[start : start + OFFICES_AT_ONCE]
            points = _points(self.session, self.choice, [office.id for office in some])
            ids = [one.id for own in points.values() for one in own]
            released = find_released(self.session, ids, self.today)
            for office in some:
                for provenance in self.choice.provenances:
                    own = points.get((office.id, provenance), [])
                    yield from self._rows_of(office, provenance, own, released)

    def _rows_of(
        self, office: Office, provenance: str, points: Sequence[Point], released: Released
    ) -> Iterator[Row]:
        places = self._places((self.campaign.code, office.code, office.name, provenance), points, released)
        wider: dict[Row, list[tuple[tuple[bytes, int], Row]]] = {}
        for unit, cell_id, packed in self._responses(places):
            if unit not in places:
                continue
            place, is_close = places[unit]
            rest = self.design[cell_id] + self.layout.answers(unit[2], packed)
            if is_close:
                yield place + rest
            else:
                wider.setdefault(place, []).append(((packed, cell_id or 0), rest))
        for place, alike in wider.items():
            alike.sort(key=lambda pair: pair[0])
            yield from (place + rest for _, rest in alike)

    def _places(
        self, where: Sequence[str], points: Sequence[Point], released: Released
    ) -> dict[tuple[int, int, int], tuple[Row, bool]]:
        """Say what stands before the answers of each unit that leaves; note how many do, and do not."""
        ways = {point.id: point.way for point in points}
        counts = dict(chain.from_iterable(released.n_responses.get(one, {}).items() for one in ways))
        says = what_to_say(counts, ways)
        self._note(counts, says)
        self.outcome.n_waiting += sum(released.n_waiting[point_id] for point_id in ways)
        self.outcome.n_voided += sum(released.n_voided[point_id] for point_id in ways)
        return {
            unit: (self.layout.place(where, said, unit.instrument_version_id), said.day is not None)
            for unit, said in says.items()
            if self.choice.holds(*said.days())
        }

    def _note(self, counts: Mapping[Unit, int], says: Mapping[Unit, Said]) -> None:
        for unit, n in counts.items():
            said = says.get(unit)
            if said is None:
                self.outcome.n_few += n
            elif not self.choice.holds(*said.days()):
                self.outcome.n_other_days += n
            else:
                self.outcome.n_rows += n
                self.outcome.n_wider += n if said.day is None else 0

    def _responses(
        self, units: Mapping[tuple[int, int, int], object]
    ) -> Iterator[tuple[tuple[int, int, int], int | None, bytes]]:
        """Read the responses of these points and the days between their first and last."""
        if not units:
            return
        stored = Response.__table__.c  # rows without the session's bookkeeping: there are millions
        day = type_coerce(stored.day, Integer)
        days = [unit[1] for unit in units]
        query = (
            select(stored.access_point_id, day, stored.instrument_version_id, stored.cell_id, stored.answers)
            .where(
                stored.access_point_id.in_({unit[0] for unit in units}),
                day.between(min(days), max(days)),
                stored.approval_id.is_(None),
            )
            .order_by(stored.access_point_id, stored.day, stored.submission_key)
            .execution_options(yield_per=RESPONSES_AT_ONCE)
        )
        with self.session.connection().execute(query) as result:
            for part in result.partitions():
                self.outcome.n_read += len(part)
                for point_id, number, version_id, cell_id, packed in part:
                    yield (point_id, number, version_id), cell_id, packed


def _offices(session: Session, choice: Choice) -> list[Office]:
    wanted = set(choice.office_ids)
    offices = session.scalars(select(Office).order_by(Office.sort_key, Office.name, Office.id))
    return [office for office in offices if office.id in wanted]


def _points(
    session: Session, choice: Choice, office_ids: Sequence[int]
) -> dict[tuple[int, str], list[Point]]:
    """Give the chosen ways in of some offices, by office and class."""
    rows = session.execute(
        select(
            AccessPoint.office_id,
            AccessPoint.provenance,
            AccessPoint.id,
            Counter.label,
            AccessPoint.way_in,
            AccessPoint.mode,
        )
        .outerjoin(Counter, Counter.id == AccessPoint.counter_id)
        .where(
            AccessPoint.campaign_id == choice.campaign_id,
            AccessPoint.office_id.in_(office_ids),
            AccessPoint.provenance.in_(choice.provenances),
        )
        .order_by(AccessPoint.id)
    )
    found: dict[tuple[int, str], list[Point]] = {}
    for office_id, provenance, point_id, *way in rows:
        found.setdefault((office_id, provenance), []).append(Point(point_id, Way(*way)))
    return found
