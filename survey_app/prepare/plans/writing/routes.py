"""The doors through which a plan is written: its draft, its freezing, its addenda."""

from collections.abc import Collection
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from survey_app.errors import ApprovalRefused
from survey_app.models.office import Office
from survey_app.models.plan import addenda_of, plan_in_force
from survey_app.models.plan_document import PlanDocument
from survey_app.prepare.moment import Moment
from survey_app.prepare.plans import keep
from survey_app.prepare.plans.entries import ENTRIES, PARTS, differences, in_order_of, is_long_past
from survey_app.prepare.plans.faults import Fault, faults_of
from survey_app.prepare.plans.forms import PlanForm
from survey_app.prepare.plans.keep import PlanRefused
from survey_app.prepare.plans.missed import missed_by, tick_of
from survey_app.prepare.plans.routes import document_of, plan_page, sizes_in, words_of_form
from survey_app.prepare.reach import Reach, Reached
from survey_app.web import access
from survey_app.web.access import current_staff, reaches_all
from survey_app.web.context import database, now, today

blueprint = Blueprint("plan_writing", __name__)

Answer = str | AnyResponse | tuple[str | AnyResponse, int]


@blueprint.route("/staff/campaigns/<int:campaign_id>/plan/edit", methods=["GET", "POST"])
@access.staff_only("campaigns")
def edit(campaign_id: int) -> Answer:
    """Write the draft; what is not complete yet is kept all the same."""
    with database().reading() as session:
        reached = _to_change(session, campaign_id)
        closed = keep.why_closed(reached.campaign, reached.plan, today())
        if request.method == "GET":
            if closed:
                return redirect(url_for("plans.show", campaign_id=campaign_id))
            return _draft_page(session, reached)
        form = _sent_form(session, reached)
        if not closed and form.unread:
            return _form_page(session, reached, form, form.unread, revision=_typed_number("revision")), 422
    return _save(campaign_id, form)


@blueprint.route("/staff/campaigns/<int:campaign_id>/plan/freeze", methods=["GET", "POST"])
@access.staff_only("campaigns")
def freeze(campaign_id: int) -> Answer:
    """Ask once more, saying what follows, then freeze exactly what was shown."""
    return _freeze(campaign_id) if request.method == "POST" else _freeze_page(campaign_id)


@blueprint.route("/staff/campaigns/<int:campaign_id>/plan/addendum", methods=["GET", "POST"])
@access.staff_only("campaigns")
def addendum(campaign_id: int) -> Answer:
    """Change a frozen plan in the open: a later plan beside it, with its reason."""
    with database().reading() as session:
        reached = _to_change(session, campaign_id)
        document = plan_in_force(session, campaign_id)
        if document is None:
            return redirect(url_for("plans.show", campaign_id=campaign_id))
        number = len(addenda_of(session, campaign_id)) + 1
        if request.method == "GET":
            return _form_page(session, reached, PlanForm.of_plan(document), [], number=number)
        form = _sent_form(session, reached)
        if form.unread:
            return _form_page(session, reached, form, form.unread, number=_typed_number("number")), 422
    return _add(campaign_id, form)


def _save(campaign_id: int, form: PlanForm) -> Answer:
    try:
        with database().transaction() as session:
            reached = _to_change(session, campaign_id)
            keep.save_draft(session, reached.campaign, form.document, _typed_number("revision"), _moment())
            faults = faults_of(session, reached.campaign, form.document)
    except PlanRefused as refused:
        return _refused(campaign_id, refused, form)
    if faults:
        flash(_("The draft is kept as it is. What is still to be mended is listed here."))
        return redirect(url_for("plan_writing.edit", campaign_id=campaign_id), 303)
    flash(_("The draft is kept, and nothing in it is missing."))
    return redirect(url_for("plans.show", campaign_id=campaign_id), 303)


def _freeze(campaign_id: int) -> Answer:
    try:
        with database().transaction() as session:
            reached = _to_change(session, campaign_id)
            read = keep.Read(_typed_number("revision"), request.form.get("tick"))
            keep.freeze(session, reached.campaign, now(), current_staff().id, read)
    except PlanRefused as refused:
        if refused.reason == "not_read":
            page = _freeze_page(campaign_id, refused.reason)
            return (page, 422) if isinstance(page, str) else page  # or somebody froze it meanwhile
        return _refused(campaign_id, refused)
    flash(_("The plan is frozen."))
    return redirect(url_for("plans.show", campaign_id=campaign_id), 303)


def _freeze_page(campaign_id: int, refused: str | None = None) -> str | AnyResponse:
    with database().reading() as session:
        reached = _to_change(session, campaign_id)
        plan = reached.plan
        if plan is None or plan.frozen_at is not None or faults_of(session, reached.campaign, plan.document):
            return redirect(url_for("plans.show", campaign_id=campaign_id))
        document = plan.document
        _known, sizes = sizes_in(session, reached.campaign, document)
    missed = missed_by(document, sizes)
    return render_template(
        "prepare/plan_freeze.html",
        campaign=reached.campaign,
        plan=plan,
        hash=document.hash,
        sizes=sizes,
        missed=missed,
        tick=missed and tick_of(missed),
        refused=refused,
    )


def _add(campaign_id: int, form: PlanForm) -> Answer:
    reason, number = request.form.get("reason", ""), _typed_number("number")
    try:
        with database().transaction() as session:
            reached = _to_change(session, campaign_id)
            keep.add_addendum(session, reached.campaign, form.document, reason, _moment(), number)
    except PlanRefused as refused:
        return _refused(campaign_id, refused, form)
    except ApprovalRefused as refused:
        faults = [Fault("reason", refused.reason)]
        with database().reading() as session:
            reached = _to_change(session, campaign_id)
            return _form_page(session, reached, form, faults, number=number), 422
    flash(_("The addendum is written beside the plan, and is in force from now on."))
    return redirect(url_for("plans.show", campaign_id=campaign_id), 303)


def _refused(campaign_id: int, refused: PlanRefused, form: PlanForm | None = None) -> Answer:
    """Say why nothing was stored, with all that was typed where it can still be of use."""
    status = 422 if refused.reason in {"faulty", "no_difference"} else 409
    if refused.reason in {"frozen", "begun"}:
        with database().transaction() as session:
            campaign = _to_change(session, campaign_id).campaign
            keep.note_refusal(session, campaign, refused.reason, _moment())
    with database().reading() as session:
        reached = _to_change(session, campaign_id)
        if form is None or refused.reason not in {"faulty", "no_difference", "saved_meanwhile"}:
            return plan_page(session, reached, refused.reason), status
        earlier = addenda_of(session, campaign_id)
        is_addendum = reached.plan is not None and reached.plan.frozen_at is not None
        said = {
            "number": len(earlier) + 1 if is_addendum else None,
            "revision": reached.plan.revision if reached.plan else 0,
            "refused": refused.reason,
            "changed": differences(document_of(session, reached), form.document),
        }
        return _form_page(session, reached, form, refused.faults, **said), status


def _draft_page(session: Session, reached: Reached) -> str:
    plan = reached.plan
    document = plan.document if plan else PlanDocument()
    # A plan that nobody has saved yet lacks what nobody was asked: that is no fault of anybody.
    is_begun = plan is not None and plan.revision > 1
    faults = faults_of(session, reached.campaign, document) if is_begun else []
    form = PlanForm.of_plan(document)
    return _form_page(session, reached, form, faults, revision=plan.revision if plan else 0)


def _form_page(
    session: Session, reached: Reached, form: PlanForm, faults: Collection[Fault], **about: Any
) -> str:
    tops = _tops_to_choose(session, reached)
    fault_at = {fault.name: fault for fault in reversed(list(faults))}
    said = [entry for name, entry in ENTRIES.items() if form.boxes.get(name) or name in fault_at]
    return render_template(
        "prepare/plan_form.html",
        campaign=reached.campaign,
        plan=reached.plan,
        parts=PARTS,
        boxes=form.boxes,
        faults=faults,
        fault_at=fault_at,
        may_all=reaches_all(current_staff()),
        open_stages={entry.stage for entry in said},
        described_before=_described_before(session, reached),
        is_long_past=is_long_past(document_of(session, reached), reached.campaign.opens_on),
        tops=tops,
        reason=request.form.get("reason", ""),
        **words_of_form(session, reached.campaign),
        **{"revision": 0, "number": None, "refused": None, "changed": []} | about,
    )


def _described_before(session: Session, reached: Reached) -> str | None:
    """Give whom the campaign before measured, in its frozen plan's words, while this one says nothing."""
    previous_id = reached.campaign.previous_id
    if previous_id is None or document_of(session, reached).population.described:
        return None
    before = plan_in_force(session, previous_id)
    return before.population.described if before else None


def _sent_form(session: Session, reached: Reached) -> PlanForm:
    named = document_of(session, reached).population.tops
    tops = in_order_of(named, (office.code for office in _tops_to_choose(session, reached)))
    questions = words_of_form(session, reached.campaign)["questions"]
    form = PlanForm.of_sent(request.form, tops, questions)
    if not form.document.population.tops and not reaches_all(current_staff()):
        form.unread.append(Fault("population-tops", "missing"))  # none means all offices
    return form


def _tops_to_choose(session: Session, reached: Reached) -> list[Office]:
    """Offer what this person's right reaches, and what the plan names already."""
    return Reach(session, current_staff()).choices(document_of(session, reached).population.tops)


def _to_change(session: Session, campaign_id: int) -> Reached:
    return Reach(session, current_staff()).campaign(campaign_id, to_change=True)


def _typed_number(name: str) -> int:
    return request.form.get(name, -1, type=int)


def _moment() -> Moment:
    return Moment(now(), today(), current_staff().id)
