"""Invite a drawn sample: one batch of letters or messages for each cell of the draw in force."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from survey_app.errors import SurveyError
from survey_app.models.access_point import AccessPoint
from survey_app.models.approval import lock_campaign
from survey_app.models.campaign import Campaign
from survey_app.models.invitation import InvitationBatch
from survey_app.models.invitation_token import secret_mark
from survey_app.models.office import Office
from survey_app.models.paused import paused_offices
from survey_app.models.sample import Draw, SampleCell, SampledUnit
from survey_app.models.short_code import new_code
from survey_app.prepare.invitations.issue import BatchPlan, Fault, faults_of, provenance_of


class CellNotWhole(SurveyError):
    """The serial numbers of a cell's units do not count from 0 on, or its units are of several offices."""

    def __init__(self, cell_id: int) -> None:
        super().__init__(f"cell {cell_id} of the draw cannot be one batch: draw the sample anew")


@dataclass(frozen=True, slots=True)
class Invited:
    """What a run issued, and the offices that it left out with the reasons."""

    n_batches: int
    n_units: int
    left_out: Mapping[int, tuple[Fault, ...]]
    office_ids: frozenset[int]  # of what was issued


@dataclass(frozen=True, slots=True)
class _Waiting:
    cell_id: int
    office_id: int
    n_units: int


def invite(session: Session, draw: Draw, delivery: str, today: date, secret: bytes) -> Invited:
    """Issue the batches that are missing, in one transaction; who runs it again issues none twice."""
    campaign = session.get_one(Campaign, draw.campaign_id)
    lock_campaign(session, campaign.id)
    waiting = _waiting_cells(session, draw.id)
    offices = _offices(session, waiting)
    left_out = _left_out(session, campaign, offices, waiting, delivery, today)
    # Nobody is sent what he cannot answer; a run after the pause invites them.
    left_out = dict.fromkeys(paused_offices(session, campaign.id, offices), (Fault.AT_REST,)) | left_out
    going = [one for one in waiting if one.office_id not in left_out]
    codes = _unused_codes(session, len(going))
    provenance = provenance_of(delivery)
    points = [
        {
            "code": code,
            "campaign_id": campaign.id,
            "office_id": one.office_id,
            "way_in": "invitation",
            "mode": "web",
            "provenance": provenance,
            "issued_on": today,
        }
        for one, code in zip(going, codes, strict=True)
    ]
    if points:
        adding = insert(AccessPoint).returning(AccessPoint.id, sort_by_parameter_order=True)
        point_ids = session.scalars(adding, points).all()
        mark = secret_mark(secret)
        batches = [
            {
                "access_point_id": point_id,
                "delivery": delivery,
                "n_issued": one.n_units,
                "cell_id": one.cell_id,
                "secret_mark": mark,
            }
            for one, point_id in zip(going, point_ids, strict=True)
        ]
        session.execute(insert(InvitationBatch), batches)
    issued_at = frozenset(one.office_id for one in going)
    return Invited(len(going), sum(one.n_units for one in going), left_out, issued_at)


def _waiting_cells(session: Session, draw_id: int) -> list[_Waiting]:
    """List the cells of a draw that have units and no batch yet."""
    unit = SampledUnit
    rows = session.execute(
        select(
            unit.cell_id,
            func.min(unit.office_id),
            func.max(unit.office_id),
            func.count(),
            func.min(unit.serial),
            func.max(unit.serial),
        )
        .outerjoin(InvitationBatch, InvitationBatch.cell_id == unit.cell_id)
        .where(unit.draw_id == draw_id, unit.serial.is_not(None), InvitationBatch.id.is_(None))
        .group_by(unit.cell_id)
        .order_by(unit.cell_id)
    )
    found = []
    for cell_id, office_id, other_office_id, n_units, first, last in rows:
        if office_id != other_office_id or (first, last) != (0, n_units - 1):
            raise CellNotWhole(cell_id)
        found.append(_Waiting(cell_id, office_id, n_units))
    return found


def _left_out(
    session: Session,
    campaign: Campaign,
    offices: Mapping[int, Office],
    waiting: Collection[_Waiting],
    delivery: str,
    today: date,
) -> dict[int, tuple[Fault, ...]]:
    """Say which offices stay without invitations: what holds for a batch typed by hand holds here, too."""
    cells = {
        cell.id: cell
        for cell in session.scalars(select(SampleCell).where(SampleCell.campaign_id == campaign.id))
    }
    left_out = {}
    for one in waiting:
        plan = BatchPlan(
            campaign=campaign,
            office=offices[one.office_id],
            delivery=delivery,
            n_issued=one.n_units,
            cell=cells[one.cell_id],
        )
        if faults := tuple(faults_of(plan, today)):
            left_out[one.office_id] = faults
    return left_out


def _offices(session: Session, waiting: Collection[_Waiting]) -> dict[int, Office]:
    wanted = {one.office_id for one in waiting}
    return {office.id: office for office in session.scalars(select(Office)) if office.id in wanted}


def _unused_codes(session: Session, n: int) -> list[str]:
    known = set(session.scalars(select(AccessPoint.code))) if n else set()
    codes: set[str] = set()
    while len(codes) < n:
        code = new_code()
        if code not in known:
            codes.add(code)
    return sorted(codes)
