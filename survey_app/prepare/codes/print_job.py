"""The job "posters": codes in, one printable file out. The web worker never loads it, for typst's sake."""

from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from survey_app.jobs.files import write_parts
from survey_app.jobs.typesetting import forget_drawings
from survey_app.models.access_point import AccessPoint
from survey_app.models.campaign import Campaign
from survey_app.models.job import Work
from survey_app.models.office import Counter, Office
from survey_app.models.short_code import form_path
from survey_app.models.vietnamese import sort_key
from survey_app.prepare.codes.address import plain_address, qr_address
from survey_app.prepare.codes.layouts import LABELS_A_SHEET
from survey_app.prepare.codes.poster import Poster, render_posters

# One PDF up to here; beyond, an archive of several: memory stays near 250 MB. It is 22 full sheets of labels.
CODES_A_PART = 22 * LABELS_A_SHEET


def run(work: Work) -> str | None:
    """Print the codes named in the arguments that still work; give the file's name, or None if none does."""
    with work.database.reading() as session:
        posters = _posters(session, work.arguments["access_point_ids"], work.settings.public_url)
    if not posters:
        return None
    stem = f"to-ma-qr-{work.job_id}"
    return write_parts(work.settings.files_dir, stem, _parts(work, posters))


def _posters(session: Session, access_point_ids: list[int], public_url: str) -> list[Poster]:
    """Make the posters in the order of offices, then of counters, as they will be handed out."""
    parent = aliased(Office)
    rows = session.execute(
        select(AccessPoint.id, AccessPoint.code, Office, parent.name, Counter.label, Campaign.is_demo)
        .join(Office, Office.id == AccessPoint.office_id)
        .join(Campaign, Campaign.id == AccessPoint.campaign_id)
        .outerjoin(parent, parent.id == Office.parent_id)
        .outerjoin(Counter, Counter.id == AccessPoint.counter_id)
        .where(AccessPoint.revoked_on.is_(None), AccessPoint.way_in == "poster")
    ).all()
    wanted = set(access_point_ids)
    chosen = [row for row in rows if row[0] in wanted]
    chosen.sort(key=lambda row: (row[2].sort_key, row[2].name, row[2].id, sort_key(row[4] or ""), row[0]))
    return [
        Poster(
            office=office.name,
            counter=counter or "",
            address=plain_address(public_url),
            code=code or "",
            qr_address=qr_address(public_url, form_path(code or "")),
            office_parent=parent_name,
            demo=campaign_is_demo or office.is_demo,
        )
        for _, code, office, parent_name, counter, campaign_is_demo in chosen
    ]


def _parts(work: Work, posters: list[Poster]) -> Iterator[bytes]:
    language, layout = work.arguments["language"], work.arguments["layout"]
    work.report(0, len(posters))
    for start in range(0, len(posters), CODES_A_PART):
        some = posters[start : start + CODES_A_PART]
        yield render_posters(some, language, layout)
        forget_drawings()
        work.report(start + len(some), len(posters))
