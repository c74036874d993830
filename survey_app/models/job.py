"""Jobs: work asked for by name, claimed by one child process, with progress and result."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ColumnElement, ForeignKey, Index, or_, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from survey_app.config import Settings
from survey_app.db import Database
from survey_app.models.base import KEPT_IDS, Base, UtcDateTime, one_of

JOB_STATES = ("queued", "running", "done", "failed")
MOST_ATTEMPTS = 3  # a job that took its process with it so often would do so for ever
GAVE_UP = f"the process died {MOST_ATTEMPTS} times doing it"
CLAIM = timedelta(minutes=2)  # renewed by every report of progress


class Job(Base):
    """One piece of work. A running job whose claim has run out may be claimed again."""

    __tablename__ = "job"
    __table_args__ = (
        one_of("state", JOB_STATES),
        CheckConstraint("state <> 'running' OR claimed_until IS NOT NULL", name="running_is_claimed"),
        Index("ix_job_state", "state"),
        KEPT_IDS,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    arguments: Mapped[dict[str, Any]] = mapped_column(JSON)
    state: Mapped[str] = mapped_column(default="queued")
    n_attempts: Mapped[int] = mapped_column(default=0)
    n_done: Mapped[int] = mapped_column(default=0)
    n_total: Mapped[int | None]
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    file_name: Mapped[str | None]  # in the files folder
    error: Mapped[str | None]
    outcome: Mapped[dict[str, Any] | None] = mapped_column(JSON)  # counts that its page says beside the file
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    claimed_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


@dataclass(frozen=True)
class Work:
    """What a job's function gets: its arguments, the house's foundations, the time, a way to report."""

    job_id: int
    arguments: dict[str, Any]
    database: Database
    settings: Settings
    now: datetime
    report: Callable[[int, int], None]  # n_done, n_total


def enqueue(
    session: Session, name: str, arguments: dict[str, Any], now: datetime, owner_id: int | None = None
) -> Job:
    job = Job(name=name, arguments=arguments, created_at=now, owner_id=owner_id)
    session.add(job)
    session.flush()  # gives the id that the caller shows
    return job


def is_left(now: datetime) -> ColumnElement[bool]:
    """Say in SQL that the process that did a job is gone."""
    return (Job.state == "running") & (Job.claimed_until < now)


def waits(session: Session, now: datetime) -> bool:
    """Whether there is any job to claim or to give up; it only reads."""
    waiting = or_(Job.state == "queued", is_left(now))
    return session.scalar(select(Job.id).where(waiting).limit(1)) is not None


def give_up(session: Session, now: datetime) -> None:
    """Let jobs end that have taken their process with them too often: who waits is told so."""
    session.execute(
        update(Job)
        .where(is_left(now), Job.n_attempts >= MOST_ATTEMPTS)
        .values(state="failed", error=GAVE_UP, finished_at=now)
    )


def claim(session: Session, now: datetime) -> Job | None:
    """Take the oldest job that waits, or whose process died; two claimants never get the same one."""
    is_free = or_(Job.state == "queued", is_left(now) & (Job.n_attempts < MOST_ATTEMPTS))
    oldest = select(Job.id).where(is_free).order_by(Job.id).limit(1)
    job_id = session.scalar(oldest.with_for_update(skip_locked=True))
    if job_id is None:
        return None
    session.execute(
        update(Job)
        .where(Job.id == job_id)
        .values(state="running", claimed_until=now + CLAIM, n_attempts=Job.n_attempts + 1)
    )
    return session.get_one(Job, job_id)


def first_outcome(session: Session, job_id: int, outcome: dict[str, Any]) -> dict[str, Any]:
    """Note what a job did and will not do again; begun anew after a kill, it is given what it noted."""
    before = session.get_one(Job, job_id).outcome
    if before is None:
        note_outcome(session, job_id, outcome)
    return before or outcome


def note_outcome(session: Session, job_id: int, outcome: dict[str, Any]) -> None:
    """Keep what a job's page says beside its file; said again, it replaces what was said."""
    session.execute(update(Job).where(Job.id == job_id).values(outcome=outcome))
