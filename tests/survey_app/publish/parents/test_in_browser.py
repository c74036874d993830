"""The page of all offices below a parent in Chromium, and the A4 sheets it prints, beside the CSV file."""

import csv
import io
import os
import re
import shutil
import subprocess

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests import running_server
from tests.conftest import lacks
from tests.survey_app.publish.parents.many_offices import province

PICTURES = os.environ.get("PICTURES")  # a folder, to look at what the test saw
SIZES = [(360, 740), (1280, 900)]
A4 = "594.96 x 841.92"  # points


@pytest.fixture
def path(database):
    with database.transaction() as session:
        return f"/staff/offices/{province(session, 150, provenance='A', basis='probability').id}/below"


@pytest.fixture
def pages(app, path, settings, staff_client, free_port, browser):
    cookie = staff_client("campaign_lead", hours=10**6).get_cookie("session").value
    command, environment = (
        running_server.web(settings, free_port),
        running_server.environment(settings, free_port),
    )
    with running_server.started(command, environment):
        yield [open_page(browser, size, cookie, free_port) for size in SIZES]


def open_page(browser, size, cookie, port):
    address = f"http://127.0.0.1:{port}"
    context = browser.new_context(viewport={"width": size[0], "height": size[1]}, base_url=address)
    context.add_cookies([{"name": "session", "value": cookie, "url": address}])
    return context.new_page()


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_head_of_department_sees_finds_and_sorts(pages, path):
    for page in pages:
        requests = []
        page.on("request", lambda request, seen=requests: seen.append(request.url))
        page.goto(path)
        assert len(requests) <= 4
        look_at(page, "below")
        expect(page.locator(".lead")).to_contain_text("So với chỉ tiêu 85%, trong 134 đơn vị")
        page.get_by_label("Tên đơn vị").fill("dien bien phu")
        page.get_by_role("button", name="Xem", exact=True).click()
        expect(page.get_by_role("rowheader").first).to_contain_text("Điện Biên Phủ")
        page.get_by_role("columnheader", name="Hài lòng").get_by_role("link").click()
        expect(page.locator("th[aria-sort=ascending]")).to_have_text("Hài lòng ↑")
        expect(page.get_by_label("Tên đơn vị")).to_have_value("dien bien phu")
        look_at(page, "below-found")


def look_at(page, name):
    width = page.viewport_size["width"]
    assert page.evaluate("document.documentElement.scrollWidth") == width
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    if PICTURES:
        page.screenshot(path=f"{PICTURES}/{name}-{width}.png", full_page=True)


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_paper_says_the_digits_of_the_file(pages, path, staff_client, tmp_path):
    if not shutil.which("pdftotext"):
        lacks("pdftotext", "poppler-utils")
    page, paper = pages[1], tmp_path / "below.pdf"
    page.goto(path)
    page.pdf(path=paper, prefer_css_page_size=True)
    if PICTURES:
        shutil.copy(paper, f"{PICTURES}/below.pdf")
    assert A4 in run("pdfinfo", paper)
    printed = run("pdftotext", "-layout", paper, "-")
    downloaded = staff_client("analyst").get(f"{path}.csv").get_data().decode("utf-8-sig")
    lines = list(csv.DictReader(io.StringIO(downloaded)))
    shown = [line for line in lines if line["state"] == "shown"]
    assert [said_of(line) for line in shown] == [
        " ".join(row.split()) for row in wanted_parts(printed, len(shown))
    ]


def run(*command):
    return subprocess.run(list(map(str, command)), capture_output=True, text=True, check=True).stdout


def said_of(line):
    percents = [line[name].replace(".", ",") for name in ("satisfied_percent", "low_percent", "high_percent")]
    n = f"{int(line['n_respondents']):,}".replace(",", ".")
    return f"{percents[0]}% {percents[1]}–{percents[2]}% {n}"


def wanted_parts(printed, n_shown):
    """Find value, range and n in each printed row, in their order."""
    rows = re.findall(r"\d+,\d+% +\d+,\d+–\d+,\d+% +[\d.]+", printed)
    assert len(rows) == n_shown
    return rows
