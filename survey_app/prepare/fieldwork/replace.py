"""Replacement by rule: the next reserve of the list takes the place of whoever cannot be a respondent.

Who is due follows from the outcomes alone (`aapor.CALLS_IN_RESERVE`), and which reserve comes from the order
of the draw: nobody chooses.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from sqlalchemy import Select, bindparam, func, select
from sqlalchemy.orm import Session

from survey_app.config import VIETNAM_TIME
from survey_app.errors import SurveyError
from survey_app.models.approval import lock_campaign
from survey_app.models.audit import note_over
from survey_app.models.campaign import Campaign
from survey_app.models.invitation import InvitationBatch
from survey_app.models.kept import Kept
from survey_app.models.sample import Draw, SampleCell, SampledUnit, state_of_units
from survey_app.prepare.fieldwork.spent import Entered, EnteredUnits, entered_units

REPLACED = "fieldwork.replace"  # in the audit log
KEPT_AT_ONCE = 2  # draws under way
_kept: Kept[Counter[str]] = Kept(KEPT_AT_ONCE)


class FieldworkOver(SurveyError):
    """The last day of the campaign has passed."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A unit that goes and the reserve that comes in its place."""

    leaving: int
    coming: int
    office_id: int  # of the reserve


@dataclass(frozen=True, slots=True)
class Due:
    """How many are to be replaced now, and the lists whose reserve is used up."""

    n_due: int
    short_of: Mapping[str, int]  # list → how many of it cannot be replaced


@dataclass(frozen=True, slots=True)
class Replaced:
    """Who was replaced, in the order of their numbers, and the lists whose reserve is used up."""

    pairs: Sequence[Pair]
    short_of: Mapping[str, int]


def due(session: Session, draw: Draw, units: EnteredUnits) -> Due:
    """Count who is due: an outcome that calls in a reserve, no answer all the same, not replaced yet."""
    leaving = Counter(one.list_name for one in _leaving(session, draw, units))
    if not leaving:
        return Due(0, {})
    short_of = leaving - _kept.get(state_of_units(session, draw), lambda: _waiting(session, draw))
    return Due(leaving.total() - short_of.total(), short_of)


def replace_due(
    session: Session, draw: Draw, secrets: Sequence[bytes], now: datetime, staff_id: int | None
) -> Replaced:
    """Call in a reserve for everybody who is due; of two at once the second finds nothing more to do."""
    lock_campaign(session, draw.campaign_id)
    campaign = session.get_one(Campaign, draw.campaign_id)
    if campaign.is_over(now.astimezone(VIETNAM_TIME).date()):
        raise FieldworkOver(f"the campaign {campaign.code} is over: nobody is invited any more")
    due_now = sorted(_leaving(session, draw, entered_units(session, draw, secrets)))
    found = _match(due_now, _reserves(session, draw))
    leaving_for = {pair.coming: pair.leaving for pair in found.pairs}
    of_draw = select(SampledUnit).where(SampledUnit.draw_id == draw.id, ~SampledUnit.is_main)
    units = {one.number: one for one in session.scalars(of_draw) if one.number in leaving_for}
    batches = _batches(session, draw)
    for number, leaving in leaving_for.items():
        unit = units[number]
        batch = batches[unit.cell_id]
        unit.serial = batch.n_issued
        unit.replaces = leaving
        batch.n_issued += 1
    if found.pairs:
        what = f"{campaign.code}: gọi {len(found.pairs)} hồ sơ dự phòng theo quy tắc"
        note_over(session, now, staff_id, REPLACED, what, {pair.office_id for pair in found.pairs})
    session.flush()
    return found


def _match(leaving: Iterable[Entered], reserves: Mapping[str, list[tuple[int, int]]]) -> Replaced:
    pairs, short_of = [], Counter[str]()
    for one in leaving:
        if reserves[one.list_name]:
            pairs.append(Pair(one.number, *reserves[one.list_name].pop()))
        else:
            short_of[one.list_name] += 1
    return Replaced(pairs, short_of)


def _leaving(session: Session, draw: Draw, units: EnteredUnits) -> list[Entered]:
    """List who is due."""
    if not units.leaving:
        return []
    unit = SampledUnit
    of_draw = (unit.draw_id == draw.id, ~unit.is_main, unit.replaces.is_not(None))
    replaced = set(session.scalars(select(unit.replaces).where(*of_draw)))
    gone = units.answered | replaced
    return [one for one in units.leaving if one.number not in gone]


def _waiting(session: Session, draw: Draw) -> Counter[str]:
    rows = session.connection().execute(_count_waiting(), {"draw_id": draw.id}).all()
    return Counter({list_name: int(n) for list_name, n in rows})


@cache
def _count_waiting() -> Select[str, int]:
    """Count by list the reserves that wait, of cells that are invited; first by cell: there are fewer."""
    unit = SampledUnit
    of_cell = select(unit.list_name, unit.cell_id, func.count().label("n"))
    of_cell = of_cell.where(unit.draw_id == bindparam("draw_id"), ~unit.is_main, unit.serial.is_(None))
    waiting = of_cell.group_by(unit.list_name, unit.cell_id).subquery()
    counted = select(waiting.c.list_name, func.sum(waiting.c.n)).group_by(waiting.c.list_name)
    return counted.join(InvitationBatch, InvitationBatch.cell_id == waiting.c.cell_id)


def _reserves(session: Session, draw: Draw) -> dict[str, list[tuple[int, int]]]:
    """Give the reserves that wait by list, each with its office, the next one last."""
    unit, waiting = SampledUnit, defaultdict[str, list[tuple[int, int]]](list)
    query = (
        select(unit.list_name, unit.number, unit.office_id)
        .join(InvitationBatch, InvitationBatch.cell_id == unit.cell_id)  # of a cell that is invited
        .where(unit.draw_id == draw.id, ~unit.is_main, unit.serial.is_(None))
        .order_by(unit.position.desc())
    )
    for list_name, *reserve in session.execute(query):
        waiting[list_name].append((reserve[0], reserve[1]))
    return waiting


def _batches(session: Session, draw: Draw) -> dict[int, InvitationBatch]:
    """Give the batch of each cell of a draw."""
    batches = session.execute(
        select(SampleCell.id, InvitationBatch)
        .join(InvitationBatch, InvitationBatch.cell_id == SampleCell.id)
        .where(SampleCell.draw_id == draw.id)
    )
    return dict(batches.all())
