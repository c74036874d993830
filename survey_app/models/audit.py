"""The audit log: who read raw answers, exported, changed rights or decided, and when."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, Session, mapped_column

from survey_app.models.base import KEPT_IDS, Base, UtcDateTime
from survey_app.models.known_offices import known_offices


class AuditLine(Base):
    """One act. Triggers keep it as it is written; it holds no answer and no contact."""

    __tablename__ = "audit_line"
    __table_args__ = (
        *(Index(f"ix_audit_line_{column}", column) for column in ("office_id", "staff_id", "act")),
        Index("ix_audit_line_at", "at", "id"),  # the order in which they are read
        # Each page that shows what citizens wrote asks whether this visit is written down already.
        Index("ix_audit_line_visit", "office_id", "staff_id", "act", "at"),
        KEPT_IDS,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))  # none: from the command line
    act: Mapped[str]  # a short name, such as "responses.export"
    office_id: Mapped[int | None] = mapped_column(ForeignKey("office.id"))  # none: no single office
    what: Mapped[str]  # on what, and why, for people to read


def note(
    session: Session, now: datetime, staff_id: int | None, act: str, what: str, office_id: int | None = None
) -> None:
    """Write a line in the transaction of the act itself: one does not happen without the other."""
    session.add(AuditLine(at=now, staff_id=staff_id, act=act, what=what, office_id=office_id))


def note_over(
    session: Session, now: datetime, staff_id: int | None, act: str, what: str, office_ids: Collection[int]
) -> None:
    """Write the line of an act that touches several offices where whoever watches over them finds it.

    That is at the lowest office above all of them, once in each tree.
    """
    places: list[int | None] = [*known_offices(session).tree.meeting(office_ids)]
    for office_id in places or [None]:
        note(session, now, staff_id, act, what, office_id)
