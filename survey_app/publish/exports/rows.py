"""Stored responses → the rows of an export, office by office: memory holds the days of some offices, no more.

Rows that say exactly the same stand in the order of their random keys; rows that say less than their day and
counter stand in the order of their answers, for their place in the file must not say what they do not.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import Integer, func, select, type_coerce
from sqlalchemy.orm import Session

from survey_app.models.access_point import AccessPoint
from survey_app.models.campaign import Campaign
from survey_app.models.definition import Definition
from survey_app.models.instrument import InstrumentVersion
from survey_app.models.job import Job
from survey_app.models.office import BY_NAME, Counter, Office
from survey_app.models.response import Response
from survey_app.models.sample import SampleCell
from survey_app.publish.exports.choice import Choice
from survey_app.publish.exports.closeness import Drawn, Said, Way, what_to_say
from survey_app.publish.exports.dictionary import Line, dictionary
from survey_app.publish.exports.groups import NOT_DRAWN, Owner, Unit
from survey_app.publish.exports.layout import AsCell, Layout, Row
from survey_app.publish.exports.released import (
    Leaving,
    Point,
    find_leaving,
    finished_in,
    versions_of,
)
from survey_app.publish.exports.unseen import NOTHING_UNSEEN, Unseen, find_unseen

OFFICES_AT_ONCE = 50
RESPONSES_AT_ONCE = 5_000


@dataclass
class Outcome:
    """What an export holds, and what it leaves out and why: said beside the file."""

    n_rows: int = 0
    n_without_day: int = 0  # of these, because fewer than five share counter and day
    n_without_counter: int = 0  # of those, because fewer than five share counter and month
    n_drawn: int = 0  # of the rows, those of a drawn sample
    n_without_weight: int = 0  # of these, because fewer than five share the cell
    n_without_items: int = 0  # of the rows, because figures hide those items of the office
    n_by_class: dict[str, int] = field(default_factory=dict)  # of these, the classes asked for
    n_unseen: int = 0  # of offices and classes that figures hide
    n_few: int = 0  # fewer than five of an office and class
    n_held: int = 0  # in released figures, of months that are not over or not whole in them
    n_unreleased: int = 0  # in no released figure yet
    n_voided: int = 0
    n_other_days: int = 0  # of other days than asked for, or perhaps so
    n_read: int = 0


@dataclass(frozen=True)
class Export:
    """One export under way: what was asked for, how it is laid out, what came of it."""

    session: Session
    choice: Choice
    campaign: Campaign
    finished: Collection[Owner]
    unseen: Mapping[Owner, Unseen]
    layout: Layout
    definitions: Mapping[int, Definition]
    cells: Mapping[int, SampleCell]
    outcome: Outcome = field(default_factory=Outcome)

    @classmethod
    def of(cls, session: Session, choice: Choice, today: date, as_cell: AsCell) -> "Export":
        campaign = session.get_one(Campaign, choice.campaign_id)
        definitions = _definitions(session, campaign)
        layout = _layout(choice, definitions, as_cell)
        cells = session.scalars(select(SampleCell).where(SampleCell.campaign_id == campaign.id))
        finished = finished_in(session, campaign, today)
        outcome = Outcome(n_by_class=dict.fromkeys(choice.provenances, 0))
        cells_by_id = {cell.id: cell for cell in cells}
        unseen = find_unseen(session, campaign.id)
        return cls(session, choice, campaign, finished, unseen, layout, definitions, cells_by_id, outcome)

    def legend(self) -> list[Line]:
        """Say what stands in the file; whole once all rows have been given."""
        return dictionary(self.campaign, self.layout, self.definitions, asdict(self.outcome))

    def rows(self) -> Iterator[Row]:
        """Give the rows that may leave, offices in the order of their names."""
        offices = _offices(self.session, self.choice)
        for start in range(0, len(offices), OFFICES_AT_ONCE):
            some = offices[start : start + OFFICES_AT_ONCE]
            points, leaving = self.leaving([office.id for office in some])
            for office in some:
                for provenance in self.choice.provenances:
                    own = (office.id, provenance)
                    if own in points:
                        yield from self._rows_of(office, provenance, points[own], leaving[own])

    def leaving(self, office_ids: Sequence[int]) -> tuple[dict[Owner, list[Point]], dict[Owner, Leaving]]:
        """Give the ways in of some offices, by office and class, and what of them leaves."""
        points = _points(self.session, self.choice, office_ids)
        unseen = {owner for owner, one in self.unseen.items() if one.is_whole}
        return points, find_leaving(self.session, points, self.finished, unseen)

    def _rows_of(
        self, office: Office, provenance: str, points: Sequence[Point], leaving: Leaving
    ) -> Iterator[Row]:
        begins = self._begins((self.campaign.code, office.code, office.name, provenance), points, leaving)
        withheld = self.unseen.get((office.id, provenance), NOTHING_UNSEEN).with_branches(self.definitions)
        wider: dict[Row, list[tuple[Any, Row]]] = {}
        for unit, packed in self._responses(begins):
            if unit not in begins:
                continue
            begin, is_close = begins[unit]
            rest = self.layout.answers(unit[2], packed)
            if withheld:
                rest = self.layout.without(withheld, rest)
                self.outcome.n_without_items += 1
            if is_close:
                yield begin + rest
            else:  # in the order of what the row says, which is not all that it could
                wider.setdefault(begin, []).append((repr(rest) if withheld else packed, rest))
        for begin, alike in wider.items():
            alike.sort(key=lambda pair: pair[0])
            yield from (begin + rest for _, rest in alike)

    def _begins(
        self, where: Sequence[str], points: Sequence[Point], leaving: Leaving
    ) -> dict[tuple[int, ...], tuple[Row, bool]]:
        """Say what stands before the answers of each unit that leaves; note how many do, and do not."""
        ways = {point.id: point.way for point in points}
        strata = {cell.id: cell.stratum for cell in self.cells.values()}
        begins: dict[tuple[int, ...], tuple[Row, bool]] = {}
        self._note_staying(leaving)
        for group in leaving.groups:
            says = what_to_say(group, ways, strata)
            self._note(where[-1], group.n_responses, says)
            for unit, (said, drawn) in says.items():
                if self.choice.holds(*said.days()):
                    place = self.layout.place(where, said, unit.instrument_version_id)
                    begins[unit] = (place + self.layout.design(drawn, self.cells), said.day is not None)
        return begins

    def _note_staying(self, leaving: Leaving) -> None:
        self.outcome.n_held += leaving.n_waiting - leaving.n_unreleased - leaving.n_unseen
        self.outcome.n_unseen += leaving.n_unseen
        self.outcome.n_unreleased += leaving.n_unreleased
        self.outcome.n_few += leaving.n_few
        self.outcome.n_voided += leaving.n_voided

    def _note(
        self, provenance: str, counts: Mapping[Unit, int], says: Mapping[Unit, tuple[Said, Drawn]]
    ) -> None:
        for unit, (said, drawn) in says.items():
            if not self.choice.holds(*said.days()):
                self.outcome.n_other_days += counts[unit]
            else:
                self.outcome.n_rows += counts[unit]
                self.outcome.n_without_day += counts[unit] if said.day is None else 0
                self.outcome.n_without_counter += counts[unit] if said.way is None else 0
                self.outcome.n_by_class[provenance] += counts[unit]
                self.outcome.n_drawn += counts[unit] if unit.cell_id != NOT_DRAWN else 0
                is_lacking = unit.cell_id != NOT_DRAWN and drawn.cell_id is None
                self.outcome.n_without_weight += counts[unit] if is_lacking else 0

    def _responses(self, units: Mapping[tuple[int, ...], object]) -> Iterator[tuple[tuple[int, ...], bytes]]:
        """Read the responses of these points and the days between their first and last."""
        if not units:
            return
        stored = Response.__table__.c  # rows without the session's bookkeeping: there are millions
        day, cell = type_coerce(stored.day, Integer), func.coalesce(stored.cell_id, NOT_DRAWN)
        days = [unit[1] for unit in units]
        query = (
            select(stored.access_point_id, day, stored.instrument_version_id, cell, stored.answers)
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
                    yield (point_id, number, version_id, cell_id), packed


def legend_of(session: Session, job: Job) -> list[Line]:
    """Give the dictionary of a file that was made, as its spreadsheet would hold it."""
    choice = Choice.read(job.arguments)
    campaign = session.get_one(Campaign, choice.campaign_id)
    definitions = _definitions(session, campaign)
    return dictionary(campaign, _layout(choice, definitions, str), definitions, job.outcome or {})


def _definitions(session: Session, campaign: Campaign) -> dict[int, Definition]:
    versions = versions_of(session, campaign.id) | {campaign.instrument_version_id}
    rows = session.scalars(select(InstrumentVersion).where(InstrumentVersion.id.in_(versions)))
    return {version.id: version.definition for version in rows}


def _layout(choice: Choice, definitions: Mapping[int, Definition], as_cell: AsCell) -> Layout:
    wording = "codes" if choice.answers == "codes" else choice.language
    return Layout(definitions, wording, as_cell, choice.with_respondents, choice.language)


def _offices(session: Session, choice: Choice) -> list[Office]:
    wanted = set(choice.office_ids)
    offices = session.scalars(select(Office).order_by(*BY_NAME))
    return [office for office in offices if office.id in wanted]


def _points(session: Session, choice: Choice, office_ids: Sequence[int]) -> dict[Owner, list[Point]]:
    """Give the chosen ways in of some offices, by office and class."""
    rows = session.execute(
        select(
            AccessPoint.office_id,
            AccessPoint.provenance,
            AccessPoint.id,
            func.coalesce(AccessPoint.counter_id, 0),
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
    found: dict[Owner, list[Point]] = {}
    for office_id, provenance, point_id, counter_id, *way in rows:
        found.setdefault((office_id, provenance), []).append(Point(point_id, counter_id, Way(*way)))
    return found
