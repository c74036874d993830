"""The pages of invitations, through clients that inspect each page."""

import re
from datetime import timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import select

from survey_app.cli.jobs import Worker
from survey_app.jobs.bound import bound_to
from survey_app.models.access_point import AccessPoint
from survey_app.models.audit import AuditLine
from survey_app.models.campaign import Campaign
from survey_app.models.invitation import InvitationBatch
from survey_app.models.invitation_token import secret_mark
from survey_app.models.job import Job
from survey_app.models.staff import Staff, StaffGrant
from tests import factories
from tests.factories import DAY

LIST = "/staff/invitations"


@pytest.fixture
def rows(app):
    """Two offices under a province; a batch of slips in each, and one of letters in the first."""
    mark = secret_mark(app.extensions["settings"].secrets[0])
    with app.extensions["database"].transaction() as session:
        province = factories.office(session, kind="province", name="Tỉnh Mẫu")
        mine = factories.office(session, parent_id=province.id, name="Bộ phận Một cửa xã Hòa")
        other = factories.office(session, parent_id=province.id, name="Bộ phận Một cửa xã Khác")
        counter = factories.counter(session, office_id=mine.id, label="Quầy số 1")
        foreign_counter = factories.counter(session, office_id=other.id, label="Quầy khác")
        open_to_all = factories.campaign(session, code="tai-quay", title="Góp ý tại quầy")
        drawn = factories.campaign(session, code="nam", kind="annual", sampling_basis="probability")
        cell = factories.sample_cell(session, campaign_id=drawn.id, stratum="Tầng 1", psu="P1", weight=2.5)

        def batch(office, campaign, provenance, **given):
            point = factories.access_point(
                session,
                campaign_id=campaign.id,
                office_id=office.id,
                way_in="invitation",
                provenance=provenance,
            )
            return factories.invitation_batch(
                session, access_point_id=point.id, **{"secret_mark": mark, **given}
            )

        found = SimpleNamespace(
            province=province,
            mine=mine,
            other=other,
            counter=counter,
            foreign_counter=foreign_counter,
            cell=cell,
            slips=batch(mine, open_to_all, "B", n_issued=1_200),
            foreign=batch(other, open_to_all, "B"),
            letters=batch(mine, drawn, "A", delivery="letter", cell_id=cell.id),
            forgotten=batch(mine, open_to_all, "B", secret_mark="gone"),
        )
        for days_ago, n_opened, n_received in ((1, 1_500, 13), (0, 20, 9)):
            factories.access_point_day(
                session,
                access_point_id=found.slips.access_point_id,
                day=DAY - timedelta(days=days_ago),
                n_opened=n_opened,
                n_received=n_received,
            )
    return found


@pytest.fixture
def manager(rows, staff_client):
    return staff_client("office_manager", rows.mine.id)


@pytest.fixture
def lead(rows, staff_client):
    return staff_client("campaign_lead", rows.province.id)


def post(client, address, **fields):
    page = client.get(LIST).text
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)[1]
    return client.post(address, data={"csrf_token": token, **fields})


def new_address(office, campaign="tai-quay"):
    return f"{LIST}/new/{office.id}?campaign={campaign}"


def all_rows(app, kind):
    with app.extensions["database"].reading() as session:
        return list(session.scalars(select(kind).order_by(kind.id)))


def without_token(page):
    return re.sub(r'(name="csrf_token" value=)"[^"]+"', r"\1", page.text)


def test_nobody_sees_invitations_without_signing_in(client, rows):
    for address in (LIST, f"{LIST}/{rows.slips.id}", f"{LIST}/new", new_address(rows.mine)):
        assert client.get(address).location.startswith("/staff/sign-in")


def test_the_list_is_reached_from_every_staff_page(manager):
    assert 'href="/staff/invitations"' in manager.get("/staff").text


def test_the_list_shows_the_funnels_of_the_own_offices(manager, rows):
    page = manager.get(LIST).text
    for words in (
        "Lô số 1<",
        "xã Hòa",
        "Góp ý tại quầy",
        "1.200",
        ">ít nhất 1.500<",
        ">ít nhất 10<",
        ">dưới 5<",
        "đang dùng",
    ):
        assert words in page
    assert "xã Khác" not in page
    assert "Đã phát hành 3 lô" in page
    assert "có thể nhiều hơn số phiếu mời đã phát hành" in page


def test_an_empty_list_says_what_invitations_are(staff_client):
    assert "Chưa phát hành phiếu mời nào." in staff_client("administrator").get(LIST).text


def test_a_batch_says_what_each_count_is_and_nothing_of_who_or_when(manager, rows):
    page = manager.get(f"{LIST}/{rows.slips.id}").text
    assert "Đến hết ngày hôm qua đã dùng ít nhất 10 trong 1.200 phiếu mời." in page
    assert "để không ai biết người nào đã trả lời" in page
    assert "mã đang dùng được" not in page  # the file holds used ones too
    assert "không ghi mã nào đã dùng" in page
    assert "kể cả một người mở nhiều lần" in page
    assert "ở đây không có gì dẫn từ một mã đến câu trả lời" in page
    assert not re.search(r"\d\d:\d\d", page)
    assert 'width="100.0%"' in page  # the page views, more than were issued
    assert 'width="80.0%"' in page


def test_pages_speak_english_too(manager, rows):
    assert (
        "at least 10 of 1,200 invitations had been used."
        in manager.get(f"{LIST}/{rows.slips.id}?lang=en").text
    )


@pytest.mark.parametrize("what", ["", "/revoke"])
def test_a_foreign_batch_looks_like_one_that_does_not_exist(manager, rows, what):
    pages = [manager.get(f"{LIST}/{number}{what}") for number in (rows.foreign.id, 999_999, 10**20)]
    assert {page.status_code for page in pages} == {404}
    assert len({without_token(page) for page in pages}) == 1


@pytest.mark.parametrize("act", ["slips", "list", "revoke"])
def test_nothing_can_be_done_to_a_foreign_batch(app, manager, rows, act):
    assert post(manager, f"{LIST}/{rows.foreign.id}/{act}").status_code == 404
    assert all_rows(app, Job) == []
    assert {point.revoked_on for point in all_rows(app, AccessPoint)} == {None}


@pytest.mark.parametrize("act", ["slips", "list", "revoke"])
def test_a_manager_sees_letters_to_the_sample_and_never_holds_them(app, manager, rows, act):
    page = manager.get(f"{LIST}/{rows.letters.id}").text
    assert "Chỉ chủ trì khảo sát mới in" in page
    assert "Tải danh sách" not in page
    assert post(manager, f"{LIST}/{rows.letters.id}/{act}").status_code == 404
    assert all_rows(app, Job) == []


@pytest.mark.parametrize(
    ("kind", "name", "words"), [("slips", "invitation_slips", "cắt"), ("list", "invitation_list", "tệp")]
)
def test_files_are_asked_of_a_job_whose_page_warns(app, lead, rows, kind, name, words):
    answer = post(lead, f"{LIST}/{rows.letters.id}/{kind}")
    (job,) = all_rows(app, Job)
    bound = bound_to("samples", {rows.mine.id})
    assert (job.name, job.arguments) == (name, {"batch_id": rows.letters.id, "language": "vi", **bound})
    assert answer.location == f"/staff/jobs/{job.id}"
    with app.extensions["database"].transaction() as session:
        found = session.get_one(Job, job.id)
        found.state, found.file_name = "done", "file.pdf"
    files = app.extensions["settings"].files_dir
    files.mkdir()
    (files / "file.pdf").write_bytes(b"%PDF-1.7")
    page = lead.get(answer.location).text
    assert "Tệp chứa các mã đang dùng được" in page
    assert words in page
    assert f'href="/staff/invitations/{rows.letters.id}"' in page


def test_a_manager_prints_slips_and_never_gets_them_as_a_list(app, manager, lead, rows):
    address = f"{LIST}/{rows.slips.id}"
    page = manager.get(address).text
    assert "In phiếu" in page
    assert "Tải danh sách" not in page
    assert "Tải danh sách" in lead.get(address).text
    assert post(manager, f"{address}/list").status_code == 404
    assert all_rows(app, Job) == []
    post(manager, f"{address}/slips")
    post(lead, f"{address}/list")
    assert [job.name for job in all_rows(app, Job)] == ["invitation_slips", "invitation_list"]


def test_who_leads_elsewhere_and_prints_slips_here_gets_no_list_and_no_letters(app, rows, staff_client):
    client = staff_client("campaign_lead", rows.other.id)
    with app.extensions["database"].transaction() as session:
        lead = session.scalars(select(Staff)).one()
        factories.staff_grant(session, staff_id=lead.id, role="operator", office_id=rows.mine.id)
    assert "Tải danh sách" not in client.get(f"{LIST}/{rows.slips.id}").text
    assert post(client, f"{LIST}/{rows.slips.id}/list").status_code == 404
    page = client.get(new_address(rows.mine, "nam")).text
    assert "loại A" not in page
    assert "đơn vị cấp I" not in page  # no cell of the sample
    assert "loại A" in client.get(new_address(rows.other, "nam")).text


def test_whose_role_became_smaller_loses_the_list_that_he_asked_for(app, lead, rows, settings):
    answer = post(lead, f"{LIST}/{rows.letters.id}/list")
    with app.extensions["database"].transaction() as session:
        session.scalars(select(StaffGrant)).one().role = "auditor"
    assert Worker(app.extensions["database"], settings, lambda: factories.MOMENT).step()
    (job,) = (one for one in all_rows(app, Job) if one.name == "invitation_list")
    assert (job.state, job.file_name) == ("failed", None)
    assert lead.get(answer.location).status_code == 404


def test_no_file_is_made_of_a_batch_that_is_revoked_or_whose_secret_is_gone(app, manager, rows):
    assert "khóa bí mật" in manager.get(f"{LIST}/{rows.forgotten.id}").text
    post(manager, f"{LIST}/{rows.slips.id}/revoke")
    for batch in (rows.forgotten, rows.slips):
        answer = post(manager, f"{LIST}/{batch.id}/slips")
        assert "nên không tạo tệp" in manager.get(answer.location).text
    assert all_rows(app, Job) == []


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_paused_batch_says_so_and_is_not_printed_but_can_be_revoked(app, manager, rows):
    batch = f"{LIST}/{rows.slips.id}"
    assert "Lô tạm dừng" not in manager.get(batch).text
    with app.extensions["database"].transaction() as session:
        session.get_one(AccessPoint, rows.slips.access_point_id).paused_on = DAY
    assert manager.get(LIST).text.count("tạm dừng từ 10/03/2026") == 1
    page = manager.get(batch).text
    assert "Lô tạm dừng từ 10/03/2026 theo quyết định của hai người: ai mở" in page
    assert (f"{batch}/slips" in page, f"{batch}/revoke" in page) == (False, True)
    refused = post(manager, f"{batch}/slips")
    assert "Lô này đang tạm dừng nên chưa làm tệp nào." in manager.get(refused.location).text
    assert all_rows(app, Job) == []


def test_revoking_asks_first_and_touches_no_other_batch(app, manager, rows):
    address = f"{LIST}/{rows.slips.id}/revoke"
    assert "Thu hồi rồi thì không dùng lại được" in manager.get(address).text
    assert {point.revoked_on for point in all_rows(app, AccessPoint)} == {None}
    answer = post(manager, address)
    page = manager.get(answer.location).text
    assert f"Đã thu hồi lô số {rows.slips.id}." in page
    assert "In phiếu" not in page
    assert "đã thu hồi ngày 10/03/2026" in manager.get(LIST).text
    assert "ngừng dùng" in manager.get(address).text
    revoked = [point.id for point in all_rows(app, AccessPoint) if point.revoked_on == DAY]
    assert revoked == [rows.slips.access_point_id]
    post(manager, address)  # once more: it was revoked, so nothing is written
    assert [(line.act, line.office_id) for line in all_rows(app, AuditLine)] == [
        ("invitations.revoke", rows.mine.id)
    ]


def test_a_manager_issues_slips_for_a_counter(app, manager, rows):
    address = new_address(rows.mine)
    page = manager.get(address).text
    assert "Phiếu mời phát tại quầy (loại B)" in page
    assert "loại A" not in page
    answer = manager.send_form(
        address, {"delivery": "slip", "counter": str(rows.counter.id), "cell": "0", "n_issued": "1.000"}
    )
    assert "Đã phát hành 1.000 phiếu mời." in manager.get(answer.location).text
    batch = all_rows(app, InvitationBatch)[-1]
    point = all_rows(app, AccessPoint)[-1]
    assert answer.location == f"{LIST}/{batch.id}"
    assert (batch.n_issued, batch.delivery, batch.cell_id) == (1_000, "slip", None)
    assert (point.counter_id, point.provenance) == (rows.counter.id, "B")
    assert batch.secret_mark == secret_mark(app.extensions["settings"].secrets[0])
    (line,) = all_rows(app, AuditLine)
    assert (line.act, line.office_id) == ("invitations.issue", rows.mine.id)
    assert line.what == f"Phát hành lô {batch.id}: 1000 phiếu mời, tai-quay"


def test_a_lead_issues_letters_to_a_cell_of_the_sample(app, lead, rows):
    address = new_address(rows.mine, "nam")
    assert "Tầng Tầng 1, đơn vị cấp I P1, quyền số 2,5" in lead.get(address).text
    fields = {"delivery": "letter", "counter": "0", "cell": str(rows.cell.id), "n_issued": "40"}
    assert lead.send_form(address, fields).status_code == 303
    batch = all_rows(app, InvitationBatch)[-1]
    assert (batch.delivery, batch.cell_id) == ("letter", rows.cell.id)
    assert all_rows(app, AccessPoint)[-1].provenance == "A"


@pytest.mark.parametrize("has_cells", [True, False])
def test_letters_without_a_cell_come_back_with_what_to_do(app, lead, rows, has_cells):
    with app.extensions["database"].transaction() as session:
        drawn = factories.campaign(session, code="nam-sau", kind="annual", sampling_basis="probability")
        if has_cells:
            factories.sample_cell(session, campaign_id=drawn.id)
    before = len(all_rows(app, InvitationBatch))
    fields = {"delivery": "letter", "counter": "0", "cell": "0", "n_issued": "40"}
    page = lead.send_form(new_address(rows.mine, "nam-sau"), fields)
    assert page.status_code == 422
    assert '<a href="#cell">Thư và tin nhắn gửi người được chọn vào mẫu phải ghi ô mẫu' in page.text
    assert 'aria-describedby="cell-error"' in page.text
    assert len(all_rows(app, InvitationBatch)) == before


def test_a_manager_cannot_issue_letters_by_asking_for_them(app, manager, rows):
    before = len(all_rows(app, InvitationBatch))
    address = new_address(rows.mine, "nam")
    for fields in ({"delivery": "letter", "cell": "0"}, {"delivery": "slip", "cell": str(rows.cell.id)}):
        page = manager.send_form(address, {"counter": "0", "n_issued": "40", **fields})
        assert page.status_code == 422
        assert "Hãy chọn một mục trong danh sách." in page.text
    assert len(all_rows(app, InvitationBatch)) == before


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("n_issued", "", "Hãy nhập một số nguyên."),
        ("n_issued", "nhiều", "Hãy nhập một số nguyên."),
        ("n_issued", "1.00", "Hãy nhập một số nguyên."),
        ("n_issued", "٣٠", "Hãy nhập một số nguyên."),
        ("n_issued", "4", "Từ 5 đến 5.000"),
        ("n_issued", "5001", "Từ 5 đến 5.000"),
        ("n_issued", "9" * 30, "Hãy nhập một số nguyên."),
        ("delivery", "pigeon", "Hãy chọn một mục trong danh sách."),
        ("counter", "foreign", "Hãy chọn một mục trong danh sách."),
        ("counter", "\x00", "Hãy chọn một mục trong danh sách."),
    ],
)
def test_a_faulty_form_comes_back_with_what_to_mend(app, manager, rows, field, value, says):
    before = len(all_rows(app, InvitationBatch))
    fields = {"delivery": "slip", "counter": "0", "cell": "0", "n_issued": "40"}
    fields[field] = str(rows.foreign_counter.id) if value == "foreign" else value
    page = manager.send_form(new_address(rows.mine), fields)
    assert page.status_code == 422
    assert says in page.text
    assert len(all_rows(app, InvitationBatch)) == before


def test_a_form_without_the_forgery_token_issues_nothing(app, manager, rows):
    before = len(all_rows(app, InvitationBatch))
    fields = {"delivery": "slip", "counter": "0", "cell": "0", "n_issued": "40"}
    assert manager.post(new_address(rows.mine), data=fields).status_code == 400
    assert manager.post(f"{LIST}/{rows.slips.id}/slips").status_code == 400
    assert len(all_rows(app, InvitationBatch)) == before


def test_foreign_offices_provinces_and_unknown_campaigns_take_no_batch(manager, lead, rows):
    for client, address in (
        (manager, new_address(rows.other)),
        (lead, new_address(rows.province)),
        (lead, new_address(rows.mine, "nosuch")),
        (lead, f"{LIST}/new/{10**20}?campaign=tai-quay"),
    ):
        assert client.get(address).status_code == 404


def test_who_has_several_offices_or_surveys_chooses_first(lead, rows):
    page = lead.get(f"{LIST}/new").text
    assert "xã Hòa" in page
    assert "xã Khác" in page
    found = lead.get(f"{LIST}/new?q=hoa&campaign=nam").text
    assert f"/staff/invitations/new/{rows.mine.id}?campaign=nam" in found
    assert "xã Khác" not in found
    assert "Không tìm thấy “zzz”" in lead.get(f"{LIST}/new?q=zzz").text


def test_who_has_one_office_and_one_survey_goes_straight_to_the_form(app, manager, rows):
    with app.extensions["database"].transaction() as session:
        drawn = session.scalars(select(Campaign).where(Campaign.code == "nam")).one()
        drawn.closes_on = DAY - timedelta(days=1)
    assert manager.get(f"{LIST}/new").location == new_address(rows.mine)


def test_without_an_open_survey_there_is_nothing_to_invite_to(staff_client):
    page = staff_client("administrator").get(f"{LIST}/new")
    assert page.status_code == 200
    assert "chưa thể phát hành phiếu mời" in page.text
