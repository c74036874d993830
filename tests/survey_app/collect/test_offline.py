"""A form is kept on the phone until the server acknowledges it, and the page says what is so. In Chromium.

Most of it runs against one server on SQLite; what depends on how rows are stored runs on both databases.
"""

import re
import signal
import sqlite3
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from survey_app.models.campaign import Campaign
from tests import chromium, factories, running_server
from tests.survey_app.collect.conftest import Counter

THANKS = "Đã nhận phiếu. Cảm ơn Ông/Bà!"
NOT_SENT = "Phiếu đã lưu trên điện thoại này, chưa gửi đi."
UNCLEAR = "Phiếu đã lưu trên điện thoại này, chưa rõ đã đến nơi chưa."
NOT_KEPT = "Phiếu chưa gửi được và máy này không lưu được."
SENT = re.compile(r"Phiếu đã gửi xong lúc \d\d:\d\d\. Máy này không còn lưu câu trả lời\.")
KEPT = """() => new Promise(done => {
    const opening = indexedDB.open("survey");
    opening.onupgradeneeded = () => opening.transaction.abort();
    opening.onerror = () => done(null);
    opening.onsuccess = () => {
        const asked = opening.result.transaction("unsent").objectStore("unsent").getAll();
        asked.onsuccess = () => { opening.result.close(); done(asked.result); };
    };
})"""
MOMENT = datetime(2026, 5, 12, 3, 0, tzinfo=UTC)  # ten in the morning in Vietnam
FROM_US = {"Told-By": "survey", "Content-Type": "application/json"}
NO_STORE = {
    "missing": "Object.defineProperty(window, 'indexedDB', {value: undefined})",
    "throws": "IDBFactory.prototype.open = () => { throw new DOMException('not here', 'SecurityError') }",
    "fails": """IDBFactory.prototype.open = () => {
        const request = {};
        setTimeout(() => request.onerror({}));
        return request;
    }""",
    "silent": "IDBFactory.prototype.open = () => ({})",
}


def fill_in(page: Page, address: str, overall: str = "4") -> None:
    page.goto(address)
    page.locator(f"input[name=overall][value='{overall}']").check()


def send(page: Page) -> None:
    page.locator("#send").click()


def leave(phone: BrowserContext, page: Page) -> None:
    """Close a page and bring the network back.

    A request that is on its way while a page closes is let go, past routes and dead spots; leaving the
    document first takes its next try with it.
    """
    page.goto("about:blank")
    page.close()
    phone.set_offline(False)


def kept(page: Page) -> list[dict[str, str]] | None:
    """What the phone keeps; None if nothing was ever stored."""
    return page.evaluate(KEPT)


def nudge(page: Page) -> None:
    """Tell the page what the phone tells it when a network comes up."""
    page.evaluate("dispatchEvent(new Event('online'))")


def expect_thanks(page: Page) -> None:
    """The server may still be waiting for a lock, and say so once more."""
    expect(page.locator("h1")).to_have_text(THANKS, timeout=60_000)
    expect(page.locator("[data-slot=receipt]")).to_have_text(re.compile(r"^\w{5}-\w{5}$"))


def expect_box(page: Page, words: str | re.Pattern[str]) -> None:
    expect(page.locator("#unsent")).to_contain_text(words, use_inner_text=True)


def test_the_phones_of_these_tests_wait_for_the_store_that_the_script_gives_up():
    script = Path(running_server.ROOT, "survey_app/templates/collect/citizen.js").read_text("utf-8")
    assert chromium.STORE_LIMIT in script


def test_a_form_is_sent_at_once_and_nothing_of_it_stays(counter, page):
    requests: list[str] = []
    fill_in(page, counter.address)
    assert kept(page) is None
    page.on("request", lambda request: requests.append(request.method))
    send(page)
    expect_thanks(page)
    assert requests == ["POST"]
    assert kept(page) == []
    assert counter.answers == [{"overall": "4"}]
    expect(page.locator("#unsent")).to_have_text("")
    expect(page.locator("h1")).to_be_focused()
    expect(page.get_by_role("heading")).to_have_count(1)
    assert page.locator("#form").count() == 0


def test_a_form_of_the_dead_spot_is_sent_when_the_network_is_back(counter, phone, page):
    fill_in(page, counter.address)
    phone.set_offline(True)
    send(page)
    expect_box(page, NOT_SENT)
    expect_box(page, re.compile(r"Thử lại sau [1-5] giây\."))
    expect_box(page, "lỡ đóng trang thì mở lại khi có mạng.")
    expect(page.locator("#form")).to_be_hidden()
    expect(page.locator("h1")).to_have_text("Phiếu chưa gửi")
    expect(page.get_by_text("Có đúng nơi")).to_be_hidden()
    assert len(kept(page)) == 1
    assert counter.answers == []
    phone.set_offline(False)
    expect_thanks(page)
    expect_box(page, SENT)
    assert kept(page) == []
    assert counter.answers == [{"overall": "4"}]


def test_a_form_of_a_closed_page_is_sent_by_the_next_page(counter, phone, page):
    fill_in(page, counter.address)
    phone.set_offline(True)
    send(page)
    expect_box(page, NOT_SENT)
    leave(phone, page)
    next_page = phone.new_page()
    next_page.goto(counter.url)
    expect_box(next_page, SENT)
    assert kept(next_page) == []
    assert counter.answers == [{"overall": "4"}]
    next_page.get_by_role("link", name="Xem mã ghi nhận").click()
    expect_thanks(next_page)


def test_a_late_sending_is_thanked_for_before_the_next_form_is_asked(counter, phone, page):
    """The same QR code scanned again: both codes apart, and no empty form that seems to be the same one."""
    fill_in(page, counter.address)
    page.locator("#form-comment").fill("Xin trả lời tôi.")
    page.locator("input[name=form-answer]").check()
    phone.set_offline(True)
    send(page)
    expect_box(page, NOT_SENT)
    leave(phone, page)
    page = phone.new_page()
    page.goto(counter.address)
    expect_box(page, SENT)
    expect(page.locator("h1")).to_have_text(THANKS)
    expect(page.locator("#unsent output")).to_have_text(re.compile(r"^GY-\w{5}-\w{5}$"))
    expect(page.locator("[data-slot=its-receipt]")).to_have_text(re.compile(r"^\w{5}-\w{5}$"))
    expect(page.locator("#form")).to_be_hidden()
    page.get_by_role("button", name="Trả lời phiếu khác").click()
    expect(page.locator("#form")).to_be_visible()
    expect(page.locator("h1")).to_have_text("Hôm nay Ông/Bà được phục vụ thế nào?")
    expect(page.locator("h1")).to_be_focused()
    expect(page.get_by_role("button", name="Trả lời phiếu khác")).to_be_hidden()
    page.locator("input[name=overall][value='1']").check()
    send(page)
    expect_thanks(page)
    assert [answer["overall"] for answer in counter.answers] in (["4", "1"], ["1", "4"])


def test_a_late_sending_leaves_a_form_alone_that_is_being_filled_in(counter, phone, page):
    queue(phone, counter, "5")
    phone.route("**/s/*", lose_what_is_sent)
    fill_in(page, counter.address)
    expect_box(page, "Thử lại sau")
    phone.unroute("**/s/*")
    nudge(page)
    expect_box(page, SENT)
    expect(page.locator("#form")).to_be_visible()
    expect(page.locator("input[name=overall][value='4']")).to_be_checked()
    expect(page.get_by_role("button", name="Trả lời phiếu khác")).to_be_hidden()


def stop_counting(page: Page, address: str) -> None:
    """Fill in a form on a page whose seconds pass only when the test says so."""
    page.clock.install(time=MOMENT)
    fill_in(page, address)
    page.clock.pause_at(MOMENT + timedelta(hours=1))


def test_it_is_tried_again_ever_more_rarely(counter, phone, page):
    stop_counting(page, counter.address)
    phone.set_offline(True)
    send(page)
    for pause in (5, 10, 20, 40, 80, 160, 300, 300):
        expect_box(page, f"Thử lại sau {pause} giây.")
        page.clock.run_for(pause * 1000)
    expect_box(page, NOT_SENT)
    assert counter.answers == []


@pytest.mark.parametrize("years", [-1, 1])
def test_the_phones_clock_does_not_matter(counter, open_phone, years):
    phone = open_phone()
    phone.clock.set_system_time(datetime.now(UTC) + timedelta(days=365 * years))
    page = phone.new_page()
    fill_in(page, counter.address)
    phone.set_offline(True)
    send(page)
    expect_box(page, NOT_SENT)
    phone.set_offline(False)
    expect_thanks(page)
    assert counter.answers == [{"overall": "4"}]
    said = re.search(r"lúc (\d\d):(\d\d)", page.locator("#unsent").inner_text())
    vietnamese = datetime.now(UTC) + timedelta(hours=7)
    minutes = (vietnamese.hour - int(said[1])) * 60 + vietnamese.minute - int(said[2])
    assert minutes % 1440 <= 1


def test_a_lost_acknowledgement_is_called_unclear_and_counts_once(counter, phone, page):
    """The server has the form and the phone does not know: "not yet sent" would be a lie."""

    def lose(route: Route) -> None:
        if route.request.method == "GET":
            route.continue_()
            return
        route.fetch()
        route.abort()

    fill_in(page, counter.address)
    phone.route("**/s/*", lose)
    send(page)
    expect_box(page, UNCLEAR)
    expect(page.locator("h1")).to_have_text("Phiếu còn lưu trên máy này")
    assert NOT_SENT not in page.locator("#unsent").inner_text()
    assert counter.answers == [{"overall": "4"}]
    page.reload()
    expect_box(page, UNCLEAR)
    expect_box(page, "Thử lại sau")
    phone.unroute("**/s/*")
    nudge(page)
    expect_box(page, SENT)
    assert kept(page) == []
    assert counter.answers == [{"overall": "4"}]


@pytest.mark.parametrize(
    "answer",
    [
        {"status": 200, "content_type": "text/html", "body": "<h1>Wi-Fi miễn phí</h1>"},
        {"status": 200, "content_type": "application/json", "body": '{"ok": true}'},
        {"status": 403, "content_type": "text/html", "body": "<h1>Đăng nhập Wi-Fi</h1>"},
        {"status": 302, "headers": {"Location": "http://login.invalid/"}},
        {"status": 502, "content_type": "text/html", "body": "<h1>Bad gateway</h1>"},
        {"status": 403, "content_type": "application/json", "body": '{"problem": "blocked"}'},
        {"status": 422, "content_type": "application/json", "body": '{"problem": "blocked"}'},
        {"status": 200, "content_type": "application/json", "body": '{"receipt": "2345C-2345D"}'},
        {"status": 200, "headers": FROM_US, "body": '{"receipt": "yes"}'},
        {"status": 200, "headers": FROM_US, "body": '{"receipt": {"a": 1}}'},
        {"status": 201, "headers": FROM_US, "body": '{"receipt": "2345C-2345D"}'},
        {"status": 200, "headers": FROM_US, "body": "null"},
    ],
)
def test_what_a_stranger_answers_is_no_acknowledgement(counter, phone, page, answer):
    fill_in(page, counter.address)
    phone.route("**/s/*", lambda route: route.fulfill(**answer))
    send(page)
    expect_box(page, UNCLEAR)
    expect_box(page, "Thử lại sau")
    assert "blocked" not in page.locator("#unsent").inner_text()
    assert len(kept(page)) == 1
    phone.unroute("**/s/*")
    nudge(page)
    expect_thanks(page)
    assert counter.answers == [{"overall": "4"}]


@contextmanager
def locked(counter: Counter):
    """Hold SQLite's write lock: what the server cannot store it answers with 503 and Retry-After."""
    holder = sqlite3.connect(counter.database.engine.url.database, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        holder.rollback()
        holder.close()


def test_a_server_that_cannot_store_is_asked_again_after_the_time_that_it_names(counter, page):
    requests: list[str] = []
    stop_counting(page, counter.address)
    page.on("request", lambda request: requests.append(request.method))
    with locked(counter):
        with page.expect_response("**/s/*") as refusal:
            send(page)
        assert refusal.value.status == 503
        assert int(refusal.value.headers["retry-after"]) <= 5
        expect_box(page, UNCLEAR)
        expect_box(page, re.compile(r"Thử lại sau [1-5] giây\."))
        nudge(page)  # it is no reason to ask earlier
        page.wait_for_timeout(300)
        assert requests == ["POST"]
    page.clock.resume()
    expect_thanks(page)
    assert counter.answers == [{"overall": "4"}]


@pytest.mark.parametrize("how", NO_STORE)
def test_a_phone_that_cannot_keep_says_so_and_keeps_the_form_open(counter, open_phone, how):
    phone = open_phone(is_patient=False)
    phone.add_init_script(NO_STORE[how])
    page = phone.new_page()
    fill_in(page, counter.address)
    phone.set_offline(True)
    send(page)
    expect_box(page, NOT_KEPT)
    expect(page.locator("#send")).to_have_text("Gửi lại")
    expect(page.locator("input[name=overall][value='4']")).to_be_checked()
    phone.set_offline(False)
    page.evaluate("0")
    expect_thanks(page)
    expect_box(page, re.compile(r"Phiếu đã gửi xong lúc \d\d:\d\d\.$"))
    assert counter.answers == [{"overall": "4"}]


def test_a_phone_that_cannot_keep_sends_again_by_hand(counter, open_phone):
    phone = open_phone()
    phone.add_init_script(NO_STORE["missing"])
    page = phone.new_page()
    fill_in(page, counter.address)
    with locked(counter):
        send(page)
        expect_box(page, "Máy chủ gặp sự cố, chưa rõ phiếu đã được nhận chưa.")
        expect_box(page, re.compile(r"Thử lại sau \d giây\."))
    send(page)
    expect_thanks(page)
    assert counter.answers == [{"overall": "4"}]


def test_a_double_tap_is_one_response(counter, page):
    requests: list[str] = []
    fill_in(page, counter.address)
    page.on("request", lambda request: requests.append(request.method))
    page.locator("#send").dblclick()
    page.evaluate("document.getElementById('form') && document.getElementById('send').click()")
    expect_thanks(page)
    assert requests == ["POST"]
    assert counter.answers == [{"overall": "4"}]


def queue(phone: BrowserContext, counter: Counter, *answers: str) -> None:
    """Leave forms in the queue, each from a page of its own, which may not send those before it."""
    phone.route("**/s/*", lose_what_is_sent)
    for overall in answers:
        page = phone.new_page()
        fill_in(page, counter.address, overall)
        phone.set_offline(True)
        send(page)
        expect_box(page, NOT_SENT)
        leave(phone, page)
    phone.unroute("**/s/*")


def lose_what_is_sent(route: Route) -> None:
    if route.request.method == "POST":
        route.abort()
    else:
        route.continue_()


def test_several_tabs_send_one_queue_once(counter, phone):
    """Each tab finds both forms in the queue and sends them; the first to be told takes them out."""
    queue(phone, counter, "1", "5")
    tabs = [phone.new_page() for _ in range(3)]
    for tab in tabs:
        tab.evaluate("address => { location = address }", counter.url)
    for tab in tabs:
        tab.wait_for_url(counter.url + "/")
        tab.wait_for_function(f"async () => !(await ({KEPT})()).length")
        expect(tab.locator("#unsent")).not_to_contain_text("Phiếu đã lưu", use_inner_text=True)
    assert sorted(answer["overall"] for answer in counter.answers) == ["1", "5"]


def test_a_form_that_the_store_has_lost_is_not_sent_by_itself_and_stays_open(counter, phone, page):
    fill_in(page, counter.address)
    phone.set_offline(True)
    send(page)
    expect_box(page, NOT_SENT)
    page.evaluate(
        """() => new Promise(done => {
            indexedDB.open("survey").onsuccess = event => {
                const transaction = event.target.result.transaction("unsent", "readwrite");
                transaction.objectStore("unsent").clear();
                transaction.oncomplete = done;
            };
        })"""
    )
    phone.set_offline(False)
    expect(page.locator("#form")).to_be_visible()
    expect_box(page, NOT_KEPT)
    expect(page.locator("#send")).to_have_text("Gửi lại")
    nudge(page)
    page.wait_for_timeout(300)
    assert counter.answers == []
    send(page)
    expect_thanks(page)
    assert counter.answers == [{"overall": "4"}]


def test_an_unsent_form_is_deleted_only_when_asked_twice(counter, phone, page):
    fill_in(page, counter.address)
    phone.set_offline(True)
    send(page)
    expect_box(page, NOT_SENT)
    page.get_by_text("Xóa phiếu chưa gửi").click()
    assert len(kept(page)) == 1
    page.get_by_role("button", name="Xóa hẳn").click()
    expect(page.locator("#unsent")).to_have_text("")
    expect(page.locator("#form")).to_be_visible()
    expect(page.locator("h1")).to_have_text("Hôm nay Ông/Bà được phục vụ thế nào?")
    expect(page.locator("#send")).to_have_text("Gửi phiếu")
    assert kept(page) == []
    phone.set_offline(False)
    page.goto(counter.url)
    page.wait_for_load_state("networkidle")
    assert counter.answers == []


def test_an_exported_form_can_be_sent_from_another_device(counter, open_phone, tmp_path):
    phone = open_phone(accept_downloads=True)
    page = phone.new_page()
    fill_in(page, counter.address)
    comment = 'Hàng một\n<b>"Hàng" hai & ba</b>'
    page.locator("#form-comment").fill(comment)
    phone.set_offline(True)
    send(page)
    expect_box(page, NOT_SENT)
    with page.expect_download() as download:
        page.get_by_role("link", name="Lưu ra tệp").click()
    path = tmp_path / download.value.suggested_filename
    download.value.save_as(path)
    assert path.suffix == ".html"
    expect_box(page, NOT_SENT)  # saving is not sending
    other = open_phone().new_page()
    other.goto(path.as_uri())
    assert other.title() == "Phiếu chưa gửi"
    other.get_by_role("button", name="Gửi phiếu").click()
    expect_thanks(other)
    phone.set_offline(False)
    expect_thanks(page)
    receipts = {tab.locator("[data-slot=receipt]").inner_text() for tab in (page, other)}
    assert len(receipts) == 1
    assert counter.answers == [{"overall": "4"}]
    assert counter.comments == [comment]


def test_back_and_reload_after_sending_show_the_receipt_again(counter, page):
    fill_in(page, counter.address)
    send(page)
    expect_thanks(page)
    receipt = page.locator("[data-slot=receipt]").inner_text()
    page.reload()
    expect_thanks(page)
    page.get_by_role("link", name="Hỗ trợ tiếp cận").click()
    page.wait_for_url("**/accessibility*")
    page.go_back()
    expect_thanks(page)
    assert page.locator("[data-slot=receipt]").inner_text() == receipt
    assert page.locator("#form").count() == 0
    assert len(counter.answers) == 1


def test_a_form_with_a_fault_comes_back_from_the_server_and_leaves_the_phone(counter, page):
    page.goto(counter.address)
    send(page)
    expect(page.locator("#form-wrong")).to_contain_text("Phiếu chưa có câu trả lời nào.")
    expect(page.locator("#form-wrong")).to_be_focused()
    assert kept(page) == []
    page.locator("input[name=overall][value='3']").check()
    send(page)
    expect_thanks(page)
    assert counter.answers == [{"overall": "3"}]


def lose_pages(route: Route) -> None:
    """The network goes right after the script was told what is wrong: the page that shows it never comes."""
    if route.request.is_navigation_request():
        route.abort()
    else:
        route.continue_()


def test_a_form_that_is_lost_on_its_way_to_be_mended_is_still_kept(counter, phone, page):
    fill_in(page, counter.address)
    page.locator("#form-comment").fill("dài " * 625)
    phone.route("**/s/*", lose_pages)
    with page.expect_event("requestfailed"):
        send(page)
    page.wait_for_url("chrome-error://**")
    phone.unroute("**/s/*")
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.method))
    page.goto(counter.url)
    expect_box(page, "ký tự, tối đa")
    assert "POST" not in requests  # it is no use sending it again as it is
    assert len(kept(page)) == 1
    page.get_by_role("button", name="Sửa rồi gửi lại").click()
    expect(page.locator("#form-wrong")).to_be_focused()
    nudge(page)
    page.wait_for_timeout(300)
    expect(page.locator("#unsent")).to_have_text("")
    assert kept(page) == []
    page.locator("#form-comment").fill("vừa đủ")
    phone.set_offline(True)
    send(page)
    expect_box(page, NOT_SENT)
    assert "problem" not in kept(page)[0]
    phone.set_offline(False)
    expect_thanks(page)
    assert kept(page) == []
    assert counter.answers == [{"overall": "4"}]
    assert counter.comments == ["vừa đủ"]


def test_a_form_that_comes_back_under_another_key_is_not_kept_under_its_old_one(counter, page):
    fill_in(page, counter.address)
    page.evaluate("document.getElementById('form').elements['form-key'].value = 'damaged'")
    send(page)
    expect(page.locator("#form-wrong")).to_be_focused()
    nudge(page)
    page.wait_for_timeout(300)
    expect(page.locator("#unsent")).to_have_text("")
    assert kept(page) == []
    send(page)
    expect_thanks(page)
    assert counter.answers == [{"overall": "4"}]


def test_a_queued_form_with_a_fault_can_be_mended(counter, phone, page):
    fill_in(page, counter.address)
    page.locator("#form-comment").fill("dài " * 1000)
    phone.set_offline(True)
    send(page)
    expect_box(page, NOT_SENT)
    leave(phone, page)
    page = phone.new_page()
    page.goto(counter.url)
    expect_box(page, "ký tự, tối đa")
    expect(page.get_by_role("button", name="Gửi ngay")).to_be_hidden()
    page.get_by_role("button", name="Sửa rồi gửi lại").click()
    expect(page.locator("#form-wrong")).to_be_focused()
    assert kept(page) == []
    page.locator("#form-comment").fill("vừa đủ")
    send(page)
    expect_thanks(page)
    assert counter.answers == [{"overall": "4"}]
    assert counter.comments == ["vừa đủ"]


def test_a_form_that_is_open_for_mending_is_not_sent_from_the_queue(counter, page):
    fill_in(page, counter.address)
    page.locator("#form").evaluate(
        """form => new Promise(done => {
            const opening = indexedDB.open("survey", 1);
            opening.onupgradeneeded = () => opening.result.createObjectStore("unsent", {keyPath: "key"});
            opening.onsuccess = () => {
                const transaction = opening.result.transaction("unsent", "readwrite");
                const body = new URLSearchParams(new FormData(form)).toString();
                const action = form.getAttribute("action");
                transaction.objectStore("unsent").put({key: form.elements["form-key"].value, action, body});
                transaction.oncomplete = done;
                opening.result.close();
            };
        })"""
    )
    page.locator("input[name=overall][value='1']").check()
    nudge(page)
    page.wait_for_timeout(300)
    assert counter.answers == []
    send(page)
    expect_thanks(page)
    assert kept(page) == []
    assert counter.answers == [{"overall": "1"}]


def test_other_answers_under_a_sent_forms_key_are_refused_in_words(counter, phone, page):
    """Whoever changed the form after its acknowledgement was lost learns that the first answers stand."""
    fill_in(page, counter.address)
    form = page.locator("#form").evaluate("form => new URLSearchParams(new FormData(form)).toString()")
    phone.request.post(
        counter.address, data=form, headers={"Content-Type": "application/x-www-form-urlencoded"}
    )
    page.locator("input[name=overall][value='1']").check()
    send(page)
    expect_box(page, "Phiếu này đã gửi nên không sửa được; câu trả lời đầu tiên được giữ.")
    expect(page.get_by_role("link", name="Lưu ra tệp")).to_be_visible()
    expect(page.get_by_role("button", name="Gửi ngay")).to_be_hidden()
    assert counter.answers == [{"overall": "4"}]


def test_a_case_number_reaches_whoever_wants_an_answer(counter, phone, page):
    fill_in(page, counter.address)
    page.locator("#form-comment").fill("Xin trả lời tôi.")
    page.locator("input[name=form-answer]").check()
    send(page)
    expect_thanks(page)
    number = page.locator("[data-slot=case]").inner_text()
    assert re.fullmatch(r"\w{5}-\w{5}", number)
    addresses = page.locator("#received a").evaluate_all("links => links.map(link => link.href)")
    assert sum(number in address for address in addresses) == 2
    assert not any("NUMBER" in address for address in addresses)


def test_a_version_published_meanwhile_leaves_the_open_form_valid(counter, phone, page):
    fill_in(page, counter.address)
    phone.set_offline(True)
    send(page)
    expect_box(page, NOT_SENT)
    with counter.database.transaction() as session:
        campaign = session.get_one(Campaign, counter.campaign_id)
        first = campaign.instrument_version_id
        campaign.instrument_version_id = factories.instrument_version(session).id
    time.sleep(1.1)  # a way in is kept in memory for one second
    phone.set_offline(False)
    expect_thanks(page)
    assert counter.answers == [{"overall": "4"}]
    assert counter.version_ids == [first]


def test_without_scripts_the_form_posts_itself(counter, open_phone):
    page = open_phone(java_script_enabled=False).new_page()
    fill_in(page, counter.address)
    expect(page.locator("#unsent")).not_to_contain_text(re.compile(r"\S"))
    assert page.get_by_text("Bỏ chọn").first.is_hidden()
    send(page)
    expect_thanks(page)
    assert counter.answers == [{"overall": "4"}]


def test_the_box_speaks_the_language_of_the_page(counter, phone, page):
    fill_in(page, f"{counter.address}?lang=en")
    phone.set_offline(True)
    send(page)
    expect_box(page, "Saved on this phone, not yet sent.")
    expect_box(page, re.compile(r"Next try in \d s\."))
    phone.set_offline(False)
    expect(page.locator("h1")).to_have_text("Received. Thank you!")
    expect_box(page, re.compile(r"Sent at \d\d:\d\d\. This phone keeps no answers\."))


# ---- Servers of a test's own: they die, or their clock goes on.


@pytest.fixture
def own_counter(database, settings, free_port):
    return Counter.open(database, settings, free_port)


def test_a_server_that_dies_and_comes_back_has_the_form_once(own_counter, settings, free_port, phone, page):
    environment = running_server.environment(settings, free_port)
    command = running_server.web(settings, free_port)
    with running_server.started(command, environment) as server:
        stop_counting(page, own_counter.address)  # else it may come before the button is pressed
        running_server.end(server, signal.SIGKILL)
    send(page)
    expect_box(page, UNCLEAR)
    assert own_counter.answers == []
    with running_server.started(command, environment):
        page.get_by_role("button", name="Gửi ngay").click()
        expect_thanks(page)
        assert own_counter.answers == [{"overall": "4"}]
        assert kept(page) == []


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_late_form_counts_on_its_day_for_48_hours_and_is_then_refused_in_words(
    database, settings, free_port, open_phone
):
    counter = Counter.open(database, settings, free_port, MOMENT.date())
    early, late = open_phone(), open_phone()
    with running_server.web_at(settings, free_port, MOMENT):
        queue(early, counter, "2")
        queue(late, counter, "1")
    with database.transaction() as session:
        session.get_one(Campaign, counter.campaign_id).closes_on = MOMENT.date()
    with running_server.web_at(settings, free_port, MOMENT + timedelta(hours=40)):
        page = early.new_page()
        page.goto(counter.url)
        expect_box(page, SENT)
        assert counter.answers == [{"overall": "2"}]
        assert counter.days == [MOMENT.date()]
    with running_server.web_at(settings, free_port, MOMENT + timedelta(days=4)):
        page = late.new_page()
        page.goto(counter.url)
        expect_box(page, "Phiếu chưa được nhận: cuộc khảo sát kết thúc ngày 12/05/2026")
        expect(page.get_by_role("link", name="Lưu ra tệp")).to_be_visible()
        expect(page.get_by_text("Thử lại sau")).to_be_hidden()
        assert len(kept(page)) == 1
        assert len(counter.answers) == 1
