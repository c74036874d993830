"""Which drawn units have answered: whose token is spent. Worked out when asked, never stored, without a time.

Each token follows from its unit's batch and serial number, and a spent one is kept by a hash of itself. Which
answer came with it nobody can tell: an answer names the batch alone, which at least five units share.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence, Set
from functools import cache
from operator import attrgetter
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Integer, Select, bindparam, select, type_coerce
from sqlalchemy.orm import Session

from survey_app.models import aapor
from survey_app.models.invitation import InvitationBatch, SpentCount, SpentInvitation
from survey_app.models.invitation_token import InvitationToken, secret_mark, token_hash
from survey_app.models.kept import Kept
from survey_app.models.known_offices import known_offices
from survey_app.models.sample import Draw, SampledUnit, state_of_units

_FEW = 500  # batches that a statement names one by one


class Invitee(NamedTuple):
    """A unit with its token's place: the batch of its cell and its serial number in it."""

    number: int
    unit: str
    office_id: int
    list_name: str
    cell_id: int
    batch_id: int
    serial: int
    secret_mark: str
    delivery: str
    outcome: str | None
    replaces: int | None


class Entered(NamedTuple):
    """Of an invited unit with an outcome what a page of thousands needs, all of it in one index."""

    number: int
    list_name: str
    cell_id: int
    batch_id: int
    serial: int
    secret_mark: str
    outcome: str


class EnteredUnits(NamedTuple):
    """Invited units by what was entered of them."""

    respondents: Sequence[Entered]
    leaving: Sequence[Entered]  # whose outcome calls in a reserve
    answered: Set[int]  # the numbers of those of both whose token is spent


class _Told(NamedTuple):
    """Which tokens of a batch are spent, by their serial numbers, as long as so many of them are."""

    n_spent: int
    is_spent: dict[int, bool]


KEPT_AT_ONCE = 2  # a campaign's first day with another secret knows both
_kept: Kept[dict[int, _Told]] = Kept(KEPT_AT_ONCE)
_kept_units: Kept[list[Entered]] = Kept(KEPT_AT_ONCE)


def invitees_of(session: Session, draw_id: int, *conditions: ColumnElement[bool]) -> list[Invitee]:
    """List the invited units of a draw, in the order of their numbers."""
    # Ordered here: a database that is asked to would walk all units in order for the few of a condition.
    rows = session.connection().execute(_invited().where(*conditions), {"draw_id": draw_id}).all()
    return sorted(map(Invitee._make, rows), key=attrgetter("number"))


def entered_units(session: Session, draw: Draw, secrets: Sequence[bytes]) -> EnteredUnits:
    """Read those units of whose entered outcome it matters whether their token is spent all the same."""

    def read() -> list[Entered]:
        outcomes = [*aapor.RESPONDED, *aapor.CALLS_IN_RESERVE]
        rows = session.connection().execute(_entered(), {"draw_id": draw.id, "outcomes": outcomes})
        return [Entered._make(row) for row in rows.all()]

    units = _kept_units.get(state_of_units(session, draw), read)
    return EnteredUnits(
        [one for one in units if one.outcome in aapor.RESPONDED],
        [one for one in units if one.outcome in aapor.CALLS_IN_RESERVE],
        answered(session, units, secrets),
    )


@cache
def _invited() -> Select[*tuple[Any, ...]]:
    unit, batch = SampledUnit, InvitationBatch
    return (
        select(
            unit.number,
            unit.unit,
            unit.office_id,
            unit.list_name,
            unit.cell_id,
            batch.id,
            type_coerce(unit.serial, Integer),  # where there is none no row is asked for
            batch.secret_mark,
            batch.delivery,
            unit.outcome,
            unit.replaces,
        )
        .join(batch, batch.cell_id == unit.cell_id)
        .where(unit.draw_id == bindparam("draw_id"), unit.serial.is_not(None))
    )


@cache
def _entered() -> Select[*tuple[Any, ...]]:
    """Write the question once: writing takes longer than asking."""
    unit, batch = SampledUnit, InvitationBatch
    serial = type_coerce(unit.serial, Integer)
    of_batch = (batch.id, serial, batch.secret_mark)
    return (
        select(unit.number, unit.list_name, unit.cell_id, *of_batch, unit.outcome)
        .join(batch, batch.cell_id == unit.cell_id)
        .where(
            unit.draw_id == bindparam("draw_id"),
            unit.outcome.is_not(None),  # as the index says it
            unit.outcome.in_(bindparam("outcomes", expanding=True)),
            unit.serial.is_not(None),
        )
    )


def answered(session: Session, invitees: Iterable[Invitee | Entered], secrets: Sequence[bytes]) -> set[int]:
    """Give the numbers of those whose token is spent.

    A batch whose secret is no longer among the installation's cannot be told any more: none of it is named.
    What was worked out holds as long as no more tokens of its batch are spent, for none is ever taken back.
    """
    by_mark = {secret_mark(secret): secret for secret in secrets}
    asked: defaultdict[int, list[Invitee | Entered]] = defaultdict(list)
    for one in invitees:
        if one.secret_mark in by_mark:
            asked[one.batch_id].append(one)
    # Numbers of batches never return, but other databases have the same.
    kept = _kept.get((known_offices(session).token, *by_mark), dict)
    told = {}
    for batch_id, n_spent in _counts_of(session, asked.keys()):
        found = kept.get(batch_id)
        if found is None or found.n_spent != n_spent:
            found = kept[batch_id] = _Told(n_spent, {})
        told[batch_id] = found
    open_questions = [
        one for batch_id in told for one in asked[batch_id] if one.serial not in told[batch_id].is_spent
    ]
    spent = _spent_of(session, {one.batch_id for one in open_questions})
    for one in open_questions:
        is_spent = _hash(one, by_mark[one.secret_mark]) in spent[one.batch_id]
        told[one.batch_id].is_spent[one.serial] = is_spent
    return {one.number for batch_id in told for one in asked[batch_id] if told[batch_id].is_spent[one.serial]}


def _counts_of(session: Session, batch_ids: Collection[int]) -> list[tuple[int, int]]:
    """Give the batches of which any token is spent, and how many."""
    if not batch_ids:
        return []
    counts = select(SpentCount.batch_id, SpentCount.n_spent)
    if len(batch_ids) <= _FEW:
        counts = counts.where(SpentCount.batch_id.in_(batch_ids))
    rows = session.connection().execute(counts).all()
    return [(batch_id, n_spent) for batch_id, n_spent in rows if batch_id in batch_ids]


def _spent_of(session: Session, batch_ids: Collection[int]) -> dict[int, set[bytes]]:
    found: dict[int, set[bytes]] = {batch_id: set() for batch_id in batch_ids}
    if not found:
        return found
    tokens = select(SpentInvitation.batch_id, SpentInvitation.token_hash)
    if len(found) <= _FEW:
        tokens = tokens.where(SpentInvitation.batch_id.in_(found))
    # By a connection, past the session, which would handle each of tens of thousands once more.
    for batch_id, hashed in session.connection().execute(tokens).all():
        if batch_id in found:
            found[batch_id].add(hashed)
    return found


def _hash(one: Invitee | Entered, secret: bytes) -> bytes:
    return token_hash(InvitationToken(one.batch_id, one.serial).text(secret))
