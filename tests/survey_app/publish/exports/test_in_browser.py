"""The pages of exports in Chromium: nothing that axe finds, nothing wider than the screen."""

import os

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from survey_app.cli.jobs import Worker
from survey_app.models.campaign import Campaign
from tests import factories, running_server
from tests.factories import DAY, MOMENT
from tests.survey_app.publish.exports.arrivals import come, point_of, release

PICTURES = os.environ.get("PICTURES")  # a folder, to look at what the test saw
SIZES = [(360, 740), (1280, 900)]


@pytest.fixture
def signed_in(app, database, settings, office, campaign, point, staff_client, free_port, browser):
    """Give pages of every size, signed in as an analyst of two offices that have responses."""
    with database.transaction() as session:
        other = factories.office(session, name="Bộ phận Một cửa phường Điện Biên Phủ")
        factories.comment(session, access_point_id=point.id, day=DAY)
        for one in (point, point_of(session, other, session.get_one(Campaign, campaign.id))):
            come(session, one, 1_240)
            release(session, one)
            come(session, one, 3, day=DAY)
    cookie = staff_client("analyst", hours=10**6).get_cookie("session").value
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


def look_at(page, name):
    width = page.viewport_size["width"]
    assert page.evaluate("document.documentElement.scrollWidth") == width
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    if PICTURES:
        page.screenshot(path=f"{PICTURES}/{name}-{width}.png", full_page=True)


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_an_analyst_takes_responses_home(signed_in, database, settings, clock):
    worker = Worker(database, settings, clock)
    clock.moment = MOMENT
    for page in signed_in:
        page.goto("/staff/exports?q=xa")
        look_at(page, "export-search")
        page.goto("/staff/exports")
        expect(page.locator(".lead")).to_contain_text("2.480 phiếu")
        page.get_by_label("Đến ngày").fill("2026-03-01")
        page.get_by_label("Từ ngày").fill("2026-03-02")
        page.get_by_role("button", name="Tạo tệp").click()
        expect(page.get_by_role("alert")).to_contain_text("Ngày cuối trước ngày đầu.")
        look_at(page, "export-fault")
        page.goto("/staff/exports")
        page.get_by_role("button", name="Tạo tệp").click()
        expect(page.get_by_role("status")).to_contain_text("Đang chờ đến lượt.")
        while worker.step():
            pass
        page.reload()
        look_at(page, "export-job")
        with page.expect_download() as begun:
            page.get_by_role("link", name="Tải").click()
        assert begun.value.suggested_filename.endswith(".csv")
        page.goto("/staff/exports")
        look_at(page, "export")
