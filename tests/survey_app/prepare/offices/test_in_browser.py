"""Offices and dossier counts in Chromium: nothing that axe finds, nothing wider than the screen."""

import os
import re
from datetime import date
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests import factories, running_server

PICTURES = os.environ.get("PICTURES")  # a folder, to look at what the test saw
SIZES = [(360, 740), (1280, 900)]
ROOT = Path(__file__).parents[4]
TABLE = ROOT / "docs/examples/dossiers-thua-thien-hue-2024.csv"
MOST_BYTES, MOST_REQUESTS = 60_000, 4
pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


@pytest.fixture
def signed_in(land, app, settings, staff_client, free_port, browser):
    """Give a page of every size, signed in as the lead of two provinces; the year of the table is theirs."""
    with app.extensions["database"].transaction() as session:
        factories.service_field(session, code="HO-TICH", name="Hộ tịch, chứng thực", name_en="Civil status")
        factories.service_field(session, code="DAT-DAI", name="Đất đai, xây dựng", name_en="Land")
        for code in ("TTH-TINH", "TTH-HUYEN", "TTH-XA"):
            factories.office(
                session,
                code=code,
                name=f"Trung tâm Phục vụ hành chính công {code}",
                parent_id=land["other"].id,
            )
        factories.dossier_count(
            session,
            office_id=land["a"].id,
            month=date(2026, 3, 1),
            n_settled=1_234,
            n_early=500,
            n_on_time=700,
            n_late=20,
        )
    cookie = staff_client("campaign_lead", hours=10**6).get_cookie("session").value
    command = running_server.web(settings, free_port)
    with running_server.started(command, running_server.environment(settings, free_port)):
        yield [open_page(browser, size, cookie, free_port) for size in SIZES]


def open_page(browser, size, cookie, port):
    address = f"http://127.0.0.1:{port}"
    context = browser.new_context(viewport={"width": size[0], "height": size[1]}, base_url=address)
    context.add_cookies([{"name": "session", "value": cookie, "url": address}])
    return context.new_page()


def look_at(page, name):
    page.wait_for_load_state()
    width = page.viewport_size["width"]
    if PICTURES:
        page.screenshot(path=f"{PICTURES}/{name}-{width}.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


def test_offices_change_hands_on_a_phone_and_on_a_desk(land, signed_in):
    for page, letter in zip(signed_in, "ab", strict=True):
        answers = []
        page.on("response", lambda answer, answers=answers: answers.append(answer))
        page.goto(f"/staff/offices?open={land['province'].id}")
        assert len(answers) <= MOST_REQUESTS
        assert sum(len(answer.body()) for answer in answers) <= MOST_BYTES
        page.goto("/staff/offices")
        page.get_by_role("link", name=re.compile("trực thuộc.*Tỉnh Mẫu")).click()
        expect(page.locator(".lead")).to_contain_text("trực thuộc Tỉnh Mẫu")
        look_at(page, "offices")
        page.get_by_role("link", name=f"xã {letter.upper()}", exact=False).first.click()
        expect(page.get_by_role("heading", name="Lịch sử đơn vị")).to_be_visible()
        look_at(page, "office")
        page.get_by_label("Biển của quầy mới").fill("Quầy số 2")
        page.get_by_role("button", name="Thêm quầy").click()
        expect(page.get_by_role("status")).to_contain_text("Đã thêm quầy.")
        page.get_by_role("link", name="Sửa Quầy số 2").click()
        expect(page.get_by_role("heading", name="Sửa quầy")).to_be_visible()
        look_at(page, "office-counter")
        page.goto(f"/staff/offices/{land[letter].id}/merge")
        page.get_by_role("button", name="Tiếp tục").click()
        expect(page.get_by_role("alert")).to_contain_text("đúng một đơn vị kế thừa")
        look_at(page, "office-merge")
        page.goto(f"/staff/offices/{land[letter].id}/split")
        page.get_by_label("Các đơn vị kế thừa").fill(
            f"N-{letter}1 | Trung tâm xã {letter}1\nN-{letter}2 | Trung tâm xã {letter}2"
        )
        page.get_by_label("Ngày hoạt động cuối cùng").fill("09/03/2026")
        page.get_by_role("button", name="Tiếp tục").click()
        expect(page.get_by_role("heading", name="Chia, tách đơn vị này?")).to_be_visible()
        look_at(page, "office-split-confirm")
        page.get_by_role("button", name="Chia, tách").click()
        expect(page.locator(".lead")).to_contain_text("đến 09/03/2026")
        look_at(page, "office-ended")
        for address in ("/staff/offices/new", f"/staff/offices/{land['c'].id}/move", "/staff/offices/fields"):
            page.goto(address)
            look_at(page, address.rsplit("/", 1)[-1])


def test_table_that_does_not_add_up_is_looked_at_and_taken(land, signed_in):
    for page in signed_in:
        page.goto("/staff/dossiers?month=2026-03")
        look_at(page, "dossiers")
        page.get_by_label("Tệp số hồ sơ").set_input_files(__file__)
        page.get_by_role("button", name="Kiểm tra tệp").click()
        expect(page.get_by_role("alert")).to_contain_text("Chưa ghi gì")
        look_at(page, "dossiers-fault")
        page.get_by_label("Tệp số hồ sơ").set_input_files(table_of(land))
        page.get_by_role("button", name="Kiểm tra tệp").click()
        expect(page.locator(".lead")).to_contain_text("3 chỗ không khớp")
        look_at(page, "dossiers-file")
        page.get_by_label("Tôi nhận số liệu như vậy").check()
        page.get_by_role("button", name="Ghi số hồ sơ").click()
        expect(page.get_by_role("status")).to_contain_text("Đã ghi 3 dòng.")
        look_at(page, "dossiers-stored")
        page.get_by_role("link", name="TTH-XA").click()
        expect(page.get_by_role("heading", name="TTH-XA")).to_be_visible()
        look_at(page, "dossiers-month")
        page.goto(f"/staff/dossiers/{land['a'].id}")
        look_at(page, "dossiers-office")


def table_of(land):
    """Give the example under the code of this test's province."""
    content = TABLE.read_text("utf-8").replace("TTH,Toàn tỉnh", f"{land['other'].code},Toàn tỉnh")
    return {"name": "so-ho-so.csv", "mimeType": "text/csv", "buffer": content.encode()}
