"""The door at which a form arrives: stored and thanked for, or shown again with what to mend."""

from flask import Blueprint, Response, jsonify, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as AnyResponse

from survey_app.collect import problems, shell
from survey_app.collect.body import sent_fields
from survey_app.collect.context import asked, desk
from survey_app.collect.entry import Entry, check_accepts, check_opens, is_alive, is_in_time
from survey_app.collect.form.page import Shown, form_values, page_values, problem_message
from survey_app.collect.form.submission import KEY_FIELD, Submission, as_shown_again, read_submission
from survey_app.collect.keys import SubmissionKey, is_receipt, receipt_proof
from survey_app.collect.storing import Arrival
from survey_app.errors import (
    AlreadyAnswered,
    BadSubmission,
    InvitationUsed,
    NotFound,
    QueueFull,
    StorageFailed,
    TicketExpired,
    TokenSpent,
)
from survey_app.models.definition import Definition
from survey_app.web import access
from survey_app.web.context import now, settings, today
from survey_app.web.formatting import hour_text

blueprint = Blueprint("submission", __name__)
problems.answer_for(blueprint)

LARGEST_BODY = 64 * 1024


@blueprint.post("/s/<code>")
@blueprint.post("/S/<code>", endpoint="submit_in_capitals")
@access.public
def submit(code: str) -> AnyResponse:
    """Store one response, and only then say thank you."""
    fields = list(sent_fields(LARGEST_BODY).items(multi=True))
    entry = desk().entry(code, now())
    try:
        return _take(entry, fields)
    except AlreadyAnswered as error:
        error.code = entry.code if entry.way_in == "poster" else None  # other forms are come by anew
        raise


def _take(entry: Entry, fields: list[tuple[str, str]]) -> AnyResponse:
    key = _submission_key(fields, entry)
    if key is not None and not is_in_time(entry, key.day, today()):
        if told := _tell_if_received(entry, key, fields):
            return told
        key = key if is_alive(entry, key.day, today()) else None
    version_id = key.instrument_version_id if key else entry.instrument_version_id
    definition = asked(version_id).definition
    submission = read_submission(fields, definition)
    if key is None:
        check_opens(entry, today())
        return _mend(entry, definition, submission, None)
    check_accepts(entry, key.day, today())
    if not submission.is_complete:
        return _mend(entry, definition, submission, key)
    try:
        desk().writer.store(Arrival.of(entry, key, definition, submission))
    except (QueueFull, StorageFailed) as error:
        return _send_again(entry, definition, submission, error)
    except TokenSpent as error:
        raise InvitationUsed(entry.controller_phone) from error
    return _received(entry, key, submission)


def _tell_if_received(entry: Entry, key: SubmissionKey, fields: list[tuple[str, str]]) -> AnyResponse | None:
    definition = asked(key.instrument_version_id).definition
    submission = read_submission(fields, definition)
    try:
        return _received(entry, key, submission) if _was_received(key, submission) else None
    except StorageFailed as error:
        return _send_again(entry, definition, submission, error)


def _was_received(key: SubmissionKey, submission: Submission) -> bool:
    """Look for a form that now comes too late: one that arrived before must not hear that it did not."""
    fingerprint = desk().writer.fingerprint_under(key.access_point_id, key.day, key.row_key)
    if fingerprint not in {None, key.fingerprint(submission.content())}:
        raise AlreadyAnswered("other answers arrived in time under this submission key")
    return fingerprint is not None


def _received(entry: Entry, key: SubmissionKey, submission: Submission) -> AnyResponse:
    """Lead to the thank-you page; a script has it already and gets what to write on it."""
    case = key.case_number if submission.wants_answer else None
    proof = receipt_proof(key.receipt, case or "", entry.code, settings().secrets[0])
    address = url_for("submission.thanks", code=entry.code, receipt=key.receipt, proof=proof, case=case)
    if problems.wants_json():
        told = jsonify(receipt=key.receipt, case=case, time=hour_text(now()), thanks=address)
        return problems.marked(told)
    return redirect(address, 303)


@blueprint.get("/s/<code>/thanks/<receipt>-<proof>")
@access.public
def thanks(code: str, receipt: str, proof: str) -> Response:
    """Say that the response is stored; the address proves it, so reloading needs no record of who came."""
    entry = desk().entry(code, now())
    case = request.args.get("case", "")
    if not is_receipt(receipt, case, entry.code, proof, settings().secrets):
        raise NotFound
    asked(entry.instrument_version_id)
    return shell.page(
        "collect/thanks.html",
        receipt=receipt,
        values=page_values(entry, ""),
        case=case,
        results=url_for("publish.campaign_results", campaign_code=entry.campaign_code),
    )


def _submission_key(fields: list[tuple[str, str]], entry: Entry) -> SubmissionKey | None:
    """Read the key of a form; None if it is damaged, or belongs to another access point."""
    text = next((value for name, value in fields if name == KEY_FIELD), "")
    try:
        key = SubmissionKey.unsealed(text, settings().secrets)
    except BadSubmission:
        return None
    return key if key.access_point_id == entry.access_point_id else None


def _mend(
    entry: Entry, definition: Definition, submission: Submission, key: SubmissionKey | None
) -> Response:
    """Show the form again, filled in, with what to mend."""
    messages = {
        name: problem_message(definition, submission, name, kind)
        for name, kind in submission.problems.items()
    }
    notice, status = None, 422
    if key is None or submission.is_damaged:
        notice, status = (
            _("The form arrived damaged and was not received. Look through it and send again."),
            400,
        )
    elif submission.is_empty and submission.is_to_show and not messages:
        status = 200  # read in another language before the first answer
    elif submission.is_empty and not messages:
        notice = _("Nothing is answered yet. Choose at least one, then send.")
    elif not messages:  # only the language was changed
        notice, status = _("Look through your answers, then send. The form is never counted twice."), 200
    shown = Shown(as_shown_again(submission, definition), messages, notice)
    return _form_again(entry, definition, shown, key, status)


def _send_again(
    entry: Entry, definition: Definition, submission: Submission, error: QueueFull | StorageFailed
) -> Response:
    """Show the form again, filled in and under the same key: sending it twice never counts twice."""
    if isinstance(error, QueueFull):
        notice = _(
            "Many people are sending now. Not received yet; your answers are still on the page. "
            "Wait %(n)s s, then “Send again”.",
            n=QueueFull.retry_after_seconds,
        )
    else:
        notice = _(
            "The server had a fault; it is unclear if the form arrived. "
            "Press “Send again”: it is never counted twice."
        )
    response = _form_again(entry, definition, Shown(submission, {}, notice), None, 503)
    response.headers["Retry-After"] = str(QueueFull.retry_after_seconds)
    return response


def _form_again(
    entry: Entry, definition: Definition, shown: Shown, key: SubmissionKey | None, status: int
) -> Response:
    if problems.wants_json():
        return problems.told(status, " ".join((shown.notice or "", *shown.messages.values())).strip())
    sealed = shown.submission.key
    if key is None and status != 503:
        sealed = _fresh_key(entry)
    values = page_values(entry, sealed)
    return shell.page(
        "collect/form.html", status, values=values, **form_values(definition, entry.code, shown)
    )


def _fresh_key(entry: Entry) -> str:
    """Give a poster's form a new key. Other ways in have to be come by again."""
    if entry.way_in == "screen":
        raise TicketExpired
    if entry.way_in != "poster":
        raise BadSubmission("the form of an invitation came without its key")
    issued = SubmissionKey.issue(entry.access_point_id, entry.instrument_version_id, today())
    return issued.sealed(settings().secrets[0])
