"""One walk with no stubs: poster, scan, answer, release, figure on the public page. On both databases."""

import csv
import http.client
import io
import re
import time
import urllib.request
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urlencode, urlsplit

import pypdfium2
import pytest
import zxingcpp
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, expect
from sqlalchemy import func, select

from survey_app.models.access_point import AccessPoint, AccessPointDay
from survey_app.models.job import Job
from survey_app.models.publication import Tally
from tests import running_server

CAMPAIGN = "gop-y-tai-quay"
PHONE = {"width": 360, "height": 740}
DESK = {"width": 1280, "height": 800}


@pytest.fixture
def service(settings, free_port):
    """The whole service with its demo: web server and job process, as `make run` starts them."""
    url = f"http://127.0.0.1:{free_port}"
    environment = running_server.environment(settings, free_port, DEMO="yes", PUBLIC_URL=url)
    with running_server.started(running_server.service(), environment, within=90):
        accounts = (settings.data_dir / "demo-accounts.txt").read_text("utf-8").splitlines()
        rows = [line.split("\t") for line in accounts]
        yield SimpleNamespace(
            url=url, port=free_port, passwords={role: (name, word) for role, name, word, *_secret in rows}
        )


def check_accessible(page: Page) -> None:
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


def sign_in(service, browser: Browser, role: str) -> Page:
    page = browser.new_page(viewport=DESK, accept_downloads=True)
    page.goto(f"{service.url}/staff/sign-in")
    check_accessible(page)
    name, password = service.passwords[role]
    page.locator("#username").fill(name)
    page.locator("#password").fill(password)
    go_by(page, page.get_by_role("button", name="Đăng nhập"))
    check_accessible(page)
    return page


def go_by(page: Page, way: Locator) -> None:
    """Follow a link or send a form, and wait for the page that comes: axe must not look before."""
    with page.expect_navigation(wait_until="load"):
        way.click()


def print_poster(page: Page, service, folder: Path) -> Path:
    """Walk as a manager does: the office's codes, one ticked, the PDF when the job process has made it."""
    page.goto(f"{service.url}/staff/codes")
    check_accessible(page)
    page.locator("input[type=checkbox][name=place]").first.check()
    page.get_by_role("button", name="Tạo tờ mã QR cho các điểm đã đánh dấu (PDF)").click()
    link = page.locator("main a.button[href*='/file']")
    expect(link).to_be_visible(timeout=60_000)
    check_accessible(page)
    with page.expect_download() as download:
        link.click()
    path = folder / "poster.pdf"
    download.value.save_as(path)
    return path


def scan(poster: Path) -> str:
    """Read the QR as a phone would: from the picture of the printed page, by a decoder of its own."""
    document = pypdfium2.PdfDocument(poster)
    page = document[0]
    (found,) = zxingcpp.read_barcodes(page.render(scale=3).to_pil())
    page.close()
    document.close()
    return found.text


def answer_in_browser(browser: Browser, address: str) -> Page:
    page = browser.new_page(viewport=PHONE, java_script_enabled=True)
    page.goto(address)
    check_accessible(page)
    for item in ("overall", "information", "manner", "on_time", "feedback"):
        page.locator(f"input[name={item}][value='4']").check()
    page.locator("input[name=came_back][value=no]").check()
    page.get_by_role("button", name="Gửi phiếu").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Đã nhận phiếu. Cảm ơn Ông/Bà!")
    check_accessible(page)
    return page


def answer_by_plain_client(address: str) -> int:
    where = urlsplit(address)
    connection = http.client.HTTPConnection(where.hostname, where.port, timeout=20)
    connection.request("GET", where.path)
    key = re.search(r'name="form-key" value="([^"]+)"', connection.getresponse().read().decode())[1]
    # The same items as the browser answers: a batch waits while an item in it has one to four answers.
    answers = {"overall": "5", "information": "4", "manner": "2", "on_time": "4", "feedback": "3"}
    form = urlencode({"form-key": key, **answers, "came_back": "no", "form-end": "1"})
    connection.request("POST", where.path, form, {"Content-Type": "application/x-www-form-urlencoded"})
    status = connection.getresponse().status
    connection.close()
    return status


def waiting_at(database, address: str) -> int:
    """Count what came to a code and is in no figure yet: fewer than a batch, left by the demo."""
    with database.reading() as session:
        code = urlsplit(address).path.rpartition("/")[2]
        point_id = session.scalars(select(AccessPoint.id).where(AccessPoint.code == code)).one()
        days = AccessPointDay.access_point_id == point_id
        received = select(func.sum(AccessPointDay.n_received)).where(days)
        released = select(func.sum(Tally.n_respondents)).where(Tally.access_point_id == point_id)
        return session.scalar(received) - session.scalar(released)


def until_changed(service, office: str, before: int) -> int:
    until = time.monotonic() + 60
    while (found := respondents_of(service, office)) == before and time.monotonic() < until:
        time.sleep(0.5)
    return found


def respondents_of(service, office: str) -> int:
    """Read the office's n of the index of scanned posters (class C) from the public CSV."""
    with urllib.request.urlopen(f"{service.url}/results/{CAMPAIGN}.csv") as answer:
        rows = csv.DictReader(io.StringIO(answer.read().decode("utf-8-sig")))
        return next(
            int(row["n_forms"])
            for row in rows
            if (row["office_code"], row["measure"], row["provenance"]) == (office, "index", "C")
        )


def test_a_scanned_poster_leads_to_a_published_figure_that_counts_it(service, browser, database, tmp_path):
    manager = sign_in(service, browser, "office_manager")
    address = scan(print_poster(manager, service, tmp_path))
    assert address == address.upper()
    before = respondents_of(service, "MAU-X06")
    while waiting_at(database, address):  # until what the demo left to wait has come along
        assert [answer_by_plain_client(address) for _ in range(5)] == [303] * 5
        before = until_changed(service, "MAU-X06", before)
    thanks = answer_in_browser(browser, address)
    assert [answer_by_plain_client(address) for _ in range(3)] == [303] * 3
    print_poster(manager, service, tmp_path)  # the job process has looked at the four answers on its way
    with database.reading() as session:
        assert session.scalars(select(Job.id).where(Job.name == "release")).all() == []
    assert respondents_of(service, "MAU-X06") == before
    assert answer_by_plain_client(address) == 303
    assert until_changed(service, "MAU-X06", before) == before + 5
    go_by(thanks, thanks.get_by_role("link", name="Kết quả chung"))
    check_accessible(thanks)
    for page_of in ("MAU-X06", ""):
        thanks.goto(f"{service.url}/results/{CAMPAIGN}/{page_of}".rstrip("/"))
        check_accessible(thanks)
    manager.goto(f"{service.url}/staff")
    go_by(manager, manager.locator("main a[href*='/staff/offices/']").first)
    check_accessible(manager)
    expect(manager.locator("main")).to_contain_text("khoảng ước tính")
