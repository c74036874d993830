"""Makes one of the files of a publication. For jobs and commands: all that writes files comes with it."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.orm import Session

from survey_app.jobs.files import whole_file, write_parts
from survey_app.publish.handover import annex_file, recompute, report_docx, report_pdf, sheets_file
from survey_app.publish.handover.products import SHEETS, Product
from survey_app.publish.handover.report import report_of
from survey_app.publish.handover.wave import Wave, read_wave
from survey_app.publish.open_data.files import as_csv
from survey_app.publish.open_data.rows import Published

Report = Callable[[int, int], None]


@dataclass(frozen=True)
class Asked:
    publication_id: int
    product: Product
    office_ids: Collection[int] | None = None  # of sheets; none: all that have figures


@dataclass(frozen=True)
class Place:
    """Where a file goes, and at which address people find the service."""

    folder: Path
    mark: str  # at the end of the file's name
    public_url: str


def make(session: Session, asked: Asked, place: Place, report: Report) -> str:
    """Write the file; give its name."""
    product = asked.product
    wave = read_wave(session, asked.publication_id, product.edition)
    stem = f"{product.stem}-{wave.campaign.code}-{place.mark}"
    if product.name == SHEETS:
        office_ids = wave.places.keys() if asked.office_ids is None else asked.office_ids
        parts = sheets_file.parts(session, wave, office_ids, place.public_url, report)
        return write_parts(place.folder, stem, parts)
    name = f"{stem}.{product.ending}"
    with whole_file(place.folder / name) as half:
        _write(half, session, wave, product)
    return name


def _write(path: Path, session: Session, wave: Wave, product: Product) -> None:
    if product.ending == "xlsx":
        annex_file.write(path, session, wave)
    elif product.ending == "zip":
        recompute.write(path, session, wave)
    elif product.ending == "docx":
        report_docx.write(path, report_of(session, wave))
    elif product.ending == "csv":
        rows = Published(wave.campaign, wave.publication).rows(session)
        with path.open("w", encoding="utf-8", newline="") as file:
            file.writelines(as_csv(rows))
    else:
        report_pdf.write(path, report_of(session, wave))
