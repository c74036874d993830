"""What a dossier list calls by one name and a form by another: "35-49" and "35–49 tuổi", male and "Nam".

Weights are raked by what people told of themselves to what the list says of all, so both must mean the same.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from survey_app.models.definition import Definition, Item, Option
from survey_app.models.vietnamese import name_key

OLDEST = 120
WORDS: Mapping[str, tuple[str, ...]] = {  # of a frame, and how a form's option says the same
    "male": ("Nam", "Male"),
    "female": ("Nữ", "Female"),
    "other": ("Khác", "Other"),
    "counter": ("Trực tiếp", "Tại quầy", "At the counter"),
    "online": ("Trực tuyến", "Online"),
    "early": ("Trước hạn", "Early"),
    "on_time": ("Đúng hạn", "On time"),
    "late": ("Quá hạn", "Trễ hạn", "Late"),
}
_BETWEEN = re.compile(r"(?:từ )?(\d{1,3})\s*(?:[-–]|đến|to)\s*(\d{1,3})", re.ASCII | re.IGNORECASE)
_FROM = re.compile(r"(?:từ )?(\d{1,3})\s*(?:\+|trở lên|and over)", re.ASCII | re.IGNORECASE)
_BELOW = re.compile(r"(?:dưới|under|<)\s*(\d{1,3})", re.ASCII | re.IGNORECASE)
_UNIT = re.compile(r"\s*(?:tuổi|years?(?: old)?)\s*", re.ASCII | re.IGNORECASE)


class Ages(NamedTuple):
    """Whole years, both ends within."""

    low: int
    high: int

    def holds(self, other: "Ages") -> bool:
        return self.low <= other.low and other.high <= self.high


@dataclass(frozen=True, slots=True)
class Matched:
    """Totals by the options of a question, and the levels for which it has none, or several."""

    by_option: Mapping[str, int]
    unmatched: tuple[str, ...]


def read_ages(text: str) -> Ages | None:
    """Read a band such as 35-49, "61 trở lên" or "dưới 18"; None where it is none."""
    bare = _UNIT.sub(" ", text).strip()
    if found := _BETWEEN.fullmatch(bare):
        ages = Ages(int(found[1]), int(found[2]))
    elif found := _FROM.fullmatch(bare):
        ages = Ages(int(found[1]), OLDEST)
    elif found := _BELOW.fullmatch(bare):
        ages = Ages(0, int(found[1]) - 1)
    else:
        return None
    return ages if ages.low < ages.high <= OLDEST else None


def option_of(item: Item, level: str) -> str | None:
    """Give the code of the one option that says what a level of the frame says."""
    offered = [option for option in item.options if option.meaning == "answer"]
    for says_the_same in (_by_code, _by_words, _by_ages):
        found = [option.code for option in offered if says_the_same(option, level)]
        if found:
            return found[0] if len(found) == 1 else None
    return None


def questions_by_group(form: Definition) -> dict[str, str]:
    """Name the questions about the person that ask for sex and for age band, where a form asks them."""
    found: dict[str, str] = {}
    for item in form.items:
        if item.code in form.about_the_person:
            offered = [option for option in item.options if option.meaning == "answer"]
            sexes = {option_of(item, "male"), option_of(item, "female")}
            if None not in sexes and len(sexes) > 1:
                found.setdefault("sex", item.code)
            elif len(offered) > 1 and all(map(_ages_of, offered)):
                found.setdefault("age_band", item.code)
    return found


def known_levels(
    totals: Mapping[str, Sequence[tuple[str | None, int]]], variable: str
) -> list[tuple[str, int]]:
    """Give the levels of a variable that a frame counted, without the units of unknown level."""
    return [(level, n) for level, n in totals.get(variable, ()) if level is not None]


def matched(item: Item, counted: Iterable[tuple[str, int]]) -> Matched:
    """Add up the units of a frame's levels by the options of a question."""
    by_option, unmatched = Counter[str](), []
    for level, n in counted:
        option = option_of(item, level)
        if option is None:
            unmatched.append(level)
        else:
            by_option[option] += n
    return Matched(by_option, tuple(unmatched))


def _by_code(option: Option, level: str) -> bool:
    return option.code == level


def _by_words(option: Option, level: str) -> bool:
    said = {name_key(label) for _language, label in option.label.strings}
    return not said.isdisjoint({name_key(word) for word in WORDS.get(level, (level,))})


def _by_ages(option: Option, level: str) -> bool:
    wanted = read_ages(level)
    return wanted is not None and any(ages.holds(wanted) for ages in _ages_of(option))


def _ages_of(option: Option) -> list[Ages]:
    """Read the band that an option names in each of its languages."""
    found = (read_ages(label) for _language, label in option.label.strings)
    return [ages for ages in found if ages is not None]
