"""The doors of a case: its answer, by its number, and the separate page for leaving a contact."""

import logging

from flask import Blueprint, Response, redirect, request, url_for
from sqlalchemy.exc import OperationalError
from werkzeug.wrappers import Response as AnyResponse

from survey_app.collect import problems, shell
from survey_app.collect.body import sent_fields
from survey_app.collect.cases.contact import keep_contact, withdraw_contact
from survey_app.collect.cases.find import FoundCase, find_case
from survey_app.collect.cases.forms import WITHDRAW_FIELD, ContactForm
from survey_app.collect.small_write import RETRY_AFTER_SECONDS, small_write
from survey_app.errors import StorageFailed
from survey_app.models.case import CONTACT_LIVES, PREFIX, read_case_number
from survey_app.models.plain_text import one_line
from survey_app.models.short_code import normalise
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
    try:
        found = _find(typed)
    except StorageFailed:
        return _retried_later(shell.page("collect/case.html", 503, found=None, typed=typed, is_away=True))
    is_unknown = bool(typed) and found is None
    return shell.page(
        "collect/case.html",
        404 if is_unknown else 200,
        found=found,
        typed=typed,
        may_be_receipt=is_unknown and _may_be_receipt(typed),
    )


def _may_be_receipt(typed: str) -> bool:
    """Whether it has the form of a receipt code: that of a comment's number without what stands before it."""
    return read_case_number(typed) is not None and not normalise(typed).startswith(PREFIX)


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
    form = ContactForm() if WITHDRAW_FIELD in fields else ContactForm.read(fields)
    try:
        found = _find(number)
    except StorageFailed:
        return _ask_again(number, form, withdraws=WITHDRAW_FIELD in fields)
    if found is None:
        return _unknown(number)
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
    return _retried_later(_contact_page(found, form, 503))


def _ask_again(number: str, form: ContactForm, *, withdraws: bool) -> Response:
    """Keep what was typed, on a page that needs no database; what it is sent to asks for consent."""
    return _retried_later(
        shell.page(
            "collect/contact_again.html",
            503,
            number=read_case_number(number),
            languages=_languages(number),
            form=form,
            withdraws=withdraws,
            is_unclear=True,
        )
    )


def _retried_later(response: Response) -> Response:
    response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return response


def _find(typed: str) -> FoundCase | None:
    if read_case_number(typed) is None:
        return None
    try:
        with database().reading() as session:
            return find_case(session, typed, today())
    except OperationalError as error:
        log.error("a case could not be read: %s", error.orig)
        raise StorageFailed("a case could not be read") from error


def _unknown(number: str) -> AnyResponse:
    """Lead to the page that says that there is no such number, and asks for the right one."""
    return redirect(url_for("cases.case", number=number[:LONGEST_SHOWN]), 303)


def _to_case(number: str) -> AnyResponse:
    return redirect(url_for("cases.case", number=number), 303)


def _languages(number: str) -> list[tuple[str, str, str]]:
    return shell.in_other_languages(url_for("cases.contact", number=number, lang=None))


def _contact_page(found: FoundCase, form: ContactForm, status: int = 200) -> Response:
    return shell.page(
        "collect/contact.html",
        422 if form.problems and status == 200 else status,
        found=found,
        form=form,
        languages=_languages(found.number),
        days=CONTACT_LIVES.days,
        is_unclear=status == 503,
    )
