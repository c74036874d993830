"""Saves drafts, freezes plans, adds addenda; a change of a frozen plan by any other way is refused."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from survey_app.config import VIETNAM_TIME
from survey_app.errors import SurveyError
from survey_app.models.approval import read_reason
from survey_app.models.audit import AuditLine, note_over
from survey_app.models.campaign import Campaign
from survey_app.models.known_offices import known_offices
from survey_app.models.plan import Plan, PlanAddendum, addenda_of, plan_as_it_stands
from survey_app.models.plan_document import PlanDocument
from survey_app.models.publication import is_frozen
from survey_app.prepare.moment import Moment
from survey_app.prepare.plans.begin import TERMS, hold_for_campaign
from survey_app.prepare.plans.entries import differences
from survey_app.prepare.plans.faults import Fault, faults_of
from survey_app.prepare.plans.missed import missed_by, tick_of
from survey_app.prepare.plans.populations import known_of
from survey_app.prepare.plans.sizes import sizes_of

SHORT_HASH = 12
IS_READ = "is_read"  # with what a plan misses: whether who froze it ticked that
IN_THE_LOG = {"frozen": "kế hoạch đã chốt", "begun": "cuộc khảo sát đã mở"}  # why it is closed, as it says


class PlanRefused(SurveyError):
    """A plan cannot be kept like this; `reason` names why."""

    def __init__(self, reason: str, faults: list[Fault] | None = None) -> None:
        listed = "".join(f"\n{fault.name}: {fault.reason}" for fault in faults or [])
        super().__init__(f"plan refused: {reason}{listed}")
        self.reason = reason
        self.faults = faults or []


def why_closed(campaign: Campaign, plan: Plan | None, today: date) -> str | None:
    """Say why a plan's draft takes no change any more; None while it does."""
    if campaign.kind != "annual":
        return "not_annual"
    if plan is not None and plan.frozen_at is not None:
        return "frozen"
    return "begun" if campaign.opens_on <= today else None


def lock_plan(session: Session, campaign_id: int) -> Plan | None:
    """Read the plan as it is now, and let nobody else change it before this transaction ends."""
    query = select(Plan).where(Plan.campaign_id == campaign_id).with_for_update()
    return session.scalar(query.execution_options(populate_existing=True))


def save_draft(
    session: Session, campaign: Campaign, document: PlanDocument, revision: int, at: Moment
) -> Plan:
    """Keep a draft, also an incomplete one; refuse where somebody else saved since `revision` was read."""
    plan = lock_plan(session, campaign.id)
    if reason := why_closed(campaign, plan, at.today):
        raise PlanRefused(reason)
    if revision != (plan.revision if plan else 0):
        raise PlanRefused("saved_meanwhile")
    text, terms = document.to_json(), _terms_of(campaign)
    if plan is None:
        plan = Plan(campaign_id=campaign.id, document_json=text, saved_at=at.now, saved_by=at.staff_id)
        session.add(plan)
        session.flush()
    else:
        plan.document_json, plan.revision = text, plan.revision + 1
        plan.saved_at, plan.saved_by = at.now, at.staff_id
    hold_for_campaign(campaign, document)
    if _terms_of(campaign) != terms:
        what = f"{campaign.code}: {terms} → {_terms_of(campaign)}"
        note_over(session, at.now, at.staff_id, "plans.terms", what, _offices_as_it_stands(session, campaign))
    return plan


def _terms_of(campaign: Campaign) -> str:
    """Say on which terms a campaign publishes, as the audit log keeps them."""
    return f"chỉ tiêu {100 * campaign.target:g}%, công bố từ {campaign.minimum_n} người".replace(".", ",")


@dataclass(frozen=True, slots=True)
class Read:
    """What somebody had before him who freezes a plan: a draft, and a tick at what its sizes miss, if any."""

    revision: int
    tick: str | None = None


def freeze(
    session: Session, campaign: Campaign, now: datetime, staff_id: int | None, read: Read | None
) -> Plan:
    """Freeze the plan as it was read, or as it is; it needs to be without fault.

    Whoever reads it ticks what its sizes miss of the margins that it asks for, which is kept with it.
    Since a draft changes no more once its campaign has begun, a plan frozen later is still from before.
    """
    plan = lock_plan(session, campaign.id)
    if plan is None:
        raise PlanRefused("missing")
    if plan.frozen_at is not None:
        raise PlanRefused("frozen")
    if read is not None and plan.revision != read.revision:
        raise PlanRefused("saved_meanwhile")
    document = plan.document
    if faults := faults_of(session, campaign, document):
        raise PlanRefused("faulty", faults)
    missed = find_missed(session, campaign, document, now.astimezone(VIETNAM_TIME).date())
    if read is not None and missed is not None and read.tick != tick_of(missed):
        raise PlanRefused("not_read")
    hold_for_campaign(campaign, document)
    session.flush()  # the terms first: once the plan is frozen, they stay
    plan.hash, plan.frozen_at, plan.frozen_by = document.hash, now, staff_id
    plan.missed = missed and {**missed, IS_READ: read is not None}
    session.flush()
    what = f"{campaign.code}: {plan.hash}"
    note_over(session, now, staff_id, "plans.freeze", what, _offices(session, campaign, document, staff_id))
    return plan


def find_missed(
    session: Session, campaign: Campaign, document: PlanDocument, today: date
) -> dict[str, Any] | None:
    """Give what the sizes miss, from the dossiers known today."""
    known = known_of(session, campaign, document, today)
    return missed_by(document, sizes_of(document, known.offices)) if known else None


def freeze_due(session: Session, today: date, now: datetime) -> None:
    """Freeze the plans of campaigns that begin: what is planned after the first answers is no plan.

    A draft with faults stays one, and the log says so once; the campaign opens as one without a plan does.
    """
    due = (
        select(Campaign)
        .join(Plan, Plan.campaign_id == Campaign.id)
        .where(Campaign.kind == "annual", Campaign.opens_on <= today, Plan.frozen_at.is_(None))
        .order_by(Campaign.id)
    )
    for campaign in session.scalars(due).all():
        try:
            freeze(session, campaign, now, None, None)
        except PlanRefused as refused:
            act, what = "plans.not_frozen", f"{campaign.code}: {len(refused.faults)} chỗ chưa xong"
            if not session.scalar(select(exists().where(AuditLine.act == act, AuditLine.what == what))):
                offices = set() if campaign.is_demo else _offices_as_it_stands(session, campaign)
                note_over(session, now, None, act, what, offices)


def add_addendum(
    session: Session, campaign: Campaign, document: PlanDocument, typed_reason: str, at: Moment, number: int
) -> PlanAddendum:
    """Write a later plan beside the frozen one; `number` is the addendum that the writer expects it to be."""
    plan = lock_plan(session, campaign.id)
    if plan is None or plan.frozen_at is None:
        raise PlanRefused("not_frozen")
    earlier = addenda_of(session, campaign.id)
    if number != len(earlier) + 1:
        raise PlanRefused("saved_meanwhile")
    in_force = earlier[-1].document if earlier else plan.document
    changed = {one.name for one in differences(in_force, document)}
    if not changed:
        raise PlanRefused("no_difference")
    if (terms := sorted(changed & set(TERMS.values()))) and is_frozen(session, campaign.id):
        raise PlanRefused("faulty", [Fault(name, "published") for name in terms])
    if eased := _eased_since_fieldwork(campaign, in_force, document, at.today):
        raise PlanRefused("faulty", [Fault(name, "begun") for name in eased])
    reason = read_reason(typed_reason)
    if faults := faults_of(session, campaign, document):
        raise PlanRefused("faulty", faults)
    addendum = PlanAddendum(
        campaign_id=campaign.id,
        number=number,
        written_at=at.now,
        written_by=at.staff_id,
        reason=reason,
        document_json=document.to_json(),
        hash=document.hash,
    )
    session.add(addendum)
    session.flush()
    hold_for_campaign(campaign, document)
    what = f"{campaign.code}, phụ lục {number}: {addendum.hash}. Lý do: {reason}"
    offices = _offices(session, campaign, document, at.staff_id)
    note_over(session, at.now, at.staff_id, "plans.addendum", what, offices)
    return addendum


def note_refusal(session: Session, campaign: Campaign, reason: str, at: Moment) -> None:
    """Write down that somebody tried to change what stands; the log is kept in Vietnamese."""
    offices = _offices_as_it_stands(session, campaign)
    what = f"{campaign.code}: {IN_THE_LOG[reason]}"
    note_over(session, at.now, at.staff_id, "plans.refused", what, offices)


def _eased_since_fieldwork(
    campaign: Campaign, before: PlanDocument, after: PlanDocument, today: date
) -> list[str]:
    """Name the terms that may not become these once people answer: whoever sets them may know figures."""
    if today < campaign.opens_on:
        return []
    old, new = before.publication, after.publication
    is_lower = old.minimum_n is not None and new.minimum_n is not None and new.minimum_n < old.minimum_n
    eased = {"publication-minimum_n": is_lower, "publication-target": new.target != old.target}
    return [name for name, is_eased in eased.items() if is_eased]


def _offices_as_it_stands(session: Session, campaign: Campaign) -> set[int]:
    document = plan_as_it_stands(session, campaign.id)
    return set() if document is None else known_offices(session).under(document.population.tops)


def _offices(session: Session, campaign: Campaign, document: PlanDocument, staff_id: int | None) -> set[int]:
    """Give the offices at which the log is read; a demo that nobody touched leaves none of its own in it."""
    is_left_alone = campaign.is_demo and staff_id is None
    return set() if is_left_alone else known_offices(session).under(document.population.tops)
