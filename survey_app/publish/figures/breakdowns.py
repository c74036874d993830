"""Which rows of a dataset make which figure: whole offices, and their index by its parts.

Parts are months, counters, fields, and groups of drawn respondents by what they told of themselves.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Literal

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from survey_app.models.breakdown import WHOLE, counter_name, field_name, group_name, month_name
from survey_app.models.office import ServiceField
from survey_app.publish.figures.dataset import Booleans, Dataset
from survey_app.publish.figures.design import Integers

Kind = Literal["", "month", "counter", "field", "group"]


@dataclass(frozen=True, eq=False)
class Group:
    """Rows that are estimated in one pass: each is counted to an office and one of its parts."""

    kind: Kind
    rows: Booleans
    office: Integers
    part: Integers  # number of the month, counter, field or group of respondents; 0 for the whole
    question: "Question | None" = None  # that tells groups of respondents apart

    @classmethod
    def of(cls, dataset: Dataset, kind: Kind, rows: Booleans, office_id: int | None = None) -> "Group":
        """Count rows to one office, or each to its own."""
        part = getattr(dataset, kind)[rows] if kind else np.zeros(rows.sum(), dtype=np.int64)
        office = dataset.office[rows] if office_id is None else np.full(part.size, office_id)
        return cls(kind, rows, office, part)


@dataclass(frozen=True)
class Question:
    """A question that tells groups of respondents apart: its place in a profile, and its groups by number."""

    code: str
    place: int
    options: Sequence[str]  # as the form orders them
    first: int  # number of the first group; no two questions share any

    def group_of(self, dataset: Dataset) -> Integers:
        """Give each row the number of its group; 0 where the question was skipped, or nobody drawn."""
        number = {option: self.first + place for place, option in enumerate(self.options)}
        told = [number.get(profile[self.place], 0) if profile else 0 for profile in dataset.profiles]
        found: Integers = np.array(told, dtype=np.int64)[dataset.profile]
        return found

    @property
    def names(self) -> dict[int, str]:
        return {
            number: group_name(self.code, option)
            for number, option in enumerate(self.options, start=self.first)
        }


@dataclass(frozen=True)
class Scope:
    """The offices of which figures are made, each with all below it and with those it took over whole."""

    subtrees: Mapping[int, set[int]]
    formers: Mapping[int, set[int]]  # whom each office took over whole
    with_months: bool
    questions: Sequence[Question] = ()  # by which respondents are grouped

    @cached_property
    def offices(self) -> set[int]:
        return set().union(*self.subtrees.values(), *self.formers.values())

    @cached_property
    def parents(self) -> list[int]:
        return sorted(office_id for office_id, below in self.subtrees.items() if below != {office_id})

    @cached_property
    def heirs(self) -> list[int]:
        return sorted(office_id for office_id in self.subtrees if self.formers[office_id])

    def pooled_by(self, office_id: int) -> set[int]:
        """Give the former offices whose answers an office's months pool with its own; a parent pools none."""
        return set() if office_id in self.parents else self.formers[office_id]

    def groups(self, dataset: Dataset) -> Iterator[Group]:
        """Take the offices that have none below them in one pass, and parents that share no office in one."""
        wanted = np.isin(dataset.office, list(self.subtrees))
        leaves = wanted & ~np.isin(dataset.office, self.parents)
        yield Group.of(dataset, "", leaves)
        for parents in self._layers():
            yield self._pooled(dataset, parents)
        yield Group.of(dataset, "counter", wanted & (dataset.counter > 0))
        yield Group.of(dataset, "field", wanted & (dataset.field > 0))
        yield from self.months(dataset)
        for question in self.questions:
            yield from self._of_respondents(dataset, question)

    def _of_respondents(self, dataset: Dataset, question: Question) -> Iterator[Group]:
        """Count each row to the group of its respondents, at its own office and at all above."""
        told = question.group_of(dataset)
        wanted = np.isin(dataset.office, list(self.subtrees)) & ~np.isin(dataset.office, self.parents)
        own = wanted & (told > 0)
        yield Group("group", own, dataset.office[own], told[own], question)
        for parents in self._layers():
            pooled = self._pooled(dataset, parents)
            has_told = told[pooled.rows] > 0
            rows = pooled.rows & (told > 0)
            yield Group("group", rows, pooled.office[has_told], told[rows], question)

    def _layers(self) -> list[list[int]]:
        """Lay the parents so that of two, one above the other, each has a layer of its own."""
        n_above = dict.fromkeys(self.parents, 0)
        for parent in self.parents:
            for one in self.subtrees[parent] & n_above.keys():
                n_above[one] += 1
        layers: dict[int, list[int]] = {}
        for parent, place in n_above.items():
            layers.setdefault(place, []).append(parent)
        return [layers[place] for place in sorted(layers)]

    def _pooled(self, dataset: Dataset, parents: Iterable[int]) -> Group:
        """Count the rows below each of these parents to it."""
        parent_of = {one: parent for parent in parents for one in self.subtrees[parent]}
        offices, place = np.unique(dataset.office, return_inverse=True)
        of_office = np.array([parent_of.get(one, 0) for one in offices.tolist()], dtype=np.int64)[place]
        rows = of_office > 0
        return Group("", rows, of_office[rows], np.zeros(rows.sum(), dtype=np.int64))

    def months(self, dataset: Dataset) -> Iterator[Group]:
        """Count each office's rows, and those of whom it took over, to their months."""
        if not self.with_months:
            return
        leaves = np.isin(dataset.office, list(self.subtrees)) & ~np.isin(dataset.office, self.parents)
        alone = [one for one in self.heirs if one not in self.parents]
        yield Group.of(dataset, "month", leaves & ~np.isin(dataset.office, alone))
        for office_id in alone:
            rows = np.isin(dataset.office, [office_id, *self.formers[office_id]])
            yield Group.of(dataset, "month", rows, office_id)
        for parent in self.parents:
            yield Group.of(dataset, "month", np.isin(dataset.office, list(self.subtrees[parent])), parent)


class Names:
    """How a figure's row names its part."""

    def __init__(self, fields: Mapping[int, str], questions: Iterable[Question] = ()) -> None:
        self._fields = fields
        self._groups = {number: name for one in questions for number, name in one.names.items()}

    @classmethod
    def of_today(cls, session: Session) -> "Names":
        return cls(dict(session.execute(select(ServiceField.id, ServiceField.code)).all()))

    def of(self, kind: Kind, part: int) -> str:
        if kind == "month":
            return month_name(days_of_month(part)[0])
        if kind == "field":
            return field_name(self._fields[part])
        if kind == "group":
            return self._groups[part]
        return counter_name(part) if kind else WHOLE


def days_of_month(number: int) -> tuple[date, date]:
    """Give the first and the last day of a month by its number."""
    first = date(number // 12, number % 12 + 1, 1)
    return first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
