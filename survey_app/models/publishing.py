"""Publishing a whole campaign, as rooms that do not know each other share it: a request, a job, the files.

`prepare` asks and lets a second person decide; `publish` does it, and leaves in the job what became of it.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from survey_app.models.access_point import AccessPoint, AccessPointDay
from survey_app.models.approval import Approval
from survey_app.models.campaign import Campaign
from survey_app.models.job import Job
from survey_app.models.publication import Publication
from survey_app.models.response import LATE_BY

KIND = "publish"  # of the approval
JOB = "publish_wave"
# In the outcome of the job: the publication and the names of offices of which what came waits, or why not.
PUBLISHED, WAITING, REFUSED = "publication_id", "waiting", "refused"
FORESEE_JOB = "foresee_correction"  # begun when a correction is asked for: what it would change
FORESEEN = "foreseen"  # in the outcome of that job

HAND_OVER_JOB, HANDED_OVER = "handover", "publications.hand_over"  # the latter in the audit log
REPORTS = ("report_pdf", "report_docx")  # of the files that this job makes


@dataclass(frozen=True, slots=True)
class Basis:
    """What two people agree to publish: the responses that there are, and what is corrected by them."""

    n_received: int
    n_voided: int
    corrects: int | None

    @classmethod
    def of(cls, session: Session, campaign_id: int) -> "Basis":
        return cls(
            *received_and_voided(session, campaign_id), corrects=last_publication_id(session, campaign_id)
        )

    @classmethod
    def asked_for(cls, arguments: dict[str, Any]) -> "Basis":
        return cls(arguments["n_received"], arguments["n_voided"], arguments["corrects"])

    @property
    def n_live(self) -> int:
        return self.n_received - self.n_voided


@dataclass(frozen=True, slots=True)
class OfRequest:
    """A request to publish, and one of its jobs once that is set going."""

    approval: Approval
    job: Job | None

    @property
    def goes_on(self) -> bool:
        return self.job is not None and self.job.state in {"queued", "running"}

    @property
    def refused(self) -> str | None:
        """Say in the words of `publish` why nothing was, or would be, published."""
        return (self.job.outcome or {}).get(REFUSED) if self.job is not None else None

    @property
    def has_failed(self) -> bool:
        return self.job is not None and self.job.state == "failed"


class Publishing(OfRequest):
    """The latest request to publish a campaign, and the job that does it once it is approved."""

    __slots__ = ()

    @property
    def waits(self) -> bool:
        return self.approval.decision is None

    @property
    def offices_waiting(self) -> list[str]:
        """Name those that stand as they were published before, since more would tell of single people."""
        return (self.job.outcome or {}).get(WAITING, []) if self.job is not None else []


class Outlook(OfRequest):
    """A request to correct a publication, and the job that finds out what the correction would change."""

    __slots__ = ()

    @property
    def foreseen(self) -> dict[str, Any] | None:
        return (self.job.outcome or {}).get(FORESEEN) if self.job is not None else None


def last_publishing(session: Session, campaign_id: int) -> Publishing | None:
    asked = select(Approval).where(Approval.kind == KIND, Approval.campaign_id == campaign_id)
    # One that was refused or withdrawn says nothing about how a campaign stands.
    asked = asked.where(Approval.decision.is_(None) | (Approval.decision == "approved"))
    approval = session.scalar(asked.order_by(Approval.id.desc()).limit(1))
    if approval is None:
        return None
    return Publishing(approval, _job_of(session, approval, JOB))


def outlook_of(session: Session, approval: Approval) -> Outlook | None:
    """Give what is known of what a request would change; what corrects nothing has no outlook."""
    if approval.kind != KIND or Basis.asked_for(approval.arguments).corrects is None:
        return None
    return Outlook(approval, _job_of(session, approval, FORESEE_JOB))


def _job_of(session: Session, approval: Approval, name: str) -> Job | None:
    of_it = Job.arguments["approval_id"].as_integer() == approval.id
    return session.scalar(select(Job).where(Job.name == name, of_it).order_by(Job.id.desc()).limit(1))


def may_be_published_from(campaign: Campaign) -> date | None:
    """Give the first day on which no late form can come any more; one that never ends has none."""
    if campaign.kind != "annual" or campaign.closes_on is None:
        return None
    return campaign.closes_on + LATE_BY + timedelta(days=1)


def last_publication_id(session: Session, campaign_id: int) -> int | None:
    return session.scalar(select(func.max(Publication.id)).where(Publication.campaign_id == campaign_id))


def is_handed_over(session: Session, publication_id: int) -> bool:
    """Whether the report of a publication was made: without it nothing is handed over."""
    is_done = exists().where(
        Job.name == HAND_OVER_JOB,
        Job.state == "done",
        Job.arguments["publication_id"].as_integer() == publication_id,
        Job.arguments["product"].as_string().in_(REPORTS),
    )
    return bool(session.scalar(select(is_done)))


def note_report(session: Session, publication_id: int, now: datetime) -> None:
    """Leave the row of a job that is done for a report made without one, by command; once is enough."""
    if not is_handed_over(session, publication_id):
        made = {"publication_id": publication_id, "product": REPORTS[0]}
        session.add(Job(name=HAND_OVER_JOB, arguments=made, state="done", created_at=now, finished_at=now))


def received_and_voided(session: Session, campaign_id: int) -> tuple[int, int]:
    points = select(AccessPoint.id).where(AccessPoint.campaign_id == campaign_id)
    sums = (func.sum(AccessPointDay.n_received), func.sum(AccessPointDay.n_voided))
    n_received, n_voided = session.execute(
        select(*sums).where(AccessPointDay.access_point_id.in_(points))
    ).one()
    return int(n_received or 0), int(n_voided or 0)
