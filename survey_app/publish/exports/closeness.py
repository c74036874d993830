"""How closely a row may say where and when its response was given: no closer than five of them share it.

Whoever stands at a counter knows who was served there on a day. So a row names its counter and day only if
at least five exported responses of its office, class and version have the same; else counter and month; else
the month alone; else neither. What is fewer than five even then stays back. Each group counts only rows that
say exactly the same, so none is left over that could be told apart by its neighbours. The groups rest on all
that was released, not on what somebody asks for: no two exports, subtracted, say more than one does.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import NamedTuple

from survey_app.models.base import EPOCH
from survey_app.publish.exports.choice import last_of_month

ENOUGH = 5  # inside the house (FIELD section 5)


class Way(NamedTuple):
    """A way in as a row says it: two codes of one counter, old and new, are the same."""

    counter: str | None
    way_in: str
    mode: str


class Unit(NamedTuple):
    """Responses that came by one access point, on one day, to one version: they are treated alike."""

    access_point_id: int
    day: int  # since 1970-01-01, as it is stored
    instrument_version_id: int


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


# From the closest to the widest.
LEVELS: tuple[Callable[[Way, date], Said], ...] = (
    lambda way, day: Said(way, day.replace(day=1), day),
    lambda way, day: Said(way, day.replace(day=1), None),
    lambda way, day: Said(None, day.replace(day=1), None),
    lambda way, day: Said(None, None, None),
)


def what_to_say(n_responses: Mapping[Unit, int], ways: Mapping[int, Way]) -> dict[Unit, Said]:
    """Decide for one office and class what its rows say; a unit that is missing stays back."""
    decided: dict[Unit, Said] = {}
    left = list(n_responses)
    for level in LEVELS:
        says = {unit: level(ways[unit.access_point_id], EPOCH + timedelta(days=unit.day)) for unit in left}
        shared: Counter[tuple[int, Said]] = Counter()
        for unit, said in says.items():
            shared[unit.instrument_version_id, said] += n_responses[unit]
        decided |= {
            unit: said for unit, said in says.items() if shared[unit.instrument_version_id, said] >= ENOUGH
        }
        left = [unit for unit in left if unit not in decided]
    return decided
