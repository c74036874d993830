"""The list of codes that staff see: offices found by name, their places, and the codes that hang there."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from operator import attrgetter
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Date, Integer, Select, bindparam, case, func, select
from sqlalchemy.orm import Session, aliased

from survey_app.models.access_point import AccessPoint, CodeStock
from survey_app.models.campaign import Campaign, goes_on
from survey_app.models.office import Counter, Office
from survey_app.models.vietnamese import sort_key
from survey_app.prepare.codes.issue import Place, is_issued, takes_codes
from survey_app.prepare.codes.stock import NEVER_USED, Use, binds, is_quiet, is_reported, uses
from survey_app.web import office_search
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
class ListedCode:
    """One code and how it was used."""

    point: AccessPoint
    use: Use


@dataclass(frozen=True, slots=True)
class ListedPlace:
    """One place: the codes of its poster and its screen, if any, and what hung or stood there before."""

    place: Place
    counter: str | None
    poster: ListedCode | None
    screen: ListedCode | None
    revoked: list[AccessPoint]

    def fits(self, narrowed: str) -> bool:
        works = [code for code in (self.poster, self.screen) if code is not None]
        belongs = {
            "look": any(code.use.needs_a_look for code in works),
            "paused": any(code.point.paused_on is not None for code in works),
            "missing": self.poster is None,
            "revoked": bool(self.revoked),
        }
        return belongs.get(narrowed, True)


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
    searched = office_search.find_offices(session, search, takes_codes(today)) if search else None
    ids = office_ids if searched is None else [one for one in searched if one in office_ids]
    query = _offices_by_name()
    if len(ids) <= FEW_OFFICES:
        query = query.where(Office.id.in_(ids))
    # Past the session, which would handle each of thousands of rows once more: none is an object.
    rows = session.connection().execute(query, binds(campaign, today)).all()
    found = [one for one in map(FoundOffice._make, rows) if one.id in office_ids]
    if searched is None:
        return found
    by_id = {one.id: one for one in found}
    return [by_id[office_id] for office_id in ids]


@cache
def _offices_by_name() -> Select[*tuple[Any, ...]]:
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
    return (
        select(*(asked[name] for name in FoundOffice._fields))
        .outerjoin(CodeStock, (CodeStock.office_id == Office.id) & (CodeStock.campaign_id == campaign_id))
        .outerjoin(quiet, quiet.c.office_id == Office.id)
        .outerjoin(reported, reported.c.office_id == Office.id)
        .where(takes_codes(today))
        .order_by(Office.sort_key, Office.id)
    )


def list_codes(
    session: Session, campaign: Campaign, found: list[FoundOffice], page: int, today: date, narrowed: str = ""
) -> CodesPage:
    """Show one page of the offices found, some twenty places, with their codes."""
    fitting = [office for office in found if office.fits(narrowed)] if narrowed else found
    pages = _cut_by_places(fitting)
    number = min(max(page, 1), len(pages))
    shown = pages[number - 1]
    ids = [office.id for office in shown]
    places = _places_by_office(session, campaign, ids, today)
    named = {row.id: row for row in session.execute(_named_offices(), {"office_ids": ids, "today": today})}
    listed = [
        ListedOffice(
            *named[one.id], one.n_working, [place for place in places.get(one.id, []) if place.fits(narrowed)]
        )
        for one in shown
    ]
    return CodesPage(
        offices=Page(listed, len(fitting), number, len(pages)),
        n_places=sum(office.n_places for office in fitting),
        n_codes=sum(office.n_codes for office in fitting),
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


@cache
def _named_offices() -> Select[int, str, str | None, date | None, date | None]:
    """Write the question once, too."""
    parent = aliased(Office)
    begins_on = case((Office.valid_from > bindparam("today", type_=Date), Office.valid_from))
    return (
        select(Office.id, Office.name, parent.name, begins_on, Office.valid_until)
        .outerjoin(parent, parent.id == Office.parent_id)
        .where(Office.id.in_(bindparam("office_ids", expanding=True)))
    )


def _places_by_office(
    session: Session, campaign: Campaign, office_ids: list[int], today: date
) -> dict[int, list[ListedPlace]]:
    points = session.scalars(
        select(AccessPoint)
        .where(is_issued(campaign.id), AccessPoint.office_id.in_(office_ids))
        .order_by(AccessPoint.id)
    ).all()
    used = uses(session, campaign, [point.id for point in points if point.revoked_on is None], today)
    by_place: dict[Place, list[AccessPoint]] = defaultdict(list)
    for point in points:
        by_place[Place(point.office_id, point.counter_id)].append(point)
    counters = session.scalars(select(Counter).where(Counter.office_id.in_(office_ids))).all()
    labels: dict[Place, str | None] = {Place(c.office_id, c.id): c.label for c in counters}
    with_counters = {counter.office_id for counter in counters}
    whole = [Place(office_id, None) for office_id in office_ids]
    labels |= {place: None for place in whole if place in by_place or place.office_id not in with_counters}
    listed: dict[int, list[ListedPlace]] = defaultdict(list)
    for place, label in sorted(
        labels.items(), key=lambda item: (sort_key(item[1] or ""), item[0].counter_id or 0)
    ):
        listed[place.office_id].append(_listed(place, label, by_place.get(place, []), used))
    return listed


def _listed(
    place: Place, counter: str | None, points: list[AccessPoint], used: Mapping[int, Use]
) -> ListedPlace:
    def first_active(way_in: str) -> ListedCode | None:
        active = (point for point in points if point.way_in == way_in and point.revoked_on is None)
        return next((ListedCode(point, used.get(point.id, NEVER_USED)) for point in active), None)

    return ListedPlace(
        place,
        counter,
        poster=first_active("poster"),
        screen=first_active("screen"),
        revoked=[point for point in points if point.revoked_on is not None][-MOST_REVOKED:],
    )
