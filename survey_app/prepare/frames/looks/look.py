"""One look at a dossier list: what a frame of it would hold; it writes into its folder alone. For jobs."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from survey_app.config import Settings
from survey_app.errors import SurveyError
from survey_app.models.known_offices import known_offices
from survey_app.models.office import ServiceField
from survey_app.models.plan import plan_as_it_stands
from survey_app.models.plan_document import PlanDocument
from survey_app.models.vietnamese import name_key
from survey_app.prepare.frames.build import Built, Report, build
from survey_app.prepare.frames.columns import CONTACTS, DESCRIBED
from survey_app.prepare.frames.looks.outcome import Found, Remains
from survey_app.prepare.frames.office_book import OfficeBook, day_number
from survey_app.prepare.frames.rows import Period, Terms
from survey_app.prepare.frames.source import NO_HEADING_LINE
from survey_app.prepare.frames.uploads import ONE_LOOK, Upload, refuse_changed
from survey_app.prepare.tables.sheet import refused


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
        book=OfficeBook(session, known_offices(session).under(population.tops)),
        fields=_codes_of_fields(session),
        period=period,
        counted_for=population.counted_for or "receives",
        year=min(settled_until, today).year,
    )
    return Known(terms, document.hash if document is not None else None)


def look_at(upload: Upload, known: Known, settings: Settings, report: Report, look: str = ONE_LOOK) -> Found:
    """Read the list and give what a frame of it would hold; `look` names the folder for what it makes."""
    if not settings.frame_keys:
        raise NoFrameKey
    refuse_changed(upload)
    if any(known.terms.book.knows(heading) for heading in upload.source.header):
        raise refused(NO_HEADING_LINE)
    built = build(upload.source, known.terms, upload.made_by(look), settings.frame_keys[0], report)
    refuse_changed(upload)  # nor while it was read
    return _found(built, known, upload, look)


def _found(built: Built, known: Known, upload: Upload, look: str) -> Found:
    ids = known.terms.book.ids
    received, decided = (built.units_by_office[name] for name in ("receives", "decides"))
    offices = sorted(received.keys() | decided.keys())
    return Found(
        look=look,
        frame_hash=built.frame_hash,
        n_rows=built.n_rows,
        n_units=built.n_units,
        n_refused=built.faults.n_refused,
        n_duplicates=built.faults.counts["repeated"],
        offices=tuple((ids[place], received[place], decided[place]) for place in offices),
        has_contacts=built.has_contacts,
        mapping=headings_of(known.terms.mapping, upload),
        remains=Remains(
            rules=built.faults.rules_met(),
            unknown_offices=tuple(built.faults.unknown_offices()),
            totals={column: tuple(counts) for column, counts in built.totals.items()},
            n_clusters=built.n_clusters,
            plan_hash=known.plan_hash,
        ),
    )


def headings_of(mapping: Mapping[str, int], upload: Upload) -> dict[str, str | int]:
    """Say what each column was called; of contacts only where it stood.

    What passes for a heading there may be the name or the address of the first person of a list without one.
    """
    return {
        column: mapping[column] + 1 if column in CONTACTS else upload.source.header[mapping[column]]
        for column in DESCRIBED
        if column in mapping
    }


def _codes_of_fields(session: Session) -> dict[str, str]:
    """Give for the code and the names of each field its code, which is what a frame says."""
    found: dict[str, str] = {}
    for one in session.scalars(select(ServiceField)):
        found |= {name_key(word): one.code for word in (one.name_en, one.name, one.code) if word}
    return found
