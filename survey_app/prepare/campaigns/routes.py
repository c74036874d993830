"""The doors of campaigns: which there are, how an annual one begins, where each stands on its road."""

from datetime import date

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from survey_app.errors import NotFound
from survey_app.models.audit import note_over
from survey_app.models.campaign import Campaign
from survey_app.models.instrument import InstrumentVersion
from survey_app.models.office import Office
from survey_app.models.paused import offices_with_invitations_at_rest
from survey_app.models.plan import plan_as_it_stands
from survey_app.models.plan_document import PlanDocument
from survey_app.prepare.campaigns.create import CampaignRefused, create_campaign
from survey_app.prepare.campaigns.forms import CampaignForm, Faults
from survey_app.prepare.campaigns.road import STEPS, has_responses, road_of, state_of
from survey_app.prepare.campaigns.weights import FEWEST, labels_of, offices_of, weights_of
from survey_app.prepare.moment import Moment
from survey_app.prepare.plans.begin import begin_plan, first_document
from survey_app.prepare.reach import Reach, Reached
from survey_app.web import access
from survey_app.web.access import current_staff
from survey_app.web.addresses import row_id
from survey_app.web.context import database, now, today
from survey_app.web.i18n import chosen_language
from survey_app.web.paging import PageAsked, page_of, typed_page, typed_search

blueprint = Blueprint("campaigns", __name__)

WHOLE = "all"  # the box that stands for all offices
BOXES = {"instrument": "instrument_code"}  # where what `create` refuses is mended


@blueprint.get("/staff/campaigns")
@access.staff_only("campaigns")
def overview() -> str:
    """List the campaigns that this person's right reaches, and where each stands."""
    with database().reading() as session:
        found = Reach(session, current_staff()).campaigns()
    states = {one.campaign.id: state_of(one.campaign, today()) for one in found}
    return render_template(
        "prepare/campaigns.html",
        page=page_of(found, PageAsked(typed_page(request.args))),
        states=states,
        n_open=list(states.values()).count("open"),
        today=today(),
    )


@blueprint.route("/staff/campaigns/new", methods=["GET", "POST"])
@access.staff_only("campaigns")
def new() -> str | AnyResponse | tuple[str, int]:
    """Create an annual campaign, from nothing or from last year's."""
    with database().reading() as session:
        reach = Reach(session, current_staff())
        last = _last(reach)
        if request.method == "GET":
            form = _cloned(session, last, today()) if last else CampaignForm()
            return _new_page(session, reach, form, last, [])
        form = CampaignForm.of_sent(request.form)
        asked, faults = form.read(today())
        faults += _faults_of_tops(reach, form, _choices(session, reach, last))
        if asked is None or faults:
            return _new_page(session, reach, form, last, faults), 422
    try:
        with database().transaction() as session:
            reach = Reach(session, current_staff())
            campaign = create_campaign(session, asked)
            document = _document(session, form, campaign, last)
            plan = begin_plan(session, campaign, document, Moment(now(), today(), current_staff().id))
            offices = reach.campaign(campaign.id, to_change=True).offices
            note_over(session, now(), plan.saved_by, "campaigns.create", campaign.code, offices)
    except CampaignRefused as refused:
        faults = [(BOXES.get(name, name), what) for name, what in refused.faults]
        with database().reading() as session:
            return _new_page(session, Reach(session, current_staff()), form, last, faults), 422
    flash(_("The campaign is created. Its plan comes next."))
    return redirect(url_for("campaigns.show", campaign_id=campaign.id), 303)


@blueprint.get("/staff/campaigns/<int:campaign_id>")
@access.staff_only("campaigns")
def show(campaign_id: int) -> str:
    """Show where a campaign stands on its road, and the one next thing to do."""
    with database().reading() as session:
        reached = Reach(session, current_staff()).campaign(campaign_id)
        road = road_of(session, reached.campaign, reached.plan, today())
        has_some = has_responses(session, campaign_id)
        version = session.get_one(InstrumentVersion, reached.campaign.instrument_version_id)
        at_rest = offices_with_invitations_at_rest(session, campaign_id)
    return render_template(
        "prepare/campaign.html",
        campaign=reached.campaign,
        plan=reached.plan,
        may_change=reached.may_change,
        road=road,
        n_at_rest=len(at_rest),
        steps=STEPS,
        has_responses=has_some,
        version=version,
        instrument=version.definition.title.in_language(chosen_language()),
        staff=current_staff(),
        today=today(),
    )


@blueprint.get("/staff/campaigns/<int:campaign_id>/weights")
@access.staff_only("campaigns")
def weights(campaign_id: int) -> str:
    """Show how the weights of a publication were made, and what none can mend."""
    search = typed_search(request.args)
    with database().reading() as session:
        reached = Reach(session, current_staff()).campaign(campaign_id)
        wanted = row_id(request.args["publication"]) if "publication" in request.args else None
        shown = weights_of(session, campaign_id, wanted)
        version = session.get_one(InstrumentVersion, shown.publication.instrument_version_id)
        labels = labels_of(version.definition, chosen_language())
        found = shown.cells_of(search, offices_of(session, shown.cells) if search else {})
        cells = page_of(found, PageAsked(typed_page(request.args)))
        offices = offices_of(session, cells.rows)
    return render_template(
        "prepare/campaign_weights.html",
        campaign=reached.campaign,
        weights=shown,
        cells=cells,
        offices=offices,
        search=search,
        labels=labels,
        fewest=FEWEST,
    )


def _last(reach: Reach) -> Reached | None:
    """Give the campaign from which a new one is cloned, if the address names one."""
    if "from" not in request.args:
        return None
    last = reach.campaign(request.args.get("from", 0, type=row_id))
    if last.campaign.kind != "annual":
        raise NotFound
    return last


def _cloned(session: Session, last: Reached, today: date) -> CampaignForm:
    campaign = last.campaign
    version = session.get_one(InstrumentVersion, campaign.instrument_version_id)
    document = plan_as_it_stands(session, campaign.id)
    tops = () if document is None else document.population.tops or (WHOLE,)
    return CampaignForm.of_last(campaign, version.code, tops, today)


def _choices(session: Session, reach: Reach, last: Reached | None) -> list[Office]:
    """Offer provinces, and what last year's plan named, as far as this person's right reaches."""
    before = plan_as_it_stands(session, last.campaign.id) if last else None
    return reach.choices(before.population.tops if before else ())


def _faults_of_tops(reach: Reach, form: CampaignForm, choices: list[Office]) -> Faults:
    known = {office.code for office in choices} | ({WHOLE} if reach.is_whole else set())
    if not form.tops:
        return [("tops", _("Choose what is measured."))]
    if set(form.tops) <= known:
        return []
    return [("tops", _("Your right does not reach all that was chosen. Choose of the list."))]


def _document(session: Session, form: CampaignForm, campaign: Campaign, last: Reached | None) -> PlanDocument:
    """Begin the plan with what the form said, or with last year's in the days of this one."""
    before = plan_as_it_stands(session, last.campaign.id) if last is not None else None
    tops = () if WHOLE in form.tops else form.tops
    return first_document(campaign, tops, (last.campaign, before) if last and before else None)


def _form_name(newest: InstrumentVersion) -> str:
    title = newest.definition.title.in_language(chosen_language())
    return _("%(title)s, version %(n)s (%(code)s)", title=title, n=newest.version, code=newest.code)


def _new_page(
    session: Session, reach: Reach, form: CampaignForm, last: Reached | None, faults: Faults
) -> str:
    by_number = select(InstrumentVersion).order_by(InstrumentVersion.code, InstrumentVersion.version)
    newest = {one.code: one for one in session.scalars(by_number)}
    annual = [one.campaign for one in reach.campaigns() if one.campaign.kind == "annual"]
    return render_template(
        "prepare/campaign_new.html",
        form=form,
        last=last.campaign if last else None,
        faults=faults,
        fault_at=dict(reversed(faults)),
        choices=_choices(session, reach, last),
        may_all=reach.is_whole,
        whole=WHOLE,
        instruments={code: _form_name(one) for code, one in newest.items()},
        annual=[one for one in annual if not one.is_demo or (last and one.id == last.campaign.id)],
    )
