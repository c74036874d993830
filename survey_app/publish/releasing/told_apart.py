"""Whether somebody who compares two publications of a campaign learns about one to four people.

What a total has besides the figures shown below it is a sum over some people. Where an office was moved, a
counter got another field, weights were changed or answers came, two publications have that sum over other
people, or with other weights. One of the two times any number, less the other: those whose weights differ by
just that number fall out. So whoever is left must be nobody or enough, for each such number and each total
that both show; for who came with the second no number is large enough, and for who left none small enough.

A figure that one of the two shows is known in both if it rests on the same answers in the same proportions.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import numpy as np

from survey_app.models.breakdown import COUNTER, FIELD, INDEX, WHOLE, kind_of
from survey_app.models.recipe import Recipe
from survey_app.publish.counting.reported import Column
from survey_app.publish.figures.dataset import Dataset
from survey_app.publish.figures.design import Floats, Integers
from survey_app.publish.releasing.due import BATCH

CAME, LEFT = np.inf, -np.inf  # in the place of a factor's logarithm; where there are several, not a number
DIGITS = 9  # to which two factors are the same

Office = str  # its code
_Atom = tuple[Office, str, tuple[str, ...], tuple[str, ...]]  # counter, cell and raking profile beside


class Key(NamedTuple):
    """Names a figure of a class; a counter by its label."""

    office: Office
    measure: str
    breakdown: str = WHOLE


class _Counted(NamedTuple):
    field: str  # of the counter
    valid: Integers  # answers by column
    weight: float  # not a number where there are several

    def and_more(self, other: "_Counted") -> "_Counted":
        weight = self.weight if _factor(self.weight, other.weight) == 0 else np.nan
        return _Counted(self.field, self.valid + other.valid, weight)


NOBODY = _Counted("", np.zeros(1, dtype=np.int64), np.nan)


@dataclass(frozen=True, eq=False)
class Told:
    """A class of a publication: its recipe, its counts with their weights, and the figures that staff see."""

    recipe: Recipe
    dataset: Dataset
    shown: frozenset[Key]

    @property
    def questions(self) -> list[str]:
        weighting = self.recipe.weighting
        return [one.question for one in weighting.margins] if weighting else []

    def count(self, columns: Sequence[Column], by_profile: bool) -> dict[_Atom, _Counted]:
        data, recipe = self.dataset, self.recipe
        valid = np.zeros((data.office.size, len(columns)), dtype=np.int64)
        valid[:, [columns.index(one) for one in data.columns]] = data.valid
        counters = [("", ""), *((one.label, one.field or "") for one in recipe.counters)]
        cells: list[tuple[str, ...]] = [(), *(one[:3] for one in recipe.cells)]
        found: dict[_Atom, _Counted] = {}
        keys = zip(data.office, data.counter, data.cell, data.profile, strict=True)
        for row, (office, counter, cell, profile) in enumerate(keys):
            label, field = counters[counter]
            told = tuple(data.profiles[profile]) if by_profile else ()
            atom = (recipe.offices[office - 1].code, label, cells[cell], told)
            more = _Counted(field, valid[row], float(data.weight[row]))
            one = found.get(atom)
            found[atom] = more if one is None else one.and_more(more)
        return found

    def children(self) -> dict[Office, list[Office]]:
        children: dict[Office, list[Office]] = {}
        for one in self.recipe.offices:
            if one.parent is not None:
                children.setdefault(one.parent, []).append(one.code)
        return children


def _factor(before: float, after: float) -> float:
    return round(float(np.log(after / before)), DIGITS)


@dataclass(frozen=True, eq=False)
class _People:
    """All people of both, put together by what they have in common, with the factor of their weights."""

    office: Sequence[Office]
    counter: Sequence[str]
    fields: tuple[Sequence[str], Sequence[str]]  # of the counter, then and now
    factor: Floats
    valid: Integers  # (people, columns)

    @classmethod
    def of(cls, before: Told, after: Told, columns: Sequence[Column]) -> "_People":
        by_profile = before.questions == after.questions
        then, now = before.count(columns, by_profile), after.count(columns, by_profile)
        rows = []
        for atom in sorted(then.keys() | now.keys()):
            one, other = then.get(atom, NOBODY), now.get(atom, NOBODY)
            both = np.minimum(one.valid, other.valid)
            parts = (
                (_factor(one.weight, other.weight), both),
                (LEFT, one.valid - both),
                (CAME, other.valid - both),
            )
            rows += [(*atom[:2], one.field, other.field, *part) for part in parts if np.any(part[1])]
        office, counter, was, now_is, factor, valid = zip(*rows, strict=True) if rows else ((),) * 6
        table = np.array(valid, dtype=np.int64).reshape(-1, len(columns))
        return cls(office, counter, (was, now_is), np.array(factor, dtype=np.float64), table)


class Comparison:
    """Two publications, the earlier one first, and what is known of each by both."""

    def __init__(self, before: Told, after: Told) -> None:
        self._shown = (before.shown, after.shown)
        columns = list(dict.fromkeys((*before.dataset.columns, *after.dataset.columns)))
        self._places = {
            measure: [columns.index(data.columns[place]) for place in places]
            for data in (before.dataset, after.dataset)
            for measure, places in data.measures().items()
        }
        self._people = people = _People.of(before, after, columns)
        self._children = (before.children(), after.children())
        rows: dict[Office, list[int]] = {}
        for row, office in enumerate(people.office):
            rows.setdefault(office, []).append(row)
        self._rows = {office: np.array(found) for office, found in rows.items()}
        self._is_in = (people.factor != CAME, people.factor != LEFT)
        self._is_known = cache(self._find_known)

    def find_few(self) -> Iterator[tuple[Office, set[Office]]]:
        """Name each office with a total that tells of a few people, and the offices of these."""
        by_total: dict[tuple[Office, str], list[str]] = {}
        for key in sorted(self._shown[0] & self._shown[1]):
            by_total.setdefault((key.office, key.breakdown), []).append(key.measure)
        changed = self._changed()
        for (office, breakdown), measures in by_total.items():
            if office in changed:
                few = set().union(*self._few_of(office, breakdown, measures))
                if few:
                    yield office, few

    def _changed(self) -> set[Office]:
        """Name the offices of which anything is otherwise, and those above them."""
        people = self._people
        stirred = {key.office for key in self._shown[0] ^ self._shown[1]}
        told = zip(people.office, people.factor.tolist(), *people.fields, strict=True)
        stirred |= {office for office, factor, was, now_is in told if factor != 0 or was != now_is}
        parents = [
            {one: parent for parent, below in children.items() for one in below}
            for children in self._children
        ]
        stirred |= {one for one in parents[0].keys() | parents[1].keys() if _differ(parents, one)}
        stirred |= {parent[one] for one in stirred for parent in parents if one in parent}
        found: set[Office] = set()
        while stirred:
            found |= stirred
            stirred = {parent[one] for one in stirred for parent in parents if one in parent} - found
        return found

    def _few_of(self, office: Office, breakdown: str, measures: Iterable[str]) -> Iterator[set[Office]]:
        by_open: dict[tuple[frozenset[Office], ...], list[str]] = {}
        for measure in measures:
            offices = tuple(self._open(side, Key(office, measure, breakdown)) for side in (0, 1))
            by_open.setdefault(offices, []).append(measure)
        for offices, some in by_open.items():
            then, now = (self._rows_of(side, offices[side], breakdown) for side in (0, 1))
            yield from self._few_among(then, now, some)
            if INDEX in some:
                for kind in (COUNTER, FIELD):
                    left = self._less_known(0, office, then, kind), self._less_known(1, office, now, kind)
                    yield from self._few_among(*left, [INDEX])

    def _few_among(self, before: Integers, after: Integers, measures: Iterable[str]) -> Iterator[set[Office]]:
        """Take away those of each factor in turn, and see who is left."""
        people, rows = self._people, np.union1d(before, after)
        came, went = ~np.isin(rows, before), ~np.isin(rows, after)
        factor = np.select([came, went], [CAME, LEFT], people.factor[rows])
        factors, place = np.unique(factor, return_inverse=True)
        sums = np.zeros((factors.size, people.valid.shape[1]), dtype=np.int64)
        np.add.at(sums, place, people.valid[rows])
        total = sums.sum(axis=0)
        one_factor = ~np.isnan(factors)
        factors = np.append(factors[one_factor], [CAME, LEFT])
        others = np.vstack([total - sums[one_factor], total, total])
        others[-2:][np.isin([CAME, LEFT], factors[:-2])] = 0  # they are among the sums
        for measure in measures:
            columns = self._places[measure]
            n = others[:, columns].max(axis=1)
            for few in factors[(n > 0) & (n < BATCH)].tolist():
                told = rows[(factor != few) & people.valid[rows][:, columns].any(axis=1)]
                yield {people.office[row] for row in told.tolist()}

    def _open(self, side: int, key: Key) -> frozenset[Office]:
        """Name the office and those below it that are in no known figure below it."""
        found: set[Office] = set()
        waiting = [key.office]
        while waiting:
            office = waiting.pop()
            found.add(office)
            if key.breakdown == WHOLE:
                below = self._children[side].get(office, ())
                waiting += (one for one in below if not self._is_known(side, key._replace(office=one)))
        return frozenset(found)

    def _rows_of(self, side: int, offices: Iterable[Office], breakdown: str) -> Integers:
        """Give who answered at some offices, at one counter or in one field of them."""
        found = [self._rows[one] for one in sorted(offices) if one in self._rows]
        rows: Integers = np.concatenate([np.empty(0, dtype=np.int64), *found])
        rows = rows[self._is_in[side][rows]]
        if breakdown != WHOLE:
            is_there = [self._part(side, row, kind_of(breakdown)) == breakdown for row in rows.tolist()]
            rows = rows[np.array(is_there, dtype=np.bool_)]
        return rows

    def _part(self, side: int, row: int, kind: str) -> str:
        people = self._people
        part = people.counter[row] if kind == COUNTER else people.fields[side][row]
        return f"{kind}{part}"

    def _less_known(self, side: int, office: Office, rows: Integers, kind: str) -> Integers:
        """Leave out the counters or fields of an office that are known."""
        open_rows = [
            row
            for row in rows.tolist()
            if self._people.office[row] != office
            or not self._is_known(side, Key(office, INDEX, self._part(side, row, kind)))
        ]
        return np.array(open_rows, dtype=np.int64)

    def _find_known(self, side: int, key: Key) -> bool:
        return key in self._shown[side] or (key in self._shown[1 - side] and self._is_same(key))

    def _is_same(self, key: Key) -> bool:
        then, now = (self._rows_of(side, self._subtree(side, key), key.breakdown) for side in (0, 1))
        return np.array_equal(then, now) and np.unique(self._people.factor[then]).size <= 1

    def _subtree(self, side: int, key: Key) -> set[Office]:
        found = {key.office}
        waiting = [key.office] if key.breakdown == WHOLE else []
        while waiting:
            below = self._children[side].get(waiting.pop(), ())
            found.update(below)
            waiting += below
        return found


def _differ(parents: Sequence[dict[Office, Office]], office: Office) -> bool:
    return parents[0].get(office) != parents[1].get(office)
