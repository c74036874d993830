"""Issue the codes of posters and of screens, and revoke them. A code is never used again, revoked or not."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from sqlalchemy import BindParameter, ColumnElement, select
from sqlalchemy.orm import Session

from survey_app.errors import CampaignClosed, NotFound
from survey_app.models import short_code
from survey_app.models.access_point import AccessPoint
from survey_app.models.approval import lock_campaign
from survey_app.models.audit import note_over
from survey_app.models.campaign import Campaign
from survey_app.models.office import BY_NAME, Counter, Office, not_ended_on
from survey_app.models.paused import paused_offices
from survey_app.prepare.moment import Moment

T = TypeVar("T")

# Anybody may scan a poster, wherever a picture of it goes; a screen is read at the counter, while it shows.
PROVENANCE = {"poster": "C", "screen": "B"}
IN_THE_LOG = {"poster": "tờ mã", "screen": "màn hình"}
AT_ONCE = 5_000  # ids in one question: below what either database takes


@dataclass(frozen=True, slots=True)
class Place:
    """Where one code hangs: at a counter, or in an office that names no counters."""

    office_id: int
    counter_id: int | None


def issue_codes(
    session: Session, campaign: Campaign, places: Iterable[Place], today: date, way_in: str = "poster"
) -> list[AccessPoint]:
    """Give each place its one active code for posters (or for a screen), new where it has none.

    Places of offices that have ended are passed over.
    """
    if campaign.closes_on is not None and campaign.closes_on < today:
        raise CampaignClosed(campaign.closes_on, campaign.code)
    # Two people who press the button at once wait for each other here, so that no place gets two codes.
    lock_campaign(session, campaign.id)
    wanted = set(places)
    offices = {place.office_id for place in wanted}
    real = [place for place in places_in(session, offices, today) if place in wanted]
    active = active_codes(session, campaign, offices, way_in)
    missing = [place for place in real if place not in active]
    paused = paused_offices(session, campaign.id, {place.office_id for place in missing})
    for place, code in zip(missing, _unused_codes(session, len(missing)), strict=True):
        active[place] = AccessPoint(
            code=code,
            campaign_id=campaign.id,
            office_id=place.office_id,
            counter_id=place.counter_id,
            way_in=way_in,
            mode="web",
            provenance=PROVENANCE[way_in],
            issued_on=today,
            paused_on=paused.get(place.office_id),
        )
        session.add(active[place])
    session.flush()
    return [active[place] for place in real]


def issue_as_asked(
    session: Session, campaign: Campaign, places: Collection[Place], moment: Moment, way_in: str = "poster"
) -> tuple[list[AccessPoint], int]:
    """Issue codes because somebody asks, with a line in the audit log; say how many of them are new."""
    lock_campaign(session, campaign.id)  # before counting what is there: somebody else may press at once
    had = active_codes(session, campaign, {place.office_id for place in places}, way_in).values()
    points = issue_codes(session, campaign, places, moment.today, way_in)
    new = [point for point in points if point not in had]
    if new:
        codes = short_code.printed(new[0].code or "") if len(new) == 1 else f"{len(new)} mã"
        what = f"Tạo {codes} ({IN_THE_LOG[way_in]}), {campaign.code}"
        touched = {point.office_id for point in new}
        note_over(session, moment.now, moment.staff_id, "codes.issue", what, touched)
    return points, len(new)


def revoke_code(session: Session, access_point: AccessPoint, today: date) -> None:
    """Withdraw a code for good; its row stays, so that whoever scans it learns why it is out of use."""
    # A pause holds many codes and the stock of their offices: whoever takes one would meet it half-way.
    lock_campaign(session, access_point.campaign_id)
    if access_point.revoked_on is None:
        access_point.revoked_on = today
        session.flush()


def places_in(session: Session, office_ids: Collection[int], today: date) -> list[Place]:
    """List the places of those offices that have not ended: each counter, or the office where it has none."""
    found: list[Place] = []
    for some in _portions(office_ids):
        rows = session.execute(
            select(Office.id, Counter.id)
            .outerjoin(Counter, Counter.office_id == Office.id)
            .where(Office.id.in_(some), takes_codes(today))
            .order_by(*BY_NAME, Counter.id)
        )
        found += [Place(office_id, counter_id) for office_id, counter_id in rows]
    return found


def active_codes(
    session: Session, campaign: Campaign, office_ids: Collection[int], way_in: str = "poster"
) -> dict[Place, AccessPoint]:
    """Find the active codes of these offices, for posters or for screens, by their place."""
    found: dict[Place, AccessPoint] = {}
    for some in _portions(office_ids):
        points = session.scalars(
            select(AccessPoint)
            .where(
                AccessPoint.campaign_id == campaign.id,
                AccessPoint.way_in == way_in,
                AccessPoint.revoked_on.is_(None),
                AccessPoint.office_id.in_(some),
            )
            .order_by(AccessPoint.id)
        )
        for point in points:
            found.setdefault(Place(point.office_id, point.counter_id), point)
    return found


def issued_code(
    session: Session,
    access_point_id: int,
    office_ids: Collection[int],
    ways_in: Collection[str] = tuple(PROVENANCE),
) -> AccessPoint:
    """Give one code of these offices; foreign and non-existing look the same."""
    point = session.get(AccessPoint, access_point_id)
    if point is None or point.way_in not in ways_in or point.office_id not in office_ids:
        raise NotFound
    return point


def takes_codes(today: date | BindParameter[date]) -> ColumnElement[bool]:
    """Say in SQL that an office serves people, now or soon (a province only sums its offices up).

    What hangs in an office that begins on a later day opens on that day.
    """
    return not_ended_on(today) & (Office.kind != "province")


def is_issued(campaign_id: int | BindParameter[int]) -> ColumnElement[bool]:
    """Say in SQL that an access point is a code of this campaign that staff make and revoke here."""
    return (AccessPoint.campaign_id == campaign_id) & AccessPoint.way_in.in_(PROVENANCE)


def _unused_codes(session: Session, n: int) -> list[str]:
    """Make new codes, none of which any point ever had."""
    codes: set[str] = set()
    while len(codes) < n:
        fresh = {short_code.new_code() for _ in range(n - len(codes))}
        for some in _portions(fresh):
            fresh -= set(session.scalars(select(AccessPoint.code).where(AccessPoint.code.in_(some))))
        codes |= fresh
    return list(codes)


def _portions(items: Collection[T]) -> Iterable[list[T]]:
    listed = list(items)
    return (listed[start : start + AT_ONCE] for start in range(0, len(listed), AT_ONCE))
