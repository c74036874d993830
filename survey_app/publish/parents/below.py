"""All offices below a parent in one campaign and class: what is said of them together, and their lines."""

from collections.abc import Set
from dataclasses import dataclass, field, replace
from datetime import date

from sqlalchemy import distinct, exists, func, select
from sqlalchemy.orm import Session

from survey_app.models.access_point import AccessPoint
from survey_app.models.breakdown import INDEX, WHOLE, month_name, quarter_name
from survey_app.models.campaign import Campaign
from survey_app.models.known_offices import known_offices
from survey_app.models.office import OFFICE_KINDS, Office
from survey_app.models.publication import Change, Figure, Publication
from survey_app.publish.parents.kept_lines import LinesBelow, Together, lines_below
from survey_app.publish.parents.lines import Line
from survey_app.publish.shown.behind import Behind
from survey_app.publish.shown.campaign import Standing, standing_of
from survey_app.publish.shown.change import Period, ShownChange, last_change
from survey_app.publish.shown.figure import ShownFigure
from survey_app.publish.shown.figures import FiguresOfClass, figures_inside
from survey_app.web.charts import Scale, scale_for


@dataclass(frozen=True)
class Below:
    """All offices below a parent in one campaign and class."""

    parent: Office
    campaigns: list[Campaign]  # with figures of this parent
    standing: Standing | None
    found: LinesBelow
    indices: list[ShownFigure] = field(default_factory=list)  # of the parent, in each class
    provenance: str = ""  # the class that is shown
    n_taking_part: int = 0  # offices with a way in, also where they are no more and have no figure
    change: ShownChange | None = None  # of the parent: says which periods all changes here are between
    changed_from: str = ""  # the earlier period, as changes name it
    changed_to: str = ""
    earlier_publication_id: int | None = None  # where these are waves

    @property
    def lines(self) -> tuple[Line, ...]:
        return self.found.lines

    @property
    def together(self) -> Together:
        return self.found.together

    @property
    def kinds(self) -> list[str]:
        """Give the kinds of these offices, from above down."""
        kinds = {line.kind for line in self.lines}
        return [kind for kind in OFFICE_KINDS if kind in kinds]

    @property
    def index(self) -> ShownFigure | None:
        return next((one for one in self.indices if one.provenance == self.provenance), None)

    @property
    def publication(self) -> Publication | None:
        return self.standing.publication if self.standing else None

    @property
    def behind(self) -> Behind | None:
        """Give the offices whose responses are in the figure of all together: it may be one of many."""
        one = self.together
        if not one.n_with_figure:
            return None
        return Behind(one.n_with_figure, self.n_taking_part, one.n_counted, one.n_forms, one.n_dossiers)

    @property
    def target(self) -> float | None:
        """Give the target that the release tested against, if it tested anything."""
        return self.publication.target if self.publication and self.together.n_compared else None

    @property
    def has_ranks(self) -> bool:
        return self.together.n_ranked > 0

    @property
    def scale(self) -> Scale:
        one = self.together
        return scale_for([(one.low, one.low, one.high)] if one.n_shown else [], self.target)


def offices_below(
    session: Session, parent: Office, campaign_code: str, provenance: str, today: date
) -> Below:
    """Read the campaign that was asked for, or the continuous one that opened last, and a class of it."""
    campaigns = _campaigns(session, parent.id, today)
    chosen = next((one for one in campaigns if one.code == campaign_code), next(iter(campaigns), None))
    if chosen is None:
        return Below(parent, [], None, lines_below(session, parent.id, None, "", today))
    standing = standing_of(session, chosen, today)
    publication = standing.publication
    found = figures_inside(session, publication, parent.id, measure=INDEX) if publication else {}
    letter = provenance if provenance in found else _first_of(found)
    indices = [figures.whole[INDEX] for figures in found.values()]
    found_below = lines_below(session, parent.id, publication, letter, today)
    n_taking_part = _count_taking_part(session, chosen.id, found_below.office_ids) if publication else 0
    below = Below(parent, campaigns, standing, found_below, indices, letter, n_taking_part)
    change = last_change(session, found[letter], today) if letter else None
    if change is None:
        return below
    stored = next(one for one in found[letter].changes if _is_between(one, change))
    return replace(
        below,
        change=change,
        changed_from=stored.earlier,
        changed_to=stored.later,
        earlier_publication_id=stored.earlier_publication_id,
    )


def _first_of(found: dict[str, FiguresOfClass]) -> str:
    """Choose class A, which alone is ranked, or else the class of the most respondents."""
    if "A" in found or not found:
        return "A" if found else ""
    return max(found, key=lambda one: found[one].whole[INDEX].n_people)


def _is_between(stored: Change, shown: ShownChange) -> bool:
    return _names(shown.later) == stored.later and (
        stored.later == "publication" or _names(shown.earlier) == stored.earlier
    )


def _names(period: Period) -> str:
    """Name a period as changes do."""
    if period.kind == "wave":
        return "publication"
    first = period.months[0]
    return month_name(first) if period.kind == "month" else quarter_name(first)


def _campaigns(session: Session, parent_id: int, today: date) -> list[Campaign]:
    # Asked of each publication: the figures are found by that first.
    has_figure = exists().where(
        Figure.publication_id == Publication.id,
        Figure.office_id == parent_id,
        Figure.measure == INDEX,
        Figure.breakdown == WHOLE,
    )
    has_figures = select(Publication.campaign_id).where(has_figure)
    return list(
        session.scalars(
            select(Campaign)
            .where(Campaign.id.in_(has_figures), Campaign.opens_on <= today)
            .order_by((Campaign.kind == "continuous").desc(), Campaign.opens_on.desc(), Campaign.id)
        )
    )


def _count_taking_part(session: Session, campaign_id: int, office_ids: Set[int]) -> int:
    is_below = known_offices(session).holds(office_ids, AccessPoint.office_id)
    query = select(func.count(distinct(AccessPoint.office_id))).where(AccessPoint.campaign_id == campaign_id)
    return session.scalar(query.where(is_below)) or 0
