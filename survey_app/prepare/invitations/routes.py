"""The doors of invitations: the batches and their funnels, a new batch, its files, its end."""

from collections.abc import Sequence

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _, ngettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from survey_app.errors import NotFound
from survey_app.jobs.bound import bound_to
from survey_app.models.audit import note
from survey_app.models.campaign import Campaign
from survey_app.models.job import enqueue
from survey_app.models.office import Office
from survey_app.models.sample import SampleCell
from survey_app.prepare.codes import listing as places
from survey_app.prepare.forms import CodesRequest
from survey_app.prepare.invitations import issue, listing
from survey_app.prepare.invitations.forms import BatchForm, cell_name, delivery_name, fault_words, step_name
from survey_app.prepare.invitations.listing import ListedBatch
from survey_app.prepare.invitations.tokens import has_secret
from survey_app.prepare.reach import taking_part
from survey_app.web import access
from survey_app.web.access import current_staff, office_in_scope, offices_in_scope
from survey_app.web.context import database, now, settings, today
from survey_app.web.formatting import count_text
from survey_app.web.i18n import chosen_language
from survey_app.web.office_search import find_offices
from survey_app.web.paging import PageAsked, page_of, typed_page

blueprint = Blueprint("invitations", __name__)
blueprint.add_app_template_filter(delivery_name, "delivery_name")
blueprint.add_app_template_filter(cell_name, "cell_name")
blueprint.add_app_template_filter(step_name, "step_name")

JOBS = {"slips": "invitation_slips", "list": "invitation_list"}


@blueprint.get("/staff/invitations")
@access.staff_only("invitations")
def overview() -> str:
    """List the batches, the newest first, with what became of them."""
    with database().reading() as session:
        ids = listing.batches_of(session, offices_in_scope(session, current_staff()))
        page = page_of(ids, PageAsked(typed_page(request.args)))
        batches = listing.listed_batches(session, page.rows, today())
    return render_template("prepare/invitations.html", page=page, batches=batches, today=today())


@blueprint.get("/staff/invitations/<int:batch_id>")
@access.staff_only("invitations")
def batch(batch_id: int) -> str:
    """Show one batch: its funnel, its files, its end."""
    with database().reading() as session:
        listed = _batch_in_scope(session, batch_id)
        may_hold, may_list = _may_hold(session, listed), _may_list(session, listed.office)
    return render_template(
        "prepare/invitations_batch.html",
        listed=listed,
        state=listed.state_on(today()),
        may_hold=may_hold,
        may_list=may_list,
        is_printable=has_secret(listed.batch, settings().secrets),
    )


@blueprint.post("/staff/invitations/<int:batch_id>/<any(slips, list):kind>")
@access.staff_only("invitations")
def make_file(batch_id: int, kind: str) -> AnyResponse:
    """Ask for the slips or the list of a batch that is still in use."""
    with database().transaction() as session:
        listed = _held_batch(session, batch_id)
        if kind == "list" and not _may_list(session, listed.office):
            raise NotFound
        state = listed.state_on(today())
        if state == "in_use" and has_secret(listed.batch, settings().secrets):
            right = "samples" if kind == "list" else issue.right_to(listed.point.provenance)
            arguments = {
                "batch_id": batch_id,
                "language": chosen_language(),
                **bound_to(right, {listed.office.id}),
            }
            job = enqueue(session, JOBS[kind], arguments, now(), owner_id=current_staff().id)
            return redirect(url_for("jobs.job", job_id=job.id), 303)
    if state == "paused":
        flash(_("These invitations are paused, so no file was made. Two people can end the pause."))
    else:
        flash(_("These invitations are out of use, so no file was made. Issue a new batch."))
    return redirect(url_for("invitations.batch", batch_id=batch_id), 303)


@blueprint.get("/staff/invitations/<int:batch_id>/revoke")
@access.staff_only("invitations")
def ask_revoke(batch_id: int) -> str:
    """Show what would be revoked, and ask once more."""
    with database().reading() as session:
        listed = _held_batch(session, batch_id)
    return render_template("prepare/invitations_revoke.html", listed=listed)


@blueprint.post("/staff/invitations/<int:batch_id>/revoke")
@access.staff_only("invitations")
def revoke(batch_id: int) -> AnyResponse:
    with database().transaction() as session:
        listed = _held_batch(session, batch_id)
        if issue.revoke_batch(session, listed.batch, today()):
            what = f"Thu hồi lô phiếu mời {batch_id}, {listed.campaign.code}"
            note(session, now(), current_staff().id, "invitations.revoke", what, listed.office.id)
    flash(_("Batch %(number)s is out of use.", number=batch_id))
    return redirect(url_for("invitations.batch", batch_id=batch_id), 303)


@blueprint.get("/staff/invitations/new")
@access.staff_only("invitations")
def choose_office() -> str | AnyResponse:
    """Ask for which survey and office; who has one of each is not asked."""
    asked = CodesRequest.read(request.args)
    with database().reading() as session:
        parts = _campaigns(session)
        campaigns = list(parts)
        campaign = asked.choose(campaigns)
        if campaign is None:
            return render_template("prepare/invitations_no_campaign.html")
        found = find_offices(session, asked.search, parts[campaign])
        offices = [one for one in found if one.serves_between(today(), today())]
        if len(campaigns) == len(offices) == 1 and not asked.search:
            return redirect(url_for("invitations.new", office_id=offices[0].id, campaign=campaign.code))
        page = page_of(offices, PageAsked(asked.page))
    return render_template(
        "prepare/invitations_office.html",
        campaigns=campaigns,
        campaign=campaign,
        page=page,
        search=asked.search,
    )


@blueprint.route("/staff/invitations/new/<int:office_id>", methods=["GET", "POST"])
@access.staff_only("invitations")
def new(office_id: int) -> str | AnyResponse | tuple[str, int]:
    """Issue a batch for one office."""
    form = BatchForm()
    is_sent = request.method == "POST"
    with database().transaction() if is_sent else database().reading() as session:
        campaign, office = _target(session, office_id)
        _offer(form, session, campaign, office)
        faults: list[tuple[str, str]] = []
        if form.validate_on_submit():
            try:
                issued = issue.issue_batch(
                    session, _plan(form, session, campaign, office), today(), settings().secrets[0]
                )
            except issue.BatchRefused as error:
                faults = [("", fault_words(fault)) for fault in error.faults]
            else:
                what = f"Phát hành lô {issued.id}: {issued.n_issued} phiếu mời, {campaign.code}"
                note(session, now(), current_staff().id, "invitations.issue", what, office.id)
                _say_issued(issued.n_issued)
                return redirect(url_for("invitations.batch", batch_id=issued.id), 303)
    faults += [(field.id, field.errors[0]) for field in form if field.errors]
    page = render_template(
        "prepare/invitations_new.html", form=form, campaign=campaign, office=office, faults=faults
    )
    return (page, 422) if faults else page


def _target(session: Session, office_id: int) -> tuple[Campaign, Office]:
    """Give the survey and the office that the address names, if both take invitations."""
    asked = CodesRequest.read(request.args)
    parts = _campaigns(session)
    campaign = asked.exactly(list(parts))
    office = office_in_scope(session, current_staff(), office_id)
    if office.id not in parts[campaign]:
        raise NotFound
    if office.kind == "province" or office.has_ended(today()):
        raise NotFound
    return campaign, office


def _campaigns(session: Session) -> dict[Campaign, frozenset[int]]:
    return taking_part(session, current_staff(), places.campaigns_to_prepare(session, today()))


def _offer(form: BatchForm, session: Session, campaign: Campaign, office: Office) -> None:
    deliveries = [
        delivery
        for delivery in issue.open_deliveries(campaign)
        if _has(session, issue.right_to(issue.provenance_of(delivery)), office)
    ]
    form.offer(
        deliveries, list(listing.counters_of(session, office)), list(_cells(session, campaign, office))
    )
    form.with_cell = issue.deliveries_with_cell(campaign)
    if not form.is_submitted():
        form.delivery.data = deliveries[0]


def _plan(form: BatchForm, session: Session, campaign: Campaign, office: Office) -> issue.BatchPlan:
    counters = {str(one.id): one for one in listing.counters_of(session, office)}
    cells = {str(one.id): one for one in _cells(session, campaign, office)}
    return issue.BatchPlan(
        campaign=campaign,
        office=office,
        counter=counters.get(form.counter.data),
        delivery=form.delivery.data,
        n_issued=form.n_issued.data,
        cell=cells.get(form.cell.data),
    )


def _say_issued(n: int) -> None:
    flash(ngettext("%(n)s invitation issued.", "%(n)s invitations issued.", n, n=count_text(n)))


def _batch_in_scope(session: Session, batch_id: int) -> ListedBatch:
    found = issue.batch_of_offices(session, batch_id, offices_in_scope(session, current_staff()))
    (listed,) = listing.listed_batches(session, [found.id], today())
    return listed


def _held_batch(session: Session, batch_id: int) -> ListedBatch:
    """Give a batch to somebody who may have its tokens; to others what they ask for looks missing."""
    listed = _batch_in_scope(session, batch_id)
    if not _may_hold(session, listed):
        raise NotFound
    return listed


def _may_hold(session: Session, listed: ListedBatch) -> bool:
    return _has(session, issue.right_to(listed.point.provenance), listed.office)


def _may_list(session: Session, office: Office) -> bool:
    """Whether somebody may have tokens as a list: with one, a program fills in what paper would be for."""
    return _has(session, "samples", office)


def _cells(session: Session, campaign: Campaign, office: Office) -> Sequence[SampleCell]:
    return listing.cells_of(session, campaign) if _has(session, "samples", office) else ()


def _has(session: Session, right: str, office: Office) -> bool:
    return access.reaches(session, current_staff(), office.id, right)
