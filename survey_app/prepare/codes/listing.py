"""The list of codes that staff see: offices found by name, their places, and the codes that hang there."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Row, Select, case, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from survey_app.models.access_point import AccessPoint
from survey_app.models.campaign import Campaign
from survey_app.models.office import Counter, Office
from survey_app.models.vietnamese import is_found, name_key, search_key, sort_key
from survey_app.prepare.codes.issue import Place, is_issued, takes_codes
from survey_app.web.paging import Page, PageAsked, read_page


@dataclass(frozen=True, slots=True)
class FoundOffice:
    id: int
    name: str
    parent: str | None
    exists: bool
    n_places: int
    n_codes: int
    """How many of the places have their poster's code."""


@dataclass(frozen=True, slots=True)
class ListedPlace:
    """One place: the codes of its poster and its screen, if any, and what hung or stood there before."""

    place: Place
    counter: str | None
    active: AccessPoint | None
    revoked: list[AccessPoint]
    screen: AccessPoint | None


@dataclass(frozen=True, slots=True)
class ListedOffice:
    office: FoundOffice
    places: list[ListedPlace]


@dataclass(frozen=True, slots=True)
class CodesPage:
    """One page of the list, and what all its pages hold together."""

    offices: Page[ListedOffice]
    n_places: int
    n_codes: int

    @property
    def n_missing(self) -> int:
        return self.n_places - self.n_codes


def campaigns_to_prepare(session: Session, today: date) -> list[Campaign]:
    """List the campaigns that take codes: open, or not open yet; the counter's feedback first."""
    still_on = Campaign.closes_on.is_(None) | (Campaign.closes_on >= today)
    query = select(Campaign).where(still_on).order_by(Campaign.kind.desc(), Campaign.opens_on, Campaign.id)
    return list(session.scalars(query))


def find_offices(
    session: Session, campaign: Campaign, office_ids: Collection[int], search: str, today: date
) -> list[FoundOffice]:
    """Find offices by a part of their name, with or without marks; what matches to the mark comes first.

    Offices that have ended are listed only while one of their codes is still active.
    """
    key, typed = search_key(search), " ".join(search.casefold().split())
    found = [
        (typed not in row.name.casefold(), row.sort_key, row)
        for row in _office_rows(session, campaign, today)
        if row.id in office_ids and (not key or is_found(key, name_key(row.name)))
    ]
    return [
        FoundOffice(row.id, row.name, row.parent, row.takes_codes, row.n_places, row.n_codes)
        for _, _, row in sorted(found, key=lambda item: (*item[:2], item[2].id))
    ]


def list_codes(session: Session, campaign: Campaign, found: list[FoundOffice], page: int) -> CodesPage:
    """Show one page of the offices found with their places and codes."""

    def listed(shown: slice) -> list[ListedOffice]:
        places = _places_by_office(session, campaign, [office.id for office in found[shown]])
        return [ListedOffice(office, places.get(office.id, [])) for office in found[shown]]

    return CodesPage(
        offices=read_page(len(found), listed, PageAsked(page)),
        n_places=sum(office.n_places for office in found),
        n_codes=sum(office.n_codes for office in found),
    )


def _office_rows(session: Session, campaign: Campaign, today: date) -> list[Row[Any]]:
    parent = aliased(Office)
    counters = _count_by_office(Counter.office_id).subquery("counters")
    hangs = AccessPoint.way_in == "poster"
    at_counters = func.count().filter(hangs, AccessPoint.counter_id.is_not(None)).label("at_counters")
    at_whole = func.count().filter(hangs, AccessPoint.counter_id.is_(None)).label("at_whole")
    active = is_issued(campaign) & AccessPoint.revoked_on.is_(None)
    by_office = _count_by_office(AccessPoint.office_id).add_columns(at_counters, at_whole)
    codes = by_office.where(active).subquery("codes")
    exists = takes_codes(today)
    # A code of the whole office may still work where counters came later; it is no code of theirs.
    of_places = case((counters.c.n.is_(None), codes.c.at_whole), else_=codes.c.at_counters)
    query = (
        select(
            Office.id,
            Office.name,
            Office.sort_key,
            parent.name.label("parent"),
            exists.label("takes_codes"),
            case((exists, func.coalesce(counters.c.n, 1)), else_=0).label("n_places"),
            case((exists, func.coalesce(of_places, 0)), else_=0).label("n_codes"),
        )
        .outerjoin(parent, parent.id == Office.parent_id)
        .outerjoin(counters, counters.c.office_id == Office.id)
        .outerjoin(codes, codes.c.office_id == Office.id)
        .where(exists | (codes.c.n > 0))
    )
    return list(session.execute(query))


def _count_by_office(office_id: InstrumentedAttribute[int]) -> Select[int, int]:
    return select(office_id, func.count().label("n")).group_by(office_id)


def _places_by_office(
    session: Session, campaign: Campaign, office_ids: list[int]
) -> dict[int, list[ListedPlace]]:
    points: dict[Place, list[AccessPoint]] = defaultdict(list)
    for point in session.scalars(
        select(AccessPoint)
        .where(is_issued(campaign), AccessPoint.office_id.in_(office_ids))
        .order_by(AccessPoint.id)
    ):
        points[Place(point.office_id, point.counter_id)].append(point)
    counters = session.scalars(select(Counter).where(Counter.office_id.in_(office_ids))).all()
    labels: dict[Place, str | None] = {Place(c.office_id, c.id): c.label for c in counters}
    with_counters = {counter.office_id for counter in counters}
    whole = [Place(office_id, None) for office_id in office_ids]
    labels |= {place: None for place in whole if place in points or place.office_id not in with_counters}
    listed: dict[int, list[ListedPlace]] = defaultdict(list)
    for place, label in sorted(
        labels.items(), key=lambda item: (sort_key(item[1] or ""), item[0].counter_id or 0)
    ):
        listed[place.office_id].append(_listed(place, label, points.get(place, [])))
    return listed


def _listed(place: Place, counter: str | None, points: list[AccessPoint]) -> ListedPlace:
    posters = [point for point in points if point.way_in == "poster"]
    screens = [point for point in points if point.way_in == "screen"]
    return ListedPlace(
        place,
        counter,
        active=_first_active(posters),
        revoked=[point for point in points if point.revoked_on is not None],
        screen=_first_active(screens),
    )


def _first_active(points: list[AccessPoint]) -> AccessPoint | None:
    return next((point for point in points if point.revoked_on is None), None)
