"""Asks for an export, with its line in the audit log, and lists what somebody asked for before."""

from collections.abc import Collection, Mapping
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from survey_app.jobs.bound import BOUND, bound_to
from survey_app.models import audit
from survey_app.models.campaign import Campaign
from survey_app.models.job import Job, enqueue
from survey_app.publish.exports.choice import JOB, RIGHT, RIGHT_TO_RESPONDENTS, Choice

ASKED = "responses.export"  # in the audit log
LISTED = 10


def ask_for_export(session: Session, choice: Choice, staff_id: int, now: datetime) -> Job:
    """Enqueue the job and note who wants which responses, where whoever watches over them finds it."""
    right = RIGHT_TO_RESPONDENTS if choice.with_respondents else RIGHT
    arguments = choice.arguments() | bound_to(right, choice.office_ids)
    job = enqueue(session, JOB, arguments, now, owner_id=staff_id)
    campaign = session.get_one(Campaign, choice.campaign_id)
    audit.note_over(session, now, staff_id, ASKED, _in_words(job, campaign, choice), choice.office_ids)
    return job


def exports_of(session: Session, staff_id: int, reached: Mapping[str, Collection[int]]) -> list[Job]:
    """List somebody's latest exports, less those whose offices their right does not reach any more."""
    query = select(Job).where(Job.owner_id == staff_id, Job.name == JOB).order_by(Job.id.desc())
    bounds = [(job, job.arguments[BOUND]) for job in session.scalars(query.limit(LISTED))]
    return [job for job, bound in bounds if set(bound["office_ids"]).issubset(reached[bound["right"]])]


def _in_words(job: Job, campaign: Campaign, choice: Choice) -> str:
    classes = ", ".join(choice.provenances)
    return (
        f"Xuất phiếu trả lời ra {choice.file_format.upper()} (việc số {job.id}): {campaign.code}, "
        f"phạm vi {len(choice.office_ids)} đơn vị, loại {classes}, "
        f"{_days_in_words(choice.first, choice.last)}, "
        f"{'có' if choice.with_respondents else 'không có'} câu hỏi về người trả lời"
    )


def _days_in_words(first: date | None, last: date | None) -> str:
    begins = f"từ {first:%d/%m/%Y}" if first else ""
    ends = f"đến {last:%d/%m/%Y}" if last else ""
    return f"{begins} {ends}".strip() or "mọi ngày"
