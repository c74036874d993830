"""The doors of a plan for whoever reads it: what it says, and its sizes by office."""

from collections.abc import Callable, Collection, Sequence
from itertools import pairwise
from typing import Any

from flask import Blueprint, render_template, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session

from survey_app.models.campaign import Campaign
from survey_app.models.instrument import InstrumentVersion
from survey_app.models.plan import Plan, addenda_of, plan_as_it_stands, plan_in_force
from survey_app.models.plan_document import PlanDocument
from survey_app.models.staff import Staff
from survey_app.prepare.plans import keep
from survey_app.prepare.plans.entries import ENTRIES, PARTS, differences, is_long_past, values_of
from survey_app.prepare.plans.faults import faults_of
from survey_app.prepare.plans.forms import written
from survey_app.prepare.plans.listing import ROWS_A_PAGE, Asked, choose
from survey_app.prepare.plans.missed import missed_by
from survey_app.prepare.plans.populations import Known, known_of, tops_of
from survey_app.prepare.plans.sizes import POWER, OfficeSize, Sizes, sizes_of
from survey_app.prepare.reach import Reach, Reached
from survey_app.web import access
from survey_app.web.access import current_staff
from survey_app.web.context import database, today
from survey_app.web.i18n import chosen_language
from survey_app.web.paging import PageAsked, page_of

blueprint = Blueprint("plans", __name__)


@blueprint.get("/staff/campaigns/<int:campaign_id>/plan")
@access.staff_only("campaigns")
def show(campaign_id: int) -> str:
    """Say what is planned, whether it is frozen, what changed since then and since last year."""
    with database().reading() as session:
        return plan_page(session, Reach(session, current_staff()).campaign(campaign_id))


@blueprint.get("/staff/campaigns/<int:campaign_id>/plan/sizes")
@access.staff_only("campaigns")
def sizes(campaign_id: int) -> str:
    """Show how many are drawn where, what that can tell, and what it costs in forms."""
    asked = Asked.of(request.args)
    with database().reading() as session:
        reach = Reach(session, current_staff())
        reached = reach.campaign(campaign_id)
        document = document_of(session, reached)
        known, found = sizes_in(session, reached.campaign, document)
        seen = _seen(reach, found) if found else ()
    lines = choose(seen, asked)
    page = page_of(lines, PageAsked(asked.page, max(1, len(lines)) if asked.shows_all else ROWS_A_PAGE))
    return render_template(
        "prepare/plan_sizes.html",
        campaign=reached.campaign,
        plan=reached.plan,
        document=document,
        known=known,
        sizes=found,
        page=page,
        n_seen=len(seen),
        asked=asked,
        power=POWER,
        at=_address(campaign_id, asked),
        entries=ENTRIES,
        written=written,
        made_on=today(),
    )


def _seen(reach: Reach, sizes: Sizes) -> Sequence[OfficeSize]:
    """Give the offices that the reader's right reaches."""
    return sizes.offices if reach.is_whole else [one for one in sizes.offices if one.office.id in reach.scope]


def plan_page(session: Session, reached: Reached, refused: str | None = None) -> str:
    """Render what is planned, with why a change of it was just refused."""
    campaign, plan = reached.campaign, reached.plan
    addenda = addenda_of(session, campaign.id)
    steps = [plan.document, *(one.document for one in addenda)] if plan else []
    document = steps[-1] if steps else PlanDocument()
    known, found = sizes_in(session, campaign, document)
    last_year = session.get(Campaign, campaign.previous_id) if campaign.previous_id else None
    before = plan_in_force(session, last_year.id) if last_year else None
    names = _names(session, plan, [one.written_by for one in addenda])
    closed = keep.why_closed(campaign, plan, today())
    return render_template(
        "prepare/plan.html",
        campaign=campaign,
        plan=plan,
        may_change=reached.may_change,
        closed=closed,
        document=document,
        parts=PARTS,
        values=values_of(document),
        tops=tops_of(session, document.population.tops),
        faults=faults_of(session, campaign, document) if plan and plan.frozen_at is None else [],
        addenda=[(one, differences(*pair)) for one, pair in zip(addenda, pairwise(steps), strict=True)],
        last_year=last_year,
        since_last_year=differences(before, document) if before else None,
        names=names,
        known=known,
        sizes=found,
        missed=None if closed else missed_by(document, found),
        is_long_past=not closed and is_long_past(document, campaign.opens_on),
        power=POWER,
        refused=refused,
        short_hash=keep.SHORT_HASH,
        **words_of_form(session, campaign),
    )


def words_of_form(session: Session, campaign: Campaign) -> dict[str, Any]:
    """Give how values are written, and the questions of the form by which weights may be fitted."""
    definition = session.get_one(InstrumentVersion, campaign.instrument_version_id).definition
    choices = [item for item in definition.items if item.kind == "choice"]
    return {
        "entries": ENTRIES,
        "written": written,
        "questions": {item.code: item.text.in_language(chosen_language()) for item in choices},
    }


def document_of(session: Session, reached: Reached) -> PlanDocument:
    """Give the plan as it stands, blank as long as nobody began it."""
    return plan_as_it_stands(session, reached.campaign.id) or PlanDocument()


def sizes_in(
    session: Session, campaign: Campaign, document: PlanDocument
) -> tuple[Known | None, Sizes | None]:
    """Give what is known of the offices, and how many a plan draws in each; None while it cannot say."""
    known = known_of(session, campaign, document, today())
    return known, sizes_of(document, known.offices) if known else None


def _names(session: Session, plan: Plan | None, others: Collection[int | None]) -> dict[int | None, str]:
    ids = {*others, *((plan.saved_by, plan.frozen_by) if plan else ())} - {None}
    return dict(session.execute(select(Staff.id, Staff.full_name).where(Staff.id.in_(ids))).all())


def _address(campaign_id: int, asked: Asked) -> Callable[..., str]:
    """Give what writes the address of the same table, with something else in it."""
    return lambda **other: url_for("plans.sizes", campaign_id=campaign_id, **asked.said(**other))
