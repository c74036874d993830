"""A manager's way through the office's page in Chromium, on a phone and at a desk."""

import os

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests import factories, running_server
from tests.survey_app.publish.test_office_page import Shown, beside

PICTURES = os.environ.get("PICTURES")  # a folder, to look at what the test saw


@pytest.fixture
def shown(app):
    shown = Shown(app)
    shown.months(m202601={"hidden_inside": "few", "hidden_in_public": "few"})
    shown.add(factories.figure_change, later="month:2025-12", earlier="month:2025-11")
    shown.figure(breakdown=f"counter:{shown.counter_id}")
    shown.figure(breakdown="field:DAT-DAI")
    shown.figure(provenance="B", n_respondents=20)
    beside(shown, [0.7, 0.75, 0.8, 0.82, 0.84, 0.86, 0.9, 0.95])
    with app.extensions["database"].transaction() as session:
        point = factories.access_point(session, campaign_id=shown.campaign.id, office_id=shown.office.id)
        factories.access_point_day(session, access_point_id=point.id)
        for number in range(5):
            text = f"Góp ý {number}: gọi tôi 0912 345 67{number}."
            factories.comment(session, access_point_id=point.id, text=text)
    return shown


def look_at(page, name):
    width = page.viewport_size["width"]
    assert page.evaluate("document.documentElement.scrollWidth") == width
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    if PICTURES:
        page.screenshot(path=f"{PICTURES}/{name}-{width}.png", full_page=True)


@pytest.mark.parametrize("size", [(360, 740), (1280, 900)])
@pytest.mark.parametrize("colours", ["light", "dark"])
@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_manager_sees_how_it_goes_and_what_to_do_next(
    shown, settings, staff_client, free_port, browser, size, colours
):
    client = staff_client("office_manager", shown.office.id, hours=10**6)
    address = f"http://127.0.0.1:{free_port}"
    cookie = {"name": "session", "value": client.get_cookie("session").value, "url": address}
    environment = running_server.environment(settings, free_port)
    with running_server.started(running_server.web(settings, free_port), environment):
        context = browser.new_context(
            viewport={"width": size[0], "height": size[1]}, base_url=address, color_scheme=colours
        )
        context.add_cookies([cookie])
        page = context.new_page()
        requests = []
        page.on("request", lambda request: requests.append(request.url))
        page.goto(f"/staff/offices/{shown.office.id}")
        assert len([one for one in requests if not one.startswith("data:")]) <= 4
        expect(page.locator(".lead")).to_be_in_viewport()
        expect(page.locator(".lead")).to_contain_text("84,2%")
        expect(page.get_by_text("Chưa đủ cơ sở để nói là thay đổi.")).to_be_visible()
        page.get_by_text("Số liệu từng tháng").click()
        expect(page.get_by_role("rowheader", name="tháng 12/2025")).to_be_visible()
        look_at(page, f"office-{colours}")
        page.get_by_role("link", name="Đọc góp ý, để biết").click()
        expect(page.locator(".rows > li")).to_have_count(5)
        expect(page.locator(".rows > li").first).to_contain_text("gọi tôi […].")
        look_at(page, f"comments-{colours}")
