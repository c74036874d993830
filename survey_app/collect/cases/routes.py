"""The doors of a case: its answer, by its number, and the separate page for leaving a contact."""

import logging

from flask import Blueprint, Response, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from survey_app.collect import problems, shell
from survey_app.collect.body import sent_fields
from survey_app.collect.cases.contact import keep_contact, withdraw_contact
from survey_app.collect.cases.find import FoundCase, find_case
from survey_app.collect.cases.forms import WITHDRAW_FIELD, ContactForm
from survey_app.collect.small_write import RETRY_AFTER_SECONDS, small_write
from survey_app.errors import StorageFailed
from survey_app.models.case import CONTACT_LIVES
from survey_app.models.plain_text import one_line
from survey_app.web import access
from survey_app.web.context import database, settings, today

log = logging.getLogger(__name__)
blueprint = Blueprint("cases", __name__)
problems.answer_for(blueprint)

LARGEST_BODY = 8 * 1024
LONGEST_SHOWN = 40  # of a number that is none of ours


@blueprint.get("/case")
@access.public
def case() -> Response:
    """Say whether a comment was answered, and how; without a number, ask for it."""
    typed = one_line(request.args.get("number", ""))[:LONGEST_SHOWN]
    found = _find(typed)
    is_unknown = bool(typed) and found is None
    return shell.page("collect/case.html", 404 if is_unknown else 200, found=found, typed=typed)


@blueprint.get("/case/<number>/contact")
@access.public
def contact(number: str) -> AnyResponse:
    """Offer to leave a contact, or to correct or withdraw the one that was left."""
    found = _find(number)
    return _unknown(number) if found is None else _contact_page(found, ContactForm())


@blueprint.post("/case/<number>/contact")
@access.public
def leave_contact(number: str) -> AnyResponse:
    """Store a contact whose owner agrees to it; nothing else is ever stored."""
    fields = sent_fields(LARGEST_BODY)
    found = _find(number)
    if found is None:
        return _unknown(number)
    form = ContactForm() if WITHDRAW_FIELD in fields else ContactForm.read(fields)
    if form.problems:
        return _contact_page(found, form)
    try:
        _store(found.number, form.contact)
    except StorageFailed as error:
        return _send_again(found, form, error)
    return _to_case(found.number)


def _store(case_number: str, contact: str | None) -> None:
    with small_write(database()) as session:
        if contact is None:
            withdraw_contact(session, case_number)
        else:
            keep_contact(session, case_number, contact, today(), settings().contact_keys[0])


def _send_again(found: FoundCase, form: ContactForm, error: StorageFailed) -> Response:
    """Show the page again, with what was typed: doing the same twice is doing it once."""
    log.warning("a contact was not stored or withdrawn: %s", error.__cause__ or error)
    if form.contact is not None:
        form.ask_for_consent_again()
    response = _contact_page(found, form, 503)
    response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return response


def _find(typed: str) -> FoundCase | None:
    with database().reading() as session:
        return find_case(session, typed, today())


def _unknown(number: str) -> AnyResponse:
    """Lead to the page that says that there is no such number, and asks for the right one."""
    return redirect(url_for("cases.case", number=number[:LONGEST_SHOWN]), 303)


def _to_case(number: str) -> AnyResponse:
    return redirect(url_for("cases.case", number=number), 303)


def _contact_page(found: FoundCase, form: ContactForm, status: int = 200) -> Response:
    return shell.page(
        "collect/contact.html",
        422 if form.problems and status == 200 else status,
        found=found,
        form=form,
        days=CONTACT_LIVES.days,
        is_unclear=status == 503,
    )
