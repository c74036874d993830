"""The accessibility statement in short; docs/accessibility.md is the long one."""

from datetime import date

from flask import Blueprint, Response, request

from survey_app.collect import problems, shell
from survey_app.collect.context import desk
from survey_app.collect.entry import Entry
from survey_app.errors import StorageFailed, UnknownCode
from survey_app.web import access
from survey_app.web.context import now
from survey_app.web.formatting import day_text

blueprint = Blueprint("accessibility", __name__)
problems.answer_for(blueprint)

STATED_ON = date(2026, 11, 22)


@blueprint.get("/accessibility")
@access.public
def statement() -> Response:
    """Say what was tested and what was not; whoever comes from a form reads whom to tell."""
    entry = _entry(request.args.get("code", ""))
    return shell.page(
        "collect/accessibility.html",
        stated_on=day_text(STATED_ON),
        entry=entry,
        code=entry.code if entry else "",
    )


def _entry(typed: str) -> Entry | None:
    try:
        return desk().entry(typed, now())
    except (UnknownCode, StorageFailed):
        return None
