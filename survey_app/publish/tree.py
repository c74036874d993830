"""Offices as a tree: whose figures an office's answers enter."""

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from survey_app.models.office import Office
from survey_app.web.access import subtree


class OfficeTree:
    """Who stands above and below whom, read once."""

    def __init__(self, session: Session) -> None:
        rows = session.execute(select(Office.id, Office.parent_id)).all()
        self._parents: dict[int, int | None] = dict(rows)

    def with_ancestors(self, office_ids: Iterable[int]) -> set[int]:
        found: set[int] = set()
        for office_id in office_ids:
            step: int | None = office_id
            while step is not None and step not in found:
                found.add(step)
                step = self._parents[step]
        return found

    def subtrees(self, office_ids: Iterable[int]) -> dict[int, set[int]]:
        """Give for each office itself and all below it."""
        return {office_id: subtree(office_id, self._parents.items()) for office_id in office_ids}
