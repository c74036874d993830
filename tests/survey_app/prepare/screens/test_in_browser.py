"""The screen in Chromium, before the real server: its code is scanned from a picture of the screen."""

import io
import re
from datetime import datetime, timedelta
from types import SimpleNamespace

import pytest
import zxingcpp
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Page, expect
from sqlalchemy import select

from survey_app.config import VIETNAM_TIME
from survey_app.models import rotating_code
from survey_app.models.access_point import AccessPoint
from survey_app.models.response import Response
from survey_app.prepare.screens.inline import SCRIPT
from tests import factories, postgresql, running_server

STEP_MILLISECONDS = rotating_code.STEP_SECONDS * 1000
SPREAD_SECONDS = 5  # as in screen.js
LATE_SECONDS = 20  # of a busy machine, whose timers are late; a step skipped would take longer
ANOTHER_CODE = """before => {
    const typed = document.getElementById("typed").textContent.replace(/-/g, "").slice(8);
    return typed && !before.endsWith(typed);
}"""
WAITING = "Màn hình đang chờ mạng. Có mạng thì mã tự hiện lại."
SIZES = [(1280, 800), (1920, 1080), (800, 1280), (360, 740)]
CONTRAST = """() => {
  const light = colour => {
    const [r, g, b] = colour.match(/[\\d.]+/g).map(Number).map(c => c / 255)
      .map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = at => {
    for (; at; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor;
      if (colour !== "rgba(0, 0, 0, 0)") return colour;
    }
  };
  const texts = [...document.querySelectorAll("p, h1, strong, span")].filter(e => e.offsetParent);
  return Math.min(...texts.map(e => {
    const [a, b] = [light(getComputedStyle(e).color), light(ground(e))].sort((x, y) => y - x);
    return (a + 0.05) / (b + 0.05);
  }));
}"""


def today():
    return datetime.now(VIETNAM_TIME).date()


@pytest.fixture(scope="module")
def server(sqlite_template, tmp_path_factory):
    """The real server; one database is enough, since the screen reads one row."""
    folder, port = tmp_path_factory.mktemp("screens"), postgresql.free_port()
    url = f"http://127.0.0.1:{port}"
    with running_server.over_sqlite(sqlite_template, folder, port, PUBLIC_URL=url) as (settings, database):
        yield SimpleNamespace(url=url, secret=settings.secrets[0], database=database)


@pytest.fixture
def screen(server):
    """A screen of a campaign that is open today."""
    with server.database.transaction() as session:
        office = factories.office(session, name="Trung tâm Phục vụ hành chính công xã Ẩm Thực Đức Hưỡng")
        counter = factories.counter(session, office_id=office.id, label="Quầy số 3")
        campaign = factories.campaign(session, opens_on=today())
        point = factories.access_point(
            session,
            campaign_id=campaign.id,
            office_id=office.id,
            counter_id=counter.id,
            way_in="screen",
            provenance="B",
        )
    address = server.url + rotating_code.screen_path(point.code, server.secret)
    return SimpleNamespace(id=point.id, address=address, database=server.database)


@pytest.fixture
def page(browser, screen):
    """The screen, with a clock that stands still until the test moves it on."""
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.clock.install(time=factories.MOMENT)
    page.clock.pause_at(factories.MOMENT + timedelta(hours=1))
    page.goto(screen.address)
    return page


def scan(page: Page) -> str:
    (found,) = zxingcpp.read_barcodes(Image.open(io.BytesIO(page.screenshot())))
    return found.text


def code_shown(page: Page) -> str:
    """Give the last letters of the code that is typed: those with which the address in the picture ends."""
    return page.locator("#typed").inner_text().replace("-", "")[8:]


def answer(browser, address: str) -> None:
    phone = browser.new_context(viewport={"width": 360, "height": 740}).new_page()
    phone.goto(address)
    phone.locator("input[name=q1][value='5']").check()
    phone.get_by_role("button", name="Gửi phiếu").click()
    expect(phone.get_by_role("heading", level=1, name="Đã nhận phiếu")).to_be_visible()


def next_answer(page: Page):
    return page.expect_response(lambda response: response.url.endswith("/now"))


def test_a_scanned_code_becomes_a_response_of_class_b_and_the_next_code_follows_by_itself(browser, screen):
    """Nothing is sped up here: the test waits for the step's end, 50 s at the longest.

    How soon the page asks is measured by Chromium, from the page's own beginning.
    """
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(screen.address)
    seconds = float(page.locator("#screen").get_attribute("data-seconds"))
    first = scan(page)
    answer(browser, first)
    page.wait_for_function(ANOTHER_CODE, arg=first, timeout=(seconds + SPREAD_SECONDS + 60) * 1000)
    waited = page.evaluate("performance.getEntriesByType('resource')[0].startTime") / 1000
    second = scan(page)
    assert second != first
    assert seconds - 1 <= waited <= seconds + SPREAD_SECONDS + LATE_SECONDS
    # One small request a step, nothing else: a slow test may have seen more steps.
    assert asked[:2] == [screen.address, f"{screen.address}/now"]
    assert len(asked) <= 2 + (page.evaluate("performance.now()") / 1000 - waited) / rotating_code.STEP_SECONDS
    assert set(asked) == {screen.address, f"{screen.address}/now"}
    answer(browser, second)
    with screen.database.reading() as session:
        rows = session.scalars(select(Response)).all()
        assert [row.access_point_id for row in rows] == [screen.id] * 2
        assert session.get_one(AccessPoint, screen.id).provenance == "B"


def test_without_network_the_code_stays_while_it_is_accepted_and_is_then_hidden(page, screen):
    seconds = float(page.locator("#screen").get_attribute("data-seconds"))  # between nothing and a step
    page.context.set_offline(True)
    page.clock.fast_forward((seconds + SPREAD_SECONDS + 1) * 1000)
    expect(page.locator("[data-fetching]").first).to_have_text("Đang lấy mã mới")
    expect(page.locator("#picture")).to_be_visible()
    page.clock.fast_forward(STEP_MILLISECONDS)
    expect(page.locator("#dark p").first).to_have_text(WAITING)
    expect(page.locator("#picture")).to_be_hidden()
    expect(page.locator("#typed")).to_be_hidden()
    assert zxingcpp.read_barcodes(Image.open(io.BytesIO(page.screenshot()))) == []
    page.clock.fast_forward(3 * 24 * 3600 * 1000)
    expect(page.locator("#picture")).to_be_hidden()
    with next_answer(page):
        page.context.set_offline(False)
        page.clock.fast_forward(11_000)
    expect(page.locator("#picture")).to_be_visible()
    expect(page.locator("#dark")).to_be_hidden()
    assert scan(page).startswith(screen.address[:20].upper())


def test_what_answers_in_the_servers_place_is_not_believed(page):
    page.route("**/now", lambda route: route.fulfill(status=200, body="<h1>Wi-Fi sign-in</h1>"))
    with next_answer(page):
        page.clock.fast_forward(STEP_MILLISECONDS + 6_000)
    page.clock.fast_forward(STEP_MILLISECONDS)
    expect(page.locator("#dark p").first).to_have_text(WAITING)
    page.unroute("**/now")
    with next_answer(page):
        page.clock.fast_forward(11_000)
    expect(page.locator("#picture")).to_be_visible()


def test_a_revoked_screen_goes_dark_within_a_step_and_says_so(page, screen):
    with screen.database.transaction() as session:
        session.get_one(AccessPoint, screen.id).revoked_on = today()
    with next_answer(page):
        page.clock.fast_forward(STEP_MILLISECONDS + 6_000)
    expect(page.locator("#dark p").first).to_contain_text("Màn hình này đã ngừng dùng từ ngày")
    expect(page.locator("#dark p").last).to_contain_text("This screen is out of use since")
    expect(page.locator("#picture")).to_be_hidden()


def test_the_screens_own_clock_does_not_matter(browser, screen):
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.clock.install(time=datetime(2019, 1, 1))  # noqa: DTZ001  # a wrong clock, in whatever zone
    page.goto(screen.address)
    page.clock.fast_forward(10_000)
    expect(page.locator("#picture")).to_be_visible()
    for moment in (datetime(2031, 1, 1), datetime(2018, 1, 1)):  # noqa: DTZ001  # as above
        with next_answer(page):
            page.clock.set_system_time(moment)
            page.clock.fast_forward(STEP_MILLISECONDS + 6_000)
        expect(page.locator("#picture")).to_be_visible()
        expect(page.locator("#dark")).to_be_hidden()


def test_a_tablet_that_slept_shows_no_old_code_when_it_wakes(browser, screen):
    """Asleep, the count of `performance.now` stands still on many devices; the wall clock goes on."""
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.clock.install()
    page.add_init_script("performance.now = () => 500")
    page.goto(screen.address)
    expect(page.locator("#picture")).to_be_visible()
    page.context.set_offline(True)
    page.clock.fast_forward(2 * STEP_MILLISECONDS + 1_000)
    expect(page.locator("#picture")).to_be_hidden()


def test_three_hundred_changes_leave_no_more_behind_than_ten(page):
    """Nodes and listeners of the page, counted by Chromium itself after it has cleaned up."""
    chromium = page.context.new_cdp_session(page)

    def pass_steps(n):
        for _ in range(n):
            with next_answer(page):
                page.clock.fast_forward(STEP_MILLISECONDS + 6_000)
        chromium.send("HeapProfiler.collectGarbage")
        counted = chromium.send("Memory.getDOMCounters")
        return counted["nodes"], counted["jsEventListeners"], heap_bytes()

    def heap_bytes():
        return chromium.send("Runtime.getHeapUsage")["usedSize"]

    nodes, listeners, heap = pass_steps(10)
    later = pass_steps(290)
    assert later[0] <= nodes + 20
    assert later[1] <= listeners + 20
    assert later[2] <= heap + 300_000  # the fake clock of this test keeps a little of its own
    print(f"nodes {nodes} -> {later[0]}, listeners {listeners} -> {later[1]}, heap {heap} -> {later[2]} B")


@pytest.mark.parametrize("has_script", [True, False])
def test_every_size_of_screen_shows_all_at_once_readable_and_scannable(browser, screen, has_script):
    for width, height in SIZES:
        context = browser.new_context(
            viewport={"width": width, "height": height}, java_script_enabled=has_script
        )
        page = context.new_page()
        page.goto(screen.address)
        typed, scanned = code_shown(page), scan(page)
        while typed != code_shown(page):  # the code changed while the picture was taken
            typed, scanned = code_shown(page), scan(page)
        assert scanned.endswith(typed)
        expect(page.locator("[role=timer] p").first).to_have_text(
            re.compile(r"Mã mới sau \d+ giây") if has_script else "Mã tự đổi sau mỗi 45 giây"
        )
        bottom = max(page.locator(part).bounding_box()["y"] for part in ("#typed", ".trust + p"))
        assert bottom < height - 15
        if has_script:
            assert page.evaluate("document.documentElement.scrollWidth") == width
            assert page.evaluate("document.documentElement.scrollHeight") == height
            assert page.evaluate(CONTRAST) >= 7
            found = Axe().run(page)
            assert found.violations_count == 0, found.generate_report()
        context.close()


def test_the_script_uses_no_word_that_old_tv_browsers_do_not_know():
    code = re.sub(r"//.*|/\*.*?\*/", "", SCRIPT)
    newer = re.findall(r"=>|`|\b(?:let|const|class|async|await|fetch|Promise|import)\b|\.\.\.|\?\.", code)
    assert newer == []
