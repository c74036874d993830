"""Which former offices an office took over whole, so that its trend can pool their answers with its own."""

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from survey_app.models.office import OfficeSuccession
from survey_app.publish.dataset import month_number


class Predecessors:
    """Who took over whom, read once; where one boundary was split, the heirs start new.

    Only where every predecessor has one successor alone do their answers, pooled, speak of the same people
    as the successor's: the coarsest geography that both times have in common.
    """

    def __init__(self, session: Session) -> None:
        rows = session.execute(
            select(
                OfficeSuccession.predecessor_id, OfficeSuccession.successor_id, OfficeSuccession.took_over_on
            )
        ).all()
        self._heirs: dict[int, set[int]] = {}
        by_heir: dict[int, dict[int, int]] = {}
        for predecessor_id, heir_id, took_over_on in rows:
            self._heirs.setdefault(predecessor_id, set()).add(heir_id)
            by_heir.setdefault(heir_id, {})[predecessor_id] = month_number(took_over_on)
        self._of = {
            heir_id: found
            for heir_id, found in by_heir.items()
            if all(self._heirs[one] == {heir_id} for one in found)
        }

    def of(self, office_id: int) -> dict[int, int]:
        """Give the former offices, and the month before which each speaks for this one."""
        found: dict[int, int] = {}
        waiting = list(self._of.get(office_id, {}).items())
        while waiting:
            former_id, before = waiting.pop()
            if former_id not in found and former_id != office_id:
                found[former_id] = before
                waiting += [(one, min(before, month)) for one, month in self._of.get(former_id, {}).items()]
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
