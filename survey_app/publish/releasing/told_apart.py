"""Whether somebody who compares all publications of a campaign learns about one to four people.

What a total has besides the figures shown below it is a sum over some people. Where an office was moved, a
counter got another field, weights were changed or answers came or left, publications have that sum over other
people, or with other weights. Of all of them, put together in any way (`few.py`), whoever is left must be
nobody or enough; nor may it follow that nobody of those who stay, came or were moved was satisfied. Two at a
time are not enough: 8 people, 13 and 8 again, five of whom came and five others left, tell of the three who
stayed.
"""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from survey_app.models.breakdown import INDEX
from survey_app.publish.figures.design import Floats, Integers
from survey_app.publish.releasing.due import BATCH
from survey_app.publish.releasing.few import find_dissatisfied, find_few, is_spread
from survey_app.publish.releasing.told_known import Known
from survey_app.publish.releasing.told_people import Key, Named, Office, People, Told

DIGITS = 9  # to which two directions are the same


class Comparison:
    """Publications in their order, the new one last, whose sums are put together."""

    def __init__(self, publications: Sequence[Told]) -> None:
        self._publications, self._shown = publications, [one.shown for one in publications]
        columns = list(dict.fromkeys(column for one in publications for column in one.dataset.columns))
        self._columns_of = {
            measure: [columns.index(data.columns[place]) for place in places]
            for data in (one.dataset for one in publications)
            for measure, places in data.measures().items()
        }
        self._people = People.of(publications, columns)
        self._known = Known(publications, self._people)

    def find_told(self) -> Iterator[tuple[Office, set[Office]]]:
        """Name each office with a total that tells too much, and the offices of those it tells of."""
        *earlier, last = self._shown
        by_total: dict[tuple[Office, str], list[str]] = {}
        for key in sorted(last & frozenset[Key]().union(*earlier)):
            by_total.setdefault((key.office, key.breakdown), []).append(key.measure)
        changed = _changed(self._publications, self._people)
        for (office, breakdown), measures in by_total.items():
            if office in changed:
                told = set().union(*self._told_of(office, breakdown, measures))
                if told:
                    yield office, told

    def _told_of(self, office: Office, breakdown: str, measures: Iterable[str]) -> Iterator[set[Office]]:
        known = self._known
        by_open: dict[tuple[tuple[int, frozenset[Office]], ...], list[str]] = {}
        for measure in measures:
            key = Key(office, measure, breakdown)
            sides = [side for side, shown in enumerate(self._shown) if key in shown]
            by_open.setdefault(tuple((side, known.open(side, key)) for side in sides), []).append(measure)
        for opened, some in by_open.items():
            rows = {side: known.rows_of(side, offices, breakdown) for side, offices in opened}
            yield from self._told_among(rows, some)
            if INDEX in some:
                for kind in known.parts_of(breakdown):
                    left = {side: known.less_known(side, office, own, kind) for side, own in rows.items()}
                    if any(left[side].size < own.size for side, own in rows.items()):
                        yield from self._told_among(left, [INDEX])

    def _told_among(self, rows_of: dict[int, Integers], measures: Iterable[str]) -> Iterator[set[Office]]:
        """Put together sums over people of several publications."""
        people, rows = self._people, np.unique(np.concatenate(list(rows_of.values())))
        weight = np.zeros((rows.size, len(rows_of)))
        for place, (side, own) in enumerate(rows_of.items()):
            is_in = np.isin(rows, own)
            weight[is_in, place] = people.weight[rows[is_in], side]
        is_clear = ~np.isnan(weight).any(axis=1)
        directions, of_row = _directions(weight[is_clear])
        counted = (table[rows[is_clear]] for table in (people.valid, people.satisfied))
        valid, satisfied = (_sums(table, of_row, len(directions)) for table in counted)
        beside = people.valid[rows[~is_clear]].sum(axis=0)
        columns_of = {measure: self._columns_of[measure] for measure in measures}
        fewest = np.min([valid[:, one].max(axis=1) for one in columns_of.values()], axis=0)
        is_spread_out = is_spread(directions, fewest, BATCH)
        is_asked = _is_weighed_alike(directions)
        for columns in columns_of.values():
            told = None if is_spread_out else find_few(directions, valid[:, columns], beside[columns], BATCH)
            if told is None and is_asked and not beside[columns].any():
                n_satisfied, n = (table[:, columns].sum(axis=1) for table in (satisfied, valid))
                told = find_dissatisfied(directions, n_satisfied, n, is_spared=directions[:, -1] == 0)
            if told is not None:
                is_told = np.ones(rows.size, dtype=np.bool_)
                is_told[is_clear] = told[of_row]
                is_told &= people.valid[rows][:, columns].any(axis=1)
                yield _names_at(people.office, rows[is_told])


def _changed(publications: Sequence[Told], people: People) -> set[Office]:
    """Name the offices of which anything is otherwise, and those above them."""
    last = publications[-1].shown
    stirred = {key.office for one in publications for key in one.shown ^ last}
    is_same = np.isclose(people.weight, people.weight[:, -1:], rtol=1e-9, atol=0).all(axis=1)
    keeps_field = (people.field.code == people.field.code[:, -1:]).all(axis=1)
    stirred |= _names_at(people.office, np.flatnonzero(~(is_same & keeps_field)))
    parents = [
        {one: parent for parent, below in told.children().items() for one in below} for told in publications
    ]
    everybody = set().union(*parents)
    stirred |= {one for one in everybody if len({parent.get(one) for parent in parents}) > 1}
    stirred |= {parent[one] for one in stirred for parent in parents if one in parent}
    found: set[Office] = set()
    while stirred:
        found |= stirred
        stirred = {parent[one] for one in stirred for parent in parents if one in parent} - found
    return found


def _names_at(named: Named[str], rows: Integers) -> set[str]:
    return {named.names[one] for one in np.unique(named.code[rows]).tolist()}


def _directions(weight: Floats) -> tuple[Floats, Integers]:
    """Give the directions of people's weights, each once, and which of them each has."""
    unit = weight / np.linalg.norm(weight, axis=1, keepdims=True)
    _, first, of_row = np.unique(unit.round(DIGITS), axis=0, return_index=True, return_inverse=True)
    return unit[first], of_row.reshape(-1)


def _sums(table: Integers, of_row: Integers, n: int) -> Integers:
    sums = np.zeros((n, table.shape[1]), dtype=np.int64)
    np.add.at(sums, of_row, table)
    return sums


def _is_weighed_alike(directions: Floats) -> bool:
    """Whether who stands in the same publications has the same factors in them.

    Where raking changed the weights by what people told, nothing is asked of the dissatisfied: who came
    has no sum of his own then, and in some of thousands of offices the few are always the outermost ones.
    """
    return len(np.unique(directions != 0, axis=0)) == len(directions)
