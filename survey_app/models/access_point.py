"""Access points: the ways in to a campaign, each with its mode and provenance class."""

from datetime import date

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from survey_app.models.base import KEPT_IDS, Base, EpochDay, one_of

MODES = ("web", "kiosk", "paper", "telephone")
PROVENANCE_CLASSES = ("A", "B", "C", "D")


class AccessPoint(Base):
    """Campaign × office × counter × mode × class. A poster's point has a code; a paper stack has none."""

    __tablename__ = "access_point"
    __table_args__ = (
        one_of("mode", MODES),
        one_of("provenance", PROVENANCE_CLASSES),
        Index("ix_access_point_campaign_id_office_id", "campaign_id", "office_id"),
        KEPT_IDS,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str | None] = mapped_column(unique=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"))
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    counter_id: Mapped[int | None] = mapped_column(ForeignKey("counter.id"))
    mode: Mapped[str]
    provenance: Mapped[str]
    issued_on: Mapped[date]
    revoked_on: Mapped[date | None]


class AccessPointDay(Base):
    """How often a point's page was opened, and how many responses it received, on a day."""

    __tablename__ = "access_point_day"
    __table_args__ = (CheckConstraint("n_opened >= 0 AND n_received >= 0", name="holds_counts"),)

    access_point_id: Mapped[int] = mapped_column(ForeignKey("access_point.id"), primary_key=True)
    day: Mapped[date] = mapped_column(EpochDay, primary_key=True)
    n_opened: Mapped[int] = mapped_column(default=0)
    n_received: Mapped[int] = mapped_column(default=0)
