"""Pages of jobs: how far one is, and the file it made."""

from collections.abc import Sequence

from flask import Blueprint, Response, render_template, request, send_from_directory
from sqlalchemy import select
from sqlalchemy.orm import Session

from survey_app.errors import NotFound
from survey_app.jobs.bound import job_of, offices_of
from survey_app.jobs.files import FILE_LIVES, last_day
from survey_app.models import audit
from survey_app.models.access_point import AccessPoint
from survey_app.models.job import Job
from survey_app.models.short_code import printed
from survey_app.web import access
from survey_app.web.access import current_staff
from survey_app.web.context import database, now, settings

blueprint = Blueprint("jobs", __name__)

REFRESH_SECONDS = 2
DOWNLOADED = "file.download"  # in the audit log


@blueprint.get("/staff/jobs/<int:job_id>")
@access.staff_only("jobs")
def job(job_id: int) -> Response:
    """Say how far a job is; the page loads itself again until the job ends, unless told to stand still."""
    with database().reading() as session:
        found = job_of(session, job_id, current_staff())
        revoked = _revoked_since(session, found)
    refreshes = _goes_on(found) and request.args.get("refresh") != "no"
    response = Response(_page(found, revoked, refreshes=refreshes), mimetype="text/html")
    if refreshes:
        response.headers["Refresh"] = str(REFRESH_SECONDS)
    return response


def _goes_on(job: Job) -> bool:
    return job.state in {"queued", "running"}


def _page(job: Job, revoked: Sequence[str], *, refreshes: bool = False) -> str:
    return render_template(
        "jobs/job.html",
        job=job,
        revoked=revoked,
        goes_on=_goes_on(job),
        is_for_this_machine=settings().is_for_this_machine,
        refreshes=refreshes,
        has_file=job.file_name is not None and (settings().files_dir / job.file_name).is_file(),
        kept_days=FILE_LIVES.days,
        kept_until=job.finished_at and last_day(job.finished_at),
    )


def _revoked_since(session: Session, job: Job) -> list[str]:
    """List the codes in a file of posters that are out of use by now: hung up, they would open no form."""
    ids: set[int] = set(job.arguments.get("access_point_ids", ()))
    if not ids or job.file_name is None:
        return []
    between = AccessPoint.id.between(min(ids), max(ids))  # not each by its id: there may be thousands
    revoked = select(AccessPoint.id, AccessPoint.code).where(between, AccessPoint.revoked_on.is_not(None))
    in_order = session.execute(revoked.order_by(AccessPoint.id))
    return [printed(code or "") for one, code in in_order if one in ids]


@blueprint.get("/staff/jobs/<int:job_id>/file")
@access.staff_only("jobs")
def job_file(job_id: int) -> Response:
    """Give the file; one more line in the audit log stands before it."""
    with database().reading() as session:
        found = job_of(session, job_id, current_staff())
        revoked = _revoked_since(session, found)
    if found.file_name is None:
        raise NotFound
    if revoked:
        return Response(_page(found, revoked), status=410, mimetype="text/html")
    response = send_from_directory(settings().files_dir, found.file_name, as_attachment=True)
    response.headers["Cache-Control"] = "no-store"  # Flask would let a shared cache keep it for a day
    what = f"Tải về {found.file_name} (việc số {found.id})"
    with database().transaction() as session:
        audit.note_over(session, now(), current_staff().id, DOWNLOADED, what, offices_of(found))
    return response
