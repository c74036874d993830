"""What happened to an office, from its rows: when it began, what it was called, who took over."""

from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from sqlalchemy import select
from sqlalchemy.orm import Session

from survey_app.models.office import BY_NAME, Office, OfficePast, OfficeSuccession
from survey_app.prepare.offices.office_rules import ONE_DAY


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened on a day; `other` is the office that it had to do with."""

    day: date
    kind: str
    """began, renamed, moved, took_over, handed_over, ended"""
    before: str = ""
    after: str = ""
    other: Office | None = None


@dataclass(frozen=True, slots=True)
class _State:
    since: date
    name: str
    parent_id: int | None


def history_of(session: Session, office: Office) -> list[Event]:
    """List what happened, the latest first."""
    states = _states(session, office)
    events = [Event(office.valid_from, "began", after=states[0].name)]
    for before, after in pairwise(states):
        if before.name != after.name:
            events.append(Event(after.since, "renamed", before.name, after.name))
        if before.parent_id != after.parent_id:
            was, became = _name(session, before.parent_id), _name(session, after.parent_id)
            events.append(Event(after.since, "moved", was, became))
    events += [Event(day, "took_over", other=one) for one, day in _linked(session, office, is_heir=True)]
    if office.valid_until is not None:
        events.append(Event(office.valid_until, "ended"))
    events += [Event(day, "handed_over", other=one) for one, day in _linked(session, office, is_heir=False)]
    return sorted(events, key=lambda event: event.day, reverse=True)


def _states(session: Session, office: Office) -> list[_State]:
    """Give name and parent from the beginning to today, each with its first day."""
    pasts = session.scalars(
        select(OfficePast).where(OfficePast.office_id == office.id).order_by(OfficePast.until)
    )
    states, since = [], office.valid_from
    for past in pasts:
        states.append(_State(since, past.name, past.parent_id))
        since = past.until + ONE_DAY
    return [*states, _State(since, office.name, office.parent_id)]


def _linked(session: Session, office: Office, *, is_heir: bool) -> list[tuple[Office, date]]:
    here, there = OfficeSuccession.predecessor_id, OfficeSuccession.successor_id
    if is_heir:
        here, there = there, here
    query = select(Office, OfficeSuccession.took_over_on).join(OfficeSuccession, there == Office.id)
    return list(session.execute(query.where(here == office.id).order_by(*BY_NAME)))


def _name(session: Session, office_id: int | None) -> str:
    office = session.get(Office, office_id) if office_id else None
    return office.name if office else "–"
