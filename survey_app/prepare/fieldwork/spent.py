"""Which drawn units have answered: whose token is spent. Worked out when asked, never stored, without a time.

Each token follows from its unit's batch and serial number, and a spent one is kept by a hash of itself. Which
answer came with it nobody can tell: an answer names the batch alone, which at least five units share.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from operator import attrgetter
from typing import Any

from sqlalchemy import ColumnElement, Integer, Select, bindparam, select, type_coerce
from sqlalchemy.orm import Session, aliased

from survey_app.models.invitation import InvitationBatch, SpentInvitation
from survey_app.models.invitation_token import InvitationToken, secret_mark, token_hash
from survey_app.models.sample import SampledUnit

_FEW = 500  # batches that a statement names one by one


@dataclass(frozen=True, slots=True)
class Invitee:
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


def invitees_of(session: Session, draw_id: int, *conditions: ColumnElement[bool]) -> list[Invitee]:
    """List the invited units of a draw, in the order of their numbers."""
    return _read(session, _invited().where(*conditions), draw_id=draw_id)


def entered_as(session: Session, draw_id: int, outcomes: Collection[str]) -> list[Invitee]:
    """List the invited units with one of these outcomes."""
    return _read(session, _invited_with_outcome(), draw_id=draw_id, outcomes=list(outcomes))


def _read(session: Session, query: Select[*tuple[Any, ...]], **asked: Any) -> list[Invitee]:
    # Ordered here: a database that is asked to would walk all units in order for the few of a condition.
    found = (Invitee(*row) for row in session.execute(query, asked).all())
    return sorted(found, key=attrgetter("number"))


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
def _invited_with_outcome() -> Select[*tuple[Any, ...]]:
    """Write the question once: a page asks it twice, and writing takes longer than asking."""
    unit = aliased(SampledUnit)
    is_meant = unit.outcome.in_(bindparam("outcomes", expanding=True))
    # Their numbers stand in the index of units with an outcome, which SQLite takes only where this is said.
    has_one = (unit.draw_id == bindparam("draw_id"), unit.outcome.is_not(None), is_meant)
    return _invited().where(SampledUnit.number.in_(select(unit.number).where(*has_one)))


def answered(session: Session, invitees: Iterable[Invitee], secrets: Sequence[bytes]) -> set[int]:
    """Give the numbers of those whose token is spent.

    A batch whose secret is no longer among the installation's cannot be told any more: none of it is named.
    """
    by_mark = {secret_mark(secret): secret for secret in secrets}
    asked = [one for one in invitees if one.secret_mark in by_mark]
    if not asked:
        return set()
    spent = _spent_of(session, {one.batch_id for one in asked})
    return {
        one.number
        for one in asked
        if one.batch_id in spent and _hash(one, by_mark[one.secret_mark]) in spent[one.batch_id]
    }


def _spent_of(session: Session, batch_ids: set[int]) -> dict[int, set[bytes]]:
    found: dict[int, set[bytes]] = {}
    asked = select(SpentInvitation.batch_id, SpentInvitation.token_hash)
    if len(batch_ids) <= _FEW:
        asked = asked.where(SpentInvitation.batch_id.in_(batch_ids))
    for batch_id, hashed in session.execute(asked).all():
        if batch_id in batch_ids:
            found.setdefault(batch_id, set()).add(hashed)
    return found


def _hash(one: Invitee, secret: bytes) -> bytes:
    return token_hash(InvitationToken(one.batch_id, one.serial).text(secret))
