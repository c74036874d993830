"""Which comments may be read: five at least come to their readers at once, in an order that tells nothing."""

from datetime import datetime, timedelta

from sqlalchemy import exists, func, insert, select
from sqlalchemy.orm import Session

from survey_app.models.access_point import AccessPoint
from survey_app.models.audit import AuditLine, note
from survey_app.models.case import Case
from survey_app.models.office import Office
from survey_app.models.response import BatchedComment, Comment
from survey_app.review.comments.redact import redacted
from survey_app.web.paging import Page, PageAsked, read_page

FEWEST = 5
ACT = "comments.read"
VISIT = timedelta(minutes=30)  # turning pages within it is one reading


def gather_batch(session: Session, office_id: int) -> None:
    """Make a batch of all comments of an office that wait, if they are enough.

    Comments that ask for an answer are in the list of cases from the first moment on: counted here, they
    would leave fewer than five unknown ones in a batch.
    """
    session.execute(select(Office.id).where(Office.id == office_id).with_for_update())
    waiting = session.scalars(
        select(Comment.comment_key)
        .join(AccessPoint, AccessPoint.id == Comment.access_point_id)
        .where(
            AccessPoint.office_id == office_id,
            ~exists().where(BatchedComment.comment_key == Comment.comment_key),
            ~exists().where(Case.comment_key == Comment.comment_key),
        )
    ).all()
    if len(waiting) < FEWEST:
        return
    last = session.scalar(select(func.max(BatchedComment.batch)).where(BatchedComment.office_id == office_id))
    batch = {"office_id": office_id, "batch": (last or 0) + 1}
    session.execute(insert(BatchedComment), [{"comment_key": key, **batch} for key in waiting])


def read_comments(session: Session, office_id: int, asked: PageAsked) -> Page[str]:
    """Give one page of an office's comments, the latest batch first, without what names a person.

    Within a batch by the random key: shuffled, and always alike.
    """
    of_office = BatchedComment.office_id == office_id
    n_rows = session.scalar(select(func.count()).select_from(BatchedComment).where(of_office)) or 0
    query = (
        select(Comment.text)
        .join(BatchedComment, BatchedComment.comment_key == Comment.comment_key)
        .where(of_office)
        .order_by(BatchedComment.batch.desc(), Comment.comment_key)
    )

    def read(shown: slice) -> list[str]:
        return [redacted(text) for text in session.scalars(query.slice(shown.start, shown.stop))]

    return read_page(n_rows, read, asked)


def note_reading(session: Session, now: datetime, staff_id: int, office: Office) -> None:
    """Write down that somebody reads an office's comments, once a visit."""
    last = session.scalar(
        select(func.max(AuditLine.at)).where(
            AuditLine.office_id == office.id, AuditLine.staff_id == staff_id, AuditLine.act == ACT
        )
    )
    if last is None or last < now - VISIT:
        note(session, now, staff_id, ACT, f"Đọc góp ý của {office.name}", office.id)
