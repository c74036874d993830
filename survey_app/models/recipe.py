"""The recipe of a frozen publication: all that its figures follow from, beside the snapshot of its answers.

It names nothing by the number of a row, so that two databases that hold the same give the same recipe; its id
is the SHA-256 of its canonical form.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from functools import cached_property
from typing import Any, Final, NamedTuple, Self

from survey_app.models.canonical import canonical

GROUPS_WITHHELD: Final = "groups_withheld"  # what a correction says, of itself and of those after it


class OfficeThen(NamedTuple):
    """An office as it was, with the code of the one above it."""

    code: str
    name: str
    kind: str
    parent: str | None
    begins: date
    ends: date | None


class InstrumentThen(NamedTuple):
    code: str
    version: int
    checksum: str


class CounterThen(NamedTuple):
    """A counter at which people could answer, and the one field that it served."""

    office: str
    label: str
    field: str | None


class UnitsThen(NamedTuple):
    """Units of a cell that was drawn here: those on its main lists, and what became of the issued ones."""

    n_drawn: int
    respondents: int
    other_eligible: int
    unknown: int
    ineligible: int

    @property
    def n_issued(self) -> int:
        return sum(self[1:])


class CellThen(NamedTuple):
    """A stratum × PSU × weighting cell of the drawn sample, also one in which nobody answered."""

    stratum: str
    psu: str
    weighting_cell: str
    weight: float  # the mean design weight of its main units; the given one where it was drawn elsewhere
    units: UnitsThen | None  # none: drawn elsewhere


class MarginThen(NamedTuple):
    """Known totals of a variable by level, and the question of the form that people answered it with."""

    variable: str
    question: str
    totals: tuple[tuple[str, float], ...]


class WeightingThen(NamedTuple):
    """What is done to the base weights: for nonresponse in cells drawn here, raking, trimming."""

    smallest_cell: int  # answers that a nonresponse cell holds at least
    margins: tuple[MarginThen, ...]
    trimmed_below: float | None  # as multiples of the mean weight
    trimmed_above: float | None


class GroupsThen(NamedTuple):
    """What tells groups of respondents apart, and the question of the form that people answered it with."""

    variable: str
    question: str


class DossiersThen(NamedTuple):
    """Dossiers that an office settled in a month; without a field, all of them."""

    office: str
    month: date
    field: str | None
    n_settled: int


class Earlier(NamedTuple):
    """The wave that changes are counted from."""

    recipe_id: str
    sampling_basis: str
    instrument: InstrumentThen


class Correction(NamedTuple):
    """The publication of the same campaign that this one stands beside, why, and what was otherwise."""

    recipe_id: str
    reason: str
    changed: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Options:
    """How figures are made of answers."""

    sampling_basis: str
    minimum_n: int
    target: float
    level: float
    adjustment: str
    interval_method: str
    lone_psu: str


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Cells and instruments stand in order: rows of a snapshot name them by their place."""

    campaign: str
    covers_from: date
    covers_until: date
    published_on: date
    method_version: str
    data_hash: str
    options: Options
    instrument: str  # the checksum of the version whose labels and parts stand
    instruments: tuple[InstrumentThen, ...]
    offices: tuple[OfficeThen, ...]
    taking_part: tuple[str, ...]  # codes of the offices where the campaign could be answered
    counters: tuple[CounterThen, ...]
    cells: tuple[CellThen, ...]
    dossiers: tuple[DossiersThen, ...]
    weighting: WeightingThen | None = None  # none: base weights as they stand
    earlier: Earlier | None = None
    corrects: Correction | None = None
    groups: tuple[GroupsThen, ...] = ()  # of drawn respondents, whose figures stand by themselves

    @property
    def questions(self) -> list[str]:
        """Name the questions whose answers make a profile, in the order of the snapshot's profiles."""
        return profile_questions(self.weighting, self.groups)

    @property
    def shows_groups(self) -> bool:
        """Whether groups have figures; a correction of other answers has none."""
        return bool(self.groups) and not (self.corrects and GROUPS_WITHHELD in self.corrects.changed)

    def to_json(self) -> str:
        """Write the canonical form: the same recipe is always the same text, as before there were groups."""
        names = self.__dataclass_fields__ if self.groups else self.__dataclass_fields__.keys() - {"groups"}
        parts = {name: getattr(self, name) for name in names}
        return canonical(parts | {"options": asdict(self.options)})

    @classmethod
    def from_json(cls, text: str) -> Self:
        plain = json.loads(text)
        names = ("covers_from", "covers_until", "published_on")
        days = {name: date.fromisoformat(plain[name]) for name in names}
        earlier, corrects = plain["earlier"], plain["corrects"]
        found = {
            "options": Options(**plain["options"]),
            "instruments": tuple(InstrumentThen(*one) for one in plain["instruments"]),
            "offices": tuple(OfficeThen(*one[:4], *map(_day, one[4:])) for one in plain["offices"]),
            "taking_part": tuple(plain["taking_part"]),
            "counters": tuple(CounterThen(*one) for one in plain["counters"]),
            "cells": tuple(_cell(*one) for one in plain["cells"]),
            "dossiers": tuple(
                DossiersThen(office, date.fromisoformat(month), *counted)
                for office, month, *counted in plain["dossiers"]
            ),
            "weighting": plain["weighting"] and _weighting(*plain["weighting"]),
            "earlier": earlier and Earlier(earlier[0], earlier[1], InstrumentThen(*earlier[2])),
            "corrects": corrects and Correction(*corrects),
            "groups": tuple(GroupsThen(*one) for one in plain.get("groups", ())),
        }
        return cls(**plain | days | found)

    @cached_property
    def recipe_id(self) -> str:
        return id_of(self.to_json())


def profile_questions(weighting: WeightingThen | None, groups: Sequence[GroupsThen]) -> list[str]:
    """Give what weights are raked by, margin for margin, then what tells groups apart besides."""
    raked = [one.question for one in weighting.margins] if weighting else []
    return [*raked, *(one.question for one in groups if one.question not in raked)]


def id_of(canonical_text: str) -> str:
    return hashlib.sha256(canonical_text.encode()).hexdigest()


def _cell(*told: Any) -> CellThen:
    cell = CellThen(*told)
    return cell._replace(units=cell.units and UnitsThen(*cell.units))


def _weighting(smallest_cell: int, margins: Sequence[Any], *trimmed: float | None) -> WeightingThen:
    found = (
        MarginThen(variable, question, tuple((level, total) for level, total in totals))
        for variable, question, totals in margins
    )
    return WeightingThen(smallest_cell, tuple(found), *trimmed)


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
