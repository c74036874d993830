"""Cases: comments that ask for an answer, the answers, and how to reach who asked, for a time."""

from datetime import date, timedelta

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, text
from sqlalchemy.orm import Mapped, mapped_column

from survey_app.models.base import Base, EpochDay
from survey_app.models.short_code import ALPHABET, normalise

HALF = 5  # a number is two groups of five symbols
PREFIX = "GY"  # góp ý: tells a number from a receipt code; Y stands in no number
LONGEST_ANSWER = 2_000
CONTACT_LIVES = timedelta(days=60)
WAITS = text("answered_on IS NULL")


class Case(Base):
    """A comment whose writer wants an answer; who knows the number may read it, without a name."""

    __tablename__ = "comment_case"
    __table_args__ = (
        CheckConstraint("(answer IS NULL) = (answered_on IS NULL)", name="answer_has_its_day"),
        Index("ix_comment_case_comment_key", "comment_key"),
        Index("ix_comment_case_waiting", "comment_key", sqlite_where=WAITS, postgresql_where=WAITS),
        {"sqlite_with_rowid": False},
    )

    number: Mapped[str] = mapped_column(primary_key=True)  # ten symbols of the short codes' alphabet
    comment_key: Mapped[bytes] = mapped_column(LargeBinary, ForeignKey("comment.comment_key"))
    answer: Mapped[str | None]
    answered_on: Mapped[date | None] = mapped_column(EpochDay)
    answered_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))


class Contact(Base):
    """A telephone number or e-mail address, sealed; it goes on its day, whether anybody used it or not."""

    __tablename__ = "contact"
    __table_args__ = (Index("ix_contact_expires_on", "expires_on"), {"sqlite_with_rowid": False})

    case_number: Mapped[str] = mapped_column(ForeignKey("comment_case.number"), primary_key=True)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    expires_on: Mapped[date] = mapped_column(EpochDay)  # the last day on which it is kept


def read_case_number(typed: str) -> str | None:
    """Bring a number as somebody typed it to its stored form; None if it cannot be one."""
    symbols = normalise(typed[:60]).removeprefix(PREFIX)
    if len(symbols) != 2 * HALF or not set(ALPHABET).issuperset(symbols):
        return None
    return f"{symbols[:HALF]}-{symbols[HALF:]}"
