"""What is known of a publication by all of them: which figures, and who is in a total besides.

A figure that one of them shows is known in another, too, if it rests on the same answers there in the same
proportions.
"""

from collections.abc import Iterable, Sequence
from functools import cache

import numpy as np

from survey_app.models.breakdown import COUNTER, FIELD, GROUP, INDEX, WHOLE, group_of, kind_of
from survey_app.publish.figures.design import Integers
from survey_app.publish.releasing.told_people import Key, Named, Office, People, Told


class Known:
    """Publications by their place, and the rows of `people` that their totals add up."""

    def __init__(self, publications: Sequence[Told], people: People) -> None:
        self._shown = [one.shown for one in publications]
        self._children = [one.children() for one in publications]
        self._people = people
        self._rows = _rows_by_name(people.office)
        self._number = {name: number for number, name in enumerate(people.office.names)}
        self._is_known = cache(self._find_known)
        self._breakdowns = cache(self._name_breakdowns)

    def parts_of(self, breakdown: str) -> Sequence[str]:
        """Give the kinds of parts whose indices a total can be lessened by."""
        own = [COUNTER, FIELD]
        return [*own, *(_kind_of_question(one) for one in self._people.told)] if breakdown == WHOLE else own

    def open(self, side: int, key: Key) -> frozenset[Office]:
        """Name the office and those below it that are in no known figure below it."""
        found: set[Office] = set()
        waiting = [key.office]
        while waiting:
            office = waiting.pop()
            found.add(office)
            if _pools(key.breakdown):
                below = self._children[side].get(office, ())
                waiting += (one for one in below if not self._is_known(side, key._replace(office=one)))
        return frozenset(found)

    def rows_of(self, side: int, offices: Iterable[Office], breakdown: str) -> Integers:
        """Give who answered at some offices, or the part of them that a breakdown names."""
        found = [self._rows[one] for one in sorted(offices) if one in self._rows]
        rows: Integers = np.concatenate([np.empty(0, dtype=np.int64), *found])
        rows = rows[self._people.weight[rows, side] != 0]
        if breakdown != WHOLE:
            parts, number = self._breakdowns(side, _kind_of_part(breakdown))
            rows = rows[parts.code[rows] == number.get(breakdown, -1)]
        return rows

    def less_known(self, side: int, office: Office, rows: Integers, kind: str) -> Integers:
        """Leave out the counters, fields or groups of an office that are known."""
        parts, _ = self._breakdowns(side, kind)
        is_own = self._people.office.code[rows] == self._number.get(office, -1)
        known = [
            one
            for one in np.unique(parts.code[rows[is_own]]).tolist()
            if self._is_known(side, Key(office, INDEX, parts.names[one]))
        ]
        return rows[~(is_own & np.isin(parts.code[rows], known))] if known else rows

    def _name_breakdowns(self, side: int, kind: str) -> tuple[Named[str], dict[str, int]]:
        """Name the counter, field or group of each row, and the number of each name."""
        people = self._people
        if kind in (COUNTER, FIELD):
            field = Named(people.field.names, people.field.code[:, side])
            parts = people.counter if kind == COUNTER else field
        else:
            nobody = Named([""], np.zeros(people.valid.shape[0], dtype=np.int64))
            parts = {_kind_of_question(one): told for one, told in people.told.items()}.get(kind, nobody)
        names = [f"{kind}{one}" for one in parts.names]
        return Named(names, parts.code), {name: number for number, name in enumerate(names)}

    def _find_known(self, side: int, key: Key) -> bool:
        others = (other for other, shown in enumerate(self._shown) if key in shown)
        return key in self._shown[side] or any(self._is_same(side, other, key) for other in others)

    def _is_same(self, one: int, other: int, key: Key) -> bool:
        then, now = (self.rows_of(side, self._subtree(side, key), key.breakdown) for side in (one, other))
        if not np.array_equal(then, now):
            return False
        factor = self._people.weight[then, one] / self._people.weight[now, other]
        return bool(np.isclose(factor, factor[:1], rtol=1e-9, atol=0).all())

    def _subtree(self, side: int, key: Key) -> set[Office]:
        found = {key.office}
        waiting = [key.office] if _pools(key.breakdown) else []
        while waiting:
            below = self._children[side].get(waiting.pop(), ())
            found.update(below)
            waiting += below
        return found


def _rows_by_name(named: Named[str]) -> dict[str, Integers]:
    order = np.argsort(named.code, kind="stable")
    numbers, first = np.unique(named.code[order], return_index=True)
    runs = np.split(order, first[1:])
    return {named.names[number]: rows for number, rows in zip(numbers.tolist(), runs, strict=False)}


def _kind_of_question(question: str) -> str:
    return f"{GROUP}{question}:"


def _pools(breakdown: str) -> bool:
    """Whether an office's figure of it holds what those below it have of the same."""
    return breakdown == WHOLE or kind_of(breakdown) == GROUP


def _kind_of_part(breakdown: str) -> str:
    kind = kind_of(breakdown)
    return _kind_of_question(group_of(breakdown)[0]) if kind == GROUP else kind
