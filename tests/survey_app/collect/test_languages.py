"""A form in three languages: Vietnamese and English whole, Khmer as far as somebody has translated it."""

import re
import shutil
from dataclasses import replace
from html import unescape
from types import SimpleNamespace

import pytest

from survey_app.models.definition import Comment, Text
from survey_app.models.language import ENDONYMS
from survey_app.web import catalogues
from tests import factories
from tests.catalogues import messages, stored

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
with_a_catalogue = pytest.mark.usefixtures("khmer")  # of Khmer, before the application is made

HEADING = "ថ្ងៃនេះ លោកអ្នកទទួលបានសេវាយ៉ាងណា?"
QUESTION = "សំណួរទី ១?"
CATALOGUE = f"""\
msgid ""
msgstr ""
"Language: km\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Plural-Forms: nplurals=1; plural=0;\\n"

msgid "How were you served today?"
msgstr "{HEADING}"

msgid "Received. Thank you!"
msgstr "បានទទួលហើយ អរគុណ!"

msgid "Nothing is answered yet. Choose at least one, then send."
msgstr "មិនទាន់មានចម្លើយទេ។"

msgid "Send"
msgstr ""

#, fuzzy
msgid "Answers cannot be changed afterwards."
msgstr "ប្រហែល"

msgid "Question %(i)s/%(n)s"
msgstr "សំណួរ %(wrong)s"

msgid "%(n)s questions, about %(num)s minute. Skip any you like."
msgid_plural "%(n)s questions, about %(num)s minutes. Skip any you like."
msgstr[0] ""
"""


@pytest.fixture
def khmer(tmp_path, monkeypatch):
    """The citizens' words of an installation that has them in Khmer, in part."""
    folder = tmp_path / "translations"
    for language in ("vi", "en"):
        shutil.copytree(catalogues.FOLDER / language, folder / language)
    path = folder / "km" / catalogues.OF_CITIZENS
    path.parent.mkdir(parents=True)
    path.write_text(CATALOGUE, "utf-8")
    monkeypatch.setattr(catalogues, "FOLDER", folder)


def partly_khmer():
    """The small form: in Khmer only its first question, one option and the comment."""
    small = factories.definition("partly")
    first, *others = small.items
    option = replace(first.options[0], label=with_khmer(first.options[0].label, "កម្រិត ១"))
    first = replace(first, text=with_khmer(first.text, QUESTION), options=(option, *first.options[1:]))
    comment = Comment(with_khmer(small.comment.text, "មតិ"), 500)
    return replace(small, languages=("vi", "en", "km"), items=(first, *others), comment=comment)


def with_khmer(text, khmer):
    return Text.of({**dict(text.strings), "km": khmer})


@pytest.fixture
def point(app):
    with app.extensions["database"].transaction() as session:
        version = factories.instrument_version(session, of=partly_khmer())
        campaign = factories.campaign(session, code="hoi", instrument_version_id=version.id, is_demo=True)
        point = factories.access_point(session, campaign_id=campaign.id)
        return SimpleNamespace(code=point.code, path=f"/s/{point.code}")


def words_of(page):
    """Give what a page says outside its markup, style and script."""
    bare = re.sub(r"<(style|script)>.*?</\1>", "", page, flags=re.DOTALL)
    return unescape(re.sub(r"<[^>]+>", "\n", bare))


def language_links(page):
    return re.findall(r'<a href="([^"]*)" lang="(\w+)" hreflang="\w+">([^<]+)</a>', page)


def key_on(page):
    return re.search(r'name="form-key" value="([^"]+)"', page)[1]


@pytest.mark.parametrize(("language", "others"), [("vi", "en km"), ("en", "vi km"), ("km", "vi en")])
def test_a_form_is_offered_in_each_language_it_has_by_the_name_its_readers_use(
    client, point, language, others
):
    page = client.get(f"{point.path}?lang={language}").text
    buttons = re.findall(r'formaction="([^"]*)" name="form-again" value="1" lang="(\w+)">([^<]+)<', page)
    query = {"vi": "", "en": "?lang=en", "km": "?lang=km"}
    assert buttons == [(point.path + query[code], code, ENDONYMS[code]) for code in others.split()]
    assert not language_links(page)


@pytest.mark.parametrize("language", ["rad", "fr", "KM", "", "../vi"])
def test_a_language_that_the_form_does_not_have_means_vietnamese(client, point, language):
    page = client.get(point.path, query_string={"lang": language}).text
    assert '<html lang="vi">' in page
    assert "Câu 1?" in page


@with_a_catalogue
def test_strings_of_the_form_fall_back_one_by_one_and_say_their_language(client, point):
    page = client.get(f"{point.path}?lang=km").text
    assert '<html lang="km">' in page
    for said in (QUESTION, "កម្រិត ១", "មតិ", '<bdi lang="vi">Câu 2?</bdi>', '<bdi lang="vi">Mức 2</bdi>'):
        assert said in page
    assert f">{QUESTION}</bdi>" not in page  # in the page's own language: no need to say so
    assert '<bdi lang="vi">Về Ông/Bà</bdi>' in page


@with_a_catalogue
def test_words_of_the_page_fall_back_one_by_one_and_say_their_language(client, point):
    page = client.get(f"{point.path}?lang=km").text
    assert f">{HEADING}</h1>" in page
    assert '<bdi lang="vi">Gửi phiếu</bdi></button>' in page


@pytest.mark.parametrize(
    "unfinished", ["Gửi rồi thì không sửa được nữa.", "Câu 1/3", "3 câu, khoảng 1 phút."]
)
@with_a_catalogue
def test_what_is_unsure_mistaken_or_half_a_plural_is_vietnamese(client, point, unfinished):
    assert unfinished in client.get(f"{point.path}?lang=km").text


@with_a_catalogue
def test_titles_and_attributes_hold_no_markup(client, point):
    page = client.get(f"{point.path}?lang=km").text
    assert re.search(r"<title>Khảo sát hài lòng – [^<]+</title>", page)
    assert not re.search("[\ue000-\uf8ff]", page)
    assert '<p class="demo">Dữ liệu minh họa' in page
    assert not re.search(r'="[^"]*<bdi', page)


@with_a_catalogue
def test_a_reader_of_khmer_meets_no_english(client, point):
    page = words_of(client.get(f"{point.path}?lang=km").text)
    said = [(message.id, message.string) for message in messages(stored("collect", "vi"))]
    plain = [one for one, other in said if isinstance(one, str) and other not in ("", one)]
    whole = [english for english in plain if "%(" not in english]
    assert len(whole) > 20
    in_english = client.get(f"{point.path}?lang=en").text
    assert "Send" in words_of(in_english).split("\n")
    assert not {english for english in whole if english in page.split("\n")}
    assert "Question" not in page
    assert "Level" not in page


def test_without_a_catalogue_the_page_is_vietnamese_and_the_questions_say_that_they_are_not(client, point):
    page = client.get(f"{point.path}?lang=km").text
    assert '<html lang="vi">' in page
    assert f'<bdi lang="km">{QUESTION}</bdi>' in page
    assert "Gửi phiếu</button>" in page
    assert "Câu 2?" in page
    assert '<bdi lang="vi">' not in page


@with_a_catalogue
def test_the_choice_is_carried_through_errors_and_sending_to_the_thank_you_page(client, point):
    page = client.get(f"{point.path}?lang=km").text
    action = re.search(r'<form method="post" action="([^"]+)"', page)[1]
    assert action == f"{point.path}?lang=km"
    fields = {"form-key": key_on(page), "form-end": "1"}

    wrong = client.post(action, data=fields)
    assert wrong.status_code == 422
    assert '<html lang="km">' in wrong.text
    assert "មិនទាន់មានចម្លើយទេ។" in wrong.text
    assert f'action="{action}"' in wrong.text
    assert not language_links(wrong.text)  # a link would lose what was written

    sent = client.post(action, data={**fields, "q1": "5"})
    assert sent.status_code == 303
    assert "lang=km" in sent.headers["Location"]
    thanks = client.get(sent.headers["Location"])
    assert "<h1>បានទទួលហើយ អរគុណ!</h1>" in thanks.text
    assert '<bdi lang="vi">Mã ghi nhận:</bdi>' in thanks.text


@with_a_catalogue
def test_other_languages_of_the_thank_you_page_are_the_same_thank_you_page(client, point):
    page = client.get(f"{point.path}?lang=km").text
    answers = {"q1": "5", "form-comment": "ល្អ", "form-answer": "1"}
    fields = {"form-key": key_on(page), **answers, "form-end": "1"}
    address = client.post(f"{point.path}?lang=km", data=fields).headers["Location"]
    links = language_links(client.get(address).text)
    assert [code for _, code, _ in links] == ["vi", "en"]
    for link, _, _ in links:
        there = client.get(address.partition("?")[0] + unescape(link))
        assert there.status_code == 200
        case = re.search(r"case=([\w-]+)", address)[1]
        assert case in there.text


@with_a_catalogue
def test_a_script_is_told_in_the_chosen_language_without_marks(client, point):
    key = key_on(client.get(f"{point.path}?lang=km").text)
    asked = {"Accept": "application/json"}
    empty = {"form-key": key, "form-end": "1"}
    told = client.post(f"{point.path}?lang=km", data=empty, headers=asked)
    assert told.json["problem"] == "មិនទាន់មានចម្លើយទេ។"
    told = client.post(f"{point.path}?lang=km", data={**empty, "q1": "9"}, headers=asked)
    assert told.json["problem"] == "Câu 1: hãy chọn lại một trong các ý có sẵn."


def test_what_one_reader_brought_in_the_address_stands_on_nobody_elses_page(client, point):
    client.get(f"{point.path}?lang=km&fbclid=somebody")
    assert "somebody" not in client.get(f"{point.path}?lang=km").text


@pytest.mark.parametrize("language", ["vi", "en", "km"])
@with_a_catalogue
def test_a_page_that_was_compiled_for_one_language_serves_no_other(client, point, language):
    for before in ("km", "en", "vi"):
        client.get(f"{point.path}?lang={before}")
    heading = {"vi": "Hôm nay Ông/Bà", "en": "How were you served", "km": HEADING}[language]
    assert heading in client.get(f"{point.path}?lang={language}").text


@with_a_catalogue
def test_pages_without_a_form_are_offered_in_what_has_a_catalogue(client, point):
    start = client.get("/?lang=km").text
    assert '<html lang="km">' in start
    assert [code for _, code, _ in language_links(start)] == ["vi", "en"]
    assert [code for _, code, _ in language_links(client.get("/").text)] == ["en", "km"]
    unknown = client.get("/s/AAAAAAAA?lang=km")
    assert unknown.status_code == 404
    assert '<html lang="km">' in unknown.text
    assert "<title>Không tìm thấy mã</title>" in unknown.text
    assert '<bdi lang="vi">Không tìm thấy mã AAAAAAAA.' in unknown.text


def test_pages_without_a_form_are_vietnamese_where_no_catalogue_is(client, point):
    assert '<html lang="vi">' in client.get("/?lang=km").text
    assert [code for _, code, _ in language_links(client.get("/").text)] == ["en"]


@pytest.mark.parametrize("address", ["/results", "/results/hoi", "/staff/sign-in", "/nowhere"])
@with_a_catalogue
def test_pages_of_results_and_staff_are_vietnamese_for_a_minority_language(client, point, address):
    page = client.get(f"{address}?lang=km").text
    assert '<html lang="vi"' in page
    assert "lang=km" not in page


@with_a_catalogue
def test_days_are_written_as_in_vietnamese(app, client):
    with app.extensions["database"].transaction() as session:
        version = factories.instrument_version(session, of=partly_khmer())
        campaign = factories.campaign(
            session, instrument_version_id=version.id, opens_on=factories.DAY.replace(month=4, day=5)
        )
        point = factories.access_point(session, campaign_id=campaign.id)
        address = f"/s/{point.code}?lang=km"
    assert "05/04/2026" in client.get(address).text
