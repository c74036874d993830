"""The offices as a dossier list names them: by code or name, alive on a day, or handed to one successor."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from survey_app.models.days import FIRST_DAY, LAST_DAY
from survey_app.models.office import Office, OfficeSuccession
from survey_app.models.plain_text import composed
from survey_app.prepare.tables.numbers import NOTHING

NOT_SAID, UNKNOWN, NOT_SERVING = -1, -2, -3
_TONE = re.compile("[\u0300\u0301\u0303\u0309\u0323]")


def day_number(day: date) -> int:
    """Count days from the first that we read, so that none is below 0."""
    return (day - FIRST_DAY).days


class OfficeBook:
    """All offices by their place in a list; the web's and the job's memory hold plain lists, no rows."""

    def __init__(self, session: Session, population: Collection[int]) -> None:
        offices = Office.__table__.c
        columns = (offices.id, offices.code, offices.name, offices.kind, offices.valid_from)
        rows = session.execute(select(*columns, offices.valid_until).order_by(offices.code)).all()
        self.ids: list[int] = [row.id for row in rows]
        self.codes: list[str] = [row.code for row in rows]
        self.begins: list[int] = [day_number(max(row.valid_from, FIRST_DAY)) for row in rows]
        self.ends: list[int] = [day_number(row.valid_until or LAST_DAY) for row in rows]
        self.is_measured: list[bool] = [row.id in population for row in rows]
        self._serves = [row.kind != "province" for row in rows]
        self._by_word = _by_word((row.code, row.name) for row in rows)
        place = {office_id: number for number, office_id in enumerate(self.ids)}
        self._heirs: dict[int, list[int]] = defaultdict(list)
        for one in session.execute(select(OfficeSuccession.__table__)):
            self._heirs[place[one.predecessor_id]].append(place[one.successor_id])

    def find(self, text: str) -> int:
        """Give the place of the office that a code or a whole name means."""
        if text.strip() in NOTHING:
            return NOT_SAID
        found = self._by_word.get(_word(text), UNKNOWN)
        return found if found < 0 or self._serves[found] else NOT_SERVING

    def knows(self, text: str) -> bool:
        """Whether a text is the code or the name of an office."""
        return self.find(text) not in (NOT_SAID, UNKNOWN)

    def heir_on(self, place: int, day: int) -> int | None:
        """Follow who took over, one successor at a time, to whoever existed on a day."""
        seen = {place}
        while self.ends[place] < day:
            heirs = self._heirs.get(place, [])
            if len(heirs) != 1 or heirs[0] in seen:
                return None
            place = heirs[0]
            seen.add(place)
        return place if self.begins[place] <= day and self._serves[place] else None


def _word(text: str) -> str:
    """Reduce a code or a name to what tells it apart; a tone has two places to stand: Hoà and Hòa are one."""
    words = unicodedata.normalize("NFD", composed(text).casefold()).split()
    return " ".join(_TONE.sub("", word) + "".join(_TONE.findall(word)) for word in words)


def _by_word(offices: Iterable[tuple[str, str]]) -> dict[str, int]:
    """Let a code win over a name; a name that several bear means none of them."""
    rows = list(offices)
    names: dict[str, int] = {}
    for place, (_, name) in enumerate(rows):
        names[_word(name)] = UNKNOWN if _word(name) in names else place
    return names | {_word(code): place for place, (code, _) in enumerate(rows)}
