"""What a correction has of offices that wait: their answers as they were published, in today's numbers.

Tallies hold them, but not what drawn people told of themselves, nor which units were still open in their
cells. Both are taken from the publication before: counted anew, they would be those of other people.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from survey_app.models.access_point import AccessPoint
from survey_app.models.office import Counter, Office, ServiceField
from survey_app.models.recipe import CellThen, Recipe
from survey_app.models.response import Response
from survey_app.models.sample import SampleCell
from survey_app.models.snapshot import PublicationRecipe
from survey_app.publish.counting.snapshot import Counted, Owner, Part, RowKey, Snapshot, add_to, packed_part
from survey_app.publish.counting.tallies import NOT_DRAWN, TallyRow
from survey_app.publish.figures.design import WeightingRefused
from survey_app.publish.releasing.due import Due
from survey_app.publish.releasing.ingredients import Ingredients

POINTS_AT_ONCE = 500  # in one question to the database


@dataclass(frozen=True)
class Kept:
    """The publication that is corrected, and who has the same answers in the correction."""

    session: Session
    recipe: Recipe
    snapshot: Snapshot
    owners: Mapping[int, Owner]  # of their access points

    @classmethod
    def of(cls, session: Session, publication_id: int, waiting: Collection[Due]) -> "Kept":
        recipe = Recipe.from_json(session.get_one(PublicationRecipe, publication_id).document_json)
        points = (
            select(AccessPoint.id, AccessPoint.campaign_id, AccessPoint.office_id, AccessPoint.provenance)
            .add_columns(Office.code)
            .join(Office, Office.id == AccessPoint.office_id)
            .where(AccessPoint.campaign_id.in_({one.campaign_id for one in waiting}))
        )
        owners = {
            row.id: (row.code, row.provenance)
            for row in session.execute(points)
            if Due(row.campaign_id, row.office_id, row.provenance) in waiting
        }
        return cls(session, recipe, Snapshot.stored(session, publication_id), owners)

    def cells(self, cells: Mapping[int, CellThen]) -> dict[int, CellThen]:
        """Give the cells; those in which anybody of a waiting office answered have their units of then."""
        found, units = dict(cells), {one[:3]: one.units for one in self.recipe.cells if one.units}
        for row_id in self._cells_answered() & cells.keys():
            cell = cells[row_id]
            if cell.units:
                found[row_id] = cell._replace(units=units.get(cell[:3], cell.units))
        return found

    def _cells_answered(self) -> set[int]:
        points, found = sorted(self.owners), set[int]()
        for start in range(0, len(points), POINTS_AT_ONCE):
            some = Response.access_point_id.in_(points[start : start + POINTS_AT_ONCE])
            query = select(SampleCell.id).join(Response, Response.cell_id == SampleCell.id).where(some)
            found |= set(self.session.scalars(query.distinct()))
        return found

    def count(self, ingredients: Ingredients, campaign_id: int, rows: Iterable[TallyRow]) -> Snapshot:
        """Count tallies; where people told of themselves, those who wait are as they were published."""
        rows = list(rows)
        drawn = {self.owners.get(row.access_point_id) for row in rows if row.cell_id != NOT_DRAWN}
        owners = drawn - {None} if ingredients.numbering.questions else set()
        others = [row for row in rows if self.owners.get(row.access_point_id) not in owners]
        counted = ingredients.count(self.session, campaign_id, others)
        cells = _numbers_now(self.recipe.cells, ingredients.cells)
        parts = [self._renumbered(one, ingredients, cells) for one in self._parts(owners)]
        return replace(
            counted, parts=sorted([*counted.parts, *parts], key=lambda one: (one.office, one.provenance))
        )

    def _parts(self, owners: Collection[Owner | None]) -> Iterable[Part]:
        return (part for part in self.snapshot.parts if (part.office, part.provenance) in owners)

    def _fields(self, office: str) -> dict[str, str]:
        """Give the field of each counter of an office, by its label."""
        query = (
            select(Counter.label, ServiceField.code)
            .join(Office, Office.id == Counter.office_id)
            .outerjoin(ServiceField, ServiceField.id == Counter.field_id)
            .where(Office.code == office)
        )
        return {label: field or "" for label, field in self.session.execute(query)}

    def _renumbered(self, part: Part, ingredients: Ingredients, cells: Mapping[int, int]) -> Part:
        questions = ingredients.numbering.questions
        if not set(questions) <= set(self.recipe.questions):
            raise WeightingRefused(
                f"Đơn vị {part.office} có phiếu đang chờ, nên giữ các phiếu như đã công bố; các phiếu ấy "
                "chưa được đếm theo câu hỏi mà quyền số hoặc bảng theo nhóm nay dùng thêm. Hãy giữ cách làm "
                "như lần trước."
            )
        asked = [self.recipe.questions.index(one) for one in questions]
        forms = {one: number for number, one in enumerate(ingredients.instruments, start=1)}
        fields = self._fields(part.office)
        header, rows = part.read()
        counted: Counted = {}
        for key, n_respondents, counts in rows:
            self._refuse_other_names(part, key, fields, cells)
            told = RowKey(
                key.counter,
                fields[key.counter] if key.counter else "",
                forms[self.recipe.instruments[key.instrument - 1]],
                cells[key.cell],
                key.psu_day,
                tuple(key.profile[place] for place in asked) if key.profile else (),
            )
            add_to(counted, told, n_respondents, np.frombuffer(counts, dtype="<u4"))
        return packed_part(header, counted)

    def _refuse_other_names(
        self, part: Part, key: RowKey, fields: Mapping[str, str], cells: Mapping[int, int]
    ) -> None:
        if key.counter and key.counter not in fields:
            raise WeightingRefused(
                f"Đơn vị {part.office} có phiếu đang chờ, nhưng quầy “{key.counter}” đã đổi tên từ lần "
                "công bố trước. Hãy đặt lại tên cũ rồi công bố."
            )
        if key.cell not in cells:
            stratum, psu, *_ = self.recipe.cells[key.cell - 1]
            raise WeightingRefused(
                f"Đơn vị {part.office} có phiếu đang chờ, thuộc những ô mẫu ở {stratum}, {psu} chỉ khác nhau "
                "về quyền số; quyền số ấy đã đổi từ lần công bố trước. Hãy đặt lại quyền số cũ rồi công bố."
            )


def _numbers_now(then: Sequence[CellThen], now: Sequence[CellThen]) -> dict[int, int]:
    """Give today's number of each cell by all that names it: of those drawn elsewhere, its weight too.

    One whose weight was changed is known by its other names, if they are its alone; others are left out.
    """
    number_of = {one[:4]: number for number, one in enumerate(now, start=1)}
    named: dict[tuple[str, ...], list[int]] = {}
    for number, one in enumerate(now, start=1):
        named.setdefault(one[:3], []).append(number)
    found = {NOT_DRAWN: NOT_DRAWN}
    for number, one in enumerate(then, start=1):
        alike = named.get(one[:3], [])
        if one[:4] in number_of or len(alike) == 1:
            found[number] = number_of.get(one[:4], alike[0])
    return found
