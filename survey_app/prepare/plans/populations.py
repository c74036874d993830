"""How many dossiers the planned offices settled, and what the last wave found there: what sizes rest on."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple, TypeVarTuple

from sqlalchemy import Row, Select, func, select, true
from sqlalchemy.orm import Session

from survey_app.models.breakdown import INDEX, WHOLE
from survey_app.models.campaign import Campaign
from survey_app.models.days import first_of, month_before
from survey_app.models.frame import Frame, FrameOffice, frame_in_force
from survey_app.models.kept import Kept
from survey_app.models.known_offices import KnownOffices, known_offices
from survey_app.models.office import BY_NAME, IS_TOTAL, DossierCount, Office
from survey_app.models.plan_document import PlanDocument
from survey_app.models.publication import Figure, Publication

Columns = TypeVarTuple("Columns")
MOST_YEARS_BACK, MOST_MONTHS = 5, 60
WITHOUT_TOPS = "*"  # the stratum of all offices where the plan names no tops
KEPT_AT_ONCE = 3


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


# Of plans that have a frame, and of sealed waves: thousands take longer to read than to show.
_planned_offices: Kept[tuple[PlannedOffice, ...]] = Kept(KEPT_AT_ONCE)
_figures_of_waves: Kept[dict[int, tuple[float, float]]] = Kept(KEPT_AT_ONCE)


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


def tops_of(session: Session, codes: Collection[str]) -> list[Office]:
    if not codes:
        return []
    query = select(Office).where(Office.code.in_(tuple(codes))).order_by(*BY_NAME)
    return list(session.scalars(query))


def known_of(session: Session, campaign: Campaign, plan: PlanDocument, today: date) -> Known | None:
    """Read what the sizes rest on; None as long as the plan does not say which dossiers are meant."""
    first, last = plan.population.settled_from, plan.population.settled_until
    if first is None or last is None or last < first:
        return None
    known, wanted = known_offices(session), (first_of(first), first_of(last))
    frame, before = frame_in_force(session, campaign.id), previous_wave(session, campaign)
    wave = before[1] if before else None
    months = wanted
    if frame is None:
        months = _months_with_counts(_counted_months(session, known, plan, today), wanted)

    def read() -> tuple[PlannedOffice, ...]:
        n_months = _months_between(*months)
        counts = _units(session, frame, plan, n_months) if frame else _counts(session, *months)
        figures = _figures(session, wave) if wave else {}
        return _planned(known, plan, (first, last), counts, figures)

    parts = (known.token, plan.population, plan.stages, frame and frame.ticket, wave and wave.state)
    offices = read() if frame is None or (wave and not wave.recipe_id) else _planned_offices.get(parts, read)
    is_compared = any(one.n_before is not None for one in offices)
    compared = before[0] if before and is_compared else None
    return Known(offices, *months, frame, is_own=months == wanted, before=compared)


def _planned(
    known: KnownOffices,
    plan: PlanDocument,
    days: tuple[date, date],
    counts: Mapping[int, tuple[int, int]],
    figures: Mapping[int, tuple[float, float]],
) -> tuple[PlannedOffice, ...]:
    """List the plan's offices that serve between two days, by name, with what is known of each."""
    among, within = known.under(plan.population.tops), _strata(known, plan)
    none_counted, none_found = (0, 0), (None, None)
    return tuple(
        PlannedOffice(
            one.id,
            one.code,
            one.name,
            within.get(one.id, ""),
            *counts.get(one.id, none_counted),
            *figures.get(one.id, none_found),
        )
        for one in known.offices.values()
        if one.id in among and one.serves_between(*days)
    )


def _strata(known: KnownOffices, plan: PlanDocument) -> dict[int, str]:
    """Give for each office the top in which it is drawn; none where all offices take part."""
    if not plan.stages or plan.stages[0].unit != "office":
        return {}
    named = set(plan.population.tops)
    tops = {one.id: one.code for one in known.offices.values() if one.code in named}
    return {office_id: _first_of(tops, known.tree.way_down_to(office_id)) for office_id in known.offices}


def _first_of(tops: dict[int, str], way: Iterable[int]) -> str:
    return next((tops[office_id] for office_id in way if office_id in tops), WITHOUT_TOPS)


def _units(session: Session, frame: Frame, plan: PlanDocument, n_months: int) -> dict[int, tuple[int, int]]:
    """Count what can be drawn, where there is a frame: that is what will be, whatever was reported."""
    is_by_decision = plan.population.counted_for == "decides"
    counted = FrameOffice.n_decided if is_by_decision else FrameOffice.n_received
    query = select(FrameOffice.office_id, counted).where(FrameOffice.frame_id == frame.id)
    return {office_id: (n_units, n_months) for office_id, n_units in _all(session, query)}


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


def _counted_months(session: Session, known: KnownOffices, plan: PlanDocument, today: date) -> set[date]:
    """List the months that are over and counted: at least half as many offices have counts as of any month.

    What one office entered for a wrong year would else become the population of all.
    """
    among = known.holds(known.under(plan.population.tops), DossierCount.office_id)
    query = (
        select(DossierCount.month, func.count())
        .where(IS_TOTAL, DossierCount.month < first_of(today), among)
        .group_by(DossierCount.month)
    )
    n_offices = dict(session.execute(query).all())
    most = max(n_offices.values(), default=0)
    return {month for month, n in n_offices.items() if 2 * n >= most}


def _counts(session: Session, first_month: date, last_month: date) -> dict[int, tuple[int, int]]:
    rows = _all(
        session,
        select(DossierCount.office_id, func.sum(DossierCount.n_settled), func.count())
        .where(IS_TOTAL, DossierCount.month.between(first_month, last_month))
        .group_by(DossierCount.office_id),
    )
    return {office_id: (int(n_settled), n_months) for office_id, n_settled, n_months in rows}


def previous_wave(session: Session, campaign: Campaign) -> tuple[Campaign, Publication] | None:
    """Give the annual campaign before this one whose wave is published, and that publication."""
    is_before = Campaign.closes_on < campaign.opens_on
    wanted = Campaign.id == campaign.previous_id if campaign.previous_id is not None else true()
    row = session.execute(
        select(Campaign, Publication)
        .join(Publication, Publication.campaign_id == Campaign.id)
        .where(Campaign.kind == "annual", Campaign.id != campaign.id, is_before, wanted)
        .where(Campaign.is_demo == campaign.is_demo)
        .where(Publication.kind == "wave", Publication.sealed_at.is_not(None))
        .order_by(Campaign.closes_on.desc(), Publication.id.desc())
        .limit(1)
    ).first()
    return None if row is None else (row[0], row[1])


def _figures(session: Session, wave: Publication) -> dict[int, tuple[float, float]]:
    """Read the index of each office in drawn samples, where staff see it."""
    n_people = func.coalesce(Figure.effective_sample_size, Figure.n_people)
    query = (
        select(Figure.office_id, Figure.value, n_people)
        .where(Figure.publication_id == wave.id, Figure.provenance == "A", Figure.measure == INDEX)
        .where(Figure.breakdown == WHOLE, Figure.value.is_not(None), Figure.hidden_inside.is_(None))
    )

    def read() -> dict[int, tuple[float, float]]:
        rows = _all(session, query)
        return {office_id: (float(value or 0), max(1.0, float(n or 1))) for office_id, value, n in rows}

    return _figures_of_waves.get(wave.state, read) if wave.recipe_id else read()


def _all(session: Session, query: Select[*Columns]) -> Sequence[Row[*Columns]]:
    """Read thousands of rows past the session, which would handle each once more."""
    return session.connection().execute(query).all()


def _months_between(first: date, last: date) -> int:
    return 12 * (last.year - first.year) + last.month - first.month + 1
