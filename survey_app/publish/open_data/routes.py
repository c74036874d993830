"""The addresses of open data: what stands now, each publication for good, and the dictionary."""

import json
from collections.abc import Iterator
from threading import BoundedSemaphore
from weakref import finalize

from flask import Blueprint, Response, request
from flask_babel import gettext as _

from survey_app.publish.open_data import find
from survey_app.publish.open_data.files import DICTIONARY, DICTIONARY_PATH, LICENCE, as_csv, as_json
from survey_app.publish.open_data.rows import Published
from survey_app.web import access
from survey_app.web.context import database, today
from survey_app.web.error_pages import problem

DOWNLOADS_AT_ONCE = 4
RETRY_AFTER_SECONDS = 30
ASK_AGAIN = "no-cache"  # keep it, but ask each time whether it still stands

blueprint = Blueprint("open_data", __name__)
# A whole file fits into no buffer of the kernel: its thread waits for a reader who may be slow.
downloads = BoundedSemaphore(DOWNLOADS_AT_ONCE)


@blueprint.get("/results/<campaign_code>.csv")
@access.public
def current_csv(campaign_code: str) -> Response:
    """Send the figures that stand now."""
    return _current(campaign_code, "csv")


@blueprint.get("/results/<campaign_code>.json")
@access.public
def current_json(campaign_code: str) -> Response:
    """Send the same to programs."""
    return _current(campaign_code, "json")


@blueprint.get("/open-data/<int:publication_id>.<any(csv,json):form>")
@access.public
def publication(publication_id: int, form: str) -> Response:
    """Send a publication whatever came after it; a sealed one always the same."""
    with database().reading() as session:
        found = find.find_published(session, publication_id, today())
    return _sent(found, form)


@blueprint.get(DICTIONARY_PATH)
@access.public
def dictionary() -> Response:
    """Say what each column means, under which licence and by which method."""
    response = Response(
        json.dumps(DICTIONARY, ensure_ascii=False, indent=1), content_type="application/json; charset=utf-8"
    )
    response.headers["Cache-Control"] = ASK_AGAIN
    response.add_etag()
    response.make_conditional(request)
    return response


def _current(campaign_code: str, form: str) -> Response:
    with database().reading() as session:
        found = find.find_current(session, campaign_code, today())
    return _sent(found, form)


def _sent(published: Published, form: str) -> Response:
    """Send a file, unless the reader has it: what is released, and a day's names of offices, name it."""
    source = database()
    with source.reading() as session:
        tag = f"{published.version(session)}-{today():%Y%m%d}"
    if request.if_none_match.contains_weak(tag):
        response = Response(status=304)
    else:
        if not downloads.acquire(blocking=False):
            return _downloads_are_taken()

        def stream() -> Iterator[str]:
            with source.reading() as session:
                rows = published.rows(session)
                yield from (
                    as_csv(rows) if form == "csv" else as_json(published, rows, published.groups(session))
                )

        mimetype = "text/csv" if form == "csv" else "application/json"
        response = Response(stream(), content_type=f"{mimetype}; charset=utf-8")
        response.headers["Content-Disposition"] = f'attachment; filename="{published.name}.{form}"'
        # Once, however it ends: sent, broken off, or never begun.
        response.call_on_close(finalize(response, downloads.release))
    response.set_etag(tag, weak=True)
    response.headers["Cache-Control"] = ASK_AGAIN
    response.headers["Link"] = (
        f'<{LICENCE["address"]}>; rel="license", <{DICTIONARY_PATH}>; rel="describedby"'
    )
    return response


def _downloads_are_taken() -> Response:
    text = _("Several people are downloading results at this moment. Please try again in half a minute.")
    response = problem(503, _("Not available for the moment"), text)
    response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return response
