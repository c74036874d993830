"""Puts dossier counts in their place, and lets a total that was the sum of its fields stay it."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict
from datetime import date, datetime
from statistics import median_low
from typing import Any

from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.orm import Session

from survey_app.models.days import years_later
from survey_app.models.office import ALL_FIELDS, DossierCount, ReplacedTotal
from survey_app.prepare.dossiers.contradictions import Place
from survey_app.prepare.dossiers.counts import NAMES, Counts, added

Stored = dict[Place, Counts]


def stored_counts(session: Session, months: Iterable[date]) -> Stored:
    """Read all counts of some months."""
    columns = (DossierCount.office_id, DossierCount.month, DossierCount.field_id)
    counts = (getattr(DossierCount, name) for name in NAMES)
    rows = session.execute(select(*columns, *counts).where(DossierCount.month.in_(set(months))))
    return {(office_id, month, field_id): Counts(*n) for office_id, month, field_id, *n in rows}


def with_totals(before: Stored, given: Mapping[Place, Counts]) -> Stored:
    """Add the totals that follow from fields: where none is given, and none stands against its fields.

    A total of which any count differs from the sum of its fields was reported by itself, so it stays.
    """
    after = {**before, **given}
    made = dict(given)
    of_before, of_after = _sums_of_fields(before), _sums_of_fields(after)
    for office_id, month, field_id in given:
        total = (office_id, month, ALL_FIELDS)
        if field_id == ALL_FIELDS or total in given:
            continue
        known = before.get(total)
        if known is None or known == of_before.get((office_id, month)):
            made[total] = of_after[office_id, month]
    return made


def usual_totals(session: Session, office_ids: Collection[int], months: Collection[date]) -> dict[int, int]:
    """Give what an office settles in a usual month: the middle one of those known, a year back and on."""
    first, last = min(months), max(months)
    years = first.replace(year=first.year - 1), years_later(last, 1)
    stored = select(DossierCount.office_id, DossierCount.n_settled).where(
        DossierCount.field_id == ALL_FIELDS, DossierCount.month.between(*years)
    )
    # What was withdrawn counts on: else whoever withdraws all months could enter any number unasked.
    withdrawn = select(ReplacedTotal.office_id, ReplacedTotal.n_stood).where(
        ReplacedTotal.n_stood.is_not(None), ReplacedTotal.month.between(*years)
    )
    rows = session.execute(stored.union_all(withdrawn))
    known: dict[int, list[int]] = defaultdict(list)
    for office_id, n_settled in rows:
        if office_id in office_ids:
            known[office_id].append(n_settled)
    return {office_id: median_low(several) for office_id, several in known.items()}


def write_counts(
    session: Session,
    before: Stored,
    made: Mapping[Place, Counts],
    entered_on: date | None = None,
    jumps: Mapping[Place, int] | None = None,
) -> None:
    """Store counts; a day of entry lets the budgets of that day rest on the smaller of old and new."""
    said = {"entered_on": entered_on, "n_before": None}
    rows = {
        place: {
            "office_id": place[0],
            "month": place[1],
            "field_id": place[2],
            **asdict(counts),
            "n_usual": (jumps or {}).get(place),
            **said,
        }
        for place, counts in made.items()
    }
    new = [row for place, row in rows.items() if place not in before]
    changed = [row for place, row in rows.items() if place in before and before[place] != made[place]]
    if new:
        session.execute(insert(DossierCount), new)
    if changed and entered_on is not None:
        _keep_old(session, entered_on, changed)
    if changed:
        told = [{name: value for name, value in row.items() if name != "n_before"} for row in changed]
        session.execute(update(DossierCount), told)


def _keep_old(session: Session, entered_on: date, rows: Iterable[Mapping[str, Any]]) -> None:
    """Note what these counts are before the first change of a day."""
    keys = ("office_id", "month", "field_id")
    one = [getattr(DossierCount, name) == bindparam(f"at_{name}") for name in keys]
    is_first = DossierCount.entered_on.is_(None) | (DossierCount.entered_on < entered_on)
    keeping = update(DossierCount).where(*one, is_first).values(n_before=DossierCount.n_settled)
    places = [{f"at_{name}": row[name] for name in keys} for row in rows]
    session.connection().execute(keeping, places)  # not by key alone, as the session would


def keep_replaced(session: Session, before: Stored, made: Mapping[Place, Counts], now: datetime) -> None:
    """Keep what totals were before others took their place."""
    session.add_all(
        ReplacedTotal(
            office_id=place[0],
            month=place[1],
            n_before=before[place].n_settled,
            n_after=counts.n_settled,
            replaced_at=now,
        )
        for place, counts in made.items()
        if place[2] == ALL_FIELDS and place in before
        if before[place].n_settled != counts.n_settled
    )


def remove_count(session: Session, place: Place) -> None:
    office_id, month, field_id = place
    session.execute(
        delete(DossierCount).where(
            DossierCount.office_id == office_id,
            DossierCount.month == month,
            DossierCount.field_id == field_id,
        )
    )


def _sums_of_fields(counts: Mapping[Place, Counts]) -> dict[tuple[int, date], Counts]:
    found: dict[tuple[int, date], list[Counts]] = defaultdict(list)
    for (office_id, month, field_id), one in counts.items():
        if field_id != ALL_FIELDS:
            found[office_id, month].append(one)
    return {place: added(several) for place, several in found.items()}
