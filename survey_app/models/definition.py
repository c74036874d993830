"""What an instrument version says: the one source of its page, its check, its stored rows and its figures."""

import hashlib
import json
import types
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from functools import cache, cached_property
from itertools import groupby
from typing import Any, Literal, Self, Union, get_args, get_origin, get_type_hints

from survey_app.models.canonical import canonical

BASE_LANGUAGE = "vi"
SKIPPED, MAX_OPTIONS, NOT_ASKED = 0, 13, 15  # an answer is one nibble: 1 to 13 is an option

Meaning = Literal["answer", "no_opinion", "not_applicable"]
ReportedAs = Literal["index", "beside", "share"]
_hints = cache(get_type_hints)


@dataclass(frozen=True)
class Text:
    """One string in several languages; a missing one falls back to Vietnamese, never to a blank."""

    strings: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, strings: Mapping[str, str]) -> Self:
        return cls(tuple(sorted(strings.items())))

    def in_language(self, language: str) -> str:
        return dict(self.strings)[self.language_used(language)]

    def language_used(self, language: str) -> str:
        """Return the language that `in_language` answers in, for the page's lang attribute."""
        return language if dict(self.strings).get(language) else BASE_LANGUAGE


@dataclass(frozen=True)
class Option:
    code: str
    label: Text
    meaning: Meaning = "answer"


@dataclass(frozen=True)
class Branch:
    """The item is asked only after one of these options of an earlier item."""

    item: str
    options: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Item:
    code: str
    kind: Literal["scale", "choice"]
    section: str
    text: Text
    options: tuple[Option, ...]
    hint: Text | None = None
    factor: str | None = None
    reported_as: ReportedAs | None = None
    favourable: tuple[str, ...] = ()
    branch: Branch | None = None

    def __post_init__(self) -> None:
        if not 1 <= len(self.options) <= MAX_OPTIONS:
            raise ValueError(f"item {self.code}: 1 to {MAX_OPTIONS} options fit, got {len(self.options)}")

    @property
    def counts_in_index(self) -> bool:
        return self.reported_as == "index"

    def may_store(self, nibble: int) -> bool:
        return nibble <= len(self.options) or nibble == NOT_ASKED

    @cached_property
    def positions(self) -> dict[str, int]:
        """Option code → the nibble that stores it, from 1."""
        return {option.code: place for place, option in enumerate(self.options, start=1)}


@dataclass(frozen=True)
class Section:
    """A part of the page; without a title its items follow the page's own heading."""

    code: str
    title: Text | None = None
    stem: Text | None = None
    hint: Text | None = None


@dataclass(frozen=True)
class Factor:
    code: str
    title: Text
    official_title: Text | None = None


@dataclass(frozen=True)
class Comment:
    text: Text
    max_characters: int


@dataclass(frozen=True)
class IndexRule:
    rule: Literal["pooled"]
    satisfied: tuple[str, ...]


@dataclass(frozen=True)
class Reading:
    """How the statistics read an item's nibble: counted below when valid, above when favourable."""

    valid: frozenset[int]
    favourable: frozenset[int]


@dataclass(frozen=True, kw_only=True)
class Definition:
    code: str
    version: int
    title: Text
    languages: tuple[str, ...]
    minutes: int
    index: IndexRule
    sections: tuple[Section, ...]
    items: tuple[Item, ...]
    factors: tuple[Factor, ...] = ()
    comment: Comment | None = None

    @cached_property
    def _items_by_code(self) -> dict[str, Item]:
        return {item.code: item for item in self.items}

    def item(self, code: str) -> Item:
        return self._items_by_code[code]

    def items_of(self, part: Section | Factor) -> tuple[Item, ...]:
        of_part = "section" if isinstance(part, Section) else "factor"
        return tuple(item for item in self.items if getattr(item, of_part) == part.code)

    @cached_property
    def numbers(self) -> dict[str, str]:
        """Item code → the number people read: 1, 2, … and 4a, 4b for what is asked only after a branch."""
        numbers: dict[str, str] = {}
        n_questions = 0
        for is_follow_up, run in groupby(self.items, key=lambda item: item.branch is not None):
            for place, item in enumerate(run):
                n_questions += not is_follow_up
                numbers[item.code] = f"{n_questions}{chr(ord('a') + place) if is_follow_up else ''}"
        return numbers

    @cached_property
    def parts(self) -> dict[str, int]:
        """Section code → the number of that part, for titled sections that rate the service."""
        titled = (section for section in self.sections if section.title)
        rating = (part.code for part in titled if any(item.factor for item in self.items_of(part)))
        return {code: number for number, code in enumerate(rating, start=1)}

    @cached_property
    def last_of_service(self) -> str:
        """Give the code of the last section that asks about the service; what follows is about the person."""
        reported = [item.section for item in self.items if item.reported_as]
        codes = [section.code for section in self.sections]
        return codes[max(map(codes.index, reported), default=len(codes) - 1)]

    @cached_property
    def about_the_person(self) -> frozenset[str]:
        """Name the items that ask who answers, not how the service was."""
        codes = [section.code for section in self.sections]
        after = set(codes[codes.index(self.last_of_service) + 1 :])
        return frozenset(item.code for item in self.items if item.section in after)

    @property
    def n_questions(self) -> int:
        return sum(item.branch is None for item in self.items)

    def reading(self, item_code: str) -> Reading:
        item = self.item(item_code)
        codes = item.favourable if item.reported_as == "share" else self.index.satisfied
        valid = {item.positions[option.code] for option in item.options if option.meaning == "answer"}
        favourable = {item.positions[code] for code in codes if item.reported_as and code in item.positions}
        return Reading(frozenset(valid), frozenset(favourable & valid))

    def contradictions(self, answers: Mapping[str, str]) -> tuple[str, ...]:
        """Return the answered items that another answer rules out ("no" is chosen, but a number is given)."""
        return tuple(
            item.code
            for item in self.items
            if item.branch and item.code in answers
            if answers.get(item.branch.item, item.branch.options[0]) not in item.branch.options
        )

    def pack(self, answers: Mapping[str, str]) -> bytes:
        """Store item code → option code as one nibble an item, the first in the high half of a byte."""
        if not answers.keys() <= self._items_by_code.keys():
            raise ValueError(f"{self.code} {self.version} has no such item")
        stored: dict[str, int] = {}
        for item in self.items:
            stored[item.code] = _nibble(item, answers, stored)
        nibbles = [*stored.values(), 0]
        return bytes(high << 4 | low for high, low in zip(nibbles[::2], nibbles[1::2], strict=False))

    def unpack(self, packed: bytes) -> dict[str, str]:
        """Return item code → option code; what was skipped or not asked is absent (see `nibbles`)."""
        return {
            item.code: item.options[nibble - 1].code
            for item, nibble in zip(self.items, self.nibbles(packed), strict=True)
            if nibble not in (SKIPPED, NOT_ASKED)
        }

    def nibbles(self, packed: bytes) -> tuple[int, ...]:
        """Return one stored value an item, in the order of `items`; refuse a row of another definition."""
        halves = [half for byte in packed for half in (byte >> 4, byte & 15)]
        found, padding = halves[: len(self.items)], halves[len(self.items) :]
        fits = len(found) == len(self.items) and len(padding) <= 1 and not any(padding)
        if not fits or not all(map(Item.may_store, self.items, found)):
            raise ValueError(f"packed answers do not fit {self.code} {self.version}")
        return tuple(found)

    def to_json(self) -> str:
        """Return the canonical form: the same definition gives the same characters, on any machine."""
        return canonical(_plain(self))

    @classmethod
    def from_json(cls, text: str) -> Self:
        built: Self = _built(cls, json.loads(text))
        return built

    @cached_property
    def checksum(self) -> str:
        return hashlib.sha256(self.to_json().encode()).hexdigest()


def _nibble(item: Item, answers: Mapping[str, str], stored: Mapping[str, int]) -> int:
    answer = answers.get(item.code)
    if answer is not None:
        if answer not in item.positions:
            raise ValueError(f"item {item.code} offers no such option")
        return item.positions[answer]
    if item.branch is None or stored[item.branch.item] == SKIPPED:
        return SKIPPED
    return SKIPPED if answers.get(item.branch.item) in item.branch.options else NOT_ASKED


def _plain(value: Any) -> Any:
    """Leave out what is not set, so that an optional field added later changes no old checksum."""
    if isinstance(value, Text):
        return dict(value.strings)
    if isinstance(value, tuple):
        return [_plain(entry) for entry in value]
    if is_dataclass(value):
        named = ((field.name, getattr(value, field.name)) for field in fields(value))
        return {name: _plain(entry) for name, entry in named if entry is not None and entry != ()}
    return value


def _built(kind: Any, plain: Any) -> Any:
    """Turn plain data into the annotated type: a dataclass, a tuple of one kind, an optional, a scalar."""
    if kind is Text:
        return Text.of(plain)
    if isinstance(kind, type) and is_dataclass(kind):
        hints = _hints(kind)
        return kind(**{name: _built(hints[name], entry) for name, entry in plain.items()})
    if get_origin(kind) is tuple:
        return tuple(_built(get_args(kind)[0], entry) for entry in plain)
    if get_origin(kind) in (Union, types.UnionType):
        return _built(get_args(kind)[0], plain)
    return plain
