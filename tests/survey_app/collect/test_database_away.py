"""The database is away for a while: what a citizen has typed stays, and pages say when to come again."""

import re

import pytest
from sqlalchemy.exc import OperationalError

from survey_app.collect import desk as desk_module
from survey_app.models.invitation_token import InvitationToken, secret_mark
from tests import factories

COMMENT = "Chờ lâu quá, xin cảm ơn."
JSON = {"Accept": "application/json"}
pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


@pytest.fixture
def go_away(app, clock, monkeypatch):
    """Give `go_away()`: from then on no connection comes about, and what was read a moment ago is old."""

    def refuse():
        raise OperationalError("connect", None, ConnectionRefusedError())

    def go():
        clock.advance(seconds=60)
        monkeypatch.setattr(app.extensions["database"].engine, "connect", refuse)

    return go


@pytest.fixture
def path(app):
    with app.extensions["database"].transaction() as session:
        return f"/s/{factories.access_point(session).code}"


def filled_in(client, path):
    page = client.get(path, headers={"Accept-Encoding": "identity"}).text
    key = re.search(r'name="form-key" value="([^"]+)"', page)[1]
    return {"form-key": key, "q1": "4", "form-comment": COMMENT, "form-end": "1"}


def assert_asks_to_come_again(response):
    assert response.status_code == 503
    assert response.headers["Retry-After"] == "5"


def test_form_comes_back_filled_in_and_under_its_key(client, path, go_away, monkeypatch):
    fields = filled_in(client, path)
    go_away()
    response = client.post(path, data=fields)
    assert_asks_to_come_again(response)
    assert COMMENT in response.text
    assert fields["form-key"] in response.text
    assert re.search(r'name="q1" value="4"[^>]* checked', response.text)
    assert_asks_to_come_again(client.post(path, data=fields, headers=JSON))
    monkeypatch.undo()
    assert client.post(path, data=fields).status_code == 303


def test_form_that_would_be_too_late_is_not_refused_while_nobody_can_say_whether_it_came(
    client, path, clock, go_away
):
    fields = filled_in(client, path)
    clock.advance(days=31)
    client.get(path)
    go_away()
    response = client.post(path, data=fields)
    assert_asks_to_come_again(response)
    assert COMMENT in response.text


def test_form_is_shown_for_a_way_in_that_was_read_before(client, path, go_away):
    client.get(path)
    go_away()
    assert client.get(path).status_code == 200


@pytest.mark.parametrize("headers", [{}, JSON])
def test_way_in_that_was_never_read_asks_to_come_again(client, path, go_away, headers):
    go_away()
    response = client.get(path, headers=headers)
    assert_asks_to_come_again(response)
    assert ("problem" in response.json) if headers else ("Máy chủ gặp sự cố" in response.text)


def test_invitation_is_opened_unchecked(app, client, settings, go_away):
    secret = settings.secrets[0]
    with app.extensions["database"].transaction() as session:
        batch = factories.invitation_batch(session, secret_mark=secret_mark(secret))
        tokens = [InvitationToken(batch.id, number).text(secret) for number in range(2)]
    assert client.get(f"/i/{tokens[0]}").status_code == 200
    go_away()
    assert client.get(f"/i/{tokens[1]}").status_code == 200


def test_number_of_a_case_stays_in_its_field(app, client, go_away):
    with app.extensions["database"].transaction() as session:
        number = factories.comment_case(session).number
    go_away()
    response = client.get(f"/case?number={number}")
    assert_asks_to_come_again(response)
    assert f'value="{number}"' in response.text
    assert "Mã số vẫn còn trên trang" in response.text
    assert client.get("/case?number=xyz").status_code == 404
    assert client.get("/case").status_code == 200


def test_contact_stays_in_its_field_and_consent_is_asked_for_when_the_database_is_back(
    app, client, go_away, monkeypatch
):
    with app.extensions["database"].transaction() as session:
        path = f"/case/{factories.comment_case(session).number}/contact"
    go_away()
    assert_asks_to_come_again(client.get(path))
    response = client.post(path, data={"contact": "0912 345 678", "consent": "1"})
    assert_asks_to_come_again(response)
    assert 'name="contact"' in response.text
    assert 'value="0912 345 678"' in response.text
    assert "consent" not in response.text
    monkeypatch.undo()
    asked = client.post(path, data={"contact": "0912 345 678"})
    assert asked.status_code == 422
    assert 'value="0912 345 678"' in asked.text
    assert 'name="consent"' in asked.text


def test_withdrawal_can_be_sent_again(app, client, go_away):
    with app.extensions["database"].transaction() as session:
        path = f"/case/{factories.contact(session).case_number}/contact"
    go_away()
    response = client.post(path, data={"withdraw": "1"})
    assert_asks_to_come_again(response)
    assert 'name="withdraw" value="1"' in response.text


def test_report_page_needs_no_database_and_a_report_comes_back_filled_in(client, go_away):
    go_away()
    assert 'value="2222-2222"' in client.get("/report?code=2222-2222").text
    response = client.post("/report", data={"reason": "damaged", "place": "cổng chính"})
    assert_asks_to_come_again(response)
    assert 'value="cổng chính"' in response.text


@pytest.mark.parametrize("path", ["/", "/accessibility", "/accessibility?code=2222-2222", "/healthz"])
def test_pages_that_can_do_without_go_on(client, go_away, path):
    go_away()
    assert client.get(path).status_code == 200


def test_results_ask_to_come_again(client, go_away):
    go_away()
    assert_asks_to_come_again(client.get("/results"))


def test_ways_in_that_were_read_the_longest_ago_are_forgotten_first(app, client, clock, go_away, monkeypatch):
    monkeypatch.setattr(desk_module, "MOST_ENTRIES", 2)
    with app.extensions["database"].transaction() as session:
        paths = [f"/s/{factories.access_point(session).code}" for _ in range(3)]
    for path in (paths[0], paths[1], paths[0], paths[2]):
        clock.advance(seconds=2)
        client.get(path)
    go_away()
    assert [client.get(path).status_code for path in paths] == [200, 503, 200]
