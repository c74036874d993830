"""The pages of a plan, through clients that inspect each page."""

import re
from dataclasses import replace
from datetime import date

import pytest

from survey_app.models.audit import AuditLine
from survey_app.models.plan import Plan, addenda_of
from survey_app.models.plan_document import PlanDocument
from survey_app.prepare.plans.entries import ENTRIES, differences, values_of
from survey_app.prepare.plans.forms import written
from tests import factories
from tests.survey_app.prepare.plans.conftest import WHOLE

TOO_EARLY = "Các hồ sơ này giải quyết xong từ một năm trở lên trước ngày mở cuộc đo"
on_sqlite = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


@pytest.fixture
def lead(stage, staff_client):
    return staff_client("campaign_lead", stage.province.id)


@pytest.fixture
def path(stage):
    return f"/staff/campaigns/{stage.campaign.id}/plan"


def fields(document, **changed):
    """Give what the form of a plan sends."""
    values = values_of(document)
    boxes = {name: written(entry, values[name]) for name, entry in ENTRIES.items()}
    boxes = {name: list(one) if isinstance(one, tuple) else one for name, one in boxes.items()}
    return boxes | {name.replace("__", "-"): value for name, value in changed.items()}


def send(app, client, page, sent):
    with app.test_request_context():  # numbers are written in the language of a request
        data = sent()
    return client.send_form(page, data)


def stored(app, campaign_id):
    with app.extensions["database"].reading() as session:
        return session.get(Plan, campaign_id)


def test_plan_goes_from_a_blank_draft_to_an_addendum(app, stage, staff_client, path):
    lead = staff_client("administrator")  # without plan and codes a campaign is a matter of all offices
    assert "Chưa có kế hoạch" in lead.get(path).text
    page = send(app, lead, f"{path}/edit", lambda: fields(replace(WHOLE, seed=None)))
    assert page.status_code == 303
    page = lead.get(page.location)
    assert "Số khởi tạo" in page.text
    # A draft saved once is not blamed for what nobody asked; the second time it is.
    send(app, lead, f"{path}/edit", lambda: fields(replace(WHOLE, seed=None)))
    page = lead.get(f"{path}/edit")
    assert "Còn 1 chỗ cần sửa" in page.text
    assert 'href="#seed"' in page.text
    assert 'id="seed-error"' in page.text
    page = send(app, lead, f"{path}/edit", lambda: fields(WHOLE))
    assert page.location.endswith("/plan")
    assert stored(app, stage.campaign.id).document == WHOLE
    draft = lead.get(path).text
    page = lead.get(f"{path}/freeze")
    assert WHOLE.hash in page.text
    missed = "1 trong 3 đơn vị không đạt ± 5,0 điểm phần trăm như yêu cầu. Kém nhất: "
    assert [f"{missed}Xã C" in text for text in (draft, page.text)] == [True, True]
    unread = lead.send_form(f"{path}/freeze", {})
    assert (unread.status_code, 'href="#tick"' in unread.text) == (422, True)
    assert stored(app, stage.campaign.id).frozen_at is None
    tick = re.search(r'name="tick" value="(\w+)"', unread.text)[1]
    assert lead.send_form(f"{path}/freeze", {"tick": tick}).status_code == 303
    page = lead.get(path)
    assert f"{missed}±" in page.text, "who reads the plan later reads it, but may have no right to the office"
    assert WHOLE.hash[:12] in page.text
    assert WHOLE.hash in page.text
    later = replace(WHOLE, precision=replace(WHOLE.precision, margin_office=0.04))
    page = send(app, lead, f"{path}/addendum", lambda: fields(later, reason=""))
    assert page.status_code == 422
    assert "Hãy ghi lý do" in page.text
    page = send(app, lead, f"{path}/addendum", lambda: fields(later, reason="Cần chính xác hơn"))
    assert page.status_code == 303
    page = lead.get(path)
    assert "trước là “± 5”, nay là “± 4”" in page.text
    assert "Cần chính xác hơn" in page.text
    assert later.hash in page.text


@on_sqlite
def test_draft_says_what_its_sizes_miss_and_names_no_office_beyond_the_right(app, stage, path, staff_client):
    rough = replace(WHOLE, precision=replace(WHOLE.precision, margin_office=0.5))
    reader = staff_client("campaign_lead", stage.offices["A"].id)
    with app.extensions["database"].transaction() as session:
        stage.plan(session)
    page = reader.get(path).text
    assert "1 trong 3 đơn vị không đạt ± 5,0 điểm phần trăm như yêu cầu. Kém nhất: ±" in page
    assert "Xã C" not in page
    with app.extensions["database"].transaction() as session:
        session.get_one(Plan, stage.campaign.id).document_json = rough.to_json()
    assert "không đạt" not in reader.get(path).text


@on_sqlite
def test_draft_says_that_its_dossiers_are_of_a_year_too_early(app, stage, path, lead):
    early = {"settled_from": date(2025, 1, 1), "settled_until": date(2025, 12, 1)}
    with app.extensions["database"].transaction() as session:
        stage.plan(session)
    pages = (path, f"{path}/edit")
    assert [TOO_EARLY in lead.get(page).text for page in pages] == [False, False]
    with app.extensions["database"].transaction() as session:
        draft = replace(WHOLE, population=replace(WHOLE.population, **early))
        session.get_one(Plan, stage.campaign.id).document_json = draft.to_json()
    assert [TOO_EARLY in lead.get(page).text for page in pages] == [True, True]


@on_sqlite
def test_frozen_plan_takes_no_other_change(app, stage, lead, path):
    with app.extensions["database"].transaction() as session:
        stage.plan(session, WHOLE, frozen_at=factories.MOMENT, hash=WHOLE.hash)
    assert lead.get(f"{path}/edit").status_code == 302
    assert lead.get(f"{path}/freeze").status_code == 302
    form = token(lead, f"{path}/addendum")
    for page in ("edit", "freeze"):
        answer = lead.post(f"{path}/{page}", data={"csrf_token": form, "revision": "1"})
        assert answer.status_code == 409
        assert "phụ lục" in answer.text
    answer = send(app, lead, f"{path}/addendum", lambda: fields(WHOLE, reason="x"))
    assert answer.status_code == 422
    assert "giống hệt" in answer.text
    with app.extensions["database"].reading() as session:
        refused = session.query(AuditLine).where(AuditLine.act == "plans.refused").all()
        said = ("do-luong-2026: kế hoạch đã chốt", stage.province.id)
        assert [(one.what, one.office_id) for one in refused] == [said] * 2
        assert addenda_of(session, stage.campaign.id) == []


def token(client, page):
    return re.search(r'name="csrf_token" value="([^"]+)"', client.get(page).text)[1]


@on_sqlite
def test_addendum_names_the_same_communes_in_the_order_of_the_plan(app, stage, lead, path):
    named = replace(WHOLE, population=replace(WHOLE.population, tops=("C", "A")))
    with app.extensions["database"].transaction() as session:
        stage.plan(session, named, frozen_at=factories.MOMENT, hash=named.hash)
    changed = {"population__tops": ["A", "C"], "calendar__publication_by": "01/03/2027", "reason": "Lũ"}
    assert send(app, lead, f"{path}/addendum", lambda: fields(named, **changed)).status_code == 303
    with app.extensions["database"].reading() as session:
        (addendum,) = addenda_of(session, stage.campaign.id)
    (difference,) = differences(named, addendum.document)
    assert difference.name == "calendar-publication_by"


@on_sqlite
def test_second_of_two_people_sees_both_texts(app, stage, lead, path, staff_client):
    with app.extensions["database"].transaction() as session:
        stage.plan(session)
    other = staff_client("administrator")
    opened = token(other, f"{path}/edit")
    send(app, lead, f"{path}/edit", lambda: fields(replace(WHOLE, seed="Của người thứ nhất")))
    with app.test_request_context():
        sent = fields(replace(WHOLE, seed="Của người thứ hai"), revision="1", csrf_token=opened)
    answer = other.post(f"{path}/edit", data=sent)
    assert answer.status_code == 409
    assert "trước là “Của người thứ nhất”, nay là “Của người thứ hai”" in answer.text
    assert stored(app, stage.campaign.id).document.seed == "Của người thứ nhất"
    revision = re.search(r'name="revision" value="(\d+)"', answer.text)[1]
    assert other.post(f"{path}/edit", data=sent | {"revision": revision}).status_code == 303
    assert stored(app, stage.campaign.id).document.seed == "Của người thứ hai"


@on_sqlite
def test_draft_is_closed_from_the_day_the_campaign_opens(app, stage, lead, path, clock):
    with app.extensions["database"].transaction() as session:
        stage.plan(session, PlanDocument(population=WHOLE.population))
    opened = token(lead, f"{path}/edit")
    clock.advance(days=270)
    fresh = {"csrf_token": opened, "revision": "1"}
    with app.extensions["database"].transaction() as session:
        session.merge(stage.campaign).opens_on = factories.DAY
    clock.advance(days=-270)
    answer = lead.post(f"{path}/edit", data=fresh)
    assert answer.status_code == 409
    assert "cuộc khảo sát đã mở" in answer.text
    assert lead.get(f"{path}/edit").status_code == 302
    assert "không được chốt" in lead.get(path).text


@on_sqlite
def test_what_cannot_be_read_is_said_at_its_field_and_not_stored(app, stage, lead, path):
    with app.extensions["database"].transaction() as session:
        stage.plan(session, PlanDocument(population=WHOLE.population))
    bad = {
        "precision__margin_office": "−5",
        "precision__level": "nhiều",
        "allocation__minimum": "1,5",
        "calendar__publication_by": "31/02/2027",
        "population__tops": ["U"],
        "domains": ["shoe_size"],
        "allocation__method": "by taste",
        "weighting__raked__sex": "q1",
    }
    answer = send(app, lead, f"{path}/edit", lambda: fields(WHOLE, **bad))
    assert answer.status_code == 422
    for name in bad:
        assert f'id="{name.replace("__", "-")}-error"' in answer.text, name
    assert "nhiều" in answer.text, "what was typed stays"
    answer = send(app, lead, f"{path}/edit", lambda: fields(WHOLE, **{"stages-3-unit": "dossier"}))
    assert answer.status_code == 422
    assert "ba cấp" in answer.text
    answer = send(app, lead, f"{path}/edit", lambda: fields(WHOLE, population__tops=[]))
    assert answer.status_code == 422, "none means all offices, which a lead of one province does not reach"
    assert stored(app, stage.campaign.id).revision == 1


@on_sqlite
def test_sizes_are_searched_sorted_and_said_with_their_basis(app, stage, lead, path, staff_client):
    with app.extensions["database"].transaction() as session:
        stage.plan(session, replace(WHOLE, allocation=replace(WHOLE.allocation, minimum=150)))
    page = lead.get(f"{path}/sizes")
    assert "toàn bộ" in page.text
    assert "thiếu 50" in page.text
    assert "độ tin cậy 95%" in page.text
    order = re.findall(r'scope="row">(\w+ \w)<', lead.get(f"{path}/sizes?sort=-population").text)
    assert order == ["Xã C", "Xã B", "Xã A"]
    assert re.findall(r'scope="row">(\w+ \w)<', lead.get(f"{path}/sizes?q=xa+b").text) == ["Xã B"]
    assert "Thử bớt chữ" in lead.get(f"{path}/sizes?q=khong-co").text
    below = staff_client("campaign_lead", stage.offices["B"].id)
    page = below.get(f"{path}/sizes")
    assert re.findall(r'scope="row">(\w+ \w)<', page.text) == ["Xã B"], "the rest see what they reach"
    assert below.get(f"{path}/edit").status_code == 404
    assert "Sửa" not in below.get(path).text


@on_sqlite
def test_frozen_plan_is_there_to_be_read_and_a_draft_is_not(app, stage, path, staff_client):
    elsewhere = staff_client("campaign_lead", stage.other.id)
    with app.extensions["database"].transaction() as session:
        plan = stage.plan(session)
    assert elsewhere.get(path).status_code == 404
    with app.extensions["database"].transaction() as session:
        plan = session.merge(plan)
        plan.frozen_at, plan.hash = factories.MOMENT, WHOLE.hash
    page = elsewhere.get(path)
    assert WHOLE.hash in page.text
    for door in ("edit", "freeze", "addendum"):
        assert elsewhere.get(f"{path}/{door}").status_code == 404
    assert 'scope="row"' not in elsewhere.get(f"{path}/sizes").text


@on_sqlite
def test_plan_is_said_in_english_too(app, stage, lead, path):
    with app.extensions["database"].transaction() as session:
        stage.plan(session)
    for door in ("", "/edit", "/sizes", "/freeze"):
        assert lead.get(f"{path}{door}?lang=en").status_code == 200
