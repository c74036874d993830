"""All people of several publications of a campaign, put together by what they have in common.

Raked weights of a country change all at once, so people are kept as columns, one number a name.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from survey_app.models.breakdown import WHOLE
from survey_app.models.recipe import Recipe
from survey_app.publish.counting.reported import Column
from survey_app.publish.figures.dataset import Dataset
from survey_app.publish.figures.design import Floats, Integers

Office = str  # its code
Name = TypeVar("Name")
Counts = NDArray[np.int32]

PLACES_AT_ONCE = 20_000  # whose answers are looked at together


class Key(NamedTuple):
    """Names a figure of a class; a counter by its label."""

    office: Office
    measure: str
    breakdown: str = WHOLE


class Named(NamedTuple, Generic[Name]):
    """Names, each once, and which of them each row has."""

    names: Sequence[Name]
    code: Integers


@dataclass(frozen=True, eq=False)
class Told:
    """A class of a publication: its recipe, its counts with their weights, and the figures that staff see."""

    recipe: Recipe
    dataset: Dataset
    shown: frozenset[Key]

    def children(self) -> dict[Office, list[Office]]:
        children: dict[Office, list[Office]] = {}
        for one in self.recipe.offices:
            if one.parent is not None:
                children.setdefault(one.parent, []).append(one.code)
        return children

    def fields(self) -> Named[str]:
        return Named(["", *(one.field or "" for one in self.recipe.counters)], self.dataset.counter)

    def places(self, questions: Sequence[str]) -> "_Places":
        """Tell where each row's people answered, and what they told of themselves by these questions."""
        data, recipe = self.dataset, self.recipe
        asked = [recipe.questions.index(one) for one in questions]
        profiles = [tuple(one[place] for place in asked) if one else () for one in data.profiles]
        return _Places(
            Named([one.code for one in recipe.offices], data.office - 1),
            Named(["", *(one.label for one in recipe.counters)], data.counter),
            Named([(), *(one[:3] for one in recipe.cells)], data.cell),
            Named(profiles, data.profile),
        )


class _Places(NamedTuple):
    """What people of one place have in common: they answered there, and told the same of themselves."""

    office: Named[Office]
    counter: Named[str]
    cell: Named[tuple[str, ...]]
    told: Named[tuple[str, ...]]

    @classmethod
    def of(cls, parts: Sequence["_Places"]) -> "_Places":
        """Put the rows of several publications below one another, under the same names."""
        return cls(*(_below_one_another(column) for column in zip(*parts, strict=True)))

    def numbers(self) -> Integers:
        """Give each row the number of its place."""
        number = self.office.code
        for other in self[1:]:
            number = np.unique(number * len(other.names) + other.code, return_inverse=True)[1]
        return number


def _below_one_another(parts: Sequence[Named[Name]]) -> Named[Name]:
    number: dict[Name, int] = {}
    codes = [
        np.array([number.setdefault(name, len(number)) for name in one.names], dtype=np.int64)[one.code]
        for one in parts
    ]
    return Named(list(number), np.concatenate(codes))


class _Answers(NamedTuple):
    """Answers at some places by column."""

    valid: Integers
    satisfied: Integers


@dataclass(frozen=True, eq=False)
class _Counted:
    """The answers of a publication, to be added up by place."""

    dataset: Dataset
    columns: Sequence[int]  # where its columns stand among those of all publications
    order: Integers  # its rows by place
    place: Integers  # in this order

    @classmethod
    def of(cls, told: Told, place: Integers, columns: Sequence[Column]) -> "_Counted":
        order = np.argsort(place, kind="stable")
        places = [columns.index(one) for one in told.dataset.columns]
        return cls(told.dataset, places, order, place[order])

    @property
    def first(self) -> Integers:
        """Give where among the rows each place begins at which anybody answered."""
        return np.flatnonzero(np.diff(self.place, prepend=-1))

    def weights(self, n_places: int) -> Floats:
        """Give the weight of who is at each place; not a number where they have several, or are nobody."""
        found, weight = np.full(n_places, np.nan), self.dataset.weight[self.order]
        found[self.place[self.first]] = weight[self.first]
        is_other = ~np.isclose(found[self.place], weight, rtol=1e-9, atol=0)
        found[self.place[is_other]] = np.nan
        return found

    def answers(self, start: int, stop: int, n_columns: int) -> _Answers:
        """Add up the answers at some places."""
        rows = slice(*np.searchsorted(self.place, (start, stop)).tolist())
        place = self.place[rows] - start
        first = np.flatnonzero(np.diff(place, prepend=-1))
        tables = np.zeros((2, stop - start, n_columns), dtype=np.int64)
        if first.size:
            data, cells = self.dataset, np.ix_(place[first], np.array(self.columns))
            for table, counts in zip(tables, (data.valid, data.satisfied), strict=True):
                table[cells] = np.add.reduceat(counts[self.order[rows]], first)
        return _Answers(*tables)


@dataclass
class _Stay:
    """People of some places who came with one publication and left together, if they did."""

    first: int
    valid: Integers
    satisfied: Integers

    def split(self, lost: Integers, lost_satisfied: Integers) -> "_Stay":
        """Let as many leave as stand here, at the most."""
        valid = np.minimum(self.valid, lost)
        fewest = np.maximum(0, valid - (self.valid - self.satisfied))
        satisfied = np.clip(lost_satisfied, fewest, np.minimum(valid, self.satisfied))
        self.valid, self.satisfied = self.valid - valid, self.satisfied - satisfied
        return _Stay(self.first, valid, satisfied)


def _stays(counts: Sequence[_Answers]) -> Iterator[tuple[_Stay, int]]:
    """Tell who stood in which publications, by their numbers alone, with the first that lacks them.

    An office loses none once it has gained (`taking.py`), so its numbers leave no doubt. Were they to rise
    and fall, who came last is taken to have left.
    """
    standing: list[_Stay] = []
    before = _Answers(counts[0].valid * 0, counts[0].satisfied * 0)
    for number, now in enumerate(counts):
        more, more_satisfied = now.valid - before.valid, now.satisfied - before.satisfied
        lost, lost_satisfied = np.maximum(0, -more), np.where(more < 0, -more_satisfied, 0)
        for stay in reversed(standing):
            left = stay.split(lost, lost_satisfied)
            lost, lost_satisfied = lost - left.valid, lost_satisfied - left.satisfied
            yield left, number
        gained = np.maximum(0, more)
        came_satisfied = np.clip(np.where(more > 0, more_satisfied, 0), 0, gained)
        standing.append(_Stay(number, gained, came_satisfied))
        before = now
    for stay in standing:
        yield stay, len(counts)


class _Stood(NamedTuple):
    """People of a place who stood in the same publications, one after the other, by row."""

    place: Integers
    first: Integers
    end: Integers
    valid: Counts
    satisfied: Counts

    @classmethod
    def of(cls, counted: Sequence[_Counted], n_places: int, n_columns: int) -> "_Stood":
        """Look at some places after the other, which bounds the memory."""
        starts = range(0, max(n_places, 1), PLACES_AT_ONCE)
        found = [
            row
            for start in starts
            for row in cls._between(counted, start, min(start + PLACES_AT_ONCE, n_places), n_columns)
        ]
        return cls(*(np.concatenate(column) for column in zip(*found, strict=True)))

    @classmethod
    def _between(
        cls, counted: Sequence[_Counted], start: int, stop: int, n_columns: int
    ) -> Iterator["_Stood"]:
        for stay, end in _stays([one.answers(start, stop, n_columns) for one in counted]):
            rows = np.flatnonzero(stay.valid.any(axis=1))
            tables = (table[rows].astype(np.int32) for table in (stay.valid, stay.satisfied))
            yield cls(start + rows, np.full(rows.size, stay.first), np.full(rows.size, end), *tables)


@dataclass(frozen=True, eq=False)
class People:
    """Rows of people who share all that is told, and the publications in which they stand."""

    office: Named[Office]
    counter: Named[str]
    told: Mapping[str, Named[str]]
    """Of themselves, by the questions that all publications tell people apart by."""
    field: Named[str]
    """Of the counter: numbers as (people, publications)."""
    weight: Floats
    """(people, publications): 0 where they are not in it, not a number where they have several."""
    valid: Counts  # (people, columns)
    satisfied: Counts

    @classmethod
    def of(cls, publications: Sequence[Told], columns: Sequence[Column]) -> "People":
        first, *others = (one.recipe.questions for one in publications)
        questions = [one for one in first if all(one in other for other in others)]
        places = _Places.of([one.places(questions) for one in publications])
        number = places.numbers()
        ends = np.cumsum([one.dataset.office.size for one in publications])
        numbers = np.split(number, ends[:-1])
        counted = [_Counted.of(*one, columns) for one in zip(publications, numbers, strict=True)]
        n_places = int(number.max(initial=-1)) + 1
        stood = _Stood.of(counted, n_places, len(columns))
        row = np.unique(number, return_index=True)[1][stood.place]  # anybody who answered there
        told = Named(places.told.names, places.told.code[row])
        turn = np.arange(len(publications))
        is_in = (stood.first[:, None] <= turn) & (turn < stood.end[:, None])
        weight = np.stack([one.weights(n_places)[stood.place] for one in counted], axis=1)
        return cls(
            Named(places.office.names, places.office.code[row]),
            Named(places.counter.names, places.counter.code[row]),
            {one: _answers_to(place, told) for place, one in enumerate(questions)},
            _fields(publications, counted, stood.place),
            np.where(is_in, weight, 0.0),
            stood.valid,
            stood.satisfied,
        )


def _answers_to(place: int, told: Named[tuple[str, ...]]) -> Named[str]:
    return _below_one_another([Named([one[place] if one else "" for one in told.names], told.code)])


def _fields(publications: Sequence[Told], counted: Sequence[_Counted], place: Integers) -> Named[str]:
    """Name the fields of counters in each publication; empty where nobody answered, or it is not told."""
    parts = []
    for told, one in zip(publications, counted, strict=True):
        names, of_row = told.fields()
        code = np.zeros(place.max(initial=-1) + 1, dtype=np.int64)
        known = one.first[one.place[one.first] < code.size]
        code[one.place[known]] = of_row[one.order[known]]
        parts.append(Named(names, code[place]))
    found = _below_one_another(parts)
    return Named(found.names, found.code.reshape(len(parts), -1).T)
