"""The job "sample_list": the drawn list as CSV, with dossier ids, for whoever may have them."""

import csv
from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from survey_app.jobs.files import whole_file
from survey_app.models.job import Work
from survey_app.models.office import Office
from survey_app.models.sample import Draw, SampleCell, SampledUnit

HEADER = (
    "number",
    "unit",
    "office",
    "office_name",
    "list",
    "role",
    "position",
    "inclusion_probability",
    "stratum",
    "psu",
    "weighting_cell",
)
ENCODING = "utf-8-sig"  # the mark at the start tells spreadsheets that the file is UTF-8


def run(work: Work) -> str:
    """Write the list; no cell begins as a formula does, since the frame took none that do."""
    with work.database.reading() as session:
        draw = session.get_one(Draw, work.arguments["draw_id"])
        name = f"mau-{draw.checksum[:12]}-{work.job_id}.csv"
        with (
            whole_file(work.settings.files_dir / name) as half,
            half.open("w", encoding=ENCODING, newline="") as file,
        ):
            writer = csv.writer(file)
            writer.writerow(HEADER)
            writer.writerows(_rows(session, draw.id))
    return name


def _rows(session: Session, draw_id: int) -> Iterator[tuple[object, ...]]:
    found = session.execute(
        select(
            SampledUnit.number,
            SampledUnit.unit,
            Office.code,
            Office.name,
            SampledUnit.list_name,
            SampledUnit.is_main,
            SampledUnit.position,
            SampledUnit.inclusion_probability,
            SampleCell.stratum,
            SampleCell.psu,
            SampleCell.weighting_cell,
        )
        .join(Office, Office.id == SampledUnit.office_id)
        .join(SampleCell, SampleCell.id == SampledUnit.cell_id)
        .where(SampledUnit.draw_id == draw_id)
        .order_by(SampledUnit.number)
    )
    for *before, is_main, position, probability, stratum, psu, cell in found:
        yield (*before, "main" if is_main else "reserve", position, probability, stratum, psu, cell)
