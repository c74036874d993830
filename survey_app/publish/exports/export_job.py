"""The job "export": a choice in, one whole file of responses out. The kind of file brings its library."""

import time
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import asdict
from importlib import import_module

from sqlalchemy.orm import Session

from survey_app.config import VIETNAM_TIME
from survey_app.errors import SurveyError
from survey_app.jobs.files import whole_file
from survey_app.models.job import Work, note_outcome
from survey_app.models.publication import OfficeRelease
from survey_app.publish.exports.choice import Choice, count_released
from survey_app.publish.exports.layout import Row
from survey_app.publish.exports.rows import Export, Outcome

WRITERS = {
    "csv": "survey_app.publish.exports.csv_file",
    "xlsx": "survey_app.publish.exports.xlsx_file",
    "parquet": "survey_app.publish.exports.parquet_file",
}
REPORTS_EVERY_SECONDS = 1.0
ROWS_BETWEEN_LOOKS = 1_000


class Contradiction(SurveyError):
    """The rows that were found are not those that the tallies announce, so nothing leaves."""


def run(work: Work) -> str | None:
    """Write the file, or none where nothing may leave. Killed and claimed again, it begins anew."""
    choice = Choice.read(work.arguments)
    writer = import_module(WRITERS[choice.file_format])
    name = f"phieu-tra-loi-{work.job_id}.{choice.file_format}"
    path = work.settings.files_dir / name
    today = work.now.astimezone(VIETNAM_TIME).date()
    with work.database.reading() as session:
        export = Export.of(session, choice, today, writer.as_cell)
        rows = _counted(export, _progress(session, choice, work))
        with whole_file(path) as half, closing(rows):  # a writer that stops half-way leaves no cursor open
            writer.write(half, export.layout.columns, rows, export.legend)
    with work.database.transaction() as session:
        note_outcome(session, work.job_id, asdict(export.outcome))
    if export.outcome.n_rows:
        return name
    path.unlink()
    return None


def _progress(session: Session, choice: Choice, work: Work) -> Callable[[Outcome], None]:
    """Give a function that reports now and then; each report is a commit."""
    released = count_released(session, choice.campaign_id, OfficeRelease.office_id.in_(choice.office_ids))
    total = sum(n for provenance, n in released.items() if provenance in choice.provenances)
    reported_at = time.monotonic()
    work.report(0, total)

    def report(outcome: Outcome) -> None:
        nonlocal reported_at
        if time.monotonic() - reported_at >= REPORTS_EVERY_SECONDS:
            reported_at = time.monotonic()
            work.report(min(outcome.n_read, total), total)

    return report


def _counted(export: Export, report: Callable[[Outcome], None]) -> Generator[Row, None, None]:
    n = 0
    for row in export.rows():
        n += 1
        if n % ROWS_BETWEEN_LOOKS == 0:
            report(export.outcome)
        yield row
    if n != export.outcome.n_rows:
        raise Contradiction(f"{export.outcome.n_rows} responses announced, {n} found")
