"""A comment that asks for an answer, from the form to its answer, and the page for leaving a contact."""

import io
import re
from datetime import timedelta
from types import SimpleNamespace

import pytest
from gunicorn.http.errors import InvalidChunkSize
from sqlalchemy import select, text

from survey_app.collect.keys import SubmissionKey
from survey_app.models.case import CONTACT_LIVES, Case, Contact
from survey_app.models.contact_seal import unseal
from survey_app.models.plain_text import composed, marked_unreadable
from survey_app.models.response import Comment, Response
from tests import factories
from tests.factories import DAY
from tests.nasty_strings import field, nasty_strings
from tests.page_inspector import Page

FORM = "application/x-www-form-urlencoded"
COMMENT = {"form-comment": "Chờ lâu quá.", "form-answer": "1"}
on_sqlite = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


@pytest.fixture
def point(app):
    with app.extensions["database"].transaction() as session:
        office = factories.office(session, name="Bộ phận Một cửa xã An Phú")
        version = factories.instrument_version(session)
        campaign = factories.campaign(session, instrument_version_id=version.id)
        point = factories.access_point(session, office_id=office.id, campaign_id=campaign.id)
        return SimpleNamespace(path=f"/s/{point.code}", id=point.id, version_id=version.id)


def new_case(app, **given):
    with app.extensions["database"].transaction() as session:
        case = factories.comment_case(session, **given)
        return SimpleNamespace(number=case.number, path=f"/case/{case.number}/contact")


@pytest.fixture
def case(app):
    return new_case(app)


def stored(app, row_type):
    with app.extensions["database"].reading() as session:
        return session.scalars(select(row_type)).all()


def key_on(client, path):
    page = client.get(path, headers={"Accept-Encoding": "identity"}).text
    return re.search(r'name="form-key" value="([^"]+)"', page)[1]


def send(client, path, key, **fields):
    return client.post(path, data={"form-key": key, **fields, "form-end": "1"})


def case_number(response):
    return re.search(r"case=([0-9A-Z-]+)", response.location)[1]


def leave(client, case, contact="0912 345 678", consent="1", query=""):
    fields = {"contact": contact} | ({"consent": consent} if consent else {})
    return client.post(case.path + query, data=fields)


# From the form to the case


def test_comment_that_asks_for_an_answer_opens_a_case(app, client, point):
    sent = send(client, point.path, key_on(client, point.path), q1="2", **COMMENT)
    number = case_number(sent)
    (found,), (comment,) = stored(app, Case), stored(app, Comment)
    assert (found.number, found.comment_key, found.answer) == (number, comment.comment_key, None)
    page = client.get(sent.location).text
    assert number in page
    assert f'href="/case/{number}/contact"' in page


def test_form_sent_again_gets_the_same_number_and_opens_no_second_case(app, client, point, clock):
    key = key_on(client, point.path)
    first = send(client, point.path, key, q1="2", **COMMENT)
    clock.advance(days=2)
    again = send(client, point.path, key, q1="2", **COMMENT)
    assert again.location == first.location
    assert (len(stored(app, Case)), len(stored(app, Comment)), len(stored(app, Response))) == (1, 1, 1)


def test_comment_without_the_wish_opens_no_case(app, client, point):
    sent = send(client, point.path, key_on(client, point.path), **{"form-comment": "Tốt."})
    assert "case=" not in sent.location
    assert stored(app, Case) == []
    assert len(stored(app, Comment)) == 1


def test_wish_for_an_answer_without_a_comment_is_asked_back(app, client, point):
    sent = send(client, point.path, key_on(client, point.path), q1="2", **{"form-answer": "1"})
    assert sent.status_code == 422
    assert stored(app, Response) == stored(app, Case) == []


def test_wish_added_on_resending_is_other_content_and_refused(app, client, point):
    key = key_on(client, point.path)
    send(client, point.path, key, **{"form-comment": "Chờ lâu quá."})
    assert send(client, point.path, key, **COMMENT).status_code == 409
    assert stored(app, Case) == []


def test_nothing_in_a_case_names_the_response_it_came_with(app, client, point):
    send(client, point.path, key_on(client, point.path), q1="2", **COMMENT)
    (response,), (found,) = stored(app, Response), stored(app, Case)
    assert response.submission_key not in (found.comment_key, found.number.encode())


# The case's page


def test_page_without_a_number_asks_for_it(client):
    response = client.get("/case")
    assert response.status_code == 200
    assert 'name="number"' in response.text
    assert "Không tìm thấy" not in response.text


def test_waiting_case_says_its_day_and_no_word_of_the_comment(app, client, case):
    page = client.get(f"/case?number={case.number}").text
    assert "Đã nhận ngày 10/03/2026" in page
    assert "Chưa có trả lời." in page
    assert "Đây không phải đơn khiếu nại, tố cáo." in page
    (comment,) = stored(app, Comment)
    assert comment.text not in page


def test_answered_case_shows_answer_and_day(app, client):
    answered = new_case(app, answer="Đã thêm ghế.\n\nXin cảm ơn.", answered_on=DAY + timedelta(days=1))
    page = client.get(f"/case?number={answered.number}").text
    assert "Đã trả lời ngày 11/03/2026" in page
    assert "<p>Đã thêm ghế.</p>" in page
    assert "<p>Xin cảm ơn.</p>" in page
    assert "Để lại cách liên hệ" not in page


SPELLINGS = [
    str.lower,
    lambda n: n.replace("-", ""),
    lambda n: f" {n[:3]} {n[3:]} ",
    lambda n: f"GY-{n}",
    lambda n: f"gy {n}",
    lambda n: f"gy{n}".replace("-", "").lower(),
]


@pytest.mark.parametrize("spelled", SPELLINGS)
def test_number_is_found_as_typed(client, case, spelled):
    response = client.get("/case", query_string={"number": spelled(case.number)})
    assert response.status_code == 200


@pytest.mark.parametrize("spelled", SPELLINGS)
def test_number_typed_for_a_code_on_the_start_page_leads_to_its_answer(client, case, spelled):
    response = client.get("/", query_string={"code": spelled(case.number)})
    assert response.location == f"/case?number={case.number}"


def test_every_page_writes_the_number_as_it_was_noted_down(client, case):
    for address in (f"/case?number={case.number}", case.path):
        assert f"Góp ý GY-{case.number}" in client.get(address).text


@pytest.mark.parametrize(("before", "is_said"), [("", True), ("GY-", False)])
def test_receipt_code_in_the_place_of_the_number_is_told_what_it_is(client, point, before, is_said):
    sent = send(client, point.path, key_on(client, point.path), q1="2")
    receipt = re.search(r"thanks/(\w{5}-\w{5})-", sent.location)[1]
    page = client.get("/case", query_string={"number": before + receipt})
    assert page.status_code == 404
    assert ("có thể là mã ghi nhận" in page.text) is is_said


@pytest.mark.parametrize("typed", ["CDFGH-JKMNP", "x", "<b>", "%00x", "%ED%A0%80x"])
def test_unknown_number_is_said_kindly_with_the_box(client, typed):
    response = client.get(f"/case?number={typed}")
    assert response.status_code == 404
    assert "Không tìm thấy mã góp ý" in response.text
    assert 'name="number"' in response.text


def test_unknown_number_on_the_contact_page_leads_to_the_same_words(client):
    nobody = SimpleNamespace(path="/case/CDFGH-JKMNP/contact")
    for response in (client.get(nobody.path), leave(client, nobody)):
        assert response.status_code == 303
        assert "Không tìm thấy mã góp ý" in client.get(response.location).text


def test_pages_need_no_cookie_and_are_not_kept_by_caches(client, case):
    for path in ("/case", f"/case?number={case.number}", case.path, "/report"):
        response = client.get(path)
        assert "Set-Cookie" not in response.headers
        assert response.headers["Cache-Control"] == "no-store"


def test_pages_are_in_english_on_request_and_stay_so(client, case):
    page = client.get(f"/case?number={case.number}&lang=en").text
    assert "Not answered yet." in page
    assert f"/case/{case.number}/contact?lang=en" in page
    assert "I agree that" in client.get(case.path + "?lang=en").text
    assert leave(client, case, query="?lang=en").location.endswith("&lang=en")


# Leaving a contact


def test_skipping_leads_on_without_storing_anything(app, client, case):
    page = Page(client.get(case.path + "?lang=en").text)
    assert page.hidden_fields() == {"number": case.number, "lang": "en"}
    assert "Bỏ qua bước này" in client.get(case.path).text
    assert client.get("/case", query_string=page.hidden_fields()).status_code == 200
    assert stored(app, Contact) == []


def test_consent_is_never_ticked_beforehand(client, case):
    pages = [client.get(case.path), leave(client, case, consent=""), leave(client, case, "091", consent="1")]
    for page in pages:
        (box,) = [found for tag, found in Page(page.text).elements if found.get("name") == "consent"]
        assert "checked" not in box


def test_contact_is_stored_sealed_under_its_case_for_sixty_days(app, client, case):
    response = leave(client, case)
    assert response.location == f"/case?number={case.number}"
    (contact,) = stored(app, Contact)
    keys = app.extensions["settings"].contact_keys
    assert unseal(contact.sealed, case.number, keys) == "0912345678"
    assert (contact.case_number, contact.expires_on) == (case.number, DAY + CONTACT_LIVES)
    page = client.get(response.location).text
    assert "09/05/2026" in page
    assert "0912345678" not in page + client.get(case.path).text


def test_no_row_of_the_database_holds_the_contact_in_the_clear(app, client, case):
    leave(client, case, "lan.rieng@example.vn")
    with app.extensions["database"].reading() as session:
        (row,) = session.execute(text("SELECT * FROM contact")).all()
    assert not any(b"lan.rieng" in bytes(str(value), "utf-8") for value in row)
    assert b"lan.rieng" not in bytes(row.sealed)


@pytest.mark.parametrize("contact", ["0912345678", "lan@example.vn"])
def test_without_consent_nothing_is_stored_and_what_was_typed_stays_on_the_page(app, client, case, contact):
    response = leave(client, case, contact, consent="")
    assert response.status_code == 422
    assert "Chưa đánh dấu đồng ý nên chưa lưu cách liên hệ." in response.text
    assert f'value="{contact}"' in response.text
    assert stored(app, Contact) == []


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("091234", "Số di động có 10 chữ số, ví dụ 0912 345 678."),
        ("lan.example.vn", "Email cần có dấu @."),
        ("lan@example", "chưa đủ"),
        ("", "hoặc bỏ qua bước này"),
    ],
)
def test_unusable_contact_is_refused_in_words_at_its_field(app, client, case, typed, says):
    response = leave(client, case, typed)
    assert response.status_code == 422
    assert response.text.count(says) == 2  # above the form and at the field
    assert 'aria-describedby="contact-error"' in response.text
    assert f'value="{typed}"' in response.text
    assert "Dấu đồng ý đã được bỏ" in response.text
    assert "đánh dấu đồng ý lại" in response.text
    assert stored(app, Contact) == []


def test_page_with_errors_still_offers_the_other_language(client, case):
    for page in (client.get(case.path), leave(client, case, "12")):
        assert f'<a href="{case.path}?lang=en" lang="en" hreflang="en">English</a>' in page.text
    in_english = leave(client, case, "12", query="?lang=en")
    assert f'<a href="{case.path}" lang="vi" hreflang="vi">Tiếng Việt</a>' in in_english.text


def test_consent_has_a_short_name_and_its_whole_text_above(client, case):
    page = client.get(case.path).text
    text = page.index('<p id="consent-text">Tôi đồng ý để')
    box = page.index('id="consent" name="consent" value="1" aria-describedby="consent-text"')
    assert text < box < page.index("<span>Tôi đồng ý</span>")


def test_contact_can_be_corrected_and_withdrawn_by_who_has_the_number(app, client, case):
    leave(client, case)
    leave(client, case, "lan@example.vn")
    (contact,) = stored(app, Contact)
    keys = app.extensions["settings"].contact_keys
    assert unseal(contact.sealed, case.number, keys) == "lan@example.vn"
    assert 'name="withdraw"' in client.get(case.path).text
    client.post(case.path, data={"withdraw": "1"})
    assert stored(app, Contact) == []
    assert 'name="withdraw"' not in client.get(case.path).text


def test_answered_case_takes_no_contact_but_lets_it_be_withdrawn(app, client, case):
    leave(client, case)
    with app.extensions["database"].transaction() as session:
        found = session.get_one(Case, case.number)
        found.answer, found.answered_on = "Đã sửa.", DAY
    page = client.get(case.path).text
    assert 'name="contact"' not in page
    assert 'name="withdraw"' in page
    before = stored(app, Contact)[0].sealed
    leave(client, case, "lan@example.vn")
    assert stored(app, Contact)[0].sealed == before
    client.post(case.path, data={"withdraw": "1"})
    assert stored(app, Contact) == []


def test_expired_contact_is_not_mentioned_even_before_it_is_deleted(app, client, case, clock):
    leave(client, case)
    clock.advance(days=CONTACT_LIVES.days + 1)
    assert "Đang lưu" not in client.get(f"/case?number={case.number}").text


def test_contact_is_in_no_log_and_no_address(client, case, caplog):
    caplog.set_level("DEBUG")
    responses = [
        leave(client, case),
        leave(client, case, "0912345678", consent=""),
        leave(client, case, "09123"),
    ]
    assert "0912" not in caplog.text
    assert not any("0912" in (response.location or "") for response in responses)


@on_sqlite
@pytest.mark.parametrize("fault", [OSError("connection lost"), InvalidChunkSize(b"zz")])
def test_body_that_is_no_form_or_cannot_be_read_is_refused(client, case, point, fault):
    class Broken(io.BytesIO):
        def readinto(self, _buffer):
            raise fault

    for path in (case.path, "/report", point.path):
        assert client.post(path, data="{}", content_type="application/json").status_code == 415
        broken = client.post(path, input_stream=Broken(b"q1=5"), content_type=FORM)
        assert broken.status_code == 400


@on_sqlite
def test_body_larger_than_any_contact_is_refused(client, case):
    assert leave(client, case, "9" * 10_000).status_code == 413


def test_nasty_contacts_and_numbers_are_shown_as_text_or_refused(app, client, case):
    for nasty in nasty_strings("contact"):
        body = f"{field('contact', nasty)}&consent=1"
        response = client.post(case.path, data=body, content_type=FORM)
        assert response.status_code in {303, 413, 422}
        assert client.get(f"/case?{field('number', nasty[:200])}").status_code in {200, 404}
    assert client.get(case.path).status_code == 200
    assert len(stored(app, Contact)) <= 1


def test_nasty_comments_are_stored_readable_or_refused(app, client, point):
    secret = app.extensions["settings"].secrets[0]
    statuses = set()
    for nasty in nasty_strings("comment"):
        key = SubmissionKey.issue(point.id, point.version_id, DAY).sealed(secret)
        body = f"form-key={key}&{field('form-comment', nasty)}&form-answer=1&form-end=1"
        statuses.add(client.post(point.path, data=body, content_type=FORM).status_code)
    assert statuses == {303, 422}
    comments = [comment.text for comment in stored(app, Comment)]
    assert len(comments) == len(stored(app, Case)) > 20
    assert all(comment == marked_unreadable(composed(comment)) for comment in comments)
