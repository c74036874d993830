"""Sheets of offices as PDF, a page an office. For jobs: typst comes with it."""

from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from survey_app.jobs.typesetting import forget_drawings, set_type
from survey_app.publish.handover.sheet import foot, sheets
from survey_app.publish.handover.wave import Wave

TEMPLATES = [Path(__file__).with_name(name) for name in ("drawing.typ", "sheet.typ")]
SHEETS_A_PART = 100  # in one PDF; a country's are many, in an archive: 600 MB of memory, and 1.6 GB with 400
MOST_TAGGED = 50  # tags serve a screen reader; in a print run they double the file


def parts(
    session: Session,
    wave: Wave,
    office_ids: Collection[int],
    address: str,
    report: Callable[[int, int], None],
) -> Iterator[bytes]:
    """Set the sheets of some offices, some hundred a PDF."""
    n_done, total = 0, len(wave.places.keys() & set(office_ids))
    report(0, total)
    of_all = sheets(session, wave, office_ids, address)
    while some := list(islice(of_all, SHEETS_A_PART)):
        yield render(wave, some)
        n_done += len(some)
        report(n_done, total)


def render(wave: Wave, some: Sequence[dict[str, Any]]) -> bytes:
    pdf = set_type(TEMPLATES, {"sheets": some, "foot": foot(wave)}, tagged=len(some) <= MOST_TAGGED)
    forget_drawings()
    return pdf
