"""What a change brings with it, to be read before it is carried out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from survey_app.models.access_point import AccessPoint
from survey_app.models.campaign import Campaign
from survey_app.models.office import Counter, DossierCount, Office
from survey_app.models.staff import StaffGrant
from survey_app.prepare.offices.changes.rules import children_after


@dataclass(frozen=True, slots=True)
class Aftermath:
    """What hangs on the offices that a change touches."""

    n_codes: int
    """Of posters and screens: they open no form after the end."""
    codes_by_office: Sequence[tuple[str, int]]
    """The same, office by office where there are several."""
    batches: Sequence[tuple[str, int]]
    """Campaigns that go on, with how many batches of invitations each has out: these outlive the office."""
    n_counters: int
    n_grants: int
    n_later_counts: int
    """Dossier counts of months after the end, which then belong to no office that existed."""
    below: Sequence[Office]


def aftermath_of(session: Session, offices: Sequence[Office], last_day: date, today: date) -> Aftermath:
    ids = [office.id for office in offices]
    in_use = AccessPoint.office_id.in_(ids) & AccessPoint.revoked_on.is_(None)
    hangs = in_use & AccessPoint.way_in.in_(("poster", "screen"))
    codes = dict(
        session.execute(
            select(AccessPoint.office_id, func.count()).where(hangs).group_by(AccessPoint.office_id)
        ).all()
    )
    grants = select(func.count(StaffGrant.id)).where(
        StaffGrant.office_id.in_(ids), or_(StaffGrant.valid_until.is_(None), StaffGrant.valid_until >= today)
    )
    counts = select(func.count()).where(DossierCount.office_id.in_(ids), DossierCount.month > last_day)
    counters = select(func.count(Counter.id)).where(Counter.office_id.in_(ids))
    return Aftermath(
        n_codes=sum(codes.values()),
        codes_by_office=[(one.name, codes.get(one.id, 0)) for one in offices],
        batches=_batches(session, in_use, last_day),
        n_counters=session.scalar(counters) or 0,
        n_grants=session.scalar(grants) or 0,
        n_later_counts=session.scalar(counts) or 0,
        below=[one for one in children_after(session, ids, last_day) if one.id not in ids],
    )


def _batches(session: Session, in_use: ColumnElement[bool], last_day: date) -> list[tuple[str, int]]:
    rows = session.execute(
        select(Campaign.title, func.count(AccessPoint.id))
        .join(AccessPoint, AccessPoint.campaign_id == Campaign.id)
        .where(in_use, AccessPoint.way_in == "invitation")
        .where(or_(Campaign.closes_on.is_(None), Campaign.closes_on > last_day))
        .group_by(Campaign.id, Campaign.title)
        .order_by(Campaign.id)
    )
    return [(title, n) for title, n in rows]
