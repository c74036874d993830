"""Which offices' codes rest by a decision of two people."""

from collections import defaultdict
from collections.abc import Container, Iterable, Mapping
from datetime import date

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from survey_app.models.access_point import AccessPoint
from survey_app.models.known_offices import known_offices
from survey_app.models.office import OfficeSuccession


def paused_offices(session: Session, campaign_id: int, office_ids: Iterable[int]) -> dict[int, date]:
    """Tell in which of these offices a campaign's codes rest, and since when.

    A code that is made there rests too: else one person could undo what two decided. Revoked codes keep
    their pause until two people end it, so that replacing them is no way around. An office without any code
    rests if one from which it took over does; else it is as the next office above that has codes at or below
    it: it rests if all of those do.
    """
    own = _own_days(session, campaign_id)
    if not any(day for days in own.values() for day in days):
        return {}
    tree = known_offices(session).tree
    within: dict[int, set[date | None]] = defaultdict(set)
    for office_id, days in own.items():
        for above in tree.way_down_to(office_id):
            within[above] |= days
    before = _predecessors(session)

    def days_of(office_id: int) -> set[date | None]:
        if office_id in own:
            return own[office_id]
        rest = {
            day for one in _handed_down(office_id, before, own) if None not in own[one] for day in own[one]
        }
        nearest = next((one for one in reversed(tree.way_down_to(office_id)) if one in within), 0)
        return rest or within.get(nearest, {None})

    found = {office_id: days_of(office_id) for office_id in office_ids}
    return {one: min(day for day in days if day) for one, days in found.items() if None not in days}


def offices_with_invitations_at_rest(session: Session, campaign_id: int) -> set[int]:
    """Tell whose letters, messages or slips open no form while they are paused."""
    at_rest = select(AccessPoint.office_id).where(
        AccessPoint.campaign_id == campaign_id,
        AccessPoint.way_in == "invitation",
        AccessPoint.paused_on.is_not(None),
        AccessPoint.revoked_on.is_(None),
    )
    return set(session.scalars(at_rest.distinct()))


def _own_days(session: Session, campaign_id: int) -> dict[int, set[date | None]]:
    """Give for each office with codes since when they rest; none for those that work."""
    codes = (
        select(AccessPoint.office_id, AccessPoint.paused_on)
        .where(
            AccessPoint.campaign_id == campaign_id,
            AccessPoint.code.is_not(None),
            or_(AccessPoint.revoked_on.is_(None), AccessPoint.paused_on.is_not(None)),
        )
        .distinct()
    )
    found: dict[int, set[date | None]] = defaultdict(set)
    for office_id, paused_on in session.execute(codes):
        found[office_id].add(paused_on)
    return found


def _predecessors(session: Session) -> dict[int, set[int]]:
    found: dict[int, set[int]] = defaultdict(set)
    rows = select(OfficeSuccession.successor_id, OfficeSuccession.predecessor_id)
    for successor_id, predecessor_id in session.execute(rows):
        found[successor_id].add(predecessor_id)
    return found


def _handed_down(office_id: int, before: Mapping[int, set[int]], own: Container[int]) -> set[int]:
    """Give the latest offices with codes from which an office took over, directly or by others."""
    met, waiting = {office_id}, [office_id]
    while waiting:
        more = before.get(waiting.pop(), set()) - met
        met |= more
        waiting += [one for one in more if one not in own]
    return {one for one in met if one in own}
