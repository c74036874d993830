"""The way in by a screen: what it shows is exchanged for the form of one visit, and nothing else is."""

import random
import re
from datetime import timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import select

from survey_app.collect.keys import SubmissionKey
from survey_app.models import rotating_code
from survey_app.models.access_point import AccessPoint
from survey_app.models.campaign import Campaign
from survey_app.models.response import Response
from survey_app.models.short_code import ALPHABET
from tests import factories

CHANGED = "Mã trên màn hình vừa đổi. Hãy quét lại mã đang hiện."
STEP = timedelta(seconds=rotating_code.STEP_SECONDS)
on_sqlite = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


@pytest.fixture
def screen(app):
    """An open screen with the small definition (q1, q2, sex, comment)."""
    with app.extensions["database"].transaction() as session:
        point = factories.access_point(session, way_in="screen", provenance="B")
        return SimpleNamespace(id=point.id, code=point.code, path=f"/s/{point.code}")


@pytest.fixture
def shown(settings, clock, screen):
    """Give the ticket that the screen shows now, or some steps away."""
    return lambda steps=0: rotating_code.ticket(screen.code, clock() + steps * STEP, settings.secrets[0])


def key_on(page):
    return re.search(r'name="form-key" value="([^"]+)"', page.text)[1]


def form_opened(client, screen, ticket):
    page = client.get(f"{screen.path}/{ticket}", headers={"Accept-Encoding": "identity"})
    assert page.status_code == 200
    return key_on(page)


def send(client, screen, key, **more):
    return client.post(screen.path, data={"form-key": key, "q1": "5", **more, "form-end": "1"})


def stored(app):
    with app.extensions["database"].reading() as session:
        return session.scalars(select(Response)).all()


def forge(sealed, chance):
    """Change one to three characters of a key, elsewhere than in its padding."""
    symbols = list(sealed)
    for place in chance.sample(range(len(sealed.rstrip("="))), chance.randint(1, 3)):
        symbols[place] = chance.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
    forged = "".join(symbols)
    return forged if forged != sealed else forge(sealed, chance)


def test_the_ticket_on_the_screen_opens_a_form_whose_response_is_of_the_screens_point(
    app, client, screen, shown
):
    assert send(client, screen, form_opened(client, screen, shown())).status_code == 303
    (row,) = stored(app)
    with app.extensions["database"].reading() as session:
        point = session.get_one(AccessPoint, row.access_point_id)
        assert (point.id, point.mode, point.provenance) == (screen.id, "web", "B")


@on_sqlite
@pytest.mark.parametrize("steps", [-1, 0, 1])
def test_the_ticket_before_and_the_next_one_pass_too(client, screen, shown, steps):
    assert form_opened(client, screen, shown(steps))


@on_sqlite
@pytest.mark.parametrize("steps", [-2, 2, -24 * 80])
def test_an_older_ticket_says_kindly_that_the_code_has_changed(client, screen, shown, steps):
    page = client.get(f"{screen.path}/{shown(steps)}")
    assert page.status_code == 410
    assert CHANGED in page.text


@on_sqlite
def test_a_photograph_of_the_screen_is_worthless_two_minutes_later(client, screen, shown, clock):
    photograph = shown()
    clock.advance(seconds=120)
    assert client.get(f"{screen.path}/{photograph}").status_code == 410


@on_sqlite
def test_the_code_without_its_ticket_opens_nothing(client, screen):
    page = client.get(screen.path)
    assert page.status_code == 410
    assert CHANGED in page.text
    assert 'name="form-key"' not in page.text


OUT_OF_USE = {
    "revoked": ({"revoked_on": factories.DAY}, {}, 410, "từ ngày 10/03/2026"),
    "closed": ({}, {"closes_on": factories.DAY - timedelta(days=1)}, 410, "đã kết thúc ngày 09/03/2026."),
    "not open yet": ({}, {"opens_on": factories.DAY + timedelta(days=2)}, 403, "12/03/2026"),
}


@on_sqlite
@pytest.mark.parametrize(("of_point", "of_campaign", "status", "says"), OUT_OF_USE.values(), ids=OUT_OF_USE)
def test_a_screen_out_of_use_says_so_whatever_ticket_comes_with_its_code(
    app, client, screen, shown, of_point, of_campaign, status, says
):
    """To scan again, as an old ticket is told, would lead in a circle."""
    with app.extensions["database"].transaction() as session:
        point = session.get_one(AccessPoint, screen.id)
        campaign = session.get_one(Campaign, point.campaign_id)
        for row, values in ((point, of_point), (campaign, of_campaign)):
            for name, value in values.items():
                setattr(row, name, value)
    for address in (screen.path, f"{screen.path}/{shown(-9)}", f"{screen.path}/{shown()}"):
        page = client.get(address)
        assert page.status_code == status
        assert says in page.text
        assert CHANGED not in page.text


@on_sqlite
def test_the_ticket_of_one_screen_opens_no_other_and_no_poster(app, client, screen, shown):
    with app.extensions["database"].transaction() as session:
        other = factories.access_point(session, way_in="screen", provenance="B").code
        poster = factories.access_point(session).code
    assert client.get(f"/s/{other}/{shown()}").status_code == 410
    assert client.get(f"/s/{poster}/{shown()}").status_code == 404


@on_sqlite
def test_a_thousand_forged_tickets_open_no_form(client, screen, shown):
    chance = random.Random(2)
    accepted = {shown(-1), shown(), shown(1)}
    statuses = set()
    for n in range(1000):
        symbols = list(shown()) if n % 2 else chance.choices(ALPHABET, k=rotating_code.TICKET_LENGTH)
        symbols[n % rotating_code.TICKET_LENGTH] = chance.choice(ALPHABET)
        if "".join(symbols) not in accepted:
            statuses.add(client.get(f"{screen.path}/{''.join(symbols)}").status_code)
    assert statuses == {410}


@on_sqlite
@pytest.mark.parametrize("ticket", ["%00", "%F0%9F%92%A9", "%ff", "%ED%A0%80", "'--", "{{7*7}}", "2" * 4000])
def test_odd_tickets_meet_the_same_kind_page(client, screen, ticket):
    assert client.get(f"{screen.path}/{ticket}").status_code == 410


@on_sqlite
def test_a_thousand_forged_keys_store_nothing_and_give_no_fresh_form(app, client, screen, shown):
    """Otherwise one form could be had from a screen without standing before it, by sending rubbish."""
    chance = random.Random(3)
    sealed = form_opened(client, screen, shown())
    for n in range(1000):
        key = forge(sealed, chance) if n % 10 else ("", "x", sealed[:-4], sealed + "AAAA")[n // 10 % 4]
        page = send(client, screen, key)
        assert page.status_code == 410
        assert 'name="form-key"' not in page.text
    assert stored(app) == []


@on_sqlite
def test_a_script_that_sends_a_forged_key_gets_no_fresh_one(client, screen):
    answer = client.post(
        screen.path,
        data={"form-key": "forged", "q1": "5", "form-end": "1"},
        headers={"Accept": "application/json"},
    )
    assert 400 <= answer.status_code < 500
    assert list(answer.json) == ["problem"]


@on_sqlite
def test_the_key_of_a_poster_or_of_another_screen_is_not_taken(app, client, screen, settings):
    with app.extensions["database"].transaction() as session:
        other = factories.access_point(session)
        version_id = factories.instrument_version(session).id
        key = SubmissionKey.issue(other.id, version_id, factories.DAY).sealed(settings.secrets[0])
    assert send(client, screen, key).status_code == 410
    assert stored(app) == []


@on_sqlite
def test_a_form_opened_at_the_screen_is_taken_for_two_days_and_no_longer(app, client, screen, shown, clock):
    first, second = (form_opened(client, screen, shown()) for _ in range(2))
    clock.advance(hours=48)
    assert send(client, screen, first).status_code == 303
    clock.advance(hours=24)
    assert send(client, screen, second).status_code == 410
    assert len(stored(app)) == 1


@on_sqlite
def test_a_faulty_form_comes_back_under_its_own_key(client, screen, shown):
    key = form_opened(client, screen, shown())
    page = send(client, screen, key, q2="9")
    assert page.status_code == 422
    assert key_on(page) == key


@on_sqlite
def test_a_revoked_screen_opens_no_form_and_takes_those_open_for_48_hours(app, client, screen, shown, clock):
    early, late = (form_opened(client, screen, shown()) for _ in range(2))
    clock.advance(seconds=1)
    with app.extensions["database"].transaction() as session:
        session.get_one(AccessPoint, screen.id).revoked_on = factories.DAY
    assert "đã ngừng dùng" in client.get(f"{screen.path}/{shown()}").text
    clock.advance(hours=47)
    assert send(client, screen, early).status_code == 303
    clock.advance(hours=24)
    assert send(client, screen, late).status_code == 410


@on_sqlite
@pytest.mark.parametrize(
    "spelled",
    [
        lambda typed: typed,
        str.lower,
        lambda typed: typed.replace("-", ""),
        lambda typed: typed.replace("-", " "),
        lambda typed: f"  {typed[:6]} – {typed[6:]} ",
        lambda typed: " ".join(typed),
    ],
)
def test_what_the_screen_shows_can_be_typed_on_the_start_page(client, screen, shown, spelled):
    typed = rotating_code.printed(screen.code, shown())
    answer = client.get("/", query_string={"code": spelled(typed)})
    assert answer.location == f"{screen.path}/{shown()}"
    assert client.get(answer.location).status_code == 200


@on_sqlite
def test_the_code_box_has_room_for_a_blank_after_each_symbol_of_the_screen(client, screen, shown):
    room = int(re.search(r'<input id="code"[^>]* maxlength="(\d+)"', client.get("/").text)[1])
    assert room >= len(" ".join(rotating_code.printed(screen.code, shown())))


@on_sqlite
def test_the_typed_code_without_the_ticket_says_that_it_changes(client, screen):
    answer = client.get("/", query_string={"code": screen.code})
    assert CHANGED in client.get(answer.location).text
