"""The annex's table of groups of respondents: their figures, and how they differ, as pages say it."""

from collections.abc import Iterator
from itertools import groupby
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from survey_app.models.breakdown import GROUP, INDEX, group_name
from survey_app.models.publication import Change, Figure
from survey_app.publish.handover.annex_cells import exact_cells, percent, shown_cells
from survey_app.publish.handover.annex_columns import (
    CLASS,
    CODE,
    EXACT_COLUMNS,
    NAME,
    NOTES,
    SHOWN,
    Column,
    Row,
    Table,
)
from survey_app.publish.handover.wave import Wave
from survey_app.publish.shown.respondents import difference_of, group_labels

CONCLUSIONS: Final = {
    "higher": "hài lòng hơn, đủ cơ sở",
    "lower": "kém hài lòng hơn, đủ cơ sở",
    "not_shown": "chưa đủ cơ sở để nói là khác",
}
COLUMNS: Final = (
    *(CODE, NAME, CLASS),
    Column("Câu hỏi", "text", "Câu hỏi về bản thân người trả lời", 34),
    Column("Nhóm", "text", "Câu trả lời làm nên nhóm; ai bỏ trống câu này thì không thuộc nhóm nào", 20),
    *SHOWN,
    Column("So với nhóm", "text", "Nhóm đông nhất của cả cuộc đo lường, để so", 20),
    Column("Chênh lệch (điểm %)", "percent", "Nhóm này trừ nhóm đó, điểm phần trăm", 12),
    Column(
        "Từ (điểm %)", "percent", "Đầu dưới của khoảng tin cậy; các khoảng của một câu hỏi đúng cùng lúc, 95%"
    ),
    Column("Đến (điểm %)", "percent", "Đầu trên của khoảng đó"),
    Column("Kết luận", "text", "Chỉ nói là khác khi khoảng của chênh lệch không chứa 0", 28),
    *EXACT_COLUMNS,
    *NOTES,
)


def groups_of_respondents(session: Session, wave: Wave) -> Table:
    title = "Chỉ số theo giới tính, nhóm tuổi của người trả lời"
    return Table("Nhóm người trả lời", title, COLUMNS, _rows(session, wave))


def _rows(session: Session, wave: Wave) -> Iterator[Row]:
    """Give groups as the form orders them; a difference stands where both of its groups are seen."""
    labels = group_labels(wave.definition, "vi")
    names = {group_name(*one): one for one in labels}
    texts = {item.code: item.text.in_language("vi") for item in wave.definition.items}
    apart = _differences(session, wave)
    found = wave.figures(session, Figure.measure == INDEX, Figure.breakdown.startswith(GROUP))
    for (place, provenance), some in groupby(found, key=lambda one: (one[0], one[1].provenance)):
        figures = {figure.breakdown: figure for _, figure in some}
        shown = {name: wave.shown(figure) for name, figure in figures.items()}
        for name in filter(figures.__contains__, names):
            change = apart.get((place.id, provenance, name))
            is_seen = change is not None and shown[change.earlier].limits and shown[name].limits
            yield (
                *(place.code, place.name, provenance, texts[names[name][0]], labels[names[name]]),
                *shown_cells(shown[name]),
                *(_apart_cells(change, labels) if is_seen and change else (None,) * 5),
                *exact_cells(figures[name], shown[name], wave.edition),
            )


def _differences(session: Session, wave: Wave) -> dict[tuple[int, str, str], Change]:
    query = select(Change).where(
        Change.publication_id == wave.publication.id,
        Change.later.startswith(GROUP),
        Change.value.is_not(None),
    )
    return {(one.office_id, one.provenance, one.later): one for one in session.scalars(query)}


def _apart_cells(change: Change, labels: dict[tuple[str, str], str]) -> Row:
    said = difference_of(change, labels)
    points = (percent(one, said.digits) for one in said.points)
    return (said.largest, *points, CONCLUSIONS[said.verdict])
