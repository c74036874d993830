"""Jobs that are bound to a right: their page and their file live only as long as it reaches their offices."""

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from survey_app.models.job import Job
from survey_app.models.staff import Staff
from survey_app.web.access import SignedIn, grants_on, offices_in_scope

BOUND = "bound"  # the argument of a job that holds the right and the offices


def bound_to(right: str, office_ids: Collection[int]) -> dict[str, Any]:
    """Give the arguments that bind a job."""
    return {BOUND: {"right": right, "office_ids": sorted(office_ids)}}


def is_bound(job: Job) -> bool:
    return BOUND in job.arguments


def is_reached(session: Session, arguments: Mapping[str, Any], staff: SignedIn) -> bool:
    """Whether somebody's grants of today reach every office of a job; of an unbound one, always."""
    bound = arguments.get(BOUND)
    return bound is None or set(bound["office_ids"]) <= offices_in_scope(session, staff, bound["right"])


def owner_of(session: Session, job_id: int, today: date) -> SignedIn | None:
    """Give who asked for a job, with the grants of today, unless the account is gone or disabled."""
    owner = session.get(Staff, session.get_one(Job, job_id).owner_id)
    if owner is None or owner.disabled_at is not None:
        return None
    return SignedIn(owner.id, owner.username, owner.full_name, True, grants_on(session, owner.id, today))
