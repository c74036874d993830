"""Which comments may be read: five at least come to their readers at once, in an order that tells nothing."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate

from sqlalchemy import exists, func, insert, select
from sqlalchemy.orm import Session

from survey_app.db import Database
from survey_app.models.access_point import AccessPoint
from survey_app.models.case import Case
from survey_app.models.known_offices import known_offices
from survey_app.models.office import BY_NAME, Office
from survey_app.models.response import BatchedComment, Comment, ReadableComments
from survey_app.models.vietnamese import Search
from survey_app.review.comments.redact import redacted
from survey_app.review.visits import note_visit
from survey_app.web.paging import Page, PageAsked, read_page

FEWEST = 5
ACT = "comments.read"
IS_WAITING = (
    ~exists().where(BatchedComment.comment_key == Comment.comment_key),
    ~exists().where(Case.comment_key == Comment.comment_key),
)


@dataclass(frozen=True, slots=True)
class ReadComment:
    """A comment as readers see it, and where it belongs."""

    office_id: int
    office: str
    text: str


@dataclass(frozen=True, slots=True)
class OfficeToRead:
    """An office with comments to read, and how many."""

    id: int
    name: str
    n_comments: int


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
            *IS_WAITING,
        )
    ).all()
    if len(waiting) < FEWEST:
        return
    readable = session.get(ReadableComments, office_id)
    if readable is None:
        readable = ReadableComments(office_id=office_id, n_batches=0, n_comments=0)
        session.add(readable)
    readable.n_batches += 1
    readable.n_comments += len(waiting)
    batch = {"office_id": office_id, "batch": readable.n_batches}
    session.execute(insert(BatchedComment), [{"comment_key": key, **batch} for key in waiting])


def gather_waiting(database: Database) -> None:
    """Make the batches that are due in all offices: who reads many at once finds them made."""
    waiting = (
        select(AccessPoint.office_id)
        .join(Comment, Comment.access_point_id == AccessPoint.id)
        .where(*IS_WAITING)
        .group_by(AccessPoint.office_id)
        .having(func.count() >= FEWEST)
    )
    with database.reading() as session:
        office_ids = session.scalars(waiting).all()
    for office_id in office_ids:
        with database.transaction() as session:  # one an office: citizens' answers shall not wait for all
            gather_batch(session, office_id)


def read_comments(session: Session, offices: Sequence[OfficeToRead], asked: PageAsked) -> Page[ReadComment]:
    """Give one page of some offices' comments, without what names a person.

    Office by office, its latest batch first; within a batch by the random key: shuffled, and always alike.
    """
    ends = list(accumulate(office.n_comments for office in offices))

    def read(shown: slice) -> list[ReadComment]:
        first, last = bisect_right(ends, shown.start), bisect_left(ends, shown.stop)
        skipped = ends[first - 1] if first else 0
        names = {office.id: office.name for office in offices[first : last + 1]}
        query = (
            select(BatchedComment.office_id, Comment.text)
            .join(BatchedComment, BatchedComment.comment_key == Comment.comment_key)
            .join(Office, Office.id == BatchedComment.office_id)
            .where(BatchedComment.office_id.in_(names))
            .order_by(*BY_NAME, BatchedComment.batch.desc(), BatchedComment.comment_key)
        )
        rows = session.execute(query.slice(shown.start - skipped, shown.stop - skipped))
        return [ReadComment(office_id, names[office_id], redacted(text)) for office_id, text in rows]

    return read_page(ends[-1] if ends else 0, read, asked)


def offices_to_read(session: Session, office_id: int, search: str) -> list[OfficeToRead]:
    """Find the offices at and below one that have comments to read, by a part of their name."""
    known, searched = known_offices(session), Search(search)
    query = (
        select(Office.id, Office.name, Office.code, ReadableComments.n_comments)
        .join(ReadableComments, ReadableComments.office_id == Office.id)
        .where(known.holds(known.tree.subtree(office_id), Office.id))
        .order_by(*BY_NAME)
    )
    return [
        OfficeToRead(one, name, n)
        for one, name, code, n in session.execute(query)
        if searched.finds(name, code)
    ]


def note_reading(
    session: Session, now: datetime, staff_id: int, office: Office, *, with_below: bool = False
) -> None:
    """Write down that somebody reads an office's comments, once a visit."""
    below = " và các đơn vị bên dưới" if with_below else ""
    note_visit(session, now, staff_id, ACT, f"Đọc góp ý của {office.name}{below}", office.id)
