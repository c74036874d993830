"""How far a fieldwork is: what became of the invited units, by office, by stratum, by group of the weights.

A count here is of units, not an estimate. Whose token is spent counts as complete, whatever was entered.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from survey_app.models import aapor
from survey_app.models.invitation import InvitationBatch
from survey_app.models.sample import SMALLEST_CELL, Draw, SampleCell, SampledUnit
from survey_app.prepare.fieldwork.spent import answered, invitees_of, n_spent_by_cell

Key = TypeVar("Key")
# What a page shows of the outcomes, each with its codes; the rest is waited for or not known.
SHOWN = {
    "responded": {aapor.COMPLETE, aapor.PARTIAL},
    "refused": {aapor.REFUSED},
    "not_reached": {"2.2", aapor.NOT_SENT, aapor.CAME_BACK},
    "ineligible": {code for code in aapor.OUTCOMES if aapor.group_of(code) == aapor.INELIGIBLE},
}


@dataclass
class Tally:
    """How many units were invited, and what became of them by outcome; None: nothing yet."""

    n_by_outcome: Counter[str | None] = field(default_factory=Counter)
    n_main: int = 0  # units of the main lists, for how many answers are wanted

    @property
    def n_issued(self) -> int:
        return self.n_by_outcome.total()

    def count(self, shown: str) -> int:
        return sum(self.n_by_outcome[code] for code in SHOWN[shown])

    @property
    def n_responded(self) -> int:
        return self.count("responded")

    @property
    def n_unknown(self) -> int:
        """Count the rest: silent until now, unknown, or eligible and unable."""
        return self.n_issued - sum(map(self.count, SHOWN))

    @property
    def rates(self) -> tuple[float, float] | None:
        return aapor.response_rates(self.n_by_outcome)

    def add(self, other: "Tally") -> None:
        self.n_by_outcome.update(other.n_by_outcome)
        self.n_main += other.n_main


@dataclass(frozen=True, slots=True)
class CellTally:
    """What became of the units of one cell, which share one office and one batch."""

    office_id: int
    stratum: str
    weighting_cell: str
    delivery: str
    tally: Tally


def tallies_of(session: Session, draw: Draw, secrets: Sequence[bytes]) -> list[CellTally]:
    """Count the invited units of a draw by cell."""
    unit = SampledUnit
    rows = session.execute(
        select(unit.cell_id, unit.office_id, unit.outcome, unit.is_main, func.count())
        .where(unit.draw_id == draw.id, unit.serial.is_not(None))
        .group_by(unit.cell_id, unit.office_id, unit.outcome, unit.is_main)
    ).all()
    cells = session.execute(
        select(SampleCell.id, SampleCell.stratum, SampleCell.weighting_cell, InvitationBatch.delivery)
        .join(InvitationBatch, InvitationBatch.cell_id == SampleCell.id)
        .where(SampleCell.draw_id == draw.id)
    )
    told = {cell_id: (stratum, group, delivery) for cell_id, stratum, group, delivery in cells}
    found: dict[int, CellTally] = {}
    for cell_id, office_id, outcome, is_main, n in rows:
        if cell_id not in told:  # not invited yet
            continue
        one = found.setdefault(cell_id, CellTally(office_id, *told[cell_id], Tally()))
        one.tally.n_by_outcome[outcome] += n
        one.tally.n_main += n * is_main
    _count_answers(session, draw, secrets, found)
    return list(found.values())


def _count_answers(
    session: Session, draw: Draw, secrets: Sequence[bytes], found: dict[int, CellTally]
) -> None:
    """Move who has answered to the complete ones, from what was entered or from those waited for."""
    n_spent = n_spent_by_cell(session, draw.id)
    entered = invitees_of(session, draw.id, SampledUnit.outcome.is_not(None))
    done = answered(session, entered, secrets)
    for one in entered:
        if one.number in done:
            counts = found[one.cell_id].tally.n_by_outcome
            counts[one.outcome] -= 1
            counts[None] += 1
    for cell_id, n in n_spent.items():
        if cell_id in found:
            counts = found[cell_id].tally.n_by_outcome
            counts[None] -= n
            counts[aapor.COMPLETE] += n


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a table; `is_hidden` keeps everything but the number of invited units off the page."""

    name: str
    tally: Tally
    is_hidden: bool = False


def by_office(tallies: Iterable[CellTally]) -> dict[int, Tally]:
    return _added(tallies, lambda one: one.office_id)


def by_delivery(tallies: Iterable[CellTally]) -> dict[str, Tally]:
    return _added(tallies, lambda one: one.delivery)


def groups(tallies: Iterable[CellTally], column: str) -> list[Line]:
    """Add up by stratum or by group of the weights; what fewer than five have in common is not shown.

    A group in which nearly all or nearly nobody answered would tell of each unit whether it did. If one line
    alone were hidden the sum of the others would give it away, so the smallest of the others goes with it.
    """
    added = sorted(_added(tallies, lambda one: str(getattr(one, column))).items())
    hidden = {name for name, tally in added if _is_telling(tally)}
    others = sorted((tally.n_issued, name) for name, tally in added if name not in hidden)
    if len(hidden) == 1 and others:
        hidden.add(others[0][1])
    return [Line(name, tally, name in hidden) for name, tally in added]


def _is_telling(tally: Tally) -> bool:
    return min(tally.n_responded, tally.n_issued - tally.n_responded) < SMALLEST_CELL


def _added(tallies: Iterable[CellTally], key: Callable[[CellTally], Key]) -> dict[Key, Tally]:
    found: dict[Key, Tally] = {}
    for one in tallies:
        found.setdefault(key(one), Tally()).add(one.tally)
    return found


def total(tallies: Iterable[CellTally]) -> Tally:
    whole = Tally()
    for one in tallies:
        whole.add(one.tally)
    return whole
