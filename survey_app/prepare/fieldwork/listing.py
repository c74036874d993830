"""What the page of a fieldwork shows: the whole, the offices that a right reaches, what is due."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from survey_app.models.access_point import AccessPoint
from survey_app.models.invitation import InvitationBatch
from survey_app.models.known_offices import known_offices
from survey_app.models.plan import plan_as_it_stands
from survey_app.models.sample import Draw, SampleCell, SampledUnit
from survey_app.prepare.fieldwork.forms import Asked
from survey_app.prepare.fieldwork.progress import Line, Progress, Tally, progress_of
from survey_app.prepare.fieldwork.replace import Due, due
from survey_app.prepare.fieldwork.spent import entered_units
from survey_app.prepare.reach import Reach
from survey_app.web.office_search import find_offices
from survey_app.web.paging import Page, read_page

NO_RATE = 2  # above all rates: these offices come last


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
    strata: list[Line]
    groups: list[Line]
    due: Due


def overview_of(
    session: Session, draw: Draw, reach: Reach, asked: Asked, secrets: Sequence[bytes]
) -> Overview:
    """Work it out for the offices that a right reaches; a parent's reader sees the parent's offices."""
    units = entered_units(session, draw, secrets)
    progress = progress_of(session, draw, units, reach.reaches(AccessPoint.office_id))
    rate = _planned_rate(session, draw.campaign_id)
    found = _chosen(session, progress.by_office, asked)
    whole = progress.total
    return Overview(
        n_waiting=_n_waiting(session, draw, reach),
        whole=whole,
        deliveries=progress.by("delivery"),
        n_wanted=_wanted(whole, rate),
        page=read_page(
            len(found), lambda shown: _lines(session, found[shown], progress.by_office, rate), asked.page
        ),
        strata=_strata(progress),
        groups=progress.groups("weighting_cell"),
        due=due(session, draw, units),
    )


def _n_waiting(session: Session, draw: Draw, reach: Reach) -> int:
    """Count the main units of the cells that have no batch yet; a cell is of the office of its units."""
    is_invited = exists().where(InvitationBatch.cell_id == SampleCell.id)
    is_reached = exists().where(SampledUnit.cell_id == SampleCell.id, reach.reaches(SampledUnit.office_id))
    waiting = select(func.sum(SampleCell.n_drawn)).where(
        SampleCell.draw_id == draw.id, ~is_invited, is_reached
    )
    return session.scalar(waiting) or 0


def _chosen(session: Session, by_office: Mapping[int, Tally], asked: Asked) -> list[int]:
    """Give the offices that are searched for, as asked or the lowest rate first."""
    found = [one.id for one in find_offices(session, asked.search, by_office.keys())]
    if asked.order == "waiting":
        found.sort(key=lambda one: by_office[one].n_responded - by_office[one].n_issued)
    elif asked.order != "name":
        found.sort(key=lambda one: _rate(by_office[one]))
    return found


def _rate(tally: Tally) -> float:
    n_asked = tally.n_asked  # not its rates: of thousands, one is asked for
    return tally.n_responded / n_asked if n_asked else NO_RATE


def _lines(
    session: Session, shown: Sequence[int], by_office: Mapping[int, Tally], rate: float | None
) -> list[OfficeLine]:
    offices = known_offices(session).offices
    return [
        OfficeLine(offices[one].code, offices[one].name, by_office[one], _wanted(by_office[one], rate))
        for one in shown
    ]


def _planned_rate(session: Session, campaign_id: int) -> float | None:
    plan = plan_as_it_stands(session, campaign_id)
    return plan.precision.response_rate if plan is not None else None


def _wanted(tally: Tally, rate: float | None) -> float | None:
    return tally.n_main * rate if rate is not None else None


def _strata(progress: Progress) -> list[Line]:
    """Give the strata unless they are the offices: the table above shows those."""
    is_office = len({part.stratum for part in progress.parts}) == len(progress.by_office)
    return [] if is_office else progress.groups("stratum")
