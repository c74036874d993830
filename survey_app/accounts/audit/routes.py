"""The door of the audit log."""

from flask import Blueprint, render_template, request
from sqlalchemy import select, true
from sqlalchemy.orm import Session

from survey_app.accounts.audit.forms import AuditRequest, act_names
from survey_app.accounts.audit.listing import Asked, list_lines
from survey_app.accounts.audit.named import Known, names_in
from survey_app.models.office import Office
from survey_app.models.staff import Staff, StaffGrant
from survey_app.web import access
from survey_app.web.access import current_staff
from survey_app.web.context import database
from survey_app.web.i18n import chosen_language
from survey_app.web.office_search import find_offices

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
        shown = [row.line for row in lines.rows]
        names = names_in(session, shown, _known(session), chosen_language())
    return render_template(
        "accounts/audit.html",
        lines=lines,
        names=names,
        wanted=wanted,
        acts=act_names(),
        sees_all=access.reaches_all(current_staff()),
    )


def _offices(session: Session, search: str) -> set[int] | None:
    """Give the offices whose lines are shown: this person's own, or those of them that the search finds.

    None stands for all lines, those of no single office too.
    """
    staff = current_staff()
    if access.reaches_all(staff) and not search:
        return None
    return {one.id for one in find_offices(session, search, access.offices_in_scope(session, staff))}


def _known(session: Session) -> Known:
    """Let this person read names of offices within reach, and of who has or had a role there, or over all."""
    staff = current_staff()
    offices = access.in_scope(session, Office.id, staff)
    if access.reaches_all(staff):
        return Known(true(), offices)
    is_there = access.in_scope(session, StaffGrant.office_id, staff) | StaffGrant.office_id.is_(None)
    return Known(Staff.id.in_(select(StaffGrant.staff_id).where(is_there)), offices)
