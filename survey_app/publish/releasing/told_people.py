"""All people of several publications of a campaign, put together by what they have in common."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from survey_app.models.breakdown import WHOLE
from survey_app.models.recipe import Recipe
from survey_app.publish.counting.reported import Column
from survey_app.publish.figures.dataset import Dataset
from survey_app.publish.figures.design import Floats, Integers

Office = str  # its code
# Where people answered: office, counter, cell, and what they told of themselves.
_Place = tuple[Office, str, tuple[str, ...], tuple[str, ...]]


class Key(NamedTuple):
    """Names a figure of a class; a counter by its label."""

    office: Office
    measure: str
    breakdown: str = WHOLE


class _Counted(NamedTuple):
    field: str  # of the counter
    valid: Integers  # answers by column
    satisfied: Integers
    weight: float  # not a number where there are several

    def and_more(self, other: "_Counted") -> "_Counted":
        weight = self.weight if bool(np.isclose(self.weight, other.weight, rtol=1e-9, atol=0)) else np.nan
        return _Counted(self.field, self.valid + other.valid, self.satisfied + other.satisfied, weight)


@dataclass(frozen=True, eq=False)
class Told:
    """A class of a publication: its recipe, its counts with their weights, and the figures that staff see."""

    recipe: Recipe
    dataset: Dataset
    shown: frozenset[Key]

    def count(self, columns: Sequence[Column], questions: Sequence[str]) -> dict[_Place, _Counted]:
        """Add up who shares all that is told, of themselves by these questions alone."""
        data, recipe = self.dataset, self.recipe
        valid, satisfied = np.zeros((2, data.office.size, len(columns)), dtype=np.int64)
        places = [columns.index(one) for one in data.columns]
        valid[:, places], satisfied[:, places] = data.valid, data.satisfied
        counters = [("", ""), *((one.label, one.field or "") for one in recipe.counters)]
        cells: list[tuple[str, ...]] = [(), *(one[:3] for one in recipe.cells)]
        asked = [recipe.questions.index(one) for one in questions]
        profiles = [tuple(one[place] for place in asked) if one else () for one in data.profiles]
        found: dict[_Place, _Counted] = {}
        keys = zip(data.office, data.counter, data.cell, data.profile, strict=True)
        for row, (office, counter, cell, profile) in enumerate(keys):
            label, field = counters[counter]
            at = (recipe.offices[office - 1].code, label, cells[cell], profiles[profile])
            more = _Counted(field, valid[row], satisfied[row], float(data.weight[row]))
            one = found.get(at)
            found[at] = more if one is None else one.and_more(more)
        return found

    def children(self) -> dict[Office, list[Office]]:
        children: dict[Office, list[Office]] = {}
        for one in self.recipe.offices:
            if one.parent is not None:
                children.setdefault(one.parent, []).append(one.code)
        return children


@dataclass
class _Stay:
    """People of one place who came with one publication and left together, if they did."""

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


def _stays(counts: Sequence[_Counted]) -> Iterator[tuple[_Stay, int]]:
    """Tell who stood in which publications, by their numbers alone, with the first that lacks them.

    An office loses none once it has gained (`taking.py`), so its numbers leave no doubt. Were they to rise
    and fall, who came last is taken to have left.
    """
    standing: list[_Stay] = []
    before = counts[0]._replace(valid=counts[0].valid * 0, satisfied=counts[0].satisfied * 0)
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


@dataclass(frozen=True, eq=False)
class People:
    """Rows of people who share all that is told, and the publications in which they stand."""

    questions: Sequence[str]  # that all publications tell people apart by
    office: Sequence[Office]
    counter: Sequence[str]
    told: Sequence[tuple[str, ...]]  # of themselves, by these questions
    fields: Sequence[Sequence[str]]  # of the counter, in each publication
    weight: Floats  # (people, publications): 0 where they are not in it, not a number where they have several
    valid: Integers  # (people, columns)
    satisfied: Integers

    @classmethod
    def of(cls, publications: Sequence[Told], columns: Sequence[Column]) -> "People":
        first, *others = (one.recipe.questions for one in publications)
        questions = [one for one in first if all(one in other for other in others)]
        counts = [one.count(columns, questions) for one in publications]
        rows = [
            (at[0], at[1], at[3], *row)
            for at in sorted(set().union(*counts))
            for row in _rows_of(at, counts, len(columns))
        ]
        office, counter, told, fields, weight, valid, satisfied = (
            zip(*rows, strict=True) if rows else ((),) * 7
        )
        tables = (np.array(one, dtype=np.int64).reshape(-1, len(columns)) for one in (valid, satisfied))
        weights = np.array(weight, dtype=np.float64).reshape(-1, len(publications))
        return cls(questions, office, counter, told, fields, weights, *tables)


def _rows_of(
    at: _Place, counts: Sequence[Mapping[_Place, _Counted]], n_columns: int
) -> Iterator[tuple[Sequence[str], list[float], Integers, Integers]]:
    nobody = _Counted("", np.zeros(n_columns, dtype=np.int64), np.zeros(n_columns, dtype=np.int64), np.nan)
    here = [one.get(at, nobody) for one in counts]
    fields = [one.field for one in here]
    for stay, end in _stays(here):
        if stay.valid.any():
            weights = [one.weight if stay.first <= number < end else 0.0 for number, one in enumerate(here)]
            yield fields, weights, stay.valid, stay.satisfied
