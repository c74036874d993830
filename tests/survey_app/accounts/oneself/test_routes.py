"""One's own account: every act that changes what protects it asks for the password, and leaves a line."""

import re

import pytest
from sqlalchemy import select

from survey_app.accounts.people.create import StaffDetails, create_staff
from survey_app.accounts.second_factor import totp
from survey_app.models.audit import AuditLine
from survey_app.models.staff import RecoveryCode, Staff, StaffSession
from survey_app.web.access import hash_token
from tests import factories
from tests.conftest import new_client
from tests.factories import MOMENT

PASSWORD, NEW = "một mật khẩu đủ dài", "con trâu đi trước cái cày"


@pytest.fixture
def operator(app):
    with app.extensions["database"].transaction() as session:
        return create_staff(session, StaffDetails("op", "Nguyễn Văn An", "operator", PASSWORD), MOMENT)


def sign_in(app, password=PASSWORD):
    client = new_client(app)
    assert client.send_form("/staff/sign-in", {"username": "op", "password": password}).status_code == 303
    return client


def set_up(client, clock, password=PASSWORD):
    page = client.get("/staff/second-factor/new").text
    secret = re.search(r'<span class="address">([A-Z2-7 ]+)</span>', page)[1].replace(" ", "")
    code = totp.code_at(secret, totp.step_of(clock()))
    return client.send_form("/staff/second-factor/new", {"code": code, "current": password})


def acts(app):
    with app.extensions["database"].reading() as session:
        return session.scalars(select(AuditLine.act).order_by(AuditLine.id)).all()


def count(app, kind):
    with app.extensions["database"].reading() as session:
        return session.query(kind).count()


def test_new_password_ends_all_other_sessions_and_keeps_this_one(app, operator):
    here, elsewhere = sign_in(app), sign_in(app)
    with here.session_transaction() as cookie:
        before = cookie["token"]
    form = {"current": PASSWORD, "password": NEW, "again": NEW}
    assert here.send_form("/staff/account/password", form).status_code == 303
    assert here.get("/staff").status_code == 200
    assert elsewhere.get("/staff").status_code == 302
    with here.session_transaction() as cookie:
        assert cookie["token"] != before
    sign_in(app, NEW)
    assert acts(app) == ["account.password"]


@pytest.mark.parametrize("act", ["password", "phone", "sign-out-everywhere"])
def test_link_that_is_about_ends_with_what_its_owner_does_for_safety(app, operator, act):
    token = "a link that somebody else may have by now"
    with app.extensions["database"].transaction() as session:
        factories.reset_link(session, token_hash=hash_token(token), staff_id=operator.id)
    client = sign_in(app)
    assert new_client(app).get(f"/staff/reset/{token}").status_code == 200
    form = {"current": PASSWORD, "password": NEW, "again": NEW}
    page = "/staff/account" if act == "sign-out-everywhere" else f"/staff/account/{act}"
    assert client.send_form(page, form, to=f"/staff/account/{act}").status_code == 303
    assert new_client(app).get(f"/staff/reset/{token}").status_code == 410


@pytest.mark.parametrize(
    ("form", "says"),
    [
        ({"current": "sai mật khẩu rồi", "password": NEW, "again": NEW}, "Mật khẩu hiện tại chưa đúng."),
        ({"current": PASSWORD, "password": NEW, "again": NEW + "!"}, "không giống nhau"),
        ({"current": PASSWORD, "password": "ngắn", "again": "ngắn"}, "ít nhất 12 ký tự"),
        ({"current": "", "password": NEW, "again": NEW}, "Hãy nhập mật khẩu."),
    ],
)
def test_password_is_not_changed_without_the_present_one_or_to_a_poor_one(app, operator, form, says):
    client = sign_in(app)
    page = client.send_form("/staff/account/password", form)
    assert page.status_code == 422
    assert says in page.text
    sign_in(app)
    assert acts(app) == []


def test_page_left_open_does_not_let_the_next_person_guess_for_long(app, operator):
    client = sign_in(app)
    form = {"current": "sai mật khẩu rồi", "password": NEW, "again": NEW}
    statuses = [client.send_form("/staff/account/password", form).status_code for _ in range(25)]
    assert set(statuses[:10]) == {422}
    assert statuses[-1] == 429


def test_second_factor_is_set_up_by_choice_and_codes_made_anew_by_password(app, operator, clock):
    client = sign_in(app)
    assert "chỉ được bảo vệ bằng mật khẩu" in client.get("/staff/account").text
    first = set_up(client, clock)
    assert "còn 10 mã dự phòng" in client.get("/staff/account").text
    assert client.send_form("/staff/account/recovery-codes", {"current": "sai"}).status_code == 422
    second = client.send_form("/staff/account/recovery-codes", {"current": PASSWORD})
    found = [set(re.findall(r'class="code">([^<]+)', page.text)) for page in (first, second)]
    assert len(found[0]) == len(found[1]) == 10
    assert not found[0] & found[1]
    assert count(app, RecoveryCode) == 10
    assert acts(app) == ["account.second_factor", "account.recovery_codes"]


def test_page_left_open_takes_no_strangers_phone(app, operator, clock):
    client = sign_in(app)
    for password in ("", "sai"):
        page = set_up(client, clock, password)
        assert page.status_code == 422
        assert "#current" in page.text
    with app.extensions["database"].reading() as session:
        assert session.get(Staff, operator.id).totp_secret is None
    assert acts(app) == []


def test_another_phone_takes_the_place_of_the_old_one_by_password(app, operator, clock):
    client = sign_in(app)
    set_up(client, clock)
    assert client.get("/staff/second-factor/new").location == "/staff/account"
    assert client.send_form("/staff/account/phone", {"current": "sai"}).status_code == 422
    answer = client.send_form("/staff/account/phone", {"current": PASSWORD})
    assert answer.location == "/staff/second-factor/new"
    with app.extensions["database"].reading() as session:
        assert session.get(Staff, operator.id).totp_secret is None
    assert count(app, RecoveryCode) == 0
    assert set_up(client, clock).status_code == 200


def test_signing_out_everywhere_leaves_no_session(app, operator):
    here, elsewhere = sign_in(app), sign_in(app)
    here.send_form("/staff/account", {}, to="/staff/account/sign-out-everywhere")
    assert elsewhere.get("/staff").status_code == here.get("/staff").status_code == 302
    assert count(app, StaffSession) == 0


def test_wrong_passwords_of_strangers_are_refused_and_a_known_device_is_not(app, operator):
    owner = sign_in(app)
    owner.send_form("/staff/account", {}, to="/staff/sign-out")
    place = {"REMOTE_ADDR": "203.0.113.9"}
    thief, statuses = new_client(app), []
    page = thief.get("/staff/sign-in", environ_overrides=place)
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page.text)[1]
    for name in ["op"] * 7 + ["nobody"] * 7:
        data = {"csrf_token": token, "username": name, "password": "sai mật khẩu rồi"}
        answer = thief.post("/staff/sign-in", data=data, environ_overrides=place)
        statuses.append(answer.status_code)
    assert statuses == ([422] * 5 + [429] * 2) * 2
    assert int(answer.headers["Retry-After"]) > 100
    assert "mạng này" in answer.text
    page = owner.get("/staff/sign-in", environ_overrides=place)
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page.text)[1]
    data = {"csrf_token": token, "username": "op", "password": PASSWORD}
    assert owner.post("/staff/sign-in", data=data, environ_overrides=place).status_code == 303


def test_mark_of_the_device_is_kept_from_scripts_and_from_citizens_pages(app, operator):
    client = new_client(app)
    answer = client.send_form("/staff/sign-in", {"username": "op", "password": PASSWORD})
    (mark,) = [line for line in answer.headers.getlist("Set-Cookie") if line.startswith("device=")]
    assert "HttpOnly" in mark
    assert "SameSite=Lax" in mark
    assert "Path=/staff;" in mark


def test_no_address_reaches_a_log_or_a_row(app, operator, caplog):
    client = new_client(app)
    place = {"REMOTE_ADDR": "203.0.113.77"}
    page = client.get("/staff/sign-in", environ_overrides=place)
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page.text)[1]
    for password in ["sai"] * 7:
        data = {"csrf_token": token, "username": "op", "password": password}
        client.post("/staff/sign-in", data=data, environ_overrides=place)
    assert "203.0.113" not in caplog.text
    assert acts(app) == []
