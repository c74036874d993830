"""Every citizen page in every state, at every size and in both languages: nobody is left out."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect
from sqlalchemy import select

from survey_app.models.response import Response
from survey_app.prepare.instruments.definition_file import shipped_definition
from tests import chromium
from tests.accessibility import audit, speech
from tests.accessibility.prepared import Prepared, prepared
from tests.accessibility.states import STATES, Visit
from tests.soak import SOAK

LANGUAGES = ("vi", "en")
SCHEMES = ("light", "dark")
# The gate looks at each state in three of its nine forms, another mix for each, shared out to its languages;
# `make soak` looks at all of them in each language.
SHORT = shipped_definition("counter_short")
STATEMENT = Path(__file__).parents[3] / "docs" / "accessibility.md"
# One page of each kind; their other states hold the same things to reach and to hover.
KINDS_OF_PAGE = ("start", "short form", "contradiction", "received, with a number", "contact", "report")


@pytest.fixture(scope="module")
def service(sqlite_template, tmp_path_factory) -> Iterator[Prepared]:
    with prepared(sqlite_template, tmp_path_factory.mktemp("accessibility")) as ready:
        yield ready


@pytest.fixture
def arrive(browser, service):
    """Give `arrive(state, language)`: a page of its own in that state, closed at the end."""
    contexts: list[BrowserContext] = []

    def arrived(name: str, language: str = "vi", **options) -> Page:
        state = STATES[name]
        contexts.append(browser.new_context(viewport={"width": 360, "height": audit.HEIGHT}, **options))
        contexts[-1].set_default_timeout(60_000)
        contexts[-1].add_init_script(chromium.PATIENT_STORE)
        state.furnish(contexts[-1])
        page = contexts[-1].new_page()
        assert state.arrive(Visit(page, service, language)) == state.status
        expect(page.locator(state.shows).first).to_be_visible()
        expect(page.locator("html")).to_have_attribute("lang", language)
        return page

    yield arrived
    for context in contexts:
        context.close()


@pytest.mark.parametrize("name", STATES)
def test_a_page_shuts_nobody_out_in_any_language_width_scheme_or_text_size(arrive, name):
    languages = STATES[name].languages
    whole = [audit.FORMS] * len(languages)
    shares = whole if SOAK else audit.shared_out(list(STATES).index(name), len(languages))
    faults = [
        fault
        for language, forms in zip(languages, shares, strict=True)
        for fault in audit.faults_of(arrive(name, language), forms, n_by_axe=audit.N_FORMS_BY_AXE)
    ]
    assert not faults, "\n".join(faults)


def choose_one_of_each(page: Page) -> None:
    """Choose the first answer of the first question, the second of the second, and so on."""
    for number, group in enumerate(page.locator("fieldset").all()):
        choices = group.locator("input[type=radio]:visible")
        if n := choices.count():
            choices.nth(number % n).check()


@pytest.mark.parametrize("name", KINDS_OF_PAGE)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_words_stay_readable_when_chosen_hovered_focused_or_pressed(arrive, name, scheme):
    page = arrive(name, color_scheme=scheme)
    audit.prepare(page)
    choose_one_of_each(page)
    assert not audit.measure(page, "contrasts")
    for states in (("hover",), ("focus", "focus-visible"), ("hover", "active")):
        with audit.every_element_in(page, *states):
            assert not audit.measure(page, "contrasts"), states


@pytest.mark.parametrize("name", KINDS_OF_PAGE)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_each_stop_of_the_tab_key_shows_that_it_has_the_focus(arrive, name, scheme):
    page = arrive(name, color_scheme=scheme)
    audit.prepare(page)
    stops: list[int] = []
    while True:
        page.keyboard.press("Tab")
        stop = page.evaluate("[...document.querySelectorAll('body *')].indexOf(document.activeElement)")
        if stop in stops[-1:]:
            continue  # a player has further stops within, which are the browser's own
        if stop < 0 or stop in stops:
            break
        stops.append(stop)
        assert not audit.measure(page, "focus")
    assert len(stops) >= page.locator("a[href]:visible, button:visible").count()


def test_what_is_chosen_shows_without_the_colours_of_the_page(arrive):
    page = arrive("short form", forced_colors="active")
    audit.prepare(page)
    choice = page.locator("fieldset#overall label").first
    before = choice.screenshot()
    choice.locator("input").check()
    page.evaluate("document.activeElement.blur()")
    page.mouse.move(0, 0)
    assert choice.screenshot() != before
    assert not audit.measure(page, "contrasts")


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_form_filled_in_can_be_printed_and_read(arrive, scheme):
    page = arrive("short form", color_scheme=scheme)
    audit.prepare(page)
    choose_one_of_each(page)
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 718, "height": 1000})  # A4 less its margins
    assert not page.evaluate(f"measures.contrasts({audit.LEAST_CONTRAST}, true)")
    assert not audit.measure(page, "fits")


def numbered(language: str, number: str) -> str:
    n = SHORT.n_questions
    return f"Câu {number} trong {n} câu" if language == "vi" else f"Question {number} of {n}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_reader_hears_place_and_words_of_each_question_and_every_choice(arrive, language):
    page = arrive("short form", language)
    page.locator("input[name=came_back][value=yes]").check()  # opens question 4a
    groups = [each for each in speech.everything(speech.heard_on(page)) if each.kind == "group"]
    assert [group.name for group in groups] == [
        f"{numbered(language, SHORT.numbers[item.code])} {item.text.in_language(language)}"
        for item in SHORT.items
    ]
    assert [[each.name for each in group.inside if each.kind == "radio"] for group in groups] == [
        [option.label.in_language(language) for option in item.options] for item in SHORT.items
    ]


@pytest.mark.parametrize("name", ["short form", "received"])
def test_names_of_offices_are_read_as_vietnamese_on_english_pages(arrive, name):
    expect(arrive(name, "en").locator("[lang=vi]", has_text="Quầy số 3, Trung tâm")).to_be_visible()


@pytest.mark.parametrize(
    "name", ["nothing answered", "contradiction", "comment too long", "contact without consent"]
)
def test_what_is_to_mend_is_announced_has_the_focus_and_leads_to_its_place(arrive, name):
    page = arrive(name)
    box = page.locator("[role=alert]")
    expect(box).to_be_focused()
    for link in box.locator("a").all():
        target = page.locator(link.get_attribute("href") or "")
        expect(target).to_be_visible()
        link.press("Enter")
        expect(target).to_be_in_viewport()
        if not target.evaluate("target => target.matches(':focus-within')"):
            page.keyboard.press("Tab")  # from a whole question to its first choice
        assert target.evaluate("target => target.matches(':focus-within')")


def test_what_became_of_the_form_is_announced(arrive):
    received = arrive("received, by script")
    heading = received.get_by_role("heading", name="Đã nhận phiếu. Cảm ơn Ông/Bà!")
    expect(heading).to_be_focused()
    for name in ("saved, not yet sent", "not sent, no storage", "sent later", "refused for good"):
        page = arrive(name)
        status = [each for each in speech.everything(speech.heard_on(page)) if each.kind == "status"]
        assert any(each.inside for each in status), name


def tab_to(page: Page, selector: str) -> None:
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"the Tab key does not come to {selector}")


def answer_by_keyboard(page: Page) -> dict[str, str]:
    """Choose another answer of each question, from top to bottom, and write a comment."""
    chosen = {}
    for number, item in enumerate(SHORT.items):
        option = item.options[1 if item.code == "came_back" else number % len(item.options)]
        tab_to(page, f"[name={item.code}]")
        page.keyboard.press("Space")
        for _ in range(item.options.index(option)):
            page.keyboard.press("ArrowDown")
        chosen[item.code] = option.code
    tab_to(page, "#form-comment")
    page.keyboard.type("Xin thêm ghế ngồi.")
    tab_to(page, "[name=form-answer]")
    page.keyboard.press("Space")
    tab_to(page, "#send")
    return chosen


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_the_whole_form_is_answered_by_keyboard_alone(arrive, service, scripts):
    page = arrive("short form", java_script_enabled=scripts)
    before = stored_answers(service)
    chosen = SHORT.pack(answer_by_keyboard(page))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Đã nhận phiếu. Cảm ơn Ông/Bà!")).to_be_visible()
    after = stored_answers(service)
    assert len(after) == len(before) + 1
    assert after.count(chosen) == before.count(chosen) + 1


def stored_answers(service: Prepared) -> list[bytes]:
    with service.database.reading() as session:
        return list(session.scalars(select(Response.answers)))


@pytest.mark.parametrize("name", speech.TOLD)
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_statement_tells_what_a_reader_hears(arrive, name, language):
    written, page = speech.told_in(STATEMENT.read_text("utf-8"), name, language), arrive(name, language)
    heard = speech.told(page, name, language)
    if heard != written:  # it may have been heard while the form was being sent again
        page.wait_for_timeout(1000)
        heard = speech.told(page, name, language)
    assert heard == written, "run: python -m tests.accessibility"
