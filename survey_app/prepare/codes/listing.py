"""The list of codes that staff see: offices found by name, their places, and the codes that hang there."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from functools import cache
from operator import attrgetter
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Date, Integer, Select, bindparam, case, func, select
from sqlalchemy.orm import Session

from survey_app.models.access_point import AccessPoint, CodeStock
from survey_app.models.campaign import Campaign, goes_on
from survey_app.models.known_offices import KnownOffices, known_offices
from survey_app.models.office import Counter, Office
from survey_app.models.vietnamese import Search, sort_key
from survey_app.prepare.codes.issue import Place, is_issued, takes_codes
from survey_app.prepare.codes.stock import UsedCode, binds, codes_of, is_quiet, is_reported
from survey_app.web.paging import ROWS_A_PAGE, Page

# What a list may be narrowed to: codes that need a look, paused ones, places without one, revoked ones.
FILTERS = ("look", "paused", "missing", "revoked")
PLACES_A_PAGE = ROWS_A_PAGE
FEW_OFFICES = 500  # up to here they are named in the question; of more, all are read
MOST_REVOKED = 3  # of a place, beside its code


class FoundOffice(NamedTuple):  # thousands are made for a page: as a frozen dataclass, four times as slowly
    """An office by what its codes add up to."""

    id: int
    n_places: int
    n_codes: int
    """How many of the places have their poster's code."""
    n_paused: int
    n_revoked: int
    n_working: int
    """How many codes work, of posters and of screens."""
    n_quiet: int
    n_reported: int

    def fits(self, narrowed: str) -> bool:
        """Whether any of its places belongs on a list that is narrowed down."""
        match narrowed:
            case "look":
                return self.n_quiet + self.n_reported > 0
            case "paused":
                return self.n_paused > 0
            case "missing":
                return self.n_places > self.n_codes
            case "revoked":
                return self.n_revoked > 0
        return True


@dataclass(frozen=True, slots=True)
class ListedPlace:
    """One place: the codes of its poster and its screen, if any, and what hung or stood there before."""

    place: Place
    counter: str | None
    poster: UsedCode | None
    screen: UsedCode | None
    revoked: list[AccessPoint]

    def fits(self, narrowed: str) -> bool:
        match narrowed:
            case "missing":
                return self.poster is None
            case "revoked":
                return bool(self.revoked)
        return any(code.fits(narrowed) for code in (self.poster, self.screen) if code) or not narrowed


@dataclass(frozen=True, slots=True)
class ListedOffice:
    id: int
    name: str
    parent: str | None
    begins_on: date | None
    """Where it has not begun yet."""
    ends_on: date | None
    n_working: int
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


@dataclass(frozen=True, slots=True)
class Stock:
    """What all offices found hold together, however the list is narrowed."""

    n_working: int
    n_paused: int
    n_revoked: int
    n_quiet: int
    n_reported: int

    @classmethod
    def of(cls, found: Collection[FoundOffice]) -> "Stock":
        return cls(**{name: sum(map(attrgetter(name), found)) for name in cls.__dataclass_fields__})

    @property
    def needs_a_look(self) -> bool:
        return bool(self.n_quiet or self.n_reported)


def campaigns_to_prepare(session: Session, today: date) -> list[Campaign]:
    """List the campaigns that take codes: open, or not open yet; the counter's feedback first."""
    still_on = goes_on(today)
    query = select(Campaign).where(still_on).order_by(Campaign.kind.desc(), Campaign.opens_on, Campaign.id)
    return list(session.scalars(query))


def offices_with_codes(
    session: Session, campaign: Campaign, office_ids: Collection[int], search: str, today: date
) -> list[FoundOffice]:
    """Find offices by their name, with what their codes add up to."""
    known = known_offices(session)
    named = known.find(Search(search)) if search else known.offices
    ids = [one for one in named if one in office_ids]
    given = binds(campaign, today) | {"office_ids": ids}
    # Past the session, which would handle each of thousands of rows once more: none is an object.
    rows = session.connection().execute(_counted_codes(of_few=len(ids) <= FEW_OFFICES), given)
    counted = {row[0]: row for row in rows.all()}
    return [FoundOffice._make(counted[one]) for one in ids if one in counted]


@cache
def _counted_codes(*, of_few: bool) -> Select[*tuple[Any, ...]]:
    """Write the question once: each visit asks it, and writing takes longer than asking."""
    campaign_id, today = bindparam("campaign_id", type_=Integer), bindparam("today", type_=Date)
    has_counters = Office.n_counters > 0
    quiet, reported = (
        select(AccessPoint.office_id, func.count().label("n"))
        .where(is_issued(campaign_id), needs_a_look)
        .group_by(AccessPoint.office_id)
        .subquery()
        for needs_a_look in (is_quiet(), is_reported())
    )
    # A code of the whole office may still work where counters came later; it is no code of theirs.
    n_codes = case((has_counters, CodeStock.n_at_counters), else_=CodeStock.n_at_whole)
    asked: dict[str, ColumnElement[int]] = {
        "id": Office.id.expression,
        "n_places": case((has_counters, Office.n_counters), else_=1),
        "n_codes": func.coalesce(n_codes, 0),
        "n_paused": func.coalesce(CodeStock.n_paused, 0),
        "n_revoked": func.coalesce(CodeStock.n_revoked, 0),
        "n_working": func.coalesce(CodeStock.n_working, 0),
        "n_quiet": func.coalesce(quiet.c.n, 0),
        "n_reported": func.coalesce(reported.c.n, 0),
    }
    counted = (
        select(*(asked[name] for name in FoundOffice._fields))
        .outerjoin(CodeStock, (CodeStock.office_id == Office.id) & (CodeStock.campaign_id == campaign_id))
        .outerjoin(quiet, quiet.c.office_id == Office.id)
        .outerjoin(reported, reported.c.office_id == Office.id)
        .where(takes_codes(today))
    )
    return counted.where(Office.id.in_(bindparam("office_ids", expanding=True))) if of_few else counted


def list_codes(
    session: Session, campaign: Campaign, found: list[FoundOffice], page: int, today: date, narrowed: str = ""
) -> CodesPage:
    """Show one page of the offices found, some twenty places, with their codes."""
    fitting = [office for office in found if office.fits(narrowed)] if narrowed else found
    pages = _cut_by_places(fitting)
    number = min(max(page, 1), len(pages))
    shown = pages[number - 1]
    places = _places_by_office(session, campaign, [office.id for office in shown], today)
    known = known_offices(session)
    listed = []
    for one in shown:
        fits = [place for place in places[one.id] if place.fits(narrowed)]
        listed.append(_listed_office(known, one, fits, today))
    return CodesPage(
        offices=Page(listed, len(fitting), number, len(pages)),
        n_places=sum(office.n_places for office in fitting),
        n_codes=sum(office.n_codes for office in fitting),
    )


def _listed_office(
    known: KnownOffices, found: FoundOffice, places: list[ListedPlace], today: date
) -> ListedOffice:
    office = known.offices[found.id]
    return ListedOffice(
        office.id,
        office.name,
        parent=known.offices[office.parent_id].name if office.parent_id is not None else None,
        begins_on=office.valid_from if office.valid_from > today else None,
        ends_on=office.valid_until,
        n_working=found.n_working,
        places=places,
    )


def _cut_by_places(offices: list[FoundOffice]) -> list[list[FoundOffice]]:
    """Cut a list into pages of about as many places each; an office stays whole."""
    pages: list[list[FoundOffice]] = [[]]
    left = PLACES_A_PAGE
    for office in offices:
        n = office.n_places
        if n > left and pages[-1]:
            pages.append([])
            left = PLACES_A_PAGE
        pages[-1].append(office)
        left -= n
    return pages


def _places_by_office(
    session: Session, campaign: Campaign, office_ids: list[int], today: date
) -> dict[int, list[ListedPlace]]:
    codes: dict[Place, list[UsedCode]] = defaultdict(list)
    for code in codes_of(session, campaign, office_ids, today):
        codes[Place(code.point.office_id, code.point.counter_id)].append(code)
    counters = session.execute(_counters(), {"office_ids": office_ids}).all()
    labels: dict[Place, str | None] = {Place(office_id, id_): label for office_id, id_, label in counters}
    with_counters = {place.office_id for place in labels}
    whole = [Place(office_id, None) for office_id in office_ids]
    labels |= {place: None for place in whole if place in codes or place.office_id not in with_counters}
    listed: dict[int, list[ListedPlace]] = defaultdict(list)
    for place, label in sorted(
        labels.items(), key=lambda item: (sort_key(item[1] or ""), item[0].counter_id or 0)
    ):
        listed[place.office_id].append(_listed(place, label, codes.get(place, [])))
    return listed


@cache
def _counters() -> Select[int, int, str]:
    is_shown = Counter.office_id.in_(bindparam("office_ids", expanding=True))
    return select(Counter.office_id, Counter.id, Counter.label).where(is_shown)


def _listed(place: Place, counter: str | None, codes: list[UsedCode]) -> ListedPlace:
    def first_active(way_in: str) -> UsedCode | None:
        points = ((code, code.point) for code in codes)
        active = (code for code, point in points if point.way_in == way_in and point.revoked_on is None)
        return next(active, None)

    return ListedPlace(
        place,
        counter,
        poster=first_active("poster"),
        screen=first_active("screen"),
        revoked=[code.point for code in codes if code.point.revoked_on is not None][-MOST_REVOKED:],
    )
