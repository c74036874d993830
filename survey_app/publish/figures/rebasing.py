"""Which former offices an office took over whole, so that its trend can pool their answers with its own."""

from collections.abc import Iterable
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from survey_app.models.office import Office, OfficeSuccession


class Predecessors:
    """Who took over whom, read once; where one boundary was split, the heirs start new.

    Only where every predecessor has ended, and has one successor alone, do their answers, pooled, speak of
    the same people as the successor's: the coarsest geography that both times have in common. Then all their
    months are pooled: that of the hand-over is partly theirs, and an answer to them may come late.
    """

    def __init__(self, session: Session, today: date) -> None:
        rows = session.execute(
            select(OfficeSuccession.predecessor_id, OfficeSuccession.successor_id, Office.valid_until).join(
                Office, Office.id == OfficeSuccession.predecessor_id
            )
        ).all()
        self._heirs: dict[int, set[int]] = {}
        by_heir: dict[int, set[int]] = {}
        have_ended = set()
        for predecessor_id, heir_id, valid_until in rows:
            self._heirs.setdefault(predecessor_id, set()).add(heir_id)
            by_heir.setdefault(heir_id, set()).add(predecessor_id)
            if valid_until is not None and valid_until < today:
                have_ended.add(predecessor_id)
        self._of = {
            heir_id: found
            for heir_id, found in by_heir.items()
            if found <= have_ended and all(self._heirs[one] == {heir_id} for one in found)
        }

    def of(self, office_id: int) -> set[int]:
        """Give the former offices that speak for this one, also those which they had taken over."""
        found: set[int] = set()
        waiting = [*self._of.get(office_id, ())]
        while waiting:
            former_id = waiting.pop()
            if former_id not in found and former_id != office_id:
                found.add(former_id)
                waiting += self._of.get(former_id, ())
        return found

    def with_heirs(self, office_ids: Iterable[int]) -> set[int]:
        """Add the offices whose trend rests on these."""
        found: set[int] = set()
        waiting = list(office_ids)
        while waiting:
            office_id = waiting.pop()
            if office_id not in found:
                found.add(office_id)
                waiting += [heir for heir in self._heirs.get(office_id, ()) if office_id in self.of(heir)]
        return found
