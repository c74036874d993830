"""Signing in with a second step, and setting it up: no page but these before it is done."""

import re
from html import unescape

import pytest
from sqlalchemy import select

from survey_app.accounts.people.create import StaffDetails, create_staff
from survey_app.accounts.second_factor import totp
from survey_app.accounts.second_factor.prove import is_proven_by
from survey_app.accounts.sign_in import sign_out_everywhere
from survey_app.models.audit import AuditLine
from survey_app.models.staff import RecoveryCode, Staff, StaffSession
from tests.conftest import new_client
from tests.factories import MOMENT

PASSWORD = "một mật khẩu đủ dài"


@pytest.fixture
def lead(app):
    with app.extensions["database"].transaction() as session:
        return create_staff(session, StaffDetails("lead", "Nguyễn Văn An", "campaign_lead", PASSWORD), MOMENT)


def sign_in(client, password=PASSWORD, address="/staff/sign-in"):
    return client.send_form(address, {"username": "lead", "password": password})


def shown_secret(page):
    text = re.search(r'<span class="address">([A-Z2-7 ]+)</span>', page.text)[1]
    return text.replace(" ", "")


def digits(secret, clock):
    return totp.code_at(secret, totp.step_of(clock()))


def set_up(client, clock):
    """Sign in, confirm the phone; give its secret and the page of recovery codes."""
    sign_in(client)
    secret = shown_secret(client.get("/staff/second-factor/new"))
    page = client.send_form("/staff/second-factor/new", {"code": digits(secret, clock)})
    clock.advance(seconds=60)
    return secret, page


def test_lead_meets_no_page_but_the_set_up(client, lead):
    answer = sign_in(client)
    assert answer.location == "/staff/second-factor"
    assert client.get(answer.location).location == "/staff/second-factor/new"
    for address in ("/staff", "/staff/codes", "/staff/account", "/staff/audit"):
        assert client.get(address).location.startswith("/staff/second-factor?next=")
    assert client.get("/staff/nothing/codes/1").status_code == 404
    answer = client.send_form("/staff/second-factor/new", {}, to="/staff/account/sign-out-everywhere")
    assert answer.location.startswith("/staff/second-factor")


def test_set_up_shows_picture_and_key_and_ends_in_ten_codes_and_an_open_house(app, client, lead, clock):
    sign_in(client)
    page = client.get("/staff/second-factor/new")
    assert 'viewBox="0 0' in page.text
    assert f"secret={shown_secret(page)}" in unescape(page.text)
    _secret, codes = set_up(client, clock)
    assert codes.status_code == 200
    assert codes.headers["Cache-Control"] == "no-store"
    assert len(re.findall(r'<span class="code">[2-9a-z]{4}(-[2-9a-z]{4}){3}</span>', codes.text)) == 10
    assert client.get("/staff").status_code == 200
    with app.extensions["database"].reading() as session:
        assert session.query(RecoveryCode).count() == 10
        assert session.scalars(select(AuditLine.act)).all() == ["account.second_factor"]


def test_wrong_code_sets_nothing_up(app, client, lead, clock):
    sign_in(client)
    page = client.send_form("/staff/second-factor/new", {"code": "000000"})
    assert page.status_code == 422
    assert "Mã chưa đúng" in page.text
    with app.extensions["database"].reading() as session:
        assert session.get(Staff, lead.id).totp_secret is None


def test_secret_is_in_no_row_and_no_cookie_before_it_is_confirmed(app, client, lead):
    sign_in(client)
    shown_secret(client.get("/staff/second-factor/new"))
    with client.session_transaction() as cookie:
        assert set(cookie) <= {"token", "csrf_token"}
    with app.extensions["database"].reading() as session:
        assert session.get(Staff, lead.id).totp_secret is None


def test_password_then_digits_lead_to_the_page_that_was_asked_for(app, client, lead, clock):
    secret, _ = set_up(client, clock)
    elsewhere = new_client(app)
    asked = elsewhere.get("/staff/codes?q=x")
    answer = sign_in(elsewhere, address=asked.location)
    assert answer.location.startswith("/staff/second-factor?next=/staff/codes")
    assert elsewhere.get("/staff/codes").status_code == 302
    done = elsewhere.send_form(answer.location, {"code": " ".join(digits(secret, clock))})
    assert done.location == "/staff/codes?q=x"
    assert elsewhere.get(done.location).status_code == 200


def test_token_from_before_the_proof_opens_nothing_after_it(app, client, lead, clock):
    secret, _ = set_up(client, clock)
    elsewhere = new_client(app)
    sign_in(elsewhere)
    with elsewhere.session_transaction() as cookie:
        before = cookie["token"]
    elsewhere.send_form("/staff/second-factor", {"code": digits(secret, clock)})
    thief = new_client(app)
    with thief.session_transaction() as cookie:
        cookie["token"] = before
    assert thief.get("/staff").location.startswith("/staff/sign-in")


def test_whoever_is_signed_out_while_the_digits_come_in_stays_out(app, client, lead, clock, monkeypatch):
    secret, _ = set_up(client, clock)
    elsewhere = new_client(app)
    sign_in(elsewhere)

    def prove(session, staff, *rest):
        sign_out_everywhere(session, staff.id)
        return is_proven_by(session, staff, *rest)

    monkeypatch.setattr("survey_app.accounts.second_factor.routes.is_proven_by", prove)
    answer = elsewhere.send_form("/staff/second-factor", {"code": digits(secret, clock)})
    assert answer.location.startswith("/staff/sign-in")
    assert elsewhere.get("/staff").status_code == 302


def test_same_digits_sign_in_once(app, client, lead, clock):
    secret, _ = set_up(client, clock)
    code, answers = digits(secret, clock), []
    for _ in range(2):
        other = new_client(app)
        sign_in(other)
        answers.append(other.send_form("/staff/second-factor", {"code": code}).status_code)
    assert answers == [303, 422]


def test_recovery_code_signs_in_once_and_leaves_a_line(app, client, lead, clock):
    _secret, page = set_up(client, clock)
    code = re.search(r'<span class="code">([^<]+)', page.text)[1]
    answers = []
    for _ in range(2):
        other = new_client(app)
        sign_in(other)
        answers.append(other.send_form("/staff/second-factor", {"code": code}).status_code)
    assert answers == [303, 422]
    with app.extensions["database"].reading() as session:
        assert "account.recovery_code" in session.scalars(select(AuditLine.act)).all()


def test_whoever_has_the_password_alone_cannot_put_another_phone_in_its_place(app, client, lead, clock):
    set_up(client, clock)
    thief = new_client(app)
    sign_in(thief)
    for address in ("/staff/second-factor/new", "/staff/account/phone", "/staff/account"):
        assert thief.get(address).location.startswith("/staff/second-factor")
    answer = thief.send_form("/staff/second-factor", {"code": "123456"}, to="/staff/second-factor/new")
    assert answer.location == "/staff/second-factor"


def test_digits_are_guessed_five_times_by_a_stranger(app, client, lead, clock):
    set_up(client, clock)
    thief = new_client(app)
    place = {"REMOTE_ADDR": "203.0.113.9"}
    hidden = thief.send_form
    sign_in(thief)
    page = thief.get("/staff/second-factor", environ_overrides=place)
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page.text)[1]
    data = {"csrf_token": token, "code": "000000"}
    statuses = [
        thief.post("/staff/second-factor", data=data, environ_overrides=place).status_code for _ in range(7)
    ]
    assert statuses == [422] * 5 + [429] * 2
    assert hidden("/staff/second-factor", {"code": "000000"}).status_code == 422  # the owner's network


def test_half_signed_in_person_can_sign_out(app, client, lead):
    sign_in(client)
    assert client.send_form("/staff/second-factor/new", {}, to="/staff/sign-out").status_code == 303
    with app.extensions["database"].reading() as session:
        assert session.query(StaffSession).count() == 0


def test_frame_of_a_half_signed_in_person_offers_no_room(client, lead):
    sign_in(client)
    page = client.get("/staff/second-factor/new").text
    assert "/staff/codes" not in page
    assert "Nguyễn Văn An" not in page
