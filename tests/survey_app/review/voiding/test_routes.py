"""The pages of voiding, through clients that inspect each page."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import event, func, select

from survey_app.models.approval import Approval
from survey_app.models.campaign import Campaign
from survey_app.models.response import OVER_BUDGET, Response
from tests import factories
from tests.factories import DAY
from tests.survey_app.publish.counter_feedback import receive


@pytest.fixture
def rows(app):
    """Two offices, a flooded poster at one and a quiet one at the other."""
    with app.extensions["database"].transaction() as session:
        campaign = factories.campaign(session, code="tai-quay")
        found = {}
        for name in ("mine", "other"):
            office = factories.office(session, name=f"Bộ phận Một cửa xã {name}")
            counter = factories.counter(session, office_id=office.id, label=f"Quầy {name}")
            point = factories.access_point(
                session, campaign_id=campaign.id, office_id=office.id, counter_id=counter.id
            )
            receive(session, point, 6)
            found |= {name: office, f"{name}_point": point}
        for row in session.scalars(select(Response)):
            row.review_mark = OVER_BUDGET
    return found


@pytest.fixture
def manager(rows, staff_client):
    return staff_client("office_manager", rows["mine"].id)


def forgery_token(client):
    return re.search(r'name="csrf_token"[^>]*value="([^"]+)"', client.get("/staff/approvals").text)[1]


def post(client, address, **fields):
    return client.post(address, data={"csrf_token": forgery_token(client), **fields})


def asked_for(rows, **changed):
    return {
        "office": rows["mine"].id,
        "campaign": "tai-quay",
        "point": rows["mine_point"].id,
        "first_day": DAY.isoformat(),
        "last_day": DAY.isoformat(),
        "reason": "Một người gửi nhiều phiếu",
    } | changed


def n_voided(app):
    with app.extensions["database"].reading() as session:
        return session.scalar(select(func.count()).where(Response.approval_id.is_not(None)))


def test_flooded_day_leads_to_a_request_and_another_person_voids_it(app, rows, manager, staff_client):
    days = manager.get("/staff/review/days").text
    (address,) = re.findall(r'href="(/staff/review/voiding/new[^"]+)"', days)
    form = manager.get(address.replace("&amp;", "&")).text
    assert f'value="{rows["mine_point"].id}" checked' in form
    assert form.count(f'value="{DAY.isoformat()}"') == 2
    looked = post(manager, "/staff/review/voiding/new", **asked_for(rows), look="yes")
    assert "6 phiếu sẽ không còn được tính." in form
    waits = (
        "các phiếu còn lại cùng nhóm có thể phải chờ, không tính cho đến khi quầy của chúng có đủ 5 phiếu mới"
    )
    assert waits in form
    assert (looked.status_code, "6 phiếu sẽ không còn được tính." in looked.text) == (200, True)
    asked = post(manager, "/staff/review/voiding/new", **asked_for(rows))
    page = manager.get(asked.location).text
    assert "Chờ người thứ hai duyệt" in page
    assert "6 phiếu sẽ không còn được tính." in page
    assert n_voided(app) == 0
    lead = staff_client("campaign_lead")
    listed = lead.get("/staff/approvals").text
    assert asked.location in listed
    assert lead.get(asked.location.replace("review/voiding", "approvals")).location == asked.location
    decided = post(lead, asked.location + "/decide", decision="approved")
    told = lead.get(decided.location).text
    assert "Đã loại 6 phiếu của những ngày này, có lý do, hai người duyệt." in told
    assert (waits in page, waits in told, n_voided(app)) == (True, True, 6)
    assert "Quầy mine" not in manager.get("/staff/review/days").text
    assert asked.location in manager.get("/staff/review/days?seen=yes").text


def test_a_refused_request_and_an_annual_survey_promise_no_waiting(app, rows, manager, staff_client):
    asked = post(manager, "/staff/review/voiding/new", **asked_for(rows))
    refused = {"decision": "refused", "why": "Đã hỏi: đúng là có người đến"}
    lead = staff_client("campaign_lead")
    assert post(lead, asked.location + "/decide", **refused).status_code == 303
    assert "có thể phải chờ" not in lead.get(asked.location).text
    with app.extensions["database"].transaction() as session:
        campaign = session.get_one(Campaign, rows["mine_point"].campaign_id)
        campaign.kind, campaign.closes_on = "annual", DAY + timedelta(days=30)
    looked = post(manager, "/staff/review/voiding/new", **asked_for(rows), look="yes").text
    assert ("6 phiếu sẽ không còn được tính." in looked, "có thể phải chờ" in looked) == (True, False)


def test_who_asked_cannot_approve(app, rows, manager):
    asked = post(manager, "/staff/review/voiding/new", **asked_for(rows))
    answer = post(manager, asked.location + "/decide", decision="approved")
    assert answer.status_code == 409
    assert "Người đề nghị không tự duyệt được." in answer.text
    assert n_voided(app) == 0


@pytest.mark.parametrize(
    ("changed", "status", "words"),
    [
        ({"reason": " "}, 422, "Hãy ghi lý do."),
        ({"point": ""}, 422, "Hãy đánh dấu ít nhất một điểm lấy ý kiến."),
        ({"first_day": "x"}, 422, "ngày không đọc được"),
        ({"last_day": "2026-03-11"}, 422, "các ngày đến hết hôm nay"),
        ({"first_day": "2026-03-01", "last_day": "2026-03-02"}, 422, "không có phiếu nào"),
        ({"last_day": "2026-03-09"}, 422, "Ngày cuối trước ngày đầu."),
        ({"campaign": "nosuch"}, 404, ""),
        ({"office": "9" * 19}, 404, ""),
        ({"point": "9" * 19}, 404, ""),
    ],
)
def test_bad_request_is_refused_in_words(app, rows, manager, changed, status, words):
    answer = post(manager, "/staff/review/voiding/new", **asked_for(rows, **changed))
    assert answer.status_code == status
    assert words in answer.text


def test_foreign_points_and_offices_look_missing(app, rows, manager):
    foreign = [
        asked_for(rows, point=rows["other_point"].id),
        asked_for(rows, office=rows["other"].id, point=rows["other_point"].id),
    ]
    for fields in foreign:
        assert post(manager, "/staff/review/voiding/new", **fields).status_code == 404
    for query in (f"point={rows['other_point'].id}", f"office={rows['other'].id}", f"point={2**63}"):
        assert manager.get(f"/staff/review/voiding/new?{query}").status_code == 404
    with app.extensions["database"].reading() as session:
        assert session.scalars(select(Approval)).all() == []


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_foreign_and_missing_cost_the_same_queries(app, rows, manager):
    with app.extensions["database"].transaction() as session:
        other, campaign_id = rows["other"].id, rows["other_point"].campaign_id
        foreign = [
            factories.approval(session, campaign_id=campaign_id, office_id=office_id).id
            for office_id in (other, None)  # of another office, and of the whole campaign
        ]
    statements = []
    manager.get("/staff/approvals")  # reads all offices, which are known from then on

    @event.listens_for(app.extensions["database"].engine, "before_cursor_execute")
    def keep(_connection, _cursor, statement, *_rest):
        statements.append(statement)

    def asked(address):
        statements.clear()
        assert manager.get(address).status_code == 404
        return [*statements]

    for room in ("/staff/approvals", "/staff/review/voiding"):
        missing = asked(f"{room}/999")
        assert missing
        assert [asked(f"{room}/{number}") for number in foreign] == [missing, missing]
    of_point = "/staff/review/voiding/new?point="
    assert asked(f"{of_point}{rows['other_point'].id}") == asked(f"{of_point}999999")


def test_request_of_another_office_or_kind_looks_missing(app, rows, manager):
    with app.extensions["database"].transaction() as session:
        pause = factories.approval(session, office_id=rows["mine"].id)
        arguments = {"access_point_ids": [rows["other_point"].id]}
        arguments |= {"first_day": DAY.isoformat(), "last_day": DAY.isoformat()}
        foreign = factories.approval(
            session,
            kind="void_responses",
            office_id=rows["other"].id,
            campaign_id=rows["other_point"].campaign_id,
            arguments=arguments,
        )
    for number in (pause.id, foreign.id, 999, 2**40):
        assert manager.get(f"/staff/review/voiding/{number}").status_code == 404
        answer = post(manager, f"/staff/review/voiding/{number}/decide", decision="approved")
        assert answer.status_code == 404
    assert n_voided(app) == 0


def test_office_is_found_by_name_without_marks(rows, staff_client):
    lead = staff_client("campaign_lead")
    page = lead.get("/staff/review/voiding/new?q=OTHER").text
    assert "xã other" in page
    assert "xã mine" not in page
    assert "Không tìm thấy “zzz”. Thử bớt chữ." in lead.get("/staff/review/voiding/new?q=zzz").text


def test_office_of_several_surveys_is_asked_which_one(app, rows, manager):
    with app.extensions["database"].transaction() as session:
        newer = factories.campaign(session, code="moi", title="Đo lường mới", opens_on=DAY)
        factories.access_point(session, campaign_id=newer.id, office_id=rows["mine"].id)
    address = f"/staff/review/voiding/new?office={rows['mine'].id}"
    page = manager.get(address).text
    assert "Phiếu thuộc cuộc khảo sát nào" in page
    assert 'name="point"' not in page, "none is chosen for anybody"
    links = re.findall(r'href="(/staff/review/voiding/new[^"]+)"', page)
    assert len(links) == 2
    chosen = manager.get(f"{address}&campaign=tai-quay").text
    assert 'name="campaign" value="tai-quay"' in chosen


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_page_offers_no_approval_once_nothing_is_left_to_void(app, rows, manager, staff_client):
    lead = staff_client("campaign_lead")
    first = post(manager, "/staff/review/voiding/new", **asked_for(rows)).location
    days = {"first_day": (DAY - timedelta(days=1)).isoformat()}
    second = post(manager, "/staff/review/voiding/new", **asked_for(rows, **days)).location
    assert 'value="approved"' in lead.get(second).text
    assert post(lead, f"{first}/decide", decision="approved").status_code == 303
    page = lead.get(second).text
    assert "các phiếu đều đã bị loại" in page
    assert ('value="approved"' in page, 'value="refused"' in page) == (False, True)
    assert post(lead, f"{second}/decide", decision="approved").status_code == 409
    assert "Lúc này không duyệt được" not in lead.get(first).text, "what is decided is over"


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_page_of_a_survey_leads_to_the_offices_that_take_part_in_it(app, rows, staff_client):
    with app.extensions["database"].transaction() as session:
        again = factories.campaign(session, code="lan-sau", kind="annual", closes_on=DAY)
        point = factories.access_point(session, campaign_id=again.id, office_id=rows["mine"].id)
        factories.access_point_day(session, access_point_id=point.id)
        empty = factories.campaign(session, code="chua-co-ma")
    lead = staff_client("campaign_lead")
    for campaign, code, named in (
        (rows["mine_point"].campaign_id, "", ["mine", "other"]),
        (again.id, "", ["mine"]),
        (empty.id, "chua-co-ma", []),  # of which there is nothing to void
    ):
        page = lead.get(f"/staff/campaigns/{campaign}").text
        addresses = re.findall(r'href="(/staff/review/voiding/new[^"]+)"', page)
        assert len(addresses) == (0 if code else 1)
        offices = lead.get(addresses[0] if addresses else f"/staff/review/voiding/new?campaign={code}").text
        assert re.findall(r"Bộ phận Một cửa xã (\w+)", offices) == named
        assert ("có mã hay thư mời của cuộc khảo sát này" in offices) == (not named)
    offices = lead.get("/staff/review/voiding/new?campaign=lan-sau&q=mine").text
    assert 'type="hidden" name="campaign" value="lan-sau"' in offices
    (form,) = re.findall(r'href="(/staff/review/voiding/new\?office[^"]+)"', offices)
    assert lead.get(form.replace("&amp;", "&")).status_code == 200


@pytest.mark.parametrize("role", ["analyst", "operator", "auditor"])
def test_roles_that_do_not_decide_find_no_page_and_no_link(rows, staff_client, role):
    client = staff_client(role)
    assert client.get("/staff/review/voiding/new").status_code == 404
    assert "/staff/review/voiding" not in client.get("/staff/review/days").text
