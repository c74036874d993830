"""What will be drawn: sizes by office, from the plan's frozen rule and the frame's counts."""

from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, NamedTuple, Self

from sqlalchemy import select
from sqlalchemy.orm import Session

from survey_app.models.campaign import Campaign
from survey_app.models.frame import Frame, FrameOffice
from survey_app.models.office import Office
from survey_app.models.plan_document import PlanDocument, PlannedStage
from survey_app.models.sample import SMALLEST_CELL
from survey_app.prepare.plans.populations import known_of
from survey_app.prepare.plans.sizes import Sizes, sizes_of

TOO_FEW, OUTSIDE = "too_few", "outside"  # why an office is left out


class DesignedOffice(NamedTuple):
    """One office's part. `within`: the stratum of the first stage, itself unless offices are drawn."""

    code: str
    within: str
    population: int
    n_main: int
    n_reserve: int


class LeftOut(NamedTuple):
    """An office from which nobody can be invited, and why: a word that the page has a sentence for."""

    code: str
    population: int
    n_main: int
    why: str


@dataclass(frozen=True, kw_only=True)
class Design:
    """All that a list follows from, besides the file of the frame and the version of the code."""

    frame_hash: str
    plan_hash: str
    seed: str
    counted_for: str
    stages: tuple[PlannedStage, ...]
    reserve_share: float
    weighting: tuple[str, ...]  # the variables whose values make a weighting cell
    offices: tuple[DesignedOffice, ...]  # by code
    left_out: tuple[LeftOut, ...]

    @property
    def draws_offices(self) -> bool:
        return self.stages[0].unit == "office"

    @property
    def draws_clusters(self) -> bool:
        return any(stage.unit == "cluster" for stage in self.stages)

    def as_plain(self) -> dict[str, Any]:
        """Give plain data; offices as short lists, since there may be thousands."""
        plain = asdict(self)
        plain["offices"] = [list(one) for one in self.offices]
        plain["left_out"] = [list(one) for one in self.left_out]
        return plain

    @classmethod
    def from_plain(cls, plain: dict[str, Any]) -> Self:
        """Read what `as_plain` gave; ValueError, TypeError or KeyError for what is no design."""
        stages = (PlannedStage(**stage | {"order": tuple(stage["order"])}) for stage in plain["stages"])
        named = {
            "stages": tuple(stages),
            "weighting": tuple(plain["weighting"]),
            "offices": tuple(map(DesignedOffice._make, plain["offices"])),
            "left_out": tuple(map(LeftOut._make, plain["left_out"])),
        }
        return cls(**plain | named)


def design_of(
    session: Session, campaign: Campaign, plan: PlanDocument, frame: Frame, today: date
) -> tuple[Design, Sizes] | None:
    """Apply the plan's rule of sizes to the frame in force; None where it gives none."""
    known = known_of(session, campaign, plan, today)
    sizes = sizes_of(plan, known.offices) if known is not None else None
    if sizes is None:
        return None
    offices = [
        DesignedOffice(
            one.office.code,
            one.office.within or one.office.code,
            one.office.population,
            one.n_drawn,
            one.n_reserve,
        )
        for one in sizes.offices
    ]
    taken = [one for one in offices if one.n_main >= SMALLEST_CELL]
    few = [
        LeftOut(one.code, one.population, one.n_main, TOO_FEW)
        for one in offices
        if one.n_main < SMALLEST_CELL
    ]
    outside = _outside(session, frame, plan, {one.office.id for one in sizes.offices})
    design = Design(
        frame_hash=frame.frame_hash,
        plan_hash=plan.hash,
        seed=plan.seed or "",
        counted_for=plan.population.counted_for or "receives",
        stages=plan.stages,
        reserve_share=plan.allocation.reserve_share or 0.0,
        weighting=plan.weighting.cells,
        offices=tuple(sorted(taken, key=lambda one: one.code)),
        left_out=tuple(sorted([*few, *outside], key=lambda one: one.code)),
    )
    return design, sizes


def _outside(session: Session, frame: Frame, plan: PlanDocument, counted: set[int]) -> list[LeftOut]:
    """List offices that have dossiers in the frame and are not measured any more, say since they moved."""
    of_decided = plan.population.counted_for == "decides"
    n_units = FrameOffice.n_decided if of_decided else FrameOffice.n_received
    rows = session.execute(
        select(Office.id, Office.code, n_units)
        .join(FrameOffice, FrameOffice.office_id == Office.id)
        .where(FrameOffice.frame_id == frame.id, n_units > 0)
    )
    return [LeftOut(code, n, 0, OUTSIDE) for office_id, code, n in rows if office_id not in counted]
