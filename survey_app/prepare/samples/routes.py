"""The doors of a campaign's sample: what will be drawn, the draw, what was drawn, its list."""

from flask import Blueprint, Response, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from survey_app.errors import NotFound
from survey_app.jobs.bound import bound_to
from survey_app.models import audit
from survey_app.models.campaign import Campaign
from survey_app.models.frame import Frame
from survey_app.models.job import Job, enqueue
from survey_app.models.sample import Draw, draw_in_force
from survey_app.models.staff import Staff
from survey_app.prepare.reach import Reach, Reached
from survey_app.prepare.samples import forms
from survey_app.prepare.samples.found import in_one_cell, read_document
from survey_app.prepare.samples.listing import JOB, Asked, Names, last_job
from survey_app.prepare.samples.ready import DrawRefused, Ready, ready_of
from survey_app.web import access
from survey_app.web.access import current_staff
from survey_app.web.context import database, now, settings, today
from survey_app.web.paging import PageAsked, page_of

blueprint = Blueprint("samples", __name__, url_prefix="/staff/campaigns/<int:campaign_id>/sample")

RIGHT = "samples"
LIST_JOB, LISTED = "sample_list", "samples.list"  # in the audit log
REFRESH_SECONDS = 2


@blueprint.get("")
@access.staff_only(RIGHT)
def overview(campaign_id: int) -> Response:
    """Show what will be drawn and what cannot be, or the sample that is drawn."""
    return _overview(campaign_id)


@blueprint.post("/draw")
@access.staff_only(RIGHT)
def draw(campaign_id: int) -> AnyResponse | tuple[Response, int]:
    """Ask the job process to draw; asked twice, one job does it."""
    with database().transaction() as session:
        reached = _reached(session, campaign_id, to_change=True)
        session.get_one(Campaign, campaign_id, with_for_update=True)
        job = last_job(session, campaign_id)
        if not _goes_on(job):
            try:
                ready_of(session, reached.campaign, settings().data_dir, today())
            except DrawRefused:
                return _overview(campaign_id), 409
            arguments = {"campaign_id": campaign_id, "staff_id": current_staff().id}
            bound = bound_to(RIGHT, reached.offices)
            enqueue(session, JOB, arguments | bound, now(), current_staff().id)
    return redirect(url_for("samples.overview", campaign_id=campaign_id), 303)


@blueprint.post("/list")
@access.staff_only(RIGHT)
def make_list(campaign_id: int) -> AnyResponse:
    """Ask for the drawn list as a file: it holds dossier ids, so an audit line says who asked."""
    with database().transaction() as session:
        reached = _reached(session, campaign_id, to_change=True)
        drawn = draw_in_force(session, campaign_id)
        if drawn is None:
            raise NotFound
        bound = bound_to(RIGHT, reached.offices)
        arguments = {"campaign_id": campaign_id, "draw_id": drawn.id}
        job = enqueue(session, LIST_JOB, arguments | bound, now(), current_staff().id)
        what = f"{reached.campaign.code}: danh sách mẫu {drawn.checksum[:12]}"
        audit.note_over(session, now(), current_staff().id, LISTED, what, reached.offices)
    return redirect(url_for("jobs.job", job_id=job.id), 303)


def _overview(campaign_id: int) -> Response:
    with database().reading() as session:
        reach = Reach(session, current_staff())
        reached = _reached(session, campaign_id, reach)
        drawn, job = draw_in_force(session, campaign_id), last_job(session, campaign_id)
        ready, why_not = _ready(session, reached)
        names = Names(session, reach.scope)
        shown = _drawn(session, drawn, names) if drawn else _designed(ready, names) if ready else {}
    goes_on = _goes_on(job)
    refreshes = goes_on and request.args.get("refresh") != "no"
    has_changed = drawn is not None and ready is not None and shown["design"] != ready.design
    page = render_template(
        "prepare/sample.html",
        campaign=reached.campaign,
        may_change=reached.may_change,
        drawn=drawn,
        ready=ready,
        why_not=why_not,
        refusal=forms.refusal,
        why_left_out=forms.why_left_out,
        steps=forms.steps,
        job=job,
        goes_on=goes_on,
        refreshes=refreshes,
        failed=_failed(job, drawn),
        may_draw=reached.may_change and ready is not None and not goes_on and (not drawn or has_changed),
        has_changed=has_changed,
        **({"design": None, "asked": Asked()} | shown),
    )
    response = Response(page, mimetype="text/html")
    if refreshes:
        response.headers["Refresh"] = str(REFRESH_SECONDS)
    return response


def _designed(ready: Ready, names: Names) -> dict[str, object]:
    asked, design = Asked.of(request.args), ready.design
    return {
        "design": design,
        "frame": ready.frame,
        "asked": asked,
        "page": page_of(names.lines(design, None, asked), PageAsked(asked.page)),
        "left_out": names.left_out(design.left_out),
        "n_left_out": sum(one.population for one in design.left_out),
        "n_offices": len(design.offices),
    }


def _drawn(session: Session, drawn: Draw, names: Names) -> dict[str, object]:
    asked, (design, found) = Asked.of(request.args), read_document(drawn.document_json)
    left_out = (*design.left_out, *found.left_out)
    by = session.get(Staff, drawn.drawn_by) if drawn.drawn_by is not None else None
    return {
        "design": design,
        "found": found,
        "frame": session.get_one(Frame, drawn.frame_id),
        "by": by.full_name if by is not None else None,
        "asked": asked,
        "page": page_of(names.lines(design, found, asked), PageAsked(asked.page)),
        "left_out": names.left_out(left_out),
        "n_left_out": sum(one.population for one in left_out),
        "n_offices": len(found.offices),
        "in_one_cell": names.named(in_one_cell(design, found)),
        "n_psus": sum(one.n_psus for one in found.offices),
        "n_cells": sum(one.n_cells for one in found.offices),
        "n_short": sum(one.n_short for one in found.offices),
    }


def _ready(session: Session, reached: Reached) -> tuple[Ready | None, str | None]:
    """Give what a draw would begin with, or the name of what keeps it from being made."""
    try:
        return ready_of(session, reached.campaign, settings().data_dir, today()), None
    except DrawRefused as refused:
        return None, refused.reason


def _goes_on(job: Job | None) -> bool:
    return job is not None and job.state in {"queued", "running"}


def _failed(job: Job | None, drawn: Draw | None) -> str | None:
    """Say what became of the last attempt if it drew nothing: the name of a refusal, or a fault."""
    if job is None or _goes_on(job) or (drawn is not None and job.created_at < drawn.drawn_at):
        return None
    return "fault" if job.state == "failed" else (job.outcome or {}).get("refused")


def _reached(
    session: Session, campaign_id: int, reach: Reach | None = None, *, to_change: bool = False
) -> Reached:
    """Give an annual campaign to who may see it; only one that is measured once draws a sample."""
    reached = (reach or Reach(session, current_staff())).campaign(campaign_id, to_change=to_change)
    if reached.campaign.kind != "annual":
        raise NotFound
    return reached
