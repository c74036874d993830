"""The files that jobs leave behind: whole or not at all, in one piece or as an archive, for a week."""

import io
import logging
import os
import shutil
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from survey_app.config import VIETNAM_TIME
from survey_app.models.job import Job

log = logging.getLogger(__name__)

FILE_LIVES = timedelta(days=7)  # slips, lists and exports are confidential, and each can be made again
HALF = ".part"
PARTS = ".parts"  # a folder in which a long job keeps what is finished until all is


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Give a place to write to, and put it in the file's place at the end: nobody ever meets half of it."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    half = path.with_suffix(HALF)
    half.touch(mode=0o600)
    try:
        yield half
        with half.open("rb") as written:
            os.fsync(written.fileno())  # else a power cut could leave the name without the content
        os.replace(half, path)
    finally:
        half.unlink(missing_ok=True)  # of a full disk, say: no job's row names it, so nobody would find it


def write_whole(path: Path, content: bytes) -> None:
    """Put a whole file in place, or none: a download never meets half of one."""
    with whole_file(path) as half:
        half.write_bytes(content)


def write_parts(folder: Path, stem: str, parts: Iterable[bytes]) -> str:
    """Write the parts of one print run, a PDF alone or an archive of several; give the file's name."""
    pdfs = iter(parts)
    first, second = next(pdfs), next(pdfs, None)
    if second is None:
        write_whole(folder / f"{stem}.pdf", first)
        return f"{stem}.pdf"
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:  # a PDF is compressed already
        for number, part in enumerate((first, second, *pdfs), start=1):
            archive.writestr(f"{number:02}.pdf", part)
    write_whole(folder / f"{stem}.zip", buffer.getvalue())
    return f"{stem}.zip"


def last_day(finished_at: datetime) -> date:
    """Give the last day on which the file of a job is kept."""
    return finished_at.astimezone(VIETNAM_TIME).date() + FILE_LIVES


def remove_old_files(session: Session, folder: Path, today: date) -> None:
    """Delete the files of jobs whose last day has passed; the rows stay, to say what became of the file."""
    last_moment = datetime.combine(today - FILE_LIVES, time(), VIETNAM_TIME)
    outlived = select(Job.id, Job.file_name).where(Job.file_name.is_not(None), Job.finished_at < last_moment)
    for job_id, name in session.execute(outlived):
        try:
            (folder / str(name)).unlink(missing_ok=True)
        except OSError as error:  # one file that cannot go keeps no other, and holds up no job
            log.error("the file of job %s was not deleted: %s", job_id, type(error).__name__)
    _remove_old_halves(folder, last_moment)


def _remove_old_halves(folder: Path, last_moment: datetime) -> None:
    """Delete what killed jobs had begun: no row names it."""
    for half in folder.glob(f"*{HALF}"):
        try:
            if half.stat().st_mtime < last_moment.timestamp():
                half.unlink(missing_ok=True)
        except OSError as error:
            log.error("half a file was not deleted: %s", type(error).__name__)
    for parts in folder.glob(f"*{PARTS}"):
        if max(one.stat().st_mtime for one in (parts, *parts.iterdir())) < last_moment.timestamp():
            shutil.rmtree(parts, ignore_errors=True)
