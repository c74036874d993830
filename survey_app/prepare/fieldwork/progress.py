"""How far a fieldwork is: what became of the invited units, by office, by stratum, by group of the weights.

A count here is of units, not an estimate. A spent token counts as complete, whatever was entered. Tokens are
counted by cell and come out of the units of which nothing is known, as long as there are any.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import ColumnElement, Select, bindparam, func, select
from sqlalchemy.orm import Session

from survey_app.models import aapor
from survey_app.models.access_point import AccessPoint
from survey_app.models.invitation import InvitationBatch, SpentCount
from survey_app.models.kept import Kept
from survey_app.models.sample import SMALLEST_CELL, Draw, SampleCell, SampledUnit, state_of_units
from survey_app.prepare.fieldwork.spent import EnteredUnits

Key = TypeVar("Key")
Entered = tuple[tuple[str | None, int], ...]  # how many of a cell have which outcome
KEPT_AT_ONCE = 2  # draws under way
_kept: Kept[dict[int, Entered]] = Kept(KEPT_AT_ONCE)
TALLIES_REMEMBERED = 8192
# As what a page counts outcomes; the rest is silent until now, unknown, or unable.
COUNTED_AS: Mapping[str | None, str] = {
    aapor.COMPLETE: "n_complete",
    aapor.PARTIAL: "n_partial",
    aapor.REFUSED: "n_refused",
    **dict.fromkeys(("2.2", aapor.NOT_SENT, aapor.CAME_BACK), "n_not_reached"),
    **{code: "n_ineligible" for code in aapor.OUTCOMES if aapor.group_of(code) == aapor.INELIGIBLE},
}


class Tally(NamedTuple):
    """How many units were invited, by what became of them: of thousands of cells, so plain numbers."""

    n_complete: int
    n_partial: int
    n_refused: int
    n_not_reached: int
    n_ineligible: int
    n_unknown: int  # the rest
    n_main: int  # units of the main lists, for how many answers are wanted

    @classmethod
    def of(cls, n_by_outcome: Mapping[str | None, int], n_main: int) -> "Tally":
        numbers = Counter(n_main=n_main)
        for code, n in n_by_outcome.items():
            numbers[COUNTED_AS.get(code, "n_unknown")] += n
        return cls._make(numbers[name] for name in cls._fields)

    @property
    def n_issued(self) -> int:
        return sum(self) - self.n_main

    @property
    def n_asked(self) -> int:
        """All but the ineligible."""
        return self.n_complete + self.n_partial + self.n_refused + self.n_not_reached + self.n_unknown

    @property
    def n_responded(self) -> int:
        return self.n_complete + self.n_partial

    @property
    def rates(self) -> tuple[float, float] | None:
        """Give RR1 and RR2: complete forms, and complete or partial ones, out of all but the ineligible.

        RR1 = I / ((I + P) + (R + NC + O) + (UH + UO)), RR2 with I + P above. Units of unknown eligibility
        count as eligible, so RR1 is the smallest rate that AAPOR defines, RR2 the smallest that counts
        partial forms. None where nobody was asked.
        """
        asked = self.n_asked
        return (self.n_complete / asked, self.n_responded / asked) if asked else None


NOBODY = Tally.of({}, 0)


class Part(NamedTuple):
    """What became of the units of all cells that have these three in common."""

    stratum: str
    weighting_cell: str
    delivery: str
    tally: Tally


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a table; `is_hidden` keeps everything but the number of invited units off the page."""

    name: str
    tally: Tally
    is_hidden: bool = False


@dataclass(frozen=True, slots=True)
class Progress:
    """What became of the invited units of a draw; of thousands of cells, a few parts are left to add up."""

    by_office: Mapping[int, Tally]
    parts: Sequence[Part]

    @property
    def total(self) -> Tally:
        return _sum([part.tally for part in self.parts])

    def by(self, column: str) -> dict[str, Tally]:
        """Add up by what parts have in common: `stratum`, `weighting_cell` or `delivery`."""
        together: defaultdict[str, list[Tally]] = defaultdict(list)
        for part in self.parts:
            together[getattr(part, column)].append(part.tally)
        return _sums(together)

    def groups(self, column: str) -> list[Line]:
        """Add up by stratum or by group of the weights; what fewer than five have in common is not shown.

        A group in which nearly all or nearly nobody answered would tell of each unit whether it did. If one
        line alone were hidden the sum of the others would give it away, so the smallest of the others goes
        with it.
        """
        added = sorted(self.by(column).items())
        hidden = {name for name, tally in added if _is_telling(tally)}
        others = sorted((tally.n_issued, name) for name, tally in added if name not in hidden)
        if len(hidden) == 1 and others:
            hidden.add(others[0][1])
        return [Line(name, tally, name in hidden) for name, tally in added]


def progress_of(
    session: Session, draw: Draw, units: EnteredUnits, *conditions: ColumnElement[bool]
) -> Progress:
    """Count the invited units of a draw by cell: a batch knows how many, and few have an outcome."""
    asked, of_draw = _invited_cells().where(*conditions), {"draw_id": draw.id}
    # Past the session, which would handle each row again.
    cells = session.connection().execute(asked, of_draw).all()
    entered = _kept.get(state_of_units(session, draw), lambda: _entered(session, draw))
    # Who was entered as a respondent and has used the invitation, too, gave one answer, not two.
    counted_twice = Counter(one.cell_id for one in units.respondents if one.number in units.answered)
    by_office: defaultdict[int, list[Tally]] = defaultdict(list)
    alike: defaultdict[tuple[str, str, str], list[Tally]] = defaultdict(list)
    for cell_id, office_id, stratum, group, delivery, n_issued, n_drawn, n_spent in cells:
        n_done = n_spent - counted_twice[cell_id]
        tally = _tally(n_issued, n_drawn, n_done, entered.get(cell_id, ()))
        by_office[office_id].append(tally)
        alike[stratum, group, delivery].append(tally)
    return Progress(_sums(by_office), [Part(*shared, tally) for shared, tally in _sums(alike).items()])


@cache
def _invited_cells() -> Select[*tuple[Any, ...]]:
    """Write the question once, which takes a tenth of the time of its answer."""
    cell, batch = SampleCell, InvitationBatch
    return (
        select(
            cell.id,
            AccessPoint.office_id,
            cell.stratum,
            cell.weighting_cell,
            batch.delivery,
            batch.n_issued,
            func.coalesce(cell.n_drawn, 0),
            func.coalesce(SpentCount.n_spent, 0),
        )
        .join(batch, batch.cell_id == cell.id)
        .join(AccessPoint, AccessPoint.id == batch.access_point_id)
        .outerjoin(SpentCount, SpentCount.batch_id == batch.id)
        .where(cell.draw_id == bindparam("draw_id"))
    )


@lru_cache(TALLIES_REMEMBERED)  # of thousands of small cells, many are alike
def _tally(n_issued: int, n_main: int, n_spent: int, entered: Entered) -> Tally:
    """Count spent tokens as complete, out of the units that are still open first, as the weights do."""
    counts: dict[str | None, int] = {aapor.COMPLETE: 0, None: n_issued, **dict(entered)}
    counts[None] -= sum(n for _code, n in entered)
    for code in _open_first(counts):
        taken = min(n_spent, counts[code])
        counts[code] -= taken
        counts[aapor.COMPLETE] += taken
        n_spent -= taken
    return Tally.of(counts, n_main)


def _entered(session: Session, draw: Draw) -> dict[int, Entered]:
    found: dict[int, Entered] = {}
    for outcome, cell_id, n in session.connection().execute(_outcomes(), {"draw_id": draw.id}).all():
        found[cell_id] = (*found[cell_id], (outcome, n)) if cell_id in found else ((outcome, n),)
    return found


@cache
def _outcomes() -> Select[str | None, int, int]:
    """Count in the order of the index of units with an outcome, where nothing is left to sort."""
    unit = SampledUnit
    has_one = (unit.draw_id == bindparam("draw_id"), unit.outcome.is_not(None))
    return (
        select(unit.outcome, unit.cell_id, func.count()).where(*has_one).group_by(unit.outcome, unit.cell_id)
    )


def _open_first(counts: Mapping[str | None, int]) -> list[str | None]:
    """Order the outcomes of those who are no respondents: nothing known, eligible, ineligible."""
    place = {aapor.UNKNOWN: 0, aapor.ELIGIBLE: 1, aapor.INELIGIBLE: 2}
    others = [code for code in counts if aapor.group_of(code) in place]
    return sorted(others, key=lambda code: (place[aapor.group_of(code)], code or ""))


def _is_telling(tally: Tally) -> bool:
    return min(tally.n_responded, tally.n_issued - tally.n_responded) < SMALLEST_CELL


def _sums(together: Mapping[Key, Sequence[Tally]]) -> dict[Key, Tally]:
    # Most offices have one cell alone.
    return {name: _sum(several) if len(several) > 1 else several[0] for name, several in together.items()}


def _sum(tallies: Sequence[Tally]) -> Tally:
    """Add up; of nobody, all is 0."""
    return Tally(*map(sum, zip(NOBODY, *tallies, strict=True)))
