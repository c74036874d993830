"""The columns of an export, and how a packed response fills them: by tables that are made once."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import chain
from operator import getitem, itemgetter
from typing import Any

from survey_app.models.definition import NOT_ASKED, SKIPPED, Definition, Item
from survey_app.models.plain_text import one_line
from survey_app.models.sample import SampleCell
from survey_app.publish.exports.closeness import Drawn, Said
from survey_app.publish.exports.column_words import WORDS

Cell = Any  # a value as one kind of file takes it
Row = tuple[Cell, ...]
AsCell = Callable[[object], Cell]

TEXT, NUMBER, WEIGHT, DAY = "text", "number", "weight", "day"
PLACE = {
    "campaign": TEXT,
    "office_code": TEXT,
    "office_name": TEXT,
    "provenance": TEXT,
    "counter": TEXT,
    "way_in": TEXT,
    "mode": TEXT,
    "month": TEXT,
    "day": DAY,
    "version": TEXT,
}
DESIGN = {"cell": NUMBER, "stratum": TEXT, "psu": TEXT, "weight": WEIGHT}  # of a drawn sample
CELLS_REMEMBERED = 10_000  # names, days and words come again and again
# A question that nobody was asked is no question that somebody left out: that one stays empty.
NOT_ASKED_WORDS = {"codes": "not_asked", "vi": "không hỏi", "en": "not asked"}
WITHHELD_WORDS = {"codes": "withheld", "vi": "không nêu", "en": "withheld"}


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    kind: str
    question: str = ""  # as it was asked; of the columns of every export, what stands in them
    title: str = ""  # what heads it before people; empty: the name
    language: str = "vi"

    @property
    def heading(self) -> str:
        return self.title or self.name


class Layout:
    """The columns of one survey's export, whatever versions were answered, in cells of one kind of file."""

    def __init__(
        self,
        definitions: Mapping[int, Definition],
        wording: str,
        as_cell: AsCell,
        with_respondents: bool = True,
        language: str = "vi",
    ) -> None:
        """Take the wording of answers: "codes", or the language of their words.

        Without respondents there is no column of what was asked about the person. `language` is that of the
        legend where answers are codes.
        """
        self.wording = wording
        self.language = language if wording == "codes" else wording
        self._cell = lru_cache(CELLS_REMEMBERED)(lambda value: as_cell(_clean(value)))
        self._absent = self._cell(NOT_ASKED_WORDS[wording])
        self._withheld = self._cell(WITHHELD_WORDS[wording])
        left_out = frozenset[str]().union(*(one.about_the_person for one in definitions.values()))
        self.items = _items_of(definitions.values(), frozenset() if with_respondents else left_out)
        self._readers = {version: self._reader(one) for version, one in definitions.items()}
        self._names = {version: f"{one.code} {one.version}" for version, one in definitions.items()}

    @property
    def columns(self) -> list[Column]:
        language = self.language
        fixed = {**PLACE, **DESIGN}
        found = []
        for name, kind in fixed.items():
            title, legend = WORDS[name][language]
            found.append(Column(name, kind, legend, title, language))
        for code, item in self.items.items():
            name = f"item_{code}" if code in fixed else code
            question = one_line(item.text.in_language(language))
            is_taken = question in {one.title for one in found}  # no two columns may be called alike
            title = f"{question} ({name})" if is_taken else question
            found.append(Column(name, TEXT, question, title, language))
        return [replace(one, title="") for one in found] if self.wording == "codes" else found

    def asked(self) -> list[tuple[Column, Item]]:
        """Give the columns of questions with their questions."""
        return list(zip(self.columns[-len(self.items) :], self.items.values(), strict=True))

    def place(self, where: Sequence[str], said: Said, version_id: int) -> Row:
        """Fill the first columns of rows that say the same; `where`: campaign, office code, name, class."""
        way = said.way or (None, None, None)
        month = f"{said.month:%Y-%m}" if said.month else None
        return self._cells([*where, *way, month, said.day, self._names[version_id]])

    def design(self, drawn: Drawn, cells: Mapping[int, SampleCell]) -> Row:
        """Fill the columns of the sample's design, as closely as rows may say it."""
        if drawn.cell_id is None:
            return self._cells([None, drawn.stratum, None, None])
        cell = cells[drawn.cell_id]
        return self._cells([cell.id, cell.stratum, cell.psu, cell.weight])

    def answers(self, version_id: int, packed: bytes) -> Row:
        tables, choose = self._readers[version_id]
        found: Row = choose((*chain.from_iterable(map(getitem, tables, packed)), self._absent))
        return found

    def without(self, items: Collection[str], answers: Row) -> Row:
        """Give the answers of a row less those to some items."""
        of_items = zip(self.items, answers, strict=True)
        return tuple(self._withheld if code in items else answer for code, answer in of_items)

    def _cells(self, values: Iterable[object]) -> Row:
        return tuple(map(self._cell, values))

    def _reader(self, definition: Definition) -> tuple[list[dict[int, Row]], Callable[[Row], Row]]:
        """Give what each byte of a packed response says, and which of all that goes into which column."""
        said = [self._said(item) for item in definition.items] + [{0: None}]  # of half a byte to spare
        tables = [
            {high << 4 | low: (first, second) for high, first in one.items() for low, second in other.items()}
            for one, other in zip(said[::2], said[1::2], strict=False)
        ]
        n_said = 2 * len(tables)
        places = {item.code: place for place, item in enumerate(definition.items)}
        return tables, _chooser([places.get(code, n_said) for code in self.items])

    def _said(self, item: Item) -> dict[int, Cell]:
        words = {
            place: option.code if self.wording == "codes" else option.label.in_language(self.wording)
            for place, option in enumerate(item.options, start=1)
        }
        words[NOT_ASKED] = NOT_ASKED_WORDS[self.wording]
        return {SKIPPED: self._cell(None)} | {nibble: self._cell(text) for nibble, text in words.items()}


def _clean(value: object) -> object:
    return one_line(value) if isinstance(value, str) else value


def _items_of(definitions: Iterable[Definition], left_out: Collection[str]) -> dict[str, Item]:
    """List the items of all versions, each once and as the latest words it, in the order of the latest."""
    latest_first = sorted(definitions, key=lambda one: (-one.version, one.code))
    found: dict[str, Item] = {}
    for definition in latest_first:
        for item in definition.items:
            if item.code not in left_out:
                found.setdefault(item.code, item)
    return found


def _chooser(places: Sequence[int]) -> Callable[[Row], Row]:
    if len(places) == 1:  # itemgetter gives one value bare
        return lambda row: (row[places[0]],)
    return itemgetter(*places)


def in_parts(rows: Iterator[Row], size: int) -> Iterator[list[Row]]:
    """Give so many rows at a time."""
    part: list[Row] = []
    for row in rows:
        part.append(row)
        if len(part) == size:
            yield part
            part = []
    if part:
        yield part
