"""The doors of a campaign's frame: what is in force, a dossier list on its way in, its contacts."""

from pathlib import Path
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, send_file, url_for
from flask_babel import gettext as _, ngettext
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from survey_app.errors import ImportRefused, NotFound
from survey_app.jobs.bound import bound_to, is_reached
from survey_app.models.days import read_day
from survey_app.models.frame import faults_path, frame_path
from survey_app.models.job import Job, enqueue, note_outcome
from survey_app.models.office import ServiceField
from survey_app.models.plan import plan_as_it_stands
from survey_app.models.plan_document import PlanDocument
from survey_app.prepare.frames import forms, listing, template_file, uploads
from survey_app.prepare.frames.accept import Acceptance, accept, delete_contacts
from survey_app.prepare.frames.columns import COLUMNS, CONTACTS, REQUIRED
from survey_app.prepare.frames.contact_days import usual_last_day
from survey_app.prepare.frames.mapping import proposed, remember
from survey_app.prepare.reach import Reach, Reached
from survey_app.web import access
from survey_app.web.access import current_staff
from survey_app.web.context import database, now, settings, today
from survey_app.web.formatting import count_text
from survey_app.web.i18n import chosen_language
from survey_app.web.paging import PageAsked, typed_page, typed_search
from survey_app.web.uploads import LARGEST_UPLOAD, MEGABYTE, sent_file, takes_file

blueprint = Blueprint("frames", __name__, url_prefix="/staff/campaigns/<int:campaign_id>/frame")
blueprint.add_app_template_filter(forms.label_name, "frame_label")

RIGHT = "samples"
JOB = "frame"
REFRESH_SECONDS = 2
MOST_LABELS_SHOWN = 12
SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@blueprint.get("")
@access.staff_only(RIGHT)
def overview(campaign_id: int) -> str:
    """Show the frame in force, or an older one; take a dossier list."""
    return _overview(campaign_id)


@blueprint.get("/template.<any(csv, xlsx):kind>")
@access.staff_only(RIGHT)
def template(campaign_id: int, kind: str) -> Response:
    """Give the table to fill in, with what belongs under each heading."""
    with database().reading() as session:
        reached = _reached(session, campaign_id)
        made = template_file.as_csv() if kind == "csv" else template_file.as_sheet(session, reached.offices)
    response = Response(made, mimetype="text/csv" if kind == "csv" else SHEET)
    name = f"danh-sach-ho-so-{reached.campaign.code}.{kind}"
    response.headers.set("Content-Disposition", "attachment", filename=name)
    return response


@blueprint.post("/file")
@access.staff_only(RIGHT)
@takes_file
def send(campaign_id: int) -> AnyResponse | tuple[str, int]:
    """Put a list aside and look at its header; the next page maps its columns."""
    _check_change(campaign_id)
    name, content = sent_file()
    if not content:
        return _overview(campaign_id, [_("Choose a file first.")]), 422
    try:
        upload = uploads.keep(settings().data_dir, campaign_id, name, content)
    except ImportRefused as refused:
        return _overview(campaign_id, list(map(forms.file_fault, refused.faults))), 422
    return redirect(url_for("frames.file", campaign_id=campaign_id, file_ticket=upload.ticket), 303)


@blueprint.post("/incoming")
@access.staff_only(RIGHT)
def take_incoming(campaign_id: int) -> AnyResponse | tuple[str, int]:
    """Do the same with a file that lies in the folder of large ones."""
    _check_change(campaign_id)
    path = uploads.incoming_file(settings().data_dir, request.form.get("name", ""))
    if path is None:
        return _overview(campaign_id, [_("This file is no longer there.")]), 422
    try:
        upload = uploads.take_in_place(settings().data_dir, campaign_id, path, path.name)
    except ImportRefused as refused:
        return _overview(campaign_id, list(map(forms.file_fault, refused.faults))), 422
    return redirect(url_for("frames.file", campaign_id=campaign_id, file_ticket=upload.ticket), 303)


@blueprint.route("/files/<file_ticket>", methods=["GET", "POST"])
@access.staff_only(RIGHT)
def file(campaign_id: int, file_ticket: str) -> str | AnyResponse | tuple[str, int]:
    """Show which column is what; sent, begin the look."""
    reached = _check_change(campaign_id)
    upload = uploads.find(settings().data_dir, campaign_id, file_ticket)
    if upload is None:
        raise NotFound
    if request.method == "GET":
        with database().reading() as session:
            mapping, is_known = proposed(session, upload.source.header)
        usual = usual_last_day(reached.campaign, today()).strftime("%d/%m/%Y")
        return _mapping_page(reached, upload, mapping, usual, [], is_known=is_known)
    mapping = forms.read_mapping(request.form)
    faults = forms.mapping_faults(mapping, len(upload.source.header))
    last_day, day_faults = forms.read_last_day(request.form, mapping, today())
    if faults + day_faults:
        typed = request.form.get(forms.LAST_DAY, "")
        return _mapping_page(reached, upload, mapping, typed, faults + day_faults), 422
    arguments = {"ticket": file_ticket, "campaign_id": campaign_id, "mapping": mapping, "last_day": last_day}
    with database().transaction() as session:
        remember(session, upload.source.header, mapping, now())
        bound = bound_to(RIGHT, reached.offices)
        job = enqueue(session, JOB, arguments | bound, now(), current_staff().id)
    return redirect(url_for("frames.look", campaign_id=campaign_id, job_id=job.id), 303)


@blueprint.get("/looks/<int:job_id>")
@access.staff_only(RIGHT)
def look(campaign_id: int, job_id: int) -> Response:
    """Say how far a look is, then what it found."""
    with database().reading() as session:
        reached, job = _own_look(session, campaign_id, job_id)
    return _look_page(reached, job)


@blueprint.get("/looks/<int:job_id>/faults.csv")
@access.staff_only(RIGHT)
def look_faults(campaign_id: int, job_id: int) -> Response:
    """Give the whole list of what a look found."""
    with database().reading() as session:
        _reached_one, job = _own_look(session, campaign_id, job_id)
    upload = _upload_of(job)
    return _faults_file(upload.folder / uploads.FAULTS_FILE if upload is not None else None)


@blueprint.post("/looks/<int:job_id>/accept")
@access.staff_only(RIGHT)
def accept_look(campaign_id: int, job_id: int) -> AnyResponse | tuple[Response, int]:
    """Take what a look made as the campaign's frame."""
    with database().transaction() as session:
        reached, job = _own_look(session, campaign_id, job_id, lock=True)
        upload, outcome = _upload_of(job), job.outcome or {}
        if "frame_id" in outcome:  # sent twice
            return redirect(url_for("frames.overview", campaign_id=campaign_id), 303)
        if upload is None or job.state != "done" or not outcome.get("n_units"):
            return _look_page(reached, job), 410
        if why_not := _why_not_taken(outcome, plan_as_it_stands(session, campaign_id)):
            return _look_page(reached, job, why_not), 409
        last_day = read_day(job.arguments["last_day"] or "")
        frame = accept(
            session, settings().data_dir, upload, outcome, Acceptance(now(), current_staff().id, last_day)
        )
        note_outcome(session, job_id, outcome | {"frame_id": frame.id})
    uploads.forget_accepted(settings().data_dir, upload)
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
def cancel_look(campaign_id: int, job_id: int) -> AnyResponse:
    """Delete a list and what a look at it made."""
    with database().reading() as session:
        _reached_one, job = _own_look(session, campaign_id, job_id)
    if (upload := _upload_of(job)) is not None:
        uploads.forget(upload)
        flash(_("The file that was sent is deleted. Nothing else has changed."))
    return redirect(url_for("frames.overview", campaign_id=campaign_id), 303)


@blueprint.get("/<int:frame_id>/faults.csv")
@access.staff_only(RIGHT)
def frame_faults(campaign_id: int, frame_id: int) -> Response:
    """Give the whole list of what an import left out."""
    _check_change(campaign_id)
    with database().reading() as session:
        listing.frame_of(session, campaign_id, frame_id)
    return _faults_file(faults_path(settings().data_dir, frame_id))


@blueprint.get("/<int:frame_id>/contacts")
@access.staff_only(RIGHT)
def ask_contacts(campaign_id: int, frame_id: int) -> str | AnyResponse:
    """Ask once more before the contacts of a frame are deleted."""
    reached = _check_change(campaign_id)
    with database().reading() as session:
        frame = listing.frame_of(session, campaign_id, frame_id)
    if not frame.has_contacts:
        return redirect(url_for("frames.overview", campaign_id=campaign_id), 303)
    return render_template("prepare/frame_contacts.html", campaign=reached.campaign, frame=frame)


@blueprint.post("/<int:frame_id>/contacts")
@access.staff_only(RIGHT)
def remove_contacts(campaign_id: int, frame_id: int) -> AnyResponse:
    """Delete the contacts of a frame before their day."""
    _check_change(campaign_id)
    with database().transaction() as session:
        frame = listing.frame_of(session, campaign_id, frame_id)
        if frame.has_contacts:
            delete_contacts(session, settings().data_dir, frame, now(), current_staff().id, "trước hạn")
    flash(_("The contacts are deleted. The frame stays."))
    return redirect(url_for("frames.overview", campaign_id=campaign_id), 303)


def _overview(campaign_id: int, faults: list[str] | None = None) -> str:
    order = request.args.get("order", "")
    asked = listing.OfficesAsked(typed_search(request.args), order, PageAsked(typed_page(request.args)))
    with database().reading() as session:
        reach = Reach(session, current_staff())
        reached = _reached(session, campaign_id, reach)
        imports = listing.imports_of(session, campaign_id)
        shown = listing.chosen(imports, request.args.get("frame", type=int))
        page = listing.offices_of(session, shown.frame, reach.scope, asked) if shown else None
        n_offices = listing.n_offices(session, shown.frame) if shown else 0
        plan = plan_as_it_stands(session, campaign_id)
        fields = {one.code: one.name_in(chosen_language()) for one in session.scalars(select(ServiceField))}
    data_dir = settings().data_dir
    return render_template(
        "prepare/frame.html",
        campaign=reached.campaign,
        may_change=reached.may_change,
        imports=imports,
        shown=shown,
        is_in_force=shown is not None and shown is imports[0],
        has_file=shown is not None and frame_path(data_dir, shown.frame.frame_hash).is_file(),
        page=page,
        n_offices=n_offices,
        asked=asked,
        orders=listing.ORDERS,
        plan=plan,
        plan_has_changed=shown is not None and shown.frame.found["plan_hash"] != _hash_of(plan),
        rules=forms.rule_lines(shown.frame.found["rules"]) if shown else [],
        n_left_out=forms.n_left_out(shown.frame.found["rules"]) if shown else 0,
        totals=_totals(shown.frame.found["totals"], fields) if shown else [],
        faults=faults or [],
        incoming=uploads.incoming_files(data_dir) if reached.may_change else [],
        largest=LARGEST_UPLOAD // MEGABYTE,
        heading_of=forms.heading_of,
    )


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
        heading_of=forms.heading_of,
        explained=forms.explained,
    )


def _look_page(reached: Reached, job: Job, why_not_taken: str | None = None) -> Response:
    outcome = job.outcome or {}
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
        rules=forms.rule_lines(outcome.get("rules", [])),
        n_left_out=forms.n_left_out(outcome.get("rules", [])),
        refused=list(map(forms.file_fault, outcome.get("refused", []))),
        last_day=read_day(job.arguments["last_day"] or ""),
        heading_of=forms.heading_of,
    )
    response = Response(page, mimetype="text/html")
    if refreshes:
        response.headers["Refresh"] = str(REFRESH_SECONDS)
    return response


def _totals(
    totals: dict[str, list[tuple[str | None, int]]], fields: dict[str, str]
) -> list[tuple[str, object]]:
    """Give what a frame holds by column, with the names of fields in the place of their codes."""
    named: list[tuple[str, object]] = []
    for column, several in totals.items():
        words = [(fields.get(label or "", forms.label_name(label)), n) for label, n in several]
        shown, rest = words[:MOST_LABELS_SHOWN], words[MOST_LABELS_SHOWN:]
        if rest:
            shown.append((_("all others"), sum(n for _label, n in rest)))
        named.append((forms.total_name(column), shown))
    return named


def _hash_of(plan: PlanDocument | None) -> str | None:
    return plan.hash if plan is not None else None


def _why_not_taken(outcome: dict[str, Any], plan: PlanDocument | None) -> str | None:
    """Say what keeps a look from becoming a frame: nobody ticked what it left out, or the plan is another."""
    if outcome["rules"] and request.form.get("accepted") != outcome["frame_hash"][:16]:
        return "not_ticked"
    return "plan_changed" if outcome["plan_hash"] != _hash_of(plan) else None


def _upload_of(job: Job) -> uploads.Upload | None:
    return uploads.find(settings().data_dir, job.arguments["campaign_id"], job.arguments["ticket"])


def _faults_file(path: Path | None) -> Response:
    if path is None or not path.is_file():
        raise NotFound
    response = send_file(path, mimetype="text/csv", as_attachment=True, download_name="loi-danh-sach.csv")
    response.headers["Cache-Control"] = "no-store"
    return response


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


def _check_change(campaign_id: int) -> Reached:
    with database().reading() as session:
        return _reached(session, campaign_id, to_change=True)


def _reached(
    session: Session, campaign_id: int, reach: Reach | None = None, *, to_change: bool = False
) -> Reached:
    """Give an annual campaign to who may see it; only one that is measured once has a frame."""
    reached = (reach or Reach(session, current_staff())).campaign(campaign_id, to_change=to_change)
    if reached.campaign.kind != "annual":
        raise NotFound
    return reached
