"""The doors of a fieldwork: progress, letters, outcomes, replacement."""

import hashlib

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _, ngettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from survey_app.errors import ImportRefused, NotFound
from survey_app.jobs.bound import bound_to
from survey_app.models.aapor import OUTCOMES
from survey_app.models.approval import lock_campaign
from survey_app.models.frame import Frame
from survey_app.models.job import enqueue
from survey_app.models.office import Office
from survey_app.models.paused import offices_with_invitations_at_rest
from survey_app.models.plain_text import one_line
from survey_app.models.sample import Draw, SampledUnit, draw_in_force, offices_of_draw
from survey_app.prepare.fieldwork import forms
from survey_app.prepare.fieldwork.forms import Asked
from survey_app.prepare.fieldwork.listing import overview_of
from survey_app.prepare.fieldwork.outcomes import Look, enter, find_unit, look_at
from survey_app.prepare.fieldwork.replace import FieldworkOver, replace_due
from survey_app.prepare.fieldwork.spent import answered, invitees_of
from survey_app.prepare.frames.expire import LETTERS
from survey_app.prepare.invitations.issue import DRAWN_DELIVERIES
from survey_app.prepare.reach import Reach, Reached
from survey_app.prepare.tables import waiting
from survey_app.prepare.tables.table_file import told
from survey_app.web import access
from survey_app.web.access import current_staff
from survey_app.web.context import database, now, settings, today
from survey_app.web.formatting import count_text
from survey_app.web.paging import typed_search
from survey_app.web.uploads import sent_file, takes_file

blueprint = Blueprint("fieldwork", __name__, url_prefix="/staff/campaigns/<int:campaign_id>/fieldwork")
blueprint.add_app_template_filter(forms.outcome_name, "outcome_name")
blueprint.add_app_template_filter(forms.fault_words, "outcome_fault")
blueprint.add_app_template_filter(forms.left_out_words, "left_out_words")

RIGHT = "samples"
LINES_SHOWN = 5  # of each reason for which lines are left out


@blueprint.get("")
@access.staff_only(RIGHT)
def overview(campaign_id: int) -> str:
    """Show how far the fieldwork is, the offices that answer least first."""
    return _overview(campaign_id)


@blueprint.post("/letters")
@access.staff_only(RIGHT)
def letters(campaign_id: int) -> AnyResponse:
    """Ask for the invitations and their files; those that are issued already are issued no second time."""
    with database().transaction() as session:
        reached, draw = _drawn(session, campaign_id, to_change=True)
        if reached.campaign.is_over(today()):
            flash(_("The survey has ended: no invitation to it can be issued any more."))
            return _back(campaign_id)
        arguments = {
            "campaign_id": campaign_id,
            "delivery": forms.one_of(request.form.get("delivery", ""), DRAWN_DELIVERIES),
            "which": forms.one_of(request.form.get("which", ""), forms.WHICH),
            **bound_to(RIGHT, offices_of_draw(session, draw.id)),
        }
        job = enqueue(session, LETTERS, arguments, now(), owner_id=current_staff().id)
    return redirect(url_for("jobs.job", job_id=job.id), 303)


@blueprint.post("/replace")
@access.staff_only(RIGHT)
def replace(campaign_id: int) -> AnyResponse:
    """Call in a reserve for everybody who is due."""
    with database().transaction() as session:
        _reached_one, draw = _drawn(session, campaign_id, to_change=True)
        try:
            n = len(replace_due(session, draw, settings().secrets, now(), current_staff().id).pairs)
        except FieldworkOver:
            flash(_("The survey has ended: no invitation to it can be issued any more."))
            return _back(campaign_id)
    told = ngettext("%(n)s reserve is called in.", "%(n)s reserves are called in.", n, n=count_text(n))
    flash(told + " " + _("Make their letters now: “only those called in”.") if n else _("Nobody is due."))
    return _back(campaign_id)


@blueprint.route("/unit", methods=["GET", "POST"])
@access.staff_only(RIGHT)
def unit(campaign_id: int) -> str | AnyResponse | tuple[str, int]:
    """Show one drawn dossier, found by its id or its letter's number; note what became of it."""
    named = one_line(typed_search(request.values, "unit"))  # it goes into a statement
    with database().transaction() if request.method == "POST" else database().reading() as session:
        reached, draw = _drawn(session, campaign_id, to_change=True)
        found = find_unit(session, draw, named)
        if found is None or found.serial is None:
            return _unit_page(session, reached, draw, named, None), 200 if request.method == "GET" else 422
        if request.method == "GET":
            return _unit_page(session, reached, draw, named, found)
        lock_campaign(session, campaign_id)
        typed = forms.stated_of(request.form.get("outcome", ""), request.form.get("day", ""), found.unit)
        look = look_at(session, draw, [typed], today(), settings().secrets)
        if look.faults:
            return _unit_page(session, reached, draw, named, found, look), 422
        enter(session, draw, look.entries, now(), current_staff().id)
    flash(_("The outcome of letter %(number)s is noted.", number=found.number))
    return _back(campaign_id)


@blueprint.post("/outcomes")
@access.staff_only(RIGHT)
@takes_file
def send_outcomes(campaign_id: int) -> tuple[str, int]:
    """Read a table of outcomes and show what it would change; store nothing yet."""
    name, content = sent_file()
    if not content:
        return _overview(campaign_id, [_("Choose a file first.")]), 422
    try:
        stated = forms.stated_in(content, name)
    except ImportRefused as refused:
        return _overview(campaign_id, list(map(told, refused.faults[:5]))), 422
    with database().reading() as session:
        reached, draw = _drawn(session, campaign_id, to_change=True)
        look = look_at(session, draw, stated, today(), settings().secrets)
    ticket = waiting.keep(settings().data_dir, current_staff().id, content)
    return _look_page(reached, look, ticket), 200


@blueprint.post("/outcomes/accept")
@access.staff_only(RIGHT)
def accept_outcomes(campaign_id: int) -> AnyResponse | tuple[str, int]:
    """Store the sound lines of a table that was looked at; who answered meanwhile is left out."""
    ticket, staff = request.form.get("ticket", ""), current_staff()
    content = waiting.find(settings().data_dir, staff.id, ticket)
    if content is None:
        return _overview(campaign_id, [_("This file is no longer here. Send it again.")]), 410
    with database().transaction() as session:
        reached, draw = _drawn(session, campaign_id, to_change=True)
        lock_campaign(session, campaign_id)
        look = look_at(session, draw, forms.stated_in(content, ""), today(), settings().secrets)
        if look.faults and request.form.get("accepted") != _checksum(look):
            return _look_page(reached, look, ticket, was_refused=True), 422
        enter(session, draw, look.entries, now(), current_staff().id)
    waiting.forget(settings().data_dir, staff.id, ticket)
    n = len(look.entries)
    flash(ngettext("%(n)s outcome is noted.", "%(n)s outcomes are noted.", n, n=count_text(n)))
    return _back(campaign_id)


def _overview(campaign_id: int, faults: list[str] | None = None) -> str:
    asked = Asked.of(request.args)
    with database().reading() as session:
        reach = Reach(session, current_staff())
        reached = _reached(reach, campaign_id)
        draw = draw_in_force(session, campaign_id)
        frame = session.get_one(Frame, draw.frame_id) if draw else None
        shown = overview_of(session, draw, reach, asked, settings().secrets) if draw else None
        at_rest = offices_with_invitations_at_rest(session, campaign_id)
    return render_template(
        "prepare/fieldwork.html",
        campaign=reached.campaign,
        may_change=reached.may_change,
        is_over=reached.campaign.is_over(today()),
        has_contacts=frame is not None and frame.has_contacts,
        shown=shown,
        n_at_rest=len(at_rest),
        staff=current_staff(),
        asked=asked,
        faults=faults or [],
        outcomes=OUTCOMES,
    )


def _unit_page(
    session: Session,
    reached: Reached,
    draw: Draw,
    named: str,
    found: SampledUnit | None,
    look: Look | None = None,
) -> str:
    has_answered = False
    if found is not None:
        invitees = invitees_of(session, draw.id, SampledUnit.number == found.number)
        has_answered = bool(answered(session, invitees, settings().secrets))
    return render_template(
        "prepare/fieldwork_unit.html",
        campaign=reached.campaign,
        named=named,
        unit=found,
        office=session.get_one(Office, found.office_id) if found is not None else None,
        has_answered=has_answered,
        faults=look.faults if look is not None else [],
        chosen=request.form.get("outcome", found.outcome if found is not None else ""),
        day=request.form.get("day", forms.day_typed(today())),
        outcomes=OUTCOMES,
    )


def _look_page(reached: Reached, look: Look, ticket: str, *, was_refused: bool = False) -> str:
    return render_template(
        "prepare/fieldwork_outcomes.html",
        campaign=reached.campaign,
        look=look,
        n_new=sum(entry.is_new for entry in look.entries),
        lines_shown=LINES_SHOWN,
        ticket=ticket,
        checksum=_checksum(look),
        was_refused=was_refused,
        outcomes=OUTCOMES,
    )


def _checksum(look: Look) -> str:
    said = [(line, fault) for line, _unit, fault in look.faults]
    return hashlib.sha256(repr(said).encode()).hexdigest()[:16]


def _back(campaign_id: int) -> AnyResponse:
    return redirect(url_for("fieldwork.overview", campaign_id=campaign_id), 303)


def _drawn(session: Session, campaign_id: int, *, to_change: bool = False) -> tuple[Reached, Draw]:
    """Give an annual campaign with its draw to who may see or change it."""
    reached = _reached(Reach(session, current_staff()), campaign_id, to_change=to_change)
    draw = draw_in_force(session, campaign_id)
    if draw is None:
        raise NotFound
    return reached, draw


def _reached(reach: Reach, campaign_id: int, *, to_change: bool = False) -> Reached:
    reached = reach.campaign(campaign_id, to_change=to_change)
    if reached.campaign.kind != "annual":
        raise NotFound
    return reached
