"""The shown figures of a publication as CSV: the pages' figures, in full precision and suppressed alike."""

import csv
import io
from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from survey_app.models.campaign import Campaign
from survey_app.models.office import Office
from survey_app.models.publication import Figure, Publication
from survey_app.publish.suppression import is_suppressed

BYTE_ORDER_MARK = "\N{ZERO WIDTH NO-BREAK SPACE}"  # tells spreadsheets that the file is UTF-8
ROWS_AT_ONCE = 500
NUMBERS = {
    "estimate": "value",
    "standard_error": "standard_error",
    "df": "degrees_of_freedom",
    "low": "low",
    "high": "high",
    "interval_method": "interval_method",
    "level": "level",
    "t_low": "t_low",
    "t_high": "t_high",
    "n_respondents": "n_respondents",
    "n_answers": "n_answers",
    "effective_sample_size": "effective_sample_size",
    "population_size": "population_size",
}
HEADER = (
    "campaign",
    "office_code",
    "office_name",
    "measure",
    *NUMBERS,
    "sampling_basis",
    "provenance",
    "method_version",
    "publication_id",
    "publication_kind",
    "released_on",
    "reason",
)


def csv_parts(session: Session, campaign: Campaign, publication: Publication) -> Iterator[str]:
    """Write the figures a few hundred rows at a time, offices in the order of their names."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    buffer.write(BYTE_ORDER_MARK)
    writer.writerow(HEADER)
    rows = session.execute(
        select(Figure, Office.code, Office.name)
        .join(Office, Office.id == Figure.office_id)
        .where(Figure.publication_id == publication.id)
        .order_by(Office.sort_key, Office.name, Office.id, Figure.provenance, Figure.measure)
        .execution_options(yield_per=ROWS_AT_ONCE)
    )
    for part in rows.partitions():
        for figure, code, name in part:
            what = (campaign.code, code, name, figure.measure)
            writer.writerow(map(_cell, (*what, *_values(figure, campaign, publication))))
        yield _emptied(buffer)
    yield _emptied(buffer)


def _values(figure: Figure, campaign: Campaign, publication: Publication) -> tuple[object, ...]:
    suppressed = is_suppressed(figure, campaign.minimum_n)
    return (
        *("" if suppressed else getattr(figure, column) for column in NUMBERS.values()),
        figure.sampling_basis,
        figure.provenance,
        publication.method_version,
        publication.id,
        publication.kind,
        figure.released_on.isoformat(),
        f"suppressed: fewer than {campaign.minimum_n} responses" if suppressed else figure.reason,
    )


def _cell(value: object) -> object:
    """Keep a spreadsheet from reading a text as a formula; floats read back as the same floats."""
    if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")):
        return "'" + value
    return "" if value is None else value


def _emptied(buffer: io.StringIO) -> str:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text
