"""The pages of dossier counts, through clients that inspect each page."""

import io
import re
from datetime import date

import pytest
from python_calamine import load_workbook
from sqlalchemy import delete, select

from survey_app.models.audit import AuditLine
from survey_app.models.office import DossierCount, ReplacedTotal
from survey_app.models.stale_office import StaleOffice
from survey_app.prepare.tables import waiting
from survey_app.prepare.tables.sheet import read_sheet
from survey_app.web.access import RIGHTS
from tests import factories
from tests.effort import working_at_most
from tests.factories import MOMENT
from tests.survey_app.prepare.dossiers.test_contradictions import TABLE
from tests.survey_app.prepare.tables.hostile import HOSTILE, workbook

on_sqlite = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
FEBRUARY = date(2026, 2, 1)
HEADER = "office_code,month,n_settled,n_early,n_on_time,n_late\n"


@pytest.fixture
def lead(hue, staff_client):
    return staff_client("campaign_lead")


@pytest.fixture
def manager(hue, staff_client):
    return staff_client("office_manager", hue["TTH-XA"].id)


def stored(app):
    columns = (DossierCount.office_id, DossierCount.month, DossierCount.n_settled)
    with app.extensions["database"].reading() as session:
        return sorted(map(tuple, session.execute(select(*columns))))


def audit(app):
    with app.extensions["database"].reading() as session:
        columns = (AuditLine.act, AuditLine.what, AuditLine.office_id)
        return session.execute(select(*columns)).all()


def send(client, content, name="so-ho-so.csv", **fields):
    file = (io.BytesIO(content if isinstance(content, bytes) else content.encode()), name)
    return client.send_form("/staff/dossiers", {"file": file, **fields}, to="/staff/dossiers/file")


def accept(client, page, *, ticked=True):
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page.text))
    tick = re.search(r'name="accepted" value="(\w+)"', page.text)
    return client.post(
        "/staff/dossiers/file/accept", data=hidden | ({"accepted": tick[1]} if ticked and tick else {})
    )


def form_of(hue, month="2026-02"):
    return f"/staff/dossiers/{hue['TTH-XA'].id}/{month}"


@on_sqlite
def test_overview_says_first_who_lacks_the_counts_of_last_month(app, hue, lead):
    with app.extensions["database"].transaction() as session:
        factories.dossier_count(session, office_id=hue["TTH-XA"].id, month=FEBRUARY, n_settled=1234)
    page = lead.get("/staff/dossiers").text
    assert "tháng 02/2026" in page
    assert "2 trên 3 đơn vị chưa có số hồ sơ nên chưa tính được độ bao phủ." in page
    assert "1.234" in page
    assert page.index("chưa có số</span>") < page.index("1.234")


@on_sqlite
@pytest.mark.parametrize(
    "query",
    [
        "month=x",
        "month=2027-01",
        "month=0000-01",
        "month=0001-01",
        "month=9999-12",
        "page=-5",
        "q=%00",
        "month=%F0%9F",
    ],
)
def test_odd_addresses_still_show_a_month(lead, query):
    assert lead.get(f"/staff/dossiers?{query}").status_code == 200


def test_file_is_shown_first_and_stored_when_its_contradictions_are_accepted(app, hue, lead):
    page = send(lead, TABLE.read_bytes())
    assert "Tệp có 3 chỗ không khớp. Chưa ghi gì." in page.text
    words = "trước hạn + đúng hạn + quá hạn = 45.539, đã giải quyết = 45.679, lệch 140. Có thể nhận"
    assert words in page.text
    for rate in ("96,29%", "96,28%", "91,08%", "99,16%", "98,85%"):
        assert rate in page.text
    assert stored(app) == []
    refused = accept(lead, page, ticked=False)
    assert (refused.status_code, stored(app)) == (422, [])
    done = accept(lead, refused)
    assert done.status_code == 303
    assert [n for _, _, n in stored(app)] == [21_396, 26_212, 45_679]
    assert "lệch 140" in lead.get(done.location).text
    [(act, what, place)] = audit(app)
    assert (act, "nhận 3 chỗ không khớp" in what) == ("dossiers.import", True)
    assert place == hue["TTH"].id  # the lowest office above all: its auditor sees it
    again = accept(lead, page)
    assert (again.status_code, "không còn lưu" in again.text) == (410, True)


@on_sqlite
def test_what_was_accepted_is_what_was_shown(app, hue, lead):
    """Somebody else stores other fields meanwhile: what does not add up now was not seen by anybody."""
    with app.extensions["database"].transaction() as session:
        field = factories.service_field(session, code="F1")
    page = send(lead, f"{HEADER}TTH-XA,2026-02,100,1,1,1\n")
    with app.extensions["database"].transaction() as session:
        factories.dossier_count(
            session, office_id=hue["TTH-XA"].id, month=FEBRUARY, field_id=field.id, n_settled=55
        )
    refused = accept(lead, page)
    assert (refused.status_code, "các lĩnh vực cộng lại" in refused.text) == (422, True)


@on_sqlite
def test_waiting_file_opens_for_its_sender_alone(hue, lead, staff_client, settings):
    page = send(lead, f"{HEADER}TTH-XA,2026-02,3,1,1,1\n")
    [path] = (settings.data_dir / waiting.FOLDER).iterdir()
    assert path.stat().st_mode & 0o777 == 0o600
    for ticket in ("../secrets", "", "x" * 22, "\x00" * 22):
        assert waiting.find(settings.data_dir, 1, ticket) is None
    ticket = re.search(r'name="ticket" value="([^"]+)"', page.text)[1]
    for person, status in ((staff_client("campaign_lead"), 410), (lead, 303)):
        sent = {"ticket": ticket, "name": "x.csv"}
        assert (
            person.send_form("/staff/dossiers", sent, to="/staff/dossiers/file/accept").status_code == status
        )


@on_sqlite
def test_file_says_nothing_of_offices_outside_the_scope(app, hue, manager):
    foreign = send(manager, f"{HEADER}TTH-HUYEN,2026-02,3,1,1,1\n")
    missing = send(manager, f"{HEADER}KHONG-CO,2026-02,3,1,1,1\n")
    assert foreign.status_code == missing.status_code == 422
    plain = re.compile(r'name="csrf_token"[^>]*>')
    assert plain.sub("", foreign.text).replace("TTH-HUYEN", "KHONG-CO") == plain.sub("", missing.text)


@on_sqlite
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_spreadsheet_is_refused_with_its_reason(lead, name):
    made, part = HOSTILE[name]
    content = made()
    with working_at_most(seconds=2):
        answer = send(lead, content, "so-ho-so.xlsx")
    assert 400 <= answer.status_code < 500
    assert part in answer.text


@on_sqlite
def test_no_file_and_empty_tables_are_refused_in_words(lead):
    assert "Hãy chọn tệp trước." in lead.send_form("/staff/dossiers", {}, to="/staff/dossiers/file").text
    for content in (HEADER, "", "x\n1\n", f"{HEADER}TTH-XA,2026-04,1,,,\n"):
        answer = send(lead, content)
        assert answer.status_code == 422
        assert "Chưa ghi gì" in answer.text or "chọn tệp" in answer.text


@on_sqlite
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_template_comes_back_filled_in(app, hue, lead, kind):
    answer = lead.get(f"/staff/dossiers/template.{kind}?month=2026-02")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    if kind == "csv":
        content = answer.data.replace(b"2026-02,,,,,,", b"2026-02,,,7,,,")
    else:
        rows = read_sheet(answer.data)
        content = workbook([rows[0], *([*row[:5], 7, *row[6:]] for row in rows[1:])])
    assert accept(lead, send(lead, content, f"x.{kind}")).status_code == 303
    assert [n for _, _, n in stored(app)] == [7, 7, 7]


def test_form_stores_counts_and_says_them_in_the_log(app, hue, manager):
    done = manager.send_form(
        form_of(hue), {"n_settled-0": "1.234", "n_early-0": "200", "n_on_time-0": "1000", "n_late-0": "34"}
    )
    page = manager.get(done.location).text
    assert (
        "Đã ghi số hồ sơ tháng 02/2026. Trên các trang kết quả, độ bao phủ được tính lại trong ít phút."
        in page
    )
    assert stored(app) == [(hue["TTH-XA"].id, FEBRUARY, 1234)]
    what = "TTH-XA, tháng 02/2026: đã giải quyết – → 1234, lệch 0"
    assert audit(app) == [("dossiers.set", what, hue["TTH-XA"].id)]


@on_sqlite
def test_counts_entered_for_a_wrong_year_are_seen(hue, manager):
    begun = hue["TTH-XA"].valid_from
    long_ago = f"{begun.year}-{begun.month:02}"
    done = manager.send_form(form_of(hue, long_ago), {"n_settled-0": "1.234"})
    listed = manager.get(done.location.partition("?")[0]).text
    assert f"/staff/dossiers/{hue['TTH-XA'].id}/{long_ago}" in listed
    assert "1.234" in listed


@on_sqlite
def test_form_that_does_not_add_up_is_stored_when_accepted(app, hue, manager):
    fields = {"n_settled-0": "45679", "n_early-0": "33092", "n_on_time-0": "12063", "n_late-0": "384"}
    refused = manager.send_form(form_of(hue), fields)
    assert (refused.status_code, "lệch 140" in refused.text, stored(app)) == (422, True, [])
    tick = re.search(r'name="accepted" value="(\w+)"', refused.text)[1]
    assert manager.send_form(form_of(hue), fields | {"accepted": "1"}).status_code == 422
    assert manager.send_form(form_of(hue), fields | {"accepted": tick}).status_code == 303
    page = manager.get(f"/staff/dossiers/{hue['TTH-XA'].id}").text
    assert "= 45.539, đã giải quyết = 45.679, lệch 140." in page


@on_sqlite
def test_fields_that_miss_the_total_stay_beside_it(app, hue, manager):
    with app.extensions["database"].transaction() as session:
        month = {"office_id": hue["TTH-XA"].id, "month": FEBRUARY}
        factories.dossier_count(session, **month, n_settled=10)
        factories.dossier_count(session, **month, n_settled=632, field_id=factories.service_field(session).id)
    page = manager.get(f"/staff/dossiers/{hue['TTH-XA'].id}").text
    assert "các lĩnh vực cộng lại đã giải quyết 632 hồ sơ, dòng tổng ghi 10, lệch 622." in page
    listed = manager.get("/staff/dossiers?month=2026-02").text
    assert "1 đơn vị có số liệu không khớp" in listed
    assert '<td class="more">lệch 622</td>' in listed


@on_sqlite
@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "Hãy ghi ít nhất số hồ sơ đã giải quyết."),
        ({"n_late-0": "3"}, "Thiếu số hồ sơ đã giải quyết."),
        ({"n_settled-0": "84,2"}, "hãy ghi một số từ 0 đến 999.999.999"),
        ({"n_settled-0": "-1"}, "hãy ghi một số từ 0 đến 999.999.999"),
        ({"n_settled-0": str(2**63)}, "hãy ghi một số từ 0 đến 999.999.999"),
        ({"n_settled-0": "²"}, "hãy ghi một số từ 0 đến 999.999.999"),
        ({"n_settled-0": "<b>=1+1\x00\u202e"}, "hãy ghi một số từ 0 đến 999.999.999"),
    ],
)
def test_bad_numbers_are_refused_in_words_and_kept_in_their_boxes(app, hue, manager, fields, words):
    answer = manager.send_form(form_of(hue), fields | {"role": "administrator", "office_id": "1"})
    assert (answer.status_code, stored(app)) == (422, [])
    assert words in answer.text
    assert "<b>" not in answer.text


@on_sqlite
def test_fields_that_add_up_to_more_than_a_column_holds_are_refused(app, hue, manager, lead):
    with app.extensions["database"].transaction() as session:
        fields = [factories.service_field(session) for _ in range(3)]
    most = {f"n_settled-{field.id}": "999999999" for field in fields}
    typed = manager.send_form(form_of(hue), most)
    assert (typed.status_code, "cộng lại lớn quá" in typed.text) == (422, True)
    lines = "".join(f"TTH-XA,2026-02,{field.code},999999999\n" for field in fields)
    sent = send(lead, f"office_code,month,field_code,n_settled\n{lines}")
    assert (sent.status_code, "lớn quá mức" in sent.text, stored(app)) == (422, True, [])


@on_sqlite
def test_file_with_the_line_of_a_province_alone_is_refused_in_words(hue, lead):
    sent = send(lead, f"{HEADER}TTH,2026-02,3,1,1,1\n")
    assert (sent.status_code, "chỉ có dòng của tỉnh" in sent.text) == (422, True)


@on_sqlite
@pytest.mark.parametrize("month", ["0001-01", "9999-12"])
def test_month_beyond_the_calendar_is_refused_in_words(hue, lead, month):
    sent = send(lead, f"{HEADER}TTH-XA,{month},3,1,1,1\n")
    assert (sent.status_code, "không phải tháng" in sent.text) == (422, True)


@on_sqlite
def test_faults_of_a_file_are_told_in_the_words_of_its_table(hue, lead):
    unknown = send(lead, "Mã đơn vị,Tháng,Đã giải quyết,n_foo\n").text
    assert (unknown.count("các cột dùng được") + unknown.count("Các cột dùng được"), "n_foo" in unknown) == (
        1,
        True,
    )
    assert "“Đã giải quyết” (n_settled)" in send(lead, f"{HEADER}TTH-XA,2026-02,x,1,1,1\n").text
    headless = send(lead, "TTH-XA,2026-02,3\nTTH-XA,2026-03,3\n").text
    assert ("ệp không có dòng tiêu đề" in headless, "thiếu cột" in headless) == (True, False)
    empty = send(lead, "\n").text
    assert ("Tệp trống" in empty, "thiếu cột" in empty) == (True, False)


@on_sqlite
def test_mistyped_number_is_no_missing_one(hue, manager):
    page = manager.send_form(form_of(hue), {"n_settled-0": "-5", "n_late-0": "3"}).text
    assert ("“-5” không ghi được" in page, "Thiếu số hồ sơ" in page) == (True, False)


@on_sqlite
def test_template_brings_the_codes_of_the_fields(app, hue, lead):
    with app.extensions["database"].transaction() as session:
        field = factories.service_field(session)
    book = load_workbook(io.BytesIO(lead.get("/staff/dossiers/template.xlsx").data))
    assert book.get_sheet_by_index(1).to_python() == [["Mã lĩnh vực", "Lĩnh vực"], [field.code, field.name]]
    assert field.code in lead.get("/staff/dossiers").text


@on_sqlite
def test_empty_box_takes_a_count_back(app, hue, manager):
    with app.extensions["database"].transaction() as session:
        field = factories.service_field(session)
    boxes = {f"n_settled-{field.id}": "5"}
    manager.send_form(form_of(hue), boxes)
    assert [n for _, _, n in stored(app)] == [5, 5]
    manager.send_form(form_of(hue), {"n_settled-0": "9"})
    assert [n for _, _, n in stored(app)] == [9]


def test_count_of_a_wrong_month_is_withdrawn_with_its_reason(app, hue, manager):
    with app.extensions["database"].transaction() as session:
        field = factories.service_field(session)
        factories.publication(session)  # running figures, whose coverage follows
    manager.send_form(form_of(hue), {"n_settled-0": "500", f"n_settled-{field.id}": "500"})
    with app.extensions["database"].transaction() as session:
        session.execute(delete(StaleOffice))
    page = manager.get(form_of(hue)).text
    assert f"{form_of(hue)}/withdraw" in page
    assert "1 số bị rút theo" in manager.get(f"{form_of(hue)}/withdraw").text
    done = manager.send_form(f"{form_of(hue)}/withdraw", {"reason": "Số của tháng 3"})
    assert done.status_code == 303
    listed = manager.get(done.location).text
    assert "Đã rút lại số hồ sơ tháng 02/2026." in listed
    assert "500 → rút lại: Số của tháng 3" in listed
    assert stored(app) == []
    what = "TTH-XA, tháng 02/2026: rút số đã giải quyết 500 (các lĩnh vực: 500). Lý do: Số của tháng 3"
    assert audit(app)[-1] == ("dossiers.withdraw", what, hue["TTH-XA"].id)
    with app.extensions["database"].reading() as session:
        assert session.scalars(select(StaleOffice.office_id)).all() == [hue["TTH-XA"].id]
    assert f"{form_of(hue)}/withdraw" not in manager.get(form_of(hue)).text
    again = manager.send_form(form_of(hue), {"reason": "Một lần nữa"}, to=f"{form_of(hue)}/withdraw")
    assert "Không có số hồ sơ nào của tháng 02/2026." in manager.get(again.location).text
    assert len(audit(app)) == 2


@on_sqlite
def test_withdrawal_needs_a_reason_and_the_count_that_was_seen(app, hue, manager):
    address = f"{form_of(hue)}/withdraw"
    manager.send_form(form_of(hue), {"n_settled-0": "500"})
    for reason, words in ((" ", "Hãy ghi lý do"), ("x" * 501, "dài quá"), ("a\x00", "không đọc được")):
        refused = manager.send_form(address, {"reason": reason})
        assert refused.status_code == 422
        assert words in refused.text
    hidden = manager.get(address).text
    seen = re.search(r'name="seen" value="(\w+)"', hidden)[1]
    manager.send_form(form_of(hue), {"n_settled-0": "501"})
    late = manager.send_form(address, {"reason": "Nhầm tháng", "seen": seen})
    assert late.status_code == 409
    assert "đã thay đổi từ khi" in late.text
    assert "<dd>501</dd>" in late.text
    assert stored(app) == [(hue["TTH-XA"].id, FEBRUARY, 501)]


@on_sqlite
def test_withdrawn_count_can_be_entered_again_as_a_first_one(app, hue, manager):
    manager.send_form(form_of(hue), {"n_settled-0": "500"})
    manager.send_form(f"{form_of(hue)}/withdraw", {"reason": "Nhầm tháng"})
    manager.send_form(form_of(hue), {"n_settled-0": "70"})
    assert stored(app) == [(hue["TTH-XA"].id, FEBRUARY, 70)]
    page = manager.get(f"/staff/dossiers/{hue['TTH-XA'].id}?lang=en").text
    assert page.count("→") == 1
    assert "500 → withdrawn: Nhầm tháng" in page


@on_sqlite
def test_what_was_withdrawn_still_says_what_is_usual(app, hue, manager):
    """Else whoever withdraws all months enters any number unasked, and with it any budget."""
    with app.extensions["database"].transaction() as session:
        for month in (date(2026, 1, 1), FEBRUARY):
            factories.dossier_count(session, office_id=hue["TTH-XA"].id, month=month, n_settled=200)
    for month in ("2026-01", "2026-02"):
        address = form_of(hue, month)
        assert manager.send_form(f"{address}/withdraw", {"reason": "Nhầm"}).status_code == 303
    assert stored(app) == []
    asked = manager.send_form(form_of(hue), {"n_settled-0": "100000"})
    assert asked.status_code == 422
    assert stored(app) == []


@on_sqlite
def test_foreign_missing_and_impossible_places_look_alike(hue, manager):
    answers = {
        re.sub(r'name="csrf_token" value="[^"]*"', "", manager.get(address).text)
        for address in (
            f"/staff/dossiers/{hue['TTH-HUYEN'].id}",
            f"/staff/dossiers/{hue['TTH'].id}",
            f"/staff/dossiers/{2**63}",
            f"/staff/dossiers/{hue['TTH-HUYEN'].id}/2026-02",
            form_of(hue, "2026-04"),
            form_of(hue, "2019-12"),
            form_of(hue, "x"),
            f"/staff/dossiers/{hue['TTH-HUYEN'].id}/2026-02/withdraw",
        )
    }
    assert len(answers) == 1


@on_sqlite
def test_coverage_stands_beside_each_month_by_class(app, hue, manager):
    with app.extensions["database"].transaction() as session:
        publication = factories.publication(session)
        factories.dossier_count(session, office_id=hue["TTH-XA"].id, month=FEBRUARY, n_settled=400)
        for provenance, hidden in (("B", "few"), ("C", None)):
            factories.figure(
                session,
                publication_id=publication.id,
                office_id=hue["TTH-XA"].id,
                breakdown="month:2026-02",
                provenance=provenance,
                n_respondents=48,
                hidden_inside=hidden,
            )
    page = manager.get(f"/staff/dossiers/{hue['TTH-XA'].id}").text
    assert "12,0%" in page
    assert "loại C: 48" in page
    assert "loại B: dưới 5 phiếu" in page


@on_sqlite
def test_coverage_beyond_the_dossiers_is_said_at_its_month_with_the_total_that_was_replaced(app, hue, lead):
    with app.extensions["database"].transaction() as session:
        publication = factories.publication(session)
        factories.dossier_count(session, office_id=hue["TTH-XA"].id, month=FEBRUARY, n_settled=400)
        of_month = {"publication_id": publication.id, "breakdown": "month:2026-02", "provenance": "C"}
        factories.figure(session, **of_month, office_id=hue["TTH-XA"].id, n_respondents=48)
    address = f"/staff/dossiers/{hue['TTH-XA'].id}"
    assert "trên 100%" not in lead.get(address).text
    lead.send_form(form_of(hue), {"n_settled-0": "40"})
    page = lead.get(address).text
    assert "120,0%" in page
    said = page.index("Độ bao phủ trên 100%")
    assert page.index("Tổng số của tháng này đã được thay: 400 → 40.") > said
    assert said < page.index("<table"), "before the number that it is about"


@on_sqlite
def test_share_that_is_none_says_so(hue, lead):
    parts = {"n_settled-0": "40", "n_early-0": "100", "n_on_time-0": "20", "n_late-0": "10"}
    page = lead.send_form(form_of(hue), parts).text
    assert "300,00%, ngoài khoảng 0–100%" in page
    assert "92,31%, ngoài" not in page


@on_sqlite
def test_every_role_with_the_right_opens_it_and_no_other(hue, staff_client):
    for role, rights in RIGHTS.items():
        status = staff_client(role, hue["TTH-XA"].id).get("/staff/dossiers").status_code
        assert (status == 200) == ("dossiers" in rights)


@on_sqlite
def test_pages_are_there_in_english_too(hue, lead):
    assert "lack their dossier counts" in lead.get("/staff/dossiers?lang=en").text
    assert "The other numbers may stay empty" in lead.get(form_of(hue) + "?lang=en").text
    assert "No dossier counts" in lead.get(f"/staff/dossiers/{hue['TTH-XA'].id}?lang=en").text


@on_sqlite
def test_replaced_total_stays_readable_on_the_page_of_its_office(app, hue, lead):
    for n_settled in (100, 100, 150):
        accept(lead, send(lead, f"office_code,month,n_settled\nTTH-XA,2026-02,{n_settled}\n"))
    page = lead.get(f"/staff/dossiers/{hue['TTH-XA'].id}").text
    assert page.count("→") == 1, "a first count is no change, and the same again is none"
    assert "02/2026: 100 → 150" in page
    lead.send_form(form_of(hue), {"n_settled-0": "160"})
    page = lead.get(f"/staff/dossiers/{hue['TTH-XA'].id}").text
    assert page.index("02/2026: 150 → 160") < page.index("02/2026: 100 → 150")
    elsewhere = lead.get(f"/staff/dossiers/{hue['TTH-TINH'].id}").text
    assert "→" not in elsewhere
    with app.extensions["database"].reading() as session:
        kept = session.scalars(select(ReplacedTotal).order_by(ReplacedTotal.id)).all()
        assert [(one.n_before, one.n_after, one.replaced_at) for one in kept] == [
            (100, 150, MOMENT),
            (150, 160, MOMENT),
        ]


@on_sqlite
def test_jump_far_beyond_the_usual_is_accepted_knowingly_and_stays_visible(app, hue, lead):
    with app.extensions["database"].transaction() as session:
        for month, n in ((11, 640), (12, 610), (10, 700)):
            of_month = {"office_id": hue["TTH-XA"].id, "month": date(2025, month, 1)}
            factories.dossier_count(session, **of_month, n_settled=n)
    words = "Vượt xa mức thường: đã giải quyết 99.999 hồ sơ, trong khi thường một tháng đơn vị này khoảng 640"
    page = lead.send_form(form_of(hue), {"n_settled-0": "99999"})
    assert (page.status_code, words in page.text) == (422, True)
    assert all(month != FEBRUARY for _office, month, _n in stored(app)), "not without a question"
    tick = re.search(r'name="accepted" value="(\w+)"', page.text)[1]
    done = lead.send_form(form_of(hue), {"n_settled-0": "99999", "accepted": tick})
    assert done.status_code == 303
    assert words in lead.get(done.location).text
    assert "thường khoảng 640" in lead.get("/staff/dossiers?month=2026-02").text
    sent = send(lead, f"{HEADER}TTH-XA,2026-01,88888,,,\n")
    assert "Tệp có 1 chỗ không khớp" in sent.text
    assert "đã giải quyết 88.888 hồ sơ" in sent.text
    lead.send_form(form_of(hue), {"n_settled-0": "655"})
    assert words not in lead.get(done.location).text
