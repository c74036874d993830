"""The door for reports of codes: it works for every code, known or not, in use or not."""

import logging

from flask import Blueprint, Response, redirect, request, url_for
from sqlalchemy.exc import OperationalError
from werkzeug.wrappers import Response as AnyResponse

from survey_app.collect import problems, shell
from survey_app.collect.body import sent_fields
from survey_app.collect.reports.forms import LONGEST_CODE, ReportForm, reason_words
from survey_app.collect.reports.report import ReportedPoint, find_point, record_report
from survey_app.collect.small_write import RETRY_AFTER_SECONDS, small_write
from survey_app.errors import StorageFailed
from survey_app.models.code_report import LONGEST_PLACE
from survey_app.models.plain_text import one_line
from survey_app.web import access
from survey_app.web.context import database, today

log = logging.getLogger(__name__)
blueprint = Blueprint("reports", __name__)
problems.answer_for(blueprint)

LARGEST_BODY = 8 * 1024


@blueprint.get("/report")
@access.public
def report() -> Response:
    """Ask what is wrong with a code; after sending, say thank you in the same place."""
    if "sent" in request.args:
        return shell.page("collect/report.html", form=None)
    return _report_page(ReportForm(code=one_line(request.args.get("code", "")[:LONGEST_CODE])))


@blueprint.post("/report")
@access.public
def send_report() -> AnyResponse:
    """Take a report."""
    form = ReportForm.read(sent_fields(LARGEST_BODY))
    if form.problems:
        return _report_page(form)
    try:
        with small_write(database()) as session:
            point = find_point(session, form.code)
            record_report(session, point.id if point else None, form.reason, form.place, today())
    except StorageFailed as error:
        return _send_again(form, error)
    return redirect(url_for("reports.report", sent="yes"), 303)


def _report_page(form: ReportForm) -> Response:
    return _filled_page(form, _point(form.code), 422 if form.problems else 200)


def _point(typed: str) -> ReportedPoint | None:
    """Find whose code it is, where that can be said: nobody is kept from reporting by it."""
    if not typed:
        return None
    try:
        with database().reading() as session:
            return find_point(session, typed)
    except OperationalError as error:
        log.warning("the point of a report was not looked up: %s", error.orig)
        return None


def _send_again(form: ReportForm, error: StorageFailed) -> Response:
    """Show the form again, filled in: a report that arrives twice only counts twice."""
    log.warning("a report was not stored: %s", error.__cause__ or error)
    response = _filled_page(form, None, 503)  # without asking a database that is in trouble
    response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return response


def _filled_page(form: ReportForm, point: ReportedPoint | None, status: int) -> Response:
    return shell.page(
        "collect/report.html",
        status,
        form=form,
        point=point,
        reasons=reason_words(),
        most=LONGEST_PLACE,
        is_unclear=status == 503,
    )
