"""Recordings through their door: kept for good, sent in parts, from two folders and nowhere else."""

import re
from html import unescape
from types import SimpleNamespace

import pytest

from survey_app.collect.form.clips import SAMPLES, keep_clip
from survey_app.prepare.instruments.definition_file import shipped_definition
from tests import factories

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)

SAMPLE = (SAMPLES / "counter_short/vi/overall.mp3").read_bytes()
RECORDING = b"\xff\xf3\x30\xc4" + bytes(range(256)) * 4
SHORT_FORM = shipped_definition("counter_short")


@pytest.fixture
def form(app):
    with app.extensions["database"].transaction() as session:
        version = factories.instrument_version(session, of=SHORT_FORM)
        campaign = factories.campaign(session, instrument_version_id=version.id)
        point = factories.access_point(session, campaign_id=campaign.id)
        return SimpleNamespace(path=f"/s/{point.code}")


def players(page):
    return re.findall(r"<audio [^>]*>", page)


def address_of(player):
    return unescape(re.search(r'src="([^"]+)"', player)[1])


@pytest.mark.parametrize(
    ("language", "label", "reader"),
    [
        ("vi", "Nghe câu 1", "Giọng đọc máy (bản dùng thử)"),
        ("en", "Listen to question 1", "Machine voice (sample)"),
    ],
)
def test_a_question_with_a_clip_has_a_player_that_fetches_nothing_by_itself(
    client, form, language, label, reader
):
    page = client.get(f"{form.path}?lang={language}").text
    (player,) = players(page)
    assert 'controls preload="none"' in player
    assert f'aria-label="{label}"' in player
    assert reader in page
    assert re.search(rf'src="/audio/[0-9a-f]{{16}}/counter_short/{language}/overall.mp3"', player)


def test_a_form_shown_again_keeps_its_player(client, form):
    page = client.get(form.path).text
    key = re.search(r'name="form-key" value="([^"]+)"', page)[1]
    again = client.post(form.path, data={"form-key": key, "form-end": "1"})
    assert again.status_code == 422
    assert players(again.text) == players(page)


def test_an_offices_own_recording_takes_the_place_of_the_sample(app, client, form):
    own = app.extensions["settings"].data_dir / "audio"
    keep_clip(own, SHORT_FORM, "overall", "vi", "Lò Thị <Mẫu>", RECORDING)
    page = client.get(form.path).text
    (player,) = players(page)
    assert "Người đọc: Lò Thị &lt;Mẫu&gt;" in page
    assert client.get(address_of(player)).data == RECORDING


def test_a_clip_is_kept_by_the_browser_for_good(client, form):
    (player,) = players(client.get(form.path).text)
    response = client.get(address_of(player))
    assert response.status_code == 200
    assert (response.mimetype, response.data) == ("audio/mpeg", SAMPLE)
    kept = {part.strip() for part in response.headers["Cache-Control"].split(",")}
    assert {"public", "max-age=31536000", "immutable"} <= kept
    assert "no-store" not in kept
    assert "Set-Cookie" not in response.headers


def test_a_player_may_ask_for_a_part(client, form):
    (player,) = players(client.get(form.path).text)
    part = client.get(address_of(player), headers={"Range": "bytes=100-199"})
    assert part.status_code == 206
    assert part.data == SAMPLE[100:200]
    assert part.headers["Content-Range"] == f"bytes 100-199/{len(SAMPLE)}"


def test_one_recording_has_one_address_for_readers_of_all_languages(app, client, form):
    (player,) = players(client.get(f"{form.path}?lang=en").text)
    assert "?" not in address_of(player)


def test_an_address_of_replaced_content_is_gone(app, client, form):
    (player,) = players(client.get(form.path).text)
    digest = address_of(player).split("/")[2]
    assert client.get(address_of(player).replace(digest, "0" * 16)).status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "../../../secrets",
        "..%2f..%2f..%2fsecrets",
        "%2e%2e/%2e%2e/secrets",
        "counter_short/vi/..%2fvi%2foverall",
        "counter_short/vi/%2e%2e%5coverall",
        "counter_short/vi/overall%00",
        "counter_short/vi/overall.txt%00",
        "/etc/vi/passwd",
        "counter_short/en/../vi/overall",
    ],
)
def test_no_address_leads_out_of_the_folders(client, form, path):
    (player,) = players(client.get(form.path).text)
    digest = address_of(player).split("/")[2]
    response = client.get(f"/audio/{digest}/{path}.mp3")
    assert response.status_code in (308, 404)
    assert SAMPLE not in response.data


def test_only_questions_with_a_clip_have_a_player(app, client):
    with app.extensions["database"].transaction() as session:
        path = f"/s/{factories.access_point(session).code}"
    assert "<audio" not in client.get(path).text
