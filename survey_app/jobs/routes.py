"""Pages of jobs: how far one is, and the file it made."""

from flask import Blueprint, Response, render_template, request, send_from_directory

from survey_app.errors import NotFound
from survey_app.jobs.bound import job_of, offices_of
from survey_app.jobs.files import FILE_LIVES, last_day
from survey_app.models import audit
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
    goes_on = found.state in {"queued", "running"}
    refreshes = goes_on and request.args.get("refresh") != "no"
    page = render_template(
        "jobs/job.html",
        job=found,
        goes_on=goes_on,
        is_for_this_machine=settings().is_for_this_machine,
        refreshes=refreshes,
        has_file=found.file_name is not None and (settings().files_dir / found.file_name).is_file(),
        kept_days=FILE_LIVES.days,
        kept_until=found.finished_at and last_day(found.finished_at),
    )
    response = Response(page, mimetype="text/html")
    if refreshes:
        response.headers["Refresh"] = str(REFRESH_SECONDS)
    return response


@blueprint.get("/staff/jobs/<int:job_id>/file")
@access.staff_only("jobs")
def job_file(job_id: int) -> Response:
    """Give the file; one more line in the audit log stands before it."""
    with database().reading() as session:
        found = job_of(session, job_id, current_staff())
    if found.file_name is None:
        raise NotFound
    response = send_from_directory(settings().files_dir, found.file_name, as_attachment=True)
    response.headers["Cache-Control"] = "no-store"  # Flask would let a shared cache keep it for a day
    what = f"Tải về {found.file_name} (việc số {found.id})"
    with database().transaction() as session:
        audit.note_over(session, now(), current_staff().id, DOWNLOADED, what, offices_of(found))
    return response
