"""Whose matters a member of staff may look at."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, select, true

from survey_app.models.access_point import AccessPoint


@dataclass(frozen=True, slots=True)
class Scope:
    """Some offices, or all of them; what belongs to no office is for those who see all.

    `own` are those among them above which this person does not stand.
    """

    office_ids: Collection[int]
    is_everything: bool
    own: Collection[int] = ()

    def holds_point(self) -> ColumnElement[bool]:
        """Say in SQL that the access point of a row is within the scope."""
        return true() if self.is_everything else AccessPoint.office_id.in_(self.office_ids)

    def points(self) -> Select[int]:
        """Say in SQL which access points are within the scope."""
        return select(AccessPoint.id).where(self.holds_point())

    def holds_report(self) -> ColumnElement[bool]:
        """Say in SQL that a report is within the scope; its code may be none of ours."""
        return self.holds_point() | AccessPoint.id.is_(None) if self.is_everything else self.holds_point()
