"""Tells whether a look found just what is in force, as after a command killed at its very end. For jobs."""

from datetime import date
from itertools import zip_longest
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from survey_app.config import Settings
from survey_app.models.frame import Frame, FrameOffice, contacts_path, frame_in_force
from survey_app.prepare.frames.contacts import open_contacts
from survey_app.prepare.frames.looks.outcome import Found, Remains
from survey_app.prepare.frames.uploads import CONTACTS_FILE, Upload


def is_in_force(
    session: Session, settings: Settings, upload: Upload, found: Found, last_day: date | None
) -> bool:
    """Whether nothing would change by accepting it: units, what was left out, contacts and their last day."""
    known = frame_in_force(session, upload.campaign_id)
    if known is None or not _is_alike(session, known, found):
        return False
    if not found.has_contacts:
        return known.contacts_expire_on is None
    if not known.has_contacts or known.contacts_expire_on != last_day:
        return False
    kept = contacts_path(settings.data_dir, known.ticket)
    return _say_the_same(kept, upload.made_by(found.look) / CONTACTS_FILE, settings.frame_keys)


def _is_alike(session: Session, known: Frame, found: Found) -> bool:
    counted = select(FrameOffice.office_id, FrameOffice.n_received, FrameOffice.n_decided)
    offices = session.execute(counted.where(FrameOffice.frame_id == known.id)).all()
    counts = ("frame_hash", "n_units", "n_rows", "n_refused", "n_duplicates", "mapping")
    return (
        all(getattr(known, name) == getattr(found, name) for name in counts)
        and sorted(map(tuple, offices)) == sorted(found.offices)
        and Remains.from_json(known.found) == Remains.from_json(found.remains.to_json())
    )


def _say_the_same(kept: Path, made: Path, keys: tuple[bytes, ...]) -> bool:
    """Compare part by part; where a key is gone the kept ones end early, and are not the same."""
    both = zip_longest(open_contacts(kept, keys), open_contacts(made, keys))
    return kept.is_file() and all(one is not None and one == other for one, other in both)
