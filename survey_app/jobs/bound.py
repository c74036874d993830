"""Jobs are bound to a right: job, page and file live only as long as it reaches their offices."""

from collections.abc import Collection
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from survey_app.errors import NotFound, SurveyError
from survey_app.models.job import Job
from survey_app.web.access import SignedIn, account_on, offices_in_scope

BOUND = "bound"  # the argument of a job that holds the right and the offices


class RightGone(SurveyError):
    """Between asking and making, who asked lost the right to some of the offices."""


def bound_to(right: str, office_ids: Collection[int]) -> dict[str, Any]:
    """Give the arguments that bind a job."""
    return {BOUND: {"right": right, "office_ids": sorted(office_ids)}}


def offices_of(job: Job) -> list[int]:
    office_ids: list[int] = job.arguments[BOUND]["office_ids"]
    return office_ids


def is_reached(session: Session, job: Job, staff: SignedIn) -> bool:
    """Whether somebody's grants reach every office of a job; one that is bound to no right is nobody's."""
    bound = job.arguments.get(BOUND)
    return bound is not None and set(bound["office_ids"]) <= offices_in_scope(session, staff, bound["right"])


def job_of(session: Session, job_id: int, staff: SignedIn) -> Job:
    """Give a job to who asked for it, or to an administrator of all offices, while its right holds.

    To others it looks missing.
    """
    found = session.get(Job, job_id)
    if found is None or (found.owner_id != staff.id and None not in staff.roots("people")):
        raise NotFound
    if not is_reached(session, found, staff):
        raise NotFound
    return found


def refuse_lost_right(session: Session, job: Job, today: date) -> None:
    """Let no job begin whose owner may not have its file any more; the service's own jobs have no owner."""
    if job.owner_id is None:
        return
    owner = account_on(session, job.owner_id, today)
    if owner is None or not is_reached(session, job, owner):
        raise RightGone("who asked for it has no right to these offices any more")
