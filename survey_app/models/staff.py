"""Staff accounts and their sessions."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from survey_app.models.base import KEPT_IDS, Base, UtcDateTime, one_of

ROLES = ("administrator", "campaign_lead", "office_manager")


class Staff(Base):
    """One person's account: a role over the subtree of one office, or over all (`office_id` empty)."""

    __tablename__ = "staff"
    __table_args__ = (
        one_of("role", ROLES),
        CheckConstraint("role <> 'office_manager' OR office_id IS NOT NULL", name="manager_has_an_office"),
        KEPT_IDS,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(unique=True)
    full_name: Mapped[str]
    role: Mapped[str]
    office_id: Mapped[int | None] = mapped_column(ForeignKey("office.id"))
    password_hash: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    disabled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    is_demo: Mapped[bool] = mapped_column(default=False)


class StaffSession(Base):
    """A session on the server; the browser holds the token, the row only its hash."""

    __tablename__ = "staff_session"

    token_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
