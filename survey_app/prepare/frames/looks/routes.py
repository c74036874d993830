"""The doors of a dossier list on its way in: sent, its columns matched, looked at, accepted or deleted."""

from dataclasses import replace

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _, ngettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from survey_app.errors import ImportRefused, NotFound
from survey_app.jobs.bound import bound_to, is_reached
from survey_app.models.days import read_day
from survey_app.models.job import Job, enqueue, note_outcome
from survey_app.models.plan import plan_as_it_stands
from survey_app.prepare.frames import uploads
from survey_app.prepare.frames.columns import COLUMNS, CONTACTS, REQUIRED
from survey_app.prepare.frames.contact_days import usual_last_day
from survey_app.prepare.frames.forms import heading_of, n_left_out, rule_lines
from survey_app.prepare.frames.looks import forms
from survey_app.prepare.frames.looks.accept import (
    Acceptance,
    NothingToAccept,
    accept as make_frame,
    is_in_use,
)
from survey_app.prepare.frames.looks.mapping import proposed, remember
from survey_app.prepare.frames.looks.outcome import Found, Outcome
from survey_app.prepare.frames.routes import RIGHT, faults_file, overview_page, reached_to_change
from survey_app.prepare.reach import Reach, Reached
from survey_app.prepare.tables.table_file import told
from survey_app.web import access
from survey_app.web.access import current_staff
from survey_app.web.context import database, now, settings, today
from survey_app.web.formatting import count_text
from survey_app.web.uploads import sent_file, takes_file

blueprint = Blueprint("looks", __name__, url_prefix="/staff/campaigns/<int:campaign_id>/frame")

JOB = "frame"
REFRESH_SECONDS = 2


@blueprint.post("/file")
@access.staff_only(RIGHT)
@takes_file
def send(campaign_id: int) -> AnyResponse | tuple[str, int]:
    """Put a list aside and look at its header; the next page maps its columns."""
    reached_to_change(campaign_id)
    name, content = sent_file()
    if not content:
        return overview_page(campaign_id, [_("Choose a file first.")]), 422
    try:
        upload = uploads.keep(settings().data_dir, campaign_id, name, content)
    except ImportRefused as refused:
        return overview_page(campaign_id, list(map(told, refused.faults))), 422
    return redirect(url_for("looks.columns", campaign_id=campaign_id, file_ticket=upload.ticket), 303)


@blueprint.post("/incoming")
@access.staff_only(RIGHT)
def take_incoming(campaign_id: int) -> AnyResponse | tuple[str, int]:
    """Do the same with a file that lies in the folder of large ones."""
    reached_to_change(campaign_id)
    path = uploads.incoming_file(settings().data_dir, request.form.get("name", ""))
    if path is None:
        return overview_page(campaign_id, [_("This file is no longer there.")]), 422
    try:
        upload = uploads.take_in_place(settings().data_dir, campaign_id, path, path.name)
    except ImportRefused as refused:
        return overview_page(campaign_id, list(map(told, refused.faults))), 422
    return redirect(url_for("looks.columns", campaign_id=campaign_id, file_ticket=upload.ticket), 303)


@blueprint.route("/files/<file_ticket>", methods=["GET", "POST"])
@access.staff_only(RIGHT)
def columns(campaign_id: int, file_ticket: str) -> str | AnyResponse | tuple[str, int]:
    """Show which column is what; sent, begin the look."""
    reached = reached_to_change(campaign_id)
    upload = uploads.find(settings().data_dir, campaign_id, file_ticket)
    if upload is None:
        raise NotFound
    if request.method == "GET":
        with database().reading() as session:
            mapping, is_known = proposed(session, upload.source.header)
        usual = usual_last_day(reached.campaign, today()).strftime("%d/%m/%Y")
        return _mapping_page(reached, upload, mapping, usual, [], is_known=is_known)
    mapping = forms.read_mapping(request.form)
    mapping_faults = forms.mapping_faults(mapping, len(upload.source.header))
    last_day, day_faults = forms.read_last_day(request.form, mapping, today())
    if wrong := mapping_faults + day_faults:
        typed = request.form.get(forms.LAST_DAY, "")
        return _mapping_page(reached, upload, mapping, typed, wrong), 422
    arguments = {"ticket": file_ticket, "campaign_id": campaign_id, "mapping": mapping, "last_day": last_day}
    with database().transaction() as session:
        remember(session, upload.source.header, mapping, now())
        offices = Reach(session, current_staff()).campaign(campaign_id, to_change=True).offices
        bound = bound_to(RIGHT, offices)
        job = enqueue(session, JOB, arguments | bound, now(), current_staff().id)
    return redirect(url_for("looks.show", campaign_id=campaign_id, job_id=job.id), 303)


@blueprint.get("/looks/<int:job_id>")
@access.staff_only(RIGHT)
def show(campaign_id: int, job_id: int) -> Response:
    """Say how far a look is, then what it found."""
    with database().reading() as session:
        reached, job = _own_look(session, campaign_id, job_id)
    return _look_page(reached, job)


@blueprint.get("/looks/<int:job_id>/faults.csv")
@access.staff_only(RIGHT)
def faults(campaign_id: int, job_id: int) -> Response:
    """Give the whole list of what a look found."""
    with database().reading() as session:
        _reached_one, job = _own_look(session, campaign_id, job_id)
    upload, found = _upload_of(job), Outcome.from_json(job.outcome).found
    if upload is None or found is None:
        raise NotFound
    return faults_file(upload.made_by(found.look) / uploads.FAULTS_FILE)


@blueprint.post("/looks/<int:job_id>/accept")
@access.staff_only(RIGHT)
def accept(campaign_id: int, job_id: int) -> AnyResponse | tuple[Response, int]:
    """Take what a look made as the campaign's frame."""
    with database().transaction() as session:
        reached, job = _own_look(session, campaign_id, job_id, lock=True)
        upload, outcome = _upload_of(job), Outcome.from_json(job.outcome)
        if outcome.frame_id is not None:  # sent twice
            return redirect(url_for("frames.overview", campaign_id=campaign_id), 303)
        if upload is None or job.state != "done" or outcome.found is None or not outcome.found.n_units:
            return _look_page(reached, job), 410
        if why_not := _why_not_taken(session, campaign_id, outcome.found):
            return _look_page(reached, job, why_not), 409
        acceptance = Acceptance(now(), current_staff().id, read_day(job.arguments["last_day"] or ""))
        try:
            frame = make_frame(session, settings().data_dir, upload, outcome.found, acceptance)
        except NothingToAccept:  # another look at this list became the frame, or its files are gone
            return _look_page(reached, job, "gone"), 410
        note_outcome(session, job_id, replace(outcome, frame_id=frame.id).to_json())
    if not uploads.forget_accepted(upload):
        flash(_("In the folder “incoming” another file has taken the place of this one; it is left there."))
    n = frame.n_units
    flash(
        ngettext(
            "The frame is in force: %(n)s dossier.",
            "The frame is in force: %(n)s dossiers.",
            n,
            n=count_text(n),
        )
    )
    return redirect(url_for("frames.overview", campaign_id=campaign_id), 303)


@blueprint.post("/looks/<int:job_id>/cancel")
@access.staff_only(RIGHT)
def cancel(campaign_id: int, job_id: int) -> AnyResponse:
    """Delete a list and what a look at it made."""
    with database().reading() as session:
        _reached_one, job = _own_look(session, campaign_id, job_id)
    if (upload := _upload_of(job)) is not None:
        uploads.forget(upload)
        flash(_("The file that was sent is deleted. Nothing else has changed."))
    return redirect(url_for("frames.overview", campaign_id=campaign_id), 303)


def _mapping_page(
    reached: Reached,
    upload: uploads.Upload,
    mapping: dict[str, int],
    last_day: str,
    faults: forms.Faults,
    *,
    is_known: bool = False,
) -> str:
    used = set(mapping.values())
    return render_template(
        "prepare/frame_columns.html",
        campaign=reached.campaign,
        upload=upload,
        columns=COLUMNS,
        contacts=CONTACTS,
        required=REQUIRED,
        mapping=mapping,
        unused=[text for place, text in enumerate(upload.source.header) if place not in used and text],
        last_day=last_day,
        faults=faults,
        fault_at=dict(reversed(faults)),
        is_known=is_known,
        heading_of=heading_of,
        explained=forms.explained,
    )


def _look_page(reached: Reached, job: Job, why_not_taken: str | None = None) -> Response:
    outcome = Outcome.from_json(job.outcome)
    met = outcome.found.remains.rules if outcome.found else ()
    goes_on = job.state in {"queued", "running"}
    refreshes = goes_on and request.args.get("refresh") != "no"
    page = render_template(
        "prepare/frame_look.html",
        campaign=reached.campaign,
        job=job,
        upload=_upload_of(job),
        outcome=outcome,
        goes_on=goes_on,
        refreshes=refreshes,
        why_not_taken=why_not_taken,
        found=outcome.found,
        rules=rule_lines(met),
        n_left_out=n_left_out(met),
        refused=list(map(told, outcome.refused)),
        last_day=read_day(job.arguments["last_day"] or ""),
        heading_of=heading_of,
    )
    response = Response(page, mimetype="text/html")
    if refreshes:
        response.headers["Refresh"] = str(REFRESH_SECONDS)
    return response


def _why_not_taken(session: Session, campaign_id: int, found: Found) -> str | None:
    """Say what keeps a look from becoming a frame."""
    if is_in_use(session, campaign_id):
        return "in_use"
    if found.remains.rules and request.form.get("accepted") != found.shown_hash:
        return "not_ticked"
    plan = plan_as_it_stands(session, campaign_id)
    return "plan_changed" if found.remains.plan_hash != (plan.hash if plan else None) else None


def _upload_of(job: Job) -> uploads.Upload | None:
    return uploads.find(settings().data_dir, job.arguments["campaign_id"], job.arguments["ticket"])


def _own_look(session: Session, campaign_id: int, job_id: int, *, lock: bool = False) -> tuple[Reached, Job]:
    """Give the look that this person asked for; to others it looks missing."""
    reached = Reach(session, current_staff()).campaign(campaign_id, to_change=True)
    job = session.get(Job, job_id, with_for_update=lock)
    staff = current_staff()
    is_own = job is not None and job.name == JOB and job.owner_id == staff.id
    if job is None or not is_own or job.arguments["campaign_id"] != campaign_id:
        raise NotFound
    if not is_reached(session, job, staff):
        raise NotFound
    return reached, job
