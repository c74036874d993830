"""The job "release": responses → tallies → running figures. It loads numpy, so no page imports it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby

from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from analysis import METHOD_VERSION
from survey_app.config import VIETNAM_TIME
from survey_app.db import Database
from survey_app.models.access_point import AccessPoint
from survey_app.models.campaign import Campaign
from survey_app.models.job import Work
from survey_app.models.publication import Figure, OfficeRelease, Publication, Tally
from survey_app.publish.due import Due, due_offices
from survey_app.publish.estimates import FigureRow, estimate_figures
from survey_app.publish.tallies import Recount, UnfitResponses, recount

OFFICES_AT_ONCE = 200  # in one transaction: some tenths of a second in which no other can write


def run(work: Work) -> None:
    """Release what is due. Killed and claimed again, it goes on with what is still due."""
    release_due(work.database, work.now, work.report)


def release_due(database: Database, now: datetime, report: Callable[[int, int], None]) -> int:
    """Release every office that is due and return how many; at the end name what could not be released."""
    today = now.astimezone(VIETNAM_TIME).date()
    with database.reading() as session:
        due = due_offices(session, today)
    faults: list[str] = []
    n_done = 0
    for batch in _batches(due):
        with database.reading() as session:
            release = prepare_release(session, batch, today, faults)
        with database.transaction() as session:
            release.write(session, now)
        n_done += len(batch)
        report(n_done, len(due))
    if faults:
        raise UnfitResponses("\n".join(faults))
    return n_done


@dataclass(frozen=True)
class Release:
    """All that one batch of offices changes in a campaign, ready to be written at once."""

    campaign: Campaign
    n_released_before: int  # over the campaign: whether another release came in between
    recounts: list[Recount]
    n_released: dict[Due, int]
    figures: list[FigureRow]
    released_on: date

    def write(self, session: Session, now: datetime) -> None:
        """Write tallies, figures and release counts together; nothing, if another release was faster."""
        session.execute(
            select(Campaign.id).where(Campaign.id == self.campaign.id).with_for_update(key_share=True)
        )
        if _n_released(session, self.campaign.id) != self.n_released_before:
            return
        for recounted in self.recounts:
            recounted.write(session)
        write_release_counts(session, self.n_released, self.released_on)
        publication = _running_publication(session, self.campaign, now)
        publication.covers_until = self.released_on
        publication.published_at = now
        publication.method_version = METHOD_VERSION
        session.flush()  # the figures below name it
        replace_figures(session, publication.id, self.figures)


def prepare_release(session: Session, batch: Sequence[Due], today: date, faults: list[str]) -> Release:
    """Count and estimate one campaign's batch; an office that cannot be counted is left out and named."""
    campaign = session.get_one(Campaign, batch[0].campaign_id)
    release = Release(campaign, _n_released(session, campaign.id), [], {}, [], today)
    outdated = _released_by_another_method(session, campaign.id)
    for provenance in sorted({office.provenance for office in [*batch, *outdated]}):
        recounted = Recount()
        counted = [
            due for due in batch if due.provenance == provenance and _counted(session, due, recounted, faults)
        ]
        release.recounts.append(recounted)
        release.n_released.update((due, count_released(session, due, recounted)) for due in counted)
        office_ids = {due.office_id for due in [*counted, *outdated] if due.provenance == provenance}
        release.figures.extend(estimate_figures(session, campaign, provenance, office_ids, recounted, today))
    return release


def point_ids_of(session: Session, office: Due) -> list[int]:
    """List an office's access points of one class in a campaign."""
    return list(
        session.scalars(
            select(AccessPoint.id)
            .where(
                AccessPoint.campaign_id == office.campaign_id,
                AccessPoint.office_id == office.office_id,
                AccessPoint.provenance == office.provenance,
            )
            .order_by(AccessPoint.id)
        )
    )


def count_released(session: Session, office: Due, recounted: Recount) -> int:
    """Count the responses in the office's tallies as they will be after the recount."""
    points = point_ids_of(session, office)
    changed = set(recounted.days)
    stored = session.execute(
        select(Tally.access_point_id, Tally.day, Tally.n_respondents).where(Tally.access_point_id.in_(points))
    )
    kept = sum(n for point_id, day, n in stored if (point_id, day) not in changed)
    return kept + sum(row.n_respondents for row in recounted.rows if row.access_point_id in points)


def write_release_counts(session: Session, n_released: dict[Due, int], released_on: date) -> None:
    for office, n in n_released.items():
        key = {
            "campaign_id": office.campaign_id,
            "office_id": office.office_id,
            "provenance": office.provenance,
        }
        session.execute(delete(OfficeRelease).filter_by(**key))
        session.execute(insert(OfficeRelease).values(**key, n_released=n, released_on=released_on))


def replace_figures(session: Session, publication_id: int, figures: Sequence[FigureRow]) -> None:
    """Put these figures in the place of those of the same offices and classes."""
    for office_id, provenance in sorted({(row["office_id"], row["provenance"]) for row in figures}):
        session.execute(
            delete(Figure).where(
                Figure.publication_id == publication_id,
                Figure.office_id == office_id,
                Figure.provenance == provenance,
            )
        )
    if figures:
        session.execute(insert(Figure), [{"publication_id": publication_id, **row} for row in figures])


def _batches(due: Sequence[Due]) -> Iterator[list[Due]]:
    for _, group in groupby(due, key=lambda office: office.campaign_id):
        offices = list(group)
        for start in range(0, len(offices), OFFICES_AT_ONCE):
            yield offices[start : start + OFFICES_AT_ONCE]


def _counted(session: Session, due: Due, recounted: Recount, faults: list[str]) -> bool:
    try:
        found = recount(session, point_ids_of(session, due))
    except UnfitResponses as error:
        faults.append(str(error))
        return False
    recounted.days.extend(found.days)
    recounted.rows.extend(found.rows)
    return True


def _n_released(session: Session, campaign_id: int) -> int:
    query = select(func.sum(OfficeRelease.n_released)).where(OfficeRelease.campaign_id == campaign_id)
    return session.scalar(query) or 0


def _released_by_another_method(session: Session, campaign_id: int) -> list[Due]:
    """List all that was released, if the running figures carry another method version than today's."""
    query = (
        select(OfficeRelease.campaign_id, OfficeRelease.office_id, OfficeRelease.provenance)
        .join(Publication, Publication.campaign_id == OfficeRelease.campaign_id)
        .where(
            OfficeRelease.campaign_id == campaign_id,
            Publication.kind == "running",
            Publication.method_version != METHOD_VERSION,
        )
    )
    return [Due(*row) for row in session.execute(query)]


def _running_publication(session: Session, campaign: Campaign, now: datetime) -> Publication:
    found = session.scalar(
        select(Publication).where(Publication.campaign_id == campaign.id, Publication.kind == "running")
    )
    if found is None:
        found = Publication(
            campaign_id=campaign.id,
            kind="running",
            covers_from=campaign.opens_on,
            covers_until=campaign.opens_on,
            published_at=now,
            method_version=METHOD_VERSION,
        )
        session.add(found)
    return found
