"""The doors of voiding: asking a second person for it, and deciding."""

from collections.abc import Set
from dataclasses import replace
from functools import partial

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from survey_app.errors import ApprovalRefused, NotFound
from survey_app.models import approval as approvals
from survey_app.models.access_point import AccessPoint
from survey_app.models.approval import Approval, Decision, Wanted
from survey_app.models.approval_lists import find_approval
from survey_app.models.publication import is_frozen
from survey_app.review.voiding import listing, void
from survey_app.review.voiding.forms import VoidingAsked
from survey_app.web import access, two_people
from survey_app.web.access import current_staff, offices_in_scope
from survey_app.web.context import database, now, today
from survey_app.web.paging import typed_search
from survey_app.web.two_people import Overseer

blueprint = Blueprint("voiding", __name__)


@blueprint.get("/staff/review/voiding/new")
@access.staff_only("decide")
def new() -> str:
    """Ask for an office first; then which of its ways in, which days, and why."""
    asked = VoidingAsked.read(request.args)
    with database().reading() as session:
        if asked.point_ids:
            scope = offices_in_scope(session, current_staff())
            office_id, code = listing.office_of_point(session, scope, asked.point_ids[0])
            asked = replace(asked, office_id=office_id, campaign_code=code)
    if not asked.office_id:
        return _search_page(asked.campaign_code)
    return _form_page(asked, None) if asked.campaign_code else _campaign_page(asked)


def _search_page(campaign_code: str) -> str:
    search = typed_search(request.args)
    with database().reading() as session:
        scope = offices_in_scope(session, current_staff())
        offices = listing.find_offices(session, scope, search, campaign_code)
    return render_template(
        "review/voiding_office.html",
        offices=offices,
        search=search,
        campaign_code=campaign_code,
        most=listing.MOST_OFFICES,
    )


def _campaign_page(asked: VoidingAsked) -> str:
    """Ask which survey of the office is meant, where there are several."""
    with database().reading() as session:
        scope = offices_in_scope(session, current_staff())
        found = listing.find_office(session, scope, asked.office_id, "")
    if len(found.campaigns) == 1:
        return _form_page(asked, None)
    return render_template("review/voiding_campaign.html", found=found, today=today())


def _form_page(asked: VoidingAsked, refusal: str | None) -> str:
    with database().reading() as session:
        scope = offices_in_scope(session, current_staff())
        found = listing.find_office(session, scope, asked.office_id, asked.campaign_code)
        n_live = _count_live(session, asked, {one.point.id for one in found.points})
        is_published = is_frozen(session, found.campaign.id)
    return render_template(
        "review/voiding_new.html",
        asked=asked,
        found=found,
        refused=refusal,
        today=today(),
        n_live=n_live,
        is_published=is_published,
    )


def _count_live(session: Session, asked: VoidingAsked, own: Set[int]) -> int | None:
    """Count what a request would void; None while ways in or days are not chosen."""
    if not asked.point_ids or not set(asked.point_ids) <= own:
        return None
    try:
        return sum(day.n_live for day in void.count_days(session, asked.chosen()))
    except ApprovalRefused:
        return None


@blueprint.post("/staff/review/voiding/new")
@access.staff_only("decide")
def ask() -> AnyResponse | tuple[str, int]:
    asked = VoidingAsked.read(request.form)
    if "look" in request.form:
        return _form_page(asked, None), 200
    try:
        with database().transaction() as session:
            approval = _ask(session, asked)
    except ApprovalRefused as error:
        return _form_page(asked, error.reason), 422
    flash(_("The request is written down."))
    return redirect(url_for("voiding.show", approval_id=approval.id), 303)


def _ask(session: Session, asked: VoidingAsked) -> Approval:
    staff = current_staff()
    scope = offices_in_scope(session, staff)
    found = listing.find_office(session, scope, asked.office_id, asked.campaign_code)
    if not {one.point.id for one in found.points}.issuperset(asked.point_ids):
        raise NotFound
    chosen = asked.chosen()
    void.check_can_be_voided(session, chosen, today())
    reason = approvals.read_reason(asked.reason)
    wanted = Wanted(void.KIND, found.campaign.id, found.office.id, chosen.arguments(), reason)
    return approvals.ask(session, wanted, staff.id, now())


@blueprint.get("/staff/review/voiding/<int:approval_id>")
@access.staff_only("decide")
def show(approval_id: int) -> str:
    """Show one request: which responses it is about, and who may decide."""
    return _page(approval_id, None)


@blueprint.post("/staff/review/voiding/<int:approval_id>/decide")
@access.staff_only("decide")
def decide(approval_id: int) -> AnyResponse | tuple[str, int]:
    """Approve, refuse or withdraw; what is approved is voided at once."""
    try:
        with database().transaction() as session:
            _decide(session, approval_id, two_people.read_decision(request.form))
    except ApprovalRefused as error:
        return _page(approval_id, error.reason), 409
    return redirect(url_for("voiding.show", approval_id=approval_id), 303)


def _decide(session: Session, approval_id: int, decision: Decision) -> None:
    staff = current_staff()
    stated = find_approval(session, approval_id, offices_in_scope(session, staff))
    if stated.approval.kind != void.KIND:
        raise NotFound
    approval = two_people.decide(session, stated, decision, staff, now())
    if approval.decision == "approved":
        void.void_responses(session, approval, staff.id, now(), today())


def _page(approval_id: int, refusal: str | None) -> str:
    with database().reading() as session:
        overseer = Overseer(session, current_staff(), now())
        stated = find_approval(session, approval_id, overseer.scope)
        if stated.approval.kind != void.KIND:
            raise NotFound
        chosen = void.PointDays.of(stated.approval.arguments)
        days = void.count_days(session, chosen)
        check = partial(void.check_can_be_voided, session, chosen, today())
        hindrance = two_people.hindrance_of(session, stated, now(), check)
        points = [session.get_one(AccessPoint, point_id) for point_id in chosen.access_point_ids]
        names = {one.point.id: one for one in listing.name_points(session, points)}
    return render_template(
        "review/voiding_one.html",
        stated=stated,
        chosen=chosen,
        days=days,
        names=names,
        refused=refusal,
        hindrance=hindrance,
        staff=current_staff(),
        overseer=overseer,
    )
