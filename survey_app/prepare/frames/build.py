"""Makes a frame of a dossier list: its file, its hash, contacts apart, the list of faults. For jobs."""

import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from survey_app.prepare.frames.canonical import SCHEMA, FrameHash
from survey_app.prepare.frames.columns import DAYS, OFFICES, UNIT
from survey_app.prepare.frames.contacts import ContactsWriter
from survey_app.prepare.frames.fault_list import FaultList
from survey_app.prepare.frames.lines import blocks
from survey_app.prepare.frames.office_book import OfficeBook
from survey_app.prepare.frames.rows import WORDS_OF, RowReader, Terms
from survey_app.prepare.frames.runs import Runs
from survey_app.prepare.frames.source import Source
from survey_app.prepare.frames.uploads import CONTACTS_FILE, FAULTS_FILE, bring_to_disk, named_frame

UNNAMED = "frame.parquet"  # until its hash is known
RUNS_FOLDER = "runs"
READING_TAKES = 0.7  # of the whole, for whoever watches
COUNTED = ("field", "channel", "outcome", "sex", "age_band")
MOST_LABELS_COUNTED = 200
NEVER_READ = ("cells", "quotes", "letters")  # what is no row by its look
FIRST_DAY_SINCE_1970 = -25_567  # 1900-01-01, as files of columns count days

Report = Callable[[float], None]  # how much is done, from 0 to 1


@dataclass(frozen=True)
class Built:
    """What a look at a list found; its files lie in the folder where they were made."""

    frame_hash: str
    n_rows: int
    n_units: int
    faults: FaultList
    units_by_office: dict[str, Counter[int]]  # receives, decides → office's place in the book → units
    totals: dict[str, list[tuple[str | None, int]]]  # by column: label, units
    n_clusters: int
    has_contacts: bool


def build(source: Source, terms: Terms, folder: Path, key: bytes, report: Report) -> Built:
    """Read a list whole and leave in the folder the frame that follows from it; what was half made goes.

    The frame's file is named by its hash, so whoever takes it there knows which one it is.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    with _scratch(folder) as scratch, (folder / FAULTS_FILE).open("w", encoding="utf-8-sig", newline="") as f:
        faults = FaultList(f)
        reader, runs = RowReader(terms, source, faults), Runs(scratch, faults)
        n_bytes = max(1, source.path.stat().st_size)
        for block in blocks(source, faults.note_line):
            runs.add(reader.read(block))
            report(READING_TAKES * block.n_read / n_bytes)
        writer = _Writer(reader, terms.book, folder, key)
        with writer:
            for rows in runs.in_ranges():
                writer.add(rows)
                report(READING_TAKES + (1 - READING_TAKES) * writer.n_units / max(1, runs.n_rows))
    built = writer.built(faults)
    (folder / UNNAMED).rename(named_frame(folder, built.frame_hash))
    for path in folder.iterdir():  # here, for who accepts them has the database locked
        bring_to_disk(path)
    return built


@contextmanager
def _scratch(folder: Path) -> Iterator[Path]:
    scratch = folder / RUNS_FOLDER
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(mode=0o700)
    try:
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


class _Writer:
    """Writes the rows of a frame in order, and counts them."""

    def __init__(self, reader: RowReader, book: OfficeBook, folder: Path, key: bytes) -> None:
        self._reader, self._book, self._folder, self._key = reader, book, folder, key
        self._hash = FrameHash()
        self._files = ExitStack()
        self._contacts: ContactsWriter | None = None
        self._words = {**WORDS_OF, **{name: one.labels for name, one in reader.vocabularies.items()}}
        self._words |= dict.fromkeys(OFFICES, book.codes)
        self._counts: dict[str, Counter[int]] = {name: Counter() for name in (*OFFICES, *COUNTED, "cluster")}
        self.n_units = 0

    def __enter__(self) -> "_Writer":
        frame = self._folder / UNNAMED
        self._file = self._files.enter_context(pq.ParquetWriter(frame, SCHEMA, compression="zstd"))
        if self._reader.contacts:
            file = self._files.enter_context((self._folder / CONTACTS_FILE).open("wb"))
            self._contacts = ContactsWriter(file, self._key)
        return self

    def __exit__(self, *_error: object) -> None:
        self._files.close()

    def add(self, rows: pa.Table) -> None:
        if not len(rows):
            return
        for name, counts in self._counts.items():
            for one in pc.value_counts(rows[name].combine_chunks()).to_pylist():
                counts[one["values"]] += one["counts"]
        found = pa.table([self._said(rows, name) for name in SCHEMA.names], schema=SCHEMA)
        self._hash.add(found)
        self._file.write_table(found, row_group_size=len(found))
        if self._contacts is not None:
            self._contacts.add(rows)
        self.n_units += len(rows)

    def _said(self, rows: pa.Table, name: str) -> pa.Array:
        """Put words and days back in the place of numbers; nothing where nothing is known."""
        codes = rows[name].combine_chunks()
        if name == UNIT:
            return codes
        known = pc.if_else(pc.less(codes, 0), pa.scalar(None, pa.int32()), codes)
        if name in DAYS:
            return pc.add(known, pa.scalar(FIRST_DAY_SINCE_1970, pa.int32())).cast(pa.date32())
        return pa.array(self._words[name], pa.string()).take(known)

    def built(self, faults: FaultList) -> Built:
        return Built(
            frame_hash=self._hash.hexdigest(),
            n_rows=self._reader.n_rows + sum(faults.counts[rule] for rule in NEVER_READ),
            n_units=self.n_units,
            faults=faults,
            units_by_office={name: self._counts[name] for name in OFFICES},
            totals={name: self._total(name) for name in COUNTED},
            n_clusters=sum(code >= 0 for code in self._counts["cluster"]),
            has_contacts=self._contacts is not None,
        )

    def _total(self, name: str) -> list[tuple[str | None, int]]:
        most = self._counts[name].most_common(MOST_LABELS_COUNTED)
        words: Any = self._words[name]
        named = [(words[code] if code >= 0 else None, n) for code, n in most]
        # Ages stand in their order, all else by how many there are.
        return sorted(named, key=lambda one: _first_age(one[0])) if name == "age_band" else named


def _first_age(band: str | None) -> int:
    return int(re.split(r"\D", band)[0]) if band else MOST_LABELS_COUNTED
