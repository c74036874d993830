"""The door to the comments of an office, or of all offices below one."""

from flask import Blueprint, render_template, request

from survey_app.models.known_offices import known_offices
from survey_app.review.comments.batches import (
    gather_batch,
    note_reading,
    offices_to_read,
    read_comments,
)
from survey_app.review.comments.marks import HIDDEN
from survey_app.web import access
from survey_app.web.context import database, now
from survey_app.web.paging import PageAsked, typed_page, typed_search

blueprint = Blueprint("comments", __name__)


@blueprint.get("/staff/offices/<int:office_id>/comments")
@access.staff_only("review")
def of_office(office_id: int) -> str:
    """Show what people write of an office, and below; that somebody read it is written down with it."""
    staff = access.current_staff()
    search = typed_search(request.args)
    with database().transaction() as session:
        office = access.office_in_scope(session, staff, office_id)
        is_parent = known_offices(session).tree.has_below(office.id)
        gather_batch(session, office.id)
        note_reading(session, now(), staff.id, office, with_below=is_parent)
        offices = offices_to_read(session, office.id, search if is_parent else "")
        page = read_comments(session, offices, PageAsked(typed_page(request.args)))
    return render_template(
        "review/office_comments.html",
        office=office,
        comments=page,
        hidden=HIDDEN,
        is_parent=is_parent,
        search=search,
    )
