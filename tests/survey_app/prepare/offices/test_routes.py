"""The pages of offices, through clients that inspect each page."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from survey_app.models.approval import Approval
from survey_app.models.audit import AuditLine
from survey_app.models.office import Counter, Office, ServiceField
from tests import factories
from tests.factories import DAY

END_B = update(Office).where(Office.code == "T1-B").values(valid_until=DAY)
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
    hidden = dict(re.findall(r'type="hidden" name="([\w-]+)" value="([^"]*)"', asked.text))
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


MERGE = {"other": "T1-B", "new_code": "T1-N", "new_name": "Trung tâm xã Mới", "day": "09/03/2026"}


def ask_for_merge(lead, land, reason="Theo nghị quyết sắp xếp đơn vị", **changed):
    """Go through both pages of a merge of offices a and b; give the second and the answer."""
    path = page_of(land["a"]) + "/merge"
    hidden = MERGE | changed
    asked = lead.send_form(path, hidden)
    assert asked.status_code == 200, asked.text
    confirmed = hidden | {"confirmed": "yes", "typed": "T1-A", "reason": reason}
    return asked.text, lead.send_form(path, confirmed)


def decide(client, request, decision="approved"):
    return client.send_form(request, {"decision": decision}, to=f"{request}/decide")


def test_one_asks_for_a_merge_and_another_who_stands_above_approves_it(app, land, lead, staff_client):
    manager, narrow = (staff_client(role, land["a"].id) for role in ("office_manager", "campaign_lead"))
    asked, done = ask_for_merge(lead, land)
    for words in (
        "Các đơn vị được cộng: Bộ phận Một cửa xã A; Bộ phận Một cửa xã B.",
        "không chuyển phiếu nào sang đơn vị kế thừa",
        "Chỉ số của đơn vị kế thừa chỉ tính phiếu nói về chính đơn vị kế thừa.",
        "Không trang nào, lệnh nào khôi phục được đơn vị đã kết thúc",
        "Không mã nào chuyển sang đơn vị khác",
        "cộng số phiếu của 2 đơn vị cũ, không lấy bình quân tỷ lệ.",
    ):
        assert words in asked
    ended = select(Office.code).where(Office.valid_until.is_not(None))
    assert rows(app, ended) == [], "until another person approves"
    request = done.location
    assert decide(lead, request).status_code == 409, "nobody approves his own request"
    assert {one.get(request).status_code for one in (manager, narrow)} == {404}, "one of two offices"
    above = staff_client("office_manager", land["province"].id)
    assert above.get(request).status_code == 200
    assert decide(above, request).status_code == 409, "who changes no offices approves no change either"
    second = staff_client("campaign_lead", land["province"].id)
    page = second.get(request).text
    assert "Theo nghị quyết sắp xếp đơn vị" in page
    assert "Trung tâm xã Mới" in page
    assert (
        "Bộ phận Một cửa xã A, Bộ phận Một cửa xã B → Trung tâm xã Mới, từ 10/03/2026"
        in second.get("/staff/approvals").text
    )
    assert decide(second, request).status_code == 303
    assert sorted(rows(app, ended)) == [("T1-A",), ("T1-B",)]
    assert rows(app, select(Office.name).where(Office.code == "T1-N")) == [("Trung tâm xã Mới",)]
    assert "đã duyệt lúc" in second.get(request).text
    lines = rows(app, select(AuditLine.act, AuditLine.office_id, AuditLine.what).order_by(AuditLine.id))
    above_both = [(act, what) for act, place, what in lines if place == land["province"].id]
    said = "Đề nghị 1: Sáp nhập đơn vị, T1-A, T1-B → T1-N, từ 10/03/2026. Lý do: Theo nghị quyết"
    assert [(act, what.startswith(said)) for act, what in above_both] == [
        ("approvals.ask", True),
        ("approvals.approved", True),
    ]
    assert [act for act, *_ in lines].count("offices.merge") == 3


@on_sqlite
@pytest.mark.parametrize(
    ("happens", "words"),
    [
        (lambda session, land: factories.staff(session, "operator", land["b"].id), "không còn như lúc"),
        (lambda session, land: session.execute(END_B), "kết thúc"),
    ],
)
def test_merge_that_is_no_longer_what_was_asked_for_is_refused_with_the_reason(
    app, land, lead, staff_client, happens, words
):
    request = ask_for_merge(lead, land)[1].location
    second = staff_client("campaign_lead")
    before = second.get(request).text
    assert ("Không duyệt được" in before, 'value="approved"' in before) == (False, True)
    with app.extensions["database"].transaction() as session:
        happens(session, land)
    page = second.get(request).text
    assert "Không duyệt được đề nghị này nữa." in page
    assert words in page
    assert ('value="approved"' in page, 'value="refused"' in page) == (False, True)
    answer = decide(second, request)
    assert (answer.status_code, "Các đơn vị không còn như lúc lập đề nghị." in answer.text) == (409, True)
    assert rows(app, select(Office.code).where(Office.code == "T1-A", Office.valid_until.is_not(None))) == []
    assert decide(second, request, "refused").status_code == 303


@on_sqlite
def test_merge_wants_the_code_typed_and_a_reason_and_is_asked_for_once(app, land, lead):
    path = page_of(land["a"]) + "/merge"
    confirmed = MERGE | {"confirmed": "yes", "reason": "Sắp xếp"}
    assert lead.send_form(path, confirmed | {"typed": "?"}).status_code == 422
    answer = ask_for_merge(lead, land, reason=" ")[1]
    assert (answer.status_code, "Hãy ghi lý do." in answer.text) == (422, True)
    assert ask_for_merge(lead, land)[1].status_code == 303
    again = ask_for_merge(lead, land)[1]
    assert (again.status_code, "đang chờ" in again.text) == (422, True)
    assert len(rows(app, select(Approval.id))) == 1


@on_sqlite
def test_split_has_a_row_for_each_heir_and_more_if_wanted(app, land, lead):
    path = page_of(land["c"]) + "/split"
    given = {"heir_code-0": "T1-A", "heir_code-1": "T1-M", "heir_name-1": "Trung tâm xã Mốt"}
    assert lead.get(path).text.count('name="heir_code-') == 2
    more = lead.send_form(path, given, to=f"{path}?more=yes").text
    assert more.count('name="heir_code-') == 3
    assert "Trung tâm xã Mốt" in more
    for wrong, box, words in (
        ({"heir_code-1": ""}, "heir_code-1", "Hãy ghi mã."),
        ({"heir_code-1": "T1-B"}, "heir_code-1", "Mã “T1-B” đã có"),
        ({"heir_name-1": "Bộ phận Một cửa xã B"}, "heir_name-1", "mang tên"),
        ({"heir_code-0": "T9"}, "heir_code-0", "Không có đơn vị mã “T9”"),
        ({"heir_code-1": "", "heir_name-1": ""}, "heir_code-0", "ít nhất hai"),
    ):
        answer = lead.send_form(path, {"day": "09/03/2026"} | given | wrong)
        assert answer.status_code == 422
        said = re.search(rf'<p class="error" id="{box}-error">([^<]*)</p>', answer.text)
        assert words in said[1]
        assert f'href="#{box}"' in answer.text
    asked, _done = confirm(lead, path, **given, day="09/03/2026")
    assert "bắt đầu dãy số liệu mới" in asked
    begun = select(Office.code).where(Office.valid_from == DAY)
    assert rows(app, begun) == [("T1-M",)]


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
def test_long_list_of_a_merge_is_searched_and_keeps_what_is_ticked(app, land, lead):
    with app.extensions["database"].transaction() as session:
        for n in range(45):
            factories.office(session, code=f"X{n:02}", name=f"Xã Hòa {n:02}", parent_id=land["province"].id)
        elsewhere = factories.office(session, code="KHAC", name="Xã Đông Lân", parent_id=land["other"].id)
    path = page_of(land["a"]) + "/merge"
    form = lead.get(path).text
    assert (form.count('name="other"'), "Tìm thấy 47 đơn vị" in form) == (40, True)
    fields = {"other": "T1-B", "heir": "T1-C"}
    for typed in ("dong lan", "KHAC"):
        found = lead.send_form(path, fields | {"q": typed}, to=f"{path}?find=yes").text
        assert re.findall(r'name="other" value="(.+?)"', found) == ["T1-B", "T1-C", elsewhere.code]
        assert 'value="T1-B" checked' in found
        assert 'value="T1-C" selected' in found
    nowhere = lead.send_form(path, {"q": "khong dau"}, to=f"{path}?find=yes").text
    assert ('name="other"' in nowhere, "Không tìm thấy đơn vị nào." in nowhere) == (False, True)


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
        ("merge", {"others": "T1-B", "new_name": "x", "day": "09/03/2026"}, "Hãy ghi mã."),
        ("merge", {"others": "\n".join("ab" * 4), "heirs": "x", "day": "09/03/2026"}, "Không có đơn vị"),
        ("merge", {"others": "T1-B\n" * 99, "heirs": "x", "day": "09/03/2026"}, "Tối đa 60 dòng"),
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
    heirs = {"heir_code-0": "T1-N", "heir_name-0": "N", "heir_code-1": "T1-M", "heir_name-1": "M"}
    fields = heirs | {"day": "09/03/2026"}
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
