"""Publishing a campaign: when two people may agree on it, and what their agreement sets going."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from survey_app.errors import ApprovalRefused
from survey_app.jobs.bound import bound_to
from survey_app.models.approval import Approval, offices_of_request, read_reason
from survey_app.models.campaign import Campaign
from survey_app.models.job import enqueue
from survey_app.models.plan import plan_in_force
from survey_app.models.publication import Publication
from survey_app.models.publishing import (
    FORESEE_JOB,
    JOB,
    Basis,
    last_publishing,
    may_be_published_from,
    outlook_of,
)
from survey_app.models.recipe import GROUPS_WITHHELD
from survey_app.prepare.moment import Moment
from survey_app.web.two_people import refusal_of, right_over

FIRST_TIME = "Công bố lần đầu"  # the reason of what corrects nothing, so that nobody has to make one up


def check_publishing(session: Session, campaign: Campaign, arguments: Mapping[str, Any], today: date) -> None:
    """Refuse what `publish` would refuse as too early, and what is not what was asked for any more."""
    first_day = may_be_published_from(campaign)
    if first_day is None:
        raise ApprovalRefused("publishes_itself")
    if today < first_day:
        raise ApprovalRefused("takes_answers_still")
    last = last_publishing(session, campaign.id)
    if last is not None and last.goes_on:
        raise ApprovalRefused("is_being_published")
    asked, found = Basis.asked_for(dict(arguments)), Basis.of(session, campaign.id)
    if asked.corrects != found.corrects:
        raise ApprovalRefused("published_meanwhile")
    if asked != found:
        raise ApprovalRefused("responses_changed")


def asked_basis(session: Session, campaign_id: int) -> dict[str, Any]:
    """Give the arguments of a request: the responses of this moment, and what would be corrected."""
    return asdict(Basis.of(session, campaign_id))


def reason_of(arguments: Mapping[str, Any], typed: str) -> str:
    """Give the reason, which stands beside a correction for everybody to read."""
    return FIRST_TIME if arguments["corrects"] is None else read_reason(typed)


@dataclass(frozen=True, slots=True)
class Asking:
    """What somebody is about to ask for: a campaign, what would be published, and why it cannot be yet."""

    campaign: Campaign
    basis: Basis
    corrected: Publication | None
    why_not: str | None
    groups_at_stake: bool

    @classmethod
    def about(cls, session: Session, campaign: Campaign, today: date) -> "Asking":
        basis, last = Basis.of(session, campaign.id), last_publishing(session, campaign.id)
        why_not = refusal_of(lambda: check_publishing(session, campaign, asdict(basis), today))
        if why_not is None and last is not None and last.waits:
            why_not = "asked_already"
        corrected = session.get(Publication, basis.corrects) if basis.corrects is not None else None
        at_stake = corrected is not None and are_groups_at_stake(session, corrected)
        return cls(campaign, basis, corrected, why_not, at_stake)


def are_groups_at_stake(session: Session, corrected: Publication) -> bool:
    """Whether a publication has figures by group, which a correction of answers does not repeat."""
    plan = plan_in_force(session, corrected.campaign_id, corrected.published_at)
    is_announced = plan is not None and "group" in plan.publication.tables
    return is_announced and GROUPS_WITHHELD not in (corrected.what_changed or {})


def is_due(campaign: Campaign, today: date) -> bool:
    first_day = may_be_published_from(campaign)
    return first_day is not None and first_day <= today


def enqueue_foreseeing(session: Session, approval: Approval, moment: Moment) -> None:
    """Let the job process find out what a correction would change, as soon as somebody asks for it."""
    if Basis.asked_for(approval.arguments).corrects is not None:
        _enqueue(session, FORESEE_JOB, approval, moment)


def enqueue_publishing(session: Session, approval: Approval, moment: Moment) -> None:
    """Let the job process publish; a correction only once it is known what it changes."""
    outlook = outlook_of(session, approval)
    if outlook is not None and outlook.goes_on:
        raise ApprovalRefused("not_foreseen_yet")
    _enqueue(session, JOB, approval, moment)


def _enqueue(session: Session, job: str, approval: Approval, moment: Moment) -> None:
    """Bind a job to the right of whoever asked or decided."""
    offices = offices_of_request(session, approval)
    arguments = {"approval_id": approval.id} | bound_to(right_over(None), offices)
    enqueue(session, job, arguments, moment.now, moment.staff_id)
