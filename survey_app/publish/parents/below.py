"""Reads all offices below a parent, with their figures and what a release found when it compared them."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from typing import Any

from sqlalchemy import Integer, Select, and_, case, exists, func, or_, select, type_coerce
from sqlalchemy.orm import Session, aliased

from survey_app.models.access_point import AccessPoint
from survey_app.models.breakdown import INDEX, WHOLE, month_name, quarter_name
from survey_app.models.campaign import Campaign
from survey_app.models.office import Office
from survey_app.models.office_tree import itself_and_below
from survey_app.models.publication import Change, Comparison, Figure, Publication
from survey_app.publish.parents.lines import Found, Index, Line, Moved
from survey_app.publish.shown.behind import Behind
from survey_app.publish.shown.campaign import Standing, standing_of
from survey_app.publish.shown.change import Period, ShownChange, last_change
from survey_app.publish.shown.figure import ShownFigure
from survey_app.publish.shown.figures import FiguresOfClass, figures_inside
from survey_app.publish.suppression import INSIDE_MINIMUM, is_seen
from survey_app.web.charts import Scale, scale_for

OFFICES_AT_ONCE = 500  # in one question to the database
N_TERMS = 2  # what `Found` says of all offices of a publication
OF_OFFICE = ("id", "code", "name", "kind", "valid_until")
# Where in a row of the question its figure begins, whether there is one, and where it says what was found.
FIGURE = len(OF_OFFICE) + 2
N_PEOPLE = FIGURE + Index._fields.index("n_people")
FOUND = FIGURE + len(Index._fields)


@dataclass(frozen=True)
class Below:
    """All offices below a parent in one campaign and class, in the order of their names."""

    parent: Office
    campaigns: list[Campaign]  # with figures of this parent
    standing: Standing | None
    indices: list[ShownFigure] = field(default_factory=list)  # of the parent, in each class
    provenance: str = ""  # the class that is shown
    lines: list[Line] = field(default_factory=list)
    n_taking_part: int = 0  # offices with a way in, also where they are no more and have no figure
    change: ShownChange | None = None  # of the parent: says which periods all changes here are between
    changed_from: str = ""  # the earlier period, as changes name it
    changed_to: str = ""
    earlier_publication_id: int | None = None  # where these are waves

    @property
    def index(self) -> ShownFigure | None:
        return next((one for one in self.indices if one.provenance == self.provenance), None)

    @cached_property
    def shown(self) -> list[Line]:
        return [line for line in self.lines if line.state == "shown"]

    @cached_property
    def behind(self) -> Behind | None:
        """Give the offices whose responses are in the figure of all together: it may be one of many.

        What `offices_behind` asks the database is at hand here, of thousands.
        """
        with_figures = [line for line in self.lines if line.figure]
        counted = [line.figure for line in with_figures if line.figure and line.is_counted]
        if not with_figures:
            return None
        return Behind(
            n_offices=len(with_figures),
            n_taking_part=self.n_taking_part,
            n_counted=len(counted),
            n_forms=sum(one.n_respondents for one in counted),
            n_dossiers=sum(one.population_size or 0 for one in counted),
        )

    @cached_property
    def target(self) -> float | None:
        """Give the target that the release tested against, if it tested anything."""
        return next((line.comparison.target for line in self.lines if line.comparison), None)

    @cached_property
    def n_ranked(self) -> int:
        return next(
            (line.comparison.n_ranked or 0 for line in self.lines if line.band and line.comparison), 0
        )

    @property
    def has_ranks(self) -> bool:
        return self.n_ranked > 0

    @cached_property
    def kinds(self) -> list[str]:
        """Give the kinds of these offices, as they first come."""
        return list(dict.fromkeys(line.kind for line in self.lines))

    @cached_property
    def _counts(self) -> Counter[str]:
        return Counter(line.verdict for line in self.lines)

    def count(self, verdict: str) -> int:
        return self._counts[verdict]

    @cached_property
    def scale(self) -> Scale:
        return scale_for([line.limits for line in self.shown], self.target)


def offices_below(
    session: Session, parent: Office, campaign_code: str, provenance: str, today: date
) -> Below:
    """Read the campaign that was asked for, or the continuous one that opened last, and a class of it."""
    campaigns = _campaigns(session, parent.id, today)
    chosen = next((one for one in campaigns if one.code == campaign_code), next(iter(campaigns), None))
    if chosen is None:
        return _with_lines(session, Below(parent, [], None), today)
    standing = standing_of(session, chosen, today)
    publication = standing.publication
    found = figures_inside(session, publication, parent.id, measure=INDEX) if publication else {}
    letter = provenance if provenance in found else _first_of(found)
    indices = [figures.whole[INDEX] for figures in found.values()]
    below = _with_lines(session, Below(parent, campaigns, standing, indices, letter), today)
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


def _with_lines(session: Session, below: Below, today: date) -> Below:
    """Add the offices that serve people: with figures, or in existence today."""
    publication = below.standing.publication if below.standing else None
    terms = (publication.target, publication.adjustment) if publication else ()
    # Past the session, which would handle each of thousands of rows once more: none is an object.
    rows = session.connection().execute(_query(below, publication, today)).all()
    lines, n_taking_part = [], 0
    for row in rows:
        office_id, code, name, kind, last_day, takes_part, exists_today = row[:FIGURE]
        n_taking_part += takes_part
        figure = Index._make(row[FIGURE:FOUND]) if row[N_PEOPLE] is not None else None
        if figure is None and not exists_today:
            continue
        found = Found._make((*terms, *row[FOUND:])) if row[FOUND] is not None else None
        ended_on = last_day if last_day and last_day < today else None
        lines.append(Line(office_id, code, name, kind, figure, found, ended_on=ended_on))
    return replace(below, lines=lines, n_taking_part=n_taking_part)


def _query(below: Below, publication: Publication | None, today: date) -> Select[Any]:
    publication_id, campaign_id = (publication.id, publication.campaign_id) if publication else (0, 0)
    parent_id, provenance = below.parent.id, below.provenance
    office, figure, compared = Office.__table__.c, Figure.__table__.c, Comparison.__table__.c
    is_of_office = and_(
        figure.publication_id == publication_id,
        figure.office_id == office.id,
        figure.provenance == provenance,
        figure.measure == INDEX,
        figure.breakdown == WHOLE,
    )
    is_of_parent = and_(
        compared.publication_id == publication_id,
        compared.parent_id == parent_id,
        compared.provenance == provenance,
        compared.office_id == office.id,
    )
    exists_today = (office.valid_from <= today) & (func.coalesce(office.valid_until, today) >= today)
    child = aliased(Office.__table__)
    # A list that is made once, not looked up for each of thousands.
    takes_part = office.id.in_(select(AccessPoint.office_id).where(AccessPoint.campaign_id == campaign_id))
    return (
        select(
            *(office[name] for name in OF_OFFICE),
            type_coerce(takes_part, Integer),
            type_coerce(exists_today, Integer),
            *(figure[name] for name in Index._fields),
            *(compared[name] for name in Found._fields[N_TERMS:]),
        )
        .outerjoin(Figure.__table__, is_of_office)
        .outerjoin(Comparison.__table__, is_of_parent)
        .where(
            office.id.in_(itself_and_below(parent_id)),
            office.id != parent_id,
            ~exists().where(child.c.parent_id == office.id),
            or_(figure.office_id.is_not(None), exists_today, takes_part),
        )
        .order_by(office.sort_key, office.name, office.id)
    )


def with_changes(session: Session, below: Below, lines: Sequence[Line]) -> list[Line]:
    """Add how each office moved between the same two periods, unless a figure of either is hidden."""
    publication = below.standing.publication if below.standing else None
    if below.change is None or publication is None:
        return list(lines)
    ids = [line.office_id for line in lines if line.state == "shown"]
    found: dict[int, Moved] = {}
    for start in range(0, len(ids), OFFICES_AT_ONCE):
        some = ids[start : start + OFFICES_AT_ONCE]
        query = select(Change.office_id, Change.value, Change.low, Change.high).where(
            Change.publication_id == publication.id,
            Change.provenance == below.provenance,
            Change.later == below.changed_to,
            Change.earlier == below.changed_from,
            Change.office_id.in_(some),
        )
        silent, n_former = _said_of_periods(session, below, publication.id, some)
        found |= {
            one: Moved(value, low, high, n_former.get(one, 0))
            for one, value, low, high in session.execute(query)
            if one not in silent
        }
    return [replace(line, change=found.get(line.office_id)) for line in lines]


def _said_of_periods(
    session: Session, below: Below, publication_id: int, office_ids: Sequence[int]
) -> tuple[set[int], dict[int, int]]:
    """Name the offices of which a figure of either period is hidden: the change would give it away.

    Of the others, count the former offices that speak for each in the two periods; waves pool none.
    """
    assert below.change is not None
    is_seen_inside = is_seen(INSIDE_MINIMUM)
    of_index = (
        Figure.provenance == below.provenance,
        Figure.measure == INDEX,
        Figure.office_id.in_(office_ids),
    )
    if below.change.later.kind == "wave":
        of_wave = (Figure.publication_id == below.earlier_publication_id, Figure.breakdown == WHOLE)
        seen = session.scalars(select(Figure.office_id).where(*of_wave, *of_index, is_seen_inside))
        return set(office_ids).difference(seen), {}
    months = (*below.change.later.months, *below.change.earlier.months)
    rows = session.execute(
        select(
            Figure.office_id,
            func.sum(case((is_seen_inside, 0), else_=1)),
            func.max(Figure.n_predecessors),
        )
        .where(
            Figure.publication_id == publication_id,
            Figure.breakdown.in_([month_name(month) for month in months]),
            *of_index,
        )
        .group_by(Figure.office_id)
    ).all()
    silent = {office_id for office_id, n_hidden, _n_former in rows if n_hidden}
    return silent, {office_id: n_former for office_id, _n_hidden, n_former in rows}
