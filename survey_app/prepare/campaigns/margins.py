"""Known totals of a campaign that was drawn elsewhere, from a file: weights are raked to them."""

from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Final

from sqlalchemy.orm import Session

from survey_app.errors import SurveyError
from survey_app.models.campaign import Campaign
from survey_app.models.canonical import canonical
from survey_app.models.definition import Definition, Item
from survey_app.models.instrument import InstrumentVersion
from survey_app.models.sample import draw_in_force
from survey_app.models.weighting import CampaignMargins, margins_in_force
from survey_app.prepare.tables.table_file import Faults, Row, read_table, shown

COLUMNS: Final = ("variable", "level", "total")
HEADINGS: Final = {
    "variable": ("Biến",),
    "question": ("Mã câu hỏi", "Câu hỏi"),
    "level": ("Mức",),
    "total": ("Tổng", "N"),
}


class MarginsRefused(SurveyError):
    """Totals from a file have no place here; the message says why."""


def import_margins(
    session: Session, campaign: Campaign, content: bytes, name: str, now: datetime
) -> CampaignMargins:
    """Keep the totals of a file, unless they are in force; those imported before stay, and no longer are."""
    if draw_in_force(session, campaign.id) is not None:
        raise MarginsRefused(
            f"Mẫu của “{campaign.code}” được chọn tại đây, nên các tổng lấy từ dàn chọn mẫu theo kế hoạch."
        )
    definition = session.get_one(InstrumentVersion, campaign.instrument_version_id).definition
    document = canonical(_read(content, name, definition))
    checksum = sha256(document.encode()).hexdigest()
    known = margins_in_force(session, campaign.id)
    if known is not None and known.checksum == checksum:
        return known
    margins = CampaignMargins(
        campaign_id=campaign.id,
        file_name=name,
        document_json=document,
        checksum=checksum,
        imported_at=now,
    )
    session.add(margins)
    session.flush()
    return margins


def _read(content: bytes, name: str, definition: Definition) -> list[tuple[str, str, str, int]]:
    """Give variable, question, level and total of each line, in the order of their names."""
    faults = Faults()
    items = {item.code: item for item in definition.items if item.reported_as is None}
    found: dict[tuple[str, str], tuple[str, int]] = {}
    question_of: dict[str, str] = {}
    for row in read_table(content, COLUMNS, faults, headings=HEADINGS, optional=("question",), name=name):
        variable, level = row.required("variable"), row.required("level")
        question = row.optional("question") or variable
        _check_level(row, items, question, level)
        total = row.optional_count("total")
        if not total:
            row.refuse("total", "phải là một số lớn hơn 0; mức không có ai thì bỏ dòng")
        if (variable, level) in found:
            row.refuse("level", f"“{shown(level)}” của “{shown(variable)}” ghi hai lần")
        if question_of.setdefault(variable, question) != question:
            row.refuse("question", f"biến “{shown(variable)}” đã ứng với “{question_of[variable]}”")
        found[variable, level] = question, total or 0
    faults.refuse_if_any()
    return sorted((variable, question, level, n) for (variable, level), (question, n) in found.items())


def _check_level(row: Row, items: Mapping[str, Item], question: str, level: str) -> None:
    item = items.get(question)
    if item is None:
        row.refuse("question", f"phiếu không có câu hỏi nền “{shown(question)}”")
    elif level and level not in {one.code for one in item.options if one.meaning == "answer"}:
        codes = ", ".join(one.code for one in item.options if one.meaning == "answer")
        row.refuse("level", f"“{shown(level)}” không phải phương án của “{question}”; có: {codes}")
