"""Staff accounts: who signs in, as what, over which offices, how they prove it, and for how long."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from survey_app.models.base import KEPT_IDS, Base, UtcDateTime, one_of

ROLES = ("administrator", "campaign_lead", "analyst", "office_manager", "operator", "auditor")
NEEDS_SECOND_FACTOR = frozenset({"administrator", "campaign_lead"})


class Staff(Base):
    """One person's account. What it may do are its grants; an account without any may sign in, no more."""

    __tablename__ = "staff"
    __table_args__ = (
        CheckConstraint("totp_secret IS NOT NULL OR totp_step IS NULL", name="step_needs_a_secret"),
        KEPT_IDS,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(unique=True)
    full_name: Mapped[str]
    password_hash: Mapped[str]
    totp_secret: Mapped[bytes | None] = mapped_column(LargeBinary)  # sealed; none: no second factor yet
    totp_step: Mapped[int | None]  # the last time step that was accepted: no code passes twice
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    secured_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # by a link, a lost phone, being enabled
    disabled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    is_demo: Mapped[bool] = mapped_column(default=False)


class StaffGrant(Base):
    """A role over the subtree of one office, or over all (`office_id` empty), between two days."""

    __tablename__ = "staff_grant"
    __table_args__ = (
        one_of("role", ROLES),
        CheckConstraint("role <> 'office_manager' OR office_id IS NOT NULL", name="manager_has_an_office"),
        CheckConstraint("valid_until IS NULL OR valid_until >= valid_from", name="ends_after_it_begins"),
        Index("ix_staff_grant_staff_id", "staff_id"),
        KEPT_IDS,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    role: Mapped[str]
    office_id: Mapped[int | None] = mapped_column(ForeignKey("office.id"))
    valid_from: Mapped[date]
    valid_until: Mapped[date | None]  # the last day on which it holds
    granted_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))  # none: from the command line
    granted_at: Mapped[datetime] = mapped_column(UtcDateTime)


class StaffSession(Base):
    """A session on the server; the browser holds the token, the row only its hash.

    Until the second factor is proven (`is_proven` false) it opens the page that asks for it and no other.
    """

    __tablename__ = "staff_session"
    __table_args__ = (Index("ix_staff_session_staff_id", "staff_id"),)

    token_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    is_proven: Mapped[bool]
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)


class RecoveryCode(Base):
    """Stands in once for a lost second factor; a used one is deleted."""

    __tablename__ = "recovery_code"
    __table_args__ = (Index("ix_recovery_code_staff_id", "staff_id"),)

    code_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))


class ResetLink(Base):
    """Lets its holder choose a new password once: an administrator hands it over, no mail is needed."""

    __tablename__ = "reset_link"
    __table_args__ = (Index("ix_reset_link_staff_id", "staff_id"),)

    token_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    made_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    clears_second_factor: Mapped[bool]
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
