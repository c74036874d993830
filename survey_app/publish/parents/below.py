"""Counts all offices below a parent in one question, and says in SQL which of them a page may show."""

from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Date,
    Integer,
    Select,
    String,
    and_,
    bindparam,
    case,
    exists,
    func,
    select,
)
from sqlalchemy.orm import Session

from survey_app.models.access_point import AccessPoint
from survey_app.models.breakdown import INDEX, WHOLE, month_name, quarter_name
from survey_app.models.campaign import Campaign
from survey_app.models.office import OFFICE_KINDS, Office, not_ended_on
from survey_app.models.office_tree import has_none_below, itself_and_below
from survey_app.models.publication import IS_WHOLE_INDEX, Change, Comparison, Figure, Publication
from survey_app.publish.shown.behind import Behind, counted_behind
from survey_app.publish.shown.campaign import Standing, standing_of
from survey_app.publish.shown.change import Period, ShownChange, last_change
from survey_app.publish.shown.figure import ShownFigure
from survey_app.publish.shown.figures import FiguresOfClass, figures_inside
from survey_app.publish.suppression import INSIDE_MINIMUM, is_seen
from survey_app.web.charts import Scale, scale_for

PARENT, TODAY = bindparam("parent_id", type_=Integer), bindparam("today", type_=Date)


class Together(NamedTuple):
    """What is counted over all offices below a parent, in one question."""

    n_offices: int = 0
    n_shown: int = 0
    n_above: int = 0  # the target
    n_below: int = 0
    n_not_testable: int = 0
    n_compared: int = 0
    n_ranked: int = 0
    low: float = 0.0  # of all ranges that are shown
    high: float = 0.0
    n_taking_part: int = 0  # offices with a way in, also where they are no more and have no figure
    n_with_figure: int = 0
    n_counted: int = 0  # the last three as in `Behind`
    n_forms: int = 0
    n_dossiers: int = 0


@dataclass(frozen=True)
class Below:
    """All offices below a parent in one campaign and class."""

    parent: Office
    campaigns: list[Campaign]  # with figures of this parent
    standing: Standing | None
    today: date
    indices: list[ShownFigure] = field(default_factory=list)  # of the parent, in each class
    provenance: str = ""  # the class that is shown
    together: Together = field(default_factory=Together)
    kinds: tuple[str, ...] = ()  # of these offices
    change: ShownChange | None = None  # of the parent: says which periods all changes here are between
    changed_from: str = ""  # the earlier period, as changes name it
    changed_to: str = ""
    earlier_publication_id: int | None = None  # where these are waves

    @property
    def index(self) -> ShownFigure | None:
        return next((one for one in self.indices if one.provenance == self.provenance), None)

    @property
    def publication(self) -> Publication | None:
        return self.standing.publication if self.standing else None

    @property
    def binds(self) -> dict[str, Any]:
        """Give what the questions about these offices leave open; they are written once."""
        publication = self.publication
        return {
            "parent_id": self.parent.id,
            "today": self.today,
            "campaign_id": publication.campaign_id if publication else 0,
            "publication_id": publication.id if publication else 0,
            "provenance": self.provenance,
        }

    @property
    def behind(self) -> Behind | None:
        """Give the offices whose responses are in the figure of all together: it may be one of many."""
        one = self.together
        if not one.n_with_figure:
            return None
        return Behind(one.n_with_figure, one.n_taking_part, one.n_counted, one.n_forms, one.n_dossiers)

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
        return _counted(session, Below(parent, [], None, today))
    standing = standing_of(session, chosen, today)
    publication = standing.publication
    found = figures_inside(session, publication, parent.id, measure=INDEX) if publication else {}
    letter = provenance if provenance in found else _first_of(found)
    indices = [figures.whole[INDEX] for figures in found.values()]
    below = _counted(session, Below(parent, campaigns, standing, today, indices, letter))
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


def _counted(session: Session, below: Below) -> Below:
    counts = session.execute(_together(), below.binds).one()
    n_of_kind, together = counts[: len(OFFICE_KINDS)], (n or 0 for n in counts[len(OFFICE_KINDS) :])
    kinds = tuple(kind for kind, n in zip(OFFICE_KINDS, n_of_kind, strict=True) if n)
    return replace(below, together=Together(*together), kinds=kinds)


@cache
def _together() -> Select[*tuple[Any, ...]]:
    """Write the question once: writing takes longer than asking."""

    def number(of: ColumnElement[bool]) -> ColumnElement[int]:
        return func.sum(case((of, 1), else_=0))

    is_line, is_shown = _has_line(), is_index_shown()
    return _below().with_only_columns(
        *(number(is_line & (Office.kind == kind)) for kind in OFFICE_KINDS),
        *(number(is_line), number(is_shown)),
        *(
            number(is_shown & (Comparison.verdict == verdict))
            for verdict in ("above", "below", "not_testable")
        ),
        *(func.count(Comparison.office_id), func.max(case((is_shown, Comparison.n_ranked)))),
        *(func.min(case((is_shown, Figure.low))), func.max(case((is_shown, Figure.high)))),
        number(_takes_part()),
        *counted_behind(INSIDE_MINIMUM),
    )


@cache
def lines_below() -> Select[int]:
    """Ask for the offices that have a line: with figures, or in existence today."""
    return _below().where(_has_line())


def _below() -> Select[int]:
    """Ask for the offices that serve people."""
    below = itself_and_below(PARENT)
    return with_figures().where(Office.id.in_(below), Office.id != PARENT, has_none_below())


def with_figures() -> Select[int]:
    """Join offices with their figures and what the release found of them below the parent.

    Figures are asked for in the words of the index that holds no others: it alone is read then.
    """
    publication_id, provenance = (
        bindparam("publication_id", type_=Integer),
        bindparam("provenance", type_=String),
    )
    has_figure = and_(
        Figure.publication_id == publication_id,
        Figure.provenance == provenance,
        IS_WHOLE_INDEX,
        Figure.office_id == Office.id,
    )
    is_compared = and_(
        Comparison.publication_id == publication_id,
        Comparison.parent_id == PARENT,
        Comparison.provenance == provenance,
        Comparison.office_id == Office.id,
    )
    return select(Office.id).outerjoin(Figure, has_figure).outerjoin(Comparison, is_compared)


def _has_line() -> ColumnElement[bool]:
    exists_today = (Office.valid_from <= TODAY) & not_ended_on(TODAY)
    return exists_today | Figure.office_id.is_not(None)


def is_index_shown() -> ColumnElement[bool]:
    return is_seen(INSIDE_MINIMUM) & Figure.value.is_not(None)


def _takes_part() -> ColumnElement[bool]:
    # A list that is made once, not looked up for each of thousands.
    taking_part = select(AccessPoint.office_id).where(AccessPoint.campaign_id == bindparam("campaign_id"))
    return Office.id.in_(taking_part)
