"""The door to an office's comments."""

from flask import Blueprint, render_template, request

from survey_app.review.comments.batches import gather_batch, note_reading, read_comments
from survey_app.review.comments.redact import HIDDEN
from survey_app.web import access
from survey_app.web.context import database, now
from survey_app.web.paging import PageAsked

blueprint = Blueprint("comments", __name__)


@blueprint.get("/staff/offices/<int:office_id>/comments")
@access.staff_only("review")
def of_office(office_id: int) -> str:
    """Show what people write of an office; that somebody read it is written down with it."""
    staff = access.current_staff()
    with database().transaction() as session:
        office = access.office_in_scope(session, staff, office_id)
        gather_batch(session, office.id)
        note_reading(session, now(), staff.id, office)
        page = read_comments(session, office.id, PageAsked(request.args.get("page", 1, type=int)))
    return render_template("review/office_comments.html", office=office, comments=page, hidden=HIDDEN)
