"""The address that a supervisor asks whether the service is ready."""

from flask import Blueprint, Response, jsonify
from sqlalchemy import text

from survey_app.web import access
from survey_app.web.context import database

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
@access.public
def healthz() -> Response:
    with database().reading() as session:
        session.execute(text("SELECT 1"))
    return jsonify(status="ready")
