"""Takes what a look made as a frame of its campaign, and lets contacts go."""

import os
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from survey_app.errors import SurveyError
from survey_app.models import audit
from survey_app.models.campaign import Campaign
from survey_app.models.frame import Frame, FrameOffice, contacts_path, faults_path, frame_path
from survey_app.prepare.frames.uploads import CONTACTS_FILE, FAULTS_FILE, FRAME_FILE, Upload, bring_to_disk

IMPORTED, CONTACTS_DELETED = "frames.import", "frames.contacts_deleted"  # in the audit log
KEPT_IN_ROW = ("rules", "unknown_offices", "totals", "n_clusters", "plan_hash")


class NothingToAccept(SurveyError):
    """The list holds no sound dossier, or what a look made of it is gone."""


@dataclass(frozen=True, slots=True)
class Acceptance:
    """When a frame is accepted, by whom (nobody: by command), and until when its contacts are kept."""

    now: datetime
    staff_id: int | None
    last_day: date | None


def accept(
    session: Session,
    data_dir: Path,
    upload: Upload,
    outcome: dict[str, Any],
    by: Acceptance,
) -> Frame:
    """Put the files of a look in their place and write the frame's row: both, or neither is seen.

    The row comes last: files without a row are nobody's, and the night's work deletes those with contacts.
    """
    if not outcome["n_units"] or not (upload.folder / FRAME_FILE).is_file():
        raise NothingToAccept
    frame = Frame(
        campaign_id=upload.campaign_id,
        file_name=upload.name,
        mapping=outcome["mapping"],
        found={name: outcome[name] for name in KEPT_IN_ROW},
        imported_at=by.now,
        imported_by=by.staff_id,
        contacts_expire_on=by.last_day if outcome["has_contacts"] else None,
        **{name: outcome[name] for name in ("frame_hash", "n_units", "n_rows", "n_refused", "n_duplicates")},
    )
    session.add(frame)
    session.flush()
    offices = outcome["offices"]
    columns = ("office_id", "n_received", "n_decided")
    session.execute(
        insert(FrameOffice),
        [{"frame_id": frame.id, **dict(zip(columns, one, strict=True))} for one in offices],
    )
    _move(upload.folder / FRAME_FILE, frame_path(data_dir, frame.frame_hash))
    _move(upload.folder / FAULTS_FILE, faults_path(data_dir, frame.id))
    if outcome["has_contacts"]:
        _move(upload.folder / CONTACTS_FILE, contacts_path(data_dir, frame.id))
    campaign = session.get_one(Campaign, upload.campaign_id)
    named = f"dàn chọn mẫu {frame.frame_hash[:12]}, {frame.n_units} hồ sơ từ “{frame.file_name}”"
    places = [one[0] for one in offices]
    audit.note_over(session, by.now, by.staff_id, IMPORTED, f"{campaign.code}: {named}", places)
    return frame


def delete_contacts(
    session: Session, data_dir: Path, frame: Frame, now: datetime, staff_id: int | None, why: str
) -> None:
    """Delete the contacts of a frame; its units stay."""
    contacts_path(data_dir, frame.id).unlink(missing_ok=True)
    frame.contacts_deleted_at = now
    campaign = session.get_one(Campaign, frame.campaign_id)
    offices = session.scalars(select(FrameOffice.office_id).where(FrameOffice.frame_id == frame.id)).all()
    what = f"{campaign.code}: xóa liên hệ của dàn chọn mẫu {frame.frame_hash[:12]} ({why})"
    audit.note_over(session, now, staff_id, CONTACTS_DELETED, what, offices)


def _move(source: Path, target: Path) -> None:
    """Put a file, which the look has brought to the disk, in its place."""
    source.chmod(0o600)
    os.utime(source)  # it is young while its row is not there yet
    os.replace(source, target)
    bring_to_disk(target.parent)
