"""Draws a sample again and compares: from the database and DATA_DIR, or from two files anywhere. For jobs."""

import json
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from survey_app.errors import SurveyError
from survey_app.models.office import Office
from survey_app.models.sample import Draw, SampleCell, SampledUnit
from survey_app.prepare.frames.canonical import hash_of_file
from survey_app.prepare.samples.design import Design
from survey_app.prepare.samples.listed import Line
from survey_app.prepare.samples.make import Made, design_in, make_sample

STORED = (
    "unit",
    "office",
    "list",
    "is_main",
    "position",
    "inclusion_probability",
    "is_certainty",
    "stratum",
    "psu",
    "weighting_cell",
)
Stored = tuple[object, ...]


class NoDocument(SurveyError):
    """The file is not the document of a draw, as “sample export” writes it."""


def drawn_again(document: str, path: Path) -> Made:
    """Draw once more what a document says, from a file that is the frame it names."""
    design = _design(document)
    found = hash_of_file(path)
    if found != design.frame_hash:
        raise NoDocument(f"The file is not the frame {design.frame_hash}: its hash is {found}.")
    return make_sample(design, path)


def difference(session: Session, draw: Draw, made: Made) -> str | None:
    """Say where the stored sample first differs from one drawn again; None where it is the same."""
    stored = list(_stored(session, draw))
    for number, (old, new) in enumerate(zip_longest(stored, map(_as_stored, made.lines)), start=1):
        if old != new:
            return f"unit {number}: {_told(old, new)}"
    if made.document != draw.document_json:
        return "the document: what is to be said of the sample, or its design, is another"
    if made.checksum != draw.checksum:
        return f"the checksum: stored {draw.checksum}, drawn again {made.checksum}"
    return None


def _told(old: Stored | None, new: Stored | None) -> str:
    if old is None or new is None:
        return f"{'drawn again' if old is None else 'stored'} alone: {(new or old or ('',))[0]}"
    name, was, now = next(one for one in zip(STORED, old, new, strict=True) if one[1] != one[2])
    return f"{name}: stored {was!r}, drawn again {now!r}"


def _as_stored(line: Line) -> Stored:
    one = (line.unit, line.office, line.list_name, line.is_main, line.position)
    cell = line.cell
    return (*one, line.probability, line.is_certainty, cell.stratum, cell.psu, cell.weighting_cell)


def _stored(session: Session, draw: Draw) -> Iterator[Stored]:
    rows = session.execute(
        select(
            SampledUnit.unit,
            Office.code,
            SampledUnit.list_name,
            SampledUnit.is_main,
            SampledUnit.position,
            SampledUnit.inclusion_probability,
            SampledUnit.is_certainty,
            SampleCell.stratum,
            SampleCell.psu,
            SampleCell.weighting_cell,
        )
        .join(Office, Office.id == SampledUnit.office_id)
        .join(SampleCell, SampleCell.id == SampledUnit.cell_id)
        .where(SampledUnit.draw_id == draw.id)
        .order_by(SampledUnit.number)
    )
    return (tuple(row) for row in rows)


def _design(document: str) -> Design:
    try:
        return design_in(json.loads(document))
    except (json.JSONDecodeError, KeyError, TypeError, ValueError) as error:
        raise NoDocument from error
