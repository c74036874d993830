"""The columns of a frame, the words by which a file's header names them, and which of them belongs where."""

import hashlib
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from survey_app.models.vietnamese import name_key

UNIT = "unit"
OFFICES = ("receives", "decides")
DAYS = ("received_on", "settled_on")
LABELS = ("cluster", "field", "procedure")
WORDS = ("channel", "outcome", "sex", "age_band")
CONTACTS = ("name", "address", "phone")  # never in the frame: sealed in a file of their own
IN_FRAME = (UNIT, *OFFICES, *LABELS, *DAYS, *WORDS)
COLUMNS = (*IN_FRAME, *CONTACTS)
REQUIRED = (UNIT, "receives", "settled_on")
SIGNATURE_BYTES = 16


@dataclass(frozen=True, slots=True)
class Column:
    """A column: our heading and an example for the template, what to write, and other software's headings."""

    heading: str
    heading_en: str
    example: str
    explained: str
    explained_en: str
    also: tuple[str, ...] = ()


DESCRIBED: Mapping[str, Column] = {
    "unit": Column(
        "Mã hồ sơ",
        "Dossier id",
        "H57.12-251103-0001",
        "Mã của hồ sơ, mỗi hồ sơ một mã; bắt buộc",
        "The id of the dossier, each once; must be there",
        ("Số hồ sơ", "Mã số hồ sơ", "Mã biên nhận", "Số biên nhận", "dossier_id"),
    ),
    "receives": Column(
        "Mã đơn vị tiếp nhận",
        "Office that received it",
        "MAU-X06",
        "Mã của đơn vị trong hệ thống này, hoặc tên đúng như trong hệ thống; bắt buộc",
        "The office's code here, or its name exactly as here; must be there",
        ("Đơn vị tiếp nhận", "Cơ quan tiếp nhận", "Nơi tiếp nhận", "Bộ phận tiếp nhận", "office"),
    ),
    "decides": Column(
        "Mã đơn vị giải quyết",
        "Office that decided it",
        "MAU-X06",
        "Như trên; để trống khi cũng là đơn vị tiếp nhận",
        "As above; empty where it is the office that received it",
        ("Đơn vị giải quyết", "Cơ quan giải quyết", "Cơ quan thực hiện", "Đơn vị xử lý"),
    ),
    "cluster": Column(
        "Thôn hoặc tổ dân phố",
        "Village",
        "Thôn Đông",
        "Nơi ở của người nộp, nếu sẽ chọn mẫu theo thôn; có thể để trống",
        "Where the applicant lives, if villages are drawn; may be empty",
        ("Thôn", "Tổ dân phố", "Thôn, tổ dân phố", "Địa bàn", "village"),
    ),
    "field": Column(
        "Lĩnh vực",
        "Field",
        "Đất đai",
        "Tên hoặc mã lĩnh vực; có thể để trống",
        "Name or code of the field; may be empty",
        ("Tên lĩnh vực", "Mã lĩnh vực"),
    ),
    "procedure": Column(
        "Thủ tục",
        "Procedure",
        "Cấp giấy chứng nhận quyền sử dụng đất",
        "Tên hoặc mã thủ tục; có thể để trống",
        "Name or code of the procedure; may be empty",
        ("Tên thủ tục", "Thủ tục hành chính", "Tên TTHC", "Mã thủ tục", "Dịch vụ công"),
    ),
    "channel": Column(
        "Hình thức nộp",
        "Filed",
        "Trực tuyến",
        "Trực tiếp hoặc Trực tuyến (bưu chính ghi Trực tiếp); có thể để trống",
        "At the counter (Trực tiếp) or online (Trực tuyến); may be empty",
        ("Kênh", "Kênh tiếp nhận", "Hình thức", "Hình thức tiếp nhận", "Nguồn tiếp nhận"),
    ),
    "received_on": Column(
        "Ngày tiếp nhận",
        "Received on",
        "2025-11-03",
        "Như 2025-11-03 hoặc 03/11/2025; có thể để trống",
        "Such as 2025-11-03 or 03/11/2025; may be empty",
        ("Ngày nhận", "Ngày nộp", "Thời gian tiếp nhận", "Ngày nhận hồ sơ"),
    ),
    "settled_on": Column(
        "Ngày giải quyết xong",
        "Settled on",
        "2025-11-10",
        "Như trên; bắt buộc: hồ sơ chưa giải quyết xong không vào dàn chọn mẫu",
        "As above; must be there: a dossier that is not settled is not in the frame",
        ("Ngày giải quyết", "Ngày trả kết quả", "Ngày hoàn thành", "Ngày kết thúc xử lý", "Ngày có kết quả"),
    ),
    "outcome": Column(
        "Kết quả theo hạn",
        "Outcome",
        "Đúng hạn",
        "Trước hạn, Đúng hạn hoặc Quá hạn; có thể để trống",
        "Early (Trước hạn), on time (Đúng hạn) or late (Quá hạn); may be empty",
        ("Tình trạng", "Tình trạng giải quyết", "Tiến độ", "Tình trạng xử lý"),
    ),
    "sex": Column(
        "Giới tính",
        "Sex",
        "Nữ",
        "Nam, Nữ hoặc Khác; có thể để trống",
        "Male (Nam), female (Nữ) or other (Khác); may be empty",
        ("Giới",),
    ),
    "age_band": Column(
        "Nhóm tuổi",
        "Age band",
        "35-49",
        "Nhóm tuổi như 35-49, hoặc tuổi, hoặc năm sinh; có thể để trống",
        "A band such as 35-49, an age or a year of birth; may be empty",
        ("Tuổi", "Độ tuổi", "Năm sinh"),
    ),
    "name": Column(
        "Họ và tên",
        "Name",
        "Nguyễn Văn An",
        "Để gửi thư mời; được niêm phong riêng và xóa đúng hạn; có thể để trống",
        "To send the letter; sealed apart and deleted on its day; may be empty",
        ("Người nộp", "Chủ hồ sơ", "Tên người nộp", "Họ tên", "Người nộp hồ sơ"),
    ),
    "address": Column(
        "Địa chỉ",
        "Address",
        "Số 1 đường Mẫu, xã Mẫu",
        "Như trên",
        "The same",
        ("Địa chỉ người nộp", "Địa chỉ liên hệ", "Nơi ở"),
    ),
    "phone": Column(
        "Điện thoại",
        "Telephone",
        "0912345678",
        "Như trên",
        "The same",
        ("Số điện thoại", "SĐT", "Điện thoại liên hệ"),
    ),
}


def shown_heading(text: str) -> str:
    """Bring one heading of a file to what is shown and compared: composed, in one line."""
    return re.sub(r"\s+", " ", unicodedata.normalize("NFC", text)).strip()


def signature_of(header: Sequence[str]) -> str:
    """Give what two files share if their headings are the same in words and order."""
    text = "\n".join(name_key(heading) for heading in header)
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[: 2 * SIGNATURE_BYTES]


def guess(header: Sequence[str]) -> dict[str, int]:
    """Say for each column of ours that a heading names in which place of the file it stands."""
    ours: dict[str, str] = {}
    for column, described in DESCRIBED.items():
        for words in (column, described.heading, described.heading_en, *described.also):
            ours.setdefault(name_key(words), column)
    found: dict[str, int] = {}
    for place, heading in enumerate(header):
        if name_key(heading) in ours:
            found.setdefault(ours[name_key(heading)], place)
    return found


def faults_of(mapping: Mapping[str, int], n_columns: int) -> list[tuple[str, str]]:
    """List what is wrong with a mapping, as pairs of a column of ours and a short name of the fault."""
    faults = [(column, "lacking") for column in REQUIRED if column not in mapping]
    faults += [(column, "outside") for column, place in mapping.items() if not 0 <= place < n_columns]
    places = list(mapping.values())
    # One heading may name both offices of a dossier; nothing else is two things at once.
    shared = {place for place in places if places.count(place) > 1}
    faults += [
        (column, "twice") for column, place in mapping.items() if place in shared and column not in OFFICES
    ]
    return faults
