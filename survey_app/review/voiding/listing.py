"""Where responses could be voided: offices by name, their campaigns, their ways in."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import islice

from sqlalchemy import select
from sqlalchemy.orm import Session

from survey_app.errors import NotFound
from survey_app.models.access_point import AccessPoint
from survey_app.models.campaign import Campaign
from survey_app.models.office import BY_NAME, Counter, Office
from survey_app.models.vietnamese import Search
from survey_app.review.voiding.void import points_of

MOST_OFFICES = 20


@dataclass(frozen=True, slots=True)
class NamedPoint:
    """A way in, by what stands above it."""

    point: AccessPoint
    counter: str | None


@dataclass(frozen=True, slots=True)
class OfficeToVoid:
    """One office in one campaign: its ways in, and the other campaigns that it has any of."""

    office: Office
    campaign: Campaign
    campaigns: Sequence[Campaign]
    points: Sequence[NamedPoint]


@dataclass(frozen=True, slots=True)
class FoundOffice:
    id: int
    name: str


def find_offices(
    session: Session, office_ids: Collection[int], search: str, campaign_code: str
) -> list[FoundOffice]:
    """Find offices with a way in, to one campaign or to any, by a part of their name, marked or not."""
    searched = Search(search)
    with_points = select(AccessPoint.office_id).distinct()
    if campaign_code:
        # Looked up here: PostgreSQL takes no NUL, which an address may hold.
        ids = dict(session.execute(select(Campaign.code, Campaign.id)).all())
        with_points = with_points.where(AccessPoint.campaign_id == ids.get(campaign_code))
    query = select(Office.id, Office.name, Office.code).where(Office.id.in_(with_points)).order_by(*BY_NAME)
    found = (
        FoundOffice(office_id, name)
        for office_id, name, code in session.execute(query)
        if office_id in office_ids and searched.finds(name, code)
    )
    return list(islice(found, MOST_OFFICES))


def find_office(
    session: Session, office_ids: Collection[int], office_id: int, campaign_code: str
) -> OfficeToVoid:
    """Give an office of these with its ways in to a campaign; foreign and non-existing look the same."""
    if office_id not in office_ids:
        raise NotFound
    of_office = select(AccessPoint.campaign_id).where(AccessPoint.office_id == office_id)
    newest_first = (Campaign.opens_on.desc(), Campaign.id.desc())
    campaigns = session.scalars(
        select(Campaign).where(Campaign.id.in_(of_office)).order_by(*newest_first)
    ).all()
    wanted = [one for one in campaigns if campaign_code in {"", one.code}]
    if not wanted:
        raise NotFound
    office, chosen = session.get_one(Office, office_id), wanted[0]
    points = name_points(session, points_of(session, office.id, chosen.id))
    return OfficeToVoid(office, chosen, campaigns, points)


def office_of_point(session: Session, office_ids: Collection[int], point_id: int) -> tuple[int, str]:
    """Give the office, one of these, and the campaign of a way in, for who comes from a list of days."""
    found = session.execute(
        select(AccessPoint.office_id, Campaign.code)
        .join(Campaign, Campaign.id == AccessPoint.campaign_id)
        .where(AccessPoint.id == point_id, AccessPoint.office_id.in_(office_ids))
    ).one_or_none()
    if found is None:
        raise NotFound
    return found.office_id, found.code


def name_points(session: Session, points: Sequence[AccessPoint]) -> list[NamedPoint]:
    ids = {point.counter_id for point in points if point.counter_id is not None}
    labels = dict(session.execute(select(Counter.id, Counter.label).where(Counter.id.in_(ids))).all())
    return [NamedPoint(point, labels.get(point.counter_id or 0)) for point in points]
