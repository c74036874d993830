"""Whether somebody who compares a correction with an earlier publication learns about one to four people.

What a total has besides the figures shown below it is a sum over some people. Where an office was moved, a
counter got another field, weights were changed or answers came, two publications have that sum over other
people, or with other weights. One of the two times any number, less the other: those whose weights differ by
just that number fall out. So whoever is left must be nobody or enough, for each such number and each total
that both show; for who came with the second no number is large enough, and for who left none small enough.

A figure that one of the two shows is known in both if it rests on the same answers in the same proportions.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from survey_app.models.breakdown import COUNTER, FIELD, INDEX, WHOLE, kind_of, part_of
from survey_app.models.office_tree import Tree
from survey_app.publish.counting.reported import Column
from survey_app.publish.figures.dataset import Booleans, Dataset
from survey_app.publish.figures.design import Floats, Integers
from survey_app.publish.releasing.due import BATCH

CAME, LEFT = np.inf, -np.inf  # in the place of a factor's logarithm; where there are several, not a number
DIGITS = 9  # to which two factors are the same

_Atom: TypeAlias = tuple[Any, ...]  # office, counter, cell, raking profile


class Key(NamedTuple):
    """Names a figure of a class: the office by its code, a counter by its label."""

    office: str
    measure: str
    breakdown: str = WHOLE


@dataclass(frozen=True, eq=False)
class Told:
    """A class of a publication: its counts, by which names, and which figures staff see."""

    dataset: Dataset
    parents: Mapping[str, str | None]  # of the offices
    offices: Sequence[str]  # these, as the dataset numbers them from one
    counters: Sequence[str]  # their labels, likewise
    fields: Sequence[str]
    cells: Sequence[tuple[str, ...]]
    questions: Sequence[str]  # by which its weights are raked
    shown: frozenset[Key]

    def counted(self, columns: Sequence[Column], by_profile: bool) -> dict[_Atom, "_Counted"]:
        data = self.dataset
        valid = np.zeros((data.office.size, len(columns)), dtype=np.int64)
        valid[:, [columns.index(one) for one in data.columns]] = data.valid
        names = (self.offices, ("", *self.counters), ("", *self.cells), ("", *self.fields))
        found: dict[_Atom, _Counted] = {}
        rows = zip(data.office, data.counter, data.cell, data.field, data.profile, data.weight, strict=True)
        for place, (office, counter, cell, field, profile, weight) in enumerate(rows):
            told = data.profiles[profile] if by_profile else ()
            atom = names[0][office - 1], names[1][counter], names[2][cell], told
            one = found.get(atom)
            if one is None:
                found[atom] = _Counted(names[3][field], valid[place], weight)
            else:
                same = weight if abs(weight / one.weight - 1) < 10**-DIGITS else np.nan
                found[atom] = _Counted(one.field, one.valid + valid[place], same)
        return found


class _Counted(NamedTuple):
    field: str
    valid: Integers
    weight: float  # not a number where there are several


def told_apart(before: Told, after: Told) -> Iterator[tuple[str, set[str]]]:
    """Name each office of which two publications tell one to four people, and the offices of these."""
    people = _People.of(before, after)
    if people is not None:
        yield from _Comparison(people, before, after).find()


@dataclass(frozen=True, eq=False)
class _People:
    """All people of both, put together by what they have in common and by which factor their weights differ."""

    office: NDArrayOfText
    counter: NDArrayOfText
    fields: tuple[NDArrayOfText, NDArrayOfText]  # of the counter, then and now
    factor: Floats
    valid: Integers  # (people, columns)
    measures: Mapping[str, Sequence[int]]

    @classmethod
    def of(cls, before: Told, after: Told) -> "_People | None":
        columns = list(dict.fromkeys((*before.dataset.columns, *after.dataset.columns)))
        by_profile = before.questions == after.questions
        then, now = before.counted(columns, by_profile), after.counted(columns, by_profile)
        nobody = _Counted("", np.zeros(len(columns), dtype=np.int64), np.nan)
        rows = [
            (*atom[:2], one.field, other.field, factor, valid)
            for atom in sorted(then.keys() | now.keys())
            for one, other in [(then.get(atom, nobody), now.get(atom, nobody))]
            for factor, valid in _parts(one, other)
            if valid.any()
        ]
        if not rows:
            return None
        office, counter, field_then, field_now, factors, valid = zip(*rows, strict=True)
        ...
