"""Replacement by rule: the next reserve of the list takes the place of whoever cannot be a respondent.

Who is due follows from the outcomes alone (`aapor.CALLS_IN_RESERVE`), and which reserve comes from the order
of the draw: nobody chooses.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from survey_app.config import VIETNAM_TIME
from survey_app.errors import SurveyError
from survey_app.models.aapor import CALLS_IN_RESERVE
from survey_app.models.approval import lock_campaign
from survey_app.models.audit import note_over
from survey_app.models.campaign import Campaign
from survey_app.models.invitation import InvitationBatch
from survey_app.models.sample import Draw, SampleCell, SampledUnit
from survey_app.prepare.fieldwork.spent import answered, entered_as

REPLACED = "fieldwork.replace"  # in the audit log


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
    """Who is to be replaced now, in the order of the lists, and the lists whose reserve is used up."""

    pairs: Sequence[Pair]
    short_of: Mapping[str, int]  # list → how many of it cannot be replaced


def due(session: Session, draw: Draw, secrets: Sequence[bytes]) -> Due:
    """Say who is due: an outcome that calls in a reserve, no answer all the same, not replaced yet."""
    leaving = entered_as(session, draw.id, CALLS_IN_RESERVE)
    if not leaving:
        return Due([], {})
    replaced, reserves = _reserves(session, draw)
    leaving = [one for one in leaving if one.number not in replaced]
    done = answered(session, leaving, secrets)
    pairs, short_of = [], Counter[str]()
    for one in leaving:
        if one.number in done:
            continue
        if not reserves[one.list_name]:
            short_of[one.list_name] += 1
            continue
        reserve = reserves[one.list_name].pop()
        pairs.append(Pair(one.number, *reserve))
    return Due(pairs, short_of)


def replace_due(
    session: Session, draw: Draw, secrets: Sequence[bytes], now: datetime, staff_id: int | None
) -> Due:
    """Call in a reserve for everybody who is due; of two at once the second finds nothing more to do."""
    lock_campaign(session, draw.campaign_id)
    campaign = session.get_one(Campaign, draw.campaign_id)
    if campaign.is_over(now.astimezone(VIETNAM_TIME).date()):
        raise FieldworkOver(f"the campaign {campaign.code} is over: nobody is invited any more")
    found = due(session, draw, secrets)
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


def _reserves(session: Session, draw: Draw) -> tuple[set[int], dict[str, list[tuple[int, int]]]]:
    """Give who is replaced, and the reserves that wait by list, each with its office, the next one last."""
    unit = SampledUnit
    of_draw = (
        select(unit.number, unit.office_id, unit.list_name, unit.serial, unit.replaces)
        .join(InvitationBatch, InvitationBatch.cell_id == unit.cell_id)  # of a cell that is invited
        .where(unit.draw_id == draw.id, ~unit.is_main)
        .order_by(unit.position.desc())
    )
    units = session.execute(of_draw).all()
    waiting: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for number, office_id, list_name, serial, _replaces in units:
        if serial is None:
            waiting[list_name].append((number, office_id))
    return {replaces for *_unit, replaces in units if replaces is not None}, waiting


def _batches(session: Session, draw: Draw) -> dict[int, InvitationBatch]:
    """Give the batch of each cell of a draw."""
    batches = session.execute(
        select(SampleCell.id, InvitationBatch)
        .join(InvitationBatch, InvitationBatch.cell_id == SampleCell.id)
        .where(SampleCell.draw_id == draw.id)
    )
    return dict(batches.all())
