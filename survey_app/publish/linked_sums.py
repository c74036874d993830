"""What adds up to what in a publication, and what to hide so that no small figure can be worked out.

A province with all below it is one system of sums: an office is the sum of its months, of its counters, of
its fields and of its factors; a parent is the sum of its offices, for each measure and month. What adds up to
a published total without being published itself (answers at no counter, the index's items of no factor) is a
cell of the system too: a reader can subtract.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np

from analysis import CountRelations, protect_counts
from survey_app.models.publication import WHOLE
from survey_app.publish.breakdowns import month_name
from survey_app.publish.reported import Column
from survey_app.publish.suppression import INSIDE_MINIMUM, is_few

INDEX = "index"
# What is lost with a figure, by answer: the whole index of an office is what people come for.
COST_OF_INDEX, COST_OF_MEASURE, COST_OF_BREAKDOWN = 8.0, 3.0, 1.0


class CellKey(NamedTuple):
    """Names a figure of a publication and class; an unpublished remainder has a breakdown of its own."""

    office_id: int
    measure: str
    breakdown: str


@dataclass
class Cell:
    n_respondents: int
    n_answers: int
    is_published: bool = True
    hidden_inside: str | None = None  # in the release before; afterwards in this one
    hidden_in_public: str | None = None


class Hidden(NamedTuple):
    """Why a figure is not seen by staff, and by the public."""

    inside: str | None
    in_public: str | None


@dataclass(frozen=True)
class Structure:
    """What adds up to what, apart from the counts."""

    children: Mapping[int, Sequence[int]]  # of each parent
    formers: Mapping[int, Mapping[int, int]]  # of each heir: whose answers its months pool before which month
    fields: Mapping[str, str]  # breakdown of a counter → breakdown of its field
    columns: frozenset[Column]

    @cached_property
    def parts(self) -> dict[str, list[str]]:
        """Give the measures that add up to another: factors, or items that play no other part."""
        roles: dict[str, set[tuple[bool, str | None]]] = {}
        for column in self.columns:
            roles.setdefault(column.code, set()).add((column.in_index, column.factor))
        factors = {column.factor for column in self.columns if column.in_index and column.factor}
        of_factor = {
            f"factor:{factor}": sorted(
                f"item:{code}" for code, found in roles.items() if found == {(True, factor)}
            )
            for factor in factors
        }
        loose = [f"item:{code}" for code, found in roles.items() if found == {(True, None)}]
        return of_factor | {INDEX: sorted([*of_factor, *loose])}

    def n_items(self, measure: str) -> int:
        """Count the answers that one person may give to a measure."""
        if measure == INDEX:
            return sum(column.in_index for column in self.columns) or 1
        in_factor = (f"factor:{one.factor}" == measure and one.in_index for one in self.columns)
        return sum(in_factor) or 1


@dataclass
class System:
    """The cells of one province and class, and the relations between them."""

    structure: Structure
    cells: dict[CellKey, Cell]
    relations: list[tuple[CellKey, list[CellKey]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        whole = [key for key in self.cells if key.breakdown == WHOLE]
        own_months = self._own_months()
        for key in whole:
            self._relate(
                key, [key._replace(measure=part) for part in self.structure.parts.get(key.measure, ())]
            )
            self._relate(key, self._below(key, {}))
        by_office: dict[int, list[CellKey]] = {}
        for key in self.cells:
            if key.breakdown != WHOLE and self.cells[key].is_published:
                by_office.setdefault(key.office_id, []).append(key)
        for office_id, keys in by_office.items():
            self._relate_breakdowns(CellKey(office_id, INDEX, WHOLE), keys, own_months)

    def _own_months(self) -> dict[CellKey, CellKey]:
        """Name what an office itself adds to its months; where former offices are pooled, it is not shown."""
        own: dict[CellKey, CellKey] = {}
        for key in [key for key in self.cells if key.breakdown.startswith("month:")]:
            own[key] = key
            formers = self.structure.formers.get(key.office_id, {})
            names = {key._replace(office_id=one): month_name(before) for one, before in formers.items()}
            pooled = [one for one, before in names.items() if one in self.cells and key.breakdown < before]
            rest = self.cells[key].n_answers - sum(self.cells[one].n_answers for one in pooled)
            if pooled and rest >= 0 and key.office_id not in self.structure.children:
                own[key] = key._replace(breakdown=f"own {key.breakdown}")
                self._relate(key, pooled, rest=own[key])
        return own

    def _relate_breakdowns(
        self, whole: CellKey, keys: Sequence[CellKey], own_months: Mapping[CellKey, CellKey]
    ) -> None:
        by_kind: dict[str, list[CellKey]] = {"month": [], "counter": [], "field": []}
        for key in keys:
            by_kind[key.breakdown.partition(":")[0]].append(key)
        self._relate(whole, [own_months[key] for key in by_kind["month"] if own_months[key] in self.cells])
        self._relate(whole, by_kind["counter"])
        self._relate(whole, by_kind["field"])
        for field_key in by_kind["field"]:
            of_field = self.structure.fields
            counters = [
                one for one in by_kind["counter"] if of_field.get(one.breakdown) == field_key.breakdown
            ]
            self._relate(field_key, counters)
        for key in by_kind["month"]:
            self._relate(key, self._below(key, own_months))

    def _below(self, key: CellKey, own_months: Mapping[CellKey, CellKey]) -> list[CellKey]:
        below = [key._replace(office_id=one) for one in self.structure.children.get(key.office_id, ())]
        return [own_months.get(one, one) for one in below if one in self.cells]

    def _relate(self, total: CellKey, parts: Iterable[CellKey], rest: CellKey | None = None) -> None:
        """Note that parts make a total; what they lack is a cell that nobody publishes."""
        known = [part for part in parts if part in self.cells]
        if not known or total not in self.cells:
            return
        lacking = self.cells[total].n_answers - sum(self.cells[part].n_answers for part in known)
        if lacking < 0:  # a counter changed its field since these figures were made: they do not add up
            return
        if lacking:
            name = rest or total._replace(breakdown=f"rest {len(self.relations)} {total.breakdown}")
            self.cells[name] = Cell(lacking, lacking, is_published=False)
            known.append(name)
        self.relations.append((total, known))

    def decide(self, public_minimum: int) -> dict[CellKey, Hidden]:
        """Hide what is few, then what gives it away; the public never sees what staff do not see."""
        inside = self._hidden(INSIDE_MINIMUM, [cell.hidden_inside for cell in self.cells.values()])
        in_public = inside
        if public_minimum > INSIDE_MINIMUM:
            in_public = self._hidden(public_minimum, [cell.hidden_in_public for cell in self.cells.values()])
        return {
            key: Hidden(one, other or (one and "linked"))
            for key, cell, one, other in zip(self.cells, self.cells.values(), inside, in_public, strict=True)
            if cell.is_published
        }

    def _hidden(self, minimum: int, before: Sequence[str | None]) -> list[str | None]:
        cells = list(self.cells.values())
        counts = np.array([cell.n_answers for cell in cells], dtype=np.int64)
        few = [self._is_few(cell, key, minimum) for key, cell in self.cells.items()]
        wide = [minimum * self.structure.n_items(key.measure) for key in self.cells]
        # Hidden counts are to be open by the answers of so many people; a figure of enough people is not
        # small, however many of them skipped.
        least = np.where(few, wide, np.clip(counts, 1, wide))
        place = {key: number for number, key in enumerate(self.cells)}
        protection = protect_counts(
            counts,
            CountRelations.of(
                (place[total], [place[one] for one in parts]) for total, parts in self.relations
            ),
            least,
            sensitive=np.array(few, dtype=np.bool_) & (counts > 0),
            costs=np.array([_cost_of(key, cell) for key, cell in self.cells.items()]),
            keep_hidden=np.array([reason is not None for reason in before], dtype=np.bool_),
        )
        return [
            "few" if is_small else "linked" if is_hidden else None
            for is_small, is_hidden in zip(few, protection.hidden.tolist(), strict=True)
        ]

    def _is_few(self, cell: Cell, key: CellKey, minimum: int) -> bool:
        if cell.is_published:
            return is_few(cell.n_respondents, cell.n_answers, minimum)
        return cell.n_answers < minimum * self.structure.n_items(key.measure)


def _cost_of(key: CellKey, cell: Cell) -> float:
    if not cell.is_published:
        return 0.0
    if key.breakdown != WHOLE:
        return cell.n_answers * COST_OF_BREAKDOWN
    return cell.n_answers * (COST_OF_INDEX if key.measure == INDEX else COST_OF_MEASURE)
