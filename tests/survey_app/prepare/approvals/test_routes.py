"""The pages of what two people decide, through clients that inspect each page."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import event, select

from survey_app.models.access_point import AccessPoint
from survey_app.models.approval import Approval
from survey_app.models.campaign import Campaign
from survey_app.models.staff import Staff, StaffGrant
from tests import factories
from tests.factories import DAY, MOMENT


@pytest.fixture
def rows(app):
    with app.extensions["database"].transaction() as session:
        province = factories.office(session, kind="province", name="Tỉnh Mẫu")
        mine = factories.office(session, parent_id=province.id, name="Bộ phận Một cửa xã Hòa")
        other = factories.office(session, parent_id=province.id, name="Bộ phận Một cửa xã Khác")
        campaign = factories.campaign(session, code="tai-quay", closes_on=DAY + timedelta(days=30))
        points = [
            factories.access_point(session, campaign_id=campaign.id, office_id=office.id)
            for office in (mine, other)
        ]
    return {"province": province, "mine": mine, "other": other, "points": points}


def forgery_token(client):
    return re.search(r'name="csrf_token"[^>]*value="([^"]+)"', client.get("/staff/approvals").text)[1]


def post(client, address, **fields):
    return client.post(address, data={"csrf_token": forgery_token(client), **fields})


def stored(app, kind):
    with app.extensions["database"].reading() as session:
        return list(session.scalars(select(kind).order_by(kind.id)))


PAUSE = {"kind": "pause_codes", "campaign": "tai-quay", "reason": "Mã bị dán chồng"}


def test_manager_asks_and_lead_approves_and_the_code_rests(app, rows, staff_client):
    manager, lead = staff_client("office_manager", rows["mine"].id), staff_client("campaign_lead")
    form = manager.get("/staff/approvals/new?kind=pause_codes").text
    assert "Bộ phận Một cửa xã Hòa" in form
    assert "xã Khác" not in form
    asked = post(manager, "/staff/approvals/new", **PAUSE, office=rows["mine"].id)
    assert ["1 đề nghị cần duyệt" in one.get("/staff").text for one in (manager, lead)] == [False, True]
    page = manager.get(asked.location).text
    assert "Chờ người thứ hai duyệt; người đề nghị không tự duyệt được." in page
    assert "Rút lại đề nghị" in page
    assert stored(app, AccessPoint)[0].paused_on is None
    page = lead.get(asked.location).text
    assert "1 mã trên áp phích và màn hình sẽ tạm dừng. Phiếu đã mở" in page
    assert "1 đề nghị đang chờ người thứ hai duyệt." in lead.get("/staff/approvals").text
    decided = post(lead, asked.location + "/decide", decision="approved")
    assert "đã duyệt lúc" in lead.get(decided.location).text
    assert "cần duyệt" not in lead.get("/staff").text
    assert [point.paused_on for point in stored(app, AccessPoint)] == [DAY, None]
    assert "tạm dừng từ 10/03/2026" in manager.get("/staff/codes").text


def test_own_request_cannot_be_approved_and_says_why(app, rows, staff_client):
    manager = staff_client("office_manager", rows["mine"].id)
    asked = post(manager, "/staff/approvals/new", **PAUSE, office=rows["mine"].id)
    answer = post(manager, asked.location + "/decide", decision="approved")
    assert answer.status_code == 409
    assert "Người đề nghị không tự duyệt được." in answer.text
    assert stored(app, Approval)[0].decision is None


def test_colleague_of_the_same_office_reads_who_decides_and_cannot(app, rows, staff_client):
    mine = rows["mine"].id
    manager, colleague = staff_client("office_manager", mine), staff_client("administrator", mine)
    asked = post(manager, "/staff/approvals/new", **PAUSE, office=mine)
    name = rows["mine"].name
    assert f"có vai trò ở đơn vị cấp trên của {name}" in manager.get(asked.location).text
    page = colleague.get(asked.location).text
    assert "không bao trùm mọi đơn vị liên quan nên không quyết định được. Người quyết định:" in page
    assert 'name="decision"' not in page
    for decision in ("approved", "refused"):
        answer = post(colleague, asked.location + "/decide", decision=decision)
        assert answer.status_code == 409
        assert "Ai duyệt được thì ghi ở dưới." in answer.text
    assert stored(app, Approval)[0].decision is None
    from_above = staff_client("office_manager", rows["province"].id)
    assert post(from_above, asked.location + "/decide", decision="approved").status_code == 303
    assert stored(app, AccessPoint)[0].paused_on == DAY


def test_in_an_installation_of_one_office_a_role_over_everything_decides(app, staff_client):
    with app.extensions["database"].transaction() as session:
        point = factories.access_point(session)
        campaign = session.get_one(Campaign, point.campaign_id)
    manager, lead = staff_client("office_manager", point.office_id), staff_client("campaign_lead")
    fields = PAUSE | {"campaign": campaign.code}
    asked = post(manager, "/staff/approvals/new", **fields, office=point.office_id)
    assert post(lead, asked.location + "/decide", decision="approved").status_code == 303
    assert stored(app, AccessPoint)[0].paused_on == DAY


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_who_asked_reads_why_it_was_refused(app, rows, staff_client):
    manager, lead = staff_client("office_manager", rows["mine"].id), staff_client("campaign_lead")
    asked = post(manager, "/staff/approvals/new", **PAUSE, office=rows["mine"].id)
    assert "Lý do nếu không duyệt" in lead.get(asked.location).text
    too_long = post(lead, asked.location + "/decide", decision="refused", refusal="y" * 501)
    assert too_long.status_code == 409
    assert "y" * 501 in too_long.text
    assert "tối đa 500 ký tự" in too_long.text
    post(lead, asked.location + "/decide", decision="refused", refusal="Mã <b>vẫn ổn</b>.")
    assert "Mã &lt;b&gt;vẫn ổn&lt;/b&gt;." in manager.get(asked.location).text


LATELY = MOMENT - timedelta(hours=23)


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("whose", "changed", "words"),
    [
        ("decider", {"created_at": LATELY}, "vai trò của Ông/Bà còn quá mới"),
        ("decider", {"secured_at": LATELY}, "vai trò của Ông/Bà còn quá mới"),
        ("decider", {"valid_from": DAY}, "vai trò của Ông/Bà còn quá mới"),
        ("asker", {"created_at": LATELY}, "vai trò của người đề nghị còn quá mới"),
        ("asker", {"secured_at": LATELY}, "vai trò của người đề nghị còn quá mới"),
        ("asker", {"valid_from": DAY}, "vai trò của người đề nghị còn quá mới"),
        ("asker", {"valid_until": DAY - timedelta(days=1)}, "không còn quyền này"),
        ("asker", {"role": "operator"}, "không còn quyền này"),
        ("asker", {"disabled_at": MOMENT}, "không còn quyền này"),
    ],
)
def test_nothing_is_approved_unless_both_have_had_the_right_for_a_day(
    app, rows, staff_client, whose, changed, words
):
    manager, lead = staff_client("office_manager", rows["mine"].id), staff_client("campaign_lead")
    asked = post(manager, "/staff/approvals/new", **PAUSE, office=rows["mine"].id)
    with app.extensions["database"].transaction() as session:
        person = session.get_one(Staff, stored(app, Staff)[0 if whose == "asker" else -1].id)
        grant = session.scalars(select(StaffGrant).where(StaffGrant.staff_id == person.id)).one()
        for name, value in changed.items():
            setattr(person if hasattr(person, name) else grant, name, value)
    page = lead.get(asked.location).text
    said = words if whose == "asker" else "Ông/Bà chưa quyết định được"
    assert (said in page, 'value="approved"' in page) == (True, False), "it is said before anybody tries"
    assert ('value="refused"' in page) == (whose == "asker")
    assert ("1 đề nghị cần duyệt" in lead.get("/staff").text) == (whose == "asker")
    answer = post(lead, asked.location + "/decide", decision="approved")
    assert answer.status_code == 409
    assert words in answer.text
    assert stored(app, AccessPoint)[0].paused_on is None
    refused = post(lead, asked.location + "/decide", decision="refused")
    assert refused.status_code == (303 if whose == "asker" else 409)


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_leads_of_a_province_decide_on_the_province_and_its_managers_close_no_campaign(
    app, rows, staff_client
):
    province = rows["province"].id
    one, other = (staff_client("campaign_lead", province) for _ in range(2))
    manager = staff_client("office_manager", province)
    asked = post(manager, "/staff/approvals/new", **PAUSE, office=province)
    assert post(one, asked.location + "/decide", decision="refused").status_code == 303
    fields = {"kind": "close_early", "campaign": "tai-quay", "closes_on": "2026-03-12", "reason": "Hết mã"}
    assert post(manager, "/staff/approvals/new", **fields).status_code == 404
    asked = post(one, "/staff/approvals/new", **fields)
    assert 'name="decision"' not in manager.get(asked.location).text
    assert post(manager, asked.location + "/decide", decision="approved").status_code == 409
    assert post(other, asked.location + "/decide", decision="approved").status_code == 303


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_campaign_is_not_an_offices_own_while_it_alone_has_codes(app, rows, staff_client):
    with app.extensions["database"].transaction() as session:
        session.delete(session.get_one(AccessPoint, rows["points"][1].id))
    fields = {"kind": "close_early", "campaign": "tai-quay", "closes_on": "2026-03-12", "reason": "Hết mã"}
    for role in ("office_manager", "campaign_lead"):
        assert post(staff_client(role, rows["mine"].id), "/staff/approvals/new", **fields).status_code == 404
    assert stored(app, Approval) == []


def test_approval_and_its_effect_are_one_transaction(app, rows, staff_client):
    """What can no longer be done is not approved either."""
    manager, lead = staff_client("office_manager", rows["mine"].id), staff_client("campaign_lead")
    asked = post(manager, "/staff/approvals/new", **PAUSE, office=rows["mine"].id)
    with app.extensions["database"].transaction() as session:
        session.get_one(AccessPoint, rows["points"][0].id).revoked_on = DAY
    page = lead.get(asked.location).text
    assert ("không có gì để tạm dừng" in page, 'value="approved"' in page) == (True, False)
    assert 'value="refused"' in page
    answer = post(lead, asked.location + "/decide", decision="approved")
    assert answer.status_code == 409
    assert "không có gì để tạm dừng" in answer.text
    assert stored(app, Approval)[0].decision is None


def test_manager_can_neither_close_a_campaign_of_all_nor_see_such_a_request(app, rows, staff_client):
    manager, lead = staff_client("office_manager", rows["mine"].id), staff_client("campaign_lead")
    assert "Hãy nhờ người phụ trách chung." in manager.get("/staff/approvals/new?kind=close_early").text
    fields = {"kind": "close_early", "campaign": "tai-quay", "closes_on": "2026-03-12", "reason": "Hết mã"}
    assert post(manager, "/staff/approvals/new", **fields).status_code == 404
    asked = post(lead, "/staff/approvals/new", **fields)
    assert manager.get(asked.location).status_code == 404
    assert post(manager, asked.location + "/decide", decision="approved").status_code == 404
    assert "Không có đề nghị nào đang chờ duyệt." in manager.get("/staff/approvals").text


def test_two_leads_close_a_campaign_and_open_it_again(app, rows, staff_client, clock):
    one, other = staff_client("campaign_lead"), staff_client("administrator")
    asked = post(
        one,
        "/staff/approvals/new",
        kind="close_early",
        campaign="tai-quay",
        closes_on="2026-03-10",
        reason="Đủ phiếu",
    )
    post(other, asked.location + "/decide", decision="approved")
    assert stored(app, Campaign)[0].closes_on == DAY
    clock.advance(days=1)
    one, other = staff_client("campaign_lead"), staff_client("administrator")
    fields = {"kind": "reopen", "campaign": "tai-quay", "closes_on": "", "reason": "Kết thúc nhầm"}
    asked = post(other, "/staff/approvals/new", **fields)
    assert "không định ngày kết thúc" in one.get(asked.location).text
    post(one, asked.location + "/decide", decision="approved")
    assert stored(app, Campaign)[0].closes_on is None


@pytest.mark.parametrize(
    ("changed", "status", "words"),
    [
        ({"reason": ""}, 422, "Hãy ghi lý do."),
        ({"reason": "a" * 501}, 422, "tối đa 500 ký tự"),
        ({"reason": "\x00"}, 422, "ký tự không đọc được"),
        ({"kind": "nosuch"}, 422, "Hãy chọn việc cần làm."),
        ({"kind": "close_early", "closes_on": "12/03"}, 422, "ngày không đọc được"),
        ({"kind": "reopen", "closes_on": "9999-12-31"}, 422, "ngày không đọc được"),
        ({"kind": "close_early", "closes_on": "2020-01-01"}, 422, "Ngày đó đã qua"),
        ({"campaign": "nosuch"}, 404, ""),
        ({"office": "99999999"}, 404, ""),
        ({"office": "9" * 19}, 404, ""),
        ({"office": "x"}, 404, ""),
    ],
)
def test_bad_request_is_refused_in_words(app, rows, staff_client, changed, status, words):
    answer = post(staff_client("campaign_lead"), "/staff/approvals/new", **PAUSE | changed)
    assert answer.status_code == status
    assert words in answer.text
    assert stored(app, Approval) == []


def test_foreign_office_looks_like_one_that_does_not_exist(app, rows, staff_client):
    manager = staff_client("office_manager", rows["mine"].id)
    pages = [
        post(manager, "/staff/approvals/new", **PAUSE, office=office)
        for office in (rows["other"].id, rows["province"].id, 999999)
    ]
    assert [page.status_code for page in pages] == [404] * 3
    assert stored(app, Approval) == []


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_invitations_that_would_rest_are_counted_apart_from_codes(app, rows, staff_client):
    with app.extensions["database"].transaction() as session:
        given = {"campaign_id": rows["points"][0].campaign_id, "office_id": rows["mine"].id}
        point = factories.access_point(session, **given, way_in="invitation", provenance="B")
        factories.invitation_batch(session, access_point_id=point.id, n_issued=30)
    lead = staff_client("campaign_lead")
    assert "Ai có thư mời" in lead.get("/staff/approvals/new?kind=pause_codes").text
    page = lead.get(post(lead, "/staff/approvals/new", **PAUSE).location).text
    assert "2 mã trên áp phích và màn hình sẽ tạm dừng." in page
    assert "30 thư mời, tin nhắn mời, phiếu mời đã phát hành cũng sẽ tạm dừng" in page


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_only_surveys_to_which_it_can_be_done_are_offered(app, rows, staff_client):
    with app.extensions["database"].transaction() as session:
        for code, closes_on in (("chua-co-ma", None), ("da-xong", DAY - timedelta(days=1))):
            factories.campaign(session, code=code, closes_on=closes_on)
    lead = staff_client("campaign_lead")

    def offered(kind, named=""):
        page = lead.get(f"/staff/approvals/new?kind={kind}&campaign={named}").text
        return set(re.findall(r'<option value="([a-z-]+)"', page)) - {"all"}

    assert offered("pause_codes") == {"tai-quay"}
    assert offered("close_early") == {"tai-quay", "chua-co-ma"}
    assert offered("reopen") == {"da-xong"}
    assert offered("resume_codes") == set()
    page = lead.get("/staff/approvals/new?kind=resume_codes").text
    assert "Hiện không có cuộc khảo sát nào làm được việc này." in page
    # A page that names another one must not end in a request about the first of the list.
    assert offered("pause_codes", "da-xong") == {"tai-quay", "da-xong"}
    refused = post(lead, "/staff/approvals/new", **PAUSE | {"campaign": "da-xong"})
    assert refused.status_code == 422
    assert "Cuộc khảo sát đã kết thúc rồi." in refused.text


@pytest.mark.parametrize("role", ["analyst", "operator", "auditor"])
def test_roles_that_do_not_decide_find_no_page(rows, staff_client, role):
    client = staff_client(role)
    for address in ("/staff/approvals", "/staff/approvals/new", "/staff/approvals/1"):
        assert client.get(address).status_code == 404


def test_pages_speak_english(rows, staff_client):
    lead = staff_client("campaign_lead")
    asked = post(lead, "/staff/approvals/new", **PAUSE)
    assert "Waiting for a second person" in lead.get(asked.location + "?lang=en").text
    assert "Pause codes" in lead.get("/staff/approvals?lang=en").text


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_long_list_asks_the_database_no_more_than_a_short_one(app, rows, staff_client):
    lead, asked = staff_client("campaign_lead"), []
    lead.get("/staff/approvals")  # reads all offices, which are known from then on

    @event.listens_for(app.extensions["database"].engine, "before_cursor_execute")
    def _note(_connection, _cursor, statement, *_others):
        asked.append(statement)

    lead.get("/staff")  # which reads the offices, and keeps them
    lengths = []
    for office in (rows["mine"], rows["other"], rows["province"], None):
        with app.extensions["database"].transaction() as session:
            campaign_id = factories.campaign(session).id if office is None else rows["points"][0].campaign_id
            for _ in range(2):
                place = {"campaign_id": campaign_id, "office_id": office.id if office else None}
                factories.approval(session, **place)
        for path in ("/staff/approvals", "/staff"):
            asked.clear()
            assert lead.get(path).status_code == 200
            lengths.append((path, len(asked)))
    # What concerns whole campaigns takes one look at where their codes are, however many these are.
    first, last = dict(lengths[:2]), dict(lengths[-2:])
    assert {path: last[path] - first[path] for path in first} == {"/staff/approvals": 1, "/staff": 1}
    assert dict(lengths[4:6]) == first
