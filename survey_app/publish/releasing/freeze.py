"""Freezes the figures of a whole campaign: a wave or a period, published once and never changed."""

import hashlib
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from analysis import METHOD_VERSION
from survey_app.config import VIETNAM_TIME
from survey_app.db import Database
from survey_app.errors import SurveyError
from survey_app.models.access_point import AccessPoint, AccessPointDay
from survey_app.models.campaign import Campaign, SampleCell
from survey_app.models.instrument import InstrumentVersion
from survey_app.models.office import Office
from survey_app.models.publication import Publication
from survey_app.publish.counting.arrivals import find_arrivals
from survey_app.publish.counting.tallies import Definitions, Recount
from survey_app.publish.figures.changes import changes_since_last_wave
from survey_app.publish.figures.dataset import places_of, tally_rows
from survey_app.publish.figures.estimates import Estimated, estimate_figures
from survey_app.publish.hiding.decision import Hiding
from survey_app.publish.releasing.batch import BatchRule
from survey_app.publish.releasing.due import BATCH, Due
from survey_app.publish.releasing.ranking import Compared, compare_offices
from survey_app.publish.releasing.writing import Taken, note_release, replace_figures, voided_at
from survey_app.publish.terms import terms_of


class PublicationRefused(SurveyError):
    """A campaign cannot be published now; the message says why."""


def publish_wave(database: Database, campaign_id: int, now: datetime) -> int:
    """Take in all responses of a campaign and freeze what they say; give the publication's number.

    Counting and estimating take seconds in which nobody is kept waiting; only the writing locks.
    """
    with database.reading() as session:
        wave = prepare_wave(session, session.get_one(Campaign, campaign_id), now)
    with database.transaction() as session:
        return wave.write(session, now)


@dataclass(frozen=True)
class Wave:
    """All that a frozen publication consists of, offices and parents alike, ready to be written at once."""

    campaign: Campaign
    last_publication_id: int | None  # when this was prepared: whether another came in between
    n_voided: int  # then, too
    published_on: date
    recounted: Recount = field(default_factory=Recount)
    taken: dict[Due, Taken] = field(default_factory=dict)
    estimated: list[Estimated] = field(default_factory=list)
    compared: list[Compared] = field(default_factory=list)
    checksum: str = ""

    def write(self, session: Session, now: datetime) -> int:
        """Write tallies, release counts and figures together, and seal them."""
        campaign_id = self.campaign.id
        lock = select(Campaign.id).where(Campaign.id == campaign_id).with_for_update(key_share=True)
        session.execute(lock)
        if _last_publication_id(session, campaign_id) != self.last_publication_id:
            raise PublicationRefused("Vừa có một lần công bố khác của cuộc khảo sát này, hãy xem kết quả đó.")
        if _count_voided(session, campaign_id) != self.n_voided:
            raise PublicationRefused("Vừa có phiếu bị loại trong lúc tính số liệu, hãy công bố lại.")
        self.recounted.write(session)
        for due, taken in self.taken.items():
            note_release(session, due, taken, self.published_on)
        publication = self._publication(now)
        session.add(publication)
        session.flush()  # the figures name it
        for part in self.estimated:
            replace_figures(session, publication.id, part)
        for compared in self.compared:
            compared.write(session, publication.id)
        publication.sealed_at = now
        session.flush()
        return publication.id

    def _publication(self, now: datetime) -> Publication:
        return Publication(
            campaign_id=self.campaign.id,
            instrument_version_id=self.campaign.instrument_version_id,
            kind="wave",
            covers_from=self.campaign.opens_on,
            covers_until=self.campaign.closes_on,
            published_at=now,
            method_version=METHOD_VERSION,
            **terms_of(self.campaign),
            data_checksum=self.checksum,
        )


def prepare_wave(session: Session, campaign: Campaign, now: datetime) -> Wave:
    """Count and estimate the whole campaign; refuse one that could still change, or give an answer away."""
    today = now.astimezone(VIETNAM_TIME).date()
    _refuse_unfinished(campaign, today)
    last_id = _last_publication_id(session, campaign.id)
    wave = Wave(campaign, last_id, _count_voided(session, campaign.id), today)
    definitions, too_few = Definitions(session), []
    by_class = _offices_by_class(session, campaign)
    for office in (office for offices in by_class.values() for office in offices):
        taken, is_batch = _take_all(session, campaign, office, definitions)
        wave.taken[office] = taken
        wave.recounted.add(taken.recount)
        if last_id and not is_batch:
            too_few.append(office)
    _refuse_few_more(session, too_few)
    hiding = Hiding(session, campaign, last_id, is_frozen=True)
    for provenance, offices in by_class.items():
        office_ids = [office.office_id for office in offices]
        estimated = estimate_figures(session, campaign, provenance, office_ids, wave.recounted, today)
        hidden = hiding.decide(estimated)
        wave.compared.append(compare_offices(session, None, estimated, hidden, campaign.target))
        moved = changes_since_last_wave(session, campaign, provenance, estimated.figures)
        estimated.changes.extend({"provenance": provenance, **one} for one in moved)
        wave.estimated.append(estimated)
    return replace(wave, checksum=data_checksum(session, campaign, wave.recounted))


def _take_all(
    session: Session, campaign: Campaign, office: Due, definitions: Definitions
) -> tuple[Taken, bool]:
    """Take all that came to an office, and say whether who compares it with the wave before learns nothing.

    Nothing, that is, about one to four people, or about all of a batch that was not satisfied.
    """
    points = places_of(session, campaign.id, office.provenance, {office.office_id})
    arrivals = find_arrivals(session, list(points), definitions)
    rule = BatchRule(points, definitions, campaign.instrument_version_id)
    recount = arrivals.recount(rule.find_all(arrivals))
    n_voided = voided_at(session, list(points))
    taken = Taken(recount, arrivals.n_live, arrivals.n_live, n_voided, n_voided)
    return taken, rule.is_batch(arrivals.more) and not arrivals.fallen


def data_checksum(session: Session, campaign: Campaign, recounted: Recount) -> str:
    """Name the tallies and weights behind a publication by their SHA-256, whatever database holds them."""
    digest = hashlib.sha256()
    for line in sorted(_canonical_lines(session, campaign, recounted)):
        digest.update(line.encode() + b"\n")
    return digest.hexdigest()


def _canonical_lines(session: Session, campaign: Campaign, recounted: Recount) -> Iterator[str]:
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
    for row in tally_rows(session, points, recounted):
        counts = zlib.decompress(row.counts).hex()
        design = cells.get(row.cell_id, ())
        days = row.day.isoformat(), row.batch_day.isoformat()
        what = (*points[row.access_point_id], *days, versions[row.instrument_version_id])
        yield "\t".join(map(str, (*what, *design, row.n_respondents, counts)))


def _refuse_unfinished(campaign: Campaign, today: date) -> None:
    if campaign.kind != "annual":
        raise PublicationRefused(
            f"Cuộc khảo sát “{campaign.code}” thu phiếu liên tục, số liệu tự cập nhật; "
            "chỉ chốt và công bố cuộc đo lường hằng năm."
        )
    if campaign.closes_on is None:
        raise PublicationRefused(
            f"Cuộc khảo sát “{campaign.code}” không định ngày kết thúc, chưa công bố được."
        )
    if today <= campaign.closes_on:
        raise PublicationRefused(
            f"Cuộc khảo sát “{campaign.code}” còn mở đến hết ngày {campaign.closes_on:%d/%m/%Y}, "
            "chỉ công bố từ ngày hôm sau."
        )


def _refuse_few_more(session: Session, offices: Sequence[Due]) -> None:
    if offices:
        names = session.scalars(
            select(Office.name)
            .where(Office.id.in_({office.office_id for office in offices}))
            .order_by(Office.sort_key, Office.id)
        )
        few = f"1–{BATCH - 1}"
        raise PublicationRefused(
            f"So với lần công bố trước, các đơn vị sau chỉ thêm hoặc bớt {few} phiếu ở một quầy, chỉ thêm "
            f"{few} câu trả lời cho một câu hỏi, hoặc chỉ thêm toàn câu trả lời không hài lòng, nên công bố "
            "thì có thể suy ra câu trả lời của từng người:\n" + "\n".join(names)
        )


def _last_publication_id(session: Session, campaign_id: int) -> int | None:
    return session.scalar(select(func.max(Publication.id)).where(Publication.campaign_id == campaign_id))


def _count_voided(session: Session, campaign_id: int) -> int:
    points = select(AccessPoint.id).where(AccessPoint.campaign_id == campaign_id)
    query = select(func.sum(AccessPointDay.n_voided)).where(AccessPointDay.access_point_id.in_(points))
    return session.scalar(query) or 0


def _offices_by_class(session: Session, campaign: Campaign) -> dict[str, list[Due]]:
    found: dict[str, list[Due]] = {}
    key = (AccessPoint.office_id, AccessPoint.provenance)
    for office_id, provenance in session.execute(
        select(*key).where(AccessPoint.campaign_id == campaign.id).distinct().order_by(*key)
    ):
        found.setdefault(provenance, []).append(Due(campaign.id, office_id, provenance))
    return found
