"""The address that a supervisor and a monitor ask how the service is."""

from typing import Protocol

from flask import Blueprint, Response, current_app, jsonify
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from survey_app.web import access
from survey_app.web.context import database

blueprint = Blueprint("health", __name__)


class Writes(Protocol):
    """What takes the responses in; the application puts its own under this name."""

    @property
    def is_storing(self) -> bool: ...


@blueprint.get("/healthz")
@access.public
def healthz() -> Response:
    """Answer 200 whenever the process serves; the word says what else works.

    A supervisor goes by the number: starting anew mends no full disk and no lost database, and throws away
    what waits. A monitor goes by the word: "ready", "not storing" (the last write failed, or one has been
    held up for half a second), "no database". Nothing here waits for a lock.
    """
    return jsonify(status=_status())


def _status() -> str:
    writer: Writes = current_app.extensions["desk"].writer
    try:
        with database().reading() as session:
            session.execute(text("SELECT 1"))
    except SQLAlchemyError:
        return "no database"
    return "ready" if writer.is_storing else "not storing"
