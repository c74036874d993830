"""What a respondent meets when something is not possible: what happened, and what to do. Nobody else's words.

A page asks for JSON when its script sends a form that waited; it gets the same sentence to show.
"""

import logging
from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, jsonify, request, url_for
from flask_babel import gettext as _
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException

from survey_app import errors
from survey_app.collect import shell
from survey_app.collect.small_write import RETRY_AFTER_SECONDS
from survey_app.models import invitation_token, short_code
from survey_app.web.catalogues import unmarked
from survey_app.web.formatting import day_text
from survey_app.web.i18n import offer_translated

log = logging.getLogger(__name__)

Page = tuple[int, str, str]  # status, title, text


def unknown_code(error: errors.UnknownCode) -> Page:
    text = _(
        "Code %(code)s not found. Perhaps one character is wrong. "
        "Scan again or retype the code under the QR.",
        code=as_printed(error.code),
    )
    return 404, _("Code not found"), text


def as_printed(code: str) -> str:
    """Show a code as it stands on paper, if it has the form of one."""
    if short_code.is_well_formed(code):
        return short_code.printed(code)
    return invitation_token.printed(code) if len(code) == invitation_token.LENGTH else code


def code_revoked(error: errors.CodeRevoked) -> Page:
    text = _(
        "Out of use since %(date)s. Scan the new code at the counter. Forms sent earlier are not lost.",
        date=day_text(error.revoked_on),
    )
    return 410, _("This code is out of use"), text


def code_paused(_error: errors.CodePaused) -> Page:
    text = _(
        "This code is paused for a while. Please scan it again later. A form opened before can still be sent."
    )
    return 403, _("This code is paused"), text


def ticket_expired(_error: errors.TicketExpired) -> Page:
    return (
        410,
        _("The code on the screen has changed"),
        _("The code on the screen has changed. Scan the one now shown."),
    )


def invitation_used(error: errors.InvitationUsed) -> Page:
    text = _(
        "This code has been used; each works once. If you sent a form, it was received. "
        "If you never did, please tell %(phone)s.",
        phone=error.controller_phone,
    )
    return 409, _("This invitation has been used"), text


def campaign_not_open(error: errors.CampaignNotOpen) -> Page:
    text = _("Opens on %(date)s; please come back then.", date=day_text(error.opens_on))
    return 403, _("The survey has not opened yet"), text


def office_not_begun(error: errors.OfficeNotBegun) -> Page:
    text = _(
        "%(office)s begins on %(date)s; please come back then.",
        office=error.office,
        date=day_text(error.opens_on),
    )
    return 403, _("This office has not begun yet"), text


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


def too_large(error: errors.SubmissionTooLarge) -> Page:
    return 413, *bad_submission(error)[1:]


def not_found(_error: errors.NotFound) -> Page:
    return (
        404,
        _("Page not found"),
        _("There is no such page. Perhaps one character of the address is wrong."),
    )


def storage_failed(_error: errors.StorageFailed) -> Page:
    text = _("The server cannot answer at the moment. Wait a little, then try again.")
    return 503, _("The server had a fault"), text


PAGES: dict[type[errors.SurveyError], Callable[[Any], Page]] = {
    errors.UnknownCode: unknown_code,
    errors.CodeRevoked: code_revoked,
    errors.CodePaused: code_paused,
    errors.TicketExpired: ticket_expired,
    errors.InvitationUsed: invitation_used,
    errors.CampaignNotOpen: campaign_not_open,
    errors.OfficeNotBegun: office_not_begun,
    errors.CampaignClosed: campaign_closed,
    errors.AlreadyAnswered: already_answered,
    errors.BadSubmission: bad_submission,
    errors.SubmissionTooLarge: too_large,
    errors.NotFound: not_found,
    errors.StorageFailed: storage_failed,
}
ASKS_FOR_CODE = (errors.UnknownCode, errors.CodeRevoked, errors.NotFound)


def wants_json() -> bool:
    """Whether the page's script asks, and will show what it is told itself."""
    return request.headers.get("Accept") == "application/json"


def told(status: int, text: str) -> Response:
    """Tell a script what a page would have said."""
    response = jsonify(problem=unmarked(text))
    response.status_code = status
    return marked(response)


def marked(response: Response) -> Response:
    """Mark what is for the script, which so knows it from what a proxy or a captive portal says."""
    response.headers["Told-By"] = "survey"
    return response


def show(error: errors.SurveyError) -> Response:
    """Turn an error of the field into its page; what has no page of its own is a fault of ours."""
    log.warning("%s on %s", type(error).__name__, request.endpoint)
    for kind in type(error).__mro__:
        if kind in PAGES:
            status, title, text = PAGES[kind](error)
            response = told(status, text) if wants_json() else _problem(status, title, text, error)
            if status == 503:
                response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
            return response
    raise error


def show_database_fault(error: OperationalError) -> Response:
    log.error("the database failed %s: %s", request.endpoint, error.orig)
    return show(errors.StorageFailed("the database could not be asked"))


def _problem(status: int, title: str, text: str, error: errors.SurveyError) -> Response:
    closed_campaign = error.campaign_code if isinstance(error, errors.CampaignClosed) else None
    return shell.page(
        "collect/problem.html",
        status,
        title=title,
        text=text,
        asks_for_code=isinstance(error, ASKS_FOR_CODE),
        new_form=error.code if isinstance(error, errors.AlreadyAnswered) else None,
        results=closed_campaign and url_for("publish.campaign_results", campaign_code=closed_campaign),
    )


def show_http_error(error: HTTPException) -> Response:
    if error.code is None or not 400 <= error.code < 500:
        raise error
    title, text = (
        _("The request was not understood"),
        _("The form arrived incomplete or damaged and was not received. Reopen the page and resend."),
    )
    if wants_json():
        return told(error.code, text)
    return shell.page(
        "collect/problem.html",
        error.code,
        title=title,
        text=text,
        asks_for_code=False,
        new_form=None,
        results=None,
    )


def answer_for(blueprint: Blueprint) -> None:
    """Let the pages of this blueprint meet errors in the citizens' own words, languages and look."""
    blueprint.before_request(offer_translated)
    blueprint.register_error_handler(errors.SurveyError, show)
    blueprint.register_error_handler(OperationalError, show_database_fault)
    blueprint.register_error_handler(HTTPException, show_http_error)
