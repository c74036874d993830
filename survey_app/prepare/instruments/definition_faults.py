"""What can be wrong with a definition file, in words for the staff who edit it."""

from collections.abc import Mapping
from dataclasses import dataclass

MESSAGES = {
    "too_large": "tệp lớn hơn {most} kB",
    "not_utf8": "tệp không phải Unicode UTF-8; hãy lưu lại theo UTF-8",
    "not_yaml": "không đọc được theo cú pháp YAML ({problem})",
    "alias": "không dùng bí danh YAML (dấu *); hãy viết đủ nội dung",
    "too_deep": "lồng quá {most} tầng",
    "wrong_type": "phải là {expected}",
    "not_positive": "phải là số nguyên từ 1 trở lên",
    "unknown_key": "không có mục “{value}”; ở đây chỉ dùng: {allowed}",
    "missing_key": "thiếu mục “{value}”",
    "doubled_key": "mục “{value}” ghi hai lần",
    "doubled_code": "mã “{value}” bị trùng",
    "bad_word": "“{value}” không dùng được; chỉ dùng: {allowed}",
    "empty_list": "danh sách trống",
    "empty_text": "chưa có chữ nào",
    "unreadable": "có ký tự không đọc được; hãy xóa phần đó",
    "too_many": "có {found}, nhiều nhất là {most}",
    "no_vietnamese": "thiếu lời tiếng Việt",
    "undeclared_language": "ngôn ngữ “{value}” chưa khai ở mục languages",
    "unknown_reference": "không có “{value}” trong mục {home}",
    "unused": "không câu hỏi nào dùng “{value}”",
    "one_source_of_options": "mỗi câu hỏi dùng một trong hai mục: scale hoặc options",
    "not_in_scale": "thang của câu hỏi không có mã “{value}”",
    "not_an_answer": "câu hỏi “{item}” không có mã trả lời “{value}”",
    "factor_needed": "câu hỏi tính vào chỉ số phải thuộc một yếu tố",
    "factor_not_used": "chỉ câu hỏi tính vào chỉ số (reported_as: index) mới thuộc yếu tố",
    "favourable_needed": "câu hỏi lấy tỷ lệ phải nêu mã được đếm",
    "favourable_not_used": "chỉ câu hỏi lấy tỷ lệ (reported_as: share) mới nêu mã được đếm",
    "branch_not_earlier": "“{value}” phải là mã của một câu hỏi đứng trước",
    "unknown_branch_option": "câu hỏi “{item}” không có mã “{value}”",
    "out_of_order": "câu hỏi phải đứng theo thứ tự các phần trong mục sections",
}
LONGEST_QUOTE = 60


@dataclass(frozen=True, order=True)
class Fault:
    """One fault: where it stands in the file, which rule it breaks, and what to do in words."""

    line: int
    field: str
    rule: str
    message: str

    def __str__(self) -> str:
        place = f"line {self.line}, {self.field}" if self.field else f"line {self.line}"
        return f"{place}: {self.message}"


def fault_of(line: int, field: str, rule: str, values: Mapping[str, object]) -> Fault:
    quoted = {name: _quoted(str(value)) for name, value in values.items()}
    return Fault(line, _quoted(field, 120), rule, MESSAGES[rule].format(**quoted))


def _quoted(text: str, longest: int = LONGEST_QUOTE) -> str:
    """Keep a terminal safe from what a file may hold."""
    kept = text if len(text) <= longest else text[: longest - 1] + "…"
    return "".join(character if character.isprintable() else "�" for character in kept)
