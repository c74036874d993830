"""The page of exports, and files that live as long as the right that made them."""

import csv
import io
import re
from datetime import timedelta

import pytest
from python_calamine import load_workbook
from sqlalchemy import select

from survey_app.cli.jobs import Worker
from survey_app.models.audit import AuditLine
from survey_app.models.campaign import Campaign
from survey_app.models.job import Job
from survey_app.models.office import Office
from survey_app.models.staff import StaffGrant
from survey_app.publish.exports import forms, xlsx_file
from tests import factories
from tests.factories import DAY
from tests.nasty_strings import field, nasty_strings
from tests.survey_app.publish.exports.arrivals import come, point_of, release

PAGE = "/staff/exports"
FORM = {
    "first": "",
    "last": "",
    "provenances": ["A", "B", "C", "D"],
    "file_format": "csv",
    "answers": "codes",
}


@pytest.fixture
def released(database, point):
    with database.transaction() as session:
        come(session, point, 6)
        release(session, point)


@pytest.fixture
def manager(staff_client, office):
    return staff_client("office_manager", office.id)


@pytest.fixture
def rows(app):
    """Give `rows(kind)`: all rows of a kind, in the order in which they came."""

    def read(kind):
        with app.extensions["database"].reading() as session:
            return list(session.scalars(select(kind).order_by(kind.id)))

    return read


@pytest.fixture
def work(app, clock):
    """Give `work()`: the job process does what waits."""
    worker = Worker(app.extensions["database"], app.extensions["settings"], clock)
    return lambda: [None for _ in iter(worker.step, False)]


@pytest.fixture
def other_office(database, campaign):
    """Another office with a response of its own."""
    with database.transaction() as session:
        office = factories.office(session, name="Bộ phận Một cửa xã Bình")
        point = point_of(session, office, session.get_one(Campaign, campaign.id))
        come(session, point, 7)
        release(session, point)
        return office


def forgery_token(client):
    return re.search(r'name="csrf_token"[^>]*value="([^"]+)"', client.get(PAGE).text)[1]


def ask(client, address=PAGE, **given):
    return client.post(address, data={**FORM, **given, "csrf_token": forgery_token(client)})


def test_page_says_first_how_many_responses_can_leave(manager, office, released):
    page = manager.get(PAGE).text
    assert (
        f"6 phiếu của {office.name} đã vào số liệu phát hành. Phiếu xuất được theo từng tháng trọn vẹn."
        in page
    )
    assert 'name="q"' not in page  # there is one office alone


def test_page_of_several_offices_finds_one_of_them_without_marks(
    staff_client, office, other_office, released
):
    analyst = staff_client("analyst")
    assert "13 phiếu của tất cả đơn vị" in analyst.get(PAGE).text
    page = analyst.get(f"{PAGE}?q=xa+an").text
    assert f"office={office.id}" in page
    assert f"office={other_office.id}" not in page
    assert "Không tìm thấy “khong co”. Thử bớt chữ." in analyst.get(f"{PAGE}?q=khong+co").text
    assert f"6 phiếu của {office.name}" in analyst.get(f"{PAGE}?office={office.id}").text


def test_nothing_released_is_said_and_offers_no_button(manager, office, point):
    page = manager.get(PAGE).text
    assert f"Chưa xuất được phiếu nào của {office.name}" in page
    assert "Tạo tệp" not in page


def test_page_begins_with_the_newest_survey_that_has_something_to_export(
    database, staff_client, manager, other_office, office, released
):
    with database.transaction() as session:
        empty = factories.campaign(session, opens_on=DAY)
        newer = factories.campaign(session, opens_on=DAY - timedelta(days=10))
        there = point_of(session, session.get_one(Office, other_office.id), newer, "Quầy số 2")
        come(session, there, 8)
        release(session, there)
    assert "8 phiếu của tất cả đơn vị" in staff_client("administrator").get(PAGE).text
    page = manager.get(PAGE).text  # nothing of the newer one is of this manager's office
    assert f"6 phiếu của {office.name}" in page
    assert empty.title in page
    assert f"Chưa xuất được phiếu nào của {office.name}" in manager.get(f"{PAGE}?campaign={empty.code}").text


def test_no_survey_has_begun(staff_client):
    assert "Chưa có cuộc khảo sát nào bắt đầu" in staff_client("analyst").get(PAGE).text


@pytest.mark.parametrize("role", ["operator", "auditor"])
def test_who_may_not_export_finds_no_page(staff_client, role):
    assert staff_client(role).get(PAGE).status_code == 404
    assert 'href="/staff/exports"' not in staff_client(role).get("/staff").text


def test_asking_makes_a_job_and_a_line_in_the_audit_log(manager, rows, office, released):
    answer = ask(manager)
    (job,) = rows(Job)
    assert (answer.status_code, answer.location) == (303, f"/staff/jobs/{job.id}")
    assert (job.name, job.arguments["office_ids"]) == ("export", [office.id])
    assert job.arguments["bound"] == {"right": "exports", "office_ids": [office.id]}
    assert [(line.act, line.office_id) for line in rows(AuditLine)] == [("responses.export", office.id)]


def test_from_the_page_to_the_file(manager, rows, work, released):
    address = ask(manager, file_format="xlsx", answers="words").location
    work()
    page = manager.get(address).text
    assert "Tệp đã xong." in page
    assert "<dt>Số phiếu trong tệp</dt><dd>6</dd>" in page
    file = manager.get(f"{address}/file")
    assert file.status_code == 200
    assert file.headers["Cache-Control"] == "no-store"
    assert file.data.startswith(b"PK")
    assert [line.act for line in rows(AuditLine)] == ["responses.export", "file.download"]
    assert "phieu-tra-loi-1.xlsx" in rows(AuditLine)[1].what
    assert "XLSX" in manager.get(PAGE).text


def test_who_works_at_an_office_does_not_get_what_people_said_of_themselves(
    manager, staff_client, office, rows, work, released
):
    """By sex and age some of those who came to a counter on a day are alone."""
    analyst = staff_client("analyst", office.id)
    for client, is_in_it, words in (
        (manager, False, "không có câu trả lời về bản thân người dân"),
        (analyst, True, "có câu trả lời về bản thân người dân"),
    ):
        assert f"Tệp của Ông/Bà {words}" in client.get(PAGE).text
        address = ask(client).location
        work()
        columns = client.get(f"{address}/file").data.decode("utf-8-sig").splitlines()[0].split(",")
        assert "q1" in columns
        assert ("sex" in columns) == is_in_it
        what = [line.what for line in rows(AuditLine) if line.act == "responses.export"][-1]
        assert what.endswith("có câu hỏi về người trả lời")
        assert ("không có câu hỏi" in what) != is_in_it


def test_who_is_analyst_of_a_part_gets_the_whole_without_what_people_said_of_themselves(
    app, manager, office, other_office, rows, released
):
    with app.extensions["database"].transaction() as session:
        staff = session.scalars(select(StaffGrant).filter_by(role="office_manager")).one().staff_id
        factories.staff_grant(session, staff_id=staff, role="analyst", office_id=other_office.id)
    ask(manager)
    ask(manager, f"{PAGE}?office={other_office.id}")
    assert [job.arguments["with_respondents"] for job in rows(Job)] == [False, True]
    assert [job.arguments["bound"]["right"] for job in rows(Job)] == ["exports", "respondents"]


def test_a_file_with_what_people_said_of_themselves_dies_with_the_role_that_got_it(
    app, staff_client, office, rows, work, released
):
    analyst = staff_client("analyst", office.id)
    address = ask(analyst).location
    work()
    assert analyst.get(f"{address}/file").status_code == 200
    with app.extensions["database"].transaction() as session:
        session.scalars(select(StaffGrant).filter_by(role="analyst")).one().role = "office_manager"
    assert analyst.get(f"{address}/file").status_code == 404
    assert address not in analyst.get(PAGE).text


def test_every_download_is_a_line_of_who_took_it(manager, staff_client, rows, work, released):
    address = ask(manager).location
    work()
    for _ in range(2):
        manager.get(f"{address}/file")
    staff_client("administrator").get(f"{address}/file")
    lines = [line for line in rows(AuditLine) if line.act == "file.download"]
    owner = rows(Job)[0].owner_id
    assert [line.staff_id == owner for line in lines] == [True, True, False]


def end_grant(app, last_day, **given):
    with app.extensions["database"].transaction() as session:
        for grant in session.scalars(select(StaffGrant).filter_by(**given)):
            grant.valid_until = last_day


def test_link_dies_with_the_right_that_made_it(app, manager, rows, work, released):
    address = ask(manager).location
    work()
    assert manager.get(f"{address}/file").status_code == 200
    end_grant(app, DAY - timedelta(days=1), role="office_manager")
    with app.extensions["database"].transaction() as session:  # another right opens jobs, this one does not
        owner = rows(Job)[0].owner_id
        factories.staff_grant(session, staff_id=owner, role="operator")
    for path in (address, f"{address}/file"):
        assert manager.get(path).status_code == 404
    assert len(rows(AuditLine)) == 2


def test_link_dies_when_the_right_reaches_one_office_less(
    app, staff_client, rows, work, office, other_office, released
):
    analyst = staff_client("analyst")
    address = ask(analyst).location
    work()
    assert analyst.get(f"{address}/file").status_code == 200
    with app.extensions["database"].transaction() as session:
        session.scalars(select(StaffGrant).filter_by(role="analyst")).one().office_id = office.id
    assert analyst.get(f"{address}/file").status_code == 404
    assert address not in analyst.get(PAGE).text


def test_colleague_of_the_same_office_has_no_right_to_the_link(manager, staff_client, work, office, released):
    address = ask(manager).location
    work()
    assert staff_client("office_manager", office.id).get(f"{address}/file").status_code == 404


def test_administrator_of_a_province_does_not_reach_the_files_of_another(
    manager, staff_client, work, other_office, released
):
    address = ask(manager).location
    work()
    assert staff_client("administrator", other_office.id).get(address).status_code == 404
    assert staff_client("administrator").get(address).status_code == 200


def test_foreign_office_looks_like_one_that_does_not_exist(manager, rows, other_office, released):
    for wanted in (str(other_office.id), "999999", str(2**63), "-1", "x", "١"):
        assert manager.get(f"{PAGE}?office={wanted}").status_code == 404
        assert ask(manager, f"{PAGE}?office={wanted}").status_code == 404
    assert manager.get(f"{PAGE}?campaign=none").status_code == 404
    assert rows(Job) == []


def test_offices_in_the_body_are_not_listened_to(manager, rows, office, other_office, released):
    ask(manager, office_ids=[other_office.id], office=other_office.id, right="people", bound="{}")
    assert rows(Job)[0].arguments["office_ids"] == [office.id]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"first": "31/02/2026"}, "Hãy nhập một ngày, ví dụ 31/12/2026."),
        ({"first": "2026-03-05", "last": "2026-03-01"}, "Ngày cuối trước ngày đầu."),
        ({"provenances": []}, "Hãy chọn ít nhất một loại phiếu."),
        ({"provenances": ["C", "E"]}, "Hãy chọn ít nhất một loại phiếu."),
        ({"file_format": "exe"}, "Hãy chọn một mục trong danh sách."),
        ({"answers": ""}, "Hãy chọn một mục trong danh sách."),
    ],
)
def test_what_cannot_be_exported_is_refused_in_words(manager, rows, released, given, words):
    answer = ask(manager, **given)
    assert answer.status_code == 422
    assert words in answer.text
    assert rows(Job) == []


def test_too_many_for_a_spreadsheet_is_said_before_the_job(manager, rows, released, monkeypatch):
    monkeypatch.setattr(forms, "ROWS_OF_A_SHEET", 6)
    answer = ask(manager, file_format="xlsx")
    assert answer.status_code == 422
    assert (
        "Một bảng tính chứa được 5 phiếu, mà số phiếu đã chọn nhiều hơn. Hãy chọn CSV hoặc Parquet"
        in answer.text
    )
    assert rows(Job) == []
    assert ask(manager, file_format="csv").status_code == 303


def test_too_many_for_a_spreadsheet_is_said_after_it_too(manager, work, released, monkeypatch):
    monkeypatch.setattr(xlsx_file, "ROWS_OF_A_SHEET", 6)
    address = ask(manager, file_format="xlsx", first="2026-03-01", last="2026-03-31").location
    work()
    assert "Không tạo tệp: một bảng tính không chứa được nhiều phiếu như vậy." in manager.get(address).text
    assert manager.get(f"{address}/file").status_code == 404


def test_what_stays_back_is_told_beside_the_file(app, manager, work, point, released):
    with app.extensions["database"].transaction() as session:
        come(session, point, 3, day=DAY)
    address = ask(manager).location
    work()
    page = manager.get(address).text
    assert "<dt>Không đưa vào: chưa có trong số liệu phát hành</dt><dd>3</dd>" in page
    assert "<dt>Trong đó loại B</dt><dd>0</dd>" in page
    address = ask(manager, first=DAY.isoformat()).location
    work()
    page = manager.get(address).text
    assert "Không tạo tệp: không phiếu nào trong số đã chọn được phép xuất." in page


def test_nasty_words_in_any_field_are_refused_or_passed_over(manager, rows, released):
    token = forgery_token(manager)
    for text in nasty_strings("export form", 60):
        for name in ("first", "last", "file_format", "answers", "provenances"):
            sent = {"csrf_token": token, "provenances": "C", "file_format": "csv", "answers": "codes"}
            body = "&".join(field(key, value) for key, value in {**sent, name: text}.items())
            answer = manager.post(PAGE, data=body, content_type="application/x-www-form-urlencoded")
            assert answer.status_code == 422 or (name in ("first", "last") and not text.strip())
        assert manager.get(f"{PAGE}?{field('q', text)}").status_code == 200
        assert manager.get(f"{PAGE}?{field('campaign', text)}").status_code == 404


def test_page_speaks_english_when_the_address_says_so(manager, released):
    page = manager.get(f"{PAGE}?lang=en").text
    assert "can be exported by whole months." in page
    assert "What a file says, and what it does not" in page


def test_link_stands_on_the_first_page_of_who_may_export(manager):
    assert f'href="{PAGE}"' in manager.get("/staff").text


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
@pytest.mark.parametrize("answers", ["codes", "words"])
def test_dictionary_beside_a_file_is_the_second_sheet_of_a_spreadsheet(
    app, staff_client, released, rows, work, tmp_path, answers
):
    analyst = staff_client("analyst")
    for file_format in ("csv", "xlsx"):
        ask(analyst, file_format=file_format, answers=answers)
    work()
    as_csv, as_sheet = rows(Job)
    link = f"{PAGE}/{as_csv.id}/dictionary.csv"
    assert f'href="{link}"' in analyst.get(f"/staff/jobs/{as_csv.id}").text
    answer = analyst.get(link)
    assert "tu-dien-phieu-tra-loi-1.csv" in answer.headers["Content-Disposition"]
    lines = list(csv.reader(io.StringIO(answer.get_data().decode("utf-8-sig"), newline="")))
    book = load_workbook(app.extensions["settings"].files_dir / as_sheet.file_name)
    sheet = book.get_sheet_by_name("Các cột").to_python()
    assert [[str(cell) for cell in line] for line in sheet] == lines
    assert len({tuple(line) for line in lines}) == len(lines)


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_dictionary_is_for_who_has_the_file(staff_client, manager, released, rows, work):
    ask(manager, provenances=["A"])
    ask(manager)
    work()
    nothing_left, made = rows(Job)
    assert manager.get(f"{PAGE}/{made.id}/dictionary.csv").status_code == 200
    assert manager.get(f"{PAGE}/{nothing_left.id}/dictionary.csv").status_code == 404
    assert staff_client("analyst").get(f"{PAGE}/{made.id}/dictionary.csv").status_code == 404
    assert manager.get(f"{PAGE}/99/dictionary.csv").status_code == 404
