"""Imports offices from CSV: all of them, or none and every fault told with its line."""

from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from survey_app.models.office import Counter, Office, OfficeSuccession
from survey_app.models.vietnamese import sort_key
from survey_app.prepare.offices.office_rules import ONE_DAY, Draft, Lifetime, check_offices, draft_of
from survey_app.prepare.tables.table_file import Faults, read_table

COLUMNS = (
    "code",
    "name",
    "kind",
    "parent_code",
    "valid_from",
    "valid_until",
    "counters",
    "successors",
)


def import_offices(session: Session, content: bytes, *, is_demo: bool = False) -> int:
    """Store the offices of a file with their counters and successors; say how many there are."""
    faults = Faults()
    drafts = [draft_of(row) for row in read_table(content, COLUMNS, faults)]
    ids, lives = _stored_offices(session)
    check_offices(drafts, lives)
    faults.refuse_if_any()
    _store_offices(session, drafts, ids, is_demo=is_demo)
    _store_parts(session, drafts, ids)
    return len(drafts)


def _stored_offices(session: Session) -> tuple[dict[str, int], dict[str, Lifetime]]:
    found = session.execute(
        select(Office.code, Office.id, Office.kind, Office.valid_from, Office.valid_until)
    ).all()
    return {row.code: row.id for row in found}, {
        row.code: Lifetime(row.kind, row.valid_from, row.valid_until) for row in found
    }


def _store_offices(session: Session, drafts: list[Draft], ids: dict[str, int], *, is_demo: bool) -> None:
    """Store generation after generation, so that each office finds its parent; `ids` learns the new ones."""
    waiting = drafts
    while waiting:
        ready = [draft for draft in waiting if not draft.parent_code or draft.parent_code in ids]
        offices = [_office(draft, ids.get(draft.parent_code), is_demo) for draft in ready]
        session.add_all(offices)
        session.flush()  # gives the ids by which the next generation names its parents
        waiting = [draft for draft in waiting if draft.parent_code and draft.parent_code not in ids]
        ids.update((office.code, office.id) for office in offices)


def _office(draft: Draft, parent_id: int | None, is_demo: bool) -> Office:
    if draft.valid_from is None:
        raise ValueError(f"office {draft.code} was not checked")
    return Office(
        code=draft.code,
        name=draft.name,
        sort_key=sort_key(draft.name),
        kind=draft.kind,
        parent_id=parent_id,
        valid_from=draft.valid_from,
        valid_until=draft.valid_until,
        is_demo=is_demo,
    )


def _store_parts(session: Session, drafts: list[Draft], ids: dict[str, int]) -> None:
    counters: list[dict[str, Any]] = [
        {"office_id": ids[draft.code], "label": label} for draft in drafts for label in draft.counters
    ]
    successions: list[dict[str, Any]] = [
        {
            "predecessor_id": ids[draft.code],
            "successor_id": ids[code],
            "took_over_on": draft.valid_until + ONE_DAY,
        }
        for draft in drafts
        if draft.valid_until is not None
        for code in draft.successors
    ]
    if counters:
        session.execute(insert(Counter), counters)
    if successions:
        session.execute(insert(OfficeSuccession), successions)
