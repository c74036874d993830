"""Who has dossier counts of a month and who lacks them, and what one office has, with its coverage."""

from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

from survey_app.models.breakdown import INDEX, MONTH, first_day_of
from survey_app.models.days import first_of, month_after, month_before
from survey_app.models.office import (
    ALL_FIELDS,
    IS_ODD,
    DossierCount,
    Office,
    ReplacedTotal,
    ServiceField,
    not_ended_on,
)
from survey_app.models.publication import Figure, Publication
from survey_app.prepare.dossiers.counts import NAMES, Counts, counts_of
from survey_app.web.office_search import find_offices
from survey_app.web.paging import Page, PageAsked, read_page

MONTHS_SHOWN = REPLACED_SHOWN = 12
BY_NAME = (Office.sort_key, Office.id)
HAS_TOTAL = DossierCount.office_id.is_not(None)


@dataclass(frozen=True, slots=True)
class OfficeOfMonth:
    id: int
    code: str
    name: str
    counts: Counts | None
    settled_of_fields: int | None = None
    n_usual: int | None = None
    """What is usual there, where this count was accepted far beyond it."""
    n_fields: int = 0

    @property
    def field_gap(self) -> int:
        """Give what the total has beyond the sum of the fields; less than zero where it has less."""
        return _field_gap(self.counts, self.settled_of_fields)


@dataclass(frozen=True, slots=True)
class MonthPage:
    """The offices that should have counts of a month, those that lack them first; one page of those found."""

    month: date
    offices: Page[OfficeOfMonth]
    n_offices: int
    n_missing: int
    n_gaps: int


@dataclass(frozen=True, slots=True)
class Answered:
    """Released responses of one class that were counted to a month."""

    provenance: str
    n: int | None
    """None: so few that the number itself is withheld."""


@dataclass(frozen=True, slots=True)
class MonthOfOffice:
    month: date
    counts: Counts | None
    n_usual: int | None = None
    fields: list[tuple[ServiceField, Counts]] = field(default_factory=list)
    answered: list[Answered] = field(default_factory=list)

    @property
    def is_beyond(self) -> bool:
        """Whether more responses of a class came than dossiers were settled."""
        n_settled = self.counts.n_settled if self.counts else 0
        return any(0 < n_settled < (one.n or 0) for one in self.answered)

    @property
    def settled_of_fields(self) -> int | None:
        return sum(counts.n_settled for _field, counts in self.fields) if self.fields else None

    @property
    def field_gap(self) -> int:
        return _field_gap(self.counts, self.settled_of_fields)


def _field_gap(counts: Counts | None, of_fields: int | None) -> int:
    return 0 if counts is None or of_fields is None else counts.n_settled - of_fields


def list_month(
    session: Session, in_scope: ColumnElement[bool], month: date, search: str, asked: PageAsked
) -> MonthPage:
    served = (in_scope, _served_in(month))
    counted = _with_totals(month, func.count(), func.count(DossierCount.office_id)).where(*served)
    n_offices, n_counted = session.execute(counted).one()
    searched = find_offices(session, search, *served) if search else None
    is_found = in_scope if searched is None else Office.id.in_(searched)

    def read(shown: slice) -> list[OfficeOfMonth]:
        missing_first = _totals(month).where(is_found, _served_in(month)).order_by(HAS_TOTAL, *BY_NAME)
        listed = _offices(session, missing_first.slice(shown.start, shown.stop))
        n_fields = _count_fields(session, [one.id for one in listed], month)
        return [replace(one, n_fields=n_fields.get(one.id, 0)) for one in listed]

    return MonthPage(
        month,
        read_page(n_offices if searched is None else len(searched), read, asked),
        n_offices=n_offices,
        n_missing=n_offices - n_counted,
        n_gaps=_count_odd(session, month, *served),
    )


def offices_of_month(session: Session, in_scope: ColumnElement[bool], month: date) -> list[OfficeOfMonth]:
    """List the offices that served people in a month, by name; a province only sums its offices up."""
    return _offices(session, _totals(month).where(in_scope, _served_in(month)).order_by(*BY_NAME))


def _offices(session: Session, query: Select[*tuple[Any, ...]]) -> list[OfficeOfMonth]:
    return [
        OfficeOfMonth(
            office_id, code, name, None if counts[0] is None else Counts(*counts), of_fields, n_usual
        )
        for office_id, code, name, of_fields, n_usual, *counts in session.execute(query)
    ]


def _totals(month: date) -> Select[*tuple[Any, ...]]:
    """Ask for each office with its total of a month, by columns: objects would take ten times as long."""
    total = DossierCount
    counts_by_name = [getattr(total, name) for name in NAMES]
    return _with_totals(
        month, Office.id, Office.code, Office.name, total.n_of_fields, total.n_usual, *counts_by_name
    )


def _with_totals(month: date, *columns: Any) -> Select[*tuple[Any, ...]]:
    of_month = (
        (DossierCount.office_id == Office.id)
        & (DossierCount.month == month)
        & (DossierCount.field_id == ALL_FIELDS)
    )
    return select(*columns).select_from(Office).outerjoin(DossierCount, of_month)


def _count_odd(session: Session, month: date, *served: ColumnElement[bool]) -> int:
    """Count the totals that do not add up, of which the database keeps an index."""
    odd = select(func.count()).select_from(DossierCount).join(Office, Office.id == DossierCount.office_id)
    return session.scalar(odd.where(DossierCount.month == month, IS_ODD, *served)) or 0


def _served_in(month: date) -> ColumnElement[bool]:
    began = Office.valid_from < month_after(month)
    return began & not_ended_on(month) & (Office.kind != "province")


def _count_fields(session: Session, office_ids: list[int], month: date) -> dict[int, int]:
    counted = (
        select(DossierCount.office_id, func.count())
        .where(
            DossierCount.office_id.in_(office_ids),
            DossierCount.month == month,
            DossierCount.field_id != ALL_FIELDS,
        )
        .group_by(DossierCount.office_id)
    )
    return dict(session.execute(counted).all())


def list_fields(session: Session) -> list[ServiceField]:
    return list(session.scalars(select(ServiceField).order_by(ServiceField.id)))


def months_of(session: Session, office: Office, today: date) -> list[MonthOfOffice]:
    """List an office's latest months, the newest first, with the responses that were released in each.

    Of older ones those with counts: what was entered for a wrong year must be seen to be mended.
    """
    fields = {one.id: one for one in list_fields(session)}
    whole: dict[date, DossierCount] = {}
    of_fields: dict[date, list[tuple[ServiceField, Counts]]] = defaultdict(list)
    last = first_of(min(today, office.valid_until or today))
    rows = session.scalars(
        select(DossierCount).where(DossierCount.office_id == office.id).order_by(DossierCount.field_id)
    )
    for row in rows:
        if row.field_id == ALL_FIELDS:
            whole[row.month] = row
        elif row.field_id in fields:
            of_fields[row.month].append((fields[row.field_id], counts_of(row)))
    answered = _answered(session, office)
    months, month = set(whole), last
    for _ in range(MONTHS_SHOWN):
        months.add(month)
        month = month_before(month)
    began = first_of(office.valid_from)
    found = []
    for month in sorted((one for one in months if began <= one <= last), reverse=True):
        total = whole.get(month)
        counts, n_usual = (counts_of(total), total.n_usual) if total else (None, None)
        found.append(MonthOfOffice(month, counts, n_usual, of_fields[month], answered[month]))
    return found


def replaced_totals(session: Session, office_id: int) -> list[ReplacedTotal]:
    """Give the totals of an office that were replaced or withdrawn, the latest first."""
    of_office = select(ReplacedTotal).where(ReplacedTotal.office_id == office_id)
    return list(session.scalars(of_office.order_by(ReplacedTotal.id.desc()).limit(REPLACED_SHOWN)))


def counts_of_month(session: Session, office_id: int, month: date) -> dict[int, Counts]:
    """Give what is stored of an office and month, by field."""
    rows = session.scalars(
        select(DossierCount).where(DossierCount.office_id == office_id, DossierCount.month == month)
    )
    return {row.field_id: counts_of(row) for row in rows}


def _answered(session: Session, office: Office) -> dict[date, list[Answered]]:
    """Read from the figures, never from the responses: what waits for its release is told to nobody."""
    running = list(session.scalars(select(Publication.id).where(Publication.kind == "running")))
    rows = session.execute(
        select(
            Figure.breakdown,
            Figure.provenance,
            func.sum(Figure.n_respondents),  # forms, as coverage counts them everywhere
            func.count(Figure.hidden_inside),
        )
        .where(
            Figure.publication_id.in_(running),
            Figure.office_id == office.id,
            Figure.measure == INDEX,
            Figure.breakdown.startswith(MONTH),
            Figure.n_people > 0,
        )
        .group_by(Figure.breakdown, Figure.provenance)
        .order_by(Figure.breakdown, Figure.provenance)
    )
    found: dict[date, list[Answered]] = defaultdict(list)
    for breakdown, provenance, n, n_hidden in rows:
        month = first_day_of(breakdown)
        found[month].append(Answered(provenance, None if n_hidden else int(n)))
    return found
