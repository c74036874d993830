"""What staff see of an office: more than the public from five responses on, and what to look at first."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache, partial

from sqlalchemy import ColumnElement, Select, bindparam, exists, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from survey_app.models.access_point import AccessPoint, AccessPointDay
from survey_app.models.breakdown import COUNTER, FIELD, INDEX
from survey_app.models.campaign import Campaign
from survey_app.models.instrument import InstrumentVersion
from survey_app.models.known_offices import known_offices
from survey_app.models.office import Counter, Office, ServiceField
from survey_app.models.publication import Comparison, OfficeRelease, Publication, ReturnedTally
from survey_app.models.vietnamese import sort_key
from survey_app.publish.shown.alike import Alike, like_offices
from survey_app.publish.shown.behind import Behind, offices_behind
from survey_app.publish.shown.campaign import Standing, standing_of
from survey_app.publish.shown.change import ShownChange, last_change
from survey_app.publish.shown.figure import ShownFigure
from survey_app.publish.shown.figures import FiguresOfClass, figures_inside
from survey_app.publish.shown.gaps import Gaps, gaps_of
from survey_app.publish.shown.office import ClassResults, Part, class_results
from survey_app.publish.shown.public import Ending, count_voided, ending_of
from survey_app.publish.shown.respondents import GroupTable, groups_of_class
from survey_app.publish.shown.spread import SpreadTable, spread_of
from survey_app.publish.shown.trend import Trend, trend_of
from survey_app.publish.suppression import INSIDE_MINIMUM
from survey_app.web.charts import Scale, scale_for

IsHere = Callable[[InstrumentedAttribute[int]], ColumnElement[bool]]  # names an office or one below it


@dataclass(frozen=True)
class Asked:
    """What a reader wants to see: a campaign by its code, a class by its letter, in a language."""

    campaign: str
    provenance: str
    language: str


@dataclass(frozen=True)
class Detail:
    """All that one provenance class says about an office."""

    results: ClassResults
    change: ShownChange | None
    trend: Trend | None
    spread: tuple[SpreadTable, ...]
    counters: tuple[Part, ...]
    fields: tuple[Part, ...]
    counters_without: tuple[str, ...]  # that take such responses and have no figure of them
    n_in_no_field: int | None  # forms that came where several fields are served; None: not to be told
    scale_of_parts: Scale  # of counters and fields
    alike: Alike | None
    groups: list[GroupTable]  # of respondents, by what they told of themselves
    verdict: str | None  # on the target, among the offices below the same parent


@dataclass(frozen=True)
class ManagerView:
    office: Office
    campaigns: list[Campaign]  # in which the office, or one below it, takes part
    standing: Standing | None  # of the one on this page
    indices: list[ShownFigure] = field(default_factory=list)  # of each class
    detail: Detail | None = None  # of the class on this page
    gaps: Gaps | None = None  # of the dossiers that coverage rests on
    has_received: bool = False  # any response; asked only where there is no figure
    is_waiting: bool = False  # enough responses, but no batch yet; asked only there too
    n_voided: int = 0  # left the figures
    is_waiting_beside: bool = False  # some that counted in one batch with them
    is_parent: bool = False
    behind: Behind | None = None  # the offices behind the figures of a parent
    ending: Ending | None = None
    minimum: int = INSIDE_MINIMUM


def manager_view(session: Session, office: Office, asked: Asked, today: date) -> ManagerView:
    """Give the campaign that was asked for by its code, or the continuous one that opened last."""
    known = known_offices(session)
    is_parent = known.tree.has_below(office.id)
    is_here = partial(known.holds, known.tree.subtree(office.id))
    campaigns = _campaigns(session, is_here, today)
    chosen = next(
        (one for one in campaigns if one.code == asked.campaign), campaigns[0] if campaigns else None
    )
    if chosen is None:
        return ManagerView(office, campaigns, None, is_parent=is_parent)
    standing = standing_of(session, chosen, today)
    found: dict[str, FiguresOfClass] = {}
    if standing.publication:
        found = figures_inside(session, standing.publication, office.id)
    n_voided = count_voided(session, chosen.id, office.id)
    provenance = asked.provenance if asked.provenance in found else next(iter(found), "A")
    return ManagerView(
        office=office,
        campaigns=campaigns,
        standing=standing,
        indices=[figures.whole[INDEX] for figures in found.values()],
        detail=_detail(session, office, standing, found[provenance], asked, today) if found else None,
        gaps=gaps_of(session, office.id, standing.publication) if standing.publication else None,
        has_received=bool(found) or _has_received(session, chosen.id, is_here),
        is_waiting=not found and _is_waiting(session, chosen.id, is_here),
        n_voided=n_voided,
        is_waiting_beside=n_voided > 0 and _is_waiting_beside(session, chosen.id, is_here),
        is_parent=is_parent,
        behind=_behind(session, standing, office, provenance),
        ending=ending_of(session, standing, office, today),
    )


def _behind(session: Session, standing: Standing, office: Office, provenance: str) -> Behind | None:
    if standing.publication is None:
        return None
    return offices_behind(session, standing.publication, office.id, INSIDE_MINIMUM).get(provenance)


def _detail(
    session: Session, office: Office, standing: Standing, figures: FiguresOfClass, asked: Asked, today: date
) -> Detail:
    publication = standing.publication
    assert publication is not None
    definition = session.get_one(InstrumentVersion, publication.instrument_version_id).definition
    counters, fields = figures.of_kind(COUNTER), figures.of_kind(FIELD)
    scale = scale_for(figure.limits for figure in (*counters.values(), *fields.values()))
    return Detail(
        results=class_results(figures.whole, definition, asked.language),
        change=last_change(session, figures, today),
        trend=trend_of(figures, today),
        spread=spread_of(figures, definition, asked.language),
        counters=_parts(_labels_of_counters(session, counters), counters, scale),
        fields=_parts(_names_of_fields(session, fields, asked.language), fields, scale),
        counters_without=_counters_without(session, standing.campaign.id, office.id, figures, counters),
        n_in_no_field=_n_in_no_field(figures.whole[INDEX], fields.values()),
        scale_of_parts=scale,
        alike=like_offices(session, publication, office.id, figures.whole[INDEX], publication.minimum_n),
        groups=groups_of_class(figures, definition, asked.language),
        verdict=_verdict(session, publication, office, figures.whole[INDEX].provenance),
    )


def _verdict(session: Session, publication: Publication, office: Office, provenance: str) -> str | None:
    if office.parent_id is None:
        return None
    return session.scalar(
        select(Comparison.verdict).where(
            Comparison.publication_id == publication.id,
            Comparison.parent_id == office.parent_id,
            Comparison.provenance == provenance,
            Comparison.office_id == office.id,
        )
    )


def _parts(labels: Mapping[str, str], figures: Mapping[str, ShownFigure], scale: Scale) -> tuple[Part, ...]:
    """Give the figures by the names of their counters or fields, in the order of these."""
    named = sorted(
        ((sort_key(label), label, figures[one]) for one, label in labels.items()), key=lambda row: row[:2]
    )
    return tuple(Part(label, "", "", figure, scale.mark(figure.limits)) for _, label, figure in named)


def _labels_of_counters(session: Session, figures: Iterable[str]) -> dict[str, str]:
    wanted = [int(one) for one in figures]
    labels = select(Counter.id, Counter.label).where(Counter.id.in_(wanted))
    rows = session.execute(labels) if wanted else ()
    return {str(counter_id): label for counter_id, label in rows}


def _counters_without(
    session: Session, campaign_id: int, office_id: int, figures: FiguresOfClass, counters: Collection[str]
) -> tuple[str, ...]:
    """Name the counters that have no figure, for whatever reason: none is told apart from another."""
    provenance = figures.whole[INDEX].provenance
    asked = {"campaign_id": campaign_id, "office_id": office_id, "provenance": provenance}
    labels = {
        label for counter_id, label in session.execute(_counters(), asked) if str(counter_id) not in counters
    }
    return tuple(sorted(labels, key=sort_key))


@cache
def _counters() -> Select[int, str]:
    """Ask for the counters that take responses of a class: written once, which takes longer than asking."""
    return (
        select(Counter.id, Counter.label)
        .join(AccessPoint, AccessPoint.counter_id == Counter.id)
        .where(
            AccessPoint.campaign_id == bindparam("campaign_id"),
            AccessPoint.office_id == bindparam("office_id"),
            AccessPoint.provenance == bindparam("provenance"),
        )
    )


def _n_in_no_field(index: ShownFigure, fields: Collection[ShownFigure]) -> int | None:
    """Count what the fields leave of the whole, unless it would give away a field that is hidden."""
    if any(one.state == "suppressed" for one in (index, *fields)):
        return None
    return index.n_forms - sum(one.n_forms for one in fields)


def _names_of_fields(session: Session, figures: Iterable[str], language: str) -> dict[str, str]:
    codes = list(figures)
    fields = session.scalars(select(ServiceField).where(ServiceField.code.in_(codes))) if codes else ()
    return {one.code: one.name_in(language) for one in fields}


def _campaigns(session: Session, is_here: IsHere, today: date) -> list[Campaign]:
    takes_part = exists().where(AccessPoint.campaign_id == Campaign.id, is_here(AccessPoint.office_id))
    return list(
        session.scalars(
            select(Campaign)
            .where(takes_part, Campaign.opens_on <= today)
            .order_by((Campaign.kind == "continuous").desc(), Campaign.opens_on.desc(), Campaign.id)
        )
    )


def _has_received(session: Session, campaign_id: int, is_here: IsHere) -> bool:
    received = exists().where(
        AccessPoint.campaign_id == campaign_id,
        is_here(AccessPoint.office_id),
        AccessPointDay.access_point_id == AccessPoint.id,
        AccessPointDay.n_received > 0,
    )
    return session.scalar(select(received)) is True


def _is_waiting(session: Session, campaign_id: int, is_here: IsHere) -> bool:
    waiting = exists().where(
        OfficeRelease.campaign_id == campaign_id,
        is_here(OfficeRelease.office_id),
        OfficeRelease.n_looked_at > OfficeRelease.n_released,
    )
    return session.scalar(select(waiting)) is True


def _is_waiting_beside(session: Session, campaign_id: int, is_here: IsHere) -> bool:
    waiting = exists().where(
        ReturnedTally.access_point_id == AccessPoint.id,
        AccessPoint.campaign_id == campaign_id,
        is_here(AccessPoint.office_id),
    )
    return session.scalar(select(waiting)) is True
