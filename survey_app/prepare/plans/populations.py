"""How many dossiers the planned offices settled, and what the last wave found there: what sizes rest on."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from sqlalchemy import ColumnElement, Row, func, or_, select, true
from sqlalchemy.orm import Session

from survey_app.models.breakdown import INDEX, WHOLE
from survey_app.models.campaign import Campaign
from survey_app.models.days import first_of, month_before
from survey_app.models.frame import Frame, FrameOffice, frame_in_force
from survey_app.models.office import ALL_FIELDS, DossierCount, Office
from survey_app.models.office_tree import OfficeTree, offices_under
from survey_app.models.plan_document import PlanDocument
from survey_app.models.publication import Figure, Publication

MOST_YEARS_BACK, MOST_MONTHS = 5, 60
WITHOUT_TOPS = "*"  # the stratum of all offices where the plan names no tops


class PlannedOffice(NamedTuple):
    """An office of the plan: its dossiers, the months counted, and what the last wave found.

    Plain and quickly compared: the sizes of thousands are remembered by them.
    """

    id: int
    code: str
    name: str
    within: str  # the plan's top in which offices are drawn; empty: all take part
    population: int
    n_months: int
    share_before: float | None
    n_before: float | None  # effective respondents


@dataclass(frozen=True, slots=True)
class Known:
    """All offices of a plan by name, and of which months their dossiers are."""

    offices: tuple[PlannedOffice, ...]
    first_month: date
    last_month: date
    frame: Frame | None  # whose units are counted, once there is one
    is_own: bool  # whether they are the plan's own months
    before: Campaign | None  # whose wave the last figures are of

    @property
    def n_months(self) -> int:
        return _months_between(self.first_month, self.last_month)


def tops_of(session: Session, codes: Iterable[str]) -> list[Office]:
    query = select(Office).where(Office.code.in_(tuple(codes))).order_by(Office.sort_key, Office.id)
    return list(session.scalars(query))


def known_of(session: Session, campaign: Campaign, plan: PlanDocument, today: date) -> Known | None:
    """Read what the sizes rest on; None as long as the plan does not say which dossiers are meant."""
    first, last = plan.population.settled_from, plan.population.settled_until
    if first is None or last is None or last < first:
        return None
    # None: all, where the plan names no tops.
    office_ids = offices_under(session, plan.population.tops) if plan.population.tops else None
    months = wanted = (first_of(first), first_of(last))
    frame = frame_in_force(session, campaign.id)
    if frame is not None:
        counts = _units(session, frame, plan.population.counted_for, _months_between(*wanted))
    else:
        counted = _counted_months(session, office_ids, today)
        months = _months_with_counts(counted, wanted)
        counts = _counts(session, *months)
    before = previous_wave(session, campaign)
    figures = _figures(session, before) if before else {}
    within = _strata(session, plan)
    offices = tuple(
        PlannedOffice(
            office_id,
            *(code, name, within.get(office_id, "")),
            *counts.get(office_id, (0, 0)),
            *figures.get(office_id, (None, None)),
        )
        for office_id, code, name in _serving(session, first, last)
        if office_ids is None or office_id in office_ids
    )
    is_compared = any(one.n_before is not None for one in offices)
    compared = before[0] if before and is_compared else None
    return Known(offices, *months, frame, is_own=months == wanted, before=compared)


def _strata(session: Session, plan: PlanDocument) -> dict[int, str]:
    """Give for each office the top in which it is drawn; none where all offices take part."""
    if not plan.stages or plan.stages[0].unit != "office":
        return {}
    tops = {office.id: office.code for office in tops_of(session, plan.population.tops)}
    tree = OfficeTree(session)
    ids = session.scalars(select(Office.id))
    return {office_id: _first_of(tops, tree.way_down_to(office_id)) for office_id in ids}


def _first_of(tops: dict[int, str], way: Iterable[int]) -> str:
    return next((tops[office_id] for office_id in way if office_id in tops), WITHOUT_TOPS)


def _units(
    session: Session, frame: Frame, counted_for: str | None, n_months: int
) -> dict[int, tuple[int, int]]:
    """Count what can be drawn, where there is a frame: that is what will be, whatever was reported."""
    counted = FrameOffice.n_decided if counted_for == "decides" else FrameOffice.n_received
    rows = session.execute(select(FrameOffice.office_id, counted).where(FrameOffice.frame_id == frame.id))
    return {office_id: (n_units, n_months) for office_id, n_units in rows}


def _months_with_counts(counted: set[date], wanted: tuple[date, date]) -> tuple[date, date]:
    """Choose whose months' counts are read: the plan's own, or what comes nearest.

    Where those have not passed or are not counted yet, the same months of the latest year stand in that has
    counts of all of them; else the latest months, as many.
    """
    if not counted or wanted[1] in counted:
        return wanted
    for n_back in range(1, MOST_YEARS_BACK + 1):
        shifted = (
            wanted[0].replace(year=wanted[0].year - n_back),
            wanted[1].replace(year=wanted[1].year - n_back),
        )
        if set(shifted) <= counted:
            return shifted
    newest = max(counted)
    oldest = newest
    for _ in range(min(_months_between(*wanted), MOST_MONTHS) - 1):
        oldest = month_before(oldest)
    return oldest, newest


def _counted_months(session: Session, office_ids: set[int] | None, today: date) -> set[date]:
    """List the months that are over and counted: at least half as many offices have counts as of any month.

    What one office entered for a wrong year would else become the population of all. None are all offices.
    """
    query = select(DossierCount.month, func.count()).where(
        DossierCount.field_id == ALL_FIELDS, DossierCount.month < first_of(today)
    )
    if office_ids is not None:
        query = query.where(DossierCount.office_id.in_(office_ids))
    n_offices = dict(session.execute(query.group_by(DossierCount.month)).all())
    most = max(n_offices.values(), default=0)
    return {month for month, n in n_offices.items() if 2 * n >= most}


def _serving(session: Session, first: date, last: date) -> Iterable[Row[int, str, str]]:
    """List the offices that serve at any time between two days; a province only sums its offices up."""
    is_there: ColumnElement[bool] = (Office.valid_from <= last) & or_(
        Office.valid_until.is_(None), Office.valid_until >= first
    )
    query = select(Office.id, Office.code, Office.name).where(is_there, Office.kind != "province")
    return session.execute(query.order_by(Office.sort_key, Office.id))


def _counts(session: Session, first_month: date, last_month: date) -> dict[int, tuple[int, int]]:
    rows = session.execute(
        select(DossierCount.office_id, func.sum(DossierCount.n_settled), func.count())
        .where(DossierCount.field_id == ALL_FIELDS, DossierCount.month.between(first_month, last_month))
        .group_by(DossierCount.office_id)
    )
    return {office_id: (int(n_settled), n_months) for office_id, n_settled, n_months in rows}


def previous_wave(session: Session, campaign: Campaign) -> tuple[Campaign, int] | None:
    """Give the annual campaign before this one whose wave is published, and that publication."""
    is_before = Campaign.closes_on < campaign.opens_on
    wanted = Campaign.id == campaign.previous_id if campaign.previous_id is not None else true()
    row = session.execute(
        select(Campaign, Publication.id)
        .join(Publication, Publication.campaign_id == Campaign.id)
        .where(Campaign.kind == "annual", Campaign.id != campaign.id, is_before, wanted)
        .where(Publication.kind == "wave", Publication.sealed_at.is_not(None))
        .order_by(Campaign.closes_on.desc(), Publication.id.desc())
        .limit(1)
    ).first()
    return None if row is None else (row[0], row[1])


def _figures(session: Session, wave: tuple[Campaign, int]) -> dict[int, tuple[float, float]]:
    """Read the index of each office in drawn samples, where staff see it."""
    rows = session.execute(
        select(Figure.office_id, Figure.value, func.coalesce(Figure.effective_sample_size, Figure.n_people))
        .where(Figure.publication_id == wave[1], Figure.provenance == "A", Figure.measure == INDEX)
        .where(Figure.breakdown == WHOLE, Figure.value.is_not(None), Figure.hidden_inside.is_(None))
    )
    return {office_id: (float(value or 0), max(1.0, float(n or 1))) for office_id, value, n in rows}


def _months_between(first: date, last: date) -> int:
    return 12 * (last.year - first.year) + last.month - first.month + 1
