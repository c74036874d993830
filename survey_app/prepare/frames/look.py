"""One look at a dossier list: what a frame of it would hold; it writes into its folder alone. For jobs."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from survey_app.config import Settings
from survey_app.errors import SurveyError
from survey_app.models.office import ServiceField
from survey_app.models.office_tree import offices_under
from survey_app.models.plan import plan_as_it_stands
from survey_app.models.plan_document import PlanDocument
from survey_app.models.vietnamese import name_key
from survey_app.prepare.frames.build import Built, Report, build
from survey_app.prepare.frames.columns import DESCRIBED
from survey_app.prepare.frames.office_book import OfficeBook, day_number
from survey_app.prepare.frames.rows import Period, Terms
from survey_app.prepare.frames.uploads import Upload


class NoFrameKey(SurveyError):
    """DATA_DIR holds no frame-keys to seal contacts with. Run: flask --app survey_app database upgrade."""


@dataclass(frozen=True, slots=True)
class Known:
    """What a look needs of the database, read before it begins: it takes minutes."""

    terms: Terms
    plan_hash: str | None


def read_known(session: Session, campaign_id: int, mapping: Mapping[str, int], today: date) -> Known:
    """Read offices, fields and the plan; a draft of the plan says which dossiers are meant, too."""
    document = plan_as_it_stands(session, campaign_id)
    population = (document or PlanDocument()).population
    settled_until = population.settled_until or today
    period = Period(
        today=day_number(today),
        settled_from=day_number(population.settled_from) if population.settled_from else 0,
        settled_until=day_number(settled_until),
    )
    terms = Terms(
        mapping=mapping,
        book=OfficeBook(session, offices_under(session, population.tops)),
        fields=_codes_of_fields(session),
        period=period,
        counted_for=population.counted_for or "receives",
        year=min(settled_until, today).year,
    )
    return Known(terms, document.hash if document is not None else None)


def look_at(upload: Upload, known: Known, settings: Settings, report: Report) -> dict[str, Any]:
    """Read the list and give what the page says of it."""
    if not settings.frame_keys:
        raise NoFrameKey
    built = build(upload.source, known.terms, upload.folder, settings.frame_keys[0], report)
    return _outcome(built, known, upload)


def _outcome(built: Built, known: Known, upload: Upload) -> dict[str, Any]:
    ids = known.terms.book.ids
    received, decided = (built.units_by_office[name] for name in ("receives", "decides"))
    offices = sorted(received.keys() | decided.keys())
    return {
        "frame_hash": built.frame_hash,
        "n_rows": built.n_rows,
        "n_units": built.n_units,
        "n_refused": built.faults.n_refused,
        "n_duplicates": built.faults.counts["repeated"],
        "rules": built.faults.as_json(),
        "unknown_offices": built.faults.unknown_offices(),
        "totals": built.totals,
        "n_clusters": built.n_clusters,
        "offices": [[ids[place], received[place], decided[place]] for place in offices],
        "has_contacts": built.has_contacts,
        "plan_hash": known.plan_hash,
        "mapping": headings_of(known.terms.mapping, upload),
    }


def headings_of(mapping: Mapping[str, int], upload: Upload) -> dict[str, str]:
    return {column: upload.source.header[mapping[column]] for column in DESCRIBED if column in mapping}


def _codes_of_fields(session: Session) -> dict[str, str]:
    """Give for the code and the names of each field its code, which is what a frame says."""
    found: dict[str, str] = {}
    for one in session.scalars(select(ServiceField)):
        found |= {name_key(word): one.code for word in (one.name_en, one.name, one.code) if word}
    return found
