"""A campaign's results: which publication stands, its parents, and its offices by name."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache

from sqlalchemy import ColumnElement, Integer, Select, bindparam, func, or_, select
from sqlalchemy.orm import Session

from survey_app.config import VIETNAM_TIME
from survey_app.errors import NotFound
from survey_app.models.breakdown import INDEX, WHOLE
from survey_app.models.campaign import Campaign
from survey_app.models.known_offices import KnownOffice, known_offices
from survey_app.models.publication import IS_WHOLE_INDEX, Figure, OfficeRelease, Publication
from survey_app.models.vietnamese import Search
from survey_app.publish.shown.figure import BEST_FIRST, ShownFigure, show
from survey_app.web.charts import Mark, Tick, scale_for
from survey_app.web.paging import PageAsked, page_of

ROWS_A_PAGE = 20


@dataclass(frozen=True)
class Standing:
    """A campaign with the publication that stands for it, if any."""

    campaign: Campaign
    publication: Publication | None
    is_open: bool
    released_on: date | None  # when its figures last took in answers
    published_on: date | None
    is_last_day: bool

    @property
    def is_frozen(self) -> bool:
        return self.publication is not None and self.publication.kind != "running"


@dataclass(frozen=True)
class OfficeFigure:
    office_id: int
    code: str
    name: str
    figure: ShownFigure
    mark: Mark | None
    ended_on: date | None  # its last day, once that is over


@dataclass(frozen=True)
class OfficeTable:
    """Offices in the order of their names, on one scale."""

    rows: tuple[OfficeFigure, ...]
    ticks: tuple[Tick, ...]
    classes: tuple[str, ...]  # the provenance classes on this page


@dataclass(frozen=True)
class Filters:
    """What a reader asked to see of a long list."""

    parent_code: str
    name: str
    page: int

    @property
    def is_narrowed(self) -> bool:
        return bool(self.parent_code or self.name)


@dataclass(frozen=True)
class CampaignResults:
    standing: Standing
    parents: OfficeTable
    offices: OfficeTable
    tops: tuple[str, ...]  # names of those with figures above whom nobody has any
    n_measured: int  # offices with figures, whatever was asked for
    n_offices: int
    page: int
    n_pages: int
    previous_page: int | None
    next_page: int | None


def list_standings(session: Session, today: date) -> list[Standing]:
    """List the campaigns that have opened, the latest first."""
    opened = (
        select(Campaign).where(Campaign.opens_on <= today).order_by(Campaign.opens_on.desc(), Campaign.id)
    )
    return [standing_of(session, campaign, today) for campaign in session.scalars(opened)]


def find_standing(session: Session, code: str, today: date) -> Standing:
    # PostgreSQL refuses to look for a NUL at all.
    campaign = session.scalar(select(Campaign).where(Campaign.code == code)) if code.isprintable() else None
    if campaign is None or campaign.opens_on > today:
        raise NotFound
    return standing_of(session, campaign, today)


def is_out() -> ColumnElement[bool]:
    """Say in SQL that a publication is to be read: one that is being frozen is not yet."""
    return or_(Publication.kind == "running", Publication.sealed_at.is_not(None))


def standing_of(session: Session, campaign: Campaign, today: date) -> Standing:
    """Give a continuous campaign its running figures, any other its latest frozen ones."""
    publication, released_on = session.execute(_what_stands(), {"campaign_id": campaign.id}).one()
    is_open = not campaign.is_over(today)
    published_on = publication.published_at.astimezone(VIETNAM_TIME).date() if publication else None
    is_last_day = campaign.closes_on == today
    return Standing(campaign, publication, is_open, released_on, published_on, is_last_day)


@cache
def _what_stands() -> Select[Publication, date | None]:
    """Ask for it with the last release: written once, because most pages ask, and writing takes longer."""
    campaign_id = bindparam("campaign_id", type_=Integer)
    last_release = select(func.max(OfficeRelease.released_on)).where(OfficeRelease.campaign_id == campaign_id)
    latest_first = (Publication.published_at.desc(), Publication.id.desc())
    return (
        select(Publication, last_release.scalar_subquery())
        .select_from(Campaign)
        .outerjoin(Publication, (Publication.campaign_id == Campaign.id) & is_out())
        .where(Campaign.id == campaign_id)
        .order_by((Publication.kind == "running").desc(), *latest_first)
        .limit(1)
    )


def campaign_results(session: Session, standing: Standing, filters: Filters, today: date) -> CampaignResults:
    """Give the figures of all parents, and one page of those of the offices that were asked for."""
    if standing.publication is None:
        nothing = OfficeTable((), (), ())
        return CampaignResults(standing, nothing, nothing, (), 0, 0, 1, 1, None, None)
    lines = _offices_with_figures(session, standing.publication.id)
    ids, above = {line.id for line in lines}, {line.parent_id for line in lines}
    parents = [line for line in lines if line.id in above]
    offices = _chosen([line for line in lines if line.id not in above], parents, filters)
    page = page_of(offices, PageAsked(filters.page, ROWS_A_PAGE))
    return CampaignResults(
        standing,
        parents=_table(session, standing, parents, today),
        offices=_table(session, standing, page.rows, today),
        tops=tuple(line.name for line in lines if line.parent_id not in ids),
        n_measured=len(lines) - len(parents),
        n_offices=page.n_rows,
        page=page.number,
        n_pages=page.n_pages,
        previous_page=page.previous,
        next_page=page.next,
    )


def _offices_with_figures(session: Session, publication_id: int) -> list[KnownOffice]:
    # In the words of the index that holds no other figures: read from it alone, not looked up one by one.
    measured = select(Figure.office_id).where(Figure.publication_id == publication_id, IS_WHOLE_INDEX)
    # Past the session, which would handle each row once more.
    found = set(session.connection().scalars(measured))
    return [office for office in known_offices(session).offices.values() if office.id in found]


def _chosen(lines: list[KnownOffice], parents: list[KnownOffice], filters: Filters) -> list[KnownOffice]:
    if filters.parent_code:
        parent_ids = {line.id for line in parents if line.code == filters.parent_code}
        lines = [line for line in lines if line.parent_id in parent_ids]
    searched = Search(filters.name)
    return [line for line in lines if searched.finds(line.name, line.code)] if searched else lines


def _table(session: Session, standing: Standing, lines: Sequence[KnownOffice], today: date) -> OfficeTable:
    publication = standing.publication
    if publication is None or not lines:
        return OfficeTable((), (), ())
    minimum = publication.minimum_n
    by_office: dict[int, list[ShownFigure]] = {line.id: [] for line in lines}
    for figure in session.scalars(
        select(Figure)
        .where(
            Figure.publication_id == publication.id,
            Figure.office_id.in_(list(by_office)),
            Figure.measure == INDEX,
            Figure.breakdown == WHOLE,
        )
        .order_by(*BEST_FIRST)
    ):
        by_office[figure.office_id].append(show(figure, minimum, minimum))
    figures = [(line, figure) for line in lines for figure in by_office[line.id]]
    scale = scale_for(figure.limits for _, figure in figures)
    return OfficeTable(
        rows=tuple(
            OfficeFigure(
                line.id,
                line.code,
                line.name,
                figure,
                scale.mark(figure.limits),
                ended_on=line.valid_until if line.valid_until and line.valid_until < today else None,
            )
            for line, figure in figures
        ),
        ticks=scale.ticks,
        classes=tuple(sorted({figure.provenance for _, figure in figures})),
    )
