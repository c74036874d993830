"""The first draft of a plan: blank but for what its campaign says, or last year's a year later."""

from collections.abc import Iterable
from dataclasses import replace

from sqlalchemy.orm import Session

from survey_app.models.campaign import PUBLISHED_ON, Campaign
from survey_app.models.plan import Plan
from survey_app.models.plan_document import TABLES, Calendar, PlanDocument, Population, Publishing
from survey_app.prepare.moment import Moment
from survey_app.prepare.plans.entries import ENTRIES, moved_one_year

TERMS = {name: f"publication-{name}" for name in PUBLISHED_ON}  # of a campaign, and the plan's entry


def first_document(campaign: Campaign, tops: Iterable[str], before: PlanDocument | None) -> PlanDocument:
    if before is not None:
        moved = moved_one_year(before)
        return replace(
            moved,
            population=replace(moved.population, tops=tuple(tops)),
            calendar=replace(
                moved.calendar, fieldwork_from=campaign.opens_on, fieldwork_until=campaign.closes_on
            ),
        )
    return PlanDocument(
        population=Population(tops=tuple(tops)),
        publication=Publishing(minimum_n=campaign.minimum_n, target=campaign.target, tables=TABLES),
        calendar=Calendar(fieldwork_from=campaign.opens_on, fieldwork_until=campaign.closes_on),
    )


def begin_plan(session: Session, campaign: Campaign, document: PlanDocument, at: Moment) -> Plan:
    """Store the first draft of a campaign that was created in this transaction."""
    plan = Plan(
        campaign_id=campaign.id, document_json=document.to_json(), saved_at=at.now, saved_by=at.staff_id
    )
    session.add(plan)
    session.flush()
    hold_for_campaign(campaign, document)
    return plan


def hold_for_campaign(campaign: Campaign, document: PlanDocument) -> None:
    """Let the campaign publish on the plan's terms: they stand in one place for whoever sets them."""
    for name, entry in TERMS.items():
        said = getattr(document.publication, name)
        if said is not None and not ENTRIES[entry].reason_against(said):
            setattr(campaign, name, said)
