"""The list of campaigns, the form of a new one, and the road, through clients that inspect each page."""

import re
from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import select

from survey_app.models.audit import AuditLine
from survey_app.models.campaign import Campaign
from survey_app.models.job import enqueue
from survey_app.models.plan import Plan
from survey_app.models.plan_document import Calendar, PlanDocument, Population, Publishing
from survey_app.models.publishing import HAND_OVER_JOB, note_report
from tests import factories

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
NEW = "/staff/campaigns/new"
TYPED = {
    "code": "do-luong-2026",
    "title": "Đo lường năm 2026",
    "title_en": "Measurement 2026",
    "tops": "T",
    "sampling_basis": "probability",
    "instrument_code": "small",
    "opens_on": "01/11/2026",
    "closes_on": "30/11/2026",
    "controller_name": "Sở Nội vụ",
    "controller_address": "số 1",
    "controller_phone": "0200",
    "retention_years": "5",
    "after": "",
}


@pytest.fixture
def provinces(database):
    with database.transaction() as session:
        factories.instrument_version(session, factories.definition("small"))
        return {
            code: factories.office(session, code=code, kind="province", name=f"Tỉnh {code}") for code in "TU"
        }


@pytest.fixture
def lead(provinces, staff_client):
    return staff_client("campaign_lead", provinces["T"].id)


def measured(session, tops, **given):
    named = {"kind": "annual", "opens_on": date(2025, 11, 1), "closes_on": date(2025, 11, 30)}
    campaign = factories.campaign(session, **named | given)
    plan = PlanDocument(
        population=Population(tops=tops, settled_from=date(2025, 1, 1)),
        publication=Publishing(target=0.9),
        seed="x",
        calendar=Calendar(publication_by=date(2026, 2, 1)),
    )
    factories.campaign_plan(session, campaign_id=campaign.id, document_json=plan.to_json())
    return campaign


def test_campaign_is_created_with_the_first_draft_of_its_plan(app, provinces, lead):
    page = lead.send_form(NEW, TYPED)
    assert page.status_code == 303
    page = lead.get(page.location)
    assert "Việc tiếp theo: sửa" in page.text
    with app.extensions["database"].reading() as session:
        campaign = session.scalars(select(Campaign)).one()
        assert (campaign.kind, campaign.closes_on) == ("annual", date(2026, 11, 30))
        document = session.get_one(Plan, campaign.id).document
        assert document.population.tops == ("T",)
        assert document.calendar.fieldwork_from == date(2026, 11, 1)
        line = session.scalars(select(AuditLine).where(AuditLine.act == "campaigns.create")).one()
        assert (line.what, line.office_id) == ("do-luong-2026", provinces["T"].id)


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("code", "Đo lường"),
        ("title", ""),
        ("title_en", "a" * 201),
        ("tops", []),
        ("tops", "U"),
        ("tops", "all"),
        ("sampling_basis", "opt_in"),
        ("instrument_code", "no-such"),
        ("opens_on", "31/02/2026"),
        ("closes_on", ""),
        ("closes_on", "01/10/2026"),
        ("retention_years", "−1"),
        ("retention_years", "999"),
        ("after", "no-such"),
        ("controller_name", "a\u202eb"),
        ("code", "a\x00b"),
        ("after", "a\x00b"),
        ("instrument_code", "a\x00b"),
    ],
)
def test_what_cannot_be_created_is_said_at_its_field(app, lead, field, typed):
    page = lead.send_form(NEW, TYPED | {field: typed})
    assert page.status_code == 422
    assert f'id="{field}-error"' in page.text
    with app.extensions["database"].reading() as session:
        assert session.scalars(select(Campaign)).all() == []


def test_clone_takes_last_years_plan_along_a_year_later(app, lead, database):
    with database.transaction() as session:
        last = measured(session, ("T",), code="do-luong-2025", title="Đo lường năm 2025", title_en="M 2025")
        code = session.get_one(Campaign, last.id).code
    page = lead.get(f"{NEW}?from={last.id}")
    for said in ("do-luong-2026", "Đo lường năm 2026", "01/11/2026", "30/11/2026"):
        assert f'value="{said}"' in page.text
    page = lead.send_form(f"{NEW}?from={last.id}", TYPED | {"after": code})
    assert page.status_code == 303
    with app.extensions["database"].reading() as session:
        campaign = session.scalars(select(Campaign).where(Campaign.code == "do-luong-2026")).one()
        document = session.get_one(Plan, campaign.id).document
    assert campaign.previous_id == last.id
    assert campaign.target == document.publication.target == 0.9
    assert document.population.settled_from == date(2026, 1, 1)
    assert document.calendar == Calendar(
        fieldwork_from=date(2026, 11, 1), fieldwork_until=date(2026, 11, 30), publication_by=date(2027, 2, 1)
    )
    assert document.seed is None


def test_clone_does_not_say_who_is_measured_in_last_years_words(app, lead, database):
    described = "Người dân có hồ sơ giải quyết trong quý IV/2025"
    with database.transaction() as session:
        last = measured(session, ("T",), code="do-luong-2025")
        freeze(session, last, described)
    road = lead.send_form(f"{NEW}?from={last.id}", TYPED | {"after": "do-luong-2025"}).location
    with app.extensions["database"].reading() as session:
        campaign = session.scalars(select(Campaign).where(Campaign.code == "do-luong-2026")).one()
        assert session.get_one(Plan, campaign.id).document.population.described is None
    assert 'plan/edit#population-described">Đo lường ai' in lead.get(f"{road}/plan").text
    form = lead.get(f"{road}/plan/edit").text
    assert f"Lần trước là “{described}”" in form
    assert re.search(r'<textarea id="population-described"[^>]*></textarea>', form)


def freeze(session, campaign, described):
    plan = session.get_one(Plan, campaign.id)
    before = replace(plan.document, population=replace(plan.document.population, described=described))
    plan.document_json, plan.hash, plan.frozen_at = before.to_json(), before.hash, factories.MOMENT


def test_real_campaign_is_set_beside_one_of_the_demo_only_where_it_is_cloned_from_it(lead, database):
    with database.transaction() as session:
        demo, real = (measured(session, ("T",), code=code, is_demo=code == "mau") for code in ("mau", "that"))
    for one, offered in ((demo, ["", "that", "mau"]), (real, ["", "that"])):
        page = lead.get(f"{NEW}?from={one.id}").text
        box = re.search(r'<select id="after".*?</select>', page, re.DOTALL)[0]
        assert re.findall(r'value="(\w*)"', box) == offered
        assert re.findall(r'value="(\w*)" selected', box) == [one.code]
        assert ("không so số liệu" in box) == one.is_demo


def test_clone_of_the_demo_shows_its_words_and_each_difference(lead, database):
    with database.transaction() as session:
        demo = measured(session, ("T",), code="mau", is_demo=True)
        freeze(session, demo, "Người có hồ sơ mẫu")
    road = lead.send_form(f"{NEW}?from={demo.id}", TYPED | {"after": "mau"}).location
    assert "Lần trước là “Người có hồ sơ mẫu”" in lead.get(f"{road}/plan/edit").text
    page = lead.get(f"{road}/plan").text
    assert "trước là “01/01/2025”, nay là “01/01/2026”" in page


def test_clone_offers_and_ticks_the_communes_that_were_measured(app, provinces, database, staff_client):
    with database.transaction() as session:
        communes = {
            code: factories.office(session, code=code, name=code, parent_id=provinces[code[0]].id)
            for code in ("T1", "T2", "U1")
        }
        last = measured(session, ("T2", "U1", "T1"), code="do-luong-2025")
        freeze(session, last, "Người có hồ sơ")  # so that whoever reaches a part of it reads it
    for place, ticked in (
        (None, ["T1", "T2", "U1"]),
        (communes["T1"].id, ["T1"]),
        (provinces["T"].id, ["T1", "T2"]),
    ):
        lead = staff_client("campaign_lead", place)
        page = lead.get(f"{NEW}?from={last.id}").text
        assert re.findall(r'name="tops" value="(\w+)" checked', page) == ticked
    path = f"{NEW}?from={last.id}"
    assert lead.send_form(path, TYPED | {"tops": ["U1"]}).status_code == 422
    assert lead.send_form(path, TYPED | {"tops": ["T1", "T2"]}).status_code == 303
    with app.extensions["database"].reading() as session:
        campaign = session.scalars(select(Campaign).where(Campaign.code == "do-luong-2026")).one()
        assert session.get_one(Plan, campaign.id).document.population.tops == ("T2", "T1")


def prefilled(page):
    """Give what the form sends if nobody changes it."""
    boxes = dict(re.findall(r'<input id="(\w+)" name="\w+" value="([^"]*)"', page))
    chosen = re.findall(r'<select id="(\w+)".*?value="([\w-]*)" selected', page, re.DOTALL)
    return boxes | dict(chosen) | {"tops": re.findall(r'name="tops" value="(\w+)" checked', page)}


def test_clone_of_a_campaign_years_ago_can_be_sent_as_it_is_prefilled(app, lead, database):
    with database.transaction() as session:
        old = {"opens_on": date(2023, 2, 1), "closes_on": date(2023, 2, 28)}
        last = measured(session, ("T",), code="do-luong-2023", title="Đo năm 2023", title_en="M 2023", **old)
    path = f"{NEW}?from={last.id}"
    sent = prefilled(lead.get(path).text)
    assert (sent["code"], sent["title"]) == ("do-luong-2027", "Đo năm 2027")
    assert (sent["opens_on"], sent["closes_on"]) == ("01/02/2027", "28/02/2027")
    assert lead.send_form(path, sent).status_code == 303
    with app.extensions["database"].reading() as session:
        campaign = session.scalars(select(Campaign).where(Campaign.code == "do-luong-2027")).one()
        document = session.get_one(Plan, campaign.id).document
    assert document.population.settled_from == date(2029, 1, 1)
    assert document.calendar.publication_by == date(2030, 2, 1)


@pytest.mark.parametrize(("year", "moved"), [("2026", 1), ("2027", 2), ("2029", 4)])
def test_plan_of_a_clone_moves_by_the_years_by_which_the_campaign_does(app, lead, database, year, moved):
    with database.transaction() as session:
        last = measured(session, ("T",), code="do-luong-2025")
    days = {"opens_on": f"15/12/{year}", "closes_on": f"31/12/{year}"}
    lead.send_form(f"{NEW}?from={last.id}", TYPED | days)
    with app.extensions["database"].reading() as session:
        campaign = session.scalars(select(Campaign).where(Campaign.code == "do-luong-2026")).one()
        document = session.get_one(Plan, campaign.id).document
    assert document.population.settled_from == date(2025 + moved, 1, 1)
    assert document.calendar.publication_by == date(2026 + moved, 2, 1)


def test_voiding_is_offered_once_there_is_a_response_to_void(provinces, database, staff_client):
    lead = staff_client("campaign_lead", provinces["T"].id)
    with database.transaction() as session:
        wave, running = measured(session, ("T",)), factories.campaign(session, kind="continuous")
        points = [
            factories.access_point(session, campaign_id=one.id, office_id=provinces["T"].id)
            for one in (wave, running)
        ]
    for one, point in zip((wave, running), points, strict=True):
        said = []
        for n_received in (0, 2):
            if n_received:
                with database.transaction() as session:
                    factories.access_point_day(session, access_point_id=point.id, n_received=n_received)
            said.append("/staff/review/voiding/new?campaign=" in lead.get(f"/staff/campaigns/{one.id}").text)
        assert said == [False, True], one.kind


def test_list_shows_what_the_right_reaches_and_where_each_stands(lead, provinces, database, staff_client):
    with database.transaction() as session:
        own = measured(session, ("T",), title="Của tỉnh T")
        foreign = measured(session, ("U",), title="Của tỉnh U")
        everywhere = measured(
            session, (), title="Của mọi tỉnh", opens_on=date(2026, 4, 1), closes_on=date(2026, 5, 1)
        )
        running = factories.campaign(session, title="Thường xuyên ở T")
        factories.access_point(session, campaign_id=running.id, office_id=provinces["T"].id)
        uncoded = factories.campaign(session, title="Chưa có mã")
    page = lead.get("/staff/campaigns").text
    titles = re.findall(r'row-head"><a href="/staff/campaigns/(\d+)', page)
    assert titles == [str(one.id) for one in (everywhere, uncoded, running, own)]
    assert "Đã chạy không có kế hoạch" in page
    assert "Kế hoạch đang lập" in page
    assert lead.get(f"/staff/campaigns/{foreign.id}").status_code == 404
    for odd in (foreign.id, 999, 0, -1, 2**63, "x"):
        assert lead.get(f"{NEW}?from={odd}").status_code == 404
    assert lead.get(f"/staff/campaigns/{everywhere.id}/plan/edit").status_code == 404
    assert staff_client("administrator").get(f"/staff/campaigns/{foreign.id}").status_code == 200


def test_road_says_what_is_next_from_plan_to_publication(provinces, database, clock, staff_client):
    lead = staff_client("campaign_lead", provinces["T"].id, hours=24 * 90)
    with database.transaction() as session:
        campaign = measured(session, ("T",), opens_on=date(2026, 4, 1), closes_on=date(2026, 4, 30))
    road = f"/staff/campaigns/{campaign.id}"
    assert "sửa" in lead.get(road).text
    with database.transaction() as session:
        plan = session.get_one(Plan, campaign.id)
        plan.frozen_at, plan.hash = factories.MOMENT, plan.document.hash
    page = lead.get(road).text
    assert "Kế hoạch đã chốt. Việc tiếp theo: danh sách hồ sơ" in page
    assert plan.hash[:12] in page
    clock.advance(days=30)
    assert "Đang thu thập" in lead.get(road).text
    clock.advance(days=30)
    assert "Việc tiếp theo: nhập phiếu" in lead.get(road).text
    with database.transaction() as session:
        point = factories.access_point(
            session,
            campaign_id=campaign.id,
            office_id=provinces["T"].id,
            way_in="paper",
            mode="paper",
            provenance="A",
        )
        factories.access_point_day(session, access_point_id=point.id, n_received=7, n_voided=1)
        factories.sample_cell(session, campaign_id=campaign.id)
    page = lead.get(road).text
    assert "Việc tiếp theo: công bố" in page
    assert "6 phiếu của người được chọn" in page
    with database.transaction() as session:
        factories.publication(session, campaign_id=campaign.id, kind="wave", sealed_at=factories.MOMENT)
    assert "Việc tiếp theo: bàn giao" in lead.get(road).text


def test_last_step_is_done_once_the_report_of_the_newest_publication_is_made(
    provinces, database, staff_client
):
    lead = staff_client("campaign_lead", provinces["T"].id)
    with database.transaction() as session:
        campaign = measured(session, ("T",), opens_on=date(2025, 4, 1), closes_on=date(2025, 4, 30))
        of_wave = {"campaign_id": campaign.id, "kind": "wave", "sealed_at": factories.MOMENT}
        first = factories.publication(session, **of_wave)
    road, done = f"/staff/campaigns/{campaign.id}", '7. Bàn giao</strong> <span class="tag">xong</span>'

    def make(publication_id, product, state="done"):
        with database.transaction() as session:
            arguments = {"publication_id": publication_id, "product": product}
            enqueue(session, HAND_OVER_JOB, arguments, factories.MOMENT).state = state

    make(first.id, "sheets")
    make(first.id, "report_pdf", state="failed")
    assert "Việc tiếp theo: bàn giao" in lead.get(road).text, "no report is there"
    make(first.id, "report_docx")
    page = lead.get(road).text
    assert ("Đã công bố và đã lập báo cáo." in page, done in page) == (True, True)
    with database.transaction() as session:
        second = factories.publication(
            session, **of_wave, corrects_id=first.id, correction_reason="Sót phiếu"
        )
    assert done not in lead.get(road).text, "the correction has no report yet"
    with database.transaction() as session:
        note_report(session, second.id, factories.MOMENT)
    assert done in lead.get(road).text


def test_lead_of_one_office_creates_none_and_reads_why(provinces, database, staff_client):
    with database.transaction() as session:
        office = factories.office(session, parent_id=provinces["T"].id)
    alone = staff_client("campaign_lead", office.id)
    assert "không gồm trọn một tỉnh" in alone.get(NEW).text
    assert alone.get("/staff/campaigns").status_code == 200
