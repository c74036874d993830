"""The Vietnamese of files: those of pages stand in catalogues, which a job has no request to choose from."""

from collections.abc import Mapping
from typing import Final

from survey_app.publish.shown.figure import ShownFigure
from survey_app.web.formatting import count_text, target_text

HIDDEN: Final = "(ẩn)"
BASES: Final[Mapping[str, str]] = {
    "probability": "Chọn mẫu xác suất",
    "census": "Hỏi tất cả",
    "opt_in": "Tự nguyện",
}
KINDS: Final[Mapping[str, str]] = {
    "province": "Tỉnh, thành phố",
    "provincial_centre": "Trung tâm cấp tỉnh",
    "district_section": "Bộ phận cấp huyện",
    "commune_section": "Bộ phận cấp xã",
}
VERDICTS: Final[Mapping[str, str]] = {
    "above": "cao hơn, đủ cơ sở",
    "below": "thấp hơn, đủ cơ sở",
    "not_decided": "chưa đủ cơ sở",
    "not_testable": "không kiểm định được",
}
REASONS: Final[Mapping[str, str]] = {
    "not_estimable": "không ước tính được",
    "no_answers": "chưa có câu trả lời nào tính được",
    "no_respondents": "chưa có câu trả lời nào tính được",
    "single_psu": "quá ít đơn vị chọn mẫu cấp I",
    "single_unit": "quá ít đơn vị chọn mẫu cấp I",
    "no_spread": "mẫu không cho thấy sai lệch nào",
}
CLASSES: Final[Mapping[str, str]] = {
    "A": "Phiếu loại A, người được chọn vào mẫu",
    "B": "Phiếu loại B, trả lời tại quầy (mã đổi liên tục, màn hình, phiếu mời phát tại chỗ)",
    "C": "Phiếu loại C, tự quét mã in sẵn",
    "D": "Phiếu loại D, cán bộ nhập, ngoài mẫu",
}
CHANGES: Final[Mapping[str, str]] = {
    "rise": "Đủ cơ sở để nói là tăng.",
    "fall": "Đủ cơ sở để nói là giảm.",
    "not_shown": "Chưa đủ cơ sở để nói là thay đổi.",
    "not_comparable": "Không so sánh được: bộ câu hỏi hoặc cách chọn mẫu đã đổi.",
    "not_estimable": "Không nêu mức thay đổi: chưa đủ phiếu để biết thay đổi là thật hay ngẫu nhiên.",
}


def range_name(figure: ShownFigure) -> str:
    return "khoảng ước tính theo mô hình 95%" if figure.is_model_based else "khoảng tin cậy 95%"


def value_range_n(shown: ShownFigure) -> tuple[str, str, str]:
    """Give value, range and n as pages print them."""
    if shown.state == "suppressed":
        return HIDDEN, HIDDEN, HIDDEN
    n = f"≥ {shown.n}" if shown.is_at_least else shown.n
    return shown.value or "–", shown.range or "không ước tính được", n


def index_sentence(figure: ShownFigure) -> str:
    """Say the index with its range and n, or why it is not said, as pages do."""
    if figure.state == "suppressed":
        if figure.is_linked:
            return (
                "Không nêu chỉ số, để không suy ngược ra số của đơn vị hoặc quầy khác, "
                "hay câu trả lời của ai."
            )
        return (
            f"Không nêu chỉ số: có dưới {count_text(figure.minimum)} phiếu, cần ít nhất "
            f"{count_text(figure.minimum)}."
        )
    if figure.state == "not_estimable":
        return f"Chưa nêu chỉ số: {REASONS[figure.reason or 'not_estimable']}."
    said = (
        f"Chỉ số hài lòng: {figure.value} ({range_name(figure)}: {figure.range}), n = "
        f"{figure.n} phiếu loại {figure.provenance}"
    )
    if figure.coverage:
        return f"{said} trên {figure.population} hồ sơ đã giải quyết (độ bao phủ {figure.coverage})."
    return f"{said}."


def plain_words(figure: ShownFigure) -> str:
    """Say what the number means to whoever has never read an interval."""
    if figure.state != "shown":
        return ""
    if figure.n_all_satisfied:
        return f"{figure.n_all_satisfied} trên {figure.n_all_satisfied} câu trả lời là hài lòng."
    low, value, high = figure.in_hundred
    said = f"Cứ 100 câu trả lời có khoảng {value} câu hài lòng."
    if figure.is_model_based:
        return said
    return (
        f"{said} Nếu hỏi tất cả người được phục vụ, con số này nhiều khả năng nằm trong khoảng "
        f"{low} đến {high}."
    )


def against_target(verdict: str, target: float) -> str:
    """Say on which side of the target an office is, if that is shown."""
    found = {
        "above": "cao hơn, đủ cơ sở.",
        "below": "thấp hơn, đủ cơ sở.",
        "not_decided": "chưa đủ cơ sở để nói là cao hơn hay thấp hơn.",
    }
    if verdict not in found:
        return ""
    return (
        f"So với chỉ tiêu {target_text(target)}: {found[verdict]} Đã tính đến việc so nhiều đơn vị cùng lúc."
    )
