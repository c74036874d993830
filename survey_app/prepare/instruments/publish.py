"""Publishes an instrument version: from then on it is never changed, only followed."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from survey_app.errors import SurveyError, VersionIsPublished
from survey_app.models.definition import Definition
from survey_app.models.instrument import InstrumentVersion


class VersionOutOfOrder(SurveyError):
    """Versions of an instrument count 1, 2, 3 …; none is left out."""


def publish_version(session: Session, definition: Definition, now: datetime) -> InstrumentVersion:
    """Publish a definition; the same content published again is the version that already stands."""
    published = session.scalar(
        select(InstrumentVersion).where(
            InstrumentVersion.code == definition.code, InstrumentVersion.version == definition.version
        )
    )
    if published is None:
        return _publish_next(session, definition, now)
    if published.checksum != definition.checksum:
        raise VersionIsPublished(
            f"bộ câu hỏi “{definition.code}” phiên bản {definition.version} đã công bố với nội dung khác; "
            "hãy tăng số phiên bản (version) rồi công bố lại"
        )
    return published


def _publish_next(session: Session, definition: Definition, now: datetime) -> InstrumentVersion:
    newest = session.scalar(
        select(func.max(InstrumentVersion.version)).where(InstrumentVersion.code == definition.code)
    )
    due = (newest or 0) + 1
    if definition.version != due:
        raise VersionOutOfOrder(
            f"phiên bản tiếp theo của bộ câu hỏi “{definition.code}” phải là {due}, "
            f"tệp ghi {definition.version}"
        )
    version = InstrumentVersion(
        code=definition.code,
        version=definition.version,
        definition_json=definition.to_json(),
        checksum=definition.checksum,
        published_at=now,
    )
    session.add(version)
    session.flush()  # gives the id by which campaigns name it
    return version
