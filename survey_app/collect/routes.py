"""The respondent's door: the start page, the form, its submission, the thank-you page."""

import gzip

from flask import Blueprint, Response, current_app, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.exceptions import RequestEntityTooLarge, UnsupportedMediaType
from werkzeug.wrappers import Response as AnyResponse

from survey_app.collect.desk import Desk
from survey_app.collect.entry import FORM_LIVES, Entry, check_accepts, check_opens
from survey_app.collect.keys import SubmissionKey, is_receipt, receipt_proof
from survey_app.collect.page import POLICY, STYLE, Shown, page_values, problem_message, render_form
from survey_app.collect.submission import KEY_FIELD, Submission, read_submission
from survey_app.collect.writer import Arrival
from survey_app.errors import BadSubmission, NotFound, QueueFull, StorageFailed, SubmissionTooLarge
from survey_app.models.definition import Definition
from survey_app.web import access
from survey_app.web.context import now, settings, today
from survey_app.web.i18n import chosen_language

blueprint = Blueprint("collect", __name__)

THREADS_KEPT_FREE = 4  # for pages, while the writer waits for its database
LARGEST_BODY = 64 * 1024
FORM_TYPE = "application/x-www-form-urlencoded"


@blueprint.record_once
def _open_desk(state: object) -> None:
    app = state.app  # type: ignore[attr-defined]  # flask's BlueprintSetupState
    threads = app.extensions["settings"].threads
    app.extensions["desk"] = Desk(app.extensions["database"], max(1, threads - THREADS_KEPT_FREE))


def desk() -> Desk:
    found: Desk = current_app.extensions["desk"]
    return found


@blueprint.get("/")
@access.public
def start() -> str | AnyResponse:
    """Take a printed code that somebody typed."""
    if typed := request.args.get("code"):
        return redirect(url_for("collect.form", code=desk().entry(typed, now()).code))
    return render_template("collect/start.html")


@blueprint.get("/s/<code>")
@blueprint.get("/S/<code>", endpoint="form_in_capitals")
@access.public
def form(code: str) -> Response:
    """Show the form of one access point, put together from its compiled page."""
    entry = desk().entry(code, now())
    check_opens(entry, today())
    version = desk().version(entry.instrument_version_id)
    language = chosen_language()
    key = SubmissionKey.issue(entry.access_point_id, entry.instrument_version_id, today())
    values = page_values(entry, key.sealed(settings().secrets[0]))
    page = version.page(language)
    response = _page(page.gzipped(values), True) if _takes_gzip() else _page(page.plain(values), False)
    desk().writer.count_opening(entry.access_point_id, today())
    return response


@blueprint.post("/s/<code>")
@blueprint.post("/S/<code>", endpoint="submit_in_capitals")
@access.public
def submit(code: str) -> AnyResponse:
    """Store one response, and only then say thank you."""
    fields = _form_fields()
    entry = desk().entry(code, now())
    key = _submission_key(fields, entry)
    version_id = key.instrument_version_id if key else entry.instrument_version_id
    definition = desk().version(version_id).definition
    submission = read_submission(fields, definition)
    if key is None:
        check_opens(entry, today())
        return _mend(entry, definition, submission, None)
    check_accepts(entry, key.day, today())
    if submission.is_damaged or submission.problems or submission.is_empty:
        return _mend(entry, definition, submission, key)
    try:
        desk().writer.store(_arrival(key, definition, submission))
    except (QueueFull, StorageFailed) as error:
        return _send_again(entry, definition, submission, error)
    proof = receipt_proof(key.receipt, entry.code, settings().secrets[0])
    return redirect(url_for("collect.thanks", code=entry.code, receipt=key.receipt, proof=proof), 303)


@blueprint.get("/s/<code>/thanks/<receipt>-<proof>")
@access.public
def thanks(code: str, receipt: str, proof: str) -> Response:
    """Say that the response is stored; the address proves it, so reloading needs no record of who came."""
    entry = desk().entry(code, now())
    if not is_receipt(receipt, entry.code, proof, settings().secrets):
        raise NotFound
    page = render_template(
        "collect/thanks.html",
        lang=chosen_language(),
        style=STYLE,
        receipt=receipt,
        results=url_for("publish.campaign_results", campaign_code=entry.campaign_code),
        **page_values(entry, ""),
    )
    return _rendered(page)


def _form_fields() -> list[tuple[str, str]]:
    request.max_content_length = LARGEST_BODY
    if request.mimetype != FORM_TYPE:
        raise UnsupportedMediaType
    try:
        return list(request.form.items(multi=True))
    except RequestEntityTooLarge as error:
        raise SubmissionTooLarge("body is larger than any form") from error
    except OSError as error:  # the server met a body that breaks off or is wrongly chunked
        raise BadSubmission("body is not readable") from error


def _submission_key(fields: list[tuple[str, str]], entry: Entry) -> SubmissionKey | None:
    """Read the key of a form; None if it is damaged, or belongs to another access point."""
    text = next((value for name, value in fields if name == KEY_FIELD), "")
    try:
        key = SubmissionKey.unsealed(text, settings().secrets)
    except BadSubmission:
        return None
    is_alive = today() - key.day <= FORM_LIVES
    return key if key.access_point_id == entry.access_point_id and is_alive else None


def _arrival(key: SubmissionKey, definition: Definition, submission: Submission) -> Arrival:
    return Arrival(
        fingerprint=key.fingerprint(submission.content()),
        access_point_id=key.access_point_id,
        day=key.day,
        instrument_version_id=key.instrument_version_id,
        key=key.row_key,
        answers=definition.pack(submission.answers),
        comment=submission.comment,
    )


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
    elif submission.is_empty and not messages:
        notice = _("Nothing is answered yet. Choose at least one, then send.")
    return _form_again(entry, definition, Shown(submission, messages, notice), key, status)


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
    sealed = shown.submission.key
    if key is None and status != 503:
        issued = SubmissionKey.issue(entry.access_point_id, entry.instrument_version_id, today())
        sealed = issued.sealed(settings().secrets[0])
    page = render_form(definition, chosen_language(), page_values(entry, sealed), shown)
    return _rendered(page, status)


def _rendered(page: str, status: int = 200) -> Response:
    """Send a page that was made for this one request."""
    body = page.encode()
    return _page(gzip.compress(body, 6), True, status) if _takes_gzip() else _page(body, False, status)


def _takes_gzip() -> bool:
    accepted = request.headers.get("Accept-Encoding", "")
    return "gzip" in accepted and "gzip;q=0" not in accepted.replace(" ", "")


def _page(body: bytes, is_packed: bool, status: int = 200) -> Response:
    response = Response(body, status, mimetype="text/html")
    if is_packed:
        response.headers["Content-Encoding"] = "gzip"
    response.headers["Vary"] = "Accept-Encoding"
    response.headers["Content-Security-Policy"] = POLICY
    return response
