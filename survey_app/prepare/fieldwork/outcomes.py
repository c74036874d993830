"""Outcomes of drawn units as staff note them: of one unit, or of many in a file that is looked at first."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from survey_app.models.aapor import OUTCOMES
from survey_app.models.audit import note_over
from survey_app.models.campaign import Campaign
from survey_app.models.sample import Draw, SampledUnit
from survey_app.prepare.fieldwork.spent import Invitee, answered, invitees_of

ENTERED = "fieldwork.outcomes"  # in the audit log


class Fault(StrEnum):
    """Why an outcome is not taken."""

    UNKNOWN_UNIT = "no invited unit of this campaign has this dossier or number"
    UNKNOWN_CODE = "no such outcome"
    BAD_DAY = "the day cannot be read"
    IN_FUTURE = "the day has not come yet"
    HAS_ANSWERED = "the invitation of this unit is used: it has answered"
    TWICE = "the unit stands in several lines that say different things"


@dataclass(frozen=True, slots=True)
class Stated:
    """What one line says; `day` is none where it cannot be read."""

    line: int
    unit: str
    outcome: str
    day: date | None


@dataclass(frozen=True, slots=True)
class Entry:
    """An outcome that can be taken."""

    number: int
    office_id: int
    outcome: str
    day: date
    is_new: bool  # another one, or none, stands there now


@dataclass(frozen=True, slots=True)
class Look:
    """What a list of outcomes would change, and what stands against its other lines."""

    entries: Sequence[Entry]
    faults: Sequence[tuple[int, str, Fault]]  # line, what it named, why

    @property
    def by_reason(self) -> dict[Fault, list[tuple[int, str]]]:
        """Give the lines that are not taken, those of one reason together; the most frequent comes first."""
        found: dict[Fault, list[tuple[int, str]]] = {}
        for line, unit, fault in self.faults:
            found.setdefault(fault, []).append((line, unit))
        return dict(sorted(found.items(), key=lambda one: -len(one[1])))


def look_at(
    session: Session, draw: Draw, stated: Sequence[Stated], today: date, secrets: Sequence[bytes]
) -> Look:
    """Compare what is stated with the invited units of a draw."""
    invitees = invitees_of(session, draw.id)
    by_unit = {one.unit: one for one in invitees}
    by_number = {str(one.number): one for one in invitees}
    named = [(one, by_unit.get(one.unit) or by_number.get(one.unit)) for one in stated]
    done = answered(session, [unit for _one, unit in named if unit is not None], secrets)
    several = _contradicted(named)
    entries: dict[int, Entry] = {}
    faults = []
    for one, unit in named:
        fault = _fault(one, unit, today, done, several)
        if fault is not None:
            faults.append((one.line, one.unit, fault))
        elif unit is not None and one.day is not None:
            is_new = unit.outcome != one.outcome
            entries[unit.number] = Entry(unit.number, unit.office_id, one.outcome, one.day, is_new)
    return Look(list(entries.values()), faults)


def _fault(one: Stated, unit: Invitee | None, today: date, done: set[int], several: set[int]) -> Fault | None:
    if unit is None:
        return Fault.UNKNOWN_UNIT
    checks = {
        Fault.UNKNOWN_CODE: one.outcome not in OUTCOMES,
        Fault.BAD_DAY: one.day is None,
        Fault.IN_FUTURE: one.day is not None and one.day > today,
        Fault.TWICE: unit.number in several,
        Fault.HAS_ANSWERED: unit.number in done,
    }
    return next((fault for fault, is_wrong in checks.items() if is_wrong), None)


def _contradicted(named: Iterable[tuple[Stated, Invitee | None]]) -> set[int]:
    """Give the numbers of the units of which several lines say different things."""
    said: dict[int, set[tuple[str, date | None]]] = {}
    for one, unit in named:
        if unit is not None:
            said.setdefault(unit.number, set()).add((one.outcome, one.day))
    return {number for number, several in said.items() if len(several) > 1}


def enter(
    session: Session, draw: Draw, entries: Sequence[Entry], now: datetime, staff_id: int | None
) -> None:
    """Store outcomes; a later one replaces what stood there."""
    if entries:
        campaign = session.get_one(Campaign, draw.campaign_id)
        what = f"{campaign.code}: ghi kết quả của {len(entries)} hồ sơ trong mẫu"
        note_over(session, now, staff_id, ENTERED, what, {entry.office_id for entry in entries})
        rows = [
            {"draw_id": draw.id, "number": one.number, "outcome": one.outcome, "outcome_on": one.day}
            for one in entries
        ]
        session.execute(update(SampledUnit), rows)


def find_unit(session: Session, draw: Draw, named: str) -> SampledUnit | None:
    """Find a drawn unit by its dossier's id, else by its number, which its letter shows."""
    of_draw = select(SampledUnit).where(SampledUnit.draw_id == draw.id)
    found = session.scalar(of_draw.where(SampledUnit.unit == named))
    if found is None and named.isascii() and named.isdecimal() and len(named) < 10:
        found = session.scalar(of_draw.where(SampledUnit.number == int(named)))
    return found
