"""Where a campaign stands on its road: plan, frame, draw, invite and follow, weight, publish, hand over."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from survey_app.models.access_point import AccessPoint, AccessPointDay
from survey_app.models.campaign import Campaign
from survey_app.models.frame import Frame, frame_in_force
from survey_app.models.invitation import InvitationBatch
from survey_app.models.plan import Plan, addenda_of
from survey_app.models.publication import Publication, publications_of
from survey_app.models.publishing import (
    Basis,
    Publishing,
    is_handed_over,
    last_publishing,
    may_be_published_from,
)
from survey_app.models.sample import Draw, SampleCell, draw_in_force
from survey_app.models.weighting import WeightingStep
from survey_app.prepare.plans.faults import faults_of

STEPS = ("plan", "frame", "draw", "invite", "weight", "publish", "hand_over")


def state_of(campaign: Campaign, today: date) -> str:
    """Name where a campaign stands in time, for lists."""
    if today < campaign.opens_on:
        return "not_open"
    return "closed" if campaign.is_over(today) else "open"


@dataclass(frozen=True, slots=True)
class Road:
    """What is known of each step; `next_step` is the first that is not behind."""

    state: str
    plan: Plan | None
    n_faults: int
    n_addenda: int
    frame: Frame | None
    draw: Draw | None
    n_cells: int  # of the sample, drawn here or elsewhere
    n_drawn_answers: int
    n_letters: int
    publications: Sequence[Publication]  # the one in force first
    asked: Publishing | None
    published_from: date | None  # the first day on which two people may agree to publish
    today: date
    is_handed_over: bool  # the report of its newest publication was made
    is_weighed: bool  # drawn people's answers are published, so that there are weights to be shown

    @property
    def publication(self) -> Publication | None:
        return self.publications[0] if self.publications else None

    @property
    def is_planned(self) -> bool:
        return self.plan is not None and self.plan.frozen_at is not None

    @property
    def is_due(self) -> bool:
        return self.published_from is not None and self.published_from <= self.today

    @property
    def can_be_asked(self) -> bool:
        """Whether somebody may ask to publish, or to correct what is published."""
        return self.is_due and (self.asked is None or not (self.asked.waits or self.asked.goes_on))

    @property
    def came_to_nothing(self) -> Publishing | None:
        """Give the latest attempt to publish if nothing came of it, and nothing has been published since."""
        if self.asked is None or self.asked.job is None or not (self.asked.refused or self.asked.has_failed):
            return None
        last_then = Basis.asked_for(self.asked.approval.arguments).corrects
        return self.asked if last_then == (self.publication and self.publication.id) else None

    @property
    def next_step(self) -> str:
        """Name the step at which something is to be done now."""
        if self.publication is not None:
            return "hand_over"
        if self.state == "not_open":
            if not self.is_planned:
                return "plan"
            if self.frame is None:
                return "frame"
            return "draw" if self.draw is None else "invite"
        if self.state == "open":
            can_draw = self.is_planned and self.frame is not None
            return "draw" if can_draw and self.n_cells == 0 else "invite"
        return "publish" if self.n_drawn_answers else "invite"

    def is_done(self, step: str) -> bool:
        done = {
            "plan": self.is_planned,
            "frame": self.frame is not None,
            "draw": self.n_cells > 0,
            "invite": self.state == "closed" and self.n_drawn_answers > 0,
            # Cells drawn elsewhere came with their weights; one drawn here has base weights alone until then.
            "weight": self.is_weighed or (self.n_cells > 0 and self.draw is None),
            "publish": self.publication is not None,
            "hand_over": self.is_handed_over,
        }
        return done.get(step, False)


def road_of(session: Session, campaign: Campaign, plan: Plan | None, today: date) -> Road:
    is_draft = plan is not None and plan.frozen_at is None
    letters = (
        select(func.coalesce(func.sum(InvitationBatch.n_issued), 0))
        .join(AccessPoint, AccessPoint.id == InvitationBatch.access_point_id)
        .where(AccessPoint.campaign_id == campaign.id, AccessPoint.provenance == "A")
    )
    # Point by point: joined, PostgreSQL would read the days of all campaigns.
    of_point = (
        select(func.sum(AccessPointDay.n_received - AccessPointDay.n_voided))
        .where(AccessPointDay.access_point_id == AccessPoint.id)
        .scalar_subquery()
    )
    answers = select(func.coalesce(func.sum(of_point), 0)).where(
        AccessPoint.campaign_id == campaign.id, AccessPoint.provenance == "A"
    )
    cells = select(func.count()).select_from(SampleCell).where(SampleCell.campaign_id == campaign.id)
    publications = publications_of(session, campaign.id)
    return Road(
        state=state_of(campaign, today),
        plan=plan,
        n_faults=len(faults_of(session, campaign, plan.document)) if plan and is_draft else 0,
        n_addenda=len(addenda_of(session, campaign.id)),
        frame=frame_in_force(session, campaign.id),
        draw=draw_in_force(session, campaign.id),
        n_cells=session.scalar(cells) or 0,
        n_drawn_answers=int(session.scalar(answers) or 0),
        n_letters=int(session.scalar(letters) or 0),
        publications=publications,
        asked=last_publishing(session, campaign.id),
        published_from=may_be_published_from(campaign),
        today=today,
        is_handed_over=bool(publications) and is_handed_over(session, publications[0].id),
        is_weighed=_is_weighed(session, campaign.id),
    )


def has_responses(session: Session, campaign_id: int) -> bool:
    """Whether anything has been answered that is not voided."""
    of_point = exists().where(
        AccessPointDay.access_point_id == AccessPoint.id, AccessPointDay.n_received > AccessPointDay.n_voided
    )
    found = exists().where(AccessPoint.campaign_id == campaign_id, of_point)
    return bool(session.scalar(select(found)))


def _is_weighed(session: Session, campaign_id: int) -> bool:
    has_steps = exists().where(
        WeightingStep.publication_id == Publication.id,
        Publication.campaign_id == campaign_id,
        Publication.sealed_at.is_not(None),
    )
    return bool(session.scalar(select(has_steps)))
