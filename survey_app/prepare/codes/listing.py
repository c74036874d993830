"""The list of codes that staff see: offices found by name, their places, and the codes that hang there."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from survey_app.models.access_point import AccessPoint
from survey_app.models.campaign import Campaign
from survey_app.models.office import Counter, Office
from survey_app.models.vietnamese import is_found, search_key, sort_key
from survey_app.prepare.codes.issue import Place, is_poster_code, takes_codes

OFFICES_A_PAGE = 20


@dataclass(frozen=True, slots=True)
class FoundOffice:
    id: int
    name: str
    parent: str | None
    exists: bool
    n_places: int
    n_codes: int


@dataclass(frozen=True, slots=True)
class ListedPlace:
    """One place, the code that hangs there if any, and those that hung there before."""

    place: Place
    counter: str | None
    active: AccessPoint | None
    revoked: list[AccessPoint]


@dataclass(frozen=True, slots=True)
class ListedOffice:
    office: FoundOffice
    places: list[ListedPlace]


@dataclass(frozen=True, slots=True)
class CodesPage:
    """One page of the list, and what all its pages hold together."""

    offices: list[ListedOffice]
    n_offices: int
    n_places: int
    n_codes: int
    number: int
    n_pages: int


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
        if row.id in office_ids and is_found(key, search_key(row.name) if key else "")
    ]
    return [
        FoundOffice(row.id, row.name, row.parent, row.takes_codes, row.n_places, row.n_codes)
        for _, _, row in sorted(found, key=lambda item: (*item[:2], item[2].id))
    ]


def list_codes(session: Session, campaign: Campaign, found: list[FoundOffice], page: int) -> CodesPage:
    """Show one page of the offices found with their places and codes."""
    n_pages = max(1, -(-len(found) // OFFICES_A_PAGE))
    number = min(max(page, 1), n_pages)
    shown = found[(number - 1) * OFFICES_A_PAGE : number * OFFICES_A_PAGE]
    places = _places_by_office(session, campaign, [office.id for office in shown])
    return CodesPage(
        offices=[ListedOffice(office, places.get(office.id, [])) for office in shown],
        n_offices=len(found),
        n_places=sum(office.n_places for office in found),
        n_codes=sum(office.n_codes for office in found),
        number=number,
        n_pages=n_pages,
    )
