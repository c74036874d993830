"""What may leave only together: whole days in whole batches, and months of them.

Who notes the figures knows what each batch brought to a counter: five people at least. A day whose responses
came in two batches would, if it left alone, give away the one to four of the same batch that stay behind. So
days and batches of a counter that share responses are one bundle. A bundle leaves with the month of its last
batch, and two exports differ by such months: a smaller step would name the day of who is new in it.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import NamedTuple

from survey_app.models.base import EPOCH
from survey_app.models.response import LATE_BY
from survey_app.publish.exports.choice import last_of_month

ENOUGH = 5  # inside the house (FIELD section 5)
NOT_DRAWN = 0  # the cell of whoever came without a drawn sample

Owner = tuple[int, str]  # an office and a class
_Node = tuple[str, int, int]


class Told(NamedTuple):
    """A tally without its counts; days are counted since 1970-01-01, as they are stored."""

    access_point_id: int
    day: int
    instrument_version_id: int
    cell_id: int
    batch_day: int
    n_respondents: int


class Unit(NamedTuple):
    """Responses by one access point on one day, to one version, of one cell: they are treated alike."""

    access_point_id: int
    day: int
    instrument_version_id: int
    cell_id: int


@dataclass(frozen=True)
class Group:
    """What leaves in one step: the bundles of one month, or of several where one is too small."""

    tallies: Sequence[Told]
    n_months: int

    @property
    def n_responses(self) -> dict[Unit, int]:
        found: Counter[Unit] = Counter()
        for one in self.tallies:
            found[Unit(*one[:4])] += one.n_respondents
        return found


def bundles_of(tallies: Sequence[Told], counters: Mapping[int, int]) -> list[list[Told]]:
    """Put together what shares a day of an access point or a batch of a counter."""
    above: dict[_Node, _Node] = {}

    def top(node: _Node) -> _Node:
        while (higher := above.setdefault(node, node)) != node:
            above[node] = node = above[higher]
        return node

    nodes: list[_Node] = [("day", one.access_point_id, one.day) for one in tallies]
    for one, node in zip(tallies, nodes, strict=True):
        above[top(node)] = top(("batch", counters[one.access_point_id], one.batch_day))
    found: dict[_Node, list[Told]] = {}
    for one, node in zip(tallies, nodes, strict=True):
        found.setdefault(top(node), []).append(one)
    return list(found.values())


def groups_of(bundles: Iterable[Sequence[Told]], last_batch_day: int | None) -> list[Group]:
    """Make groups of all months that are over: to which no batch can come any more.

    A batch of a day on which no form of that month could still arrive shows that it is over: a release makes
    the oldest batches first. Without a last day all are over, and nothing can follow: then a few that are
    left join the group before them.
    """
    months: dict[int, list[Told]] = {}
    for bundle in bundles:
        month_ends = _last_of_month(max(one.batch_day for one in bundle))
        if last_batch_day is None or month_ends + LATE_BY.days < last_batch_day:
            months.setdefault(month_ends, []).extend(bundle)
    found: list[Group] = []
    tallies: list[Told] = []
    n_months = 0
    for _, of_month in sorted(months.items()):
        tallies, n_months = [*tallies, *of_month], n_months + 1
        if _is_enough(tallies):
            found.append(Group(tallies, n_months))
            tallies, n_months = [], 0
    if tallies and last_batch_day is None:
        found = _with_tail(found, Group(tallies, n_months))
    return found


def _with_tail(groups: list[Group], tail: Group) -> list[Group]:
    """Let the last months leave too, alone if they are enough but for a version; fewer than five join."""
    if sum(one.n_respondents for one in tail.tallies) >= ENOUGH:
        return [*groups, tail]
    if not groups:
        return []
    last = groups[-1]
    return [*groups[:-1], Group([*last.tallies, *tail.tallies], last.n_months + tail.n_months)]


def _is_enough(tallies: Iterable[Told]) -> bool:
    """Whether five answered each version: which one somebody answered tells the days that it was asked."""
    n_by_version: Counter[int] = Counter()
    for one in tallies:
        n_by_version[one.instrument_version_id] += one.n_respondents
    return all(n >= ENOUGH for n in n_by_version.values())


@cache
def _last_of_month(day: int) -> int:
    return (last_of_month(EPOCH + timedelta(days=day)) - EPOCH).days
