"""Takes what a look made as a frame of its campaign."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from sqlalchemy import exists, insert, select
from sqlalchemy.orm import Session

from survey_app.errors import SurveyError
from survey_app.models import audit
from survey_app.models.access_point import AccessPoint
from survey_app.models.approval import lock_campaign
from survey_app.models.campaign import Campaign
from survey_app.models.frame import Frame, FrameOffice, contacts_path, faults_path, frame_path
from survey_app.models.invitation import InvitationBatch
from survey_app.models.sample import draw_in_force
from survey_app.prepare.frames.looks.outcome import Found
from survey_app.prepare.frames.uploads import (
    CONTACTS_FILE,
    FAULTS_FILE,
    Upload,
    bring_to_disk,
    named_frame,
)

IMPORTED = "frames.import"  # in the audit log


class NothingToAccept(SurveyError):
    """The list holds no sound dossier, it is a frame already, or what a look made of it is gone."""


class FrameInUse(SurveyError):
    """A sample is drawn from the campaign's frame and invitations are out: it stays the frame."""


@dataclass(frozen=True, slots=True)
class Acceptance:
    """When a frame is accepted, by whom (nobody: by command), and until when its contacts are kept."""

    now: datetime
    staff_id: int | None
    last_day: date | None


def accept(session: Session, data_dir: Path, upload: Upload, found: Found, by: Acceptance) -> Frame:
    """Put the files of a look in their place and write the frame's row: both, or neither is seen.

    The row comes last. Files are named by what they hold or by their look, so those without a row are in
    nobody's way, and the look can be accepted again; the night's work deletes contacts that stay behind.
    """
    made = _made(upload, found)
    _refuse(session, upload, found, made)
    frame = Frame(
        campaign_id=upload.campaign_id,
        ticket=upload.ticket,
        file_name=upload.name,
        mapping=dict(found.mapping),
        found=found.remains.to_json(),
        imported_at=by.now,
        imported_by=by.staff_id,
        contacts_expire_on=by.last_day if found.has_contacts else None,
        frame_hash=found.frame_hash,
        n_units=found.n_units,
        n_rows=found.n_rows,
        n_refused=found.n_refused,
        n_duplicates=found.n_duplicates,
    )
    session.add(frame)
    session.flush()
    columns = ("office_id", "n_received", "n_decided")
    session.execute(
        insert(FrameOffice),
        [{"frame_id": frame.id, **dict(zip(columns, one, strict=True))} for one in found.offices],
    )
    _put_frame(made[0], frame_path(data_dir, frame.frame_hash))
    own = (faults_path(data_dir, upload.ticket), contacts_path(data_dir, upload.ticket))
    for source, target in zip(made[1:], own, strict=False):
        _put(source, target)
    campaign = session.get_one(Campaign, upload.campaign_id)
    # Not what the file is called: the log is for ever, and the name of a file may be somebody's name.
    named = f"dàn chọn mẫu {frame.frame_hash[:12]}, {frame.n_units} hồ sơ"
    places = [office_id for office_id, *_counts in found.offices]
    audit.note_over(session, by.now, by.staff_id, IMPORTED, f"{campaign.code}: {named}", places)
    return frame


def is_in_use(session: Session, campaign_id: int) -> bool:
    """Whether units of the frame in force are drawn and some of them may have been invited."""
    if draw_in_force(session, campaign_id) is None:
        return False
    issued = exists().where(
        InvitationBatch.access_point_id == AccessPoint.id, AccessPoint.campaign_id == campaign_id
    )
    return bool(session.scalar(select(issued)))


def _refuse(session: Session, upload: Upload, found: Found, made: Sequence[Path]) -> None:
    lock_campaign(session, upload.campaign_id)  # two looks at one list are accepted one after the other
    if not found.n_units or not all(path.is_file() for path in made):
        raise NothingToAccept
    if session.scalar(select(exists().where(Frame.ticket == upload.ticket))):
        raise NothingToAccept
    if is_in_use(session, upload.campaign_id):
        raise FrameInUse


def _made(upload: Upload, found: Found) -> list[Path]:
    """List the files that the look left: the frame under its own hash, faults, contacts if there are any."""
    folder = upload.made_by(found.look)
    made = [named_frame(folder, found.frame_hash), folder / FAULTS_FILE]
    return [*made, folder / CONTACTS_FILE] if found.has_contacts else made


def _put_frame(source: Path, target: Path) -> None:
    """Give a frame its place, unless the same frame is there: other campaigns may rest on that file."""
    source.chmod(0o600)
    try:
        os.link(source, target)
    except FileExistsError:
        return
    bring_to_disk(target.parent)


def _put(source: Path, target: Path) -> None:
    """Give a file, which the look has brought to the disk, a name in its place; the look keeps its own."""
    source.chmod(0o600)
    os.utime(source)  # it is young while its row is not there yet
    beside = target.with_name(f"{target.name}.new")
    beside.unlink(missing_ok=True)
    os.link(source, beside)
    os.replace(beside, target)
    beside.unlink(missing_ok=True)  # two names of one file are not put in each other's place
    bring_to_disk(target.parent)
