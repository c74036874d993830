"""Merging offices: what one person asks for, and what must still be true when a second one agrees."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from survey_app.errors import ApprovalRefused
from survey_app.models import approval as approvals
from survey_app.models.approval import MERGE, Approval, Wanted
from survey_app.models.office import Office
from survey_app.prepare.offices.changes.aftermath import Aftermath, aftermath_of
from survey_app.prepare.offices.changes.rules import Author, ChangeRefused
from survey_app.prepare.offices.changes.succession import HandOver, Heir


@dataclass(frozen=True, slots=True)
class Preview:
    """What a page says of a merge before anybody agrees to it."""

    asked: HandOver
    after: Aftermath

    @classmethod
    def of(cls, session: Session, asked: HandOver, today: date) -> "Preview":
        return cls(asked, aftermath_of(session, asked.predecessors, asked.last_day, today))

    @property
    def checksum(self) -> str:
        """Stand for all of it: two people agree on what both have read."""
        heir, after = self.asked.heirs[0], self.after
        said = (
            [_state(office) for office in self.asked.predecessors],
            (heir.code, heir.name, heir.office and _state(heir.office), self.asked.last_day),
            (after.codes_by_office, after.batches, after.n_grants, after.n_later_counts),
            [_state(office) for office in after.below],
        )
        return hashlib.sha256(repr(said).encode()).hexdigest()[:16]


def ask(session: Session, asked: HandOver, reason: str, author: Author) -> Approval:
    """Write down a merge that a second person is to decide, or say in a `ChangeRefused` why it cannot be."""
    asked.lock(session)
    asked.check(session, author)
    heir = asked.heirs[0]
    arguments = {
        "about": asked.said,
        "ends": [office.id for office in asked.predecessors],
        "heir_id": heir.office.id if heir.office else None,
        "new_code": heir.code,
        "new_name": heir.name,
        "last_day": asked.last_day.isoformat(),
        "preview": Preview.of(session, asked, author.today).checksum,
    }
    named = {*asked.predecessors, *([heir.office] if heir.office else [])}
    wanted = Wanted(MERGE, None, None, arguments, reason, frozenset(office.id for office in named))
    return approvals.ask(session, wanted, author.staff_id, author.now)


def asked_for(session: Session, arguments: Mapping[str, Any]) -> HandOver:
    """Give the merge that a request keeps."""
    ends = tuple(session.get_one(Office, office_id) for office_id in arguments["ends"])
    going_on = session.get_one(Office, arguments["heir_id"]) if arguments["heir_id"] else None
    heir = Heir(arguments["new_code"], arguments["new_name"], going_on)
    return HandOver("merge", ends, (heir,), date.fromisoformat(arguments["last_day"]))


def goes_on_as(session: Session, asked: HandOver) -> Office | None:
    """Give the office that took over, as it is now; none if it has another code since."""
    heir = asked.heirs[0]
    return heir.office or session.scalar(select(Office).where(Office.code == heir.code))


def check(session: Session, approval: Approval, author: Author) -> Preview:
    """Give what would follow now; refuse what cannot be done any more, or is not what was asked for."""
    preview = Preview.of(session, asked_for(session, approval.arguments), author.today)
    preview.asked.check(session, author)
    if preview.checksum != approval.arguments["preview"]:
        raise ApprovalRefused("merge_changed")
    return preview


def carry_out(session: Session, approval: Approval, author: Author) -> None:
    """Merge what two people have agreed on, in the transaction of the second one's decision."""
    asked_for(session, approval.arguments).lock(session)
    try:
        check(session, approval, author).asked.carry_out(session, author)
    except ChangeRefused as refused:
        raise ApprovalRefused("merge_changed") from refused


def _state(office: Office) -> tuple[int, str, str, str, int | None, date, date | None]:
    begun, ended = office.valid_from, office.valid_until
    return office.id, office.code, office.name, office.kind, office.parent_id, begun, ended
