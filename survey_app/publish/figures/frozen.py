"""Snapshot and recipe → what figures are estimated from, whatever the tables of offices say today.

Offices, counters and fields are numbered here by their place in the recipe, from one.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import cache, cached_property
from typing import TypeVar

import numpy as np

from survey_app.models.definition import Definition
from survey_app.models.office import ALL_FIELDS
from survey_app.models.office_tree import Tree
from survey_app.models.recipe import Recipe
from survey_app.publish.counting.snapshot import Part, Snapshot
from survey_app.publish.figures.breakdowns import Names, Question, Scope
from survey_app.publish.figures.dataset import Dataset, Parts
from survey_app.publish.figures.design import Cell, Design
from survey_app.publish.figures.estimates import Surroundings
from survey_app.publish.figures.overlap import Side
from survey_app.publish.figures.population import Population
from survey_app.publish.figures.weights import Weighed, weigh

Name = TypeVar("Name")

PARTS_AT_ONCE = 200  # unpacked: some 2 kB a row


class Frozen:
    """A snapshot read by its recipe; `definitions` are by the checksum of their instrument version."""

    def __init__(self, snapshot: Snapshot, recipe: Recipe, definitions: Mapping[str, Definition]) -> None:
        self._snapshot, self._recipe = snapshot, recipe
        self._definitions = {
            number: definitions[one.checksum] for number, one in enumerate(recipe.instruments, start=1)
        }
        self.number_of_office = _numbered(one.code for one in recipe.offices)
        self.number_of_counter = _numbered((one.office, one.label) for one in recipe.counters)
        fields = {one.field for one in recipe.counters} | {one.field for one in recipe.dossiers}
        self._number_of_field = _numbered(sorted(one for one in fields if one is not None))
        self.weighed = cache(self._weigh)  # figures, and what they tell beside earlier ones, need it
        self._design = Design(
            Cell(number, one.stratum, one.psu, one.weight) for number, one in enumerate(recipe.cells, start=1)
        )

    @cached_property
    def parents(self) -> dict[int, int | None]:
        number_of = self.number_of_office
        return {
            number_of[one.code]: None if one.parent is None else number_of[one.parent]
            for one in self._recipe.offices
        }

    @cached_property
    def surroundings(self) -> Surroundings:
        recipe, taking_part = self._recipe, set(self._recipe.taking_part)
        population = Population(
            {
                self.number_of_office[one.code]: (one.begins, one.ends)
                for one in recipe.offices
                if one.code in taking_part
            },
            {
                (self.number_of_office[one.office], one.month, self._field(one.field)): one.n_settled
                for one in recipe.dossiers
            },
        )
        fields = {number: code for code, number in self._number_of_field.items()}
        names = Names(fields, self.questions)
        basis = recipe.options.sampling_basis
        is_drawn_here = any(one.units for one in recipe.cells)
        return Surroundings(names, population, self._definitions, basis, recipe.published_on, is_drawn_here)

    @cached_property
    def questions(self) -> list[Question]:
        """Give the questions that tell groups of respondents apart, with the options of all versions."""
        if not self._recipe.shows_groups:
            return []
        found: list[Question] = []
        for one in self._recipe.groups:
            first = found[-1].first + len(found[-1].options) if found else 1
            place = self._recipe.questions.index(one.question)
            found.append(Question(one.question, place, self._options_of(one.question), first))
        return found

    def _options_of(self, question: str) -> list[str]:
        items = (item for form in self._definitions.values() for item in form.items if item.code == question)
        options = (option for item in items for option in item.options if option.meaning == "answer")
        return list(dict.fromkeys(option.code for option in options))

    @property
    def versions_like_the_one_asked(self) -> list[Definition]:
        asked = next(one.code for one in self._recipe.instruments if one.checksum == self._recipe.instrument)
        return [one for one in self._definitions.values() if one.code == asked]

    def scope(self, provenance: str) -> Scope:
        """Say of whom a class has figures: who was answered, and all above them. A wave has no months."""
        tree = Tree(self.parents)
        answered = (self.number_of_office[part.office] for part in self._snapshot.of_class(provenance))
        subtrees = tree.subtrees(sorted(tree.with_ancestors(answered)))
        formers: dict[int, set[int]] = {one: set() for one in subtrees}
        return Scope(subtrees, formers, with_months=False, questions=self.questions)

    def side(self, provenance: str, dataset: Dataset) -> Side:
        """Give a class as it is compared with that of another wave."""
        code_of = {number: code for code, number in self.number_of_office.items()}
        subtrees = {code_of[one]: below for one, below in self.scope(provenance).subtrees.items()}
        return Side(dataset, [(one.stratum, one.psu) for one in self._recipe.cells], subtrees)

    @property
    def classes(self) -> list[str]:
        return self._snapshot.classes

    def _weigh(self, provenance: str) -> Weighed:
        """Give a class's counts with their weights; whoever chose to answer has none."""
        dataset = self._dataset(provenance)
        return weigh(dataset, self._recipe.cells, self._recipe.weighting)

    def _dataset(self, provenance: str) -> Dataset:
        found, wanted = Parts(self._definitions), self._snapshot.of_class(provenance)
        profiles: dict[tuple[str, ...], int] = {}
        for start in range(0, len(wanted), PARTS_AT_ONCE):
            keys: list[tuple[int, ...]] = []
            versions: list[int] = []
            raw: list[bytes] = []
            for part in wanted[start : start + PARTS_AT_ONCE]:
                for key, instrument, counts in self._read(part, profiles):
                    keys.append(key)
                    versions.append(instrument)
                    raw.append(counts)
            found.add(np.array(keys, dtype=np.int64).T, versions, raw)
        return found.joined(self._design, profiles)

    def _read(
        self, part: Part, profiles: dict[tuple[str, ...], int]
    ) -> Iterator[tuple[tuple[int, ...], int, bytes]]:
        header, rows = part.read()
        office = self.number_of_office[header.office]
        days = (header.first_day, header.last_day)
        for key, n_respondents, counts in rows:
            counter = self.number_of_counter[header.office, key.counter] if key.counter else 0
            place = (office, counter, self._field(key.field))
            profile = profiles.setdefault(tuple(key.profile), len(profiles))
            yield (*place, *days, key.psu_day or 0, key.cell, profile, n_respondents), key.instrument, counts

    def _field(self, code: str | None) -> int:
        return self._number_of_field[code] if code else ALL_FIELDS


def _numbered(names: Iterable[Name]) -> dict[Name, int]:
    return {name: number for number, name in enumerate(names, start=1)}
