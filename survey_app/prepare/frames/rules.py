"""What can be wrong with a line of a dossier list, and what is done with it: each rule by its name.

The words stand here and not in the catalogues: the job that writes the list of faults has no request to take
a language from.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

REFUSED, LEFT_OUT, KEPT = "refused", "left_out", "kept"


@dataclass(frozen=True, slots=True)
class Rule:
    """What was found and what to do, in both languages; what became of the line."""

    becomes: str
    found: str
    to_do: str
    found_en: str
    to_do_en: str

    def found_in(self, language: str) -> str:
        return self.found_en if language == "en" else self.found

    def to_do_in(self, language: str) -> str:
        return self.to_do_en if language == "en" else self.to_do


@dataclass(frozen=True, slots=True)
class RuleMet:
    """A rule that holds in some lines: how many, and of the first ones line and column."""

    rule: str
    n: int
    places: tuple[tuple[int, str], ...]


_refused, _left_out, _kept = (partial(Rule, becomes) for becomes in (REFUSED, LEFT_OUT, KEPT))

RULES: Mapping[str, Rule] = {
    "cells": _refused(
        "Số ô khác số cột của tiêu đề",
        "Kiểm tra dấu phân cách trong dòng này",
        "As many cells as the header has columns were expected",
        "Look for a separator too many or too few in this line",
    ),
    "quotes": _refused(
        "Dấu ngoặc kép mở mà không đóng",
        "Đóng hoặc bỏ dấu ngoặc kép trong dòng này",
        "A quotation mark opens and never closes",
        "Close it or take it out",
    ),
    "letters": _refused(
        "Có chữ không phải Unicode UTF-8",
        "Lưu lại tệp theo CSV UTF-8",
        "Letters that are not Unicode UTF-8",
        "Save the file as CSV UTF-8",
    ),
    "no_id": _refused(
        "Thiếu mã hồ sơ",
        "Điền mã hồ sơ",
        "The dossier id is missing",
        "Fill it in",
    ),
    "bad_id": _refused(
        "Mã hồ sơ có ký tự không nhìn thấy, bắt đầu như công thức, hoặc dài hơn 100 ký tự",
        "Sửa mã hồ sơ",
        "The id holds invisible symbols, begins like a formula, or has more than 100 symbols",
        "Correct the id",
    ),
    "no_office": _refused(
        "Thiếu đơn vị tiếp nhận",
        "Điền mã đơn vị",
        "The office that received it is missing",
        "Fill in its code",
    ),
    "unknown_office": _refused(
        "Không có đơn vị này trong hệ thống",
        "Ghi mã đơn vị như ở trang Đơn vị, hoặc thêm đơn vị rồi nạp lại",
        "No such office here",
        "Write its code as on the page of offices, or add the office and import again",
    ),
    "not_serving": _refused(
        "Đơn vị chỉ cộng số của các đơn vị bên dưới, không tiếp nhận hồ sơ",
        "Ghi đơn vị đã tiếp nhận hoặc giải quyết hồ sơ",
        "This office only sums up those below it; it takes no dossier",
        "Name the office that took or decided the dossier",
    ),
    "office_not_begun": _refused(
        "Đơn vị chưa hoạt động vào ngày của hồ sơ",
        "Sửa ngày, đơn vị, hoặc ngày bắt đầu của đơn vị",
        "The office had not begun on the dossier's day",
        "Correct the day, the office, or the office's first day",
    ),
    "office_ended": _refused(
        "Đơn vị đã kết thúc trước ngày của hồ sơ và không có đúng một đơn vị kế thừa",
        "Ghi đơn vị đang nhận việc vào ngày đó",
        "The office had ended by the dossier's day, and not exactly one took over",
        "Name the office that did the work on that day",
    ),
    "bad_day": _refused(
        "Không đọc được ngày",
        "Ghi như 2025-11-03 hoặc 03/11/2025",
        "A day that cannot be read",
        "Write it as 2025-11-03 or 03/11/2025",
    ),
    "settled_before_received": _refused(
        "Giải quyết xong trước khi tiếp nhận",
        "Sửa một trong hai ngày",
        "Settled before it was received",
        "Correct one of the two days",
    ),
    "future": _refused(
        "Ngày chưa đến",
        "Sửa ngày",
        "A day that has not come yet",
        "Correct the day",
    ),
    "two_contents": _refused(
        "Cùng mã hồ sơ ở nhiều dòng với nội dung khác nhau: không dòng nào được lấy",
        "Để lại một dòng đúng rồi nạp lại",
        "The same id in several lines that say different things: none of them is taken",
        "Leave the right line and import again",
    ),
    "not_settled": _left_out(
        "Chưa có ngày giải quyết xong",
        "Không cần làm gì nếu hồ sơ chưa xong",
        "No day on which it was settled",
        "Nothing, if the dossier is still open",
    ),
    "outside_period": _left_out(
        "Giải quyết xong ngoài kỳ của kế hoạch",
        "Không cần làm gì nếu kế hoạch đúng",
        "Settled outside the plan's period",
        "Nothing, if the plan is right",
    ),
    "outside_population": _left_out(
        "Đơn vị không thuộc phạm vi của kế hoạch",
        "Không cần làm gì nếu kế hoạch đúng",
        "The office is not in the plan's population",
        "Nothing, if the plan is right",
    ),
    "repeated": _left_out(
        "Dòng lặp lại: giữ dòng đầu",
        "Không cần làm gì",
        "The same line again: the first is kept",
        "Nothing",
    ),
    "successor": _kept(
        "Đơn vị đã kết thúc: ghi cho đơn vị kế thừa duy nhất",
        "Kiểm tra đơn vị kế thừa",
        "The office had ended: taken to its only successor",
        "Check the successor",
    ),
    "unknown_word": _kept(
        "Từ không hiểu được: để trống ô này",
        "Dùng các từ của bảng mẫu",
        "A word that is not known: the cell is left empty",
        "Use the words of the template",
    ),
    "unreadable": _kept(
        "Có ký tự không nhìn thấy, bắt đầu như công thức, hoặc quá dài: để trống ô này",
        "Xóa phần đó",
        "Invisible symbols, the beginning of a formula, or too long: the cell is left empty",
        "Take that part out",
    ),
    "composed": _kept(
        "Dấu tiếng Việt gõ rời (NFD): gộp với cách viết liền (NFC)",
        "Không cần làm gì",
        "Vietnamese marks apart from their letters (NFD): made one with the composed spelling (NFC)",
        "Nothing",
    ),
    "spelled": _kept(
        "Tên thôn, lĩnh vực hoặc thủ tục viết khác dòng đầu (hoa thường, chỗ đặt dấu thanh): gộp làm một",
        "Không cần làm gì; nếu là hai nơi khác nhau, ghi tên cho khác hẳn",
        "A village, field or procedure written otherwise than in its first line (case, place of the tone): "
        "made one",
        "Nothing; two places need names that differ in more",
    ),
}
