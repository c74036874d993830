"""Which offices' codes rest by a decision of two people."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from survey_app.models.access_point import AccessPoint
from survey_app.models.office_tree import OfficeTree


def paused_offices(session: Session, campaign_id: int, office_ids: Iterable[int]) -> dict[int, date]:
    """Tell in which of these offices a campaign's codes rest, and since when.

    A code that is made there rests too: else one person could undo what two decided. Revoked codes keep
    their pause until two people end it, so that replacing them is no way around. An office without any code
    is as the next office above that has codes at or below it: it rests if all of those do.
    """
    codes = (
        select(AccessPoint.office_id, AccessPoint.paused_on)
        .where(
            AccessPoint.campaign_id == campaign_id,
            AccessPoint.code.is_not(None),
            or_(AccessPoint.revoked_on.is_(None), AccessPoint.paused_on.is_not(None)),
        )
        .distinct()
    )
    own: dict[int, set[date | None]] = defaultdict(set)
    for office_id, paused_on in session.execute(codes):
        own[office_id].add(paused_on)
    if not any(day for days in own.values() for day in days):
        return {}
    tree = OfficeTree(session)
    within: dict[int, set[date | None]] = defaultdict(set)
    for office_id, days in own.items():
        for above in tree.way_down_to(office_id):
            within[above] |= days
    found: dict[int, date] = {}
    for office_id in office_ids:
        nearest = next((one for one in reversed(tree.way_down_to(office_id)) if one in within), None)
        days = own.get(office_id) or within.get(nearest or 0, {None})
        if None not in days:
            found[office_id] = min(day for day in days if day is not None)
    return found
