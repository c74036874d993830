"""What figures hold and an export does not: nothing or enough, for one can be taken from the other."""

import zlib
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import NamedTuple

from sqlalchemy import Integer, select, type_coerce
from sqlalchemy.orm import Session

from survey_app.models.instrument import InstrumentVersion
from survey_app.models.publication import Tally
from survey_app.publish.exports.groups import ENOUGH, Told

N_VALUES = 16  # of a nibble, each with a count in the tally of an item
BITS_OF_A_COUNT, LARGEST_COUNT = 32, 2**32 - 1
POINTS_AT_ONCE = 500

_TallyKey = tuple[int, int, int, int, int]
_SumKey = tuple[int, int, int]  # counter, batch day, version


class Counts:
    """The counts of tallies, read when needed, each tally's as one long number: so they are quickly added."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._known: dict[_TallyKey, int] = {}
        self._items: dict[int, list[_Item]] = {}

    def read(self, tallies: Collection[Told]) -> None:
        wanted: set[_TallyKey] = {one[:5] for one in tallies} - self._known.keys()
        points = sorted({key[0] for key in wanted})
        for start in range(0, len(points), POINTS_AT_ONCE):
            self._read_points(points[start : start + POINTS_AT_ONCE], wanted)

    def _read_points(self, points: list[int], wanted: set[_TallyKey]) -> None:
        days = [key[1] for key in wanted]
        day, batch_day = (type_coerce(column, Integer) for column in (Tally.day, Tally.batch_day))
        key = (Tally.access_point_id, day, Tally.instrument_version_id, Tally.cell_id, batch_day)
        rows = self._session.execute(
            select(*key, Tally.counts).where(
                Tally.access_point_id.in_(points), day.between(min(days), max(days))
            )
        )
        for *found, packed in rows:
            if (at := tuple(found)) in wanted:
                self._known[at] = int.from_bytes(zlib.decompress(packed), "little")

    def of(self, tally: Told) -> int:
        return self._known[tally[:5]]

    def items(self, version_id: int) -> list["_Item"]:
        if version_id not in self._items:
            self._items[version_id] = list(_items_of(self._session.get_one(InstrumentVersion, version_id)))
        return self._items[version_id]


class Remainder:
    """The tallies of one office and class that stay back, as sums that grow while less leaves."""

    def __init__(self, counts: Counts, counters: Mapping[int, int]) -> None:
        self._counts, self._counters = counts, counters
        self._people: Counter[_SumKey] = Counter()
        self._answers: Counter[_SumKey] = Counter()

    def add(self, tallies: Collection[Told]) -> None:
        self._counts.read(tallies)
        for one in tallies:
            at = (self._counters[one.access_point_id], one.batch_day, one.instrument_version_id)
            self._people[at] += one.n_respondents
            self._answers[at] += self._counts.of(one)

    def is_enough(self, last_batch_day: int) -> bool:
        """Whether nothing or enough stays back of people, counters and answers, now and on an earlier day.

        That is the day of the last batch of which anything leaves: figures of that day lack what came later,
        so less than all that stays back is left of them.
        """
        at = list(self._people)
        counters = {key[0] for key in at}
        return (
            _is_fit(self._people.values())
            and self._is_enough_of_items(at)
            and self._is_enough_of_items([key for key in at if key[1] <= last_batch_day])
            and all(self._is_enough_at([key for key in at if key[0] == one]) for one in counters)
        )

    def _is_enough_of_items(self, at: Iterable[_SumKey]) -> bool:
        return all(map(_is_count_fit, self._n_answers(at).values()))

    def _is_enough_at(self, at: Collection[_SumKey]) -> bool:
        """Whether enough people of a counter stay back, and enough of those who answered for its index.

        Each answers an item once, so as many as answered one of its items answered for the index.
        """
        in_index = [n for (_, is_in_index), n in self._n_answers(at).items() if is_in_index]
        return _is_fit(self._people[key] for key in at) and _is_count_fit(max(in_index, default=0))

    def _n_answers(self, at: Iterable[_SumKey]) -> Counter[tuple[str, bool]]:
        """Count valid answers by item, and whether its version counts it in the index."""
        by_version: Counter[int] = Counter()
        for key in at:
            by_version[key[2]] += self._answers[key]
        found: Counter[tuple[str, bool]] = Counter()
        for version_id, total in by_version.items():
            for item in self._counts.items(version_id):
                n = sum(total >> BITS_OF_A_COUNT * place & LARGEST_COUNT for place in item.places)
                found[item.code, item.in_index] += n
        return found


class _Item(NamedTuple):
    """Where the counts of an item's valid answers stand in a tally."""

    code: str
    in_index: bool
    places: tuple[int, ...]


def _items_of(version: InstrumentVersion) -> Iterator[_Item]:
    definition = version.definition
    for number, item in enumerate(definition.items):
        if item.reported_as:
            valid = definition.reading(item.code).valid
            yield _Item(item.code, item.counts_in_index, tuple(number * N_VALUES + one for one in valid))


def _is_fit(counts: Iterable[int]) -> bool:
    return _is_count_fit(sum(counts))


def _is_count_fit(n: int) -> bool:
    return n == 0 or n >= ENOUGH
