"""How far a fieldwork is: what became of the invited units, by office, by stratum, by group of the weights.

A count here is of units, not an estimate. A spent token counts as complete, whatever was entered. Tokens are
counted by cell and come out of the units of which nothing is known, as long as there are any.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from survey_app.models import aapor
from survey_app.models.access_point import AccessPoint
from survey_app.models.invitation import InvitationBatch, SpentInvitation
from survey_app.models.sample import SMALLEST_CELL, Draw, SampleCell, SampledUnit
from survey_app.prepare.fieldwork.spent import answered, entered_as

Key = TypeVar("Key")
# What a page shows of the outcomes, each with its codes; the rest is waited for or not known.
SHOWN = {
    "responded": {aapor.COMPLETE, aapor.PARTIAL},
    "refused": {aapor.REFUSED},
    "not_reached": {"2.2", aapor.NOT_SENT, aapor.CAME_BACK},
    "ineligible": {code for code in aapor.OUTCOMES if aapor.group_of(code) == aapor.INELIGIBLE},
}


@dataclass(frozen=True, slots=True)
class Tally:
    """How many units were invited, and what became of them by outcome; None: nothing yet."""

    n_by_outcome: Counter[str | None]
    n_main: int  # units of the main lists, for how many answers are wanted

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


@dataclass(frozen=True, slots=True)
class CellTally:
    """What became of the units of one cell, which share one office and one batch."""

    office_id: int
    stratum: str
    weighting_cell: str
    delivery: str
    tally: Tally


def tallies_of(session: Session, draw: Draw, secrets: Sequence[bytes]) -> list[CellTally]:
    """Count the invited units of a draw by cell: a batch knows how many, and few have an outcome."""
    n_spent = select(func.count()).where(SpentInvitation.batch_id == InvitationBatch.id).scalar_subquery()
    cells = session.execute(
        select(
            SampleCell.id,
            AccessPoint.office_id,
            SampleCell.stratum,
            SampleCell.weighting_cell,
            InvitationBatch.delivery,
            InvitationBatch.n_issued,
            SampleCell.n_drawn,
            n_spent,
        )
        .join(InvitationBatch, InvitationBatch.cell_id == SampleCell.id)
        .join(AccessPoint, AccessPoint.id == InvitationBatch.access_point_id)
        .where(SampleCell.draw_id == draw.id)
    )
    entered = _entered(session, draw)
    counted_twice = _spent_of_respondents(session, draw, secrets)
    found = []
    for cell_id, office_id, stratum, group, delivery, n_issued, n_drawn, spent in cells:
        told = entered.get(cell_id, {})
        counts = Counter({None: n_issued - sum(told.values()), **told})
        _count_answers(counts, spent - counted_twice[cell_id])
        found.append(CellTally(office_id, stratum, group, delivery, Tally(counts, n_drawn or 0)))
    return found


def _entered(session: Session, draw: Draw) -> dict[int, dict[str | None, int]]:
    rows = session.execute(
        select(SampledUnit.cell_id, SampledUnit.outcome, func.count())
        .where(SampledUnit.draw_id == draw.id, SampledUnit.outcome.is_not(None))
        .group_by(SampledUnit.cell_id, SampledUnit.outcome)
    )
    found: dict[int, dict[str | None, int]] = {}
    for cell_id, outcome, n in rows:
        found.setdefault(cell_id, {})[outcome] = n
    return found


def _spent_of_respondents(session: Session, draw: Draw, secrets: Sequence[bytes]) -> Counter[int]:
    """Count by cell who was entered as a respondent and has used the invitation, too: one answer, not two."""
    entered = entered_as(session, draw.id, SHOWN["responded"])
    done = answered(session, entered, secrets)
    return Counter(one.cell_id for one in entered if one.number in done)


def _count_answers(counts: Counter[str | None], n_spent: int) -> None:
    """Count spent tokens as complete, out of the units that are still open first, as the weights do."""
    for code in _open_first(counts) if n_spent > counts[None] else (None,):
        taken = min(n_spent, counts[code])
        counts[code] -= taken
        counts[aapor.COMPLETE] += taken
        n_spent -= taken


def _open_first(counts: Counter[str | None]) -> list[str | None]:
    """Order the outcomes of those who are no respondents: nothing known, eligible, ineligible."""
    place = {aapor.UNKNOWN: 0, aapor.ELIGIBLE: 1, aapor.INELIGIBLE: 2}
    others = [code for code in counts if aapor.group_of(code) in place]
    return sorted(others, key=lambda code: (place[aapor.group_of(code)], code or ""))


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
    together: defaultdict[Key, list[Tally]] = defaultdict(list)
    for one in tallies:
        together[key(one)].append(one.tally)
    return {name: _sum(several) for name, several in together.items()}


def total(tallies: Iterable[CellTally]) -> Tally:
    return _sum([one.tally for one in tallies])


def _sum(tallies: Sequence[Tally]) -> Tally:
    if len(tallies) == 1:  # most offices have one cell alone
        return tallies[0]
    n_by_outcome: Counter[str | None] = Counter()
    for tally in tallies:
        for outcome, n in tally.n_by_outcome.items():
            n_by_outcome[outcome] += n
    return Tally(n_by_outcome, sum(tally.n_main for tally in tallies))
