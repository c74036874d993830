"""Who has dossier counts of a month and who lacks them, and what one office has, with its coverage."""

from collections import defaultdict
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, case, false, func, select, true
from sqlalchemy.orm import Session

from survey_app.models.breakdown import INDEX, MONTH, first_day_of
from survey_app.models.days import first_of, month_after, month_before
from survey_app.models.known_offices import KnownOffice, KnownOffices, known_offices
from survey_app.models.office import (
    ALL_FIELDS,
    IS_ODD,
    IS_TOTAL,
    DossierCount,
    Office,
    ReplacedTotal,
    ServiceField,
)
from survey_app.models.publication import Figure, Publication
from survey_app.models.vietnamese import Search
from survey_app.prepare.dossiers.counts import NAMES, Counts, counts_of
from survey_app.web.paging import Page, PageAsked, read_page

MONTHS_SHOWN = REPLACED_SHOWN = 12


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
    session: Session, office_ids: Set[int], month: date, search: str, asked: PageAsked
) -> MonthPage:
    known = known_offices(session)
    serving = _serving(known, office_ids, month)
    is_odd = _odd_by_office(session, month)
    found = serving
    if search:
        searched = set(known.find(Search(search)))
        found = [one for one in serving if one.id in searched]
    missing_first = sorted(found, key=lambda one: one.id in is_odd)

    def read(shown: slice) -> list[OfficeOfMonth]:
        ids = [one.id for one in missing_first[shown]]
        totals = _totals(session, month, DossierCount.office_id.in_(ids))
        n_fields = _count_fields(session, ids, month)
        return [_of_month(one, totals, n_fields.get(one.id, 0)) for one in missing_first[shown]]

    return MonthPage(
        month,
        read_page(len(missing_first), read, asked),
        n_offices=len(serving),
        n_missing=sum(one.id not in is_odd for one in serving),
        n_gaps=sum(is_odd.get(one.id, False) for one in serving),
    )


def offices_of_month(session: Session, office_ids: Set[int], month: date) -> list[OfficeOfMonth]:
    """List the offices that served people in a month, by name."""
    totals = _totals(session, month)
    return [_of_month(one, totals) for one in _serving(known_offices(session), office_ids, month)]


def _serving(known: KnownOffices, office_ids: Set[int], month: date) -> list[KnownOffice]:
    last = month_after(month) - timedelta(days=1)
    return [one for one in known.offices.values() if one.id in office_ids and one.serves_between(month, last)]


def _of_month(office: KnownOffice, totals: Mapping[int, Sequence[Any]], n_fields: int = 0) -> OfficeOfMonth:
    of_fields, n_usual, *counts = totals.get(office.id, (None, None))
    known = Counts(*counts) if counts else None
    return OfficeOfMonth(office.id, office.code, office.name, known, of_fields, n_usual, n_fields)


def _totals(session: Session, month: date, *conditions: ColumnElement[bool]) -> dict[int, Sequence[Any]]:
    """Read the totals of a month by columns: objects would take ten times as long."""
    counts = (getattr(DossierCount, name) for name in NAMES)
    query = select(DossierCount.office_id, DossierCount.n_of_fields, DossierCount.n_usual, *counts)
    rows = session.execute(query.where(DossierCount.month == month, IS_TOTAL, *conditions))
    return {office_id: total for office_id, *total in rows}


def _odd_by_office(session: Session, month: date) -> dict[int, bool]:
    """Tell of each office with a total of a month whether it disagrees with what is counted beside it."""
    is_odd = case((IS_ODD, true()), else_=false())
    query = select(DossierCount.office_id, is_odd).where(DossierCount.month == month, IS_TOTAL)
    # Past the session, which would handle each of thousands of rows once more.
    return dict(session.connection().execute(query).all())


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
