"""What stands in the columns of the annex: headings, kinds of cells, meanings."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

Kind = Literal["text", "number", "percent", "exact"]
Cell = str | int | float | None
Row = tuple[Cell, ...]

EXACT: Final = {
    "estimate": "value",
    "standard_error": "standard_error",
    "df": "degrees_of_freedom",
    "low": "low",
    "high": "high",
    "t_low": "t_low",
    "t_high": "t_high",
    "n_people": "n_people",
    "n_answers": "n_answers",
    "effective_sample_size": "effective_sample_size",
}


class Column(NamedTuple):
    heading: str
    kind: Kind
    meaning: str
    width: int = 11


@dataclass(frozen=True)
class Table:
    name: str  # of its sheet
    title: str
    columns: tuple[Column, ...]
    rows: Iterable[Row]


CODE: Final = Column("Mã đơn vị", "text", "Mã của đơn vị trong dịch vụ", 12)
NAME: Final = Column("Đơn vị", "text", "Tên đơn vị lúc công bố", 44)
CLASS: Final = Column(
    "Loại phiếu", "text", "A: người được chọn vào mẫu; B, C, D: phiếu tự nguyện, không gộp với loại A", 10
)
SHOWN: Final = (
    Column("Hài lòng (%)", "percent", "Như in trên trang kết quả"),
    Column(
        "Từ (%)", "percent", "Đầu dưới của khoảng tin cậy 95% (loại B, C, D: khoảng ước tính theo mô hình)"
    ),
    Column("Đến (%)", "percent", "Đầu trên của khoảng đó"),
    Column(
        "n",
        "number",
        "Với chỉ số: số phiếu; với nhóm câu hỏi: ít nhất số người này đã trả lời; với câu hỏi: "
        "số người trả lời câu đó",
        8,
    ),
)
_EXACT_MEANINGS: Final = {
    "estimate": "Tỷ lệ hài lòng (0–1); bản công khai làm tròn số loại A đến 0,001, cả ở các cột sau",
    "standard_error": "Sai số chuẩn theo thiết kế mẫu",
    "df": "Số bậc tự do: số đơn vị chọn mẫu cấp I trừ số tầng",
    "low": "Đầu dưới của khoảng được in (0–1)",
    "high": "Đầu trên của khoảng được in (0–1)",
    "t_low": "Ước lượng trừ t nhân sai số chuẩn; có thể vượt ra ngoài 0–1",
    "t_high": "Ước lượng cộng t nhân sai số chuẩn; có thể vượt ra ngoài 0–1",
    "n_people": "Ít nhất số người này đã trả lời",
    "n_answers": "Số câu trả lời được tính",
    "effective_sample_size": "Cỡ mẫu hiệu dụng",
}
EXACT_COLUMNS: Final = tuple(
    Column(name, "number" if name in {"df", "n_people", "n_answers"} else "exact", meaning, 14)
    for name, meaning in _EXACT_MEANINGS.items()
)
NOTES: Final = (
    Column("Cơ sở", "text", "Chọn mẫu xác suất, hỏi tất cả, hay tự nguyện", 18),
    Column("Vì sao không có số", "text", "Lý do không ước tính được", 30),
)
DOSSIERS: Final = (
    Column("Hồ sơ", "number", "Hồ sơ đã giải quyết trong các tháng có phiếu; trống: chưa biết đủ"),
    Column("Độ bao phủ (%)", "percent", "Số phiếu trên số hồ sơ"),
)
COMPARED: Final = (
    Column("So với chỉ tiêu", "text", "Kết luận khi kiểm định cùng lúc mọi đơn vị thuộc cấp trên (Holm)", 20),
    Column("Hạng tốt nhất", "number", "Thứ hạng của đơn vị nằm từ hạng này …", 9),
    Column("Hạng thấp nhất", "number", "… đến hạng này, đồng thời cho mọi đơn vị, độ tin cậy 95%", 9),
    Column("Số đơn vị xếp hạng", "number", "Bao nhiêu đơn vị được so", 9),
    Column("Nhóm ngang nhau", "number", "Các đơn vị cùng nhóm chưa đủ cơ sở để phân biệt", 9),
)
