"""Begin, rename, move and end an office. Each act can be checked before it is carried out."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from survey_app.models.audit import note
from survey_app.models.known_offices import OfficesToken
from survey_app.models.office import Counter, Office, OfficePast
from survey_app.models.stale_office import mark_stale
from survey_app.models.vietnamese import sort_key
from survey_app.prepare.offices.changes import rules
from survey_app.prepare.offices.changes.rules import Author, ChangeRefused
from survey_app.prepare.offices.counters import clean_label
from survey_app.prepare.offices.office_rules import ONE_DAY


@dataclass(frozen=True)
class Create:
    """A new office; `counters` are the labels that hang above its counters."""

    code: str
    name: str
    kind: str
    parent: Office | None
    valid_from: date
    counters: tuple[str, ...] = ()
    beside: frozenset[int] = frozenset()
    """Offices that end before it begins, whose name it may take."""

    def check(self, session: Session, author: Author) -> None:
        author.must_reach(self.parent.id if self.parent else None)
        rules.check_code_is_new(session, self.code)
        rules.check_kind(self.kind)
        name = rules.clean_name(self.name)
        rules.check_parent(self.parent, self.kind, self.valid_from)
        parent_id = self.parent.id if self.parent else None
        rules.check_name_is_free(session, name, parent_id, self.valid_from, self.beside)
        labels = [clean_label(label).casefold() for label in self.counters]
        if len(set(labels)) < len(labels):
            raise ChangeRefused("label_twice")

    def carry_out(self, session: Session, author: Author) -> Office:
        if self.parent is not None:  # nobody ends it meanwhile
            parent = locked(session, [self.parent])[self.parent.id]
            replace(self, parent=parent).check(session, author)
        else:
            self.check(session, author)
        name = rules.clean_name(self.name)
        office = Office(
            code=self.code,
            name=name,
            sort_key=sort_key(name),
            kind=self.kind,
            parent_id=self.parent.id if self.parent else None,
            valid_from=self.valid_from,
            is_demo=self.parent is not None and self.parent.is_demo,  # it goes when the demo goes
        )
        session.add(office)
        session.flush()  # gives the id that counters and the log name
        labels = [{"office_id": office.id, "label": clean_label(label)} for label in self.counters]
        if labels:
            session.execute(insert(Counter), labels)
        what = f"{office.code} {name}, từ {_day(self.valid_from)}, {len(labels)} quầy"
        note(session, author.now, author.staff_id, "offices.create", what, office.id)
        return office


@dataclass(frozen=True)
class Rename:
    office: Office
    name: str
    day: date

    def check(self, session: Session, author: Author) -> None:
        name = rules.clean_name(self.name)
        if name == self.office.name:
            raise ChangeRefused("same_name")
        rules.check_can_change_from(session, self.office, self.day, author.today)
        rules.check_name_is_free(session, name, self.office.parent_id, self.day, {self.office.id})

    def carry_out(self, session: Session, author: Author) -> Office:
        office = locked(session, [self.office])[self.office.id]
        self.check(session, author)
        name = rules.clean_name(self.name)
        what = f"{office.code}: “{office.name}” → “{name}”, từ {_day(self.day)}"
        keep_past(session, office, self.day)
        office.name, office.sort_key = name, sort_key(name)
        note(session, author.now, author.staff_id, "offices.rename", what, office.id)
        return office


@dataclass(frozen=True)
class Move:
    office: Office
    parent: Office | None
    day: date

    def check(self, session: Session, author: Author) -> None:
        parent_id = self.parent.id if self.parent else None
        author.must_reach(parent_id)
        # Only who may touch both parents may take an office out of one scope into another.
        author.must_reach(self.office.parent_id)
        if parent_id == self.office.parent_id:
            raise ChangeRefused("same_parent")
        rules.check_can_change_from(session, self.office, self.day, author.today)
        rules.check_no_circle(session, self.office, self.parent)
        rules.check_parent(self.parent, self.office.kind, self.day, self.office.valid_until)
        rules.check_name_is_free(session, self.office.name, parent_id, self.day)

    def carry_out(self, session: Session, author: Author) -> Office:
        rows = locked(session, [one for one in (self.office, self.parent) if one])
        office, parent = rows[self.office.id], rows[self.parent.id] if self.parent else None
        replace(self, office=office, parent=parent).check(session, author)
        put_under(session, office, parent, self.day, author)
        return office


@dataclass(frozen=True)
class End:
    """The last day of an office; its codes open no form after it, by that day alone."""

    office: Office
    last_day: date

    def check(self, session: Session, _author: Author) -> None:
        rules.check_can_end(session, self.office, self.last_day)
        below = rules.children_after(session, [self.office.id], self.last_day)
        if below:
            raise ChangeRefused("has_offices_below", name=below[0].name, n=len(below))

    def carry_out(self, session: Session, author: Author) -> Office:
        office = locked(session, [self.office])[self.office.id]
        self.check(session, author)
        office.valid_until = self.last_day
        what = f"{office.code} {office.name}, hết ngày {_day(self.last_day)}"
        note(session, author.now, author.staff_id, "offices.end", what, office.id)
        return office


def locked(session: Session, offices: Iterable[Office]) -> dict[int, Office]:
    """Read offices anew, when whoever changes any has come to an end.

    The token is taken first, as triggers take it before they write an office: who held offices and waited for
    it would be waited for by its holder. What two moves would make a circle of, the second finds made.
    """
    session.execute(select(OfficesToken.id).with_for_update())
    query = select(Office).where(Office.id.in_([one.id for one in offices])).order_by(Office.id)
    query = query.with_for_update(key_share=True).execution_options(populate_existing=True)
    return {office.id: office for office in session.scalars(query)}


def keep_past(session: Session, office: Office, day: date) -> None:
    """Write down what was true until the day before a change.

    Nothing is written where it never was: from the office's first day on it counts as a correction; and
    two changes of one day leave one past.
    """
    until = day - ONE_DAY
    if until < office.valid_from or session.get(OfficePast, (office.id, until)) is not None:
        return
    session.add(OfficePast(office_id=office.id, until=until, name=office.name, parent_id=office.parent_id))
    session.flush()  # a later act of the same transaction may look for it


def put_under(session: Session, office: Office, parent: Office | None, day: date, author: Author) -> None:
    before = session.get(Office, office.parent_id) if office.parent_id else None
    keep_past(session, office, day)
    mark_stale(session, [one.id for one in (before, parent) if one])
    office.parent_id = parent.id if parent else None
    what = f"{office.code} {office.name}: {_code(before)} → {_code(parent)}, từ {_day(day)}"
    note(session, author.now, author.staff_id, "offices.move", what, office.id)


def _day(day: date) -> str:
    return f"{day:%d/%m/%Y}"


def _code(office: Office | None) -> str:
    return office.code if office else "–"
