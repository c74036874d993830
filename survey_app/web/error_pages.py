"""Each thing that can go wrong meets its page here, and nowhere else."""

import logging
from collections.abc import Callable
from typing import Any

from flask import Flask, Response, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as AnyResponse

from survey_app import errors
from survey_app.models import short_code
from survey_app.web.formatting import day_text

log = logging.getLogger(__name__)

Page = tuple[int, str, str]  # status, title, text


def problem(status: int, title: str, text: str, **values: Any) -> Response:
    """Show one thing that went wrong and what to do about it."""
    page = render_template("web/problem.html", title=title, text=text, **values)
    return make_response(page, status)


def unknown_code(error: errors.UnknownCode) -> Page:
    text = _(
        "Code %(code)s not found. Perhaps one character is wrong. "
        "Scan again or retype the code under the QR.",
        code=short_code.printed(error.code) if short_code.is_well_formed(error.code) else error.code,
    )
    return 404, _("Code not found"), text


def code_revoked(error: errors.CodeRevoked) -> Page:
    text = _(
        "Out of use since %(date)s. Scan the new code at the counter. Forms sent earlier are not lost.",
        date=day_text(error.revoked_on),
    )
    return 410, _("This code is out of use"), text


def campaign_not_open(error: errors.CampaignNotOpen) -> Page:
    text = _("Opens on %(date)s; please come back then.", date=day_text(error.opens_on))
    return 403, _("The survey has not opened yet"), text


def campaign_closed(error: errors.CampaignClosed) -> Page:
    date = day_text(error.closes_on)
    if error.late:
        text = _(
            "Not received: the survey ended on %(date)s and takes late forms for 48 hours only. "
            "We are sorry.",
            date=date,
        )
    else:
        text = _("Ended on %(date)s.", date=date)
    return 410, _("The survey has ended"), text


def already_answered(_error: errors.AlreadyAnswered) -> Page:
    text = _("Already sent, cannot be changed; your first answers stand.")
    return 409, _("This form was already sent"), text


def bad_submission(_error: errors.BadSubmission) -> Page:
    text = _("The form arrived incomplete or damaged and was not received. Reopen the page and resend.")
    return 400, _("The form was not received"), text


def too_large(_error: errors.SubmissionTooLarge) -> Page:
    return 413, *bad_submission(errors.BadSubmission())[1:]


def not_found(_error: Exception) -> Page:
    return 404, _("Page not found"), _("No such page, or no right to see it.")


SURVEY_PAGES: dict[type[errors.SurveyError], Callable[[Any], Page]] = {
    errors.UnknownCode: unknown_code,
    errors.CodeRevoked: code_revoked,
    errors.CampaignNotOpen: campaign_not_open,
    errors.CampaignClosed: campaign_closed,
    errors.AlreadyAnswered: already_answered,
    errors.BadSubmission: bad_submission,
    errors.SubmissionTooLarge: too_large,
    errors.NotFound: not_found,
}
ASKS_FOR_CODE = (errors.UnknownCode, errors.CodeRevoked)


def show_survey_error(error: errors.SurveyError) -> Response:
    """Turn an error of the field into its page; what has no page of its own is a fault of ours."""
    log.warning("%s on %s", type(error).__name__, request.endpoint)
    for kind in type(error).__mro__:
        if kind in SURVEY_PAGES:
            status, title, text = SURVEY_PAGES[kind](error)
            return problem(
                status,
                title,
                text,
                asks_for_code=isinstance(error, ASKS_FOR_CODE),
                results_of=error.campaign_code if isinstance(error, errors.CampaignClosed) else None,
            )
    raise error


def show_http_error(error: HTTPException) -> Response | AnyResponse:
    if error.code is None or error.code < 400:
        return error.get_response()
    if error.code == 404:
        return problem(*not_found(error))
    if error.code == 405:
        return problem(
            405, _("Page not found"), _("This page cannot be used that way. Go back and try again.")
        )
    if error.code >= 500:
        return show_fault(error)
    return problem(
        error.code, _("The request was not understood"), _("Go back, reload the page and try again.")
    )


def show_fault(error: Exception) -> Response:
    # Neither address nor form: no answer goes into a log, and the engine hides its parameters.
    log.error("fault %s on %s", type(error).__name__, request.endpoint, exc_info=error)
    return problem(500, _("The server had a fault"), _("Please try again in a moment."))


def show_sign_in(_error: errors.SignInRequired) -> AnyResponse:
    return redirect(url_for("accounts.sign_in", next=request.full_path if request.method == "GET" else None))


def register(app: Flask) -> None:
    app.register_error_handler(errors.SurveyError, show_survey_error)
    app.register_error_handler(errors.SignInRequired, show_sign_in)
    app.register_error_handler(HTTPException, show_http_error)
    app.register_error_handler(Exception, show_fault)
