"""The job "invitation_list": a batch's addresses and codes as CSV, for letters and messages."""

import csv
import io
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

from survey_app.jobs.files import write_whole
from survey_app.models.invitation import InvitationBatch
from survey_app.models.invitation_token import printed, token_path
from survey_app.models.job import Work
from survey_app.prepare.invitations.tokens import batch_tokens

HEADER = ("serial", "address", "code")
ENCODING = "utf-8-sig"  # the mark at the start tells spreadsheets that the file is UTF-8


def run(work: Work) -> str:
    with work.database.reading() as session:
        batch = session.get_one(InvitationBatch, work.arguments["batch_id"])
    content = list_of_invitations(batch_tokens(batch, work.settings.secrets), work.settings.public_url)
    name = f"ma-moi-lo-{batch.id}-{work.job_id}.csv"
    write_whole(work.settings.files_dir / name, content)
    return name


def write_privately(path: Path, content: bytes) -> None:
    """Put a whole file in place, or none, which its owner alone can read."""
    descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")  # 0600 from the start
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        os.replace(draft, path)
    finally:
        Path(draft).unlink(missing_ok=True)


def list_of_invitations(tokens: Iterable[str], public_url: str) -> bytes:
    """Write one line a token. No cell begins as a formula does: numbers, addresses and groups of symbols."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(HEADER)
    for serial, token in enumerate(tokens, start=1):
        writer.writerow((serial, public_url + token_path(token), printed(token)))
    return text.getvalue().encode(ENCODING)
