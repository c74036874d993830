"""What re-computes a publication elsewhere: its sums as CSV files, a script for R, and what stands where.

For statisticians inside the house alone, who may read single forms with what people say of themselves: sums
of sampling units leave, and a unit in which one person answered is that person's answers. They are added up
as far as the figures allow: over counters, fields, forms and days, to an office and a sampling unit. Counts
of its answers are weighted already. Raked weights ask for sums by office and level, too (`raking_sums`).
"""

import csv
import io
import zipfile
from collections.abc import Iterable, Iterator
from itertools import count
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from sqlalchemy.orm import Session

from survey_app.models.breakdown import WHOLE
from survey_app.models.plain_text import without_formula
from survey_app.models.publication import Figure
from survey_app.publish.counting.snapshot import Snapshot
from survey_app.publish.figures.dataset import Dataset
from survey_app.publish.figures.design import Floats, Integers, Units
from survey_app.publish.handover.codebook import Files, Line, codebook
from survey_app.publish.handover.raking_sums import OF_PAIRS, OF_UNITS, RakingSums, head_of_offices
from survey_app.publish.handover.wave import Wave
from survey_app.publish.releasing.sealed import Sealed

SCRIPT: Final = Path(__file__).with_name("recompute.R")
SUMS, DESIGN, MEASURES, OFFICES, PUBLISHED = (
    f"{name}.csv" for name in ("sums", "design", "measures", "offices", "published")
)
RAKED_UNITS, RAKED_PAIRS, RAKED_OFFICES = (f"raked_{name}.csv" for name in ("units", "pairs", "offices"))
RAKED: Final = (RAKED_UNITS, RAKED_PAIRS, RAKED_OFFICES)
BOTH, OF_INDEX, OF_ITEMS = "both", "index", "items"  # for which measures sampling units are these
PUBLISHED_COLUMNS: Final = (
    *("value", "standard_error", "degrees_of_freedom", "low", "high"),
    *("n_respondents", "n_people", "n_answers", "reason"),
)
SMALL_UNIT: Final = 5  # people


def write(path: Path, session: Session, wave: Wave) -> None:
    """Write everything as one archive."""
    files = files_of(session, wave)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, lines in files.tables.items():
            archive.writestr(name, as_csv(lines))
        archive.writestr(SCRIPT.name, SCRIPT.read_text("utf-8"))
        archive.writestr("codebook.txt", codebook(wave, files))


def files_of(session: Session, wave: Wave) -> Files:
    snapshot = Snapshot.stored(session, wave.publication.id)
    frozen = Sealed(session).frozen(snapshot, wave.recipe)
    code_of = {number: code for code, number in frozen.number_of_office.items()}
    tables: dict[str, list[Line]] = {name: [] for name in (SUMS, DESIGN, MEASURES, *RAKED)}
    n_columns, n_small = 0, 0
    for provenance in snapshot.classes:
        dataset = frozen.weighed(provenance).dataset
        n_columns = max(n_columns, len(dataset.columns))
        tables[MEASURES] += _measures(provenance, dataset)
        for name, lines in _raked(provenance, dataset, code_of).items():
            tables[name] += lines
        for part, units in _units_of(dataset):
            sums = _Sums.of(dataset, units)
            n_small += int((sums.n_forms < SMALL_UNIT).sum())
            tables[SUMS] += sums.lines(provenance, part, code_of)
            stratum_of = units.stratum_of_psu.tolist()
            tables[DESIGN] += [(provenance, part, psu, stratum) for psu, stratum in enumerate(stratum_of)]
    heads: dict[str, Line] = {
        SUMS: _head_of_sums(n_columns),
        DESIGN: ("class", "measures", "psu", "stratum"),
        MEASURES: ("class", "measure", "column", "item"),
    }
    is_calibrated = bool(tables[RAKED_PAIRS])
    if is_calibrated:
        heads |= {RAKED_UNITS: OF_UNITS, RAKED_PAIRS: OF_PAIRS, RAKED_OFFICES: head_of_offices(n_columns)}
        n_small += sum(line[3] < SMALL_UNIT for line in tables[RAKED_OFFICES])
    found = {name: [head, *_of_one_width(tables[name], len(head))] for name, head in heads.items()}
    found[OFFICES] = [
        ("office", "name", "parent"),
        *((one.code, one.name, one.parent) for one in wave.recipe.offices),
    ]
    found[PUBLISHED] = [("class", "office", "measure", *PUBLISHED_COLUMNS), *_published(session, wave)]
    return Files(found, n_small, is_calibrated)


def _raked(provenance: str, dataset: Dataset, code_of: dict[int, str]) -> dict[str, list[Line]]:
    """Give what residuals need, if the class was raked."""
    if dataset.calibration is None:
        return {}
    sums = RakingSums(dataset, dataset.calibration)
    return {
        RAKED_UNITS: [
            (provenance, part, *line) for part, units in _units_of(dataset) for line in sums.of_units(units)
        ],
        RAKED_PAIRS: [(provenance, *line) for line in sums.of_pairs()],
        RAKED_OFFICES: [(provenance, *key, *cells) for *key, cells in sums.of_offices(code_of)],
    }


def _of_one_width(lines: Iterable[Line], width: int) -> Iterator[Line]:
    """Fill up the lines of a class in which fewer items were answered."""
    for line in lines:
        yield (*line, *(0 for _ in range(width - len(line))))


def _units_of(dataset: Dataset) -> Iterator[tuple[str, Units]]:
    """Give the sampling units: where people chose to answer, those of the index are finer."""
    index, items = dataset.units_of_index, dataset.units_of_items
    if np.array_equal(index.psu, items.psu) and np.array_equal(index.stratum_of_psu, items.stratum_of_psu):
        yield BOTH, index
    else:
        yield OF_INDEX, index
        yield OF_ITEMS, items


class _Sums(NamedTuple):
    """Sums by office and sampling unit."""

    office: Integers
    psu: Integers
    n_forms: Integers
    weight: Floats
    weight_squared: Floats
    valid: Integers  # (rows, columns), people
    weighted_valid: Floats
    weighted_satisfied: Floats

    @classmethod
    def of(cls, dataset: Dataset, units: Units) -> "_Sums":
        keys, row = np.unique(np.column_stack([dataset.office, units.psu]), axis=0, return_inverse=True)
        row = row.reshape(-1)

        def added(values: Any) -> Any:
            total = np.zeros((len(keys), *values.shape[1:]), dtype=values.dtype)
            np.add.at(total, row, values)
            return total

        weight, people = dataset.weight, dataset.n_respondents
        return cls(
            office=keys[:, 0],
            psu=keys[:, 1],
            n_forms=added(people),
            weight=added(weight * people),
            weight_squared=added(weight**2 * people),
            valid=added(dataset.valid.astype(np.int64)),
            weighted_valid=added(weight[:, None] * dataset.valid),
            weighted_satisfied=added(weight[:, None] * dataset.satisfied),
        )

    def lines(self, provenance: str, part: str, code_of: dict[int, str]) -> Iterator[Line]:
        by_item = np.stack([self.valid, self.weighted_valid, self.weighted_satisfied], axis=2)
        rows = zip(*(column.tolist() for column in self[:5]), by_item.tolist(), strict=True)
        for office, psu, n_forms, weight, squared, items in rows:
            cells = (cell for valid, *weighted in items for cell in (int(valid), *weighted))
            yield (provenance, part, code_of[office], psu, n_forms, weight, squared, *cells)


def _head_of_sums(n_columns: int) -> Line:
    of_item = ("valid", "w_valid", "w_satisfied")
    names = (f"{name}_{number}" for number in range(1, n_columns + 1) for name in of_item)
    return ("class", "measures", "office", "psu", "n_forms", "w", "w_squared", *names)


def _measures(provenance: str, dataset: Dataset) -> Iterator[Line]:
    number_of = dict(zip(range(len(dataset.columns)), count(1), strict=False))
    for measure, columns in dataset.measures().items():
        for column in columns:
            yield (provenance, measure, number_of[column], dataset.columns[column].code)


def _published(session: Session, wave: Wave) -> Iterator[Line]:
    for place, figure in wave.figures(session, Figure.breakdown == WHOLE):
        numbers = (getattr(figure, name) for name in PUBLISHED_COLUMNS)
        yield (figure.provenance, place.code, figure.measure, *numbers)


def as_csv(lines: Iterable[Line]) -> str:
    """Write floats so that they read back as the same floats; UTF-8 without a mark, which R would read."""
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows([_cell(cell) for cell in line] for line in lines)
    return buffer.getvalue()


def _cell(cell: Any) -> Any:
    return "" if cell is None else without_formula(cell) if isinstance(cell, str) else cell
