"""The page for reports: for any code, in any state, without a cookie."""

import pytest
from sqlalchemy import select

from survey_app.models.code_report import REPORT_REASONS, CodeReport
from tests import factories
from tests.factories import DAY
from tests.nasty_strings import field, nasty_strings


@pytest.fixture
def point(app):
    with app.extensions["database"].transaction() as session:
        office = factories.office(session, name="Bộ phận Một cửa xã An Phú")
        counter = factories.counter(session, office_id=office.id, label="Quầy số 3")
        return factories.access_point(session, office_id=office.id, counter_id=counter.id)


def reports(app):
    with app.extensions["database"].reading() as session:
        return session.scalars(select(CodeReport)).all()


def test_page_offers_every_reason_and_says_whose_code_it_is(client, point):
    page = client.get(f"/report?code={point.code}").text
    assert "Báo mã QR sai hoặc bị dán đè" in page
    assert "Quầy số 3, Bộ phận Một cửa xã An Phú" in page
    for reason in REPORT_REASONS:
        assert f'value="{reason}"' in page


@pytest.mark.parametrize("revoked_on", [None, DAY])
def test_report_remembers_the_point_and_says_thanks_once(app, client, point, revoked_on):
    with app.extensions["database"].transaction() as session:
        session.merge(point).revoked_on = revoked_on
    sent = client.post(
        "/report", data={"code": point.code, "reason": "pasted_over", "place": "Cửa\u202e chính"}
    )
    assert sent.status_code == 303
    assert "Đã nhận tin báo. Cảm ơn Ông/Bà." in client.get(sent.location).text
    (row,) = reports(app)
    assert (row.access_point_id, row.day, row.reason) == (point.id, DAY, "pasted_over")
    assert (row.place, row.n_alike, row.settled_on) == ("Cửa chính", 1, None)


@pytest.mark.parametrize("code", ["", "2222-2223", "xyz"])
def test_report_works_for_a_code_that_is_not_ours(app, client, code):
    assert client.get("/report", query_string={"code": code}).status_code == 200
    assert client.post("/report", data={"code": code, "reason": "asks_money"}).status_code == 303
    assert reports(app)[0].access_point_id is None


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"place": "cột đèn"}, "Hãy chọn một điều không đúng."),
        ({"place": "cột đèn", "reason": "boring"}, "Hãy chọn một điều không đúng."),
        ({"place": "cột đèn" + "x" * 200, "reason": "damaged"}, "Hãy bớt 7 ký tự."),
    ],
)
def test_faulty_report_comes_back_with_what_was_typed(app, client, fields, says):
    response = client.post("/report?lang=vi", data=fields)
    assert response.status_code == 422
    assert response.text.count(says) == 2
    assert 'value="cột đèn' in response.text
    assert reports(app) == []


def test_page_is_in_english_on_request_and_stays_so(client, point):
    assert "What is wrong?" in client.get(f"/report?lang=en&code={point.code}").text
    sent = client.post("/report?lang=en", data={"reason": "damaged"})
    assert "Report received" in client.get(sent.location).text


def test_nasty_places_and_codes_are_stored_as_one_line_or_refused(app, client):
    for nasty in nasty_strings("place"):
        body = f"{field('place', nasty)}&{field('code', nasty)}&reason=damaged"
        response = client.post("/report", data=body, content_type="application/x-www-form-urlencoded")
        assert response.status_code in {303, 413, 422}
        assert client.get(f"/report?{field('code', nasty[:300])}").status_code == 200
    assert all(len(row.place) <= 200 and row.place.isprintable() for row in reports(app))
