"""Whether a campaign's sample can be drawn now, and from what; each refusal has a reason by name."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from survey_app.errors import SurveyError
from survey_app.models.campaign import Campaign
from survey_app.models.frame import Frame, frame_in_force, frame_path
from survey_app.models.instrument import InstrumentVersion
from survey_app.models.invitation import InvitationBatch
from survey_app.models.levels import known_levels, matched
from survey_app.models.plan import Plan, addenda_of
from survey_app.models.plan_document import PlanDocument
from survey_app.models.sample import SampleCell, draw_in_force
from survey_app.prepare.plans.sizes import Sizes
from survey_app.prepare.samples.design import Design, design_of

REASONS = {
    "not_annual": "only an annual campaign draws a sample",
    "not_frozen": "its plan is not frozen: a rule chosen after the frame is known is no rule",
    "over": "it is over",
    "begun": "invitations of the drawn sample are out: another draw would let answers lose their design",
    "no_frame": "it has no frame: import the list of dossiers first",
    "other_plan": "its frame was imported for a plan that means other dossiers: import the list again",
    "other_levels": "its plan fits weights to a column of the list whose levels the form's question does not "
    "offer as they stand: import a list with the form's levels, or leave the variable out by an addendum",
    "no_file": "the file of its frame is not in DATA_DIR/frames: import the list again or restore the file",
    "no_sizes": "its plan gives no sizes for this frame",
    "nobody": "every office would have fewer than five drawn dossiers: raise the minimum by an addendum",
    "changed": "plan or frame changed while the sample was drawn: draw again",
}


class DrawRefused(SurveyError):
    """A sample cannot be drawn; `reason` names why."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"The sample cannot be drawn: {REASONS[reason]}.")
        self.reason = reason


@dataclass(frozen=True)
class Ready:
    """What a draw begins with."""

    campaign: Campaign
    frame: Frame
    design: Design
    sizes: Sizes
    path: Path


def ready_of(session: Session, campaign: Campaign, data_dir: Path, today: date) -> Ready:
    """Bring together what the draw rests on; DrawRefused where something is missing."""
    if campaign.kind != "annual":
        raise DrawRefused("not_annual")
    plan, earlier = _plans(session, campaign.id)
    if campaign.is_over(today):
        raise DrawRefused("over")
    if has_begun(session, campaign.id):
        raise DrawRefused("begun")
    frame = _frame(session, campaign.id, plan, earlier)
    if _has_other_levels(session, campaign, plan, frame):
        raise DrawRefused("other_levels")
    path = frame_path(data_dir, frame.frame_hash)
    if not path.is_file():
        raise DrawRefused("no_file")
    found = design_of(session, campaign, plan, frame, today)
    if found is None:
        raise DrawRefused("no_sizes")
    design, sizes = found
    if not design.offices:
        raise DrawRefused("nobody")
    return Ready(campaign, frame, design, sizes, path)


def has_begun(session: Session, campaign_id: int) -> bool:
    """Whether anybody may have been invited by a cell of the draw in force."""
    drawn = draw_in_force(session, campaign_id)
    if drawn is None:
        return False
    issued = exists().where(InvitationBatch.cell_id == SampleCell.id, SampleCell.draw_id == drawn.id)
    return bool(session.scalar(select(issued)))


def _plans(session: Session, campaign_id: int) -> tuple[PlanDocument, list[PlanDocument]]:
    """Give the plan in force, and all that were: a frame belongs to one that means the same dossiers."""
    plan = session.get(Plan, campaign_id)
    if plan is None or plan.frozen_at is None:
        raise DrawRefused("not_frozen")
    documents = [plan.document, *(one.document for one in addenda_of(session, campaign_id))]
    return documents[-1], documents


def _frame(session: Session, campaign_id: int, plan: PlanDocument, earlier: list[PlanDocument]) -> Frame:
    frame = frame_in_force(session, campaign_id)
    if frame is None:
        raise DrawRefused("no_frame")
    fitting = {one.hash for one in earlier if one.population == plan.population}
    if frame.found["plan_hash"] not in fitting:
        raise DrawRefused("other_plan")
    return frame


def _has_other_levels(session: Session, campaign: Campaign, plan: PlanDocument, frame: Frame) -> bool:
    """Whether weights could not be fitted to the list after the answers, for want of one language."""
    form = session.get_one(InstrumentVersion, campaign.instrument_version_id).definition
    return any(
        matched(form.item(one.question), known_levels(frame.found["totals"], one.variable)).unmatched
        for one in plan.weighting.raked
    )
