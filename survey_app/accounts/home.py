"""What the staff's first page offers."""

from datetime import date

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from survey_app.models.office import Office
from survey_app.web.access import SignedIn


def starting_offices(session: Session, staff: SignedIn, today: date) -> list[Office]:
    """List the offices at the top of this person's scope, and those below if there is one top alone."""
    roots = staff.roots("results")
    top = Office.parent_id.is_(None) if None in roots else Office.id.in_(roots)
    tops = _existing(session, top, today)
    return tops + _existing(session, Office.parent_id == tops[0].id, today) if len(tops) == 1 else tops


def _existing(session: Session, condition: ColumnElement[bool], today: date) -> list[Office]:
    exists_today = (Office.valid_from <= today) & or_(
        Office.valid_until.is_(None), Office.valid_until >= today
    )
    query = select(Office).where(condition, exists_today).order_by(Office.sort_key, Office.id)
    return list(session.scalars(query))
