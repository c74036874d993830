"""Which stored responses leave: whole months of an office and class, if figures do not betray the rest.

A tally says how many responses of a point and day are in the figures, not which. So a day leaves as a whole,
once its tallies hold all of its responses that are not voided; with it what lies in the same batches of its
counter, and a month of those at a time (`groups.py`). And only so many months leave that what figures hold
besides is nothing or enough (`remainder.py`); none at all of whom figures hide (`unseen.py`). Two exports
differ by whole months, whoever takes one each morning; and figures less an export are whole batches.

Where responses were voided, tallies may still count one of them in the place of one that waits; there the
answers themselves are compared. What was voided leaves the next export, as it must: who kept one from before
sees what is gone, on days that figures show as well. Two people, one of them from above the office, had to
agree on it.
"""

import struct
import zlib
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from sqlalchemy import Integer, Row, exists, select, type_coerce
from sqlalchemy.orm import Session

from survey_app.models.access_point import AccessPoint, AccessPointDay
from survey_app.models.campaign import Campaign
from survey_app.models.instrument import InstrumentVersion
from survey_app.models.publication import OfficeRelease, Publication, Tally
from survey_app.models.response import LATE_BY, Response
from survey_app.publish.exports.closeness import Way
from survey_app.publish.exports.groups import ENOUGH, Group, Owner, Told, bundles_of, groups_of
from survey_app.publish.exports.remainder import N_VALUES, POINTS_AT_ONCE, Counts, Remainder

PointDay = tuple[int, int]
_CountedAnswers = Counter[tuple[int, int, int]]  # version, place of the item, nibble


class Point(NamedTuple):
    """An access point; those without a counter form one of their own, as in figures."""

    id: int
    counter_id: int
    way: Way


@dataclass(frozen=True)
class Leaving:
    """What of an office and class leaves, and how much there is of it."""

    groups: Sequence[Group]
    n_live: int
    n_voided: int
    n_few: int  # all that figures hold, if that is fewer than five
    n_in_figures: int
    is_unseen: bool = False  # figures hide it

    @property
    def n_unseen(self) -> int:
        return self.n_waiting - self.n_unreleased if self.is_unseen else 0

    @property
    def n_waiting(self) -> int:
        return (
            self.n_live
            - self.n_few
            - sum(one.n_respondents for group in self.groups for one in group.tallies)
        )

    @property
    def n_unreleased(self) -> int:
        """Count those of the waiting that no figure holds yet."""
        return max(0, self.n_live - self.n_in_figures)


@dataclass
class _Stored:
    """What some access points hold."""

    tallies: dict[int, list[Told]] = field(default_factory=dict)  # by access point
    whole: set[PointDay] = field(default_factory=set)
    n_live: Counter[int] = field(default_factory=Counter)
    n_voided: Counter[int] = field(default_factory=Counter)


def find_leaving(
    session: Session,
    points: Mapping[Owner, Sequence[Point]],
    finished: Collection[Owner],
    unseen: Collection[Owner],
) -> dict[Owner, Leaving]:
    """Decide what leaves of some offices and classes.

    `finished` are those to whose figures nothing comes, `unseen` those that figures hide.
    """
    ids = [one.id for own in points.values() for one in own]
    stored = _Stored()
    for start in range(0, len(ids), POINTS_AT_ONCE):
        _read(session, ids[start : start + POINTS_AT_ONCE], stored)
    drafts = {owner: _Draft.of(own, stored, owner in finished) for owner, own in points.items()}
    counts = Counts(session)
    counts.read([one for draft in drafts.values() for one in draft.staying])  # of all these offices at once
    return {
        owner: Leaving(
            [] if owner in unseen else draft.groups_that_leave(counts),
            sum(stored.n_live[one.id] for one in points[owner]),
            sum(stored.n_voided[one.id] for one in points[owner]),
            draft.n_few,
            sum(tally.n_respondents for one in points[owner] for tally in stored.tallies.get(one.id, ())),
            owner in unseen,
        )
        for owner, draft in drafts.items()
    }


def finished_in(session: Session, campaign: Campaign, today: date) -> set[Owner]:
    """List the offices and classes whose figures are final: the closing release is past, or a wave sealed."""
    is_over = campaign.is_over(today - LATE_BY)
    sealed = exists().where(Publication.campaign_id == campaign.id, Publication.sealed_at.is_not(None))
    if not is_over:
        return set()
    rows = session.execute(
        select(OfficeRelease.office_id, OfficeRelease.provenance).where(
            OfficeRelease.campaign_id == campaign.id, OfficeRelease.closed_on.is_not(None) | sealed
        )
    )
    return {(office_id, provenance) for office_id, provenance in rows}


@dataclass(frozen=True)
class _Draft:
    """What of an office and class could leave, if the rest did not matter."""

    counters: Mapping[int, int]
    groups: list[Group]
    staying: list[Told]

    @classmethod
    def of(cls, points: Sequence[Point], stored: _Stored, is_finished: bool) -> "_Draft":
        counters = {one.id: one.counter_id for one in points}
        tallies = [tally for one in points for tally in stored.tallies.get(one.id, ())]
        last = None if is_finished else max((one.batch_day for one in tallies), default=0)
        bundles = [
            bundle
            for bundle in bundles_of(tallies, counters)
            if all(one[:2] in stored.whole for one in bundle)
        ]
        groups = groups_of(bundles, last)
        leaving = {one for group in groups for one in group.tallies}
        return cls(counters, groups, [one for one in tallies if one not in leaving])

    @property
    def n_few(self) -> int:
        n = sum(one.n_respondents for one in self.staying)
        return n if not self.groups and n < ENOUGH else 0

    def groups_that_leave(self, counts: Counts) -> list[Group]:
        """Give as many groups as can leave, the oldest ones, so that enough stays back."""
        groups, rest = list(self.groups), Remainder(counts, self.counters)
        rest.add(self.staying)
        while groups and not rest.is_enough(max(one.batch_day for group in groups for one in group.tallies)):
            rest.add(groups.pop().tallies)
        return groups


def _read(session: Session, point_ids: Sequence[int], found: _Stored) -> None:
    in_figures: Counter[PointDay] = Counter()
    for one in _tallied(session, point_ids):
        in_figures[one[:2]] += one.n_respondents
        found.tallies.setdefault(one.access_point_id, []).append(one)
    for point_id, day, n_received, n_voided in _days(session, point_ids):
        n_live = n_received - n_voided
        found.n_live[point_id] += n_live
        found.n_voided[point_id] += n_voided
        if in_figures[point_id, day] == n_live and (not n_voided or _agrees(session, point_id, day)):
            found.whole.add((point_id, day))


def _tallied(session: Session, point_ids: Sequence[int]) -> list[Told]:
    day, batch_day = (type_coerce(column, Integer) for column in (Tally.day, Tally.batch_day))
    key = (Tally.access_point_id, day, Tally.instrument_version_id, Tally.cell_id, batch_day)
    rows = session.execute(
        select(*key, Tally.n_respondents)
        .where(Tally.access_point_id.in_(point_ids), Tally.n_respondents > 0)
        .order_by(*key)
    )
    return [Told(*row) for row in rows]


def _days(session: Session, point_ids: Sequence[int]) -> Sequence[Row[int, int, int, int]]:
    day = AccessPointDay
    columns = (day.access_point_id, type_coerce(day.day, Integer), day.n_received, day.n_voided)
    received = select(*columns).where(day.access_point_id.in_(point_ids), day.n_received > 0)
    return session.execute(received).all()


def _agrees(session: Session, point_id: int, day: int) -> bool:
    """Whether the answers stored for a day and not voided are those that its tallies count."""
    at = (type_coerce(Tally.day, Integer) == day, Tally.access_point_id == point_id)
    counted: _CountedAnswers = Counter()
    for version_id, packed in session.execute(select(Tally.instrument_version_id, Tally.counts).where(*at)):
        counts = struct.iter_unpack("<I", zlib.decompress(packed))
        for place, (n,) in enumerate(counts):
            counted[version_id, *divmod(place, N_VALUES)] += n
    return +counted == _answered(session, point_id, day)


def _answered(session: Session, point_id: int, day: int) -> _CountedAnswers:
    at = (type_coerce(Response.day, Integer) == day, Response.access_point_id == point_id)
    live = select(Response.instrument_version_id, Response.answers).where(*at, Response.approval_id.is_(None))
    definitions = {}
    found: _CountedAnswers = Counter()
    for version_id, answers in session.execute(live):
        if version_id not in definitions:
            definitions[version_id] = session.get_one(InstrumentVersion, version_id).definition
        for place, nibble in enumerate(definitions[version_id].nibbles(answers)):
            found[version_id, place, nibble] += 1
    return found


def versions_of(session: Session, campaign_id: int) -> set[int]:
    """Name the instrument versions that a survey has released responses to."""
    points = select(AccessPoint.id).where(AccessPoint.campaign_id == campaign_id)
    query = select(Tally.instrument_version_id).where(Tally.access_point_id.in_(points)).distinct()
    return set(session.scalars(query))
