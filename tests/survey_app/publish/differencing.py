"""An observer who polls all that is published, knows who came when and to which counter, and does sums.

Answers are unknown whole numbers: how many of a group (same counter, same release, counted to the same day)
chose an option of an item. Every published count is an equation over them. Nothing that is published tells
two people of a group apart, so a person's answer is determined exactly if all of the group must have given
it: the smallest possible count is the group's size.

A standard error is one equation over the squares of the sums of sampling units. The observer is given more:
each of those sums.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

OPTIONS: Final = ("1", "2", "3", "4", "5")
NOT_SATISFIED_OPTIONS: Final = ("1", "2", "3")
SATISFIED_OPTIONS: Final = ("4", "5")
ITEMS: Final = ("q1", "q2")
ENOUGH_TO_HIDE_AMONG: Final = 5

Options = tuple[str, ...]


class Group(NamedTuple):
    """People whom nothing published tells apart."""

    office: str
    counter: str
    field: str
    day: str  # to which their batch was counted
    turn: int  # after which they were first published
    left: int = 1_000  # after which they were published no more

    @property
    def month(self) -> str:
        return self.day[:7]


class Count(NamedTuple):
    """One published number: over whom it counts, and which answers."""

    office: str
    measure: str
    breakdown: str
    options: Options
    n: int
    day: str = ""  # of the sampling unit, if it is the count of one
    counter: str = ""  # likewise


Unknown = tuple[Group, str, str]  # of a group those who chose an option of an item


class Observer:
    """Everything seen, as equations over the groups that were published at the time."""

    def __init__(self, parent: str, sizes: Mapping[Group, int], seen: Iterable[tuple[int, Count]]) -> None:
        self._parent, self._sizes = parent, sizes
        cells = [(group, item, option) for group in sizes for item in ITEMS for option in OPTIONS]
        self._places: dict[Unknown, int] = {cell: place for place, cell in enumerate(cells)}
        equations: dict[frozenset[int], int] = {}
        for turn, count in seen:
            over = frozenset(self._places[cell] for cell in self._counted(turn, count))
            assert equations.setdefault(over, count.n) == count.n, f"{count} contradicts what was seen"
        assert not equations.pop(frozenset(), 0), "somebody is counted who is not published"
        self._constraints = [self._exactly(equations), self._at_most_one_answer_each()]

    def determined(self) -> Iterator[tuple[Group, str, Options]]:
        """Name the answers that somebody must have given; that all of five were satisfied may be known."""
        for group, size in self._sizes.items():
            for item in ITEMS:
                for options in (NOT_SATISFIED_OPTIONS, SATISFIED_OPTIONS, *((one,) for one in OPTIONS)):
                    is_harmless = size >= ENOUGH_TO_HIDE_AMONG and set(options) <= set(SATISFIED_OPTIONS)
                    if not is_harmless and self._fewest(group, item, options) == size:
                        yield group, item, options

    def _counted(self, turn: int, count: Count) -> Iterator[Unknown]:
        kind, _, part = count.breakdown.partition(":")
        name, _, code = count.measure.partition(":")
        for group, item, option in self._places:
            is_there = count.office in (group.office, self._parent) and group.turn <= turn < group.left
            is_of_part = not kind or getattr(group, kind) == part
            is_of_unit = count.day in ("", group.day) and count.counter in ("", group.counter)
            if (
                is_there
                and is_of_part
                and is_of_unit
                and (name == "index" or item == code)
                and option in count.options
            ):
                yield group, item, option

    def _exactly(self, equations: Mapping[frozenset[int], int]) -> LinearConstraint:
        seen = np.array(list(equations.values()))
        return LinearConstraint(np.stack([self._sum_over(over) for over in equations]), seen, seen)

    def _at_most_one_answer_each(self) -> LinearConstraint:
        pairs = [(group, item) for group in self._sizes for item in ITEMS]
        sums = [self._sum_over(self._places[*pair, option] for option in OPTIONS) for pair in pairs]
        return LinearConstraint(np.stack(sums), 0, [self._sizes[group] for group, _ in pairs])

    def _fewest(self, group: Group, item: str, options: Options) -> int:
        wanted = self._sum_over(self._places[group, item, option] for option in options)
        everywhere = np.ones(wanted.size, dtype=np.int64)
        found = milp(wanted, constraints=self._constraints, integrality=everywhere, bounds=Bounds(0, np.inf))
        assert found.success, found.message  # the truth itself is a solution
        return round(found.fun)

    def _sum_over(self, places: Iterable[int]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        row = np.zeros(len(self._places))
        row[list(places)] = 1
        return row
