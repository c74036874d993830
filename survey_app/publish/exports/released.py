"""Which stored responses are in released tallies: only these may leave, or exports would show live answers.

A tally says how many responses of a point and day are in the figures, not which. So a day leaves as a whole,
once its tallies hold all of its responses that are not voided, and not before it lies two days back, when
nearly all late forms have come: else two exports, subtracted, would tell its morning from its afternoon.
Where responses were voided, the tallies may still count one of them in the place of one that waits; there
the answers themselves are compared.
"""

import struct
import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import Integer, Row, func, select, type_coerce
from sqlalchemy.orm import Session

from survey_app.models.access_point import AccessPoint, AccessPointDay
from survey_app.models.base import EPOCH
from survey_app.models.instrument import InstrumentVersion
from survey_app.models.publication import Tally
from survey_app.models.response import LATE_BY, Response
from survey_app.publish.exports.closeness import Unit

POINTS_AT_ONCE = 500
N_VALUES = 16  # of a nibble, each with a count in the tally of an item

PointDay = tuple[int, int]
Counts = Counter[tuple[int, int, int]]  # version, place of the item, nibble


@dataclass
class Released:
    """What some access points have released, and what of theirs is not."""

    n_responses: dict[int, dict[Unit, int]] = field(default_factory=dict)  # by access point
    n_waiting: Counter[int] = field(default_factory=Counter)  # by access point
    n_voided: Counter[int] = field(default_factory=Counter)


def find_released(session: Session, point_ids: Sequence[int], today: date) -> Released:
    """Find the settled days of these points that the tallies hold whole."""
    settled_before = (today - LATE_BY - EPOCH).days
    found = Released()
    for start in range(0, len(point_ids), POINTS_AT_ONCE):
        _add_released(session, point_ids[start : start + POINTS_AT_ONCE], settled_before, found)
    return found


def _add_released(session: Session, point_ids: Sequence[int], settled_before: int, found: Released) -> None:
    tallied = _tallied(session, point_ids)
    in_figures: Counter[PointDay] = Counter()
    for unit, n in tallied.items():
        in_figures[unit.access_point_id, unit.day] += n
    whole: set[PointDay] = set()
    for point_id, day, n_received, n_voided in _days(session, point_ids):
        n_live = n_received - n_voided
        found.n_voided[point_id] += n_voided
        holds_all = in_figures[point_id, day] == n_live and (not n_voided or _agrees(session, point_id, day))
        if day < settled_before and holds_all:
            whole.add((point_id, day))
        else:
            found.n_waiting[point_id] += n_live
    for unit, n in tallied.items():
        if n and unit[:2] in whole:
            found.n_responses.setdefault(unit.access_point_id, {})[unit] = n


def _tallied(session: Session, point_ids: Sequence[int]) -> dict[Unit, int]:
    day = type_coerce(Tally.day, Integer)
    key = (Tally.access_point_id, day, Tally.instrument_version_id)
    rows = session.execute(
        select(*key, func.sum(Tally.n_respondents)).where(Tally.access_point_id.in_(point_ids)).group_by(*key)
    )
    return {Unit(*unit): int(n) for *unit, n in rows}


def _days(session: Session, point_ids: Sequence[int]) -> Sequence[Row[int, int, int, int]]:
    day = AccessPointDay
    columns = (day.access_point_id, type_coerce(day.day, Integer), day.n_received, day.n_voided)
    received = select(*columns).where(day.access_point_id.in_(point_ids), day.n_received > 0)
    return session.execute(received).all()


def _agrees(session: Session, point_id: int, day: int) -> bool:
    """Whether the answers stored for a day and not voided are those that its tallies count."""
    at = (type_coerce(Tally.day, Integer) == day, Tally.access_point_id == point_id)
    counted: Counts = Counter()
    for version_id, packed in session.execute(select(Tally.instrument_version_id, Tally.counts).where(*at)):
        counts = struct.iter_unpack("<I", zlib.decompress(packed))
        for place, (n,) in enumerate(counts):
            counted[version_id, *divmod(place, N_VALUES)] += n
    return +counted == _stored(session, point_id, day)


def _stored(session: Session, point_id: int, day: int) -> Counts:
    at = (type_coerce(Response.day, Integer) == day, Response.access_point_id == point_id)
    live = select(Response.instrument_version_id, Response.answers).where(*at, Response.approval_id.is_(None))
    definitions = {}
    stored: Counts = Counter()
    for version_id, answers in session.execute(live):
        if version_id not in definitions:
            definitions[version_id] = session.get_one(InstrumentVersion, version_id).definition
        for place, nibble in enumerate(definitions[version_id].nibbles(answers)):
            stored[version_id, place, nibble] += 1
    return stored


def versions_of(session: Session, campaign_id: int) -> set[int]:
    """Name the instrument versions that a survey has released responses to."""
    points = select(AccessPoint.id).where(AccessPoint.campaign_id == campaign_id)
    query = select(Tally.instrument_version_id).where(Tally.access_point_id.in_(points)).distinct()
    return set(session.scalars(query))
