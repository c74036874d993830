"""The job "release": responses → tallies → running figures. It loads numpy, so no page imports it.

What is due by its responses is counted, and released only if no single answer could be told apart by
comparing the figures before and after (`batch.py`). Otherwise the whole batch waits and merges with what
comes, so the running figures of an office and class never change by one to four answers of any item; those of
its parents, who add up their offices, neither. The closing release alone takes all (its price: `due.py`).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime
from itertools import groupby

from sqlalchemy import bindparam, delete, func, insert, select
from sqlalchemy.orm import Session

from analysis import METHOD_VERSION
from survey_app.config import VIETNAM_TIME
from survey_app.db import Database
from survey_app.models.access_point import AccessPoint
from survey_app.models.campaign import Campaign
from survey_app.models.job import Work
from survey_app.models.publication import Figure, OfficeRelease, Publication, Tally
from survey_app.publish.batch import find_batch
from survey_app.publish.due import BATCH, Due, due_offices, is_closing_release
from survey_app.publish.estimates import FigureRow, estimate_figures
from survey_app.publish.tallies import Definitions, Recount, UnfitResponses, recount

OFFICES_AT_ONCE = 200  # in one transaction: some tenths of a second in which no other can write


def run(work: Work) -> None:
    """Release what is due. Killed and claimed again, it goes on with what is still due."""
    release_due(work.database, work.now, work.report)


def release_due(database: Database, now: datetime, report: Callable[[int, int], None]) -> int:
    """Release what is due and return how many offices; at the end name what could not be counted."""
    today = now.astimezone(VIETNAM_TIME).date()
    with database.reading() as session:
        due = due_offices(session, today)
    faults: list[str] = []
    n_done = n_released = 0
    for batch in _batches(due):
        with database.reading() as session:
            release = prepare_release(session, batch, today, faults)
        with database.transaction() as session:
            release.write(session, now)
        n_done += len(batch)
        n_released += len(release.n_released)
        report(n_done, len(due))
    if faults:
        raise UnfitResponses("\n".join(faults))
    return n_released


@dataclass(frozen=True)
class Release:
    """All that one batch of offices changes in a campaign, ready to be written at once."""

    campaign: Campaign
    n_released_before: int  # over the campaign: whether another release came in between
    recounts: list[Recount]
    n_released: dict[Due, int]
    n_looked_at: dict[Due, int]  # also of offices whose batch waits
    figures: list[FigureRow]
    released_on: date

    def take(self, session: Session, due: Due, found: Recount, definitions: Definitions) -> Recount:
        """Give what may be released of an office's recount; note how many have come, and how many enter."""
        n = count_released(session, due, found)
        self.n_looked_at[due] = n
        if is_closing_release(self.campaign, n, self.released_on):
            self.n_released[due] = n
            return found
        batch = find_batch(session, found, definitions, self.campaign.instrument_version_id)
        n_more = count_released(session, due, batch or Recount()) - count_released(session, due, Recount())
        if batch is None or n_more < BATCH:
            return Recount()
        self.n_released[due] = n_more + count_released(session, due, Recount())
        return batch

    def write(self, session: Session, now: datetime) -> None:
        """Write tallies, figures and release counts together; nothing, if another release was faster."""
        session.execute(
            select(Campaign.id).where(Campaign.id == self.campaign.id).with_for_update(key_share=True)
        )
        if n_released_of(session, self.campaign.id) != self.n_released_before:
            return
        for recounted in self.recounts:
            recounted.write(session)
        write_release_counts(session, self.n_released, self.released_on)
        _write_looked_at(session, self.n_looked_at)
        if self.figures:
            self._write_figures(session, now)

    def _write_figures(self, session: Session, now: datetime) -> None:
        publication = _running_publication(session, self.campaign, now)
        publication.instrument_version_id = self.campaign.instrument_version_id
        publication.covers_until = self.released_on
        publication.published_at = start_of_day(now)
        publication.method_version = METHOD_VERSION
        session.flush()  # the figures below name it
        replace_figures(session, publication.id, self.figures)


def prepare_release(session: Session, batch: Sequence[Due], today: date, faults: list[str]) -> Release:
    """Count and estimate one campaign's batch; an office that cannot be counted is left out and named."""
    campaign = session.get_one(Campaign, batch[0].campaign_id)
    release = Release(campaign, n_released_of(session, campaign.id), [], {}, {}, [], today)
    outdated = _released_by_another_method(session, campaign.id)
    definitions = Definitions(session)
    for provenance in sorted({office.provenance for office in [*batch, *outdated]}):
        recounted = Recount()
        for due in (office for office in batch if office.provenance == provenance):
            try:
                found = recount(session, point_ids_of(session, due), definitions)
            except UnfitResponses as error:
                faults.append(str(error))
                continue
            recounted.add(release.take(session, due, found, definitions))
        release.recounts.append(recounted)
        renewed = [*release.n_released, *outdated]
        office_ids = {office.office_id for office in renewed if office.provenance == provenance}
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
    if not n_released:
        return
    key = [field.name for field in fields(Due)]
    same = [getattr(OfficeRelease, name) == bindparam(f"its_{name}") for name in key]
    rows = [
        {**asdict(office), "n_released": n, "n_looked_at": n, "released_on": released_on}
        for office, n in n_released.items()
    ]
    keys = [{f"its_{name}": row[name] for name in key} for row in rows]
    session.connection().execute(delete(OfficeRelease).where(*same), keys)
    session.execute(insert(OfficeRelease), rows)


def _write_looked_at(session: Session, n_looked_at: dict[Due, int]) -> None:
    for office, n in n_looked_at.items():
        release = session.get(OfficeRelease, asdict(office))
        if release is None:
            release = OfficeRelease(**asdict(office), n_released=0)
            session.add(release)
        release.n_looked_at = n


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


def n_released_of(session: Session, campaign_id: int) -> int:
    query = select(func.sum(OfficeRelease.n_released)).where(OfficeRelease.campaign_id == campaign_id)
    return session.scalar(query) or 0


def _released_by_another_method(session: Session, campaign_id: int) -> list[Due]:
    """List all that was released, if the running figures carry another method version than today's."""
    query = (
        select(OfficeRelease.campaign_id, OfficeRelease.office_id, OfficeRelease.provenance)
        .join(Publication, Publication.campaign_id == OfficeRelease.campaign_id)
        .where(
            OfficeRelease.campaign_id == campaign_id,
            OfficeRelease.n_released > 0,
            Publication.kind == "running",
            Publication.method_version != METHOD_VERSION,
        )
    )
    return [Due(*row) for row in session.execute(query)]


def start_of_day(now: datetime) -> datetime:
    """Round a release's time down: its hour would tell the hour of an answer."""
    return now.astimezone(VIETNAM_TIME).replace(hour=0, minute=0, second=0, microsecond=0)


def _running_publication(session: Session, campaign: Campaign, now: datetime) -> Publication:
    found = session.scalar(
        select(Publication).where(Publication.campaign_id == campaign.id, Publication.kind == "running")
    )
    if found is None:
        found = Publication(
            campaign_id=campaign.id,
            instrument_version_id=campaign.instrument_version_id,
            kind="running",
            covers_from=campaign.opens_on,
            covers_until=campaign.opens_on,
            published_at=start_of_day(now),
            method_version=METHOD_VERSION,
        )
        session.add(found)
    return found
