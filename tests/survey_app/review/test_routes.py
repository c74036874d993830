"""The room of review: what staff see of their own offices, and what they do about it."""

import re
from collections import Counter
from datetime import timedelta

import pytest
from markupsafe import escape
from sqlalchemy import select

from survey_app.models.access_point import AccessPoint, SeenDay
from survey_app.models.audit import AuditLine
from survey_app.models.case import CONTACT_LIVES, LONGEST_ANSWER, Case, Contact
from survey_app.models.code_report import CodeReport
from survey_app.models.contact_seal import seal
from survey_app.models.office import Office
from survey_app.models.plain_text import composed, marked_unreadable
from survey_app.models.response import OVER_BUDGET
from survey_app.models.short_code import printed
from survey_app.models.staff import Staff
from survey_app.web.paging import ROWS_A_PAGE
from tests import factories
from tests.conftest import new_client
from tests.factories import DAY
from tests.nasty_strings import as_received, field, nasty_strings

on_sqlite = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def rows(app):
    """Two offices under a province, a poster and a waiting case at each."""
    with app.extensions["database"].transaction() as session:
        province = factories.office(session, kind="province")
        found = {}
        for name in ("mine", "other"):
            office = factories.office(session, parent_id=province.id, name=f"Bộ phận Một cửa xã {name}")
            counter = factories.counter(session, office_id=office.id, label=f"Quầy {name}")
            point = factories.access_point(session, office_id=office.id, counter_id=counter.id)
            comment = factories.comment(session, access_point_id=point.id, text=f"Góp ý của {name}.")
            case = factories.comment_case(session, comment_key=comment.comment_key)
            found |= {name: office, f"{name}_point": point, f"{name}_case": case.number}
    return found


@pytest.fixture
def manager(rows, staff_client):
    return staff_client("office_manager", rows["mine"].id)


def stored(app, kind):
    with app.extensions["database"].reading() as session:
        return list(session.scalars(select(kind)))


def add(app, builder, **given):
    with app.extensions["database"].transaction() as session:
        return builder(session, **given)


def forgery_token(client):
    return re.search(r'name="csrf_token"[^>]*value="([^"]+)"', client.get("/staff/review").text)[1]


def post(client, address, **fields):
    return client.post(address, data={"csrf_token": forgery_token(client), **fields})


def answer_path(number):
    return f"/staff/review/comments/{number}/answer"


def html(text):
    """Write text as Jinja writes it."""
    return str(escape(text))


def leave_contact(app, number, days=CONTACT_LIVES.days, key=None):
    key = key or app.extensions["settings"].contact_keys[0]
    sealed = seal("0912345678", number, key)
    add(app, factories.contact, case_number=number, sealed=sealed, expires_on=DAY + timedelta(days=days))


PAGES = ("/staff/review", "/staff/review/comments", "/staff/review/reports", "/staff/review/days")


def test_nobody_sees_anything_without_signing_in(client, rows):
    for path in (*PAGES, f"/staff/review/comments/{rows['mine_case']}"):
        assert client.get(path).location.startswith("/staff/sign-in")


@on_sqlite
@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("query", ["", "?lang=en", "?answered=yes"])
def test_empty_lists_say_so(staff_client, path, query):
    page = staff_client("administrator").get(path + query)
    assert page.status_code == 200
    assert "<li>" not in page.text


@on_sqlite
def test_first_page_of_who_may_answer_counts_what_waits_in_his_offices(app, rows, staff_client):
    add(app, factories.code_report, access_point_id=rows["mine_point"].id)
    add(app, factories.response, access_point_id=rows["mine_point"].id, review_mark=OVER_BUDGET)

    def waiting(role, office_id=None):
        page = staff_client(role, office_id).get("/staff").text.partition("Việc đang chờ:")[2]
        return re.findall(r'<a href="/staff/review/(\w+)">(\d+) ', page.partition("</p>")[0])

    assert waiting("office_manager", rows["mine"].id) == [("comments", "1"), ("reports", "1"), ("days", "1")]
    assert waiting("office_manager", rows["other"].id) == [("comments", "1")]
    assert waiting("campaign_lead") == [("comments", "2"), ("reports", "1"), ("days", "1")]
    assert waiting("operator", rows["mine"].id) == waiting("auditor") == []


def test_overview_names_what_waits(app, manager, rows):
    report = {"access_point_id": rows["mine_point"].id, "place": "Cửa chính"}
    add(app, factories.code_report, **report, n_alike=7, n_dropped=1234)
    add(app, factories.response, access_point_id=rows["mine_point"].id, review_mark=OVER_BUDGET)
    add(app, factories.access_point_day, access_point_id=rows["mine_point"].id, n_received=1201)
    page = manager.get("/staff/review").text
    for words in (
        "Góp ý đang chờ trả lời: 1. Tin báo về mã QR chưa xem: 1. Ngày có nhiều phiếu hơn thường lệ: 1.",
        "Góp ý của mine.",
        "10/03/2026",
        "Quầy mine, Bộ phận Một cửa xã mine",
        "Hình QR bị dán chồng",
        "7 tin báo giống nhau",
        "Còn 1.234 tin báo cùng loại trong ngày không hiện ở đây",
        "Thấy ở: Cửa chính",
        printed(rows["mine_point"].code),
        f"/staff/codes/{rows['mine_point'].id}/revoke",
        "Nhận 1.201 phiếu, vượt mức trong ngày 1 phiếu",
        "không loại phiếu nào",
    ):
        assert words in page


def test_foreign_matters_are_not_shown_and_look_missing(app, manager, rows):
    other = add(app, factories.code_report, access_point_id=rows["other_point"].id, place="nơi khác")
    unknown = add(app, factories.code_report, access_point_id=None, place="nơi lạ")
    add(app, factories.response, access_point_id=rows["other_point"].id, review_mark=OVER_BUDGET)
    for path in PAGES:
        page = manager.get(path).text
        assert not any(words in page for words in ("xã other", "của other", "nơi khác", "nơi lạ"))
    number = rows["other_case"]
    assert manager.get(f"/staff/review/comments/{number}").status_code == 404
    assert post(manager, answer_path(number), answer="Xin chào").status_code == 404
    assert post(manager, f"/staff/review/comments/{number}/contact").status_code == 404
    for report in (other, unknown):
        assert post(manager, f"/staff/review/reports/{report.id}/settle").status_code == 404
    assert all(case.answer is None for case in stored(app, Case))
    assert all(report.settled_on is None for report in stored(app, CodeReport))


def test_report_of_an_unknown_code_is_for_those_who_see_everything(app, staff_client):
    add(app, factories.code_report, access_point_id=None, place="nơi lạ")
    page = staff_client("campaign_lead").get("/staff/review").text
    assert "nơi lạ" in page
    assert "mã không có trong danh sách" in page


# Comments


def test_answer_goes_from_the_manager_to_the_citizen_once(app, manager, client, rows):
    number = rows["mine_case"]
    sent = post(manager, answer_path(number), answer=" Đã thêm ghế.\r\nXin cảm ơn. ")
    assert "Đã trả lời góp ý" in manager.get(sent.location).text
    assert "<p>Đã thêm ghế.</p>" in client.get(f"/case?number={number}").text
    again = post(manager, answer_path(number), answer="Khác")
    assert "giữ câu trả lời đầu tiên" in manager.get(again.location).text
    case = next(case for case in stored(app, Case) if case.number == number)
    assert (case.answer, case.answered_on) == ("Đã thêm ghế.\nXin cảm ơn.", DAY)
    assert case.answered_by == stored(app, Staff)[-1].id
    assert "Góp ý của mine." not in manager.get("/staff/review/comments").text
    assert "Góp ý của mine." in manager.get("/staff/review/comments?answered=yes").text
    page = manager.get(f"/staff/review/comments/{number}").text
    assert stored(app, Staff)[-1].full_name in page
    assert "<textarea" not in page


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("  \n ", "Hãy ghi câu trả lời."),
        ("ữ" * (LONGEST_ANSWER + 3), "Hãy bớt 3 ký tự."),
        ("a\u202eb", "ký tự không đọc được"),
        ("a\0b", "ký tự không đọc được"),
    ],
)
def test_unusable_answer_comes_back_with_what_to_mend(app, manager, rows, typed, says):
    response = post(manager, answer_path(rows["mine_case"]), answer=typed)
    assert response.status_code == 422
    assert response.text.count(says) == 2
    assert all(case.answer is None for case in stored(app, Case))


def test_longest_answer_is_taken_whole(app, manager, rows):
    text = "ữ" * LONGEST_ANSWER
    assert post(manager, answer_path(rows["mine_case"]), answer=text).status_code == 303
    assert text in [case.answer for case in stored(app, Case)]


def test_contact_is_shown_on_its_own_click_and_the_click_is_in_the_audit_log(app, manager, rows, caplog):
    number = rows["mine_case"]
    leave_contact(app, number)
    assert "0912345678" not in manager.get(f"/staff/review/comments/{number}").text
    assert "có để lại cách liên hệ" in manager.get("/staff/review").text
    assert manager.get(f"/staff/review/comments/{number}/contact").status_code == 405
    page = post(manager, f"/staff/review/comments/{number}/contact").text
    assert "0912345678" in page
    (line,) = [line for line in stored(app, AuditLine) if line.act == "case.contact"]
    assert (line.staff_id, line.office_id) == (stored(app, Staff)[-1].id, rows["mine"].id)
    for secret in ("0912345678", number):
        assert secret not in line.what
        assert secret not in caplog.text


def test_contact_past_its_day_is_not_shown_even_before_it_is_deleted(app, manager, rows):
    leave_contact(app, rows["mine_case"], days=-1)
    assert "cách liên hệ" not in manager.get("/staff/review").text
    assert "0912" not in post(manager, f"/staff/review/comments/{rows['mine_case']}/contact").text


def test_contact_whose_key_is_gone_says_so(app, manager, rows):
    leave_contact(app, rows["mine_case"], key=b"x" * 32)
    page = post(manager, f"/staff/review/comments/{rows['mine_case']}/contact")
    assert page.status_code == 200
    assert "contact-keys" in page.text


def test_list_tells_days_and_no_order_within_them(app, staff_client):
    with app.extensions["database"].transaction() as session:
        point = factories.access_point(session)
        for n in range(30):
            comment = factories.comment(session, access_point_id=point.id, day=DAY - timedelta(days=n % 3))
            factories.comment_case(session, comment_key=comment.comment_key)
    client = staff_client("administrator")
    pages = [client.get(f"/staff/review/comments?page={number}").text for number in (1, 2)]
    assert [page.count("/staff/review/comments/") for page in pages] == [ROWS_A_PAGE, 10]
    seen = [
        (day, number)
        for page in pages
        for number, day in re.findall(r"Góp ý ([0-9A-Z-]{11})</a>.*?(\d\d/03/2026)", page, re.DOTALL)
    ]
    assert len(seen) == 30
    assert seen == sorted(seen)


@pytest.mark.parametrize(
    "query", ["page=0", "page=-3", "page=99999999999999999999", "page=x", "answered=%00"]
)
def test_odd_pages_still_show_the_list(manager, query):
    for path in PAGES[1:]:
        assert manager.get(f"{path}?{query}").status_code == 200


@pytest.mark.parametrize("number", ["x", "CDFGH-JKMNP", "%00", "%ED%A0%80", "9" * 500])
def test_unknown_case_is_missing(manager, number):
    assert manager.get(f"/staff/review/comments/{number}").status_code == 404


# Reports and days


def test_settled_report_leaves_the_list_and_keeps_who_and_when(app, manager, rows):
    report = add(app, factories.code_report, access_point_id=rows["mine_point"].id)
    for _ in range(2):
        assert post(manager, f"/staff/review/reports/{report.id}/settle").status_code == 303
    (found,) = stored(app, CodeReport)
    assert (found.settled_on, found.settled_by) == (DAY, stored(app, Staff)[-1].id)
    assert "Không có tin báo nào về mã QR." in manager.get("/staff/review").text


@pytest.mark.parametrize("number", [0, 10**9, 10**12])
def test_unknown_report_is_missing(manager, number):
    assert post(manager, f"/staff/review/reports/{number}/settle").status_code == 404


def test_reports_stand_newest_first_and_a_revoked_code_has_no_link_to_revoke(app, manager, rows):
    point_id = rows["mine_point"].id
    for days, place in ((2, "cũ"), (0, "mới"), (1, "giữa")):
        add(app, factories.code_report, access_point_id=point_id, day=DAY - timedelta(days=days), place=place)
    page = manager.get("/staff/review/reports").text
    assert re.findall(r"Thấy ở: (\S+?)<", re.sub(r"\s*</span>", "<", page)) == ["mới", "giữa", "cũ"]
    with app.extensions["database"].transaction() as session:
        session.merge(rows["mine_point"]).revoked_on = DAY
    page = manager.get("/staff/review/reports").text
    assert f"/staff/codes/{point_id}/revoke" not in page
    assert "đã thu hồi ngày 10/03/2026" in page


def test_busy_days_are_told_with_their_counts_by_point(app, manager, rows):
    point_id = rows["mine_point"].id
    marks = Counter({DAY: 2, DAY - timedelta(days=1): 1})
    for day, n_marked in marks.items():
        add(app, factories.access_point_day, access_point_id=point_id, day=day, n_received=n_marked + 200)
        for mark in (None, *[OVER_BUDGET] * n_marked):
            add(app, factories.response, access_point_id=point_id, day=day, review_mark=mark)
    page = manager.get("/staff/review/days").text
    where = "Quầy mine, Bộ phận Một cửa xã mine"
    first = page.index("Nhận 202 phiếu, vượt mức trong ngày 2 phiếu")
    assert page.index(f"10/03/2026 · {where}") < first < page.index(f"09/03/2026 · {where}")
    assert "Nhận 201 phiếu, vượt mức trong ngày 1 phiếu" in page


@on_sqlite
def test_a_busy_day_says_its_level_and_that_voiding_was_asked_for(app, manager, rows):
    point = rows["mine_point"]
    add(app, factories.access_point_day, access_point_id=point.id, n_received=41)
    for _ in range(9):
        add(app, factories.response, access_point_id=point.id, review_mark=OVER_BUDGET)
    page = manager.get("/staff/review/days").text
    assert re.search(r"Mức trong ngày: 32\s*<", page)
    assert "Có 1 ngày nhận nhiều phiếu hơn mức trong ngày. Mức này ước tính từ số hồ sơ" in page
    month = DAY.replace(month=2, day=1)
    counts = add(app, factories.dossier_count, office_id=rows["mine"].id, month=month, n_settled=32 * 20)
    page = manager.get("/staff/review/days").text
    assert "Mức ước tính trong ngày: 32, lấy số hồ sơ tháng 02/2026 chia cho số ngày làm việc" in page
    link = f"/staff/review/voiding/new?point={point.id}&amp;day={DAY}"
    assert (link in page, "đã đề nghị loại" in page, counts.n_settled) == (True, False, 640)
    asked = {"access_point_ids": [point.id], "first_day": f"{DAY}", "last_day": f"{DAY}"}
    whose = {"office_id": point.office_id, "campaign_id": point.campaign_id}
    request = add(app, factories.approval, kind="void_responses", arguments=asked, **whose)
    page = manager.get("/staff/review/days").text
    assert (link in page, "đã đề nghị loại" in page) == (False, True)
    assert f"/staff/review/voiding/{request.id}" in page


def test_a_voided_busy_day_stays_to_be_found_until_more_marked_responses_come(
    app, manager, rows, staff_client
):
    points = [rows[f"{name}_point"] for name in ("mine", "other")]
    for point in points:
        add(app, factories.access_point_day, access_point_id=point.id, n_received=9, n_voided=9)
        asked = {"access_point_ids": [point.id], "first_day": f"{DAY}", "last_day": f"{DAY}"}
        whose = {"office_id": point.office_id, "campaign_id": point.campaign_id, "arguments": asked}
        decided = {
            "decision": "approved",
            "decided_at": factories.MOMENT,
            "reason": "Một người gửi nhiều phiếu",
        }
        with app.extensions["database"].transaction() as session:
            decided["decided_by"] = factories.staff(session).id
            request = factories.approval(session, kind="void_responses", **whose, **decided)
            for mark in (*[OVER_BUDGET] * 3, *[None] * 6):
                given = {"access_point_id": point.id, "approval_id": request.id, "review_mark": mark}
                factories.response(session, **given)
    foreign, last = "Quầy other", f"/staff/review/voiding/{request.id}"
    for client, sees_all in ((manager, False), (staff_client("campaign_lead"), True)):
        assert "10/03/2026 · Quầy mine" not in client.get("/staff/review/days").text
        page = client.get("/staff/review/days?seen=yes").text
        assert page.count("10/03/2026 · Quầy mine") == 1
        assert "Nhận 9 phiếu, vượt mức trong ngày 3 phiếu" in page
        assert "đã loại 9 phiếu" in page
        assert "voiding/new" not in page, "nothing is left there to be voided"
        assert (foreign in page, last in page) == (sees_all, sees_all)
        assert client.get(re.search(r"/staff/review/voiding/\d+", page)[0]).status_code == 200
    add(app, factories.response, access_point_id=points[0].id, review_mark=OVER_BUDGET)
    assert "10/03/2026 · Quầy mine" in manager.get("/staff/review/days").text
    assert "10/03/2026 · Quầy mine" not in manager.get("/staff/review/days?seen=yes").text


@on_sqlite
def test_report_of_a_replaced_code_names_the_new_one(app, manager, rows):
    old = rows["mine_point"]
    for reason in ("asks_money", "damaged"):
        add(app, factories.code_report, access_point_id=old.id, reason=reason)
    assert post(manager, f"/staff/codes/{old.id}/replace", reason="damaged").status_code == 303
    settled = {one.reason: one.settled_on for one in stored(app, CodeReport)}
    assert settled == {"asks_money": None, "damaged": DAY}  # the reason for which it was replaced
    (new,) = [
        one for one in stored(app, AccessPoint) if (one.counter_id, one.revoked_on) == (old.counter_id, None)
    ]
    page = manager.get("/staff/review/reports").text
    assert f"đã thay bằng {printed(new.code)}" in page


@on_sqlite
def test_a_busy_day_is_told_to_the_office_itself_and_to_those_above_in_their_own_words(
    app, rows, manager, staff_client
):
    point_id = rows["mine_point"].id
    add(app, factories.response, access_point_id=point_id, review_mark=OVER_BUDGET)
    asks, recalls = "Hãy hỏi đơn vị", "Hãy xem lại hôm đó tại quầy có gì khác"
    for path in ("/staff/review", "/staff/review/days"):
        of_office, above = manager.get(path).text, staff_client("campaign_lead").get(path).text
        assert (recalls in of_office, asks in of_office) == (True, False)
        assert (recalls in above, asks in above) == (False, True)


def see(client, point_id, n_marked=1, **fields):
    sent = {"day": DAY.isoformat(), "n_marked": n_marked, **fields}
    return post(client, f"/staff/review/days/{point_id}/seen", **sent)


def test_a_day_looked_at_leaves_the_list_until_more_come_and_stays_to_be_found(app, manager, rows):
    point_id = rows["mine_point"].id
    add(app, factories.response, access_point_id=point_id, review_mark=OVER_BUDGET)
    assert f"/staff/review/days/{point_id}/seen" in manager.get("/staff/review").text
    sent = see(manager, point_id, n_marked=7, note="  Ngày hội <b>\u202e")
    assert sent.status_code == 303
    (line,) = [line for line in stored(app, AuditLine) if line.act == "days.seen"]
    assert (line.act, line.staff_id, line.office_id) == (
        "days.seen",
        stored(app, Staff)[-1].id,
        rows["mine"].id,
    )
    assert line.what == "Ngày 10/03/2026, Bộ phận Một cửa xã mine: 1 phiếu vượt mức. Ngày hội <b>"
    for path in ("/staff/review", "/staff/review/days"):
        assert f"/staff/review/days/{point_id}/seen" not in manager.get(path).text
    page = manager.get("/staff/review/days?seen=yes").text
    assert f"Đã xem: {stored(app, Staff)[-1].full_name}, 10/03/2026" in page
    assert "Ngày hội &lt;b&gt;" in page
    # One more response: a form that claimed seven hides no more than the one that stood there.
    add(app, factories.response, access_point_id=point_id, review_mark=OVER_BUDGET)
    page = manager.get("/staff/review/days").text
    assert "Sau đó lại có thêm phiếu." in page
    assert see(manager, point_id, n_marked=2).status_code == 303
    assert "10/03/2026 · Quầy mine" not in manager.get("/staff/review/days").text
    assert len([line for line in stored(app, AuditLine) if line.act == "days.seen"]) == 2


def test_what_an_office_says_of_its_flood_takes_nothing_off_the_lists_above(app, manager, rows, staff_client):
    point_id = rows["mine_point"].id
    row = f"/staff/review/days/{point_id}/seen"
    with app.extensions["database"].reading() as session:
        province = session.get_one(Office, rows["mine"].id).parent_id
    add(app, factories.response, access_point_id=point_id, review_mark=OVER_BUDGET)
    leads = staff_client("campaign_lead", province), staff_client("campaign_lead")
    assert see(manager, point_id, note="Hội chợ").status_code == 303
    assert row not in manager.get("/staff/review/days").text
    for lead in leads:
        page = lead.get("/staff/review/days").text
        assert row in page
        assert "Hội chợ" in page
        assert "Cấp trên của đơn vị chưa xem." in page
        assert "1 ngày nhiều phiếu" in lead.get("/staff").text
    assert see(leads[0], point_id, note="Đã gọi điện").status_code == 303
    for client in (manager, *leads):
        assert row not in client.get("/staff/review/days").text
    add(app, factories.response, access_point_id=point_id, review_mark=OVER_BUDGET)
    see(manager, point_id, n_marked=2)
    assert [row in client.get("/staff/review/days").text for client in (manager, *leads)] == [
        False,
        True,
        True,
    ]


@on_sqlite
def test_only_a_busy_day_of_ones_own_can_be_looked_at(app, manager, rows, staff_client):
    mine, other = rows["mine_point"].id, rows["other_point"].id
    assert see(manager, mine).status_code == 404, "nothing is marked there"
    for point_id in (mine, other):
        add(app, factories.response, access_point_id=point_id, review_mark=OVER_BUDGET)
    assert see(manager, other).status_code == 404
    assert see(manager, mine, day="hôm qua").status_code == 404
    auditor = staff_client("auditor", rows["mine"].id)
    assert "/seen" not in auditor.get("/staff/review/days").text
    assert see(auditor, mine).status_code == 404
    assert stored(app, SeenDay) == []


def settle_code_path(point_id):
    return f"/staff/review/reports/of-code/{point_id}/settle"


def test_after_a_flood_all_reports_of_a_code_are_settled_at_once(app, manager, rows):
    mine, other = rows["mine_point"].id, rows["other_point"].id
    flood = [
        add(app, factories.code_report, access_point_id=mine, place=f"nơi {n}", day=DAY - timedelta(days=n))
        for n in range(30)
    ]
    alone = add(app, factories.code_report, access_point_id=other)
    pages = [manager.get(f"/staff/review/reports?page={number}").text for number in (1, 2)]
    assert [page.count(settle_code_path(mine)) for page in pages] == [1, 0]
    assert "Đã xem cả 30 tin của mã này" in pages[0]
    newest = re.search(r'name="newest" value="(\d+)"', pages[0])[1]
    later = add(app, factories.code_report, access_point_id=mine, place="tin đến sau")
    sent = post(manager, settle_code_path(mine), newest=newest)
    page = manager.get(sent.location).text
    assert "30 tin báo không còn trong danh sách." in page
    assert "tin đến sau" in page
    assert settle_code_path(mine) not in page  # one is left: its own button settles it
    by_id = {report.id: report for report in stored(app, CodeReport)}
    staff_id = stored(app, Staff)[-1].id
    assert {(by_id[one.id].settled_on, by_id[one.id].settled_by) for one in flood} == {(DAY, staff_id)}
    assert [by_id[one.id].settled_on for one in (later, alone)] == [None, None]


def test_settling_a_code_again_keeps_who_was_first(app, manager, rows, staff_client):
    point_id = rows["mine_point"].id
    report = add(app, factories.code_report, access_point_id=point_id)
    first = stored(app, Staff)[-1].id
    for client in (manager, staff_client("administrator")):
        assert post(client, settle_code_path(point_id), newest=report.id).status_code == 303
    assert [one.settled_by for one in stored(app, CodeReport)] == [first]


@on_sqlite
@pytest.mark.parametrize("newest", ["", "x", "0", "-1", str(2**31), "9" * 30])
def test_reports_of_a_foreign_or_unknown_code_cannot_be_settled(app, manager, rows, newest):
    report = add(app, factories.code_report, access_point_id=rows["other_point"].id)
    mine = rows["mine_point"].id
    add(app, factories.code_report, access_point_id=mine)
    for point_id in (rows["other_point"].id, 0, 10**9, 10**12):
        assert post(manager, settle_code_path(point_id), newest=report.id).status_code == 404
    assert post(manager, settle_code_path(mine), newest=newest).status_code == 404
    assert manager.post(settle_code_path(mine), data={"newest": report.id}).status_code == 400
    assert [one.settled_on for one in stored(app, CodeReport)] == [None, None]


# Forgery and faults


def test_forms_of_other_sites_change_nothing(app, manager, rows):
    report = add(app, factories.code_report, access_point_id=rows["mine_point"].id)
    leave_contact(app, rows["mine_case"])
    for path in (
        answer_path(rows["mine_case"]),
        f"/staff/review/comments/{rows['mine_case']}/contact",
        f"/staff/review/comments/{rows['mine_case']}/whole",
        f"/staff/review/reports/{report.id}/settle",
    ):
        response = manager.post(path, data={"answer": "Giả mạo"})
        assert response.status_code == 400
        assert "0912345678" not in response.text
    assert {line.act for line in stored(app, AuditLine)} <= {"cases.read"}
    assert all(case.answer is None for case in stored(app, Case))
    assert stored(app, CodeReport)[0].settled_on is None
    assert len(stored(app, Contact)) == 1


@on_sqlite
def test_reading_cases_is_noted_once_a_visit_where_they_belong(app, staff_client, rows, clock):
    auditor = staff_client("auditor", rows["mine"].parent_id)
    for path in ("/staff/review", "/staff/review/comments", "/staff/review/comments"):
        auditor.get(path)
    assert [(line.act, line.office_id) for line in stored(app, AuditLine)] == [
        ("cases.read", rows["mine"].parent_id)
    ]
    assert "và các đơn vị bên dưới" in stored(app, AuditLine)[0].what
    auditor.get("/staff/review/comments?answered=yes")  # there are none
    auditor.get(f"/staff/review/comments/{rows['other_case']}")
    clock.advance(minutes=31)
    auditor.get(f"/staff/review/comments/{rows['other_case']}")
    assert [line.office_id for line in stored(app, AuditLine)[1:]] == [rows["other"].id] * 2
    assert "bên dưới" not in stored(app, AuditLine)[-1].what


@on_sqlite
def test_case_names_nobody_until_who_answers_it_asks_for_the_whole_text(app, staff_client, rows):
    comment = add(
        app, factories.comment, access_point_id=rows["mine_point"].id, text="Gọi tôi 0912:345:678.\nCảm ơn."
    )
    number = add(app, factories.comment_case, comment_key=comment.comment_key).number
    one, whole = f"/staff/review/comments/{number}", f"/staff/review/comments/{number}/whole"
    manager, auditor = (staff_client(role, rows["mine"].id) for role in ("office_manager", "auditor"))
    for path in ("/staff/review", "/staff/review/comments", one):
        for client in (manager, auditor):
            page = client.get(path).text
            assert "Gọi tôi […]" in page
            assert "345" not in page
    assert whole in manager.get(one).text
    assert whole not in auditor.get(one).text
    assert post(auditor, whole).status_code == 404
    assert post(staff_client("office_manager", rows["other"].id), whole).status_code == 404
    assert "case.whole" not in {line.act for line in stored(app, AuditLine)}
    page = post(manager, whole).text
    assert "<p>Gọi tôi 0912:345:678.</p>" in page
    assert whole not in page
    (line,) = [line for line in stored(app, AuditLine) if line.act == "case.whole"]
    assert line.office_id == rows["mine"].id
    assert "0912" not in line.what
    page = post(manager, answer_path(number), answer="").text
    assert "345" not in page
    assert whole not in manager.get(f"/staff/review/comments/{rows['mine_case']}").text


def test_nasty_answers_are_stored_readable_or_refused_and_shown_as_text(app, staff_client):
    nasty = nasty_strings("answer")
    with app.extensions["database"].transaction() as session:
        numbers = [factories.comment_case(session).number for _ in nasty]
    client, citizen = staff_client("administrator"), new_client(app)
    token = forgery_token(client)
    n_stored = 0
    for number, typed in zip(numbers, nasty, strict=True):
        body = f"csrf_token={token}&{field('answer', typed)}"
        sent = client.post(answer_path(number), data=body, content_type=FORM)
        assert sent.status_code in {303, 422}
        if sent.status_code == 303:
            n_stored += 1
            lines = [html(line) for line in composed(as_received(typed)).splitlines() if line.strip()]
            for page in (client.get(sent.location), citizen.get(f"/case?number={number}")):
                assert not [line for line in lines if f"<p>{line}</p>" not in page.text]
    assert n_stored > 20


@on_sqlite
def test_nasty_comments_and_places_are_shown_as_text(app, staff_client):
    texts = [text for text in map(marked_unreadable, map(composed, nasty_strings("shown"))) if text][:100]
    with app.extensions["database"].transaction() as session:
        point = factories.access_point(session)
        for text in texts:
            comment = factories.comment(session, access_point_id=point.id, text=text)
            factories.comment_case(session, comment_key=comment.comment_key)
            factories.code_report(session, access_point_id=point.id, place=text)
    client = staff_client("administrator")
    for number in range(1, 1 + -(-len(texts) // ROWS_A_PAGE)):
        for path in ("comments", "reports"):
            assert client.get(f"/staff/review/{path}?page={number}").status_code == 200
