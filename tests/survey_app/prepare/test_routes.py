"""The pages of codes and jobs, through clients that inspect each page."""

import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from survey_app.jobs.bound import bound_to
from survey_app.models.access_point import AccessPoint
from survey_app.models.approval import offices_concerned
from survey_app.models.audit import AuditLine
from survey_app.models.job import Job
from survey_app.models.office import Office
from survey_app.models.plan_document import PlanDocument, Population
from survey_app.models.short_code import printed
from survey_app.models.staff import Staff
from tests import factories
from tests.factories import DAY, MOMENT


@pytest.fixture
def rows(app):
    """Everything that the tests stand on: two offices under a province, one counter each, one code."""
    with app.extensions["database"].transaction() as session:
        province = factories.office(session, kind="province", name="Tỉnh Mẫu")
        mine = factories.office(session, parent_id=province.id, name="Bộ phận Một cửa xã Hòa")
        other = factories.office(session, parent_id=province.id, name="Bộ phận Một cửa xã Khác")
        campaign = factories.campaign(session, code="tai-quay", title="Góp ý tại quầy")
        found = {"mine": mine, "other": other, "campaign": campaign}
        for name in ("mine", "other"):
            counter = factories.counter(session, office_id=found[name].id, label=f"Quầy {name}")
            point = factories.access_point(
                session, campaign_id=campaign.id, office_id=found[name].id, counter_id=counter.id
            )
            found |= {f"{name}_counter": counter, f"{name}_point": point}
        found["empty_counter"] = factories.counter(session, office_id=mine.id, label="Quầy trống")
    return found


@pytest.fixture
def manager(rows, staff_client):
    return staff_client("office_manager", rows["mine"].id)


def forgery_token(client):
    return re.search(r'name="csrf_token"[^>]*value="([^"]+)"', client.get("/staff/codes").text)[1]


def post(client, address, **fields):
    return client.post(address, data={"csrf_token": forgery_token(client), **fields})


def box(office, counter):
    return f"{office.id}-{counter.id}"


def all_rows(app, kind):
    with app.extensions["database"].reading() as session:
        return list(session.scalars(select(kind).order_by(kind.id)))


def signed_in_staff(app):
    return all_rows(app, Staff)[-1]


def test_nobody_sees_codes_without_signing_in(client, rows):
    for address in ("/staff/codes", f"/staff/codes/{rows['mine_point'].id}.svg", "/staff/jobs/1"):
        assert client.get(address).location.startswith("/staff/sign-in")


def test_list_shows_office_counter_code_address_and_state(staff_client, rows):
    page = staff_client("campaign_lead").get("/staff/codes").text
    code = rows["mine_point"].code
    for words in ("xã Hòa", "Tỉnh Mẫu", "Quầy mine", printed(code), f"127.0.0.1:8000/s/{code}", "đang dùng"):
        assert words in page
    assert "Có 2 đơn vị với 3 điểm lấy ý kiến; 2 điểm đã có mã." in page


def test_manager_sees_the_offices_of_the_own_scope_alone(manager):
    page = manager.get("/staff/codes").text
    assert "xã Hòa" in page
    assert "xã Khác" not in page


def test_offices_are_found_by_name_without_marks(staff_client, rows):
    page = staff_client("administrator").get("/staff/codes?q=hoa").text
    assert "xã Hòa" in page
    assert "xã Khác" not in page


def test_search_that_finds_nothing_says_so(manager):
    assert "Không tìm thấy “&lt;zzz&gt;”. Thử bớt chữ." in manager.get("/staff/codes?q=<zzz>").text


def test_list_without_any_campaign_says_why_it_is_empty(app, staff_client):
    page = staff_client("campaign_lead").get("/staff/codes")
    assert page.status_code == 200
    assert "Chưa có cuộc khảo sát nào" in page.text


@pytest.mark.parametrize("query", ["campaign=%00", "campaign=nosuch", "page=-1", "page=x", "q=%00%F0%9F"])
def test_odd_addresses_of_the_list_still_show_it(manager, query):
    assert manager.get(f"/staff/codes?{query}").status_code == 200


def test_ticked_counter_gets_a_code_once(app, manager, rows):
    fields = {"campaign": "tai-quay", "reach": "chosen", "place": box(rows["mine"], rows["empty_counter"])}
    answer = post(manager, "/staff/codes/issue", **fields)
    assert answer.status_code == 303
    assert "Đã tạo 1 mã mới." in manager.get(answer.location).text
    answer = post(manager, "/staff/codes/issue", **fields)
    assert "đều đã có mã" in manager.get(answer.location).text
    assert len(all_rows(app, AccessPoint)) == 3


def test_all_places_found_get_codes_and_none_outside_the_scope(app, manager, rows):
    with app.extensions["database"].transaction() as session:
        factories.counter(session, office_id=rows["other"].id, label="Quầy trống khác")
    post(manager, "/staff/codes/issue", campaign="tai-quay", reach="all")
    new = all_rows(app, AccessPoint)[2:]
    assert [(point.office_id, point.counter_id) for point in new] == [
        (rows["mine"].id, rows["empty_counter"].id)
    ]


def test_codes_are_offered_for_the_places_that_have_none_until_each_has_one(app, manager, rows):
    offer = re.compile(r'<button name="reach" value="all" class="quiet">([^<]+)</button>')
    with app.extensions["database"].transaction() as session:
        factories.counter(session, office_id=rows["mine"].id, label="Quầy trống nữa")
    assert offer.findall(manager.get("/staff/codes").text) == ["Tạo mã cho 2 điểm chưa có mã"]
    assert "Tạo mã cho các điểm đã đánh dấu" in manager.get("/staff/codes").text
    answer = post(manager, "/staff/codes/issue", campaign="tai-quay", reach="all")
    page = manager.get(answer.location).text
    assert "Đã tạo 2 mã mới." in page
    lines = [(line.act, line.office_id, line.what) for line in all_rows(app, AuditLine)]
    assert lines == [("codes.issue", rows["mine"].id, "Tạo 2 mã (tờ mã), tai-quay")]
    assert "3 điểm đã có mã" in page
    assert offer.findall(page) == []
    assert "Tạo tờ mã QR cho cả 3 mã (PDF)" in page


def test_revoked_screen_stays_in_the_list_beside_the_revoked_poster(app, manager, rows):
    place = {
        "campaign_id": rows["campaign"].id,
        "office_id": rows["mine"].id,
        "counter_id": rows["empty_counter"].id,
        "revoked_on": DAY,
    }
    with app.extensions["database"].transaction() as session:
        poster = factories.access_point(session, **place).code
        screen = factories.access_point(session, **place, way_in="screen", provenance="B").code
    page = manager.get("/staff/codes").text
    old = '<span class="row-old soft">{}<span class="code">{}</span> <span class="tag off">đã thu hồi ngày'
    assert old.format("", printed(poster)) in page
    assert old.format("Màn hình tại quầy: ", printed(screen)) in page


def test_nothing_ticked_is_said_and_makes_nothing(app, manager):
    for address in ("/staff/codes/issue", "/staff/codes/posters"):
        answer = post(manager, address, campaign="tai-quay", reach="chosen", place="nonsense")
        assert "Chưa đánh dấu điểm nào." in manager.get(answer.location).text
    assert len(all_rows(app, AccessPoint)) == 2
    assert all_rows(app, Job) == []


@pytest.mark.parametrize("address", ["/staff/codes/issue", "/staff/codes/posters"])
def test_place_of_a_foreign_office_looks_like_one_that_does_not_exist(app, manager, rows, address):
    foreign = box(rows["other"], rows["other_counter"])
    pages = [
        post(manager, address, campaign="tai-quay", reach="chosen", place=place)
        for place in (foreign, "999999-0")
    ]
    assert [page.status_code for page in pages] == [404, 404]
    assert without_token(pages[0]) == without_token(pages[1])
    assert len(all_rows(app, AccessPoint)) == 2


def without_token(page):
    return re.sub(r'(name="csrf_token" value=)"[^"]+"', r"\1", page.text)


@pytest.mark.parametrize("name", ["nosuch", ""])
def test_campaign_that_does_not_exist_makes_no_code(app, manager, rows, name):
    assert post(manager, "/staff/codes/issue", campaign=name, reach="all").status_code == 404


def test_posts_without_the_forgery_token_do_nothing(app, manager, rows):
    point = rows["mine_point"].id
    for address in ("/staff/codes/issue", "/staff/codes/posters", f"/staff/codes/{point}/revoke"):
        page = manager.post(address, data={"campaign": "tai-quay", "reach": "all"})
        assert page.status_code == 400
        assert page.mimetype == "text/html"
    assert [one.revoked_on for one in all_rows(app, AccessPoint)] == [None, None]
    assert all_rows(app, Job) == []


def test_own_code_comes_as_svg_and_png_under_its_printed_name(manager, rows):
    point = rows["mine_point"]
    svg = manager.get(f"/staff/codes/{point.id}.svg")
    assert svg.mimetype == "image/svg+xml"
    assert f"HTTP://127.0.0.1:8000/S/{point.code}" in svg.text
    png = manager.get(f"/staff/codes/{point.id}.png")
    assert png.data.startswith(b"\x89PNG")
    assert printed(point.code) in png.headers["Content-Disposition"]


@pytest.mark.parametrize("kind", ["svg", "png"])
def test_a_revoked_code_is_no_more_given_out_as_a_picture(app, manager, rows, kind):
    with app.extensions["database"].transaction() as session:
        session.get_one(AccessPoint, rows["mine_point"].id).revoked_on = DAY
    answer = manager.get(f"/staff/codes/{rows['mine_point'].id}.{kind}")
    assert (answer.status_code, answer.mimetype) == (410, "text/html")
    assert "Mã đã được thu hồi ngày 10/03/2026." in answer.text
    assert "Về danh sách mã" in answer.text


@pytest.mark.parametrize("what", [".svg", ".png", "/revoke"])
def test_foreign_code_looks_like_one_that_does_not_exist(manager, rows, what):
    foreign = manager.get(f"/staff/codes/{rows['other_point'].id}{what}")
    missing = manager.get(f"/staff/codes/999999{what}")
    beyond = manager.get(f"/staff/codes/{10**20}{what}")
    assert foreign.status_code == missing.status_code == beyond.status_code == 404
    assert without_token(foreign) == without_token(missing)


def test_revoking_asks_first_then_keeps_the_code_as_revoked(app, manager, rows):
    point = rows["mine_point"]
    address = f"/staff/codes/{point.id}/revoke"
    assert "Thu hồi rồi thì không dùng lại được" in manager.get(address).text
    assert all_rows(app, AccessPoint)[0].revoked_on is None
    answer = post(manager, address)
    page = manager.get(answer.location).text
    assert f"Đã thu hồi mã {printed(point.code)}." in page
    assert "đã thu hồi ngày 10/03/2026" in page
    assert all_rows(app, AccessPoint)[0].revoked_on == DAY
    assert "Mã đã được thu hồi ngày 10/03/2026." in manager.get(address).text


def test_foreign_code_cannot_be_revoked(app, manager, rows):
    assert post(manager, f"/staff/codes/{rows['other_point'].id}/revoke").status_code == 404
    assert all_rows(app, AccessPoint)[1].revoked_on is None


def test_posters_are_asked_of_a_job_that_belongs_to_who_asked(app, manager, rows):
    answer = post(manager, "/staff/codes/posters", campaign="tai-quay", reach="all")
    (job,) = all_rows(app, Job)
    assert answer.location == f"/staff/jobs/{job.id}"
    assert job.name == "posters"
    assert job.arguments == {
        "access_point_ids": [rows["mine_point"].id],
        "language": "vi",
        "layout": "a5",
        **bound_to("codes", {rows["mine"].id}),
    }
    assert job.owner_id == signed_in_staff(app).id
    page = manager.get(answer.location)
    assert "Đang chờ đến lượt." in page.text
    assert page.headers["Refresh"] == "2"


def test_posters_of_places_without_a_code_are_not_begun(app, manager, rows):
    answer = post(
        manager,
        "/staff/codes/posters",
        campaign="tai-quay",
        reach="chosen",
        place=box(rows["mine"], rows["empty_counter"]),
    )
    assert "Hãy tạo mã trước." in manager.get(answer.location).text
    assert all_rows(app, Job) == []


@pytest.fixture
def own_job(app, manager):
    """Make a job of the manager's in any state."""

    def make(**given):
        values = {"name": "posters", "owner_id": signed_in_staff(app).id, "arguments": bound_to("codes", ())}
        with app.extensions["database"].transaction() as session:
            return f"/staff/jobs/{factories.job(session, **values | given).id}"

    return make


def test_running_job_tells_its_progress_and_loads_itself_again_unless_stopped(manager, own_job, clock):
    address = own_job(state="running", n_done=1240, n_total=3321, claimed_until=clock())
    page = manager.get(address)
    assert "Đang tạo tệp: 1.240/3.321. Có thể rời trang này." in page.text
    assert page.headers["Refresh"] == "2"
    assert "Refresh" not in manager.get(address + "?refresh=no").headers


def test_done_job_gives_its_file_under_its_name_and_type(app, manager, own_job):
    files = app.extensions["settings"].files_dir
    files.mkdir()
    (files / "to-ma-qr-1.pdf").write_bytes(b"%PDF-1.7")
    finished_at = datetime(2026, 3, 10, 18, 0, tzinfo=UTC)  # the next day has begun in Vietnam
    address = own_job(state="done", file_name="to-ma-qr-1.pdf", finished_at=finished_at)
    page = manager.get(address)
    assert "Tệp đã xong." in page.text
    assert "Tệp được giữ đến hết ngày 18/03/2026, sau đó tự xóa." in page.text
    assert "Refresh" not in page.headers
    assert "(PUBLIC_URL)" in page.text, "these tests are served to this machine alone"
    file = manager.get(f"{address}/file")
    assert (file.mimetype, file.data) == ("application/pdf", b"%PDF-1.7")
    assert file.headers["Content-Disposition"] == "attachment; filename=to-ma-qr-1.pdf"
    assert file.headers["Cache-Control"] == "no-store"


def test_file_of_a_hand_over_leads_back_to_the_hand_over(manager, own_job):
    arguments = {"publication_id": 7, "product": "sheets", **bound_to("codes", ())}
    page = manager.get(own_job(name="handover", state="done", arguments=arguments))
    assert "Tệp bàn giao" in page.text
    assert 'href="/staff/publications/7' in page.text


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"state": "failed", "error": "secret detail"}, "Chưa tạo được tệp."),
        ({"state": "done"}, "Không có tệp nào: các mã này đều đã thu hồi."),
    ],
)
def test_job_that_made_no_file_says_why_and_gives_none(manager, own_job, given, words):
    address = own_job(**given)
    page = manager.get(address)
    assert words in page.text
    assert "secret" not in page.text
    assert manager.get(f"{address}/file").status_code == 404


def test_file_that_is_gone_is_said_to_be_gone_and_can_be_made_again(manager, own_job, clock):
    address = own_job(state="done", file_name="gone.pdf", finished_at=clock())
    page = manager.get(address).text
    assert "Tệp không còn nữa: mỗi tệp chỉ được giữ 7 ngày. Nếu vẫn cần, hãy tạo lại." in page
    assert f"{address}/file" not in page
    assert "/staff/codes" in page
    assert manager.get(f"{address}/file").status_code == 404


def test_each_download_is_a_line_at_the_office_of_the_file(app, manager, own_job, rows):
    files = app.extensions["settings"].files_dir
    files.mkdir()
    (files / "x.pdf").write_bytes(b"%PDF-1.7")
    bound = bound_to("codes", {rows["mine"].id})
    address = own_job(state="done", file_name="x.pdf", arguments=bound)
    for _ in range(2):
        assert manager.get(f"{address}/file").status_code == 200
    lines = [line for line in all_rows(app, AuditLine) if line.act == "file.download"]
    assert [(line.staff_id, line.office_id) for line in lines] == [
        (signed_in_staff(app).id, rows["mine"].id)
    ] * 2


def test_posters_are_given_out_no_more_once_a_code_in_them_is_revoked(app, manager, own_job, rows):
    files = app.extensions["settings"].files_dir
    files.mkdir()
    (files / "x.pdf").write_bytes(b"%PDF-1.7")
    point = rows["mine_point"]
    arguments = {"access_point_ids": [point.id], **bound_to("codes", {rows["mine"].id})}
    address = own_job(state="done", file_name="x.pdf", arguments=arguments)
    assert manager.get(f"{address}/file").data == b"%PDF-1.7"
    assert f'href="{address}/file"' in manager.get(address).text
    post(manager, f"/staff/codes/{point.id}/replace", reason="damaged")
    refused = manager.get(f"{address}/file")
    assert refused.status_code == 410
    for page in (refused.text, manager.get(address).text):
        assert "Tệp này không dùng được nữa: 1 mã trong tệp đã bị thu hồi" in page
        assert f'<span class="code">{printed(point.code)}</span>' in page
        assert f'href="{address}/file"' not in page
    assert [line.act for line in all_rows(app, AuditLine)].count("file.download") == 1


def test_job_that_is_bound_to_no_right_is_nobodys(app, manager, own_job):
    assert manager.get(own_job(arguments={})).status_code == 404


@pytest.mark.parametrize("what", ["", "/file"])
def test_foreign_job_looks_like_one_that_does_not_exist(app, manager, own_job, what, rows):
    with app.extensions["database"].transaction() as session:
        owner_id = factories.staff(session).id
    foreign = manager.get(own_job(owner_id=owner_id, state="done", file_name="x.pdf") + what)
    missing = manager.get("/staff/jobs/999999" + what)
    assert foreign.status_code == missing.status_code == 404
    assert without_token(foreign) == without_token(missing)
    assert manager.get(f"/staff/jobs/{2**40}{what}").status_code == 404


def test_administrator_sees_every_job(staff_client, manager, own_job):
    address = own_job(state="queued")
    assert staff_client("administrator").get(address).status_code == 200


def test_pages_speak_english_when_the_address_says_so(manager, rows):
    page = manager.get("/staff/codes?lang=en").text
    assert "Found 1 office; codes exist for 1 of its 2 places." in page
    assert "Counter survey" in page


def test_web_worker_loads_no_typst():
    program = "import survey_app.prepare.routes, sys; sys.exit('typst' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_page_says_first_which_codes_need_a_look(app, manager, rows):
    with app.extensions["database"].transaction() as session:
        factories.code_report(session, access_point_id=rows["mine_point"].id)
    page = manager.get("/staff/codes").text
    assert re.search(r'<p class="lead">Mã cần xem lại: 1 mã [^<]+ 14 ngày. 1 mã có người dân báo.</p>', page)
    page = manager.get("/staff/codes?show=look").text
    assert "Quầy mine" in page
    assert "Quầy trống" not in page
    assert "14 ngày không ai quét" in page


@pytest.mark.parametrize("narrowed", ["look", "paused"])
def test_list_of_some_codes_shows_as_many_as_the_page_counts(app, manager, rows, narrowed):
    """At one counter a poster that belongs on the list, its screen that does not, and a revoked one."""
    places = {"office_id": rows["mine"].id, "counter_id": rows["mine_counter"].id}
    at = {"campaign_id": rows["campaign"].id, **places}
    with app.extensions["database"].transaction() as session:
        screen = factories.access_point(session, **at, way_in="screen", provenance="B")
        factories.access_point_day(session, access_point_id=screen.id)
        revoked = factories.access_point(session, **at, revoked_on=DAY)
        if narrowed == "paused":
            session.get_one(AccessPoint, rows["mine_point"].id).paused_on = DAY
    page = manager.get(f"/staff/codes?show={narrowed}").text
    codes = [rows["mine_point"], screen, revoked]
    assert [printed(one.code) in page for one in codes] == [True, False, False]
    assert "điểm đã có mã" not in page, "which counts all places of the offices, listed or not"
    page = manager.get("/staff/codes").text
    assert [printed(one.code) in page for one in codes] == [True, True, True]


def test_page_says_that_all_is_well(app, manager, rows):
    with app.extensions["database"].transaction() as session:
        factories.access_point_day(session, access_point_id=rows["mine_point"].id)
    page = manager.get("/staff/codes").text
    assert "Không có mã nào cần xem lại" in page
    assert "Quét gần nhất 10/03/2026" in page
    assert "Danh sách này không có điểm nào." in manager.get("/staff/codes?show=look").text


def test_code_is_replaced_in_three_taps(app, manager, rows):
    """The list's link, the button, the finished file."""
    point = rows["mine_point"]
    address = f"/staff/codes/{point.id}/replace"
    assert address in manager.get("/staff/codes").text
    asked = manager.get(address)
    assert "Mã cũ ngừng dùng ngay" in asked.text
    assert 'value="damaged" checked' in asked.text  # nobody said that it was pasted over
    answer = post(manager, address, reason="pasted_over", layout="tent")
    old, new = all_rows(app, AccessPoint)[0], all_rows(app, AccessPoint)[-1]
    assert (old.revoked_on, new.revoked_on, new.counter_id) == (DAY, None, old.counter_id)
    (job,) = all_rows(app, Job)
    assert answer.location == f"/staff/jobs/{job.id}"
    bound = bound_to("codes", {new.office_id})
    made = {"access_point_ids": [new.id], "language": "vi", "layout": "tent", **bound}
    assert job.arguments == {**made, "replaced": printed(old.code)}
    assert f"Mã {printed(old.code)} đã ngừng dùng" in manager.get(answer.location).text


def test_replaced_screen_leads_to_the_new_one(app, manager, rows):
    with app.extensions["database"].transaction() as session:
        screen = factories.access_point(
            session,
            campaign_id=rows["campaign"].id,
            office_id=rows["mine"].id,
            counter_id=rows["mine_counter"].id,
            way_in="screen",
            provenance="B",
        )
    answer = post(manager, f"/staff/codes/{screen.id}/replace", reason="other")
    assert answer.location == f"/staff/screens/{all_rows(app, AccessPoint)[-1].id}"
    assert f"Đã thu hồi mã {printed(screen.code)}." in manager.get(answer.location).text


def test_foreign_code_cannot_be_replaced(app, manager, rows):
    address = f"/staff/codes/{rows['other_point'].id}/replace"
    assert manager.get(address).status_code == 404
    assert post(manager, address, reason="damaged").status_code == 404
    assert post(manager, f"/staff/codes/{rows['mine_point'].id}/replace", reason="x").status_code == 404
    assert [one.revoked_on for one in all_rows(app, AccessPoint)] == [None, None]


def test_code_of_an_office_that_has_ended_cannot_be_replaced_and_stands_on_no_list(app, manager, rows):
    with app.extensions["database"].transaction() as session:
        session.get_one(Office, rows["mine"].id).valid_until = DAY - timedelta(days=1)
    page = manager.get(f"/staff/codes/{rows['mine_point'].id}/replace").text
    assert "Không thay được mã" in page
    listed = manager.get("/staff/codes").text
    assert "không có đơn vị nào đang hoạt động hoặc sắp hoạt động" in listed
    assert "Hãy tạo mã" not in listed


def test_codes_of_an_office_that_begins_later_are_made_before_and_say_from_when_they_open(app, manager, rows):
    with app.extensions["database"].transaction() as session:
        session.get_one(Office, rows["mine"].id).valid_from = DAY + timedelta(days=9)
    listed = manager.get("/staff/codes").text
    assert "Đơn vị hoạt động từ 19/03/2026: có thể treo mã từ trước" in listed
    assert "mở từ 19/03/2026" in listed
    post(manager, "/staff/codes/issue", campaign="tai-quay", reach="all")
    made = [one for one in all_rows(app, AccessPoint) if one.office_id == rows["mine"].id]
    assert len(made) == 2


def test_codes_of_an_office_that_will_end_say_until_when_they_open(app, manager, rows):
    with app.extensions["database"].transaction() as session:
        session.get_one(Office, rows["mine"].id).valid_until = DAY + timedelta(days=9)
    assert "Đơn vị hoạt động đến hết ngày 19/03/2026" in manager.get("/staff/codes").text


@pytest.mark.parametrize(("layout", "made"), [("labels", "labels"), ("nosuch", "a5"), ("", "a5")])
def test_posters_are_made_on_the_paper_that_was_chosen(app, manager, rows, layout, made):
    post(manager, "/staff/codes/posters", campaign="tai-quay", reach="all", layout=layout)
    assert all_rows(app, Job)[0].arguments["layout"] == made


def test_full_page_of_codes_stays_small(app, staff_client):
    """Twenty counters with poster, screen and three revoked codes each."""
    with app.extensions["database"].transaction() as session:
        name = "Trung tâm Phục vụ hành chính công phường Nguyễn Trãi"
        office = factories.office(session, name=name)
        campaign = factories.campaign(session)
        for number in range(20):
            counter = factories.counter(session, office_id=office.id, label=f"Quầy số {number} – Đất đai")
            given = {"campaign_id": campaign.id, "office_id": office.id, "counter_id": counter.id}
            factories.access_point(session, **given)
            factories.access_point(session, **given, way_in="screen", provenance="B")
            for _ in range(5):
                factories.access_point(session, **given, revoked_on=DAY)
    page = staff_client("administrator").get("/staff/codes")
    assert page.text.count("Quầy số") >= 20
    assert len(page.data) <= 60_000


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
@pytest.mark.parametrize("is_frozen", [True, False], ids=["frozen", "draft"])
def test_planned_campaign_takes_codes_of_its_own_offices_and_its_draft_of_its_lead(
    app, rows, staff_client, is_frozen
):
    plan = PlanDocument(population=Population(tops=(rows["mine"].code,)))
    frozen = {"frozen_at": MOMENT, "hash": plan.hash} if is_frozen else {}
    with app.extensions["database"].transaction() as session:
        annual = factories.campaign(session, code="hang-nam", kind="annual", closes_on=DAY)
        factories.campaign_plan(session, campaign_id=annual.id, document_json=plan.to_json(), **frozen)
    boxes = {name: box(rows[name], rows[f"{name}_counter"]) for name in ("mine", "other")}
    at = {"campaign": "hang-nam"}

    def answers(client, name):
        sent = [
            post(client, f"/staff/{path}", **at, place=boxes[name]) for path in ("codes/issue", "screens")
        ]
        invited = client.get(f"/staff/invitations/new/{rows[name].id}?campaign=hang-nam")
        return [one.status_code for one in (*sent, invited)]

    managers = {name: staff_client("office_manager", rows[name].id) for name in boxes}
    assert answers(managers["other"], "other") == [404, 404, 404]
    assert 'value="hang-nam"' not in managers["other"].get("/staff/codes").text
    assert answers(managers["mine"], "mine") == ([303, 303, 200] if is_frozen else [404, 404, 404])
    lead = staff_client("campaign_lead")
    assert answers(lead, "mine") == [303, 303, 200]
    assert answers(lead, "other") == [404, 404, 404]
    post(lead, "/staff/codes/issue", **at, reach="all")
    with app.extensions["database"].transaction() as session:
        points = select(AccessPoint.office_id).where(AccessPoint.campaign_id == annual.id)
        assert set(session.scalars(points)) == {rows["mine"].id}
        factories.access_point(session, campaign_id=annual.id, office_id=rows["other"].id)
        assert offices_concerned(session, annual.id, None) == {rows["mine"].id}, "as the plan says"
