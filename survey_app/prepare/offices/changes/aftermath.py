"""What a change brings with it, to be read before it is carried out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from survey_app.models.access_point import AccessPoint
from survey_app.models.office import Counter, DossierCount, Office
from survey_app.models.staff import StaffGrant
from survey_app.prepare.offices.changes.rules import children_after


@dataclass(frozen=True, slots=True)
class Aftermath:
    """What hangs on the offices that a change touches."""

    n_codes: int
    n_counters: int
    n_grants: int
    n_later_counts: int
    """Dossier counts of months after the end, which then belong to no office that existed."""
    below: Sequence[Office]


def aftermath_of(session: Session, offices: Sequence[Office], last_day: date, today: date) -> Aftermath:
    ids = [office.id for office in offices]
    codes = select(func.count(AccessPoint.id)).where(
        AccessPoint.office_id.in_(ids), AccessPoint.code.is_not(None), AccessPoint.revoked_on.is_(None)
    )
    grants = select(func.count(StaffGrant.id)).where(
        StaffGrant.office_id.in_(ids), or_(StaffGrant.valid_until.is_(None), StaffGrant.valid_until >= today)
    )
    counts = select(func.count()).where(DossierCount.office_id.in_(ids), DossierCount.month > last_day)
    counters = select(func.count(Counter.id)).where(Counter.office_id.in_(ids))
    return Aftermath(
        n_codes=session.scalar(codes) or 0,
        n_counters=session.scalar(counters) or 0,
        n_grants=session.scalar(grants) or 0,
        n_later_counts=session.scalar(counts) or 0,
        below=[one for one in children_after(session, ids, last_day) if one.id not in ids],
    )
