"""Pages that only a sent form leads to: what is wrong with it, what will be stored, what was done."""

from collections.abc import Callable
from dataclasses import dataclass

from playwright.sync_api import FilePayload, Page

from survey_app.accounts.second_factor import totp
from tests import factories
from tests.tour.stops import ADMINISTRATOR, ANALYST, LEAD, MANAGER, Stop
from tests.tour.visit import Guests

ODD_TABLE = """office_code,month,n_settled,n_early,n_on_time,n_late
MAU-X06,2026-02,866,391,452,3
"""


@dataclass(frozen=True, slots=True)
class Act:
    """Who does what from where, the heading of the page that follows, and the way on from there."""

    who: str
    address: str
    do: Callable[[Page], None]
    leads_to: str
    step: str

    @property
    def stop(self) -> Stop:
        return Stop(f"“{self.leads_to}” after a form", self.who, self.address, step=self.step)


def press(button: str) -> Callable[[Page], None]:
    """Send the form of a button, and wait for the page that follows."""

    def pressed(page: Page) -> None:
        with page.expect_navigation(wait_until="load"):
            page.locator(f"main button:has-text('{button}')").first.click()

    return pressed


def split(page: Page) -> None:
    for place, name in enumerate(("Một", "Hai")):
        page.locator(f"#heir_code-{place}").fill(f"MAU-N{place}")
        page.locator(f"#heir_name-{place}").fill(f"Trung tâm xã {name}")
    press("Tiếp tục")(page)


def send_odd_table(page: Page) -> None:
    file: FilePayload = {"name": "so-ho-so.csv", "mimeType": "text/csv", "buffer": ODD_TABLE.encode()}
    page.locator("input[type=file]").set_input_files(files=[file])
    press("Kiểm tra tệp")(page)


def send_outcomes(page: Page) -> None:
    named = (*range(1, 9), "X9")  # who of them has answered is listed as such
    lines = "".join(f"{one};2.1;09/03/2026\n" for one in named)
    table = f"Số thư;Kết quả;Ngày\n{lines}".encode()
    file: FilePayload = {"name": "ket-qua.csv", "mimeType": "text/csv", "buffer": table}
    page.locator("input[type=file]").set_input_files(files=[file])
    press("Xem bảng")(page)


def swap_days(page: Page) -> None:
    page.get_by_label("Từ ngày").fill("2026-03-02")
    page.get_by_label("Đến ngày").fill("2026-03-01")
    press("Tạo tệp")(page)


def prove_phone(page: Page) -> None:
    key = "".join(page.locator("main .address").first.inner_text().split())
    page.locator("main input[name=code]").fill(totp.code_at(key, totp.step_of(factories.MOMENT)))
    press("Bật")(page)


ACTS = (
    Act(LEAD, "/staff/offices/{office}/split", split, "Chia, tách đơn vị này?", "Chia, tách"),
    Act(LEAD, "/staff/offices/{office}/merge", press("Tiếp tục"), "Sáp nhập đơn vị", "Tiếp tục"),
    Act(LEAD, "/staff/offices/{province}/new", press("Tiếp tục"), "Thêm đơn vị", "Tiếp tục"),
    Act(LEAD, "/staff/campaigns/{planned_id}/plan/edit", press("Ghi bản nháp"), "Kế hoạch", "Ghi bản nháp"),
    Act(ADMINISTRATOR, "/staff/campaigns/new", press("Tạo cuộc"), "Cuộc đo lường hằng năm mới", "Tạo cuộc"),
    Act(
        LEAD,
        "/staff/campaigns/{fielded_id}/fieldwork",
        send_outcomes,
        "Kiểm tra bảng kết quả",
        "Lưu các kết quả này",
    ),
    Act(LEAD, "/staff/dossiers", send_odd_table, "Kiểm tra tệp", "Ghi số hồ sơ"),
    Act(LEAD, "/staff/dossiers", press("Kiểm tra tệp"), "Số hồ sơ", "Kiểm tra tệp"),
    Act(LEAD, "/staff/approvals/new?kind=pause_codes", press("Đề nghị"), "Tạm dừng mã", "Đề nghị"),
    Act(MANAGER, "/staff/review/comments/{case}", press("Gửi trả lời"), "Góp ý", "Gửi trả lời"),
    Act(ANALYST, "/staff/exports?campaign={campaign}", swap_days, "Xuất phiếu trả lời", "Tạo tệp"),
    Act(ADMINISTRATOR, "/staff/people/new/all", press("Tạo tài khoản"), "Tài khoản mới", "Tạo tài khoản"),
    Act(
        ADMINISTRATOR,
        "/staff/people/{person}",
        press("Tạo liên kết"),
        "Liên kết đặt mật khẩu mới",
        "Quay lại tài khoản",
    ),
    Act("beginner", "/staff/second-factor/new", prove_phone, "Mã dự phòng", "Tôi đã cất mã"),
)


def faults_after(guests: Guests) -> list[str]:
    """Do each act, and look at what follows."""
    faults = []
    for act in ACTS:
        page = guests.open(act.stop)
        act.do(page)
        heading = page.locator("h1").inner_text()
        if act.leads_to not in heading:
            faults.append(f"{act.address} leads to “{heading}”, not to “{act.leads_to}”")
        faults += guests.faults_on(act.stop, page)
    return faults
