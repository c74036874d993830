"""What two people must agree on: one asks with a reason, another one decides."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from survey_app.models.base import KEPT_IDS, Base, UtcDateTime, one_of

APPROVAL_KINDS = ("void_responses", "pause_codes", "resume_codes", "close_early", "reopen")
DECISIONS = ("approved", "refused", "withdrawn")


class Approval(Base):
    """One request: what is asked (`arguments`, by kind), for which offices, why, and what was decided."""

    __tablename__ = "approval"
    __table_args__ = (
        one_of("kind", APPROVAL_KINDS),
        one_of("decision", DECISIONS),
        CheckConstraint(
            "(decision IS NULL) = (decided_at IS NULL) AND (decided_at IS NULL) = (decided_by IS NULL)",
            name="is_decided_whole",
        ),
        CheckConstraint(
            "decision IS NULL OR decision = 'withdrawn' OR decided_by <> asked_by", name="needs_two_people"
        ),
        CheckConstraint("length(reason) > 0", name="has_a_reason"),
        Index("ix_approval_campaign_id", "campaign_id"),
        KEPT_IDS,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"))
    office_id: Mapped[int | None] = mapped_column(ForeignKey("office.id"))  # none: the whole campaign
    arguments: Mapped[dict[str, Any]] = mapped_column(JSON)
    reason: Mapped[str]
    asked_by: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    decision: Mapped[str | None]
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
