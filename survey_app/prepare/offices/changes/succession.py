"""Merge several offices into one, or split one into several: who ends hands over to who begins or goes on."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from survey_app.models.audit import note
from survey_app.models.office import Office, OfficeSuccession
from survey_app.models.stale_office import mark_stale
from survey_app.prepare.offices.changes import rules
from survey_app.prepare.offices.changes.acts import Create, locked, put_under
from survey_app.prepare.offices.changes.rules import Author, ChangeRefused
from survey_app.prepare.offices.office_rules import ONE_DAY


@dataclass(frozen=True, slots=True)
class Heir:
    """Who takes over: an office that exists, or a new one by its code and name."""

    code: str
    name: str = ""
    office: Office | None = None


@dataclass(frozen=True)
class HandOver:
    """All of `predecessors` end on `last_day`, and each of `heirs` takes over from each of them."""

    act: str
    """merge or split"""
    predecessors: tuple[Office, ...]
    heirs: tuple[Heir, ...]
    last_day: date

    @property
    def takes_over_on(self) -> date:
        return self.last_day + ONE_DAY

    @property
    def said(self) -> str:
        """Say it by codes, as the audit log does."""
        before = ", ".join(office.code for office in self.predecessors)
        after = ", ".join(heir.code for heir in self.heirs)
        return f"{before} → {after}, từ {self.takes_over_on:%d/%m/%Y}"

    def lock(self, session: Session) -> dict[int, Office]:
        """Read anew, and hold, every office that must stay as it is until all is done."""
        above = {office.parent_id for office in self.predecessors} - {None}
        parents = session.scalars(select(Office).where(Office.id.in_(above)))
        return locked(
            session, [*self.predecessors, *(heir.office for heir in self.heirs if heir.office), *parents]
        )

    def check(self, session: Session, author: Author) -> None:
        self._check_shape()
        for office in self.predecessors:
            rules.check_can_end(session, office, self.last_day)
        ending = {office.id for office in self.predecessors}
        for number, heir in enumerate(self.heirs):
            try:
                self._check_heir(session, author, heir, ending)
            except ChangeRefused as refused:
                refused.heir = number
                raise
        self._check_below(session, author, ending)

    def carry_out(self, session: Session, author: Author) -> list[Office]:
        rows = self.lock(session)
        self.check(session, author)
        ids = sorted(office.id for office in self.predecessors)
        below = [one for one in rules.children_after(session, ids, self.last_day) if one.id not in ids]
        for office_id in ids:
            rows[office_id].valid_until = self.last_day
        session.flush()
        heirs = [heir.office or self._create(session, heir).carry_out(session, author) for heir in self.heirs]
        session.add_all(
            OfficeSuccession(predecessor_id=before, successor_id=heir.id, took_over_on=self.takes_over_on)
            for before in ids
            for heir in heirs
        )
        if self.takes_over_on <= author.today:  # a later one is found on its day
            mark_stale(session, [*ids, *(heir.id for heir in heirs)])
        for office in below:
            put_under(session, office, heirs[0], self.takes_over_on, author)
        self._note(session, author, heirs)
        return heirs

    def _check_shape(self) -> None:
        if len({office.id for office in self.predecessors}) < len(self.predecessors):
            raise ChangeRefused("named_twice")
        codes = [heir.code for heir in self.heirs]
        names = [heir.name.casefold() for heir in self.heirs if heir.name]
        if len(set(codes)) < len(codes) or len(set(names)) < len(names):
            raise ChangeRefused("named_twice")
        if self.act == "split" and len(self.heirs) < 2:
            raise ChangeRefused("splits_into_one")
        if self.act == "merge" and (len(self.heirs) != 1 or not self.predecessors):
            raise ChangeRefused("merges_into_one")
        if self.act == "merge" and len(self.predecessors) < 2 and self.heirs[0].office is None:
            raise ChangeRefused("merges_one_into_new")

    def _check_heir(self, session: Session, author: Author, heir: Heir, ending: set[int]) -> None:
        if heir.office is not None and heir.office.id in ending:
            raise ChangeRefused("own_successor", name=heir.office.name)
        for office in self.predecessors:
            rules.check_heir_kind(office.kind, (heir.office or self.predecessors[0]).kind)
        if heir.office is None:
            self._create(session, heir).check(session, author)
        elif not heir.office.exists_on(self.takes_over_on):
            raise ChangeRefused("heir_not_there", name=heir.office.name, day=self.takes_over_on)

    def _check_below(self, session: Session, author: Author, ending: set[int]) -> None:
        """Refuse offices below that would hang in the air: only a merge that has come takes them along."""
        left = [one for one in rules.children_after(session, ending, self.last_day) if one.id not in ending]
        if not left:
            return
        if self.act == "split":
            raise ChangeRefused("has_offices_below", name=left[0].name, n=len(left))
        if self.takes_over_on > author.today:
            raise ChangeRefused("takes_along_later", name=left[0].name, day=self.takes_over_on)
        for one in left:
            rules.check_can_change_from(session, one, self.takes_over_on, author.today)
            heir = self.heirs[0].office
            rules.check_no_circle(session, one, heir)
            rules.check_parent(heir, one.kind, self.takes_over_on, one.valid_until)

    def _create(self, session: Session, heir: Heir) -> Create:
        """Plan a new office as its first predecessor is: of its kind, under its parent.

        It may bear the name of one that ends the day before.
        """
        first = self.predecessors[0]
        parent = session.get(Office, first.parent_id) if first.parent_id else None
        ending = frozenset(office.id for office in self.predecessors)
        return Create(heir.code, heir.name, first.kind, parent, self.takes_over_on, beside=ending)

    def _note(self, session: Session, author: Author, heirs: list[Office]) -> None:
        for office in (*self.predecessors, *heirs):
            note(session, author.now, author.staff_id, f"offices.{self.act}", self.said, office.id)
