"""Comfort that the form's script adds, and what holds without it. In Chromium, 360 × 740."""

from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from survey_app.models.invitation_token import InvitationToken
from survey_app.models.rotating_code import ticket
from survey_app.web.context import system_clock
from tests import factories

THANKS = "Đã nhận phiếu. Cảm ơn Ông/Bà!"
NEVER_TWICE = "The form is never counted twice."


def choice(page: Page, item: str, option: str):
    return page.locator(f"input[name={item}][value='{option}']")


def send(page: Page) -> None:
    page.locator("#send").click()
    expect(page.locator("h1")).to_have_text(THANKS)


def test_a_follow_up_comes_with_its_answer_and_goes_with_it(counter, page):
    page.goto(counter.address)
    follow_up = page.locator("#extra_visits")
    expect(follow_up).to_be_hidden()
    choice(page, "came_back", "yes").check()
    expect(follow_up).to_be_visible()
    choice(page, "extra_visits", "2").check()
    choice(page, "overall", "5").check()
    expect(choice(page, "extra_visits", "2")).to_be_checked()
    choice(page, "came_back", "no").check()
    expect(follow_up).to_be_hidden()
    expect(choice(page, "extra_visits", "2")).not_to_be_checked()
    send(page)
    assert counter.answers == [{"overall": "5", "came_back": "no"}]


def test_a_contradiction_comes_back_without_the_number_and_the_number_can_be_given_again(counter, page):
    page.goto(counter.address)
    choice(page, "came_back", "no").check()
    choice(page, "extra_visits", "3").evaluate("input => { input.checked = true }")
    page.locator("#form").evaluate("form => form.submit()")
    expect(page.locator("#form-wrong")).to_be_focused()
    expect(page.locator("#extra_visits")).to_be_hidden()
    choice(page, "overall", "2").check()
    choice(page, "came_back", "yes").check()
    expect(page.locator("#extra_visits")).to_be_visible()
    choice(page, "extra_visits", "3").check()
    send(page)
    assert counter.answers == [{"overall": "2", "came_back": "yes", "extra_visits": "3"}]


def test_without_script_a_typed_code_leads_to_the_thanks_and_leaves_no_cookie(counter, open_phone):
    phone = open_phone(java_script_enabled=False)
    page = phone.new_page()
    page.goto(counter.url)
    page.locator("#code").fill(counter.code.lower())
    page.get_by_role("button", name="Mở phiếu").click()
    choice(page, "overall", "5").check()
    send(page)
    assert phone.cookies() == []
    assert counter.answers == [{"overall": "5"}]


def test_without_script_a_contradiction_is_mended_truthfully(counter, open_phone):
    """No radio can be emptied there: "2 lần" and then "Không" must not leave only a false "Có" to send."""
    page = open_phone(java_script_enabled=False).new_page()
    page.goto(counter.address)
    choice(page, "came_back", "yes").check()
    choice(page, "extra_visits", "2").check()
    choice(page, "came_back", "no").check()
    page.locator("#send").click()
    page.get_by_role("link", name="đã được bỏ").click()
    page.wait_for_url("**#came_back")
    send(page)
    assert counter.answers == [{"came_back": "no"}]


@pytest.mark.parametrize("has_script", [True, False], ids=["with script", "without script"])
def test_a_fresh_form_changes_its_language_and_keeps_its_answers(counter, open_phone, has_script):
    page = open_phone(java_script_enabled=has_script).new_page()
    page.goto(counter.address)
    page.get_by_role("button", name="English").click()
    expect(page.locator("h1")).to_have_text("How were you served today?")
    expect(page.locator("#form-wrong")).to_have_count(0)
    choice(page, "overall", "2").check()
    page.locator("#form-comment").fill("too slow")
    page.get_by_role("button", name="Tiếng Việt").click()
    expect(page.locator("h1")).to_have_text("Hôm nay Ông/Bà được phục vụ thế nào?")
    expect(choice(page, "overall", "2")).to_be_checked()
    expect(page.locator("#form-comment")).to_have_value("too slow")
    assert counter.answers == []
    send(page)
    assert counter.answers == [{"overall": "2"}]


def faulty(page: Page, address: str) -> None:
    """Send a form with a contradiction, which comes back to be mended."""
    page.goto(address)
    choice(page, "came_back", "no").check()
    choice(page, "extra_visits", "3").evaluate("input => { input.checked = true }")
    page.locator("#send").click()
    expect(page.locator("#form-wrong")).to_contain_text("câu 4a đã được bỏ")


@pytest.mark.parametrize("has_script", [True, False], ids=["with script", "without script"])
def test_a_form_that_came_back_changes_its_language_and_keeps_its_answers(counter, open_phone, has_script):
    page = open_phone(java_script_enabled=has_script).new_page()
    page.goto(counter.address)
    page.locator("#form-comment").fill("dài " * 1000)
    choice(page, "overall", "4").check()
    page.locator("#send").click()
    expect(page.locator("#form-wrong")).to_contain_text("ký tự, tối đa")
    page.locator("#form-comment").fill("vừa đủ")
    page.get_by_role("button", name="English").click()
    expect(page.locator("h1")).to_have_text("How were you served today?")
    expect(page.locator("#form-wrong")).to_have_text("Look through your answers, then send. " + NEVER_TWICE)
    expect(page.locator("#form-comment")).to_have_value("vừa đủ")
    expect(choice(page, "overall", "4")).to_be_checked()
    assert counter.answers == []
    page.locator("#send").click()
    expect(page.locator("h1")).to_have_text("Received. Thank you!")
    page.get_by_role("link", name="Tiếng Việt").click()
    expect(page.locator("h1")).to_have_text(THANKS)
    assert counter.answers == [{"overall": "4"}]
    assert counter.comments == ["vừa đủ"]


def test_enter_sends_a_form_that_came_back_and_does_not_change_its_language(counter, page):
    faulty(page, counter.address)
    choice(page, "came_back", "yes").check()
    choice(page, "came_back", "yes").press("Enter")
    expect(page.locator("h1")).to_have_text(THANKS)
    assert counter.answers == [{"came_back": "yes"}]


def test_the_thank_you_is_the_same_with_script_and_without(counter, page):
    """Reloading shows the page that those without script get: word for word, with the same links."""
    page.goto(counter.address)
    choice(page, "overall", "4").check()
    page.locator("#form-comment").fill("Xin thêm ghế ngồi.")
    page.locator("input[name=form-answer]").check()
    send(page)
    by_script = seen(page)
    expect(page.locator("header b")).to_be_visible()  # the place
    page.reload()
    assert seen(page) == by_script


def seen(page: Page) -> dict[str, object]:
    return {
        "title": page.title(),
        "words": page.locator("body").inner_text().split(),
        "links": page.locator("a:visible").evaluate_all("links => links.map(link => link.href)"),
    }


def test_the_language_link_of_the_thank_you_leads_to_the_same_thank_you(counter, page):
    page.goto(counter.address)
    choice(page, "overall", "4").check()
    page.locator("#form-comment").fill("Xin thêm ghế ngồi.")
    page.locator("input[name=form-answer]").check()
    send(page)
    numbers = page.locator("output").all_inner_texts()
    page.get_by_role("link", name="English").click()
    expect(page.locator("h1")).to_have_text("Received. Thank you!")
    assert page.locator("output").all_inner_texts() == numbers
    assert len(counter.answers) == 1


def test_a_choice_can_be_taken_back(counter, page):
    page.goto(counter.address)
    question = page.locator("#came_back")
    take_back = question.get_by_role("button", name="Bỏ chọn")
    expect(take_back).to_be_hidden()
    choice(page, "came_back", "yes").check()
    choice(page, "extra_visits", "1").check()
    take_back.click()
    expect(question.locator(":checked")).to_have_count(0)
    expect(question.locator("input").first).to_be_focused()
    expect(take_back).to_be_hidden()
    expect(page.locator("#extra_visits")).to_be_hidden()
    choice(page, "manner", "1").check()
    send(page)
    assert counter.answers == [{"manner": "1"}]


def test_nothing_is_stored_before_the_form_is_sent(counter, page):
    page.goto(counter.address)
    choice(page, "overall", "1").check()
    page.locator("#form-comment").fill("chưa gửi")
    stored = page.evaluate(
        "async () => [(await indexedDB.databases()).length, localStorage.length, sessionStorage.length]"
    )
    assert stored == [0, 0, 0]
    assert page.context.cookies() == []


def test_an_invitations_token_leaves_the_address_and_the_page_still_works(open_counter, page):
    counter = open_counter(way_in="invitation", provenance="B")
    with counter.database.transaction() as session:
        batch = factories.invitation_batch(session, access_point_id=counter.point_id)
        token = InvitationToken(batch.id, 1).text(counter.settings.secrets[0])
    page.goto(f"{counter.url}/i/{token}")
    page.wait_for_url(counter.address)
    page.get_by_role("button", name="English").click()
    expect(page.locator("h1")).to_have_text("How were you served?")
    assert urlsplit(page.url)[2:4] == (f"/s/{counter.code}", "lang=en")
    page.reload()  # sends the same form to be shown again
    expect(page.locator("h1")).to_have_text("How were you served?")
    choice(page, "overall", "4").check()
    page.locator("#send").click()
    expect(page.locator("h1")).to_have_text("Received. Thank you!")
    assert token not in page.content()
    assert counter.answers == [{"overall": "4"}]
    page.goto(f"{counter.url}/i/{token}")
    expect(page.locator("main")).to_contain_text("Mã mời này đã được dùng")


def test_a_screens_ticket_leaves_the_address(open_counter, page):
    counter = open_counter(way_in="screen", provenance="B")
    shown = ticket(counter.code, system_clock(), counter.settings.secrets[0])
    page.goto(f"{counter.url}/s/{counter.code}/{shown}")
    page.wait_for_url(counter.address)
    choice(page, "overall", "3").check()
    send(page)
    assert counter.answers == [{"overall": "3"}]


@pytest.mark.parametrize("has_script", [True, False], ids=["with script", "without script"])
def test_the_whole_form_is_answered_by_keyboard_alone(counter, open_phone, has_script):
    page = open_phone(java_script_enabled=has_script).new_page()
    page.goto(counter.address)

    def tab_to(name: str) -> None:
        for _ in range(40):
            page.keyboard.press("Tab")
            if page.locator(f"{name}:focus").count():
                return
        raise AssertionError(f"Tab does not reach {name}")

    tab_to("[name=overall]")
    page.keyboard.press("Space")
    for _ in range(3):
        page.keyboard.press("ArrowDown")
    tab_to("[name=came_back]")
    page.keyboard.press("Space")
    page.keyboard.press("ArrowDown")
    tab_to("[name=extra_visits]")
    page.keyboard.press("Space")
    tab_to("#form-comment")
    page.keyboard.type("bằng bàn phím")
    tab_to("#send")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text(THANKS)
    assert counter.answers == [{"overall": "4", "came_back": "yes", "extra_visits": "1"}]
    assert counter.comments == ["bằng bàn phím"]


def test_the_form_and_the_box_fit_at_double_text_size(counter, phone, page):
    page.goto(counter.address)
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    is_wide = "document.documentElement.scrollWidth > innerWidth"
    assert not page.evaluate(is_wide)
    choice(page, "overall", "4").check()
    phone.set_offline(True)
    page.locator("#send").click()
    expect(page.locator("#unsent")).to_contain_text("chưa gửi đi")
    page.get_by_text("Xóa phiếu chưa gửi").click()
    assert not page.evaluate(is_wide)
    for target in page.locator("#unsent :is(button, a, summary):visible").all():
        box = target.bounding_box()
        assert box["width"] >= 44, target
        assert box["height"] >= 44, target


def test_leaving_after_a_native_send_and_coming_back_leaves_the_form_usable(counter, page):
    page.goto(counter.address)
    page.locator("#send").click()
    expect(page.locator("#form-wrong")).to_be_visible()
    page.go_back()
    expect(page.locator("#send")).to_be_enabled()
    choice(page, "overall", "4").check()
    send(page)
    assert counter.answers == [{"overall": "4"}]
