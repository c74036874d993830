"""Sampling frames: one file of dossiers, named by its hash, from which a campaign's sample is drawn.

The file lies in DATA_DIR/frames; a row here says what it holds, what was left out of it and why, who imported
it. The newest frame of a campaign is the one in force.
"""

from datetime import date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from survey_app.models.base import KEPT_IDS, Base, UtcDateTime

FOLDER = "frames"


class Frame(Base):
    """One import that was looked at and accepted."""

    __tablename__ = "frame"
    __table_args__ = (
        CheckConstraint("length(frame_hash) = 64", name="hash_is_whole"),
        CheckConstraint("n_units > 0 AND n_refused >= 0 AND n_duplicates >= 0", name="holds_units"),
        CheckConstraint(
            "contacts_deleted_at IS NULL OR contacts_expire_on IS NOT NULL", name="deletes_what_it_had"
        ),
        Index("ix_frame_campaign_id", "campaign_id"),
        KEPT_IDS,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"))
    ticket: Mapped[str] = mapped_column(unique=True)  # of its look; what is its own lies under this name
    frame_hash: Mapped[str]
    n_units: Mapped[int]
    n_rows: Mapped[int]
    n_refused: Mapped[int]  # lines that break a rule, those of one id that say different things among them
    n_duplicates: Mapped[int]  # lines that repeat another one
    file_name: Mapped[str]
    mapping: Mapped[dict[str, Any]] = mapped_column(JSON)  # our column → heading of the file
    found: Mapped[dict[str, Any]] = mapped_column(JSON)  # what was left out by rule, units by label
    imported_at: Mapped[datetime] = mapped_column(UtcDateTime)
    imported_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))  # none: from the command line
    contacts_expire_on: Mapped[date | None]  # the last day on which they are there; none: there were none
    contacts_deleted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    @property
    def has_contacts(self) -> bool:
        return self.contacts_expire_on is not None and self.contacts_deleted_at is None


class FrameOffice(Base):
    """How many units of a frame an office received, and how many it decided."""

    __tablename__ = "frame_office"
    __table_args__ = (CheckConstraint("n_received + n_decided > 0", name="holds_units"),)

    frame_id: Mapped[int] = mapped_column(ForeignKey("frame.id"), primary_key=True, autoincrement=False)
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"), primary_key=True, autoincrement=False)
    n_received: Mapped[int]
    n_decided: Mapped[int]


class ColumnMapping(Base):
    """Which heading stands for which of our columns, as somebody said it last for a header like this."""

    __tablename__ = "column_mapping"

    signature: Mapped[str] = mapped_column(primary_key=True)
    mapping: Mapped[dict[str, int]] = mapped_column(JSON)  # our column → place in the header
    used_at: Mapped[datetime] = mapped_column(UtcDateTime)


def frame_in_force(session: Session, campaign_id: int) -> Frame | None:
    found = select(Frame).where(Frame.campaign_id == campaign_id)
    return session.scalar(found.order_by(Frame.id.desc()).limit(1))


def frame_path(data_dir: Path, frame_hash: str) -> Path:
    """Say where the file of a frame lies; the same rows are one file, whoever imported them."""
    return data_dir / FOLDER / f"{frame_hash}.parquet"


def contacts_path(data_dir: Path, ticket: str) -> Path:
    """Say where a frame's sealed contacts lie: each import has its own, which go on its own day."""
    return data_dir / FOLDER / f"{ticket}.contacts"


def faults_path(data_dir: Path, ticket: str) -> Path:
    return data_dir / FOLDER / f"{ticket}.faults.csv"
