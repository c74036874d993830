"""The player beside a question, in a real browser on a phone's width, from the real server."""

import pytest
from playwright.sync_api import expect

from survey_app.prepare.instruments.definition_file import shipped_definition
from tests import factories, running_server

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
PHONE = {"width": 360, "height": 740}


@pytest.fixture
def address(database, settings, free_port):
    with database.transaction() as session:
        version = factories.instrument_version(session, of=shipped_definition("counter_short"))
        campaign = factories.campaign(session, instrument_version_id=version.id)
        code = factories.access_point(session, campaign_id=campaign.id).code
    environment = running_server.environment(settings, free_port)
    with running_server.started(running_server.web(settings, free_port), environment):
        yield f"http://127.0.0.1:{free_port}/s/{code}"


def opened(context, address):
    """Open the form, noting each answer that brings a recording."""
    page = context.new_page()
    page.clips, page.refused = [], []
    watch = context.new_cdp_session(page)
    watch.send("Network.enable")
    watch.on("Network.responseReceived", lambda event: note_clip(page, event["response"]))
    page.on("console", lambda said: page.refused.append(said.text) if said.type == "error" else None)
    page.goto(address)
    return page


def note_clip(page, response):
    if "/audio/" in response["url"]:
        page.clips.append(response)


def play(page):
    """Press the browser's own button, as a thumb does; tell what was heard."""
    player = page.get_by_label("Nghe câu 1", exact=True)
    if not player.is_visible():
        page.locator("summary", has_text="Nghe câu 1").click()
    player.click(position={"x": 22, "y": player.bounding_box()["height"] / 2})
    for _ in range(1200):
        page.wait_for_timeout(50)
        heard = player.evaluate("a => ({ready: a.readyState, seconds: a.duration, at: a.currentTime})")
        if heard["at"] > 0.2:
            return heard
    raise AssertionError(f"nothing was heard: {heard}")


@pytest.mark.parametrize("with_script", [True, False])
def test_a_recording_plays_on_a_phone_and_is_fetched_once(browser, address, with_script):
    context = browser.new_context(viewport=PHONE, java_script_enabled=with_script)
    page = opened(context, address)
    expect(page.get_by_label("Nghe câu 1", exact=True)).to_be_hidden()
    expect(page.locator("[name=overall]").first).to_be_in_viewport()
    page.locator("summary", has_text="Nghe câu 1").click()
    box = page.get_by_label("Nghe câu 1", exact=True).bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= PHONE["width"]
    assert box["height"] >= 44
    assert not page.clips  # nothing comes before somebody asks

    heard = play(page)
    assert heard["ready"] >= 2  # has the moment that is heard
    assert 3 < heard["seconds"] < 8
    assert [clip["status"] for clip in page.clips] == [206]
    page.close()

    again = opened(context, address)
    play(again)
    assert all(clip["fromDiskCache"] for clip in again.clips)
    assert not page.refused + again.refused
    context.close()
