"""Puts dossier counts in their place, and lets a total that was the sum of its fields stay it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import date

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from survey_app.models.office import ALL_FIELDS, DossierCount
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


def write_counts(session: Session, before: Stored, made: Mapping[Place, Counts]) -> None:
    rows = {
        place: {"office_id": place[0], "month": place[1], "field_id": place[2], **asdict(counts)}
        for place, counts in made.items()
    }
    new = [row for place, row in rows.items() if place not in before]
    changed = [row for place, row in rows.items() if place in before and before[place] != made[place]]
    if new:
        session.execute(insert(DossierCount), new)
    if changed:
        session.execute(update(DossierCount), changed)


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
