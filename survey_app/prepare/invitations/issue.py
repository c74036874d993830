"""Issue batches of invitations, and revoke them. Who may have the tokens decides what an answer is worth."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from survey_app.errors import NotFound, SurveyError
from survey_app.models.access_point import AccessPoint
from survey_app.models.approval import lock_campaign
from survey_app.models.campaign import Campaign
from survey_app.models.invitation import DELIVERIES, LARGEST_BATCH, SMALLEST_BATCH, InvitationBatch
from survey_app.models.invitation_token import secret_mark
from survey_app.models.office import Counter, Office
from survey_app.models.paused import paused_offices
from survey_app.models.sample import SampleCell
from survey_app.models.short_code import new_code

# Every invitation says that it tells the group invited, of at least five: the batch is such a group.
DRAWN_BASES = ("probability", "census")
DRAWN_DELIVERIES = ("letter", "message")
# A manager who held the tokens of a drawn sample could hand them to the happy.


@dataclass(frozen=True, kw_only=True)
class BatchPlan:
    """A batch that somebody wants, before it has been checked."""

    campaign: Campaign
    office: Office
    counter: Counter | None = None
    delivery: str
    n_issued: int
    cell: SampleCell | None = None


class Fault(StrEnum):
    """Why a batch cannot be issued as planned."""

    CAMPAIGN_CLOSED = "the campaign is over"
    OFFICE_NOT_THERE = "the office has ended"
    OFFICE_IS_PROVINCE = "a province serves nobody itself: name one of its offices"
    COUNTER_ELSEWHERE = "the counter is in another office"
    DELIVERY_UNKNOWN = f"the delivery must be one of {', '.join(DELIVERIES)}"
    NOTHING_DRAWN = "letters and messages go to drawn units, and this campaign draws no sample"
    SIZE_OUT_OF_RANGE = f"a batch has {SMALLEST_BATCH} to {LARGEST_BATCH} invitations"
    CELL_ELSEWHERE = "the sample cell belongs to another campaign"
    CELL_MISSING = (
        "letters and messages of a random sample need the cell of their units, or their answers would count "
        "without the sample's weight: name it (--stratum, --psu, --weight) as the draw gave it"
    )
    AT_REST = "its codes and invitations are paused by two people's decision: whoever opens one cannot answer"


class BatchRefused(SurveyError):
    """A batch cannot be as planned; `faults` lists every reason."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


def issue_batch(session: Session, plan: BatchPlan, today: date, secret: bytes) -> InvitationBatch:
    """Make an access point for the batch, and the row from which all its tokens follow."""
    faults = list(faults_of(plan, today))
    if faults:
        raise BatchRefused(faults)
    lock_campaign(session, plan.campaign.id)  # whoever pauses its codes at this moment finds this one too
    paused = paused_offices(session, plan.campaign.id, [plan.office.id])
    point = AccessPoint(
        code=_unused_code(session),
        campaign_id=plan.campaign.id,
        office_id=plan.office.id,
        counter_id=plan.counter.id if plan.counter else None,
        way_in="invitation",
        mode="web",
        provenance=provenance_of(plan.delivery),
        issued_on=today,
        paused_on=paused.get(plan.office.id),
    )
    session.add(point)
    session.flush()  # gives the id by which the batch names it
    batch = InvitationBatch(
        access_point_id=point.id,
        delivery=plan.delivery,
        n_issued=plan.n_issued,
        cell_id=plan.cell.id if plan.cell else None,
        secret_mark=secret_mark(secret),
    )
    session.add(batch)
    session.flush()
    return batch


def faults_of(plan: BatchPlan, today: date) -> Iterator[Fault]:
    """Say what stands against a batch."""
    wrong = {
        Fault.CAMPAIGN_CLOSED: plan.campaign.is_over(today),
        # Like other codes, those of an office that begins later can be made ahead: they open from its day on.
        Fault.OFFICE_NOT_THERE: plan.office.has_ended(today),
        Fault.OFFICE_IS_PROVINCE: plan.office.kind == "province",
        Fault.COUNTER_ELSEWHERE: plan.counter is not None and plan.counter.office_id != plan.office.id,
        Fault.DELIVERY_UNKNOWN: plan.delivery not in DELIVERIES,
        Fault.NOTHING_DRAWN: plan.delivery not in open_deliveries(plan.campaign),
        Fault.SIZE_OUT_OF_RANGE: not SMALLEST_BATCH <= plan.n_issued <= LARGEST_BATCH,
        Fault.CELL_ELSEWHERE: plan.cell is not None and plan.cell.campaign_id != plan.campaign.id,
        Fault.CELL_MISSING: plan.cell is None and plan.delivery in deliveries_with_cell(plan.campaign),
    }
    if wrong[Fault.DELIVERY_UNKNOWN]:
        del wrong[Fault.NOTHING_DRAWN]
    yield from (fault for fault, is_wrong in wrong.items() if is_wrong)


def open_deliveries(campaign: Campaign) -> tuple[str, ...]:
    """Tell in which ways invitations of a campaign may reach people."""
    return DELIVERIES if campaign.sampling_basis in DRAWN_BASES else ("slip",)


def deliveries_with_cell(campaign: Campaign) -> tuple[str, ...]:
    """Tell which invitations of a campaign must name their sample cell.

    Answers to them are weighted: without a cell they would count with weight 1, in a sampling unit that
    nobody drew. A census weighs nobody.
    """
    return DRAWN_DELIVERIES if campaign.sampling_basis == "probability" else ()


def provenance_of(delivery: str) -> str:
    """Give the class of an answer by how its invitation came: a clerk chooses to whom a slip goes."""
    return "A" if delivery in DRAWN_DELIVERIES else "B"


def right_to(provenance: str) -> str:
    """Name the right to issue, print or revoke invitations of this class."""
    return "samples" if provenance == "A" else "invitations"


def _unused_code(session: Session) -> str:
    while True:
        code = new_code()
        if session.scalar(select(AccessPoint.id).where(AccessPoint.code == code)) is None:
            return code


def sample_cell(session: Session, campaign: Campaign, stratum: str, psu: str, weight: float) -> SampleCell:
    """Give the cell of a drawn sample, new where the campaign has none like it."""
    stated = {"campaign_id": campaign.id, "stratum": stratum, "psu": psu, "weight": weight, "draw_id": None}
    found = session.scalar(select(SampleCell).filter_by(**stated).order_by(SampleCell.id).limit(1))
    if found is None:
        found = SampleCell(**stated)
        session.add(found)
        session.flush()
    return found


def revoke_batch(session: Session, batch: InvitationBatch, today: date) -> bool:
    """Withdraw all invitations of a batch for good; forms opened before still count for 48 hours.

    Say whether they were in use until now.
    """
    point = session.get_one(AccessPoint, batch.access_point_id)
    lock_campaign(session, point.campaign_id)  # as whoever pauses its codes does
    if point.revoked_on is not None:
        return False
    point.revoked_on = today
    session.flush()
    return True


def batch_of_offices(session: Session, batch_id: int, office_ids: Collection[int]) -> InvitationBatch:
    """Give a batch of these offices; foreign and non-existing look the same."""
    batch = session.get(InvitationBatch, batch_id)
    if batch is None or session.get_one(AccessPoint, batch.access_point_id).office_id not in office_ids:
        raise NotFound
    return batch
