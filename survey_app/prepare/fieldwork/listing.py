"""What the page of a fieldwork shows: the whole, the offices that a right reaches, what is due."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from survey_app.models.invitation import InvitationBatch
from survey_app.models.office import Office
from survey_app.models.plan import plan_as_it_stands
from survey_app.models.sample import Draw, SampleCell, SampledUnit
from survey_app.models.vietnamese import Search
from survey_app.prepare.fieldwork import progress
from survey_app.prepare.fieldwork.forms import Asked
from survey_app.prepare.fieldwork.progress import CellTally, Line, Tally
from survey_app.prepare.fieldwork.replace import Due, due
from survey_app.web.paging import Page, page_of


@dataclass(frozen=True, slots=True)
class OfficeLine:
    code: str
    name: str
    tally: Tally
    n_wanted: float | None  # answers that the plan expects; none: it expects no rate


@dataclass(frozen=True, slots=True)
class Overview:
    """How far the fieldwork of a draw is."""

    n_waiting: int  # units of the main lists that are not invited yet
    whole: Tally
    deliveries: dict[str, Tally]
    n_wanted: float | None
    page: Page[OfficeLine]
    n_offices: int
    strata: list[Line]
    groups: list[Line]
    due: Due


def overview_of(
    session: Session, draw: Draw, scope: Collection[int], asked: Asked, secrets: Sequence[bytes]
) -> Overview:
    """Work it out for the offices that a right reaches; a parent's reader sees the parent's offices."""
    tallies = [one for one in progress.tallies_of(session, draw, secrets) if one.office_id in scope]
    rate = _planned_rate(session, draw.campaign_id)
    offices = _offices(session, tallies, rate)
    whole = progress.total(tallies)
    return Overview(
        n_waiting=_n_waiting(session, draw, scope),
        whole=whole,
        deliveries=progress.by_delivery(tallies),
        n_wanted=_wanted(whole, rate),
        page=page_of(_chosen(offices, asked), asked.page),
        n_offices=len(offices),
        strata=_if_other_than_offices(progress.groups(tallies, "stratum"), len(offices)),
        groups=progress.groups(tallies, "weighting_cell"),
        due=due(session, draw, secrets),
    )


def _n_waiting(session: Session, draw: Draw, scope: Collection[int]) -> int:
    """Count the main units of the cells that have no batch yet; one unit of a cell tells its office."""
    of_cell = select(SampledUnit.office_id).where(SampledUnit.cell_id == SampleCell.id).limit(1)
    rows = session.execute(
        select(of_cell.scalar_subquery(), func.coalesce(SampleCell.n_drawn, 0))
        .outerjoin(InvitationBatch, InvitationBatch.cell_id == SampleCell.id)
        .where(SampleCell.draw_id == draw.id, InvitationBatch.id.is_(None))
    )
    return sum(n for office_id, n in rows if office_id in scope)


def _offices(session: Session, tallies: Sequence[CellTally], rate: float | None) -> list[OfficeLine]:
    """List offices by name."""
    by_office = progress.by_office(tallies)
    rows = session.execute(select(Office.id, Office.code, Office.name).order_by(Office.sort_key, Office.id))
    return [
        OfficeLine(code, name, by_office[office_id], _wanted(by_office[office_id], rate))
        for office_id, code, name in rows
        if office_id in by_office
    ]


def _chosen(offices: Sequence[OfficeLine], asked: Asked) -> list[OfficeLine]:
    """Give the offices that are searched for; those that answer least come first unless asked otherwise."""
    searched = Search(asked.search)
    found = [one for one in offices if searched.finds(one.name, one.code)]
    if asked.order == "waiting":
        found.sort(key=lambda one: one.tally.n_responded - one.tally.n_issued)
    elif asked.order != "name":
        found.sort(key=lambda one: one.tally.rates[1] if one.tally.rates else 2)
    return found


def _planned_rate(session: Session, campaign_id: int) -> float | None:
    plan = plan_as_it_stands(session, campaign_id)
    return plan.precision.response_rate if plan is not None else None


def _wanted(tally: Tally, rate: float | None) -> float | None:
    return tally.n_main * rate if rate is not None else None


def _if_other_than_offices(strata: list[Line], n_offices: int) -> list[Line]:
    """Leave strata out that are the offices: the table above shows them."""
    return [] if len(strata) == n_offices else strata
