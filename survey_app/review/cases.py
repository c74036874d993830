"""Comments that ask for an answer: the list, one of them, its contact, and answering it once."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, select, update
from sqlalchemy.orm import Session

from survey_app.errors import NotFound
from survey_app.models.access_point import AccessPoint
from survey_app.models.case import Case, Contact, read_case_number
from survey_app.models.contact_seal import unseal
from survey_app.models.known_offices import known_offices
from survey_app.models.office import Counter, Office
from survey_app.models.response import Comment
from survey_app.models.staff import Staff
from survey_app.review.comments.marks import HIDDEN
from survey_app.review.comments.redact import redacted
from survey_app.review.page import count_rows, find_page
from survey_app.review.scope import Scope
from survey_app.review.visits import note_visit
from survey_app.web.paging import Page, PageAsked

READ = "cases.read"  # in the audit log
WAITS = Case.answered_on.is_(None)


@dataclass(frozen=True, slots=True)
class ListedCase:
    """A comment that asks for an answer, with its answer if it has one."""

    number: str
    day: date
    office_id: int
    office: str
    counter: str | None
    text: str  # redacted
    is_whole: bool  # nothing in it is hidden
    answer: str | None
    answered_on: date | None
    answered_by: str | None
    has_contact: bool


def list_cases(
    session: Session, scope: Scope, today: date, asked: PageAsked, *, answered: bool = False
) -> Page[ListedCase]:
    """List the comments that wait, the longest waiting first; or those answered, the newest answer first."""
    state = Case.answered_on.is_not(None) if answered else WAITS
    # Within a day by number, which is random: the place in the list shall not tell who came first.
    order = Case.answered_on.desc() if answered else Comment.day
    query = _cases(scope, today).where(state).order_by(order, Case.number)
    return find_page(session, query, _listed, asked)


def count_waiting_cases(session: Session, scope: Scope, today: date) -> int:
    """Count the comments that wait for an answer."""
    return count_rows(session, _cases(scope, today).where(WAITS))


def find_case(session: Session, scope: Scope, typed: str, today: date) -> ListedCase:
    """Give one case; foreign and non-existing look the same."""
    number = read_case_number(typed)
    row = session.execute(_cases(scope, today).where(Case.number == number)).one_or_none()
    if row is None:
        raise NotFound
    return _listed(**row._asdict())


def read_whole(session: Session, number: str) -> str:
    """Give what was written with nothing hidden, to who cannot answer without it."""
    of_case = select(Comment.text).join(Case, Case.comment_key == Comment.comment_key)
    return session.scalars(of_case.where(Case.number == number)).one()


def note_reading(session: Session, now: datetime, staff_id: int, cases: Sequence[ListedCase]) -> None:
    """Write down that somebody reads these, once a visit: at the lowest office above all of theirs."""
    office_ids = {case.office_id for case in cases}
    known = known_offices(session)
    for place in known.tree.meeting(office_ids):
        below = "" if known.tree.subtree(place) & office_ids == {place} else " và các đơn vị bên dưới"
        name = known.offices[place].name
        note_visit(session, now, staff_id, READ, f"Đọc góp ý cần trả lời của {name}{below}", place)


def answer_case(session: Session, number: str, answer: str, staff_id: int, today: date) -> bool:
    """Store the answer to a case, once; say False if somebody else was quicker: the first one stands."""
    answered = session.execute(
        update(Case)
        .where(Case.number == number, Case.answered_on.is_(None))
        .values(answer=answer, answered_on=today, answered_by=staff_id)
        .returning(Case.number)
    )
    return answered.first() is not None


def open_contact(session: Session, number: str, today: date, keys: Iterable[bytes]) -> str | None:
    """Read how the writer can be reached; None if nothing is kept, or the key that sealed it is gone."""
    contact = session.get(Contact, number)
    if contact is None or contact.expires_on < today:
        return None
    return unseal(contact.sealed, number, keys)


def _listed(*, text: str, **shown: Any) -> ListedCase:
    seen = redacted(text)
    return ListedCase(**shown, text=seen, is_whole=HIDDEN not in seen)


def _cases(scope: Scope, today: date) -> Select[*tuple[Any, ...]]:
    return (
        select(
            Case.number,
            Comment.day,
            Office.id.label("office_id"),
            Office.name.label("office"),
            Counter.label.label("counter"),
            Comment.text,
            Case.answer,
            Case.answered_on,
            Staff.full_name.label("answered_by"),
            Contact.case_number.is_not(None).label("has_contact"),
        )
        .join(Comment, Comment.comment_key == Case.comment_key)
        .join(AccessPoint, AccessPoint.id == Comment.access_point_id)
        .join(Office, Office.id == AccessPoint.office_id)
        .outerjoin(Counter, Counter.id == AccessPoint.counter_id)
        .outerjoin(Staff, Staff.id == Case.answered_by)
        .outerjoin(Contact, (Contact.case_number == Case.number) & (Contact.expires_on >= today))
        .where(scope.holds_point())
    )
