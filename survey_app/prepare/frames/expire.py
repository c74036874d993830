"""Lets contacts of frames go: when somebody says so, or on their day, with what nobody accepted or named."""

import logging
import time
from datetime import date, datetime
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from survey_app.config import FILES
from survey_app.models import audit
from survey_app.models.campaign import Campaign
from survey_app.models.frame import FOLDER, Frame, FrameOffice, contacts_path, faults_path, frame_path
from survey_app.models.job import Job
from survey_app.prepare.frames.uploads import remove_old

log = logging.getLogger(__name__)

CONTACTS_DELETED = "frames.contacts_deleted"  # in the audit log
ROW_FOLLOWS_WITHIN_SECONDS = 600
LETTERS = "letters"  # the job whose archives hold names and addresses


def delete_contacts(
    session: Session, data_dir: Path, frame: Frame, now: datetime, staff_id: int | None, why: str
) -> None:
    """Delete the contacts of a frame, and the letters on which they stand; its units stay."""
    contacts_path(data_dir, frame.ticket).unlink(missing_ok=True)
    _delete_letters(session, data_dir, frame.campaign_id)
    frame.contacts_deleted_at = now
    campaign = session.get_one(Campaign, frame.campaign_id)
    received = select(FrameOffice.office_id).where(FrameOffice.frame_id == frame.id)
    is_left_alone = campaign.is_demo and staff_id is None  # the log keeps no place of it: it goes as a whole
    offices = [] if is_left_alone else session.scalars(received).all()
    what = f"{campaign.code}: xóa liên hệ của dàn chọn mẫu {frame.frame_hash[:12]} ({why})"
    audit.note_over(session, now, staff_id, CONTACTS_DELETED, what, offices)


def _delete_letters(session: Session, data_dir: Path, campaign_id: int) -> None:
    """Delete the archives of a campaign's letters; a later frame's can be made again."""
    made = select(Job).where(Job.name == LETTERS, Job.file_name.is_not(None))
    for job in session.scalars(made):
        if job.arguments["campaign_id"] == campaign_id:
            (data_dir / FILES / str(job.file_name)).unlink(missing_ok=True)


def forget_outlived_contacts(session: Session, data_dir: Path, now: datetime, today: date) -> None:
    """Delete the contacts of frames whose last day has passed."""
    outlived = select(Frame).where(Frame.contacts_expire_on < today, Frame.contacts_deleted_at.is_(None))
    for frame in session.scalars(outlived):
        delete_contacts(session, data_dir, frame, now, None, "hết hạn")


def remove_files_of_nobody(session: Session, data_dir: Path) -> None:
    """Delete uploads that nobody accepted, and files without a frame: a killed import left them."""
    remove_old(data_dir)
    # Whoever accepts a look holds the lock of its campaign from before the files until after the row.
    session.execute(select(Campaign.id).with_for_update(key_share=True))
    has_contacts = Frame.contacts_expire_on.is_not(None) & Frame.contacts_deleted_at.is_(None)
    tickets = session.scalars(select(Frame.ticket).where(has_contacts))
    kept = {contacts_path(data_dir, ticket) for ticket in tickets}
    for path in (data_dir / FOLDER).glob("*.contacts*"):  # also those on their way into their place
        if path not in kept and path.stat().st_mtime < time.time() - ROW_FOLLOWS_WITHIN_SECONDS:
            path.unlink(missing_ok=True)
            log.warning("contacts without a frame are deleted: %s", path.name)
    _remove_lists_of_nobody(session, data_dir)


def _remove_lists_of_nobody(session: Session, data_dir: Path) -> None:
    """Delete frames and lists of faults that no row names; the same frame may be that of several."""
    rows = session.execute(select(Frame.frame_hash, Frame.ticket)).all()
    named = {frame_path(data_dir, one.frame_hash) for one in rows}
    named |= {faults_path(data_dir, one.ticket) for one in rows}
    folder = data_dir / FOLDER
    for path in {*folder.glob("*.parquet"), *folder.glob("*.faults.csv*")} - named:
        path.unlink(missing_ok=True)
