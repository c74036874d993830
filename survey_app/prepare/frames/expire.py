"""The night's work on frames: contacts go on their day, with what nobody accepted or named."""

import logging
import time
from datetime import date, datetime
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from survey_app.models.frame import FOLDER, Frame
from survey_app.prepare.frames.accept import delete_contacts
from survey_app.prepare.frames.uploads import remove_old

log = logging.getLogger(__name__)

ROW_FOLLOWS_WITHIN_SECONDS = 600


def forget_outlived_contacts(session: Session, data_dir: Path, now: datetime, today: date) -> None:
    """Delete the contacts of frames whose last day has passed."""
    outlived = select(Frame).where(Frame.contacts_expire_on < today, Frame.contacts_deleted_at.is_(None))
    for frame in session.scalars(outlived):
        delete_contacts(session, data_dir, frame, now, None, "hết hạn")


def remove_files_of_nobody(session: Session, data_dir: Path) -> None:
    """Delete uploads that nobody accepted, and contacts without a frame; it only reads the database."""
    remove_old(data_dir)
    # A frame without contacts may have been given the number of a killed import that had some.
    has_contacts = Frame.contacts_expire_on.is_not(None) & Frame.contacts_deleted_at.is_(None)
    kept = set(session.scalars(select(Frame.id).where(has_contacts)))
    for path in (data_dir / FOLDER).glob("*.contacts"):
        is_old = path.stat().st_mtime < time.time() - ROW_FOLLOWS_WITHIN_SECONDS
        if is_old and not (path.stem.isdecimal() and int(path.stem) in kept):
            path.unlink(missing_ok=True)
            log.warning("contacts without a frame are deleted: %s", path.name)
