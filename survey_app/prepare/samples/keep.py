"""Writes a drawn sample into the database: draw, cells and units in one transaction, or nothing."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import count
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from survey_app.models import audit
from survey_app.models.campaign import Campaign
from survey_app.models.office import Office
from survey_app.models.sample import Draw, SampleCell, SampledUnit, draw_in_force
from survey_app.prepare.samples.cells import Cell
from survey_app.prepare.samples.listed import Line
from survey_app.prepare.samples.make import Made
from survey_app.prepare.samples.ready import DrawRefused, ready_of

DRAWN = "samples.draw"  # in the audit log
ROWS_AT_ONCE = 5000


@dataclass(frozen=True, slots=True)
class By:
    """When a sample is drawn, and by whom (nobody: by command)."""

    now: datetime
    today: date
    staff_id: int | None


def store(session: Session, campaign_id: int, made: Made, data_dir: Path, by: By) -> Draw:
    """Store a sample, if all that it rests on still holds; the same one is not stored again."""
    campaign = session.get_one(Campaign, campaign_id, with_for_update=True)
    ready = ready_of(session, campaign, data_dir, by.today)
    if ready.design != made.design:
        raise DrawRefused("changed")
    if not made.lines:
        raise DrawRefused("nobody")
    document, before = made.document, draw_in_force(session, campaign_id)
    if before is not None and (before.checksum, before.document_json) == (made.checksum, document):
        return before
    draw = Draw(
        campaign_id=campaign_id,
        frame_id=ready.frame.id,
        plan_hash=made.design.plan_hash,
        document_json=document,
        checksum=made.checksum,
        n_main=made.n_main,
        n_reserve=made.n_reserve,
        drawn_at=by.now,
        drawn_by=by.staff_id,
    )
    session.add(draw)
    session.flush()
    offices = _office_ids(session, {one.code for one in made.found.offices})
    cells = _store_cells(session, draw, made.lines)
    for rows in _in_chunks(_units(draw.id, made.lines, offices, cells)):
        session.execute(insert(SampledUnit), rows)
    what = (
        f"{campaign.code}: rút mẫu {draw.checksum[:12]}, {draw.n_main} hồ sơ chính, {draw.n_reserve} dự phòng"
    )
    audit.note_over(session, by.now, by.staff_id, DRAWN, what, list(offices.values()))
    return draw


def _office_ids(session: Session, codes: Collection[str]) -> dict[str, int]:
    rows = session.execute(select(Office.code, Office.id))
    return {code: office_id for code, office_id in rows if code in codes}


def _store_cells(session: Session, draw: Draw, lines: Sequence[Line]) -> dict[Cell, int]:
    """Write the cells, each with the mean design weight of its main units, and give their numbers."""
    weights: defaultdict[Cell, list[float]] = defaultdict(list)
    for line in lines:
        if line.is_main:
            weights[line.cell].append(1 / line.probability)
    rows = (
        {
            "campaign_id": draw.campaign_id,
            "draw_id": draw.id,
            "stratum": cell.stratum,
            "psu": cell.psu,
            "weighting_cell": cell.weighting_cell,
            "weight": sum(several) / len(several),
            "n_drawn": len(several),
        }
        for cell, several in sorted(weights.items())
    )
    for some in _in_chunks(rows):
        session.execute(insert(SampleCell), some)
    stored = select(SampleCell.stratum, SampleCell.psu, SampleCell.weighting_cell, SampleCell.id)
    found = session.execute(stored.where(SampleCell.draw_id == draw.id))
    return {Cell(stratum, psu, name): cell_id for stratum, psu, name, cell_id in found}


def _units(
    draw_id: int, lines: Sequence[Line], offices: dict[str, int], cells: dict[Cell, int]
) -> Iterator[dict[str, Any]]:
    """Give units their numbers; main ones get the serial number of their token in the cell at once."""
    serials: defaultdict[Cell, count[int]] = defaultdict(count)
    for number, line in enumerate(lines, start=1):
        yield {
            "draw_id": draw_id,
            "number": number,
            "unit": line.unit,
            "office_id": offices[line.office],
            "list_name": line.list_name,
            "is_main": line.is_main,
            "position": line.position,
            "inclusion_probability": line.probability,
            "is_certainty": line.is_certainty,
            "cell_id": cells[line.cell],
            "serial": next(serials[line.cell]) if line.is_main else None,
        }


def _in_chunks(rows: Iterator[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    chunk: list[dict[str, Any]] = []
    for row in rows:
        chunk.append(row)
        if len(chunk) == ROWS_AT_ONCE:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
