"""What stands with every file: which publication it is, by what it was made, and how its figures are read."""

from collections.abc import Iterator, Mapping
from typing import Final

from sqlalchemy.orm import Session

from survey_app.models.plan_document import TABLES
from survey_app.publish.handover.wave import Wave
from survey_app.publish.handover.words import BASES, HIDDEN
from survey_app.publish.open_data.files import LICENCE
from survey_app.publish.shown.measured import MOST_NAMED, Measured
from survey_app.web.formatting import count_text, day_text, percent_text, target_text

EDITIONS: Final[Mapping[str, str]] = {
    "public": "Bản công khai: chỉ có những số ai cũng xem được trên trang kết quả.",
    "inside": "Bản nội bộ: có cả những số chỉ người có quyền được xem. Không đăng, không chuyển "
    "cho người ngoài.",
}
INTERVAL: Final = (
    "Khoảng tin cậy là của Agresti và Coull, với cỡ mẫu hiệu dụng tính từ sai số chuẩn theo thiết kế mẫu "
    "và hiệu chỉnh theo số bậc tự do; luôn nằm trong 0–100%."
)
POOLED: Final = (
    "Chỉ số gộp mọi câu trả lời được tính: số câu hài lòng chia cho số câu trả lời, "
    "tính theo quyền số của mẫu."
)
TESTED: Final = (
    "So với chỉ tiêu: mọi đơn vị thuộc một cấp trên được kiểm định cùng lúc (Holm), nên xác suất "
    "có bất kỳ kết luận sai "
    "nào không quá 5%. Thứ hạng luôn là một khoảng; các khoảng đúng đồng thời với độ tin cậy "
    "95%, và chỉ có với phiếu loại A."
)
# The plan's tables that an annex holds, by the sheets that hold them; of the rest, why there is none.
PLANNED: Final[Mapping[str, str]] = {
    "office": "trang “Đơn vị”",
    "parent": "trang “Nhiều đơn vị gộp”",
    "field": "trang “Lĩnh vực” của bản nội bộ (trang kết quả công khai không có bảng này)",
    "group": "trang “Nhóm người trả lời”",
    "factor": "trang “Nhóm câu hỏi”",
    "item": "trang “Câu hỏi”",
    "target": "trang “So sánh”",
    "ranks": "trang “So sánh”",
    "change": "trang “Thay đổi”",
}


def about(session: Session, wave: Wave) -> Iterator[tuple[str, str]]:
    """Give labels and texts, in the order in which they are read."""
    publication, campaign = wave.publication, wave.campaign
    yield "Bản", EDITIONS[wave.edition]
    if campaign.is_demo:
        yield "Lưu ý", "Dữ liệu minh họa, không phải đơn vị thật."
    yield "Cuộc khảo sát", f"{campaign.title} ({campaign.code})"
    yield "Phạm vi đo", measured_in(wave)
    yield "Cơ quan chủ trì", campaign.controller_name
    yield (
        "Thời gian thu phiếu",
        f"{day_text(publication.covers_from)} đến {day_text(publication.covers_until)}",
    )
    yield "Cơ sở", BASES[campaign.sampling_basis]
    yield "Bản công bố", f"số {publication.id}, chốt ngày {day_text(wave.published_on)}"
    if publication.correction_reason:
        yield (
            "Đính chính",
            f"Thay bản công bố số {publication.corrects_id}. Lý do: {publication.correction_reason}",
        )
    yield "Mã công thức", str(publication.recipe_id)
    yield "Mã băm dữ liệu", str(publication.data_hash)
    yield "Phiên bản phương pháp", publication.method_version
    yield "Cách tính", f"{POOLED} {INTERVAL}"
    yield "So sánh", TESTED
    yield "Chỉ tiêu, độ tin cậy", f"{target_text(publication.target)}; {percent_text(publication.level, 0)}"
    yield (
        HIDDEN,
        f"Không nêu vì có dưới {count_text(wave.minimum)} người trả lời, hoặc để không suy ngược "
        "ra số ở ô khác hay câu trả lời của một vài người.",
    )
    for name, where in planned_tables(wave):
        yield f"Bảng trong kế hoạch: {name}", where
    yield "Giấy phép", f"CC BY 4.0 ({LICENCE['address']})" if wave.edition == "public" else "Không công khai"


def measured_in(wave: Wave) -> str:
    """Say in one line where was measured, by which form, and over which dossiers."""
    names = [place.name for place in wave.tops]
    where = ", ".join(names[:MOST_NAMED])
    if len(names) > MOST_NAMED:
        where += f" và {count_text(len(names) - MOST_NAMED)} nơi khác"
    measured = Measured.of(wave.definition, wave.plan, "vi")
    form = f"phiếu “{measured.form}”, phiên bản {measured.version}"
    said = f"{where} ({count_text(len(wave.offices))} đơn vị có số liệu), bằng {form}"
    if measured.settled is None:
        return f"{said}."
    first, last = map(day_text, measured.settled)
    return f"{said}; hồ sơ giải quyết xong từ {first} đến {last}."


def planned_tables(wave: Wave) -> Iterator[tuple[str, str]]:
    """Say where each table that the plan announced is found."""
    wanted = wave.plan.publication.tables if wave.plan else ()
    for name in TABLES:
        if name in wanted:
            yield _TABLE_NAMES[name], PLANNED[name]


_TABLE_NAMES: Final[Mapping[str, str]] = {
    "office": "từng đơn vị",
    "parent": "nhiều đơn vị gộp",
    "field": "lĩnh vực",
    "group": "nhóm người trả lời",
    "factor": "nhóm câu hỏi",
    "item": "câu hỏi",
    "target": "so với chỉ tiêu",
    "ranks": "thứ hạng",
    "change": "thay đổi",
}
