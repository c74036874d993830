"""The ways in: a printed code that somebody types, and the form behind a poster, a screen, an invitation."""

import re

from flask import Blueprint, Response, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from survey_app.collect import problems, shell
from survey_app.collect.context import asked, desk, open_desk
from survey_app.collect.entry import Entry, check_opens
from survey_app.collect.form.page import page_values
from survey_app.collect.keys import SubmissionKey
from survey_app.errors import TicketExpired, UnknownCode
from survey_app.models import rotating_code, short_code
from survey_app.models.case import read_case_number
from survey_app.models.invitation_token import InvitationToken, token_hash
from survey_app.web import access
from survey_app.web.context import now, settings, today
from survey_app.web.i18n import chosen_language

blueprint = Blueprint("collect", __name__)
problems.answer_for(blueprint)
blueprint.record_once(lambda state: open_desk(state.app))


@blueprint.get("/")
@access.public
def start() -> AnyResponse:
    """Take a printed code that somebody typed: of a poster, of a screen, of an invitation or of a comment."""
    if typed := request.args.get("code"):
        if number := read_case_number(typed):
            return redirect(url_for("cases.case", number=number))
        return redirect(_form_address(short_code.normalise(_without_address(typed))))
    left = short_code.normalise(request.args.get("not", ""))
    return shell.page("collect/start.html", code=left if short_code.is_well_formed(left) else None)


@blueprint.get(shell.SCRIPT_ADDRESS)
@access.public
def script() -> Response:
    """Send what makes the citizens' pages keep a form until it has arrived."""
    return shell.script()


def _without_address(typed: str) -> str:
    """Take the code out of a whole address that somebody pasted: what follows its /s/ or /i/."""
    pasted = re.search(r"/[si]/([\w/-]+)", typed, re.IGNORECASE)
    return pasted[1].replace("/", "") if pasted else typed


def _form_address(code: str) -> str:
    if len(code) == short_code.LENGTH + rotating_code.TICKET_LENGTH:
        shown = code[short_code.LENGTH :]
        return url_for("collect.rotating_form", code=code[: short_code.LENGTH], ticket=shown)
    if len(code) > short_code.LENGTH:
        return url_for("collect.invited_form", token=code[:40])
    return url_for("collect.form", code=desk().entry(code, now()).code)


@blueprint.get("/s/<code>")
@blueprint.get("/S/<code>", endpoint="form_in_capitals")
@access.public
def form(code: str) -> Response:
    """Show the form of a poster; a screen's code is worth nothing without what changes beside it."""
    entry = desk().entry(code, now())
    if entry.way_in not in {"poster", "screen"}:
        raise UnknownCode(entry.code)
    check_opens(entry, today())
    if entry.way_in == "screen":
        raise TicketExpired
    return _fresh_form(entry)


@blueprint.get("/s/<code>/<ticket>")
@blueprint.get("/S/<code>/<ticket>", endpoint="rotating_form_in_capitals")
@access.public
def rotating_form(code: str, ticket: str) -> Response:
    """Exchange what a screen shows for the form of one visit."""
    entry = desk().entry(code, now())
    if entry.way_in != "screen":
        raise UnknownCode(entry.code)
    check_opens(entry, today())
    if not rotating_code.is_current(entry.code, ticket, now(), settings().secrets):
        raise TicketExpired
    return _fresh_form(entry)


@blueprint.get("/i/<token>")
@blueprint.get("/I/<token>", endpoint="invited_form_in_capitals")
@access.public
def invited_form(token: str) -> Response:
    """Show the form of an invitation that has not been used."""
    invitation = InvitationToken.read(token, settings().secrets)
    hashed = token_hash(token)
    entry = desk().invited(invitation.batch_id, hashed, now())
    check_opens(entry, today())
    return _fresh_form(entry, hashed)


def _fresh_form(entry: Entry, hashed_token: bytes | None = None) -> Response:
    """Put the form together from its compiled page, with a key of its own."""
    version = asked(entry.instrument_version_id)
    key = SubmissionKey.issue(entry.access_point_id, entry.instrument_version_id, today(), hashed_token)
    values = page_values(entry, key.sealed(settings().secrets[0]))
    page = version.page(chosen_language())
    if shell.takes_gzip():
        response = shell.sent(page.gzipped(values), True)
    else:
        response = shell.sent(page.plain(values), False)
    if request.method == "GET":  # who asks for the head alone, shows nobody a form
        desk().writer.count_opening(entry.access_point_id, today())
    return response
