"""The pages of people, from a new account to its first sign-in, and what they refuse in words."""

import re
from datetime import timedelta
from html import unescape

import pytest
from sqlalchemy import select

from survey_app.models.audit import AuditLine
from survey_app.models.staff import Staff, StaffGrant, StaffSession
from tests import factories
from tests.conftest import new_client
from tests.factories import DAY
from tests.nasty_strings import as_received, nasty_strings

PASSWORD = "con trâu đi trước cái cày"


@pytest.fixture
def office(app):
    with app.extensions["database"].transaction() as session:
        return factories.office(session, name="Bộ phận Một cửa xã Hòa An")


@pytest.fixture
def admin(staff_client):
    return staff_client("administrator")


def rows(app, kind):
    with app.extensions["database"].reading() as session:
        return list(session.scalars(select(kind).order_by(kind.id)))


def add(app, builder, **given):
    with app.extensions["database"].transaction() as session:
        return builder(session, **given)


def new_person(admin, place="all", **given):
    form = {
        "full_name": "Trần Thị Bình",
        "username": "binh.tran",
        "role": "operator",
        "valid_from": DAY.isoformat(),
        "valid_until": "",
    }
    return admin.send_form(f"/staff/people/new/{place}", form | given)


def link_of(page):
    return unescape(re.search(r'class="notice address">([^<]+)<', page.text)[1])


def test_account_is_made_for_an_office_found_without_marks_and_opened_by_its_link(app, admin, office):
    found = admin.get("/staff/people/new?q=hoa an")
    assert f"/staff/people/new/{office.id}" in found.text
    made = new_person(admin, office.id, role="office_manager")
    assert made.status_code == 303
    page = admin.get(made.location).text
    assert "Trần Thị Bình" in page
    assert "Bộ phận Một cửa xã Hòa An" in page
    shown = admin.send_form(made.location, {}, to=made.location + "/reset-link")
    assert shown.headers["Cache-Control"] == "no-store"
    path = "/" + link_of(shown).split("/", 3)[3]
    owner = new_client(app)
    chosen = owner.send_form(path, {"password": PASSWORD, "again": PASSWORD})
    assert chosen.location == "/staff/sign-in"
    signed_in = owner.send_form("/staff/sign-in", {"username": "binh.tran", "password": PASSWORD})
    assert signed_in.location == "/staff"
    assert "Bộ phận Một cửa xã Hòa An" in owner.get("/staff").text
    assert owner.get(path).status_code == 410
    assert [line.act for line in rows(app, AuditLine)] == [
        "people.create",
        "people.grant",
        "people.reset_link",
        "account.reset",
    ]


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"full_name": ""}, "Hãy nhập họ và tên."),
        ({"username": "a b"}, "không có dấu cách"),
        ({"role": "king"}, "Hãy chọn một mục trong danh sách."),
        ({"role": "office_manager"}, "phải gắn với một đơn vị"),
        ({"valid_from": "hôm nay"}, "Hãy nhập một ngày"),
        ({"valid_from": "0001-01-01"}, "Hãy nhập một ngày"),
        ({"valid_from": " \n\t"}, "Hãy nhập một ngày"),
        ({"valid_from": (DAY - timedelta(days=1)).isoformat()}, "không thể bắt đầu trước hôm nay"),
        ({"valid_until": (DAY - timedelta(days=1)).isoformat()}, "không thể trước hôm nay"),
    ],
)
def test_what_cannot_be_is_refused_in_words_and_nothing_is_made(app, admin, wrong, says):
    page = new_person(admin, **wrong)
    assert page.status_code == 422
    assert says in page.text
    assert len(rows(app, Staff)) == 1
    assert rows(app, AuditLine) == []


def test_taken_username_is_refused(app, admin):
    assert new_person(admin).status_code == 303
    page = new_person(admin, username="BINH.tran")
    assert page.status_code == 422
    assert "đã có người dùng" in page.text


def test_days_are_taken_as_people_type_them(app, admin):
    assert new_person(admin, valid_until="31/12/2026").status_code == 303
    assert rows(app, StaffGrant)[-1].valid_until.isoformat() == "2026-12-31"


def test_extra_fields_change_nothing(app, admin, office):
    new_person(admin, office.id, office_id="", staff_id="1", is_demo="1", granted_by="", password="x" * 20)
    person, grant = rows(app, Staff)[-1], rows(app, StaffGrant)[-1]
    assert (person.is_demo, person.password_hash, grant.office_id) == (False, "!", office.id)
    assert grant.granted_by == rows(app, Staff)[0].id


def test_role_ends_by_a_page_that_asks_once_more(app, admin, office):
    person = add(app, factories.staff, role="operator", office_id=office.id)
    grant = rows(app, StaffGrant)[-1]
    path = f"/staff/people/{person.id}/roles/{grant.id}/end"
    assert path in admin.get(f"/staff/people/{person.id}").text
    assert admin.send_form(path, {"last_day": ""}).status_code == 303
    assert rows(app, StaffGrant)[-1].valid_until == DAY - timedelta(days=1)
    assert admin.get(path).status_code == 404


def test_disabling_ends_an_open_session_with_its_next_request(app, admin, staff_client):
    client = staff_client("auditor")
    person = rows(app, Staff)[-1]
    assert client.get("/staff").status_code == 200
    admin.send_form(f"/staff/people/{person.id}/disable", {})
    assert client.get("/staff").status_code == 302
    assert "đã khóa" in admin.get("/staff/people").text
    admin.send_form(f"/staff/people/{person.id}", {}, to=f"/staff/people/{person.id}/enable")
    assert client.get("/staff").status_code == 302
    assert rows(app, Staff)[-1].disabled_at is None


@pytest.mark.parametrize("act", ["roles", "sign-out"])
def test_every_device_is_out_when_roles_change_or_an_administrator_says_so(app, admin, staff_client, act):
    client = staff_client("auditor")
    person = rows(app, Staff)[-1]
    if act == "roles":
        form = {"role": "analyst", "valid_from": DAY.isoformat()}
        answer = admin.send_form(f"/staff/people/{person.id}/roles/new/all", form)
    else:
        answer = admin.send_form(f"/staff/people/{person.id}", {}, to=f"/staff/people/{person.id}/sign-out")
    assert answer.status_code == 303
    assert client.get("/staff").status_code == 302


def test_own_account_offers_no_change_and_refuses_one(app, admin):
    own = rows(app, Staff)[0]
    page = admin.get(f"/staff/people/{own.id}").text
    for path in ("roles/new", "reset-link", "disable", "sign-out"):
        assert f"/staff/people/{own.id}/{path}" not in page
    refused = admin.send_form(f"/staff/people/{own.id}/disable", {})
    assert refused.status_code == 422
    assert rows(app, Staff)[0].disabled_at is None


def test_list_is_searched_by_name_without_marks_and_by_username(app, admin):
    add(app, factories.staff, full_name="Nguyễn Thị Hòa", username="hoa1")
    add(app, factories.staff, full_name="Lê Văn Đức", username="duc2")
    for search, found in (
        ("nguyen thi hoa", {"hoa1"}),
        ("duc", {"duc2"}),
        ("HOA1", {"hoa1"}),
        ("zzz", set()),
    ):
        page = admin.get("/staff/people", query_string={"q": search}).text
        assert {name for name in ("hoa1", "duc2") if f">{name}<" in page} == found


def test_list_says_who_lacks_the_second_factor_that_the_role_needs(app, admin):
    add(app, factories.staff, role="campaign_lead")
    add(app, factories.staff, role="campaign_lead", totp_secret=b"s")
    assert (
        admin.get("/staff/people").text.count("chưa bật xác thực hai bước") == 2
    )  # the admin of this test too


def test_people_of_a_province_are_those_with_a_role_in_it(app, staff_client):
    province = add(app, factories.office)
    inside = add(app, factories.staff, role="operator", office_id=province.id, username="inside")
    outside = add(app, factories.staff, role="operator", username="outside")
    page = staff_client("administrator", province.id).get("/staff/people").text
    assert f"/staff/people/{inside.id}" in page
    assert f"/staff/people/{outside.id}" not in page


def test_link_page_says_that_the_second_factor_goes(app, admin):
    person = add(app, factories.staff, role="campaign_lead", totp_secret=b"s", totp_step=1)
    path = f"/staff/people/{person.id}"
    shown = admin.send_form(path, {"clears": "y"}, to=path + "/reset-link")
    assert "tắt xác thực hai bước" in shown.text
    owner = new_client(app).get("/" + link_of(shown).split("/", 3)[3])
    assert "xác thực hai bước của tài khoản này bị tắt" in owner.text


def test_links_that_are_no_links_meet_one_page(client):
    pages = [client.get(f"/staff/reset/{token}") for token in ("x", "a" * 43, "Ông", "%00")]
    assert {page.status_code for page in pages} == {410}


@pytest.mark.parametrize(
    ("password", "again", "says"),
    [
        ("ngắn", "ngắn", "ít nhất 12 ký tự"),
        ("a" * 20, "a" * 20, "ký tự khác nhau"),
        (PASSWORD, PASSWORD + "x", "không giống nhau"),
        ("", "", "Hãy nhập mật khẩu mới."),
    ],
)
def test_link_stays_when_the_new_password_is_refused(app, admin, client, password, again, says):
    person = add(app, factories.staff, role="operator")
    path = f"/staff/people/{person.id}"
    link = "/" + link_of(admin.send_form(path, {}, to=path + "/reset-link")).split("/", 3)[3]
    page = client.send_form(link, {"password": password, "again": again})
    assert page.status_code == 422
    assert says in page.text
    assert client.get(link).status_code == 200


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_nasty_names_are_shown_as_text_or_refused(app, admin):
    nasty = [as_received(text) for text in nasty_strings("names of staff")]
    for number, text in enumerate(nasty):
        answer = new_person(admin, full_name=text, username=f"n{number}")
        assert answer.status_code in (303, 422)
    assert admin.get("/staff/people").status_code == 200
    assert "<script>alert" not in admin.get("/staff/people?q=n1").text
    assert admin.get("/staff/audit").status_code == 200
    for text in nasty[:100]:
        for path in ("/staff/people", "/staff/people/new", "/staff/audit"):
            query = {"q": text, "office": text, "person": text, "act": text, "from": text}
            assert admin.get(path, query_string=query).status_code == 200


def test_sessions_of_others_are_none_of_the_reset_links_business(app, admin, client):
    person = add(app, factories.staff, role="operator")
    path = f"/staff/people/{person.id}"
    link = "/" + link_of(admin.send_form(path, {}, to=path + "/reset-link")).split("/", 3)[3]
    client.send_form(link, {"password": PASSWORD, "again": PASSWORD})
    assert [row.staff_id for row in _sessions(app)] == [rows(app, Staff)[0].id]


def _sessions(app):
    with app.extensions["database"].reading() as session:
        return list(session.scalars(select(StaffSession)))
