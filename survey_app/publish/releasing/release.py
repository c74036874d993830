"""The job "release": responses → tallies → running figures. It loads numpy, so no page imports it.

What is due by its responses is counted, and released day by day, the oldest first, as far as no single
answer could be told apart by comparing the figures before and after (`batch.py`). What is left waits and
merges with what comes, so that no running figure of an office and class, whole or by month, counter or field,
ever changes by one to four answers; those of its parents, who add up their offices, neither. Voided responses
leave in a release of their own, with the batches that held them. The closing release takes unanimous batches,
too.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import groupby

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from analysis import METHOD_VERSION
from survey_app.config import VIETNAM_TIME
from survey_app.db import Database
from survey_app.models.campaign import Campaign
from survey_app.models.job import Work
from survey_app.models.publication import OfficeRelease, Publication
from survey_app.models.stale_office import campaigns_with_stale, forget_stale, handed_over, stale_offices
from survey_app.publish.counting.arrivals import AtPoints, find_arrivals
from survey_app.publish.counting.tallies import Definitions, Recount, UnfitResponses
from survey_app.publish.figures.dataset import places_of
from survey_app.publish.figures.estimates import Estimated, estimate_figures
from survey_app.publish.hiding.decision import HiddenAnew, Hiding
from survey_app.publish.releasing.batch import BatchRule
from survey_app.publish.releasing.due import Due, due_offices, is_closing_release
from survey_app.publish.releasing.ranking import Compared, compare_offices
from survey_app.publish.releasing.writing import Taken, note_releases, replace_figures
from survey_app.publish.terms import terms_of

OFFICES_AT_ONCE = 200  # in one transaction: some tenths of a second in which no other can write


def run(work: Work) -> None:
    """Release what is due. Killed and claimed again, it goes on with what is still due."""
    release_due(work.database, work.now, work.report)


def release_due(database: Database, now: datetime, report: Callable[[int, int], None]) -> int:
    """Release what is due and return how many offices; at the end name what could not be counted."""
    today = now.astimezone(VIETNAM_TIME).date()
    with database.reading() as session:
        due, stale = due_offices(session, today), campaigns_with_stale(session, today)
    faults: list[str] = []
    n_done = n_released = 0
    for campaign_id, batch in _batches(due, stale):
        with database.reading() as session:
            release = prepare_release(session, campaign_id, batch, today, faults)
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
    state_before: tuple[int, int]  # of the campaign: whether another release came in between
    released_on: date
    stale: dict[int, int]  # offices to be made anew though nobody answered, by the rows that say so
    handed_over: set[int]  # and those of successions that have come since
    taken: dict[Due, Taken] = field(default_factory=dict)  # also of offices whose batch waits
    estimated: list[Estimated] = field(default_factory=list)
    hidden_anew: list[HiddenAnew] = field(default_factory=list)
    compared: list[Compared] = field(default_factory=list)

    @property
    def n_released(self) -> dict[Due, int]:
        """Count the responses in the figures of the offices that change."""
        return {due: taken.n_released for due, taken in self.taken.items() if taken.recount.days}

    def write(self, session: Session, now: datetime) -> None:
        """Write tallies, figures and release counts together; nothing, if another release was faster."""
        session.execute(
            select(Campaign.id).where(Campaign.id == self.campaign.id).with_for_update(key_share=True)
        )
        if state_of(session, self.campaign.id) != self.state_before:
            return
        for taken in self.taken.values():
            taken.recount.write(session)
        note_releases(session, self.campaign.id, self.taken, self.released_on)
        if self.estimated or self.handed_over:  # the day alone is written where nothing is left to be shown
            self._write_figures(session, now)
        forget_stale(session, self.stale)

    def _write_figures(self, session: Session, now: datetime) -> None:
        publication = _running_publication(session, self.campaign, now)
        publication.instrument_version_id = self.campaign.instrument_version_id
        publication.covers_until = self.released_on
        publication.published_at = start_of_day(now)
        publication.method_version = METHOD_VERSION
        for name, term in terms_of(self.campaign).items():
            setattr(publication, name, term)
        publication.revision += 1
        session.flush()  # the figures below name it
        for part in self.estimated:
            replace_figures(session, publication.id, part)
        for hidden in self.hidden_anew:
            hidden.write(session, publication.id)
        for compared in self.compared:
            compared.write(session, publication.id)


def prepare_release(
    session: Session, campaign_id: int, batch: Sequence[Due], today: date, faults: list[str]
) -> Release:
    """Count and estimate one campaign's batch; an office that cannot be counted is left out and named."""
    campaign = session.get_one(Campaign, campaign_id)
    stale, moved_on = stale_offices(session, campaign_id), handed_over(session, campaign_id, today)
    release = Release(campaign, state_of(session, campaign_id), today, stale, moved_on)
    definitions = Definitions(session)
    for due in batch:
        try:
            release.taken[due] = _take(session, campaign, due, today, definitions)
        except UnfitResponses as error:
            faults.append(str(error))
    renewed = {
        *release.n_released,
        *_released_on_other_terms(session, campaign),
        *_of_each_class(session, campaign_id, {*release.stale.values(), *release.handed_over}),
    }
    if renewed:
        _estimate(session, release, renewed)
    return release


def _take(session: Session, campaign: Campaign, due: Due, today: date, definitions: Definitions) -> Taken:
    """Take of an office what may be released: what was voided first, and alone."""
    points = places_of(session, due.campaign_id, due.provenance, {due.office_id})
    at_points = AtPoints.of(session, list(points), definitions)
    arrivals = find_arrivals(session, points.keys(), definitions, at_points)
    rule = BatchRule(points, definitions, campaign.instrument_version_id)
    is_over = is_closing_release(campaign, arrivals.n_live, today)
    n_voided = at_points.count_voided(points)
    loss = rule.find_loss(arrivals, is_over=is_over)
    if loss:  # Together with gains it could cancel out to a change by one; so these are looked at next time.
        n_released = arrivals.n_after(loss)
        n_left = n_voided - arrivals.n_falling_after(loss)
        return Taken(loss, n_released, n_released, n_left, n_voided)
    batches = rule.find_closing(arrivals) if is_over else rule.find_batches(arrivals)
    recount = arrivals.recount(batches)
    n_left = n_voided - arrivals.n_falling_after(recount)
    closed_on = today if is_over else None
    return Taken(recount, arrivals.n_after(recount), arrivals.n_live, n_left, n_voided, closed_on)


def _estimate(session: Session, release: Release, renewed: Iterable[Due]) -> None:
    running_id = _running_id(session, release.campaign.id)
    hiding = Hiding.of_running(session, release.campaign, running_id, release.released_on)
    by_class: dict[str, set[int]] = {}
    for due in renewed:
        by_class.setdefault(due.provenance, set()).add(due.office_id)
    for provenance, office_ids in sorted(by_class.items()):
        recounted = Recount()
        for due, taken in release.taken.items():
            if due.provenance == provenance:
                recounted.add(taken.recount)
        estimated = estimate_figures(
            session, release.campaign, provenance, office_ids, recounted, release.released_on
        )
        release.estimated.append(estimated)
        hidden = hiding.decide(estimated)
        release.hidden_anew.append(hidden)
        compared = compare_offices(session, running_id, estimated, hidden, release.campaign.target)
        release.compared.append(compared)


def _batches(due: Sequence[Due], stale: Set[int]) -> Iterator[tuple[int, list[Due]]]:
    """Divide the offices of each campaign; a campaign whose figures are stale alone has an empty batch."""
    for campaign_id, group in groupby(due, key=lambda office: office.campaign_id):
        offices = list(group)
        for start in range(0, len(offices), OFFICES_AT_ONCE):
            yield campaign_id, offices[start : start + OFFICES_AT_ONCE]
    for campaign_id in sorted(stale - {one.campaign_id for one in due}):
        yield campaign_id, []


def state_of(session: Session, campaign_id: int) -> tuple[int, int]:
    """Count what was released and what was voided: another release changes one of the two."""
    query = select(func.sum(OfficeRelease.n_released), func.sum(OfficeRelease.n_voided)).where(
        OfficeRelease.campaign_id == campaign_id
    )
    n_released, n_voided = session.execute(query).one()
    return n_released or 0, n_voided or 0


def _released_on_other_terms(session: Session, campaign: Campaign) -> list[Due]:
    """List all that was released, if the running figures carry another method or other terms than today's."""
    terms = (getattr(Publication, name) != term for name, term in terms_of(campaign).items())
    query = (
        select(OfficeRelease.campaign_id, OfficeRelease.office_id, OfficeRelease.provenance)
        .join(Publication, Publication.campaign_id == OfficeRelease.campaign_id)
        .where(
            OfficeRelease.campaign_id == campaign.id,
            OfficeRelease.n_released > 0,
            Publication.kind == "running",
            or_(Publication.method_version != METHOD_VERSION, *terms),
        )
    )
    return [Due(*row) for row in session.execute(query)]


def _of_each_class(session: Session, campaign_id: int, office_ids: Iterable[int]) -> list[Due]:
    """Name offices, perhaps above those that were answered, in each class that has figures."""
    classes = select(OfficeRelease.provenance).where(
        OfficeRelease.campaign_id == campaign_id, OfficeRelease.n_released > 0
    )
    found = session.scalars(classes.distinct()).all()
    return [Due(campaign_id, office_id, provenance) for office_id in office_ids for provenance in found]


def start_of_day(now: datetime) -> datetime:
    """Round a release's time down: its hour would tell the hour of an answer."""
    return now.astimezone(VIETNAM_TIME).replace(hour=0, minute=0, second=0, microsecond=0)


def _running_id(session: Session, campaign_id: int) -> int | None:
    return session.scalar(
        select(Publication.id).where(Publication.campaign_id == campaign_id, Publication.kind == "running")
    )


def _running_publication(session: Session, campaign: Campaign, now: datetime) -> Publication:
    found_id = _running_id(session, campaign.id)
    if found_id is not None:
        return session.get_one(Publication, found_id)
    found = Publication(
        campaign_id=campaign.id,
        instrument_version_id=campaign.instrument_version_id,
        kind="running",
        covers_from=campaign.opens_on,
        covers_until=campaign.opens_on,
        published_at=start_of_day(now),
        method_version=METHOD_VERSION,
        revision=0,
        **terms_of(campaign),
    )
    session.add(found)
    return found
