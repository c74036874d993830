"""The job "letters": files for a drawn sample, packed into one archive.

Killed at any moment it begins again, keeps the batches that are issued and the files that are finished, and
goes on with the next one.
"""

import shutil
import zipfile
from pathlib import Path

from survey_app.jobs.files import PARTS, whole_file
from survey_app.models.job import Job, Work, note_outcome
from survey_app.prepare.fieldwork.addressees import ORDER_FILE
from survey_app.prepare.fieldwork.make_letters import Asked, make_letters


def run(work: Work) -> str:
    name = f"thu-moi-{work.job_id}.zip"
    folder = work.settings.files_dir / f"thu-moi-{work.job_id}{PARTS}"
    if not (work.settings.files_dir / name).is_file():
        with work.database.reading() as session:
            owner_id = session.get_one(Job, work.job_id).owner_id
        asked = Asked(
            campaign_id=work.arguments["campaign_id"],
            delivery=work.arguments["delivery"],
            which=work.arguments["which"],
            staff_id=owner_id,
            job_id=work.job_id,
        )
        told = make_letters(work.database, work.settings, asked, folder, work.now, work.report)
        with work.database.transaction() as session:
            note_outcome(session, work.job_id, told)
        _pack(folder, work.settings.files_dir / name)
    shutil.rmtree(folder, ignore_errors=True)
    return name


def _pack(folder: Path, archive_path: Path) -> None:
    """Put the files into one archive as they are: PDFs are compressed already."""
    with whole_file(archive_path) as half, zipfile.ZipFile(half, "w", zipfile.ZIP_STORED) as archive:
        for path in sorted(folder.iterdir()):
            if path.name != ORDER_FILE and path.suffix in {".pdf", ".csv"}:
                archive.write(path, path.name)
