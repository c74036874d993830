"""A recorded question: kept by the browser for good, since its address changes with its content."""

from io import BytesIO

from flask import Blueprint, Response, send_file

from survey_app.collect.form.clips import Clip, find_clip, folders, read_clip
from survey_app.errors import NotFound
from survey_app.models.definition import Definition, Item
from survey_app.web import access
from survey_app.web.context import settings
from survey_app.web.i18n import chosen_language

blueprint = Blueprint("audio", __name__)

A_YEAR_IN_SECONDS = 31_536_000


@blueprint.get("/audio/<digest>/<instrument>/<language>/<item>.mp3")
@access.public
def clip(digest: str, instrument: str, language: str, item: str) -> Response:
    """Send one recording, or the part that a player asks for."""
    content = read_clip(folders(settings().data_dir), (instrument, language, item), digest)
    if content is None:
        raise NotFound
    response = send_file(
        BytesIO(content), "audio/mpeg", conditional=True, etag=digest, max_age=A_YEAR_IN_SECONDS
    )
    response.cache_control.immutable = True
    return response


@blueprint.app_template_global()
def clip_of(definition: Definition, item: Item) -> Clip | None:
    """Give the recording of a question in the page's language, if there is one that fits."""
    return find_clip(folders(settings().data_dir), definition.code, item, chosen_language())
