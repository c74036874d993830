"""The same rows as CSV for spreadsheets and as JSON for programs, written piece by piece."""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.resources import files
from typing import Any, Final

from survey_app.models.plain_text import without_formula
from survey_app.publish.open_data.rows import HEADER, Published, Row, Value

BYTE_ORDER_MARK = "\N{ZERO WIDTH NO-BREAK SPACE}"  # tells spreadsheets that the file is UTF-8
DICTIONARY_PATH: Final = "/open-data/dictionary.json"
DICTIONARY: Final[dict[str, Any]] = json.loads(
    files(__package__).joinpath("dictionary.json").read_text("utf-8")
)
LICENCE: Final[dict[str, str]] = DICTIONARY["licence"]


def as_csv(rows: Iterable[Sequence[Row]]) -> Iterator[str]:
    """Write the header and each part of the rows."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    buffer.write(BYTE_ORDER_MARK)
    writer.writerow(HEADER)
    for part in rows:
        writer.writerows([_cell(value) for value in row] for row in part)
        yield _emptied(buffer)
    yield _emptied(buffer)


def as_json(
    about: Published, rows: Iterable[Sequence[Row]], groups: Mapping[str, Any] | None = None
) -> Iterator[str]:
    """Write one object: what the figures are, under which licence, and a list of them."""
    head = json.dumps(_about(about) | {"groups": groups or {}}, ensure_ascii=False)
    yield f'{head[:-1]}, "figures": ['
    before = "\n"
    for part in rows:
        yield before + ",\n".join(
            json.dumps(dict(zip(HEADER, row, strict=True)), ensure_ascii=False) for row in part
        )
        before = ",\n"
    yield "\n]}\n"


def _about(published: Published) -> dict[str, object]:
    campaign, publication = published.campaign, published.publication
    return {
        "title": {"vi": campaign.title_in("vi"), "en": campaign.title_in("en")},
        "publisher": campaign.controller_name,
        "licence": LICENCE,
        "dictionary": DICTIONARY_PATH,
        "publication_id": publication.id,
        "publication_kind": publication.kind,
        "covers_from": publication.covers_from.isoformat(),
        "covers_until": publication.covers_until.isoformat(),
        "method_version": publication.method_version,
        "data_hash": publication.data_hash,
        "recipe_id": publication.recipe_id,
        "corrects": publication.corrects_id,
        "correction_reason": publication.correction_reason,
        "what_changed": publication.what_changed,
        "minimum_n": publication.minimum_n,
        "is_demo": campaign.is_demo,
    }


def _cell(value: Value) -> Value:
    """Keep a spreadsheet from reading a text as a formula; floats read back as the same floats."""
    if isinstance(value, str):
        return without_formula(value)
    return "" if value is None else value


def _emptied(buffer: io.StringIO) -> str:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text
