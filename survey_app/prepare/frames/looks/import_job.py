"""The look at a dossier list as a job: killed, it begins anew from the file that was sent."""

import time

from survey_app.config import VIETNAM_TIME
from survey_app.errors import ImportRefused
from survey_app.models.job import Work, note_outcome
from survey_app.prepare.frames.looks.look import look_at, read_known
from survey_app.prepare.frames.looks.outcome import Outcome
from survey_app.prepare.frames.uploads import ONE_LOOK, find

PER_MILLE = 1000
REPORTS_EVERY_SECONDS = 1.0


def run(work: Work) -> None:
    """Look at the file of a ticket, and note what the page shall say of it."""
    upload = find(work.settings.data_dir, work.arguments["campaign_id"], work.arguments["ticket"])
    if upload is None or not upload.source.path.is_file():
        _note(work, Outcome(is_gone=True))
        return
    today = work.now.astimezone(VIETNAM_TIME).date()
    with work.database.reading() as session:
        known = read_known(session, upload.campaign_id, work.arguments["mapping"], today)
    try:
        found = look_at(upload, known, work.settings, _Reporter(work).report, f"{ONE_LOOK}-{work.job_id}")
        outcome = Outcome(found=found)
    except ImportRefused as refused:
        outcome = Outcome(refused=tuple(refused.faults))
    _note(work, outcome)


def _note(work: Work, outcome: Outcome) -> None:
    with work.database.transaction() as session:
        note_outcome(session, work.job_id, outcome.to_json())


class _Reporter:
    """Says how far a look is, once a second: each word is a transaction, and renews the job's claim."""

    def __init__(self, work: Work) -> None:
        self._work, self._next = work, 0.0

    def report(self, share: float) -> None:
        if time.monotonic() >= self._next:
            self._work.report(round(PER_MILLE * share), PER_MILLE)
            self._next = time.monotonic() + REPORTS_EVERY_SECONDS
