"""The job process: claims one job after the other, asks for releases that are due, forgets what is old."""

import gc
import logging
import os
import time
from collections.abc import Callable
from datetime import date, datetime, timedelta
from importlib import import_module

from flask import Flask
from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from survey_app.cli.command import Commands
from survey_app.cli.database import forget_order
from survey_app.collect.cases.contact import forget_expired_contacts
from survey_app.config import VIETNAM_TIME, Settings
from survey_app.db import Database
from survey_app.errors import SurveyError
from survey_app.jobs.bound import refuse_lost_right
from survey_app.jobs.files import remove_old_files
from survey_app.models.job import CLAIM, Job, Work, claim, give_up, waits
from survey_app.prepare.codes.stock import note_openings
from survey_app.prepare.frames.expire import forget_outlived_contacts, remove_files_of_nobody
from survey_app.prepare.plans.keep import freeze_due
from survey_app.prepare.tables import waiting
from survey_app.publish.releasing.due import enqueue_release, is_anything_due, may_release
from survey_app.rehearsal.place import remove_left
from survey_app.review.comments.batches import gather_waiting
from survey_app.web import context
from survey_app.web.context import Clock

log = logging.getLogger(__name__)

# By name, and imported only when such a job comes: numpy and typst live in this process alone.
MODULES = {
    "release": "survey_app.publish.releasing.release",
    "posters": "survey_app.prepare.codes.print_job",
    "invitation_slips": "survey_app.prepare.invitations.print_job",
    "invitation_list": "survey_app.prepare.invitations.export",
    "export": "survey_app.publish.exports.export_job",
    "handover": "survey_app.publish.handover.hand_over_job",
    "letters": "survey_app.prepare.fieldwork.letters_job",
    "frame": "survey_app.prepare.frames.looks.import_job",
    "draw": "survey_app.prepare.samples.draw_job",
    "sample_list": "survey_app.prepare.samples.list_job",
    "publish_wave": "survey_app.publish.releasing.publish_job",
    "foresee_correction": "survey_app.publish.releasing.foresee_job",
}
PAUSE_SECONDS = 2.0
# A publication makes millions of objects that stay. At CPython's own pace, walking through them in search of
# garbage is a tenth of its work.
THRESHOLDS = (50_000, 20, 100)
# In Vietnam, when hardly anybody sends a form: on a large database it takes minutes.
TIDIES_AT_HOURS = (2, 3, 4)
TIDIES_AGAIN_AFTER = timedelta(minutes=20)


class Worker:
    """Does the jobs of one installation, one at a time."""

    def __init__(self, database: Database, settings: Settings, clock: Clock) -> None:
        self._database = database
        self._settings = settings
        self._clock = clock
        self._kept_house_on: date | None = None
        self._tidied_on: date | None = None
        self._tidies_from: datetime | None = None
        self._settled_on: date | None = None

    def step(self) -> bool:
        """Do one job if there is one; say whether there was."""
        now = self._clock()
        local = now.astimezone(VIETNAM_TIME)
        today = local.date()
        self._keep_house_once_a_day(today)
        if local.hour in TIDIES_AT_HOURS:
            self._tidy_once_a_day(now, today)
        with self._database.reading() as session:
            is_due = may_release(session, now) and self._is_anything_due(session, today)
            is_waiting = is_due or waits(session, now)
        if not is_waiting:
            return False
        with self._database.transaction() as session:
            give_up(session, now)
            if is_due:
                enqueue_release(session, now)
            job = claim(session, now)
        if job is None:
            return False
        self._do(job)
        return True

    def _keep_house_once_a_day(self, today: date) -> None:
        """Delete what has outlived its day, note which codes were used, let comments be read that are enough.

        At the start and on every new day, without anybody's cron.
        """
        if today == self._kept_house_on:
            return
        with self._database.transaction() as session:
            forget_expired_contacts(session, today)
            forget_outlived_contacts(session, self._settings.data_dir, self._clock(), today)
        with self._database.transaction() as session:
            freeze_due(session, today, self._clock())
        with self._database.transaction() as session:
            note_openings(session)
        gather_waiting(self._database)
        with self._database.reading() as session:
            remove_old_files(session, self._settings.files_dir, today)
        with self._database.transaction() as session:
            remove_files_of_nobody(session, self._settings.data_dir)
        waiting.remove_old(self._settings.data_dir)
        remove_left(self._settings.data_dir)
        self._kept_house_on = today

    def _is_anything_due(self, session: Session, today: date) -> bool:
        """Look into long settled campaigns too, until nothing is left in them: then not before tomorrow."""
        is_due = is_anything_due(session, today, in_settled_too=today != self._settled_on)
        if not is_due:
            self._settled_on = today
        return is_due

    def _tidy_once_a_day(self, now: datetime, today: date) -> None:
        """Take the order of arrival out of the files; after a fault, try again later in the same night."""
        if today == self._tidied_on or (self._tidies_from is not None and now < self._tidies_from):
            return
        self._tidies_from = now + TIDIES_AGAIN_AFTER
        try:
            forget_order(self._database, today)
        except Exception as error:
            # Whatever it met, the jobs go on.
            log.error("the order of arrival stays for now: %s", type(error).__name__, exc_info=error)
        else:
            self._tidied_on = today

    def _do(self, job: Job) -> None:
        work = Work(
            job_id=job.id,
            arguments=job.arguments,
            database=self._database,
            settings=self._settings,
            now=self._clock(),
            report=self._reporter(job.id),
        )
        try:
            self._refuse_lost_right(job)
            run: Callable[[Work], str | None] = import_module(MODULES[job.name]).run
            file_name = run(work)
        except Exception as error:
            # Whatever a job meets ends as its row's state: the process goes on with the next one.
            log.error("job %s (%s) failed: %s", job.id, job.name, type(error).__name__, exc_info=error)
            words = f": {error}" if isinstance(error, SurveyError) else ""
            self._finish(job.id, state="failed", error=type(error).__name__ + words)
        else:
            if job.owner_id is None:
                self._forget(job.id)
            else:
                self._finish(job.id, state="done", file_name=file_name)

    def _refuse_lost_right(self, job: Job) -> None:
        with self._database.reading() as session:
            refuse_lost_right(session, job, self._clock().astimezone(VIETNAM_TIME).date())

    def _finish(self, job_id: int, **values: str | None) -> None:
        with self._database.transaction() as session:
            session.execute(update(Job).where(Job.id == job_id).values(finished_at=self._clock(), **values))

    def _forget(self, job_id: int) -> None:
        """Delete a job that nobody waits for: the hour of a release would tell the hour of an answer."""
        with self._database.transaction() as session:
            session.execute(delete(Job).where(Job.id == job_id))

    def _reporter(self, job_id: int) -> Callable[[int, int], None]:
        def report(n_done: int, n_total: int) -> None:
            until = self._clock() + CLAIM
            with self._database.transaction() as session:
                session.execute(
                    update(Job)
                    .where(Job.id == job_id)
                    .values(n_done=n_done, n_total=n_total, claimed_until=until)
                )

        return report


def run_forever(worker: Worker, parent: int) -> None:
    """Work until the process that started this one is gone."""
    while os.getppid() == parent:
        try:
            did_something = worker.step()
        except Exception as error:
            # A database that is away for a moment must not end the process.
            log.error("the job process met %s", type(error).__name__, exc_info=error)
            did_something = False
        if not did_something:
            time.sleep(PAUSE_SECONDS)


def register(app: Flask) -> None:
    @app.cli.group("jobs", cls=Commands)
    def group() -> None:
        """Do the work that pages ask for."""

    @group.command("run")
    def run() -> None:
        """Do jobs until the process that started this one ends."""
        gc.set_threshold(*THRESHOLDS)
        worker = Worker(context.database(), context.settings(), app.extensions["clock"])
        run_forever(worker, os.getppid())
