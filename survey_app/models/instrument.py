"""Instruments as they were published. A trigger keeps each version as it is (migration 0002)."""

from datetime import datetime
from functools import lru_cache

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from survey_app.models.base import KEPT_IDS, Base, UtcDateTime
from survey_app.models.definition import Definition

VERSIONS_KEPT = 16


class InstrumentVersion(Base):
    """One published version; `definition_json` is canonical, so its checksum names the content."""

    __tablename__ = "instrument_version"
    __table_args__ = (
        UniqueConstraint("code", "version"),
        CheckConstraint("version >= 1", name="version_counts_from_one"),
        KEPT_IDS,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str]
    version: Mapped[int]
    definition_json: Mapped[str]
    checksum: Mapped[str]
    published_at: Mapped[datetime] = mapped_column(UtcDateTime)

    @property
    def definition(self) -> Definition:
        return _definition(self.definition_json)


@lru_cache(VERSIONS_KEPT)  # building one takes as long as the rest of a page
def _definition(text: str) -> Definition:
    return Definition.from_json(text)
