"""Reads all offices below a parent, with their figures and what a release found when it compared them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from typing import Any

from sqlalchemy import Select, and_, or_, select
from sqlalchemy.orm import Session

from survey_app.models.campaign import Campaign
from survey_app.models.office import Office
from survey_app.models.office_tree import OfficeTree
from survey_app.models.publication import WHOLE, Change, Comparison, Figure, Publication
from survey_app.publish.parents.lines import Found, Index, Line
from survey_app.publish.shown.campaign import Standing, standing_of
from survey_app.publish.shown.change import Period, ShownChange, last_change
from survey_app.publish.shown.figure import ShownFigure
from survey_app.publish.shown.figures import INDEX, FiguresOfClass, figures_inside
from survey_app.publish.suppression import INSIDE_MINIMUM, is_suppressed
from survey_app.web.charts import Scale, scale_for

OFFICES_AT_ONCE = 500  # in one question to the database
N_NAMES = 7  # columns that name an office, before those of its figure
N_RESPONDENTS = Index._fields.index("n_respondents")


@dataclass(frozen=True)
class Below:
    """All offices below a parent in one campaign and class, in the order of their names."""

    parent: Office
    campaigns: list[Campaign]  # with figures of this parent
    standing: Standing | None
    indices: list[ShownFigure] = field(default_factory=list)  # of the parent, in each class
    provenance: str = ""  # the class that is shown
    lines: list[Line] = field(default_factory=list)
    change: ShownChange | None = None  # of the parent: says which periods all changes here are between
    changed_from: str = ""  # the earlier period, as changes name it
    changed_to: str = ""

    @property
    def index(self) -> ShownFigure | None:
        return next((one for one in self.indices if one.provenance == self.provenance), None)

    @cached_property
    def shown(self) -> list[Line]:
        return [line for line in self.lines if line.state == "shown"]

    @cached_property
    def target(self) -> float | None:
        """Give the target that the release tested against."""
        return next((line.comparison.target for line in self.lines if line.comparison), None)

    @cached_property
    def n_ranked(self) -> int:
        return next(
            (line.comparison.n_ranked or 0 for line in self.lines if line.band and line.comparison), 0
        )

    @property
    def has_ranks(self) -> bool:
        return self.n_ranked > 0

    def count(self, verdict: str) -> int:
        return sum(line.verdict == verdict for line in self.lines)

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
        return Below(parent, [], None, lines=list(_lines(session, parent, None, "", today)))
    standing = standing_of(session, chosen, today)
    publication = standing.publication
    found = figures_inside(session, chosen, publication, parent.id) if publication else {}
    letter = provenance if provenance in found else _first_of(found)
    below = Below(
        parent,
        campaigns,
        standing,
        indices=[figures.whole[INDEX] for figures in found.values()],
        provenance=letter,
        lines=list(_lines(session, parent, publication, letter, today)),
    )
    change = last_change(session, found[letter], today) if letter else None
    if change is None:
        return below
    stored = next(one for one in found[letter].changes if _is_between(one, change))
    return replace(below, change=change, changed_from=stored.earlier, changed_to=stored.later)


def _first_of(found: dict[str, FiguresOfClass]) -> str:
    """Choose class A, which alone is ranked, or else the class of the most respondents."""
    if "A" in found or not found:
        return "A" if found else ""
    return max(found, key=lambda one: found[one].whole[INDEX].n_respondents)


def _is_between(stored: Change, shown: ShownChange) -> bool:
    return _names(shown.later) == stored.later and (
        stored.later == "publication" or _names(shown.earlier) == stored.earlier
    )


def _names(period: Period) -> str:
    """Name a period as changes do."""
    if period.kind == "wave":
        return "publication"
    first = period.months[0]
    return (
        f"month:{first:%Y-%m}" if period.kind == "month" else f"quarter:{first:%Y}-{(first.month + 2) // 3}"
    )


def _campaigns(session: Session, parent_id: int, today: date) -> list[Campaign]:
    has_figures = (
        select(Publication.campaign_id)
        .join(Figure, Figure.publication_id == Publication.id)
        .where(Figure.office_id == parent_id, Figure.measure == INDEX, Figure.breakdown == WHOLE)
    )
    return list(
        session.scalars(
            select(Campaign)
            .where(Campaign.id.in_(has_figures), Campaign.opens_on <= today)
            .order_by((Campaign.kind == "continuous").desc(), Campaign.opens_on.desc(), Campaign.id)
        )
    )


def _lines(
    session: Session, parent: Office, publication: Publication | None, provenance: str, today: date
) -> Iterator[Line]:
    """Give the offices that serve people: with figures, or in existence today."""
    tree = OfficeTree(session)
    below = {one for one in tree.subtree(parent.id) - {parent.id} if len(tree.subtree(one)) == 1}
    for row in session.execute(_query(publication.id if publication else 0, parent.id, provenance)):
        office_id, code, name, kind, sort_key, valid_from, valid_until = row[:N_NAMES]
        rest = row[N_NAMES:]
        figure = Index(*rest[: len(Index._fields)]) if rest[N_RESPONDENTS] is not None else None
        found = Found(*rest[len(Index._fields) :]) if rest[len(Index._fields)] is not None else None
        exists = valid_from <= today and (valid_until is None or today <= valid_until)
        if office_id in below and (figure is not None or exists):
            yield Line(office_id, code, name, kind, sort_key, figure, found)


def _query(publication_id: int, parent_id: int, provenance: str) -> Select[Any]:
    names = ("id", "code", "name", "kind", "sort_key", "valid_from", "valid_until")
    figure = and_(
        Figure.publication_id == publication_id,
        Figure.office_id == Office.id,
        Figure.provenance == provenance,
        Figure.measure == INDEX,
        Figure.breakdown == WHOLE,
    )
    comparison = and_(
        Comparison.publication_id == publication_id,
        Comparison.parent_id == parent_id,
        Comparison.provenance == provenance,
        Comparison.office_id == Office.id,
    )
    return (
        select(
            *(getattr(Office, name) for name in names),
            *(getattr(Figure, name) for name in Index._fields),
            *(getattr(Comparison, name) for name in Found._fields),
        )
        .outerjoin(Figure, figure)
        .outerjoin(Comparison, comparison)
        .order_by(Office.sort_key, Office.name, Office.id)
    )


def with_changes(session: Session, below: Below, lines: Sequence[Line]) -> list[Line]:
    """Add how each office moved between the same two periods, unless a figure of either is hidden."""
    publication = below.standing.publication if below.standing else None
    if below.change is None or publication is None:
        return list(lines)
    ids = [line.office_id for line in lines if line.state == "shown"]
    found: dict[int, Change] = {}
    for start in range(0, len(ids), OFFICES_AT_ONCE):
        some = ids[start : start + OFFICES_AT_ONCE]
        query = select(Change).where(
            Change.publication_id == publication.id,
            Change.provenance == below.provenance,
            Change.later == below.changed_to,
            Change.earlier == below.changed_from,
            Change.office_id.in_(some),
        )
        silent = _silent(session, below, publication.id, some)
        found |= {one.office_id: one for one in session.scalars(query) if one.office_id not in silent}
    return [replace(line, change=found.get(line.office_id)) for line in lines]


def _silent(session: Session, below: Below, publication_id: int, office_ids: Sequence[int]) -> set[int]:
    """Name the offices of which a figure of either period is hidden: the change would give it away."""
    assert below.change is not None
    of_index = (
        Figure.provenance == below.provenance,
        Figure.measure == INDEX,
        Figure.office_id.in_(office_ids),
    )
    if below.change.later.kind == "wave":
        earlier_id = int(below.changed_from.partition(":")[2])
        seen = session.scalars(
            select(Figure).where(Figure.publication_id == earlier_id, Figure.breakdown == WHOLE, *of_index)
        )
        return set(office_ids) - {one.office_id for one in seen if not is_suppressed(one, INSIDE_MINIMUM)}
    months = (*below.change.later.months, *below.change.earlier.months)
    named = [f"month:{month:%Y-%m}" for month in months]
    few = or_(Figure.n_respondents < INSIDE_MINIMUM, Figure.n_answers < INSIDE_MINIMUM)
    hidden = select(Figure.office_id).where(
        Figure.publication_id == publication_id,
        Figure.breakdown.in_(named),
        or_(Figure.hidden_inside.is_not(None), few),
        *of_index,
    )
    return set(session.scalars(hidden))
