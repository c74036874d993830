"""Makes up the list that one-stop software would give: a line a dossier, as many as the offices reported."""

import random
from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from survey_app.demo.places import csv_of
from survey_app.models.office import ALL_FIELDS, DossierCount, Office, ServiceField
from survey_app.prepare.frames.columns import DESCRIBED

# In the order of a line below.
COLUMNS = (
    *("unit", "receives", "cluster", "field", "procedure", "channel", "received_on", "settled_on", "outcome"),
    *("sex", "age_band", "name", "address", "phone"),
)
PROCEDURES = {
    "HO-TICH": ("Đăng ký khai sinh", "Chứng thực bản sao", "Xác nhận tình trạng hôn nhân"),
    "DAT-DAI": ("Đăng ký biến động đất đai", "Cấp giấy phép xây dựng nhà ở riêng lẻ"),
    "BAO-TRO": ("Trợ cấp xã hội hằng tháng", "Hỗ trợ chi phí mai táng"),
}
N_VILLAGES = 6
LONGEST_WORK = 15  # days from receipt to result
SHARE_ONLINE, SHARE_WOMEN, SHARE_UNTOLD = 0.45, 0.52, 0.02
AGES = ((18, 24, 12), (25, 34, 27), (35, 49, 33), (50, 60, 18), (61, 79, 10))
FAMILIES = ("Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Vũ", "Đặng", "Bùi", "Đỗ", "Lò")
MEN, WOMEN = ("Văn An", "Đức Bình", "Minh Khôi", "Quang Hải"), ("Thị Lan", "Thu Hà", "Ngọc Mai", "Thị Hoa")

Cells = tuple[str, ...]


def dossier_list(session: Session, office_codes: Sequence[str], month: date, chance: random.Random) -> bytes:
    """Give the dossiers of a month as CSV; two lines in it are wrong, as in any real list."""
    reported = session.execute(
        select(Office, ServiceField.code, DossierCount)
        .join(DossierCount, DossierCount.office_id == Office.id)
        .join(ServiceField, ServiceField.id == DossierCount.field_id)
        .where(Office.code.in_(office_codes), DossierCount.month == month)
        .where(DossierCount.field_id != ALL_FIELDS)
        .order_by(Office.code, ServiceField.code)
    )
    lines = [
        line
        for office, field, count in reported
        for line in _dossiers(office, field, count, random.Random(chance.random()))  # noqa: S311  # to repeat
    ]
    return csv_of([DESCRIBED[name].heading for name in COLUMNS], [*lines, *_wrong(lines)])


def _dossiers(office: Office, field: str, count: DossierCount, chance: random.Random) -> Iterator[Cells]:
    short = f"{office.code.removeprefix('MAU-')}-{field[:2]}-{count.month:%y%m}"
    in_time = ((count.n_early, "Trước hạn"), (count.n_on_time, "Đúng hạn"), (count.n_late, "Quá hạn"))
    outcomes = [word for n, word in in_time for _ in range(n or 0)]
    chance.shuffle(outcomes)
    for number, outcome in enumerate(outcomes, start=1):
        settled_on = count.month + timedelta(days=chance.randrange(28))
        received_on = settled_on - timedelta(days=chance.randint(1, LONGEST_WORK))
        village = f"Thôn {chance.randint(1, N_VILLAGES)}"
        channel = "Trực tuyến" if chance.random() < SHARE_ONLINE else "Trực tiếp"
        work = (field, chance.choice(PROCEDURES[field]), channel)
        told = (f"{short}-{number:04}", office.code, village, *work, received_on.isoformat())
        yield (*told, settled_on.isoformat(), outcome, *_person(office, village, chance))


def _person(office: Office, village: str, chance: random.Random) -> Cells:
    is_woman = chance.random() < SHARE_WOMEN
    first, last, _share = chance.choices(AGES, [share for *_, share in AGES])[0]
    age = "" if chance.random() < SHARE_UNTOLD else str(chance.randint(first, last))
    name = f"{chance.choice(FAMILIES)} {chance.choice(WOMEN if is_woman else MEN)}"
    place = office.name.rpartition("công ")[2]
    house = chance.randint(1, 90)
    # No telephone begins with 0000.
    return "Nữ" if is_woman else "Nam", age, name, f"Số {house}, {village}, {place}", f"0000 000 {house:03}"


def _wrong(lines: Sequence[Cells]) -> Iterator[Cells]:
    """Repeat a line, and name an office that is none."""
    yield lines[0]
    yield ("X99-HO-0001", "MAU-X99", *lines[1][2:])
