"""The draw as a job: killed, it leaves nothing, and begun again it draws the same."""

import time

from survey_app.config import VIETNAM_TIME
from survey_app.models.campaign import Campaign
from survey_app.models.job import Work, note_outcome
from survey_app.prepare.samples.keep import By, store
from survey_app.prepare.samples.make import make_sample
from survey_app.prepare.samples.ready import DrawRefused, ready_of

REPORTS_EVERY_SECONDS = 1.0


def run(work: Work) -> None:
    """Draw the sample of a campaign, and note what the page shall say of it."""
    campaign_id, data_dir = work.arguments["campaign_id"], work.settings.data_dir
    by = By(work.now, work.now.astimezone(VIETNAM_TIME).date(), work.arguments["staff_id"])
    try:
        with work.database.reading() as session:
            ready = ready_of(session, session.get_one(Campaign, campaign_id), data_dir, by.today)
        made = make_sample(ready.design, ready.path, _Reporter(work).report)
        with work.database.transaction() as session:
            draw = store(session, campaign_id, made, data_dir, by)
            note_outcome(session, work.job_id, {"draw_id": draw.id})
    except DrawRefused as refused:
        with work.database.transaction() as session:
            note_outcome(session, work.job_id, {"refused": refused.reason})


class _Reporter:
    """Says how far a draw is, once a second: each word is a transaction, and renews the job's claim."""

    def __init__(self, work: Work) -> None:
        self._work, self._next = work, 0.0

    def report(self, n_done: int, n_total: int) -> None:
        if time.monotonic() >= self._next:
            self._work.report(n_done, n_total)
            self._next = time.monotonic() + REPORTS_EVERY_SECONDS
