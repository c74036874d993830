"""The pages of what two people decide, through clients that inspect each page."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from survey_app.models.access_point import AccessPoint
from survey_app.models.approval import Approval
from survey_app.models.campaign import Campaign
from survey_app.models.staff import Staff
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


PAUSE = {"kind": "pause_codes", "campaign": "tai-quay", "reason": "Mã bị dán đè"}


def test_manager_asks_and_lead_approves_and_the_code_rests(app, rows, staff_client):
    manager, lead = staff_client("office_manager", rows["mine"].id), staff_client("campaign_lead")
    form = manager.get("/staff/approvals/new?kind=pause_codes").text
    assert "Bộ phận Một cửa xã Hòa" in form
    assert "xã Khác" not in form
    asked = post(manager, "/staff/approvals/new", **PAUSE, office=rows["mine"].id)
    page = manager.get(asked.location).text
    assert "Chờ người thứ hai duyệt; người đề nghị không tự duyệt được." in page
    assert "Rút lại đề nghị" in page
    assert stored(app, AccessPoint)[0].paused_on is None
    page = lead.get(asked.location).text
    assert "1 mã sẽ tạm dừng." in page
    assert "1 đề nghị đang chờ người thứ hai duyệt." in lead.get("/staff/approvals").text
    decided = post(lead, asked.location + "/decide", decision="approved")
    assert "đã duyệt lúc" in lead.get(decided.location).text
    assert [point.paused_on for point in stored(app, AccessPoint)] == [DAY, None]
    assert "tạm dừng từ 10/03/2026" in manager.get("/staff/codes").text


def test_own_request_cannot_be_approved_and_says_why(app, rows, staff_client):
    manager = staff_client("office_manager", rows["mine"].id)
    asked = post(manager, "/staff/approvals/new", **PAUSE, office=rows["mine"].id)
    answer = post(manager, asked.location + "/decide", decision="approved")
    assert answer.status_code == 409
    assert "Người đề nghị không tự duyệt được." in answer.text
    assert stored(app, Approval)[0].decision is None


def test_account_of_today_cannot_decide(app, rows, staff_client):
    manager, lead = staff_client("office_manager", rows["mine"].id), staff_client("campaign_lead")
    asked = post(manager, "/staff/approvals/new", **PAUSE, office=rows["mine"].id)
    with app.extensions["database"].transaction() as session:
        session.get_one(Staff, stored(app, Staff)[-1].id).created_at = MOMENT - timedelta(hours=23)
    answer = post(lead, asked.location + "/decide", decision="approved")
    assert answer.status_code == 409
    assert "chưa đủ 24 giờ" in answer.text
    assert stored(app, AccessPoint)[0].paused_on is None


def test_approval_and_its_effect_are_one_transaction(app, rows, staff_client):
    """What can no longer be done is not approved either."""
    manager, lead = staff_client("office_manager", rows["mine"].id), staff_client("campaign_lead")
    asked = post(manager, "/staff/approvals/new", **PAUSE, office=rows["mine"].id)
    with app.extensions["database"].transaction() as session:
        session.get_one(AccessPoint, rows["points"][0].id).revoked_on = DAY
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
