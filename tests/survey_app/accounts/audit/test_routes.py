"""The audit log: its filters, its scope, its pages, and words for every act that the service writes."""

import ast
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from survey_app.accounts.audit.forms import act_names
from survey_app.accounts.audit.listing import LINES_A_PAGE
from survey_app.models.staff import Staff
from tests import factories
from tests.factories import MOMENT

APP = Path(__file__).parents[4] / "survey_app"


def add(app, builder, **given):
    with app.extensions["database"].transaction() as session:
        return builder(session, **given)


@pytest.fixture
def lines(app):
    """Three lines: of two people, over two offices and none, on two days."""
    here, there = add(app, factories.office, name="Xã Gần"), add(app, factories.office, name="Xã Đông")
    an, binh = add(app, factories.staff, username="an"), add(app, factories.staff, username="binh")
    add(app, factories.audit_line, staff_id=an.id, act="people.grant", what="gần", office_id=here.id)
    add(app, factories.audit_line, staff_id=binh.id, act="people.disable", what="xa", office_id=there.id)
    add(app, factories.audit_line, staff_id=None, what="chung", at=MOMENT + timedelta(days=1))
    return here


def shown(client, **query):
    page = client.get("/staff/audit", query_string=query)
    assert page.status_code == 200
    return {what for what in ("gần", "xa", "chung") if f'<span class="address">{what}</span>' in page.text}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, {"gần", "xa", "chung"}),
        ({"act": "people.grant"}, {"gần"}),
        ({"act": "no.such"}, set()),
        ({"person": " AN "}, {"gần"}),
        ({"person": "nobody"}, set()),
        ({"office": "xa gan"}, {"gần"}),
        ({"from": "2026-03-11"}, {"chung"}),
        ({"until": "2026-03-10"}, {"gần", "xa"}),
        ({"from": "2026-03-10", "until": "2026-03-10", "person": "binh"}, {"xa"}),
        ({"from": "hôm qua", "until": "9999-99-99", "before": "x"}, {"gần", "xa", "chung"}),
        ({"before": str(2**63)}, {"gần", "xa", "chung"}),
    ],
)
def test_filters_narrow_the_log(staff_client, lines, query, found):
    assert shown(staff_client("administrator"), **query) == found


def test_auditor_of_one_office_sees_its_lines_alone(staff_client, lines):
    auditor = staff_client("auditor", lines.id)
    assert shown(auditor) == {"gần"}
    assert shown(auditor, office="dong") == set()
    assert shown(auditor, person="binh") == set()
    assert "chỉ hiện các thao tác" in auditor.get("/staff/audit").text


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_auditor_of_one_office_sees_what_its_people_do_to_their_accounts(app, staff_client, lines):
    for username, act in (("an", "account.password"), ("an", "fields.add"), ("binh", "account.password")):
        with app.extensions["database"].transaction() as session:
            person = session.scalars(select(Staff).where(Staff.username == username)).one()
            if username == "an":
                factories.staff_grant(session, staff_id=person.id, role="operator", office_id=lines.id)
            factories.audit_line(session, staff_id=person.id, act=act, what=f"{username} {act}")
    page = staff_client("auditor", lines.id).get("/staff/audit").text
    assert "an account.password" in page
    assert "an fields.add" not in page
    assert "binh account.password" not in page
    assert "an account.password" not in staff_client("auditor", lines.id).get("/staff/audit?office=gan").text


def test_lines_come_a_page_at_a_time_the_newest_first(app, staff_client):
    for number in range(LINES_A_PAGE + 5):
        add(app, factories.audit_line, what=f"việc {number}.", act="people.grant")
    admin = staff_client("administrator")
    first = admin.get("/staff/audit?act=people.grant").text
    assert f"việc {LINES_A_PAGE + 4}." in first
    assert "việc 4." not in first
    before = first.partition("before=")[2].partition('"')[0].partition("&")[0]
    second = admin.get(f"/staff/audit?act=people.grant&before={before}").text
    assert all(f"việc {number}." in second for number in range(5))
    assert "việc 5." not in second
    assert "before=" not in second.partition('<nav class="pages"')[2]


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_act_over_several_offices_is_one_and_is_not_cut_between_pages(app, staff_client):
    with app.extensions["database"].transaction() as session:
        offices = [factories.office(session, name=f"Xã {name}").id for name in ("Một", "Hai", "Ba")]
        for office_id in offices:
            factories.audit_line(session, act="offices.merge", what="X1, X2 → X3", office_id=office_id)
        for number in range(LINES_A_PAGE - 1):
            factories.audit_line(session, act="offices.end", what=f"việc {number}")
    admin = staff_client("administrator")
    assert "X1, X2 → X3" not in admin.get("/staff/audit?act=").text
    whole = admin.get("/staff/audit?act=offices.merge").text
    assert whole.count("X1, X2 → X3") == 1
    assert "Xã Một; Xã Hai; Xã Ba" in whole


def test_empty_log_says_so(staff_client):
    assert "Chưa ghi nhận thao tác nào" in staff_client("auditor").get("/staff/audit").text


def acts_in_sources():
    """Find the act of each call of note() and its like, where it stands as a word."""
    for path in APP.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "attr", getattr(node.func, "id", ""))
                if name in {
                    "note",
                    "note_over",
                    "note_command",
                    "write",
                    "write_about",
                    "_only_this_session",
                }:
                    yield from _words(node)


def _words(call):
    for argument in call.args:
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
            room, dot, act = argument.value.partition(".")
            if dot and (room + act).replace("_", "").isalpha():
                yield argument.value


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_every_act_has_its_words(app):
    with app.test_request_context():
        names = act_names()
    assert "people.grant" in set(acts_in_sources())
    assert not set(acts_in_sources()) - set(names), "name these acts in accounts/audit/forms.py"


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_acts_stand_in_the_order_of_their_words(staff_client):
    page = staff_client("auditor").get("/staff/audit").text
    words = (
        "đăng xuất khỏi mọi thiết bị",
        "giao vai trò",
        "kết thúc vai trò",
        "khóa tài khoản",
        "xuất dữ liệu phiếu",
    )
    places = [page.index(f">{one}</option>") for one in words]
    assert places == sorted(places)
