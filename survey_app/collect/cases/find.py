"""What the writer of a comment may know of it, by its number."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from survey_app.models.access_point import AccessPoint
from survey_app.models.campaign import Campaign
from survey_app.models.case import Case, Contact, read_case_number
from survey_app.models.office import Office
from survey_app.models.response import Comment


@dataclass(frozen=True, slots=True)
class FoundCase:
    """A case without its comment: whoever finds the number on a slip shall not read what was written."""

    number: str
    received_on: date
    office: str
    controller_name: str
    controller_phone: str
    is_demo: bool
    answer: str | None
    answered_on: date | None
    contact_expires_on: date | None  # None: there is no contact


def find_case(session: Session, typed: str, today: date) -> FoundCase | None:
    """Find a case by its number as somebody typed it."""
    number = read_case_number(typed)
    if number is None:
        return None
    row = session.execute(
        select(
            Case.number,
            Comment.day.label("received_on"),
            Office.name.label("office"),
            Campaign.controller_name,
            Campaign.controller_phone,
            Campaign.is_demo,
            Case.answer,
            Case.answered_on,
            Contact.expires_on.label("contact_expires_on"),
        )
        .join(Comment, Comment.comment_key == Case.comment_key)
        .join(AccessPoint, AccessPoint.id == Comment.access_point_id)
        .join(Campaign, Campaign.id == AccessPoint.campaign_id)
        .join(Office, Office.id == AccessPoint.office_id)
        .outerjoin(Contact, (Contact.case_number == Case.number) & (Contact.expires_on >= today))
        .where(Case.number == number)
    ).one_or_none()
    return None if row is None else FoundCase(**row._asdict())
