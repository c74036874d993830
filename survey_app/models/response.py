"""Responses: one packed row each, once, with no time finer than the day and no order of arrival."""

from datetime import date, timedelta

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, SmallInteger, text
from sqlalchemy.orm import Mapped, mapped_column

from survey_app.models.base import Base, EpochDay

# A form opened in time may arrive this much later: a phone without network sends when it can.
LATE_BY = timedelta(days=2)
IS_MARKED = text("review_mark IS NOT NULL AND approval_id IS NULL")
OVER_BUDGET = 1  # more came through this access point on that day than people were served


class Response(Base):
    """One respondent's answers.

    The key begins with access point and day, which the signed page fixes: the rows of an office-day lie
    together (the release job reads a range, with no second index) and a submission key cannot return
    under another day. Column order keeps the PostgreSQL row free of padding.
    """

    __tablename__ = "response"
    __table_args__ = (
        CheckConstraint("length(submission_key) = 16", name="key_has_sixteen_bytes"),
        # Of the marked rows that count: it costs the others nothing. All that the list of busy days asks for
        # stands in it, in the order of that list.
        Index(
            "ix_response_marked",
            "day",
            "access_point_id",
            "review_mark",
            "approval_id",
            sqlite_where=IS_MARKED,
            postgresql_where=IS_MARKED,
        ),
        {"sqlite_with_rowid": False},
    )

    fingerprint: Mapped[int] = mapped_column(BigInteger)  # of the body: tells a repeat from other answers
    access_point_id: Mapped[int] = mapped_column(ForeignKey("access_point.id"), primary_key=True)
    day: Mapped[date] = mapped_column(EpochDay, primary_key=True)
    instrument_version_id: Mapped[int] = mapped_column(ForeignKey("instrument_version.id"))
    cell_id: Mapped[int | None] = mapped_column(ForeignKey("sample_cell.id"))
    submission_key: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    answers: Mapped[bytes] = mapped_column(LargeBinary)
    review_mark: Mapped[int | None] = mapped_column(SmallInteger)  # why somebody should look at it; it counts
    approval_id: Mapped[int | None] = mapped_column(ForeignKey("approval.id"))  # that voided it


class Comment(Base):
    """A comment, kept apart from the answers it came with: nothing joins the two."""

    __tablename__ = "comment"
    __table_args__ = (
        CheckConstraint("length(comment_key) = 16", name="key_has_sixteen_bytes"),
        Index("ix_comment_access_point_id_day", "access_point_id", "day"),
        {"sqlite_with_rowid": False},
    )

    comment_key: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)  # random
    access_point_id: Mapped[int] = mapped_column(ForeignKey("access_point.id"))
    day: Mapped[date] = mapped_column(EpochDay)
    text: Mapped[str]


class BatchedComment(Base):
    """A comment that staff may read: it came to them with four others at least.

    Whoever looks often would else see a comment come alone, and remember who stood at the counter.
    """

    __tablename__ = "batched_comment"
    __table_args__ = (
        Index("ix_batched_comment_office_id_batch", "office_id", "batch"),
        {"sqlite_with_rowid": False},
    )

    comment_key: Mapped[bytes] = mapped_column(
        LargeBinary, ForeignKey("comment.comment_key"), primary_key=True
    )
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    batch: Mapped[int]  # counted from 1 in each office


class ReadableComments(Base):
    """How many comments of an office staff may read, in how many batches: so that no page counts them."""

    __tablename__ = "readable_comments"
    __table_args__ = (CheckConstraint("n_batches > 0 AND n_comments > 0", name="holds_comments"),)

    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"), primary_key=True)
    n_batches: Mapped[int] = mapped_column(default=0)
    n_comments: Mapped[int] = mapped_column(default=0)
