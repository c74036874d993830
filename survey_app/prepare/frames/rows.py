"""Reads blocks of lines as rows of a frame in numbers; each line that breaks a rule is noted and left out.

For jobs: the web worker loads no pyarrow.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from survey_app.prepare.frames.columns import CONTACTS, DAYS, LABELS, OFFICES, UNIT, WORDS
from survey_app.prepare.frames.fault_list import WHOLE_LINE, FaultList
from survey_app.prepare.frames.lines import Block
from survey_app.prepare.frames.office_book import NOT_SERVING, UNKNOWN, OfficeBook
from survey_app.prepare.frames.source import Source
from survey_app.prepare.frames.words import (
    BAD,
    BLANK,
    CHANNELS,
    OUTCOMES,
    SEXES,
    Coder,
    Vocabulary,
    clean_label,
    is_composed,
    read_day_number,
    reader_of_ages,
    reader_of_words,
)
from survey_app.prepare.tables.sheet import refused

LONGEST_ID = 100
CODED = (*OFFICES, *LABELS, *DAYS, *WORDS)
LINE, CLASHES = "line", "clashes"
TEXT, CODE = pa.string(), pa.dictionary(pa.int32(), pa.string())
AS_TEXT = (UNIT, *CONTACTS)  # nearly every row says something else
NO_ID = "-"  # a text that no id is
WORDS_OF: Mapping[str, tuple[str, ...]] = {"channel": CHANNELS, "outcome": OUTCOMES, "sex": SEXES}
# What a spreadsheet would run, and all that is not plainly visible: such ids are looked at one by one.
_ODD_ID = r"[^!-~]|^[=+@-]"


@dataclass(frozen=True, slots=True)
class Period:
    """Which dossiers are measured: settled between two days, none later than today."""

    today: int
    settled_from: int = 0
    settled_until: int = 1 << 30


@dataclass(frozen=True, slots=True)
class Terms:
    """By what a list is read: which column stands where, the offices, the fields, the plan's population."""

    mapping: Mapping[str, int]
    book: OfficeBook
    fields: Mapping[str, str]
    period: Period
    counted_for: str
    year: int  # at whose end an age is counted


class RowReader:
    """Reads rows as numbers; `vocabularies` grow with what the rows say."""

    def __init__(self, terms: Terms, source: Source, faults: FaultList) -> None:
        self._terms, self._source, self._faults = terms, source, faults
        self.vocabularies = {name: Vocabulary() for name in (*LABELS, "age_band")}
        self.vocabularies["field"] = Vocabulary(terms.fields)
        self._coders = {name: Coder(terms.book.find) for name in OFFICES}
        self._coders |= {name: Coder(self.vocabularies[name].read) for name in LABELS}
        self._coders |= {name: Coder(read_day_number) for name in DAYS}
        self._coders |= {name: Coder(reader_of_words(name, words)) for name, words in WORDS_OF.items()}
        self._coders["age_band"] = Coder(reader_of_ages(self.vocabularies["age_band"], terms.year))
        self.contacts = [name for name in CONTACTS if name in terms.mapping]
        self.n_rows = 0
        self._lines_with: dict[str, set[int]] = {}  # of a block, by a rule that leaves them as they are

    @property
    def schema(self) -> pa.Schema:
        return pa.schema(
            [(UNIT, pa.string()), (LINE, pa.int64()), (CLASHES, pa.bool_())]
            + [(name, pa.int32()) for name in CODED]
            + [(name, pa.string()) for name in self.contacts]
        )

    def read(self, block: Block) -> pa.Table:
        """Give the sound rows of a block; what is wrong with the others goes to the list of faults."""
        self._lines_with = {"composed": set(), "spelled": set()}
        table = self._coded(self._parsed(block))
        self.n_rows += len(table)
        for step in (self._check_ids, self._check_offices, self._check_days, self._check_office_lives):
            table = step(table)
        table = self._without(table, self._is_elsewhere(table), "outside_population")
        self._note_spellings(table[LINE].to_pylist())
        return self._blanked(table).select(self.schema.names)

    def _note_spellings(self, taken: list[int]) -> None:
        """Note each line that is taken and was written otherwise, once, in however many cells."""
        for rule, lines in self._lines_with.items():
            if lines:
                self._faults.add(rule, (line for line in taken if line in lines))

    def _parsed(self, block: Block) -> pa.Table:
        mapping, numbers = self._terms.mapping, block.numbers
        names = [str(place) for place in range(len(self._source.header))]
        broken: list[int] = []

        def skip(row: csv.InvalidRow) -> str:
            broken.append(row.number - 1)
            return "skip"

        kinds = {str(place): TEXT if name in AS_TEXT else CODE for name, place in mapping.items()}
        try:
            found = csv.read_csv(
                pa.py_buffer(block.content or b"\n"),
                csv.ReadOptions(column_names=names, use_threads=False, block_size=len(block.content) + 1),
                csv.ParseOptions(
                    delimiter=self._source.separator, ignore_empty_lines=False, invalid_row_handler=skip
                ),
                csv.ConvertOptions(
                    column_types=kinds, include_columns=list(kinds), strings_can_be_null=False
                ),
            )
        except pa.ArrowInvalid:
            # Its words could repeat a line, with the name in it: they must reach no log.
            raise refused(f"không đọc được các dòng từ {numbers[0]}; hãy lưu lại theo CSV UTF-8") from None
        if broken:
            self._faults.add("cells", [numbers[place] for place in broken])
            gone = set(broken)
            numbers = [number for place, number in enumerate(numbers) if place not in gone]
        columns = {name: found[str(place)].combine_chunks() for name, place in mapping.items()}
        lines = pa.array(numbers if block.content else [0], pa.int64())
        return pa.table({LINE: lines, **columns})

    def _coded(self, parsed: pa.Table) -> pa.Table:
        """Put numbers in the place of texts; rows that hold nothing at all are no rows."""
        n = len(parsed)
        columns = {UNIT: parsed[UNIT], LINE: parsed[LINE], CLASHES: pa.repeat(False, n)}
        for name in CODED:
            if name not in parsed.column_names:
                columns[name] = pa.repeat(pa.scalar(BLANK, pa.int32()), n)
                continue
            texts = parsed[name].combine_chunks()
            coder = self._coders[name]
            distinct = texts.dictionary.to_pylist()
            codes = pa.array(coder.codes(distinct), pa.int32())
            columns[name] = codes.take(texts.indices)
            self._keep_lines("composed", parsed[LINE], texts, [not is_composed(one) for one in distinct])
            if name in LABELS:
                is_otherwise = self.vocabularies[name].is_otherwise
                self._keep_lines("spelled", parsed[LINE], texts, list(map(is_otherwise, distinct)))
        columns |= {name: parsed[name] for name in self.contacts}
        columns |= {_text_of(name): parsed[name] for name in OFFICES if name in parsed.column_names}
        table = pa.table(columns)
        is_blank = pc.equal(table[UNIT], "")
        if not pc.any(is_blank).as_py():
            return table
        for name in (*CODED, *self.contacts):
            is_blank = pc.and_(is_blank, pc.equal(table[name], "" if name in self.contacts else BLANK))
        return table.filter(pc.invert(is_blank))

    def _keep_lines(self, rule: str, lines: pa.Array, texts: pa.Array, of_texts: list[bool]) -> None:
        if any(of_texts):
            met = pa.array(of_texts, pa.bool_()).take(texts.indices)
            self._lines_with[rule].update(lines.filter(met).to_pylist())

    def _check_ids(self, table: pa.Table) -> pa.Table:
        units = table[UNIT]
        is_odd = pc.or_(
            pc.match_substring_regex(units, _ODD_ID),
            pc.or_(pc.equal(units, ""), pc.greater(pc.binary_length(units), LONGEST_ID)),
        )
        if not pc.any(is_odd).as_py():
            return table
        given = table.filter(is_odd).select([UNIT, LINE]).to_pydict()
        cleaned = [clean_label(text, LONGEST_ID) for text in given[UNIT]]
        told = zip(given[UNIT], given[LINE], strict=True)
        self._lines_with["composed"].update(line for text, line in told if not is_composed(text))
        marked = pa.array([NO_ID if clean == "" else clean for clean in cleaned], pa.string())
        units = pc.replace_with_mask(units.combine_chunks(), is_odd.combine_chunks(), marked)
        table = table.set_column(table.column_names.index(UNIT), UNIT, units)
        table = self._without(table, pc.is_null(table[UNIT]), "bad_id", UNIT)
        return self._without(table, pc.equal(table[UNIT], NO_ID), "no_id", UNIT)

    def _check_offices(self, table: pa.Table) -> pa.Table:
        table = self._without(table, pc.equal(table["receives"], BLANK), "no_office", "receives")
        for name in OFFICES:
            is_unknown = pc.equal(table[name], UNKNOWN)
            if pc.any(is_unknown).as_py():
                told = table.filter(is_unknown).select([LINE, _text_of(name)])
                texts = told[_text_of(name)].combine_chunks().cast(TEXT)
                self._faults.add_unknown_offices(
                    zip(told[LINE].to_pylist(), texts.to_pylist(), strict=True), name
                )
                table = table.filter(pc.invert(is_unknown))
            table = self._without(table, pc.equal(table[name], NOT_SERVING), "not_serving", name)
        decides = pc.if_else(pc.equal(table["decides"], BLANK), table["receives"], table["decides"])
        return table.set_column(table.column_names.index("decides"), "decides", decides)

    def _check_days(self, table: pa.Table) -> pa.Table:
        period = self._terms.period
        for name in DAYS:
            table = self._without(table, pc.equal(table[name], BAD), "bad_day", name)
        table = self._without(table, pc.equal(table["settled_on"], BLANK), "not_settled", "settled_on")
        for name in DAYS:
            table = self._without(table, pc.greater(table[name], period.today), "future", name)
        is_turned = pc.less(table["settled_on"], table["received_on"])
        table = self._without(table, is_turned, "settled_before_received", "settled_on")
        is_outside = pc.or_(
            pc.less(table["settled_on"], period.settled_from),
            pc.greater(table["settled_on"], period.settled_until),
        )
        return self._without(table, is_outside, "outside_period", "settled_on")

    def _check_office_lives(self, table: pa.Table) -> pa.Table:
        """Ask each office for the day on which it had the dossier: it received it, or it settled it."""
        book = self._terms.book
        begins, ends = (pa.array(days, pa.int32()) for days in (book.begins, book.ends))
        for name in OFFICES:
            day = table["settled_on"]
            if name == "receives":
                day = pc.if_else(pc.equal(table["received_on"], BLANK), day, table["received_on"])
            is_early = pc.less(day, begins.take(table[name]))
            is_over = pc.greater(day, ends.take(table[name]))
            if pc.any(is_over).as_py():
                table = self._handed_over(table, name, day, is_over)
                is_early = pc.and_(is_early, pc.invert(is_over))
            table = self._without(table, is_early, "office_not_begun", name)
            table = self._without(table, pc.equal(table[name], UNKNOWN), "office_ended", name)
        return table

    def _handed_over(self, table: pa.Table, name: str, day: pa.Array, is_over: pa.Array) -> pa.Table:
        """Take dossiers of ended offices to whoever alone took over; UNKNOWN where nobody alone did."""
        gone = pa.table({"office": table[name], "day": day, LINE: table[LINE]}).filter(is_over).to_pydict()
        heirs: dict[tuple[int, int], int | None] = {}
        for key in set(zip(gone["office"], gone["day"], strict=True)):
            heirs[key] = self._terms.book.heir_on(*key)
        found = [heirs[key] for key in zip(gone["office"], gone["day"], strict=True)]
        told = [
            (line, self._terms.book.codes[heir])
            for line, heir in zip(gone[LINE], found, strict=True)
            if heir is not None
        ]
        self._faults.add_with("successor", told, name)
        new = pa.array([UNKNOWN if heir is None else heir for heir in found], pa.int32())
        offices = pc.replace_with_mask(table[name].combine_chunks(), is_over.combine_chunks(), new)
        return table.set_column(table.column_names.index(name), name, offices)

    def _is_elsewhere(self, table: pa.Table) -> pa.Array:
        is_measured = pa.array(self._terms.book.is_measured, pa.bool_())
        return pc.invert(is_measured.take(table[self._terms.counted_for]))

    def _blanked(self, table: pa.Table) -> pa.Table:
        """Leave cells empty that say nothing we know; the row stays."""
        for name in (*LABELS, *WORDS):
            is_bad = pc.equal(table[name], BAD)
            if pc.any(is_bad).as_py():
                rule = "unreadable" if name in LABELS else "unknown_word"
                self._faults.add(rule, table[LINE].filter(is_bad).to_pylist(), name)
                codes = pc.if_else(is_bad, pa.scalar(BLANK, pa.int32()), table[name])
                table = table.set_column(table.column_names.index(name), name, codes)
        return table

    def _without(self, table: pa.Table, is_wrong: pa.Array, rule: str, column: str = WHOLE_LINE) -> pa.Table:
        if not pc.any(is_wrong).as_py():
            return table
        self._faults.add(rule, table[LINE].filter(is_wrong).to_pylist(), column)
        return table.filter(pc.invert(is_wrong))


def _text_of(name: str) -> str:
    return f"{name} as written"
