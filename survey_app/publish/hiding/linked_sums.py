"""What adds up to what in a publication, and what to hide so that no small figure can be worked out.

A province with all below it is one system of sums: an office is the sum of its months, of its counters, of
its fields, of its factors, and of the groups of respondents by each question about themselves; a parent is
the sum of its offices, for each measure, month and group. What adds up to a published total without being
published itself (answers at no counter, the index's items of no factor, who skipped the question that tells
groups apart) is a cell of the system too: a reader can subtract.

A reader can also subtract one publication from the one before. What a cell would have given away there it
gives away here, if it did not change; so what was hidden and did not change stays hidden, and others hide it.
A running publication lets it go when nothing few is left that it is linked with: else two offices that are
released in turn would hide each other for good. What it then tells of the past follows as well from how the
totals grew, and is of five people at least (`batch.py`). A cell that was shown may still be hidden: against
who has read it nothing would help but to hide all totals above.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from functools import cached_property
from itertools import compress
from typing import NamedTuple

import numpy as np

from analysis import CountRelations, protect_counts
from survey_app.models.breakdown import (
    COUNTER,
    FIELD,
    GROUP,
    INDEX,
    MONTH,
    WHOLE,
    factor_name,
    group_of,
    item_name,
    kind_of,
)
from survey_app.publish.counting.reported import Column
from survey_app.publish.suppression import INSIDE_MINIMUM, is_few

# What is lost with a figure, by answer: the whole index of an office is what people come for.
COST_OF_INDEX, COST_OF_MEASURE, COST_OF_BREAKDOWN = 8.0, 3.0, 1.0


class CellKey(NamedTuple):
    """Names a figure of a publication and class; an unpublished remainder has a breakdown of its own."""

    office_id: int
    measure: str
    breakdown: str


@dataclass(frozen=True)
class Cell:
    n_people: int
    n_answers: int
    is_published: bool = True
    hidden_inside: str | None = None  # in the release before
    hidden_in_public: str | None = None
    is_unchanged: bool = False  # since the release before
    tells_of_few: bool = False  # of so few people of some weight, to whom reads it in public


class Hidden(NamedTuple):
    """Why a figure is not seen by staff, and by the public."""

    inside: str | None
    in_public: str | None


@dataclass(frozen=True)
class Structure:
    """What adds up to what, apart from the counts."""

    children: Mapping[int, Sequence[int]]  # of each parent
    formers: Mapping[int, Set[int]]  # of each heir: whose answers its months pool
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
            factor_name(factor): sorted(
                item_name(code) for code, found in roles.items() if found == {(True, factor)}
            )
            for factor in factors
        }
        loose = [item_name(code) for code, found in roles.items() if found == {(True, None)}]
        return of_factor | {INDEX: sorted([*of_factor, *loose])}

    def n_items(self, measure: str) -> int:
        """Count the answers that one person may give to a measure."""
        return self._n_items.get(measure, 1)

    @cached_property
    def _n_items(self) -> Counter[str]:
        counted = [one for one in self.columns if one.in_index]
        return Counter([*(INDEX for _ in counted), *(factor_name(one.factor or "") for one in counted)])


@dataclass
class System:
    """The cells of one province and class, and the relations between them."""

    structure: Structure
    cells: dict[CellKey, Cell]
    is_frozen: bool = False  # the publication before stays to be read beside this one
    relations: list[tuple[CellKey, list[CellKey]]] = field(default_factory=list)
    stale: set[CellKey] = field(default_factory=set)  # parts and totals that do not add up

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
        for key in [key for key in self.cells if kind_of(key.breakdown) == MONTH]:
            own[key] = key
            formers = self.structure.formers.get(key.office_id, ())
            pooled = [one for former in formers if (one := key._replace(office_id=former)) in self.cells]
            rest = self.cells[key].n_answers - sum(self.cells[one].n_answers for one in pooled)
            if pooled and rest >= 0 and key.office_id not in self.structure.children:
                own[key] = key._replace(breakdown=f"own {key.breakdown}")
                self._relate(key, pooled, rest=own[key])
        return own

    def _relate_breakdowns(
        self, whole: CellKey, keys: Sequence[CellKey], own_months: Mapping[CellKey, CellKey]
    ) -> None:
        by_kind: dict[str, list[CellKey]] = {MONTH: [], COUNTER: [], FIELD: [], GROUP: []}
        for key in keys:
            by_kind[kind_of(key.breakdown)].append(key)
        self._relate(whole, [own_months[key] for key in by_kind[MONTH] if own_months[key] in self.cells])
        self._relate(whole, by_kind[COUNTER])
        self._relate(whole, by_kind[FIELD])
        for field_key in by_kind[FIELD]:
            of_field = self.structure.fields
            counters = [one for one in by_kind[COUNTER] if of_field.get(one.breakdown) == field_key.breakdown]
            self._relate(field_key, counters)
        for question in {group_of(key.breakdown)[0]: None for key in by_kind[GROUP]}:
            self._relate(whole, [key for key in by_kind[GROUP] if group_of(key.breakdown)[0] == question])
        for key in (*by_kind[MONTH], *by_kind[GROUP]):
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
        if lacking < 0:  # an office was moved, or a counter changed its field, since these figures were made
            self.stale.update((total, *known))
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
            before = [cell.hidden_in_public for cell in self.cells.values()]
            tells = {key for key, cell in self.cells.items() if cell.tells_of_few}
            in_public = self._hidden(public_minimum, before, tells)
        return {
            key: Hidden(one, other or (one and "linked"))
            for key, cell, one, other in zip(self.cells, self.cells.values(), inside, in_public, strict=True)
            if cell.is_published
        }

    def _hidden(
        self, minimum: int, before: Sequence[str | None], tells: Set[CellKey] = frozenset()
    ) -> list[str | None]:
        cells = list(self.cells.values())
        counts = np.array([cell.n_answers for cell in cells], dtype=np.int64)
        few = [self._is_few(cell, key, minimum) or key in tells for key, cell in self.cells.items()]
        wide = [minimum * self.structure.n_items(key.measure) for key in self.cells]
        # Hidden counts are to be open by the answers of so many people; a figure of enough people is not
        # small, however many of them skipped.
        least = np.where(few, wide, np.clip(counts, 1, wide))
        held = self._held(set(compress(self.cells, few)), set(compress(self.cells, before)))
        place = {key: number for number, key in enumerate(self.cells)}
        protection = protect_counts(
            counts,
            CountRelations.of(
                (place[total], [place[one] for one in parts]) for total, parts in self.relations
            ),
            least,
            sensitive=np.array([one or key in held for key, one in zip(self.cells, few, strict=True)])
            & (counts > 0),
            costs=np.array([_cost_of(key, cell) for key, cell in self.cells.items()]),
            keep_hidden=np.array([reason is not None for reason in before], dtype=np.bool_),
        )
        return [
            "few" if is_small else "linked" if is_hidden else None
            for is_small, is_hidden in zip(few, protection.hidden.tolist(), strict=True)
        ]

    def _held(self, few: set[CellKey], hidden: set[CellKey]) -> set[CellKey]:
        """Name what was hidden and may not be shown, however large it is."""
        held = {key for key in hidden if self.cells[key].is_unchanged}
        if not self.is_frozen:
            held &= self._linked_with(few, hidden)
        # What these adds up to is not known: they hide as they did, until their figures are made anew.
        return held | (hidden & self.stale)

    def _linked_with(self, few: set[CellKey], hidden: set[CellKey]) -> set[CellKey]:
        """Follow the sums from what is few through all that was not seen before, or is never seen."""
        unseen = few | hidden | {key for key, cell in self.cells.items() if not cell.is_published}
        sums = [[one for one in (total, *parts) if one in unseen] for total, parts in self.relations]
        sums_of: dict[CellKey, list[int]] = {}
        for number, keys in enumerate(sums):
            for key in keys:
                sums_of.setdefault(key, []).append(number)
        found, waiting = set(few), list(few)
        while waiting:
            for number in sums_of.pop(waiting.pop(), ()):
                waiting += (key for key in sums[number] if key not in found)
                found.update(sums[number])
                sums[number] = []
        return found

    def _is_few(self, cell: Cell, key: CellKey, minimum: int) -> bool:
        if cell.is_published:
            return is_few(cell.n_people, minimum)
        return cell.n_answers < minimum * self.structure.n_items(key.measure)


def _cost_of(key: CellKey, cell: Cell) -> float:
    if not cell.is_published:
        return 0.0
    if key.breakdown != WHOLE:
        return cell.n_answers * COST_OF_BREAKDOWN
    return cell.n_answers * (COST_OF_INDEX if key.measure == INDEX else COST_OF_MEASURE)
