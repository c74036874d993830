"""Offices as a tree: whose figures an office's answers enter, and whom a right over an office reaches."""

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from survey_app.models.office import Office


class OfficeTree:
    """Who stands above and below whom, read once."""

    def __init__(self, session: Session) -> None:
        self._parents: dict[int, int | None] = dict(
            session.execute(select(Office.id, Office.parent_id)).all()
        )
        self._children: dict[int | None, list[int]] = {}
        for office_id, parent_id in self._parents.items():
            self._children.setdefault(parent_id, []).append(office_id)

    def with_ancestors(self, office_ids: Iterable[int]) -> set[int]:
        found: set[int] = set()
        for office_id in office_ids:
            step: int | None = office_id
            while step is not None and step not in found:
                found.add(step)
                step = self._parents[step]
        return found

    def subtree(self, root: int | None) -> set[int]:
        """Give an office and all below it; without a root, all offices."""
        found: set[int] = set() if root is None else {root}
        waiting = list(self._children.get(root, ()))
        while waiting:
            office_id = waiting.pop()
            found.add(office_id)
            waiting.extend(self._children.get(office_id, ()))
        return found

    def subtrees(self, office_ids: Iterable[int]) -> dict[int, set[int]]:
        """Give for each office itself and all below it."""
        return {office_id: self.subtree(office_id) for office_id in office_ids}
