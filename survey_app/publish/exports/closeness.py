"""How closely a row may say where, when and in which cell of a sample its response was given.

Whoever stands at a counter knows who was served there on a day. So a row names its counter and day only if
at least five rows of its group (`groups.py`) and version say the same; else counter and month; else the month
alone; else neither. And of those that say the same, five must share a cell to say it, or else a stratum. Each
step counts only rows that say exactly the same, and where one to four would be left to say least, the fewest
others join them: none can be told apart by its neighbours. All is decided within the group, by all that left
with it, not by what somebody asks for: no two exports, subtracted, say more than one does.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import NamedTuple, TypeVar

from survey_app.models.base import EPOCH
from survey_app.publish.exports.choice import last_of_month
from survey_app.publish.exports.groups import ENOUGH, Group, Unit

Words = TypeVar("Words")


class Way(NamedTuple):
    """A way in as a row says it: two codes of one counter, old and new, are the same."""

    counter: str | None
    way_in: str
    mode: str


class Said(NamedTuple):
    """What a row says about where and when its response was given; None is not said."""

    way: Way | None
    month: date | None
    day: date | None

    def days(self) -> tuple[date | None, date | None]:
        """Give the first and the last day that the response may be of, as far as the row says."""
        if self.month is None:
            return None, None
        return (self.day, self.day) if self.day else (self.month, last_of_month(self.month))


class Drawn(NamedTuple):
    """What a row says of the drawn sample; a cell says its PSU and weight too."""

    stratum: str | None = None
    cell_id: int | None = None


NOTHING, NOT_SAID = Said(None, None, None), Drawn()


def what_to_say(
    group: Group, ways: Mapping[int, Way], strata: Mapping[int, str]
) -> dict[Unit, tuple[Said, Drawn]]:
    """Decide for a group of one office and class what its rows say; `strata` of the cells."""
    n_responses = group.n_responses
    decided: dict[Unit, tuple[Said, Drawn]] = {}
    for units in _alike(n_responses, lambda unit: unit.instrument_version_id):
        said = _closest(units, n_responses, _places(ways) if group.n_months == 1 else (), NOTHING)
        for same in _alike(units, said.__getitem__):
            drawn = _closest(same, n_responses, _designs(strata), NOT_SAID)
            decided |= {unit: (said[unit], drawn[unit]) for unit in same}
    return decided


def _places(ways: Mapping[int, Way]) -> Sequence[Callable[[Unit], Said]]:
    """Give what a row may say of place and time, from the closest to the widest."""

    def day_of(unit: Unit) -> date:
        return EPOCH + timedelta(days=unit.day)

    def way_and_month(unit: Unit) -> Said:
        return Said(ways[unit.access_point_id], day_of(unit).replace(day=1), None)

    return (
        lambda unit: way_and_month(unit)._replace(day=day_of(unit)),
        way_and_month,
        lambda unit: way_and_month(unit)._replace(way=None),
    )


def _designs(strata: Mapping[int, str]) -> Sequence[Callable[[Unit], Drawn]]:
    return (
        lambda unit: Drawn(strata[unit.cell_id], unit.cell_id) if unit.cell_id else NOT_SAID,
        lambda unit: Drawn(strata[unit.cell_id]) if unit.cell_id else NOT_SAID,
    )


def _closest(
    units: Collection[Unit],
    n_responses: Mapping[Unit, int],
    levels: Iterable[Callable[[Unit], Words]],
    least: Words,
) -> dict[Unit, Words]:
    """Let each unit say what the first level says that lets five rows say the same."""
    decided: dict[Unit, Words] = {}
    for level in levels:
        says = {unit: level(unit) for unit in units if unit not in decided}
        n_alike = _count(says, n_responses)
        decided |= {unit: words for unit, words in says.items() if n_alike[words] >= ENOUGH}
    decided |= {unit: least for unit in units if unit not in decided}
    n_alike = _count(decided, n_responses)
    while 0 < n_alike[least] < ENOUGH and len(n_alike) > 1:
        fewest = min((words for words in n_alike if words != least), key=lambda words: n_alike[words])
        decided |= {unit: least for unit, words in decided.items() if words == fewest}
        n_alike = _count(decided, n_responses)
    return decided


def _count(says: Mapping[Unit, Words], n_responses: Mapping[Unit, int]) -> Counter[Words]:
    found: Counter[Words] = Counter()
    for unit, words in says.items():
        found[words] += n_responses[unit]
    return found


def _alike(units: Iterable[Unit], what: Callable[[Unit], object]) -> Iterable[list[Unit]]:
    """Put together what has the same in common, in an order that never changes."""
    found: dict[object, list[Unit]] = {}
    for unit in sorted(units):
        found.setdefault(what(unit), []).append(unit)
    return found.values()
