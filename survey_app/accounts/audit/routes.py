"""The door of the audit log."""

from flask import Blueprint, render_template, request
from sqlalchemy import select
from sqlalchemy.orm import Session

from survey_app.accounts.audit.forms import AuditRequest, act_names
from survey_app.accounts.audit.listing import Asked, list_lines
from survey_app.models.office import Office
from survey_app.models.vietnamese import Search
from survey_app.web import access
from survey_app.web.access import current_staff, offices_in_scope
from survey_app.web.context import database

blueprint = Blueprint("audit", __name__)


@blueprint.get("/staff/audit")
@access.staff_only("audit")
def log() -> str:
    """Show who did what, when, the newest first."""
    wanted = AuditRequest.read(request.args)
    with database().reading() as session:
        asked = Asked(
            act=wanted.act,
            username=wanted.username,
            office_ids=_offices(session, wanted.office),
            with_accounts=not wanted.office,
            first_day=wanted.first_day,
            last_day=wanted.last_day,
            before=wanted.before,
        )
        lines = list_lines(session, asked)
    return render_template(
        "accounts/audit.html",
        lines=lines,
        wanted=wanted,
        acts=act_names(),
        sees_all=access.reaches_all(current_staff()),
    )


def _offices(session: Session, search: str) -> set[int] | None:
    """Give the offices whose lines are shown: this person's own, or those of them that the search finds.

    None stands for all lines, those of no single office too.
    """
    staff, searched = current_staff(), Search(search)
    if access.reaches_all(staff) and not searched:
        return None
    within = offices_in_scope(session, staff)
    if not searched:
        return within
    rows = session.execute(select(Office.id, Office.code, Office.name))
    return {one for one, code, name in rows if one in within and searched.finds(name, code)}
