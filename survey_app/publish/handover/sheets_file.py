"""Sheets of offices as PDF, a page an office. For jobs: typst comes with it."""

from collections.abc import Callable, Collection, Iterator
from pathlib import Path

from sqlalchemy.orm import Session

from survey_app.jobs.typesetting import forget_drawings, set_type
from survey_app.publish.handover.sheet import foot, sheets
from survey_app.publish.handover.wave import Wave

TEMPLATES = [Path(__file__).with_name(name) for name in ("drawing.typ", "sheet.typ")]
SHEETS_A_PART = 400  # in one PDF; a country's are several, in an archive, so that memory stays bounded
MOST_TAGGED = 50  # tags serve a screen reader; in a print run they double the file


def parts(
    session: Session,
    wave: Wave,
    office_ids: Collection[int],
    address: str,
    report: Callable[[int, int], None],
) -> Iterator[bytes]:
    """Set the sheets of some offices, some hundred a PDF."""
    some = []
    n_done, total = 0, len(office_ids)
    report(0, total)
    for sheet in sheets(session, wave, office_ids, address):
        some.append(sheet)
        if len(some) == SHEETS_A_PART or n_done + len(some) == total:
            yield render(wave, some)
            n_done += len(some)
            some = []
            report(n_done, total)


def render(wave: Wave, some: list[dict[str, object]]) -> bytes:
    pdf = set_type(TEMPLATES, {"sheets": some, "foot": foot(wave)}, tagged=len(some) <= MOST_TAGGED)
    forget_drawings()
    return pdf
