"""The audit log: its filters, its scope, its pages, and words for every act that the service writes."""

import ast
import re
from collections import defaultdict
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from survey_app.accounts.audit.forms import act_names
from survey_app.accounts.audit.listing import LINES_A_PAGE
from survey_app.models import publishing
from survey_app.models.staff import Staff
from survey_app.prepare.approvals import acts
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
    return {what for what in ("gần", "xa", "chung") if f'lang="vi">{what}</span>' in page.text}


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


def test_english_page_says_that_lines_are_kept_in_vietnamese(staff_client, lines):
    page = staff_client("administrator").get("/staff/audit?lang=en").text
    assert ('lang="vi">gần<' in page, "the log is kept in Vietnamese" in page) == (True, True)


def test_empty_log_says_so(staff_client):
    assert "Chưa ghi nhận thao tác nào" in staff_client("auditor").get("/staff/audit").text


WRITES = {
    "note",
    "note_over",
    "note_command",
    "note_visit",
    "write",
    "write_about",
    "_log",
    "_only_this_session",
}
AN_ACT = re.compile(r"[a-z_]+\.[a-z_]+")


def acts_in_sources():
    """Find the act of each call of note() and its like: as a word, or by the name of a constant."""
    nodes = [node for path in APP.rglob("*.py") for node in ast.walk(ast.parse(path.read_text("utf-8")))]
    constants = defaultdict(set)
    for node in nodes:
        if isinstance(node, ast.Assign):
            _keep_constants(constants, node)
    calls = (node for node in nodes if isinstance(node, ast.Call) and _name(node.func) in WRITES)
    for argument in (argument for call in calls for argument in call.args):
        yield from _words(argument) | constants[_name(argument)]


def _keep_constants(constants, node):
    for target in node.targets:
        pairs = [(target, node.value)]
        if isinstance(target, ast.Tuple):
            pairs = zip(target.elts, getattr(node.value, "elts", []), strict=False)
        for name, value in pairs:
            constants[_name(name)] |= _words(value)


def _name(node):
    return getattr(node, "attr", getattr(node, "id", ""))


def _words(node):
    if isinstance(node, ast.IfExp):
        return _words(node.body) | _words(node.orelse)
    is_act = isinstance(node, ast.Constant) and AN_ACT.fullmatch(str(node.value))
    return {node.value} if is_act else set()


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_every_act_has_its_words(app):
    with app.test_request_context():
        names = act_names()
    written = set(acts_in_sources())
    assert {"people.grant", "samples.list", "publications.hand_over", "dossiers.set"} <= written
    written |= {f"campaigns.{kind}" for kind in acts.KINDS if kind != publishing.KIND}  # by acts.carry_out
    written |= {f"approvals.{state}" for state in ("approved", "refused", "withdrawn")}
    assert not written - set(names), "name these acts in accounts/audit/forms.py"


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_acts_are_listed_by_when_they_were_done_and_pages_follow(app, staff_client):
    """A job that catches up writes down what was agreed long ago."""
    for number in range(LINES_A_PAGE):
        factory = {"at": MOMENT - timedelta(days=number), "act": "people.grant", "what": f"việc {number}."}
        add(app, factories.audit_line, **factory)
    add(app, factories.audit_line, at=MOMENT - timedelta(days=100), act="people.grant", what="thật cũ")
    add(app, factories.audit_line, at=MOMENT + timedelta(hours=1), act="people.grant", what="thật mới")
    admin = staff_client("administrator")
    first = admin.get("/staff/audit?act=people.grant").text
    assert first.index("thật mới") < first.index("việc 0.") < first.index("việc 1.")
    assert "thật cũ" not in first
    before = re.search(r"before=(\d+)", first)[1]
    second = admin.get(f"/staff/audit?act=people.grant&before={before}").text
    assert second.index(f"việc {LINES_A_PAGE - 1}.") < second.index("thật cũ")
    assert f"việc {LINES_A_PAGE - 2}." not in second


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_codes_in_a_line_are_told_by_name(app, staff_client):
    with app.extensions["database"].transaction() as session:
        factories.campaign(session, code="do-2026", title="Đo lường 2026", title_en="Measurement 2026")
        factories.campaign(session, code="400", title="Khảo sát bốn trăm")
        for code in ("X1", "X2", "X4"):
            factories.office(session, code=code, name=f"Xã {code}")
        for username, full_name in (("an", "Nguyễn Văn An"), ("binh", "Trần Thị Bình")):
            factories.staff(session, username=username, full_name=full_name)
        for act, what in (
            ("samples.draw", "do-2026: rút mẫu 877dff1bd6ec, 400 hồ sơ chính. Lý do: an, 400"),
            ("people.grant", "an: trưởng đơn vị, Xã Gần"),
            ("approvals.ask", "Đề nghị 1: Sáp nhập đơn vị, X1, X2 → X3, từ 01/01/2027. Lý do: X4"),
            ("offices.move", "X1 Xã Gần: X4 → X2, từ 01/01/2027"),
            ("publications.publish", "x: bản công bố số 3, đề nghị 1 (an đề nghị, binh duyệt)"),
        ):
            factories.audit_line(session, act=act, what=what)
    admin = staff_client("administrator")

    def named(act, language="vi"):
        page = admin.get(f"/staff/audit?act={act}&lang={language}").text
        return page.partition('<span class="row-more">')[2].partition("<span")[0].split("<br>")[:-1]

    assert named("samples.draw") == ["Đo lường 2026"]
    assert named("samples.draw", "en") == ["Measurement 2026"]
    assert named("approvals.ask") == ["Xã X1", "Xã X2"]
    assert named("offices.move") == ["Xã X4", "Xã X2"]
    assert named("people.grant") == ["Nguyễn Văn An"]
    assert named("publications.publish") == ["Nguyễn Văn An", "Trần Thị Bình"]


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_auditor_reads_names_of_people_within_reach_alone(app, staff_client, lines):
    with app.extensions["database"].transaction() as session:
        there = factories.office(session)
        for username, role, office_id in (
            ("here", "operator", lines.id),
            ("above", "administrator", None),
            ("away", "operator", there.id),
        ):
            factories.staff(session, role, office_id, username=username, full_name=f"Người {username}")
        for asker, decider in (("here", "above"), ("away", "here")):
            what = f"x: bản công bố số 3, đề nghị 1 ({asker} đề nghị, {decider} duyệt)"
            factories.audit_line(session, act="publications.publish", what=what, office_id=lines.id)
    page = staff_client("auditor", lines.id).get("/staff/audit?act=publications.publish").text
    assert "Người here<br>Người above<br>" in page
    assert "Người away" not in page
    assert "Người away" in staff_client("administrator").get("/staff/audit").text


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
