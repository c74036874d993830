"""The staff's door and first page, through a client that inspects each page."""

import re

import pytest
from sqlalchemy import func, select

from survey_app.accounts.people.create import StaffDetails, create_staff
from survey_app.accounts.routes import local_path
from survey_app.models.staff import StaffSession
from survey_app.web.access import RIGHTS
from tests import factories
from tests.factories import MOMENT

PASSWORD = "một mật khẩu đủ dài"


@pytest.fixture
def operator(app):
    """Somebody whose role needs no second factor; those with one are in second_factor/test_routes.py."""
    with app.extensions["database"].transaction() as session:
        return create_staff(session, StaffDetails("operator", "Nguyễn Văn An", "operator", PASSWORD), MOMENT)


def forgery_token(page):
    return re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page.text)[1]


def sign_in(client, username="operator", password=PASSWORD, address="/staff/sign-in"):
    token = forgery_token(client.get(address))
    return client.post(address, data={"csrf_token": token, "username": username, "password": password})


def n_sessions(app):
    with app.extensions["database"].reading() as session:
        return session.scalar(select(func.count()).select_from(StaffSession))


def test_right_password_leads_to_the_first_page(client, operator):
    answer = sign_in(client)
    assert (answer.status_code, answer.location) == (303, "/staff")
    home = client.get("/staff")
    assert "Nguyễn Văn An" in home.text
    assert "cán bộ tác nghiệp" in home.text


def test_wrong_password_and_unknown_name_meet_the_same_page(client, operator):
    wrong, unknown = sign_in(client, password="sai mật khẩu rồi"), sign_in(client, username="nobody")
    assert wrong.status_code == unknown.status_code == 422
    plain = [re.sub(r'value="[^"]*"', "", page.text) for page in (wrong, unknown)]
    assert plain[0] == plain[1]
    assert "chưa đúng" in wrong.text


def test_password_is_never_sent_back(client, operator):
    assert "sai mật khẩu rồi" not in sign_in(client, password="sai mật khẩu rồi").text


def test_empty_fields_are_named(client):
    page = sign_in(client, username="", password="")
    assert page.status_code == 422
    assert 'href="#username"' in page.text
    assert "Hãy nhập mật khẩu." in page.text


def test_sign_in_without_the_forgery_token_is_a_page_with_4xx(client, operator):
    page = client.post("/staff/sign-in", data={"username": "operator", "password": PASSWORD})
    assert page.status_code == 400
    assert page.mimetype == "text/html"


def test_disabled_account_cannot_sign_in_and_an_open_session_ends(app, client, operator, clock):
    sign_in(client)
    with app.extensions["database"].transaction() as session:
        session.get(type(operator), operator.id).disabled_at = clock()
    assert client.get("/staff").location.startswith("/staff/sign-in")
    assert sign_in(client).status_code == 422


def test_sign_in_gives_a_new_token_and_ends_the_old_session(app, client, operator):
    sign_in(client)
    with client.session_transaction() as cookie:
        first = cookie["token"]
    sign_in(client)
    with client.session_transaction() as cookie:
        assert cookie["token"] != first
    assert n_sessions(app) == 1


def test_sign_in_keeps_nothing_of_the_cookie_before_it(client, operator):
    page = client.get("/staff/sign-in")
    with client.session_transaction() as cookie:
        cookie["token"] = "planted"
        cookie["planted"] = "yes"
    data = {"csrf_token": forgery_token(page), "username": "operator", "password": PASSWORD}
    assert client.post("/staff/sign-in", data=data).status_code == 303
    with client.session_transaction() as cookie:
        assert set(cookie) == {"token"}
        assert cookie["token"] != "planted"


def test_signing_out_ends_the_session_on_the_server_too(app, client, operator):
    sign_in(client)
    home = client.get("/staff")
    with client.session_transaction() as cookie:
        token = cookie["token"]
    assert client.post("/staff/sign-out", data={"csrf_token": forgery_token(home)}).status_code == 303
    assert n_sessions(app) == 0
    with client.session_transaction() as cookie:
        cookie["token"] = token
    assert client.get("/staff").status_code == 302


def test_signing_out_takes_a_post_with_the_forgery_token(app, client, operator):
    sign_in(client)
    assert client.get("/staff/sign-out").status_code == 405
    assert client.post("/staff/sign-out").status_code == 400
    assert n_sessions(app) == 1


def test_sign_in_leads_back_to_the_page_that_was_asked_for(client, operator):
    asked = client.get("/staff/codes?q=hòa")
    assert asked.status_code == 302
    answer = sign_in(client, address=asked.location)
    assert answer.location.startswith("/staff/codes?q=")
    assert client.get(answer.location).status_code == 200


@pytest.mark.parametrize(
    "path",
    ["https://evil.example", "//evil.example", "/\\evil.example", "/\t/evil.example", "evil", "", "/a\n"],
)
def test_sign_in_leads_nowhere_else(path):
    assert local_path(path) is None


def test_cookie_is_kept_from_scripts_and_other_sites(client, operator):
    cookie = sign_in(client).headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


def test_first_page_of_a_manager_names_the_office_and_those_below_that_exist_today(app, staff_client):
    with app.extensions["database"].transaction() as session:
        top = factories.office(session, name="Huyện Mẫu")
        factories.office(session, name="Xã Dưới", parent_id=top.id)
        factories.office(
            session, name="Xã Cũ", parent_id=top.id, valid_until=factories.DAY.replace(year=2025)
        )
        factories.office(session, name="Xã Khác")
    page = staff_client("office_manager", top.id).get("/staff").text
    assert "Huyện Mẫu" in page
    assert "Xã Dưới" in page
    assert "Xã Cũ" not in page
    assert "Xã Khác" not in page
    assert f"/staff/offices/{top.id}" in page


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_first_page_of_many_offices_shows_the_one_above_and_finds_the_others(app, staff_client):
    with app.extensions["database"].transaction() as session:
        top = factories.office(session, name="Tỉnh Mẫu", kind="province")
        for n in range(9):
            factories.office(session, name=f"Xã Dưới {n}", parent_id=top.id)
    lead = staff_client("campaign_lead", top.id)
    page = lead.get("/staff").text
    assert page.count(f'href="/staff/offices/{top.id}"') == 1
    assert "Xã Dưới" not in page
    assert f'action="/staff/offices/{top.id}/below#offices"' in page
    assert "Xã Dưới 7" in lead.get(f"/staff/offices/{top.id}/below?q=duoi+7").text


LINKS = {
    "codes": "/staff/codes",
    "invitations": "/staff/invitations",
    "review": "/staff/review",
    "audit": "/staff/audit",
}


@pytest.mark.parametrize("right", LINKS)
def test_first_page_offers_what_the_role_may_do_and_nothing_else(staff_client, monkeypatch, right):
    client = staff_client("campaign_lead")

    def offered():
        main = client.get("/staff").text.partition("<main")[2].partition("</main>")[0]
        return {address for address in LINKS.values() if f'href="{address}"' in main}

    assert offered() == set(LINKS.values())
    monkeypatch.setitem(RIGHTS, "campaign_lead", RIGHTS["campaign_lead"] - {right})
    assert offered() == set(LINKS.values()) - {LINKS[right]}


def test_first_page_of_an_empty_house_says_so(staff_client):
    assert "Chưa có đơn vị nào." in staff_client("administrator").get("/staff").text


def test_pages_speak_english_when_the_address_says_so(client, staff_client):
    assert "Password" in client.get("/staff/sign-in?lang=en").text
    page = staff_client("administrator").get("/staff?lang=en").text
    assert "You are signed in as system administrator for all offices." in page
    assert "/staff/codes?lang=en" in page
