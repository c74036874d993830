"""The doors of what needs two people: the requests that wait, asking for one, deciding one."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _, ngettext
from sqlalchemy import exists, select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from survey_app.errors import ApprovalRefused, NotFound
from survey_app.models import approval as approvals, publishing
from survey_app.models.approval import (
    MERGE,
    Approval,
    Decision,
    Wanted,
    offices_concerned,
    offices_of_campaigns,
)
from survey_app.models.approval_lists import StatedApproval, find_approval, list_approvals
from survey_app.models.campaign import Campaign
from survey_app.models.office import Office
from survey_app.models.publishing import Basis
from survey_app.prepare.approvals import acts, publish
from survey_app.prepare.approvals.foreseen import Foreseen
from survey_app.prepare.approvals.forms import AskedFor
from survey_app.prepare.moment import Moment
from survey_app.prepare.offices.changes import forms as changes, merging
from survey_app.prepare.offices.changes.rules import Author, ChangeRefused
from survey_app.web import access, two_people
from survey_app.web.access import SignedIn, current_staff, offices_in_scope, reaches
from survey_app.web.context import database, now, today
from survey_app.web.formatting import count_text
from survey_app.web.two_people import Overseer, right_over

blueprint = Blueprint("approvals", __name__)

MOST_WAITING, MOST_DECIDED = 50, 20


def waiting_for_decision(session: Session, staff: SignedIn) -> list[tuple[str, str]]:
    """Say on the first page of the staff how many requests of others wait for this person's decision."""
    of_others = (Approval.decision.is_(None), Approval.asked_by != staff.id)
    if not staff.may("decide") or not session.scalar(select(exists().where(*of_others))):
        return []
    overseer = Overseer(session, staff, now())
    found = list_approvals(session, overseer.scope, *of_others, most=MOST_WAITING)
    n = sum(overseer.may_decide(stated) for stated in found)
    words = ngettext("%(n)s request to decide", "%(n)s requests to decide", n, n=count_text(n))
    return [(words, url_for("approvals.overview"))] if n else []


@blueprint.get("/staff/approvals")
@access.staff_only("decide")
def overview() -> str:
    """Say what waits for a second person, and what was decided lately."""
    with database().reading() as session:
        overseer = Overseer(session, current_staff(), now())
        scope = overseer.scope
        waiting = list_approvals(session, scope, Approval.decision.is_(None), most=MOST_WAITING)
        decided = list_approvals(session, scope, Approval.decision.is_not(None), most=MOST_DECIDED)
        listed = [stated.approval for stated in (*waiting, *decided)]
        merges = {
            one.id: changes.merge_words(merging.asked_for(session, one.arguments))
            for one in listed
            if one.kind == MERGE
        }
    return render_template(
        "prepare/approvals.html",
        waiting=waiting,
        decided=decided,
        merges=merges,
        staff=current_staff(),
        overseer=overseer,
    )


@blueprint.get("/staff/approvals/new")
@access.staff_only("decide")
def new() -> str:
    """Ask what a second person is to decide, and why."""
    return _new_page(AskedFor.read(request.args), None)


@blueprint.post("/staff/approvals/new")
@access.staff_only("decide")
def ask() -> AnyResponse | tuple[str, int]:
    asked = AskedFor.read(request.form)
    try:
        with database().transaction() as session:
            approval = _ask(session, asked)
    except ApprovalRefused as error:
        return _new_page(asked, error.reason), 422
    flash(_("The request is written down."))
    return redirect(url_for("approvals.show", approval_id=approval.id), 303)


def _ask(session: Session, asked: AskedFor) -> Approval:
    campaigns = session.scalars(select(Campaign)).all()
    campaign = next((one for one in campaigns if one.code == asked.campaign_code), None)
    if campaign is None:
        raise NotFound
    if not asked.kind:
        raise ApprovalRefused("kind_missing")
    scope = offices_in_scope(session, current_staff(), right_over(asked.office_id))
    if not offices_concerned(session, campaign.id, asked.office_id) <= scope:
        raise NotFound
    is_publishing = asked.kind == publishing.KIND
    arguments = publish.asked_basis(session, campaign.id) if is_publishing else asked.arguments()
    acts.check_can_be_done(session, asked.kind, campaign, asked.office_id, arguments, today())
    typed = asked.reason
    reason = publish.reason_of(arguments, typed) if is_publishing else approvals.read_reason(typed)
    wanted = Wanted(asked.kind, campaign.id, asked.office_id, arguments, reason)
    approval = approvals.ask(session, wanted, current_staff().id, now())
    if is_publishing:
        publish.enqueue_foreseeing(session, approval, Moment(now(), today(), current_staff().id))
    return approval


def _new_page(asked: AskedFor, refusal: str | None) -> str:
    with database().reading() as session:
        campaigns = list(session.scalars(select(Campaign).order_by(Campaign.opens_on.desc(), Campaign.id)))
        # Most often one that runs is meant.
        campaigns.sort(key=lambda one: (one.is_over(today()), one.opens_on > today()))
        wholly_in_scope = _wholly_in_scope(session, [one.id for one in campaigns])
        offices = _offices_to_choose(session, asked.office_id)
        due = [one for one in campaigns if one.id in wholly_in_scope and publish.is_due(one, today())]
        offered = [one for one in campaigns if _is_offered(session, asked, one, wholly_in_scope)]
        named = [one for one in due if asked.kind == publishing.KIND and one.code == asked.campaign_code]
        asking = publish.Asking.about(session, named[0], today()) if named else None
    return render_template(
        "prepare/approvals_new.html",
        asked=asked,
        refused=refusal or (asking and asking.why_not),
        asking=asking,
        due=due,
        offered=offered,
        wholly_in_scope=wholly_in_scope,
        offices=offices,
        today=today(),
    )


def _is_offered(session: Session, asked: AskedFor, campaign: Campaign, wholly_in_scope: set[int]) -> bool:
    """Offer what can be done; and what was named, lest it be asked for another campaign instead."""
    if asked.kind not in acts.OF_CODES and campaign.id not in wholly_in_scope:
        return False
    is_named = campaign.code == asked.campaign_code
    return is_named or acts.can_be_asked(session, asked.kind, campaign, today())


def _wholly_in_scope(session: Session, campaign_ids: list[int]) -> set[int]:
    """Say for which campaigns this person may ask as a whole."""
    staff, right = current_staff(), right_over(None)
    if access.reaches_all(staff, right):
        return set(campaign_ids)
    whole = offices_in_scope(session, staff, right)
    about = offices_of_campaigns(session, campaign_ids)
    return {campaign_id for campaign_id, offices in about.items() if offices <= whole}


def _offices_to_choose(session: Session, office_id: int | None) -> list[Office]:
    """Offer the tops of this person's scope, and the office that another page has named."""
    staff = current_staff()
    roots = staff.roots("decide") - {None}
    is_named = office_id is not None and reaches(session, staff, office_id, "decide")
    named = {office_id} if is_named else set()
    query = select(Office).where(Office.id.in_(roots | named)).order_by(Office.sort_key, Office.id)
    return list(session.scalars(query))


@blueprint.get("/staff/approvals/<int:approval_id>")
@access.staff_only("decide")
def show(approval_id: int) -> str | AnyResponse:
    """Show one request: what will follow, and who may decide."""
    return _page(approval_id, None)


@blueprint.post("/staff/approvals/<int:approval_id>/decide")
@access.staff_only("decide")
def decide(approval_id: int) -> AnyResponse | tuple[str | AnyResponse, int]:
    """Approve, refuse or withdraw; what is approved is done at once."""
    try:
        with database().transaction() as session:
            _decide(session, approval_id, two_people.read_decision(request.form))
    except ApprovalRefused as error:
        return _page(approval_id, error.reason), 409
    return redirect(url_for("approvals.show", approval_id=approval_id), 303)


def _decide(session: Session, approval_id: int, decision: Decision) -> None:
    staff = current_staff()
    stated = find_approval(session, approval_id, offices_in_scope(session, staff))
    if stated.approval.kind not in (*acts.KINDS, MERGE):
        raise NotFound
    approval = two_people.decide(session, stated, decision, staff, now())
    if approval.decision != "approved":
        return
    if approval.kind == MERGE:
        merging.carry_out(session, approval, _author(session))
    else:
        acts.carry_out(session, approval, Moment(now(), today(), staff.id))


def _author(session: Session) -> Author:
    """Give who changes offices by a decision: whoever decides, with what he reaches."""
    staff = current_staff()
    scope = offices_in_scope(session, staff, "offices")
    return Author(staff.id, now(), today(), scope, access.reaches_all(staff, "offices"))


def _page(approval_id: int, refusal: str | None) -> str | AnyResponse:
    with database().reading() as session:
        overseer = Overseer(session, current_staff(), now())
        stated = find_approval(session, approval_id, overseer.scope)
        approval = stated.approval
        if approval.kind == MERGE:
            return _merge_page(session, stated, overseer, refusal)
        if approval.kind not in acts.KINDS:
            return redirect(url_for("voiding.show", approval_id=approval.id))
        hindrance = two_people.hindrance_of(session, stated, now(), lambda: _check(session, stated))
        foreseen = Foreseen.of(session, stated, current_staff())
        touched = (
            acts.count_touched(session, approval.kind, stated.campaign.id, approval.office_id)
            if stated.campaign and approval.kind in acts.OF_CODES
            else None
        )
    return render_template(
        "prepare/approvals_one.html",
        stated=stated,
        touched=touched,
        foreseen=foreseen,
        basis=Basis.asked_for(approval.arguments) if approval.kind == publishing.KIND else None,
        closes_on=acts.last_day(approval.arguments),
        refused=refusal,
        hindrance=hindrance,
        staff=current_staff(),
        overseer=overseer,
    )


def _check(session: Session, stated: StatedApproval) -> None:
    """Refuse what cannot be done any more, or not yet."""
    one = stated.approval
    if stated.campaign is not None:
        acts.check_can_be_done(session, one.kind, stated.campaign, one.office_id, one.arguments, today())


def _merge_page(session: Session, stated: StatedApproval, overseer: Overseer, refusal: str | None) -> str:
    """Show a request to merge: the offices, and as long as it waits, what would follow now."""
    approval, why_not, preview = stated.approval, "", None
    hindrance = two_people.hindrance_of(session, stated, now())
    asked = merging.asked_for(session, approval.arguments)
    if approval.decision is None:
        preview = merging.Preview.of(session, asked, today())
        # Whether it can still be done, whoever looks: who may decide is asked of roles, not here.
        anybody = Author(approval.asked_by, now(), today(), (), is_everything=True)
        try:
            merging.check(session, approval, anybody)
        except ChangeRefused as refused:
            why_not = changes.refusal_words(refused)
        except ApprovalRefused:
            why_not = _("What would follow is not what it was when this was asked.")
    return render_template(
        "prepare/approvals_merge.html",
        stated=stated,
        act="merge",
        asked=asked,
        after=preview and preview.after,
        heir=merging.goes_on_as(session, asked) if approval.decision == "approved" else None,
        why_not=why_not,
        hindrance=hindrance,
        refused=refusal,
        staff=current_staff(),
        overseer=overseer,
    )
