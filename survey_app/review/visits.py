"""Reading what citizens wrote leaves a line in the audit log: one a visit, not one a page."""

from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from survey_app.models.audit import AuditLine, note

VISIT = timedelta(minutes=30)  # turning pages within it is one reading


def note_visit(session: Session, now: datetime, staff_id: int, act: str, what: str, office_id: int) -> None:
    """Write down that somebody reads something of an office, unless it stands there since a moment ago."""
    last = session.scalar(
        select(func.max(AuditLine.at)).where(
            AuditLine.office_id == office_id, AuditLine.staff_id == staff_id, AuditLine.act == act
        )
    )
    if last is None or last < now - VISIT:
        note(session, now, staff_id, act, what, office_id)
