"""What somebody types who means it. A field of a new form needs a line here, or its test fails."""

from survey_app.accounts.second_factor import totp
from survey_app.prepare.plans.entries import ENTRIES
from tests.factories import MOMENT
from tests.survey_app.hostile.campaigns import DOSSIERS
from tests.survey_app.hostile.forms import TYPED, Box, Form
from tests.survey_app.hostile.world import PASSWORD, SECRET, World

NEW_PASSWORD = "mat-khau-moi-2026"
# By endpoint and field, or by field alone.
GOOD: dict[str, str] = {
    "accounts.sign_in username": "second-administrator",
    "accounts.sign_in password": PASSWORD,
    "again": NEW_PASSWORD,
    "answer": "Chúng tôi đã nhắc cán bộ. Cảm ơn Ông/Bà.",
    "campaigns.new closes_on": "31/12/2026",
    "campaigns.new code": "do-luong-moi",
    "campaigns.new opens_on": "01/12/2026",
    "cases.case number": "{number}",
    "closes_on": "2026-12-31",
    "collect.start code": "{code}",
    "contact": "0912 345 678",
    "controller_address": "Số 1 đường Lê Lợi",
    "controller_name": "Sở Nội vụ",
    "controller_phone": "0200 123 4567",
    "counters": "Quầy một\nQuầy hai",
    "current": PASSWORD,
    "day": "10/03/2026",
    "first": "",
    "looks.columns last_day": "31/12/2026",
    "first_day": "2026-03-08",
    "form-comment": "Nhanh và rõ ràng",
    "from": "2026-01-01",
    "full_name": "Trần Thị Mới",
    "heirs": "",
    "heir_code-0": "MOI-1",
    "heir_code-1": "MOI-2",
    "heir_name-0": "Đơn vị kế thừa một",
    "heir_name-1": "Đơn vị kế thừa hai",
    "label": "Quầy chín",
    "last": "",
    "last_day": "2026-03-09",
    "month": "2026-02",
    "n_issued": "20",
    "name": "Bộ phận Một cửa mới",
    "name_en": "New field",
    "new_code": "",
    "new_name": "",
    "note": "Có ngày hội việc làm",
    "office": "Trung tâm",
    "office_code": "",
    "office_changes.new code": "MOI-3",
    "office_changes.new_top code": "MOI-4",
    "offices.fields code": "MOI-5",
    "others": "",
    "plan_writing.addendum seed": "Bốc thăm lại: 7",
    "parent": "{other_parent}",
    "password": NEW_PASSWORD,
    "people.end_role last_day": "2026-03-20",
    "people.new username": "nguoi.moi",
    "person": "demo",
    "place": "Cổng sau",
    "population-described": "Người có hồ sơ đã giải quyết xong",
    "q": "Trung tâm",
    "reason": "Mã bị dán đè nhiều nơi",
    "refusal": "Chưa đủ căn cứ",
    "reports.send_report code": "{code}",
    "retention_years": "5",
    "second_factor.prove code": "{prove}",
    "second_factor.set_up code": "{set_up}",
    "title": "Đo lường mới",
    "title_en": "New measurement",
    "typed": "{office_code}",
    "unit": "1",
    "until": "2026-12-31",
    "valid_from": "2026-03-10",
    "valid_until": "2026-12-31",
}
OF_A_PLAN = tuple(dict.fromkeys(name.partition("-")[0] for name in ENTRIES))
TABLE = "office_code,month,n_settled,n_early,n_on_time,n_late\n{office_code},2026-02,100,10,50,10\n"
OUTCOMES = "Mã hồ sơ;Kết quả;Ngày\n3;2.1;09/03/2026\n"


def good_value(endpoint: str, form: Form, box: Box, world: World) -> str:
    if box.kind not in TYPED:
        return box.value
    if box.name.startswith("n_") and box.name.partition("-")[2].isdecimal():
        return "100" if box.name == "n_settled-0" else ""  # one of several boxes for each field of procedures
    if box.name.startswith(OF_A_PLAN):
        return GOOD.get(f"{endpoint} {box.name}", GOOD.get(box.name, box.value))  # its form comes filled in
    template = GOOD.get(f"{endpoint} {box.name}", GOOD.get(box.name))
    assert template is not None, f"teach GOOD what to type into “{box.name}” of {endpoint}"
    if template == "{prove}":
        return totp.code_at(SECRET, totp.step_of(MOMENT))
    if template == "{set_up}":
        return totp.code_at(str(world.words["own_secret"]), totp.step_of(MOMENT))
    return template.format(**world.words) if template.startswith("{") else template


def good_file(endpoint: str, world: World) -> tuple[bytes, str]:
    table = {"looks.send": DOSSIERS, "fieldwork.send_outcomes": OUTCOMES}.get(endpoint, TABLE)
    return table.format(**world.words).encode(), "so-ho-so.csv"
