"""Lets contacts of frames go: when somebody says so, or on their day, with what nobody accepted or named."""

import logging
import time
from datetime import date, datetime
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from survey_app.models import audit
from survey_app.models.campaign import Campaign
from survey_app.models.frame import FOLDER, Frame, FrameOffice, contacts_path
from survey_app.prepare.frames.uploads import remove_old

log = logging.getLogger(__name__)

CONTACTS_DELETED = "frames.contacts_deleted"  # in the audit log
ROW_FOLLOWS_WITHIN_SECONDS = 600


def delete_contacts(
    session: Session, data_dir: Path, frame: Frame, now: datetime, staff_id: int | None, why: str
) -> None:
    """Delete the contacts of a frame; its units stay."""
    contacts_path(data_dir, frame.ticket).unlink(missing_ok=True)
    frame.contacts_deleted_at = now
    campaign = session.get_one(Campaign, frame.campaign_id)
    offices = session.scalars(select(FrameOffice.office_id).where(FrameOffice.frame_id == frame.id)).all()
    what = f"{campaign.code}: xóa liên hệ của dàn chọn mẫu {frame.frame_hash[:12]} ({why})"
    audit.note_over(session, now, staff_id, CONTACTS_DELETED, what, offices)


def forget_outlived_contacts(session: Session, data_dir: Path, now: datetime, today: date) -> None:
    """Delete the contacts of frames whose last day has passed."""
    outlived = select(Frame).where(Frame.contacts_expire_on < today, Frame.contacts_deleted_at.is_(None))
    for frame in session.scalars(outlived):
        delete_contacts(session, data_dir, frame, now, None, "hết hạn")


def remove_files_of_nobody(session: Session, data_dir: Path) -> None:
    """Delete uploads that nobody accepted, and contacts without a frame; it only reads the database."""
    remove_old(data_dir)
    has_contacts = Frame.contacts_expire_on.is_not(None) & Frame.contacts_deleted_at.is_(None)
    tickets = session.scalars(select(Frame.ticket).where(has_contacts))
    kept = {contacts_path(data_dir, ticket) for ticket in tickets}
    for path in (data_dir / FOLDER).glob("*.contacts*"):  # also those on their way into their place
        if path not in kept and path.stat().st_mtime < time.time() - ROW_FOLLOWS_WITHIN_SECONDS:
            path.unlink(missing_ok=True)
            log.warning("contacts without a frame are deleted: %s", path.name)
