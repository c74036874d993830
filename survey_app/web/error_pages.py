"""Each thing that can go wrong on a staff or public page meets its page here; citizens have their own."""

import logging
from collections.abc import Callable
from math import ceil
from typing import Any
from urllib.parse import quote

from flask import Flask, Response, current_app, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _, ngettext
from sqlalchemy.exc import IntegrityError, OperationalError
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as AnyResponse

from survey_app import errors
from survey_app.web.formatting import day_text
from survey_app.web.uploads import LARGEST_FORM, MEGABYTE

log = logging.getLogger(__name__)

RETRY_AFTER_SECONDS = 5

Page = tuple[int, str, str]  # status, title, text


def problem(status: int, title: str, text: str, **values: Any) -> Response:
    """Show one thing that went wrong and what to do about it."""
    page = render_template("web/problem.html", title=title, text=text, **values)
    return make_response(page, status)


def campaign_closed(error: errors.CampaignClosed) -> Page:
    return 410, _("The survey has ended"), _("Ended on %(date)s.", date=day_text(error.closes_on))


def not_found(_error: Exception) -> Page:
    if request.path.startswith("/staff"):
        return 404, _("Page not found"), _("No such page, or no right to see it.")
    return (
        404,
        _("Page not found"),
        _("There is no such page. Perhaps one character of the address is wrong."),
    )


def too_large() -> Page:
    """Say the limit of this page, and what to do with a larger file."""
    megabytes = (request.max_content_length or LARGEST_FORM) // MEGABYTE
    if megabytes * MEGABYTE > LARGEST_FORM:
        text = _(
            "At most %(n)s MB can be sent at once. Split the file, such as by months, and send each part; or "
            "ask a system administrator to import it by command.",
            n=megabytes,
        )
    else:
        text = _(
            "This page takes at most %(n)s MB. Go back, shorten what you typed and send again.", n=megabytes
        )
    return 413, _("What you sent is too large"), text


def link_expired(_error: errors.LinkExpired) -> Page:
    return (
        410,
        _("This link is out of use"),
        _("It was used, or is older than a day. Ask a system administrator for a new one."),
    )


SURVEY_PAGES: dict[type[errors.SurveyError], Callable[[Any], Page]] = {
    errors.CampaignClosed: campaign_closed,
    errors.LinkExpired: link_expired,
    errors.NotFound: not_found,
}


def show_survey_error(error: errors.SurveyError) -> Response:
    """Turn an error of the field into its page; what has no page of its own is a fault of ours."""
    log.warning("%s on %s", type(error).__name__, request.endpoint)
    for kind in type(error).__mro__:
        if kind in SURVEY_PAGES:
            return problem(*SURVEY_PAGES[kind](error))
    raise error


def show_http_error(error: HTTPException) -> Response | AnyResponse:
    if error.code is None or error.code < 400:
        return error.get_response()
    if error.code == 404:
        return _without_last_slash() or problem(*not_found(error))
    if error.code == 405:
        return problem(
            405, _("Page not found"), _("This page cannot be used that way. Go back and try again.")
        )
    if error.code == 413:
        return problem(*too_large())
    if error.code >= 500:
        return show_fault(error)
    return problem(
        error.code, _("The request was not understood"), _("Go back, reload the page and try again.")
    )


def _without_last_slash() -> AnyResponse | None:
    """Lead to the page that an address means which has a slash too many at its end."""
    path = request.path.rstrip("/")
    if request.method not in {"GET", "HEAD"} or path in {"", request.path}:
        return None
    doors = current_app.create_url_adapter(request)
    if doors is None or not doors.test(path, "GET"):
        return None
    query = request.query_string.decode("ascii", "ignore")
    return redirect(quote(path) + ("?" + query if query else ""), 308)


def show_fault(error: Exception) -> Response:
    # Neither address nor form: no answer goes into a log, and the engine hides its parameters.
    log.error("fault %s on %s", type(error).__name__, request.endpoint, exc_info=error)
    return problem(500, _("The server had a fault"), _("Please try again in a moment."))


def show_database_fault(error: OperationalError) -> Response:
    log.error("the database failed %s: %s", request.endpoint, error.orig)
    page = problem(503, _("The server had a fault"), _("Please try again in a moment."))
    page.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return page


def show_conflict(error: IntegrityError) -> Response:
    """Tell who sent the same as another at the same moment: the verbs look first, and both saw nothing."""
    # Or a fault of ours, so the log has all of it; the engine hides its parameters.
    log.error("%s met what stood there already", request.endpoint, exc_info=error)
    return problem(
        409,
        _("Somebody else was quicker"),
        _(
            "Nothing was stored: what you sent does not go with what somebody stored a moment before. "
            "Go back, reload the page and see whether it is done already."
        ),
    )


def show_sign_in(_error: errors.SignInRequired) -> AnyResponse:
    return redirect(url_for("accounts.sign_in", next=_page_to_come_back_to()))


def show_second_factor(_error: errors.SecondFactorRequired) -> AnyResponse:
    return redirect(url_for("second_factor.prove", next=_page_to_come_back_to()))


def _page_to_come_back_to() -> str | None:
    return request.full_path if request.method == "GET" else None


def show_too_many_attempts(error: errors.TooManyAttempts) -> Response:
    minutes = ceil(error.retry_after_seconds / 60)
    text = ngettext(
        "Too many attempts came from your network, so this one was not checked. Try again in %(n)s minute, "
        "or from a device or network on which you have signed in before.",
        "Too many attempts came from your network, so this one was not checked. Try again in %(n)s minutes, "
        "or from a device or network on which you have signed in before.",
        minutes,
        n=minutes,
    )
    response = problem(429, _("Wait a little before the next attempt"), text)
    response.headers["Retry-After"] = str(error.retry_after_seconds)
    return response


def register(app: Flask) -> None:
    app.register_error_handler(errors.SurveyError, show_survey_error)
    app.register_error_handler(errors.SignInRequired, show_sign_in)
    app.register_error_handler(errors.SecondFactorRequired, show_second_factor)
    app.register_error_handler(errors.TooManyAttempts, show_too_many_attempts)
    app.register_error_handler(HTTPException, show_http_error)
    app.register_error_handler(OperationalError, show_database_fault)
    app.register_error_handler(IntegrityError, show_conflict)
    app.register_error_handler(Exception, show_fault)
