"""The pages of offices, through clients that inspect each page."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from survey_app.models.audit import AuditLine
from survey_app.models.office import Counter, Office, ServiceField
from tests import factories
from tests.factories import DAY

on_sqlite = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


@pytest.fixture
def lead(land, staff_client):
    return staff_client("campaign_lead")


@pytest.fixture
def narrow_lead(land, staff_client):
    """A lead of the first province alone."""
    return staff_client("campaign_lead", land["province"].id)


def rows(app, query):
    with app.extensions["database"].reading() as session:
        return list(session.execute(query))


def page_of(office):
    return f"/staff/offices/{office.id}"


def confirm(client, path, **fields):
    """Send a form, read what would follow, and confirm it with the fields of that page."""
    asked = client.send_form(path, fields)
    assert asked.status_code == 200, asked.text
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', asked.text))
    typed = re.search(r'for="typed">[^<]*: ([^<]+)<', asked.text)
    if typed:  # what cannot be undone goes on only with the code typed
        assert client.post(path, data={**hidden, "confirmed": "yes", "typed": "?"}).status_code == 422
        hidden["typed"] = typed[1]
    done = client.post(path, data={**hidden, "confirmed": "yes"})
    return asked.text, done


@on_sqlite
def test_tree_opens_one_branch_at_a_time(land, lead):
    top = lead.get("/staff/offices").text
    assert "Tỉnh Mẫu" in top
    assert "xã A" not in top
    assert "3 trực thuộc" in top
    open_ = lead.get(f"/staff/offices?open={land['province'].id}").text
    assert "3 đơn vị trực thuộc Tỉnh Mẫu." in open_
    assert open_.index("xã A") < open_.index("xã B") < open_.index("xã C")


@on_sqlite
def test_search_needs_no_marks_and_leaves_ended_offices_out_unless_asked(app, land, lead):
    with app.extensions["database"].transaction() as session:
        factories.office(session, code="CU", name="Bộ phận Một cửa xã Hòa Cũ", valid_until=DAY - timedelta(1))
    assert "Không tìm thấy" in lead.get("/staff/offices?q=hoa cu").text
    found = lead.get("/staff/offices?q=hoa cu&ended=yes").text
    assert "xã Hòa Cũ" in found
    assert "đến 09/03/2026" in found
    assert "xã Hòa Cũ" in lead.get("/staff/offices?q=CU&ended=yes").text


@on_sqlite
def test_last_day_is_said_on_the_day_and_offers_no_more_counters(app, land, lead):
    with app.extensions["database"].transaction() as session:
        ends, ended = (
            factories.office(
                session, code=f"N{n}", parent_id=land["province"].id, valid_until=DAY - timedelta(n)
            )
            for n in (0, 1)
        )
    pages = [lead.get(f"{page_of(office)}/history").text for office in (ends, ended)]
    assert "hôm nay là ngày cuối cùng" in pages[0]
    assert not any("Thêm quầy" in page for page in pages)


@on_sqlite
def test_long_branch_comes_in_pages_and_stays_small(app, land, lead):
    with app.extensions["database"].transaction() as session:
        for n in range(90):
            factories.office(
                session, parent_id=land["other"].id, name=f"{'Trung tâm ' * 3}{n}", sort_key=f"{n:03}"
            )
    first = lead.get(f"/staff/offices?open={land['other'].id}")
    assert len(first.data) < 60_000
    assert "page=2" in first.text


@on_sqlite
@pytest.mark.parametrize(
    "path", ["/history", "/rename", "/move", "/end", "/merge", "/split", "/new", "/counters/1"]
)
def test_foreign_and_missing_offices_look_alike(land, narrow_lead, path):
    foreign = narrow_lead.get(page_of(land["other"]) + path)
    missing = narrow_lead.get(f"/staff/offices/{2**31}{path}")
    beyond = narrow_lead.get(f"/staff/offices/{2**63}{path}")
    assert foreign.status_code == missing.status_code == beyond.status_code == 404
    assert without_token(foreign) == without_token(missing) == without_token(beyond)


def without_token(answer):
    """Give a page without its seal against forgery, which holds the second in which it was made."""
    return re.sub(r'name="csrf_token" value="[^"]*"', "", answer.text)


@on_sqlite
@pytest.mark.parametrize("role", ["analyst", "operator", "auditor"])
def test_others_find_no_page_of_offices(land, staff_client, role):
    assert staff_client(role).get("/staff/offices").status_code == 404


def test_rename_asks_once_more_and_is_told_in_the_history(app, land, lead):
    path = page_of(land["a"]) + "/rename"
    asked, done = confirm(lead, path, name="Trung tâm xã Mới", day="05/03/2026")
    assert "Từ 05/03/2026, “Bộ phận Một cửa xã A” mang tên “Trung tâm xã Mới”." in asked
    page = lead.get(done.location).text
    assert "Đổi tên: “Bộ phận Một cửa xã A” thành “Trung tâm xã Mới”" in page
    assert "Trung tâm xã Mới</h1>" in page
    [(what,)] = rows(app, select(AuditLine.what).where(AuditLine.act == "offices.rename"))
    assert "T1-A" in what


def test_move_goes_by_the_code_of_the_new_parent(app, land, lead):
    path = page_of(land["a"]) + "/move"
    asked, _done = confirm(lead, path, parent="T2", day="05/03/2026")
    assert "lần cập nhật tới" in asked
    assert rows(app, select(Office.parent_id).where(Office.code == "T1-A")) == [(land["other"].id,)]


def test_end_says_what_becomes_of_the_codes(app, land, lead):
    path = page_of(land["a"]) + "/end"
    asked, done = confirm(lead, path, day="26/09/2026")
    assert "1 mã (tờ mã, màn hình) dùng được đến hết ngày 26/09/2026" in asked
    assert "Hoạt động từ 01/01/2024, kết thúc ngày 26/09/2026." in lead.get(done.location).text


def test_merge_and_split_name_who_takes_over(app, land, lead):
    asked, done = confirm(
        lead,
        page_of(land["a"]) + "/merge",
        other="T1-B",
        new_code="T1-N",
        new_name="Trung tâm xã Mới",
        day="09/03/2026",
    )
    for words in (
        "Các đơn vị được cộng: Bộ phận Một cửa xã A; Bộ phận Một cửa xã B.",
        "không chuyển phiếu nào sang đơn vị kế thừa",
        "Chỉ số của đơn vị kế thừa chỉ tính phiếu nói về chính đơn vị kế thừa.",
        "Không trang nào, lệnh nào khôi phục được đơn vị đã kết thúc",
        "Không mã nào chuyển sang đơn vị khác",
    ):
        assert words in asked
    assert "trước 10/03/2026, cộng số phiếu của 2 đơn vị cũ, không lấy bình quân tỷ lệ." in asked
    assert "Trung tâm xã Mới" in lead.get(done.location).text
    asked, _done = confirm(
        lead,
        page_of(land["c"]) + "/split",
        heirs="T1-N\nT1-M | Trung tâm xã Mốt",
        day="09/03/2026",
    )
    assert "bắt đầu dãy số liệu mới" in asked
    begun = select(Office.code).where(Office.valid_from == DAY).order_by(Office.code)
    assert rows(app, begun) == [("T1-M",), ("T1-N",)]


@on_sqlite
def test_merge_offers_by_name_the_offices_beside_and_keeps_the_codes_of_others(land, lead):
    path = page_of(land["a"]) + "/merge"
    form = lead.get(path).text
    assert re.findall(r'name="other" value="(.+?)"', form) == ["T1-B", "T1-C"]
    assert re.findall(r'<option value="(.*?)"', form) == ["", "T1-A", "T1-B", "T1-C"]
    fields = {"other": "T1-B", "heir": "T1-C", "day": "09/03/2026"}
    asked = lead.send_form(path, fields).text
    assert "Bộ phận Một cửa xã B: 1" in asked
    faulty = lead.send_form(path, {**fields, "others": "T9-X"})
    assert (faulty.status_code, 'value="T1-B" checked' in faulty.text) == (422, True)


@on_sqlite
@pytest.mark.parametrize("box", ["other", "heir"])
def test_merge_names_no_office_of_others(land, narrow_lead, box):
    fields = {"other": "T1-B", "heir": "T1-A", "day": "09/03/2026"}
    answer = narrow_lead.send_form(page_of(land["a"]) + "/merge", {**fields, box: "T2"})
    assert (answer.status_code, "Không có đơn vị mã “T2”" in answer.text) == (422, True)


def test_new_office_is_asked_for_and_then_begun(app, land, lead):
    path = page_of(land["province"]) + "/new"
    asked, done = confirm(
        lead,
        path,
        name="Trung tâm xã D",
        code="T1-D",
        kind="commune_section",
        day="10/03/2026",
        counters="Quầy số 1\nQuầy số 2",
    )
    assert "Quầy số 1 · Quầy số 2" in asked
    assert "Việc tiếp theo: thêm quầy rồi tạo mã." in lead.get(done.location).text
    labels = select(Counter.label).join(Office, Office.id == Counter.office_id).where(Office.code == "T1-D")
    assert len(rows(app, labels)) == 2


@on_sqlite
@pytest.mark.parametrize(
    ("act", "fields", "words"),
    [
        ("rename", {"name": "", "day": "10/03/2026"}, "Hãy ghi tên."),
        ("rename", {"name": "Mới", "day": "31/02/2026"}, "không phải ngày"),
        ("rename", {"name": "Mới", "day": "11/03/2026"}, "Chưa đến 11/03/2026"),
        ("move", {"parent": "NO", "day": "10/03/2026"}, "Không có đơn vị mã “NO”"),
        ("move", {"parent": "T1-A", "day": "10/03/2026"}, "trực thuộc chính mình"),
        ("end", {"day": "01/02/2026"}, "có phiếu ngày 01/03/2026"),
        ("end", {"day": "2023-01-01"}, "bắt đầu từ 01/01/2024"),
        ("merge", {"others": "T1-B", "heirs": "", "day": "09/03/2026"}, "đúng một đơn vị kế thừa"),
        ("merge", {"others": "T1-B", "heirs": "x|", "day": "09/03/2026"}, "Hãy ghi tên."),
        ("merge", {"others": "\n".join("ab" * 4), "heirs": "x", "day": "09/03/2026"}, "Không có đơn vị"),
        ("merge", {"others": "T1-B\n" * 99, "heirs": "x", "day": "09/03/2026"}, "Tối đa 60 dòng"),
        ("split", {"heirs": "T1-N | N", "day": "09/03/2026"}, "ít nhất hai"),
        ("rename", {}, "không phải ngày"),
        *((act, {"day": "31/12/9999", "heirs": "T1-N | N"}, "không phải ngày") for act in ("merge", "split")),
        ("merge", {"heirs": "T1", "day": "09/03/2026"}, "chỉ tiếp nhận từ tỉnh khác"),
    ],
)
def test_bad_input_is_refused_in_words(land, lead, act, fields, words):
    answer = lead.send_form(f"{page_of(land['a'])}/{act}", fields)
    assert answer.status_code == 422
    assert words in answer.text


@on_sqlite
def test_office_from_the_first_day_of_the_calendar_is_refused_in_words(land, lead):
    fields = {"name": "Tỉnh cũ", "code": "T0", "kind": "province", "day": "01/01/0001"}
    answer = lead.send_form("/staff/offices/new", fields)
    assert (answer.status_code, "không phải ngày" in answer.text) == (422, True)


@on_sqlite
def test_each_page_of_a_change_is_there_in_english_too(land, lead):
    for act in ("rename", "move", "end", "merge", "split", "new"):
        assert lead.get(f"{page_of(land['a'])}/{act}?lang=en").status_code == 200
    fields = {"heirs": "T1-N | N\nT1-M | M", "day": "09/03/2026"}
    english = lead.send_form(f"{page_of(land['a'])}/split?lang=en", fields)
    assert "start a new series of figures" in english.text


@on_sqlite
def test_only_who_reaches_all_offices_begins_one_on_top(land, lead, narrow_lead):
    assert narrow_lead.get("/staff/offices/new").status_code == 404
    _asked, done = confirm(
        lead, "/staff/offices/new", name="Tỉnh Ba", code="T3", kind="province", day="01/01/2026"
    )
    assert done.status_code == 303


def test_counter_is_added_renamed_and_given_its_field(app, land, lead):
    path = page_of(land["a"])
    lead.send_form("/staff/offices/fields", {"code": "DAT-DAI", "name": "Đất đai", "name_en": "Land"})
    added = lead.send_form(
        f"{path}/history", {"label": " Quầy  số 2 ", "field": "DAT-DAI"}, to=f"{path}/counters"
    )
    assert added.status_code == 303
    query = select(Counter.id, Counter.label, ServiceField.code).join(ServiceField)
    [(counter_id, label, field)] = rows(app, query)
    assert (label, field) == ("Quầy số 2", "DAT-DAI")
    lead.send_form(f"{path}/counters/{counter_id}", {"label": "Quầy đất đai", "field": ""})
    changed = select(Counter.label, Counter.field_id).where(Counter.id == counter_id)
    assert rows(app, changed) == [("Quầy đất đai", None)]
    acts = [act for (act,) in rows(app, select(AuditLine.act).order_by(AuditLine.id))]
    assert acts == ["fields.add", "counters.add", "counters.change"]


@on_sqlite
def test_bad_counters_and_fields_are_refused_in_words(land, lead):
    path = page_of(land["a"])
    taken = lead.send_form(f"{path}/history", {"label": "quầy SỐ 1"}, to=f"{path}/counters")
    assert (taken.status_code, "Đơn vị đã có “quầy SỐ 1”" in taken.text) == (422, True)
    assert lead.send_form(f"{path}/history", {"label": "\u202e"}, to=f"{path}/counters").status_code == 422
    foreign = f"{path}/counters/{land['counter_b'].id}"
    assert lead.get(foreign).status_code == 404
    own = f"{path}/counters/{land['counter_a'].id}"
    assert lead.send_form(own, {"label": "x" * 81}).status_code == 422
    for fields in ({"code": "a b", "name": "x"}, {"code": "A", "name": ""}, {}):
        assert lead.send_form("/staff/offices/fields", fields).status_code == 422


@on_sqlite
def test_nasty_text_is_shown_as_text(land, lead):
    nasty = '<script>alert(1)</script>{{7*7}}=HYPERLINK("x")'
    asked, done = confirm_raw(lead, page_of(land["a"]) + "/rename", name=nasty, day="05/03/2026")
    assert "<script>alert" not in asked
    page = lead.get(done.location).text
    assert "&lt;script&gt;" in page
    assert "{{7*7}}" in page


def confirm_raw(client, path, **fields):
    asked = client.send_form(path, fields)
    return asked.text, client.send_form(path, {**fields, "confirmed": "yes"})


@on_sqlite
def test_of_two_who_begin_the_same_office_at_once_the_second_is_told_so(app, land, lead, monkeypatch, caplog):
    """Both have looked before either has stored: then the database itself refuses the second."""
    rules = "survey_app.prepare.offices.changes.rules"
    monkeypatch.setattr(f"{rules}.check_code_is_new", lambda *_: None)
    before = rows(app, select(Office.id))
    fields = {"code": land["a"].code, "name": "Bộ phận Một cửa xã Mới", "kind": "commune_section"}
    fields |= {"day": DAY.isoformat(), "counters": ""}
    _asked, done = confirm(lead, f"{page_of(land['province'])}/new", **fields)
    assert done.status_code == 409
    assert "Người khác đã làm trước" in done.text
    assert rows(app, select(Office.id)) == before
    assert "xã Mới" not in caplog.text
