"""The form as a page: what stands where, what waits hidden, and how many bytes it takes on the wire."""

import gzip
import re
from html import unescape
from types import SimpleNamespace

import pytest
from sqlalchemy import func, select

from survey_app.collect import shell
from survey_app.models.campaign import Campaign
from survey_app.models.invitation_token import InvitationToken
from survey_app.models.response import Response
from survey_app.prepare.instruments.definition_file import shipped_definition
from tests import factories
from tests.page_inspector import Page

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)

OFFICE = "Trung tâm Phục vụ hành chính công xã An Phú"
# What gunicorn adds to the headers that the application sets.
SERVER_HEADERS = "Server: gunicorn\r\nDate: Sun, 22 Nov 2026 06:51:27 GMT\r\nConnection: keep-alive\r\n"


def way_in(app, instrument, **point):
    """Make an access point whose form is one of the shipped ones."""
    with app.extensions["database"].transaction() as session:
        version = factories.instrument_version(session, shipped_definition(instrument))
        campaign = factories.campaign(session, instrument_version_id=version.id)
        office = factories.office(session, name=OFFICE)
        counter = factories.counter(session, office_id=office.id, label="Quầy số 3")
        made = factories.access_point(
            session, campaign_id=campaign.id, office_id=office.id, counter_id=counter.id, **point
        )
        return SimpleNamespace(path=f"/s/{made.code}", code=made.code, campaign_id=campaign.id)


@pytest.fixture
def short(app):
    return way_in(app, "counter_short")


def text_of(client, path, **given):
    return client.get(path, headers={"Accept-Encoding": "identity"}, **given).text


def words(markup):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", markup))


def fieldset(markup, item):
    return re.search(rf'<fieldset id="{item}".*?</fieldset>', markup, re.DOTALL)[0]


def send(client, way, markup, **answers):
    """Post answers with the hidden fields of the page, as a browser without script does."""
    hidden = Page(markup).hidden_fields()
    assert list(hidden) == ["form-key", "form-end"]
    return client.post(way.path, data={**hidden, **answers})


def test_before_the_first_question_stand_the_place_privacy_and_length_only(client, short):
    markup = text_of(client, short.path)
    top = markup[markup.index("<body>") : markup.index("<fieldset")]
    top = re.sub(r'<section id="received".*?</section>|<template.*?</template>', "", top, flags=re.DOTALL)
    expected = (
        "English",
        "Hôm nay Ông/Bà được phục vụ thế nào?",
        f"Quầy số 3, {OFFICE}",
        "Có đúng nơi Ông/Bà vừa làm thủ tục không?",
        "Không đúng nơi này",
        "hỏi để phục vụ tốt hơn; phiếu không hỏi tên",
        "Dữ liệu của phiếu này",
        "Cơ quan chịu trách nhiệm (Bên kiểm soát dữ liệu cá nhân)",
        "Phiếu lưu: câu trả lời",
        "6 câu, khoảng 1 phút; thêm 6 câu về Ông/Bà. Câu nào không muốn trả lời thì bỏ qua.",
    )
    places = [words(top).index(said) for said in expected]
    assert places == sorted(places)
    assert f'href="/?not={short.code}">Không đúng nơi này' in top  # there stands the code box
    assert re.search(r"<details[^>]*>\s*<summary>Dữ liệu của phiếu này", top)  # one tap away
    assert words(top).rstrip().endswith("thì bỏ qua.")


@pytest.fixture
def invited(app):
    """The address of an invitation's form."""
    with app.extensions["database"].transaction() as session:
        batch = factories.invitation_batch(session)
        return f"/i/{InvitationToken(batch.id, 7).text(app.extensions['settings'].secrets[0])}"


def test_only_an_invitation_says_what_its_code_is_for(client, invited, short):
    said = "Mã mời để mỗi người trả lời một lần và cho biết nhóm người được mời (ít nhất 5 người)"
    assert f'<p class="invited">{said}' in text_of(client, invited)
    assert '<p class="invited"></p>' in text_of(client, short.path)


def test_an_invitation_may_be_opened_on_another_day_than_that_of_the_visit(client, invited):
    markup = text_of(client, invited)
    assert "<h1>Ông/Bà đã được phục vụ thế nào?</h1>" in markup
    assert "<p>Có đúng nơi Ông/Bà đã làm thủ tục không? " in markup
    assert "Hôm nay" not in markup
    in_english = text_of(client, f"{invited}?lang=en")
    assert "<h1>How were you served?</h1>" in in_english
    assert "<p>Is this where you were served? " in in_english


def test_each_question_is_one_group_with_its_number_and_words(client, short):
    markup = text_of(client, short.path)
    for item in shipped_definition("counter_short").items:
        group = fieldset(markup, item.code)
        assert group.startswith(f'<fieldset id="{item.code}" class="item')
        assert item.text.in_language("vi") in words(group)
        assert group.count('type="radio"') == len(item.options)
        assert group.count('<button type="button" class="clear plain" hidden>Bỏ chọn</button>') == 1
    assert "Câu 3 trong 12 câu" in words(fieldset(markup, "manner"))
    assert '<span aria-hidden="true">Câu 3/12</span>' in markup


def test_what_is_no_answer_stands_apart_from_the_scale(client, short):
    scale, apart = fieldset(text_of(client, short.path), "manner").split('<div class="choices apart">')
    assert scale.count("<label>") == 5
    assert 'class="choices faces"' in scale
    assert re.findall(r'value="(\w+)"', apart) == ["no_opinion", "na"]


def test_a_long_form_counts_its_parts_and_leaves_the_respondent_questions_out(client, app):
    markup = text_of(client, way_in(app, "sipas_service_2022").path)
    headings = re.findall(r"<h2>(.*?)</h2>", markup[markup.index("<form") :])
    assert headings[0] == "Phần 1/5: Thông tin và nơi làm thủ tục"
    assert headings[4:] == ["Phần 5/5: Góp ý và trả lời", "Vài câu về người trả lời (không bắt buộc)"]


def test_a_follow_up_is_there_without_script_and_names_what_opens_it(client, short):
    markup = text_of(client, short.path)
    follow_up = fieldset(markup, "extra_visits")
    assert 'data-after="came_back" data-options="yes"' in follow_up
    assert " hidden" not in re.match(r"<fieldset[^>]*>", follow_up)[0]
    opening = re.findall(r'value="(\w+)" data-opens', markup)
    assert opening == ["yes"]
    assert "follows" in follow_up
    assert markup.index('id="extra_visits"') > markup.index('id="came_back"')


def test_a_contradiction_is_named_on_top_and_at_its_question_and_can_be_sent_again(client, app, short):
    response = send(client, short, text_of(client, short.path), came_back="no", extra_visits="2", manner="4")
    markup = response.text
    assert response.status_code == 422
    box = markup[markup.index('<div class="wrong" role="alert" tabindex="-1" autofocus id="form-wrong">') :]
    box = box[: box.index("</div>")]
    assert '<a href="#came_back">' in box
    question = fieldset(markup, "came_back")
    assert 'aria-describedby="came_back-hint came_back-error"' in question
    assert 'id="came_back-error">Câu 4: đã chọn “Không” nên câu trả lời ở câu 4a đã được bỏ.' in question
    # Without script no radio can be emptied: what comes back can be sent as it stands.
    chosen = dict(re.findall(r'type="radio" name="(\w+)" value="(\w+)" checked', markup))
    assert chosen == {"came_back": "no", "manner": "4"}
    assert send(client, short, markup, **chosen).status_code == 303
    assert n_stored(app) == 1


@pytest.mark.parametrize("language", ["vi", "en"])
def test_a_fresh_form_changes_its_language_with_what_is_chosen(client, app, short, language):
    page = text_of(client, f"{short.path}?lang={language}")
    nav = re.search("<nav>(.*?)</nav>", page, re.DOTALL)[1]
    assert "<a " not in nav  # a link would lose the answers
    other = unescape(re.search(r'formaction="([^"]+)"', nav)[1])
    shown = send(client, SimpleNamespace(path=other), page, manner="4", **{"form-again": "1"})
    assert shown.status_code == 200
    assert 'name="manner" value="4" checked' in shown.text
    assert Page(shown.text).hidden_fields() == Page(page).hidden_fields()
    assert n_stored(app) == 0


def test_the_first_button_of_a_form_sends_it(client, short):
    page = text_of(client, short.path)
    first = re.search("<button[^>]*>", page)[0]
    assert first == '<button form="form" tabindex="-1">'


def test_the_comment_comes_before_the_questions_about_the_respondent(client, app, short):
    for way in (short, way_in(app, "sipas_service_2022")):
        markup = text_of(client, way.path)
        assert markup.count("<textarea") == 1
        assert markup.index("<textarea") < markup.index("<h2>Vài câu về người trả lời")


def test_a_form_that_came_back_can_be_read_in_another_language_without_being_sent(client, app, short):
    answers = {"came_back": "no", "extra_visits": "2", "form-comment": "Chờ lâu"}
    markup = send(client, short, text_of(client, short.path), **answers).text
    nav = re.search("<nav>(.*?)</nav>", markup, re.DOTALL)[1]
    assert nav.strip() == (
        f'<button class="plain" form="form" formaction="{short.path}?lang=en" '
        'name="form-again" value="1" lang="en">English</button>'
    )
    english = SimpleNamespace(path=f"{short.path}?lang=en")
    wrong = send(client, english, markup, **answers, **{"form-again": "1"})
    assert wrong.status_code == 422
    assert "Question 4: “No” is chosen, so the answer to 4a was taken away." in wrong.text
    mended = {**answers, "came_back": "yes", "form-again": "1"}
    shown = send(client, english, wrong.text, **mended)
    assert shown.status_code == 200
    assert "Look through your answers, then send. The form is never counted twice." in shown.text
    assert f'formaction="{short.path}" name="form-again" value="1" lang="vi">Tiếng Việt' in shown.text
    for said in ('name="came_back" value="yes" checked', 'name="extra_visits" value="2" checked', "Chờ lâu"):
        assert said in shown.text
    assert n_stored(app) == 0
    del mended["form-again"]
    assert send(client, english, shown.text, **mended).status_code == 303
    assert n_stored(app) == 1


def test_an_empty_form_is_read_in_another_language_without_reproach(client, short):
    fields = {**Page(text_of(client, short.path)).hidden_fields(), "form-again": "1"}
    shown = client.post(f"{short.path}?lang=en", data=fields)
    assert shown.status_code == 200
    assert "How were you served today?" in shown.text
    assert "form-wrong" not in shown.text


def n_stored(app):
    with app.extensions["database"].reading() as session:
        return session.scalar(select(func.count()).select_from(Response))


def test_a_faulty_comment_keeps_its_words_and_its_tick(client, short):
    comment = "ữ" * 1001
    markup = send(
        client, short, text_of(client, short.path), **{"form-comment": comment, "form-answer": "1"}
    ).text
    assert 'aria-describedby="comment-hint comment-error" aria-invalid="true"' in markup
    assert comment in markup
    assert 'name="form-answer" value="1" checked' in markup


def test_the_comment_asks_for_an_answer_right_below_it(client, short):
    markup = text_of(client, short.path)
    below = markup[markup.index("</textarea>") :]
    assert words(below[len("</textarea>") :]).lstrip().startswith("Tôi muốn được trả lời góp ý này")
    assert 'name="form-answer" value="1">' in below


def test_right_above_the_button_it_says_that_nothing_can_be_changed(client, short):
    markup = text_of(client, short.path)
    assert '<p>Gửi rồi thì không sửa được nữa.</p>\n<button id="send">Gửi phiếu</button>' in markup


def test_the_thank_you_waits_hidden_before_what_it_will_replace(client, short):
    markup = text_of(client, short.path)
    hidden = re.search(r'<main>\s*<section id="received" hidden>(.*?)</section>', markup, re.DOTALL)[1]
    assert "Đã nhận phiếu. Cảm ơn Ông/Bà!" in hidden
    assert '<output>GY-<span data-slot="case"></span></output>' in hidden
    assert hidden.index("with-case") < hidden.index('<b data-slot="receipt"></b>')
    assert '<div class="receipt" data-slot="with-case" hidden>' in hidden
    assert 'href="/case?number=NUMBER"' in hidden
    assert 'href="/case/NUMBER/contact"' in hidden
    assert "Hãy ghi lại mã này. Muốn xem trả lời: vào <b>127.0.0.1:8000/case</b>, gõ mã này;" in hidden
    assert "Cần hỏi, xin gọi 0200 000 000." in hidden
    assert "Đây không phải đơn khiếu nại, tố cáo." in hidden


def test_the_thank_you_page_says_the_same_to_those_without_script(client, app, short):
    answers = {"manner": "2", "form-comment": "Chờ lâu", "form-answer": "1"}
    address = send(client, short, text_of(client, short.path), **answers).headers["Location"]
    page = text_of(client, address)
    case = re.search(r'<output>GY-<span data-slot="case">([A-Z0-9-]+)</span></output>', page)[1]
    assert f'href="/case?number={case}"' in page
    assert f'href="/case/{case}/contact"' in page
    assert "Hãy ghi lại mã này." in page
    assert "Mã này cho thấy phiếu đã đến nơi" in page
    assert "NUMBER" not in re.sub(r"<script>.*?</script>", "", page, flags=re.DOTALL)
    without = send(client, short, text_of(client, short.path), manner="2").headers["Location"]
    assert "with-case" not in text_of(client, without)
    with app.extensions["database"].reading() as session:
        campaign = session.get_one(Campaign, short.campaign_id).code
    assert f'href="/results/{campaign}">Kết quả chung' in page


@pytest.mark.parametrize(("language", "tail", "amp"), [("vi", "", ""), ("en", "?lang=en", "&amp;lang=en")])
def test_the_foot_leads_on_in_the_same_language(client, short, language, tail, amp):
    markup = text_of(client, f"{short.path}?lang={language}")
    foot = markup[markup.index("<footer>") : markup.index("</footer>")]
    assert re.findall(r'href="([^"]*)"', foot) == [
        "#form-data",
        f"/accessibility?code={short.code}{amp}",
        f"/report?code={short.code}{amp}",
    ]
    assert f'action="/s/{short.code}{tail}" id="form"' in markup


def test_the_start_page_asks_for_the_code_first(client):
    markup = text_of(client, "/")
    assert markup.index('name="code"') < markup.index("/results") < markup.index("/staff/sign-in")
    assert "Gõ dãy mã dưới hình QR tại quầy" in markup
    assert 'href="/accessibility"' in markup
    assert 'href="/report"' in markup


def test_a_text_of_an_office_is_text_however_it_is_spelled(client, app):
    with app.extensions["database"].transaction() as session:
        office = factories.office(session, name='<b>"Một cửa" & {{7*7}}</b>')
        point = factories.access_point(session, office_id=office.id)
        path = f"/s/{point.code}"
    markup = text_of(client, path)
    assert "&lt;b&gt;&#34;Một cửa&#34; &amp; {{7*7}}&lt;/b&gt;" in markup
    assert "<b>&#34;" not in markup


@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize(("instrument", "most"), [("counter_short", 6_100), ("sipas_service_2022", 6_800)])
def test_a_form_takes_few_bytes_beside_its_script(client, app, instrument, most, language):
    response = client.get(f"{way_in(app, instrument).path}?lang={language}")
    of_script = r"<script>.*?</script>|<template.*?</template>"
    response.data = gzip.compress(re.sub(of_script, "", response.text, flags=re.DOTALL).encode(), 9)
    assert n_bytes(response) <= most


@pytest.mark.parametrize("language", ["vi", "en"])
def test_a_short_form_with_everything_takes_seven_kilobytes(client, short, language):
    path = f"{short.path}?lang={language}"
    assert n_bytes(client.get(path, headers={"Accept-Encoding": "gzip"})) <= 7_000


@pytest.mark.parametrize("instrument", ["counter_short", "sipas_service_2022"])
def test_a_form_and_its_script_fit_one_round_trip(client, app, instrument):
    packed = {"Accept-Encoding": "gzip"}
    form, script = (
        client.get(path, headers=packed) for path in (way_in(app, instrument).path, shell.SCRIPT_ADDRESS)
    )
    assert n_bytes(form) + n_bytes(script) <= 14_000


@pytest.mark.parametrize("language", ["vi", "en"])
def test_the_thank_you_page_with_a_number_takes_few_bytes(client, short, language):
    way = SimpleNamespace(path=f"{short.path}?lang={language}")
    answers = {"manner": "2", "form-comment": "Chờ lâu", "form-answer": "1"}
    address = send(client, way, text_of(client, way.path), **answers).headers["Location"]
    assert n_bytes(client.get(address, headers={"Accept-Encoding": "gzip"})) <= 3_900


def test_the_script_is_kept_for_a_year_and_carries_no_more_policy_than_it_needs(client):
    response = client.get(shell.SCRIPT_ADDRESS, headers={"Accept-Encoding": "gzip"})
    assert response.headers["Content-Security-Policy"] == "default-src 'none'"
    assert response.headers["Vary"] == "Accept-Encoding"
    assert "immutable" in response.headers["Cache-Control"]
    assert n_bytes(response) <= 4_000


def test_no_string_of_the_script_loses_a_blank(client):
    source = (shell.FOLDER / "citizen.js").read_text("utf-8")
    code = "\n".join(line for line in source.splitlines() if not line.strip().startswith("//"))
    strings = r'"[^"\n]*"|`[^`]*`'
    assert len(re.findall(strings, code)) > 50
    assert re.findall(strings, client.get(shell.SCRIPT_ADDRESS).text) == re.findall(strings, code)


def n_bytes(response):
    """Count what goes over the wire: status line, headers, compressed page."""
    return len(f"HTTP/1.1 200 OK\r\n{SERVER_HEADERS}{response.headers}") + len(response.data)
