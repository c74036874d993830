"""All offices as every page needs them: read once, and anew only when one of them was written since."""

from collections.abc import Iterable, Mapping, Set
from datetime import date
from functools import cached_property
from operator import attrgetter
from typing import NamedTuple

from sqlalchemy import ColumnElement, select, true
from sqlalchemy.orm import InstrumentedAttribute, Mapped, Session, mapped_column

from survey_app.db import ONE_SNAPSHOT
from survey_app.models.base import Base
from survey_app.models.kept import Kept
from survey_app.models.office import BY_NAME, Office
from survey_app.models.office_tree import Tree
from survey_app.models.vietnamese import Search

Column = InstrumentedAttribute[int] | InstrumentedAttribute[int | None]
KEPT_AT_ONCE = 4  # a server needs two at most: its pages may look at the states before and after a change
_kept: Kept["KnownOffices"] = Kept(at_once=KEPT_AT_ONCE)


class OfficesToken(Base):
    """A random text in one row, which triggers renew whenever an office is written (migration 0001).

    Not a number: two databases, or one before and after a backup was put back, would count alike.
    """

    __tablename__ = "offices_token"

    id: Mapped[int] = mapped_column(primary_key=True)
    token: Mapped[str]


class KnownOffice(NamedTuple):
    """What pages say of an office and look it up by."""

    id: int
    parent_id: int | None
    code: str
    name: str
    sort_key: str
    kind: str
    valid_from: date
    valid_until: date | None

    def has_ended(self, day: date) -> bool:
        return self.valid_until is not None and self.valid_until < day

    def serves_between(self, first: date, last: date) -> bool:
        """Whether it serves people at any time between two days; a province only sums its offices up."""
        is_there = self.valid_from <= last and (self.valid_until is None or self.valid_until >= first)
        return is_there and self.kind != "province"


class KnownOffices:
    """The offices of one state of the database. It is shared by all threads, and nobody changes it."""

    def __init__(self, token: str, offices: Mapping[int, KnownOffice]) -> None:
        self.token = token  # names this state; nothing else ever has it
        self.offices = offices  # in the order of names

    @cached_property
    def tree(self) -> Tree:
        return Tree({one.id: one.parent_id for one in self.offices.values()})

    def under(self, codes: Iterable[str]) -> set[int]:
        """Give the offices that bear these codes and all below them; no codes stand for all offices."""
        named = set(codes)
        return self.tree.within(
            [one.id for one in self.offices.values() if one.code in named] if named else [None]
        )

    def holds(self, office_ids: Set[int], column: Column) -> ColumnElement[bool]:
        """Say in SQL that a column names one of these offices, or none of the others where those are fewer.

        To walk the tree of a country in SQL takes longer than all that is then asked about its offices.
        """
        others = self.offices.keys() - office_ids
        if not others:
            return column.is_not(None)
        return column.not_in(others) if len(others) < len(office_ids) else column.in_(office_ids)

    def find(self, searched: Search) -> list[int]:
        """List by name the offices that are meant, those first whose name holds it to the mark."""
        if not searched:
            return list(self.offices)
        found = [one for one in self.offices.values() if searched.finds(one.name, one.code)]
        return [one.id for one in sorted(found, key=lambda one: not searched.stands_in(one.name))]


def known_offices(session: Session) -> KnownOffices:
    """Give the offices as this transaction sees them, for one small question where none has changed."""
    found: KnownOffices | None = session.info.get(KnownOffices)
    if found is None:
        found = _known(session)
        if ONE_SNAPSHOT in session.info:
            session.info[KnownOffices] = found
    return found


def _known(session: Session) -> KnownOffices:
    token = session.scalar(select(OfficesToken.token))
    if token is None:  # there is none before the first office
        return KnownOffices("", {})
    found = _kept.find(token)
    if found is not None:
        return found
    found = _read(session)
    return _kept.keep(found.token, found)


def _read(session: Session) -> KnownOffices:
    """Read offices and their token in one statement: between two, another might commit other offices."""
    columns = (getattr(Office, name) for name in KnownOffice._fields)
    query = select(OfficesToken.token, *columns).select_from(OfficesToken).join(Office, true())
    # By a connection, past the session, which would handle each of thousands once more.
    rows = session.connection().execute(query).all()
    offices = sorted(
        (KnownOffice._make(row[1:]) for row in rows), key=attrgetter(*(one.key for one in BY_NAME))
    )
    return KnownOffices(rows[0].token if rows else "", {one.id: one for one in offices})
