"""Freezes the figures of a whole campaign: a wave or a period, published once and never changed."""

import hashlib
import zlib
from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from analysis import METHOD_VERSION
from survey_app.config import VIETNAM_TIME
from survey_app.models.access_point import AccessPoint
from survey_app.models.campaign import Campaign, SampleCell
from survey_app.models.instrument import InstrumentVersion
from survey_app.models.office import Office
from survey_app.models.publication import Figure, Publication
from survey_app.publish.dataset import tally_rows
from survey_app.publish.due import Due
from survey_app.publish.estimates import FigureRow, estimate_figures
from survey_app.publish.release import count_released, point_ids_of, write_release_counts
from survey_app.publish.tallies import Recount, recount


def publish_wave(session: Session, campaign: Campaign, now: datetime, kind: str = "wave") -> Publication:
    """Take in all responses of the campaign and freeze what they say, offices and parents alike."""
    today = now.astimezone(VIETNAM_TIME).date()
    figures: list[FigureRow] = []
    offices = _offices_by_class(session, campaign)
    for provenance, some in offices.items():
        for office in some:
            found = recount(session, point_ids_of(session, office))
            found.write(session)
            write_release_counts(session, {office: count_released(session, office, Recount())}, today)
        office_ids = [office.office_id for office in some]
        figures += estimate_figures(session, campaign, provenance, office_ids, Recount(), today)
    publication = Publication(
        campaign_id=campaign.id,
        kind=kind,
        covers_from=campaign.opens_on,
        covers_until=min(today, campaign.closes_on or today),
        published_at=now,
        method_version=METHOD_VERSION,
        data_checksum=data_checksum(session, campaign),
    )
    session.add(publication)
    session.flush()  # the figures name it
    if figures:
        session.execute(insert(Figure), [{"publication_id": publication.id, **row} for row in figures])
    return publication


def data_checksum(session: Session, campaign: Campaign) -> str:
    """Name the tallies and weights behind a publication by their SHA-256, whatever database holds them."""
    digest = hashlib.sha256()
    for line in sorted(_canonical_lines(session, campaign)):
        digest.update(line.encode() + b"\n")
    return digest.hexdigest()


def _canonical_lines(session: Session, campaign: Campaign) -> Iterator[str]:
    points = {
        point_id: (code, provenance, place)
        for point_id, code, provenance, place in session.execute(
            select(
                AccessPoint.id,
                Office.code,
                AccessPoint.provenance,
                func.row_number().over(partition_by=AccessPoint.office_id, order_by=AccessPoint.id),
            )
            .join(Office, Office.id == AccessPoint.office_id)
            .where(AccessPoint.campaign_id == campaign.id)
        )
    }
    versions = dict(session.execute(select(InstrumentVersion.id, InstrumentVersion.checksum)).all())
    cells = {
        cell.id: (cell.stratum, cell.psu, repr(cell.weight))
        for cell in session.scalars(select(SampleCell).where(SampleCell.campaign_id == campaign.id))
    }
    for row in tally_rows(session, points, Recount()):
        counts = zlib.decompress(row.counts).hex()
        design = cells.get(row.cell_id, ())
        what = (*points[row.access_point_id], row.day.isoformat(), versions[row.instrument_version_id])
        yield "\t".join(map(str, (*what, *design, row.n_respondents, counts)))


def _offices_by_class(session: Session, campaign: Campaign) -> dict[str, list[Due]]:
    found: dict[str, list[Due]] = {}
    key = (AccessPoint.office_id, AccessPoint.provenance)
    for office_id, provenance in session.execute(
        select(*key).where(AccessPoint.campaign_id == campaign.id).distinct().order_by(*key)
    ):
        found.setdefault(provenance, []).append(Due(campaign.id, office_id, provenance))
    return found
