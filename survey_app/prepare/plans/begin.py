"""The first draft of a plan: blank but for what its campaign says, or an earlier one's, years later."""

from collections.abc import Iterable
from dataclasses import replace

from sqlalchemy.orm import Session

from survey_app.models.campaign import PUBLISHED_ON, Campaign
from survey_app.models.days import years_between
from survey_app.models.plan import Plan
from survey_app.models.plan_document import TABLES, Calendar, PlanDocument, Population, Publishing
from survey_app.prepare.moment import Moment
from survey_app.prepare.plans.entries import ENTRIES, in_order_of, moved_by

TERMS = {name: f"publication-{name}" for name in PUBLISHED_ON}  # of a campaign, and the plan's entry


def first_document(
    campaign: Campaign, tops: Iterable[str], earlier: tuple[Campaign, PlanDocument] | None
) -> PlanDocument:
    """Begin blank, or with an earlier campaign's plan, moved by as many years as this one opens later."""
    if earlier is not None:
        last, before = earlier
        moved = moved_by(years_between(last.opens_on, campaign.opens_on), before)
        return replace(
            moved,
            population=replace(moved.population, tops=in_order_of(before.population.tops, tops)),
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
