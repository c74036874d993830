"""The citizen's form through its door: what it shows, stores and refuses, on both databases."""

import gzip
import re
from datetime import timedelta
from types import SimpleNamespace
from urllib.parse import urlencode

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select, text

from survey_app.collect.form.submission import Submission
from survey_app.collect.keys import SubmissionKey
from survey_app.models.access_point import AccessPoint, AccessPointDay
from survey_app.models.campaign import Campaign
from survey_app.models.response import Comment, Response
from survey_app.prepare.instruments.definition_file import shipped_definition
from tests import factories

FORM = "application/x-www-form-urlencoded"
COMMENT = {"form-comment": "Chờ lâu quá.\r\nXin cảm ơn."}
TODAY = factories.DAY
YESTERDAY = TODAY - timedelta(days=1)


@pytest.fixture
def point(app):
    """An open access point with the small definition (q1, q2, sex, comment)."""
    with app.extensions["database"].transaction() as session:
        office = factories.office(session, name="Bộ phận Một cửa xã An Phú")
        counter = factories.counter(session, office_id=office.id, label="Quầy số 3")
        version = factories.instrument_version(session)
        campaign = factories.campaign(session, instrument_version_id=version.id)
        point = factories.access_point(
            session, office_id=office.id, counter_id=counter.id, campaign_id=campaign.id
        )
        return SimpleNamespace(
            code=point.code, id=point.id, campaign_id=campaign.id, path=f"/s/{point.code}", version=version
        )


def change(app, row_type, row_id, **values):
    """Change a row, and let the second pass for which a way in is kept in memory."""
    app.extensions["clock"].advance(seconds=1)
    with app.extensions["database"].transaction() as session:
        row = session.get_one(row_type, row_id)
        for name, value in values.items():
            setattr(row, name, value)


def key_on(client, path):
    page = client.get(path, headers={"Accept-Encoding": "identity"}).text
    return re.search(r'name="form-key" value="([^"]+)"', page)[1]


def stored(app, row_type=Response):
    with app.extensions["database"].reading() as session:
        return session.scalars(select(row_type)).all()


def send(client, path, key, **answers):
    return client.post(path, data={"form-key": key, **answers, "form-end": "1"})


def test_the_form_names_office_and_counter_and_asks_every_item(client, point):
    page = client.get(point.path).text
    assert "Quầy số 3, Bộ phận Một cửa xã An Phú" in page
    assert page.count("<fieldset") == 3
    assert 'name="q2" value="5"' in page


def test_the_form_is_in_english_on_request(client, point):
    page = client.get(point.path + "?lang=en").text
    assert "How were you served today?" in page
    assert '<html lang="en">' in page


def test_the_form_sets_no_cookie_and_is_never_stored_by_a_cache(client, point):
    response = client.get(point.path)
    assert "Set-Cookie" not in response.headers
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["Referrer-Policy"] == "no-referrer"


def test_the_compressed_page_holds_the_same_as_the_plain_one(client, point):
    plain = client.get(point.path, headers={"Accept-Encoding": "identity"}).data
    packed = client.get(point.path, headers={"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    without_key = re.compile(rb'value="[\w=-]{40,}"')
    assert without_key.sub(b"", gzip.decompress(packed.data)) == without_key.sub(b"", plain)


@pytest.mark.parametrize("spelled", [str.lower, str.upper, lambda code: f"{code[:4]}-{code[4:]}"])
def test_the_code_works_as_scanned_or_typed(client, point, spelled):
    assert client.get(f"/S/{spelled(point.code)}").status_code == 200


def test_the_start_page_leads_to_the_form_of_a_typed_code(client, point):
    response = client.get("/", query_string={"code": f" {point.code[:4].lower()} {point.code[4:]}"})
    assert response.status_code == 302
    assert response.headers["Location"] == point.path


def test_not_this_place_leads_to_the_code_box_with_what_to_do(client, point):
    page = client.get("/", query_string={"not": point.code}).text
    assert "<h1>Không đúng nơi này</h1>" in page
    assert "Xin quét mã hoặc gõ dãy mã ở đúng quầy." in page
    assert page.count(f'href="/report?code={point.code}"') == 2  # for a pasted-over code, and in the foot
    assert 'name="code"' in page
    for other in ("x", '"><b>', ""):
        assert "Không đúng nơi này" not in client.get("/", query_string={"not": other}).text


def test_a_response_is_stored_packed_before_the_thank_you_page(app, client, point):
    response = send(client, point.path, key_on(client, point.path), q1="5", sex="male")
    assert response.status_code == 303
    (row,) = stored(app)
    assert point.version.definition.unpack(row.answers) == {"q1": "5", "sex": "male"}
    assert (row.access_point_id, row.day, row.cell_id) == (point.id, TODAY, None)
    page = client.get(response.headers["Location"])
    assert "Đã nhận" in page.text
    assert len(gzip.compress(page.data)) <= 8_000


def test_a_made_up_receipt_shows_no_thank_you_page(client, point):
    assert client.get(f"{point.path}/thanks/AAAAA-BBBBB-0123456789ab").status_code == 404


def test_a_comment_is_kept_apart_from_the_answers(app, client, point):
    send(
        client,
        point.path,
        key_on(client, point.path),
        q1="2",
        **{"form-comment": "Chờ lâu quá.\r\nXin cảm ơn."},
    )
    (row,), (comment,) = stored(app), stored(app, Comment)
    assert comment.text == "Chờ lâu quá.\nXin cảm ơn."
    assert comment.comment_key != row.submission_key


def test_the_same_form_sent_again_gets_the_same_receipt_and_no_second_row(app, client, point, clock):
    key = key_on(client, point.path)
    first = send(client, point.path, key, q1="5")
    clock.advance(days=3)
    again = send(client, point.path, key, q1="5")
    assert (again.status_code, again.headers["Location"]) == (303, first.headers["Location"])
    assert len(stored(app)) == 1


def test_other_answers_under_a_used_key_are_refused_and_the_first_stand(app, client, point):
    key = key_on(client, point.path)
    send(client, point.path, key, q1="5")
    response = send(client, point.path, key, q1="1")
    assert response.status_code == 409
    assert "không sửa được" in response.text
    (row,) = stored(app)
    assert point.version.definition.unpack(row.answers) == {"q1": "5"}


def test_somebody_else_at_the_same_phone_is_led_from_the_refusal_to_a_new_form(app, client, point):
    key = key_on(client, point.path)
    send(client, point.path, key, q1="5")
    refusal = send(client, f"{point.path}?lang=en", key, q1="1").text
    address = re.search(r'href="([^"]+)">Open a new form<', refusal)[1]
    assert send(client, point.path, key_on(client, address), q1="1").status_code == 303
    assert len(stored(app)) == 2
    told = client.post(
        point.path,
        data={"form-key": key, "q1": "2", "form-end": "1"},
        headers={"Accept": "application/json"},
    )
    assert (told.status_code, list(told.json)) == (409, ["problem"])


def test_openings_and_responses_are_counted_by_day(app, client, point):
    key = key_on(client, point.path)
    assert FlaskClient(app).head(point.path).status_code == 200  # opens nothing
    send(client, point.path, key, q1="5")
    app.extensions["desk"].writer.close()
    (day,) = stored(app, AccessPointDay)
    assert (day.n_opened, day.n_received) == (1, 1)


def test_a_skipped_item_is_no_error(app, client, point):
    assert send(client, point.path, key_on(client, point.path), q2="3").status_code == 303


BROKEN = {
    "nothing answered": ({}, 422, "chưa có câu trả lời"),
    "item doubled": ({"q1": ["1", "5"], "q2": "4"}, 422, "chỉ chọn một ý"),
    "outside the scale": ({"q1": "6", "q2": "4"}, 422, "chọn lại một trong các ý"),
    "unknown name": ({"q9": "1", "q2": "4"}, 400, "hỏng"),
    "comment too long": ({"q2": "4", "form-comment": "ữ" * 5000}, 422, "5000 ký tự, tối đa 500"),
    "body of 40 kB": ({"q2": "4", "form-comment": "a" * 40_000}, 422, "40000 ký tự"),
    "comment with NUL": ({"q2": "4", "form-comment": "a\0b"}, 422, "không đọc được"),
    "comment with bidi mark": ({"q2": "4", "form-comment": "a\u202eb"}, 422, "không đọc được"),
    "comment with unreadable bytes": ({"q2": "4", "form-comment": "a\ufffd"}, 422, "không đọc được"),
}


@pytest.mark.parametrize(("answers", "status", "says"), BROKEN.values(), ids=BROKEN)
def test_a_faulty_form_comes_back_filled_in_and_stores_nothing(app, client, point, answers, status, says):
    response = send(client, point.path, key_on(client, point.path), **answers)
    assert response.status_code == status
    assert says in response.text
    if "q2" in answers:
        assert re.search(r'name="q2" value="4" checked', response.text)
    assert stored(app) == []
    assert stored(app, Comment) == []


def test_a_mended_form_is_accepted_under_the_same_key(app, client, point):
    key = key_on(client, point.path)
    refused = send(client, point.path, key, q1="9")
    assert key in refused.text
    assert send(client, point.path, key, q1="4").status_code == 303


def test_a_forged_key_stores_nothing_and_gives_a_fresh_one(app, client, point):
    key = key_on(client, point.path)
    forged = ("A" if key[0] != "A" else "B") + key[1:]
    response = send(client, point.path, forged, q2="4")
    assert response.status_code == 400
    assert forged not in response.text
    assert re.search(r'name="q2" value="4" checked', response.text)
    assert stored(app) == []


def test_a_key_of_another_access_point_is_refused(app, client, point):
    with app.extensions["database"].transaction() as session:
        other = factories.access_point(session, campaign_id=point.campaign_id).code
    assert send(client, f"/s/{other}", key_on(client, point.path), q1="4").status_code == 400
    assert stored(app) == []


def test_a_wrong_content_type_is_refused_in_plain_words(app, client, point):
    response = client.post(point.path, data='{"q1": "5"}', content_type="application/json")
    assert response.status_code == 415
    assert stored(app) == []


def test_a_body_larger_than_any_form_is_refused(app, client, point):
    body = urlencode({"form-key": key_on(client, point.path), "form-comment": "a" * 70_000})
    response = client.post(point.path, data=body, content_type=FORM)
    assert response.status_code == 413
    assert "chưa được nhận" in response.text
    assert stored(app) == []


def test_an_unknown_code_says_so_and_offers_the_code_box(client, point):
    wrong = point.code[:-1] + ("2" if point.code[-1] != "2" else "3")
    response = client.get(f"/s/{wrong}")
    assert response.status_code == 404
    assert "Không tìm thấy mã" in response.text
    assert 'name="code"' in response.text


def test_a_revoked_code_explains_itself(app, client, point):
    change(app, AccessPoint, point.id, revoked_on=YESTERDAY)
    response = client.get(point.path)
    assert response.status_code == 410
    assert "09/03/2026" in response.text


def test_a_paused_code_opens_no_form_and_says_that_it_rests(app, client, point):
    change(app, AccessPoint, point.id, paused_on=TODAY)
    response = client.get(point.path)
    assert response.status_code == 403
    assert "Mã này đang tạm dừng. Mời Ông/Bà quét lại sau." in response.text
    change(app, AccessPoint, point.id, paused_on=None)
    assert client.get(point.path).status_code == 200


@pytest.mark.parametrize("days_late", [0, 3, 30])
def test_a_form_opened_before_a_pause_is_taken_as_long_as_it_lives(app, client, point, clock, days_late):
    key = key_on(client, point.path)
    change(app, AccessPoint, point.id, paused_on=TODAY)
    clock.advance(days=days_late)
    assert send(client, point.path, key, q1="4").status_code == 303
    assert len(stored(app)) == 1


def test_a_pause_gives_nobody_a_fresh_form(app, client, point, clock):
    key = key_on(client, point.path)
    change(app, AccessPoint, point.id, paused_on=TODAY)
    assert send(client, point.path, "damaged", q1="4").status_code == 403
    clock.advance(days=31)
    assert send(client, point.path, key, q1="4").status_code == 403
    assert stored(app) == []


def test_a_revoked_code_that_was_paused_is_called_revoked(app, client, point):
    change(app, AccessPoint, point.id, paused_on=YESTERDAY, revoked_on=TODAY)
    assert client.get(point.path).status_code == 410


CAMPAIGN_DAYS = {
    "not yet open": ({"opens_on": TODAY + timedelta(days=2)}, 403, "12/03/2026"),
    "closed": ({"closes_on": YESTERDAY}, 410, "09/03/2026"),
}


@pytest.mark.parametrize(("days", "status", "says"), CAMPAIGN_DAYS.values(), ids=CAMPAIGN_DAYS)
def test_a_campaign_that_is_not_open_says_when(app, client, point, days, status, says):
    change(app, Campaign, point.campaign_id, **days)
    response = client.get(point.path)
    assert response.status_code == status
    assert says in response.text


@pytest.mark.parametrize(("days_late", "status"), [(0, 303), (1, 303), (2, 303), (3, 410)])
def test_a_form_opened_in_time_is_accepted_for_48_hours_after_closing(
    app, client, point, clock, days_late, status
):
    key = key_on(client, point.path)
    change(app, Campaign, point.campaign_id, closes_on=TODAY)
    clock.advance(days=days_late)
    response = send(client, point.path, key, q1="4")
    assert response.status_code == status
    assert len(stored(app)) == (status == 303)


def test_a_form_opened_before_its_code_was_revoked_still_counts(app, client, point):
    key = key_on(client, point.path)
    change(app, AccessPoint, point.id, revoked_on=TODAY)
    assert send(client, point.path, key, q1="4").status_code == 303


def test_an_old_form_is_accepted_under_its_own_version(app, client, point):
    key = key_on(client, point.path)
    with app.extensions["database"].transaction() as session:
        newer = factories.instrument_version(session, factories.definition(code="small_newer", version=1))
        session.get_one(Campaign, point.campaign_id).instrument_version_id = newer.id
    assert send(client, point.path, key, q1="4").status_code == 303
    (row,) = stored(app)
    assert row.instrument_version_id == point.version.id


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize("instrument", ["sipas_service_2022", "counter_short", "sipas_reference_22"])
def test_every_shipped_form_shows_each_item_once(app, client, instrument, language):
    definition = shipped_definition(instrument)
    with app.extensions["database"].transaction() as session:
        version = factories.instrument_version(session, definition)
        campaign = factories.campaign(session, instrument_version_id=version.id)
        code = factories.access_point(session, campaign_id=campaign.id).code
    response = client.get(f"/s/{code}?lang={language}")
    assert response.text.count("<fieldset") == len(definition.items)
    assert len(gzip.compress(response.data)) <= 14_000
    assert "\ue000" not in response.text


def test_healthz_answers_json_when_ready(client):
    response = client.get("/healthz")
    assert response.status_code == 200
    assert response.json == {"status": "ready"}


def test_numbers_stay_true_between_days_and_rows(app, client, point):
    for mark in ("1", "2", "3"):
        send(client, point.path, key_on(client, point.path), q1=mark)
    with app.extensions["database"].reading() as session:
        assert session.scalar(select(func.sum(AccessPointDay.n_received))) == 3
        assert session.scalar(select(func.count()).select_from(Response)) == 3


def test_a_form_cut_off_on_its_way_stores_nothing_and_can_be_sent_whole(app, client, point):
    key = key_on(client, point.path)
    cut = client.post(point.path, data={"form-key": key, "q1": "4"})
    assert cut.status_code == 400
    assert stored(app) == []
    assert send(client, point.path, key, q1="4", q2="5").status_code == 303


@pytest.mark.parametrize(("days", "status"), [(30, 303), (31, 400)])
def test_a_form_older_than_a_month_comes_back_with_a_fresh_key_and_the_answers(
    app, client, point, clock, days, status
):
    key = key_on(client, point.path)
    clock.advance(days=days)
    response = send(client, point.path, key, q2="4")
    assert response.status_code == status
    if status == 400:
        assert key not in response.text
        assert re.search(r'name="q2" value="4" checked', response.text)


def test_nothing_stored_joins_a_comment_or_a_receipt_to_its_answers(app, client, point):
    comments = ["Chờ lâu quá", "Rất tốt", "Cảm ơn"]
    receipts = [
        send(client, point.path, key_on(client, point.path), q1="4", **{"form-comment": comment}).headers[
            "Location"
        ]
        for comment in comments
    ]
    definition = point.version.definition
    for row in stored(app):
        as_key = SubmissionKey(row.access_point_id, row.instrument_version_id, row.day, row.submission_key)
        assert not any(as_key.receipt in receipt for receipt in receipts)
        for comment in stored(app, Comment):
            said = Submission(answers=definition.unpack(row.answers), comment=comment.text)
            assert as_key.fingerprint(said.content()) != row.fingerprint


def test_a_fault_logs_no_answer(app, client, point, caplog):
    key = key_on(client, point.path)
    with app.extensions["database"].transaction() as session:
        session.execute(text("ALTER TABLE comment RENAME TO gone"))
    response = send(client, point.path, key, q1="4", **{"form-comment": "một lời kín"})
    assert response.status_code == 503
    assert re.search(r'name="q1" value="4" checked', response.text)
    assert caplog.records
    assert "một lời kín" not in caplog.text


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:8000/s/{}", "KHAOSAT.EXAMPLE.VN/S/{}?lang=en", "/s/{}"]
)
def test_the_code_box_takes_a_whole_address_too(client, point, address):
    response = client.get("/", query_string={"code": address.format(point.code)})
    assert response.headers["Location"] == point.path
