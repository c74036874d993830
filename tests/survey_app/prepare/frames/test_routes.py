"""A list on its way through the pages: sent, mapped, looked at by the job, accepted, its contacts deleted."""

import os
import re
from datetime import date
from io import BytesIO

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from survey_app.cli.jobs import Worker
from survey_app.models.audit import AuditLine
from survey_app.models.frame import ColumnMapping, Frame, FrameOffice, contacts_path, frame_path
from survey_app.models.job import Job
from survey_app.models.office import Office
from survey_app.models.plan_document import PlanDocument, Population
from survey_app.prepare.frames.canonical import hash_of_file
from survey_app.prepare.frames.expire import remove_files_of_nobody
from survey_app.prepare.frames.looks import accept as acceptance
from survey_app.prepare.tables.sheet import read_sheet
from tests import factories
from tests.survey_app.prepare.frames.conftest import HEADER, line, table
from tests.survey_app.prepare.tables.hostile import workbook

on_sqlite = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
PERSON = {"name": "Lê Thị Kín", "address": "Số 9 ngõ Vắng", "phone": "0987654321"}


def stop_here(*_given):
    raise KeyboardInterrupt


class Walk:
    """Somebody with the right, at the pages of one campaign's frame."""

    def __init__(self, app, client, campaign_id):
        self.app, self.client = app, client
        self.base = f"/staff/campaigns/{campaign_id}/frame"
        self.database = app.extensions["database"]
        self.settings = app.extensions["settings"]

    def post(self, path, **data):
        page = self.client.get(data.pop("from_", self.base))
        token = re.search(r'name="csrf_token" value="([^"]+)"', page.text)[1]
        return self.client.post(path, data=data | {"csrf_token": token})

    def send(self, content, name="ho-so.csv"):
        return self.post(f"{self.base}/file", file=(BytesIO(content.encode()), name))

    def map_columns(self, address, **changes):
        page = self.client.get(address)
        selects = re.findall(r'<select id="(\w+)".*?</select>', page.text, re.DOTALL)
        chosen = {
            column: re.search(rf'<select id="{column}".*?</select>', page.text, re.DOTALL)[0]
            for column in selects
        }
        fields = {
            column: found[1] if (found := re.search(r'value="(\d+)" selected', text)) else ""
            for column, text in chosen.items()
        }
        last_day = re.search(r'name="last_day" value="([^"]*)"', page.text)[1]
        return self.post(address, from_=address, **({"last_day": last_day} | fields | changes))

    def do_jobs(self):
        worker = Worker(self.database, self.settings, self.app.extensions["clock"])
        while worker.step():
            pass

    def looked(self, content):
        """Go as far as the look; give its address."""
        address = self.send(content).location
        look = self.map_columns(address).location
        self.do_jobs()
        return look

    def accept(self, look):
        page = self.client.get(look)
        tick = re.search(r'name="accepted" value="(\w+)"', page.text)
        return self.post(f"{look}/accept", from_=look, **({"accepted": tick[1]} if tick else {}))


@pytest.fixture
def walk(app, staff_client):
    with app.extensions["database"].transaction() as session:
        top = factories.office(session, code="T", kind="province", name="Tỉnh Mẫu")
        for number in (1, 2):
            factories.office(
                session,
                code=f"XA-{number}",
                name=f"Trung tâm xã Mẫu {number}",
                parent_id=top.id,
                valid_from=date(2020, 1, 1),
            )
        campaign = factories.campaign(
            session, kind="annual", opens_on=date(2026, 3, 1), closes_on=date(2026, 4, 30)
        )
    return Walk(app, staff_client("campaign_lead"), campaign.id)


def test_list_becomes_the_frame_in_two_steps(walk):
    look = walk.looked(
        table(line(**PERSON), line(unit="H2", receives="XA-77"), line(unit="H3", decides="XA-2"))
    )
    page = walk.client.get(look)
    assert "2 hồ sơ dùng được, 1 dòng có lỗi" in page.text
    assert "XA-77" in page.text
    with walk.database.reading() as session:
        assert session.scalar(select(Frame)) is None
    faults = walk.client.get(f"{look}/faults.csv")
    assert "Không có đơn vị này trong hệ thống (XA-77)" in faults.text
    assert walk.accept(look).status_code == 303
    page = walk.client.get(walk.base)
    assert "Đang dùng: 2 hồ sơ của 2 đơn vị" in page.text
    with walk.database.reading() as session:
        frame = session.scalars(select(Frame)).one()
        line_of_audit = session.scalars(select(AuditLine).where(AuditLine.act == "frames.import")).one()
        offices = session.execute(
            select(Office.code, FrameOffice.n_received, FrameOffice.n_decided).join(
                FrameOffice, FrameOffice.office_id == Office.id
            )
        ).all()
        job = session.scalars(select(Job).where(Job.name == "frame")).one()
        rows = [str(vars(one)) for one in (frame, job, *session.scalars(select(ColumnMapping)))]
    assert sorted(map(tuple, offices)) == [("XA-1", 2, 1), ("XA-2", 0, 1)]
    assert frame.frame_hash[:12] in line_of_audit.what
    assert (frame.n_rows, frame.n_refused, frame.contacts_expire_on) == (3, 1, date(2026, 5, 30))
    data_dir = walk.settings.data_dir
    assert frame_path(data_dir, frame.frame_hash).stat().st_mode & 0o777 == 0o600
    assert contacts_path(data_dir, frame.ticket).stat().st_mode & 0o777 == 0o600
    assert list((data_dir / "frames" / "looks").iterdir()) == [], "what was sent holds names and addresses"
    assert not any(word in row for word in PERSON.values() for row in rows)
    assert walk.accept(look).status_code in {303, 410}, "sent twice it makes no second frame"
    with walk.database.reading() as session:
        assert len(session.scalars(select(Frame)).all()) == 1


@on_sqlite
def test_nothing_is_accepted_unseen(walk):
    look = walk.looked(table(line(), line(unit="")))
    assert walk.post(f"{look}/accept", from_=look).status_code == 409
    assert walk.post(f"{look}/accept", from_=look, accepted="0" * 16).status_code == 409
    with walk.database.reading() as session:
        assert session.scalar(select(Frame)) is None


@on_sqlite
def test_plan_that_changed_meanwhile_asks_for_another_look(walk):
    look = walk.looked(table(line()))
    plan = PlanDocument(population=Population(settled_from=date(2026, 1, 1), settled_until=date(2026, 2, 1)))
    with walk.database.transaction() as session:
        campaign_id = int(walk.base.split("/")[3])
        factories.campaign_plan(session, campaign_id=campaign_id, document_json=plan.to_json())
    answer = walk.accept(look)
    assert answer.status_code == 409
    assert "Kế hoạch đã đổi" in answer.text


@on_sqlite
def test_mapping_is_corrected_and_remembered(walk):
    text = "Số giấy,Chỗ nhận,Xong\nH1,XA-1,2025-11-10\n"
    address = walk.send(text).location
    answer = walk.map_columns(address)
    assert answer.status_code == 422
    assert "“Mã hồ sơ” là bắt buộc" in answer.text
    assert walk.map_columns(address, unit="0", receives="0", settled_on="2").status_code == 422
    assert walk.map_columns(address, unit="0", receives="1", settled_on="9").status_code == 422
    assert walk.map_columns(address, unit="0", receives="1", settled_on="2").status_code == 303
    again = walk.send(text).location
    page = walk.client.get(again)
    assert "Đã từng nạp danh sách có tiêu đề như vậy" in page.text
    assert walk.map_columns(again).status_code == 303


@on_sqlite
@pytest.mark.parametrize("day", ["", "31/02/2026", "2026-03-09", "2027-03-20"])
def test_last_day_of_contacts_is_within_a_year(walk, day):
    address = walk.send(table(line(**PERSON))).location
    assert walk.map_columns(address, last_day=day).status_code == 422


def test_contacts_go_on_their_day_by_themselves(walk, clock):
    walk.accept(walk.looked(table(line(**PERSON))))
    sent = walk.send(table(line(**PERSON)))
    clock.advance(days=81)  # the last day itself
    with walk.database.transaction() as session:
        campaign_id = session.scalars(select(Frame.campaign_id)).one()
        walk.settings.files_dir.mkdir(exist_ok=True)
        for number in (0, 1):  # the letters of this campaign, and those of another
            made = {"name": "letters", "state": "done", "file_name": f"thu-moi-{number}.zip"}
            given = {"campaign_id": campaign_id + number}
            factories.job(session, arguments=given, finished_at=clock(), **made)
            (walk.settings.files_dir / made["file_name"]).touch()
    walk.do_jobs()
    with walk.database.reading() as session:
        frame = session.scalars(select(Frame)).one()
    path = contacts_path(walk.settings.data_dir, frame.ticket)
    assert frame.has_contacts
    assert path.exists()
    assert (walk.settings.files_dir / "thu-moi-0.zip").exists()
    clock.advance(days=1)
    walk.do_jobs()
    with walk.database.reading() as session:
        frame = session.scalars(select(Frame)).one()
        acts = session.scalars(select(AuditLine.act)).all()
    assert not frame.has_contacts
    assert not path.exists()
    assert [one.name for one in walk.settings.files_dir.glob("thu-moi-*")] == ["thu-moi-1.zip"]
    assert "frames.contacts_deleted" in acts
    assert sent.status_code == 303


def test_row_of_a_frame_stays_as_it_was_written_but_for_the_end_of_its_contacts(database):
    with database.transaction() as session:
        frame = factories.frame(session, contacts_expire_on=date(2026, 5, 30))
        factories.frame_office(session, frame_id=frame.id)
    for change in (
        "UPDATE frame SET found = '{}'",
        "UPDATE frame SET contacts_expire_on = '2027-01-01'",
        "UPDATE frame SET n_units = 9, contacts_deleted_at = '2026-05-31 00:00:00+00:00'",
        "UPDATE frame_office SET n_received = 11",
        "DELETE FROM frame_office",
        "DELETE FROM frame",
    ):
        with pytest.raises(DBAPIError, match="a frame cannot be changed"), database.transaction() as session:
            session.execute(text(change))
    with database.transaction() as session:
        session.get_one(Frame, frame.id).contacts_deleted_at = factories.MOMENT
    with pytest.raises(DBAPIError, match="a frame"), database.transaction() as session:
        session.execute(text("UPDATE frame SET contacts_deleted_at = NULL"))


@on_sqlite
def test_files_without_a_row_are_in_nobodys_way_and_their_contacts_go(walk, monkeypatch):
    look = walk.looked(table(line(**PERSON)))
    with monkeypatch.context() as killed:
        killed.setattr(acceptance.audit, "note_over", stop_here)  # the files lie there, the row does not
        with pytest.raises(KeyboardInterrupt):
            walk.accept(look)
    folder = walk.settings.data_dir / "frames"
    (left,) = folder.glob("*.contacts")
    walk.accept(walk.looked(table(line())))  # another frame, without contacts, has the number now
    os.utime(left, (0, 0))
    with walk.database.reading() as session:
        remove_files_of_nobody(session, walk.settings.data_dir)
    assert not left.exists()
    assert walk.accept(look).status_code == 303, "what the look made is there as before"
    with walk.database.reading() as session:
        frame = session.scalars(select(Frame).order_by(Frame.id.desc())).first()
    assert contacts_path(walk.settings.data_dir, frame.ticket) == left
    assert left.exists()
    assert hash_of_file(frame_path(walk.settings.data_dir, frame.frame_hash)) == frame.frame_hash
    assert list(folder.glob("*.new")) == []


@on_sqlite
def test_frame_stays_once_units_of_it_are_invited(walk):
    walk.accept(walk.looked(table(line())))
    look = walk.looked(table(line(), line(unit="H2")))
    with walk.database.transaction() as session:
        frame = session.scalars(select(Frame)).one()
        factories.draw(session, campaign_id=frame.campaign_id, frame_id=frame.id)
    assert "Gửi danh sách mới" in walk.client.get(walk.base).text, "a draw alone can be made again"
    with walk.database.transaction() as session:
        point = factories.access_point(session, campaign_id=frame.campaign_id, way_in="invitation")
        factories.invitation_batch(session, access_point_id=point.id)
    answer = walk.accept(look)
    assert answer.status_code == 409
    assert "đã phát hành phiếu mời" in answer.text
    page = walk.client.get(walk.base).text
    assert "đã phát hành phiếu mời" in page
    assert "Gửi danh sách mới" not in page


@on_sqlite
def test_contacts_are_deleted_before_their_day(walk):
    walk.accept(walk.looked(table(line(**PERSON))))
    with walk.database.reading() as session:
        frame = session.scalars(select(Frame)).one()
    address = f"{walk.base}/{frame.id}/contacts"
    assert "của 1 hồ sơ bị xóa hẳn" in walk.client.get(address).text
    assert walk.post(address, from_=address).status_code == 303
    assert not contacts_path(walk.settings.data_dir, frame.ticket).exists()
    assert "đã xóa" in walk.client.get(walk.base).text
    assert frame_path(walk.settings.data_dir, frame.frame_hash).is_file()


@on_sqlite
def test_file_that_is_no_list_is_told_by_the_job_or_the_page(walk):
    assert walk.send("").status_code == 422
    answer = walk.send("<html>", "ho-so.csv")
    assert answer.status_code == 422
    assert "trang web" in answer.text
    look = walk.looked(HEADER + "\n" + "x" * 30 + "\n")
    assert "Không dòng nào" in walk.client.get(look).text


@on_sqlite
def test_large_file_is_taken_where_it_lies_and_goes_when_accepted(walk):
    folder = walk.settings.data_dir / "incoming"
    folder.mkdir()
    (folder / "lon.csv").write_text(table(line(**PERSON)), "utf-8")
    (folder / "khac.exe").write_text("x")
    (folder / "lien-ket.csv").symlink_to("/etc/passwd")
    (folder / os.fsdecode(b"la-\xff.csv")).write_text("x")  # no page can say this name
    (folder / "hai\ndong.csv").write_text("x")
    page = walk.client.get(walk.base)
    assert "lon.csv" in page.text
    assert "khac.exe" not in page.text
    assert "lien-ket.csv" not in page.text
    assert "dong.csv" not in page.text
    for name in ("../survey.sqlite", "lien-ket.csv", "/etc/passwd", ""):
        assert walk.post(f"{walk.base}/incoming", name=name).status_code == 422
    look = walk.map_columns(walk.post(f"{walk.base}/incoming", name="lon.csv").location).location
    walk.do_jobs()
    assert "incoming" in walk.client.get(look).text
    assert walk.accept(look).status_code == 303
    assert not (folder / "lon.csv").exists()


@on_sqlite
def test_large_sheet_goes_itself_and_not_only_its_text(walk):
    folder = walk.settings.data_dir / "incoming"
    folder.mkdir()
    rows = [text.split(",") for text in (HEADER, line(**PERSON))]
    (folder / "lon.xlsx").write_bytes(workbook(rows))
    look = walk.map_columns(walk.post(f"{walk.base}/incoming", name="lon.xlsx").location).location
    walk.do_jobs()
    assert walk.accept(look).status_code == 303
    assert list(folder.iterdir()) == []


@on_sqlite
@pytest.mark.parametrize("content", [line(receives="XA-77"), "x" * 9_000_000], ids=["nothing", "no table"])
def test_look_without_a_sound_dossier_cannot_be_accepted(walk, content):
    folder = walk.settings.data_dir / "incoming"
    folder.mkdir()
    (folder / "lon.csv").write_text(table(content), "utf-8")
    look = walk.map_columns(walk.post(f"{walk.base}/incoming", name="lon.csv").location).location
    walk.do_jobs()
    assert walk.accept(look).status_code == 410
    with walk.database.reading() as session:
        assert session.scalar(select(Frame)) is None


@on_sqlite
def test_look_that_is_cancelled_leaves_nothing(walk):
    look = walk.looked(table(line(**PERSON)))
    assert walk.post(f"{look}/cancel", from_=look).status_code == 303
    assert list((walk.settings.data_dir / "frames" / "looks").iterdir()) == []
    assert "không còn" in walk.client.get(look).text


@on_sqlite
def test_what_nobody_came_back_for_goes_after_a_day(walk, clock, monkeypatch):
    from survey_app.prepare.frames import uploads

    walk.send(table(line(**PERSON)))
    monkeypatch.setattr(uploads, "LIVES_SECONDS", -1)
    clock.advance(days=1)
    walk.do_jobs()
    assert list((walk.settings.data_dir / "frames" / "looks").iterdir()) == []


@on_sqlite
def test_others_see_no_frame_and_no_look(walk, staff_client, app):
    look = walk.looked(table(line()))
    assert staff_client("campaign_lead").get(look).status_code == 404
    walk.accept(look)
    with walk.database.transaction() as session:
        elsewhere = factories.office(session, code="T2", kind="province")
        continuous = factories.campaign(session)
    stranger = staff_client("campaign_lead", elsewhere.id)
    other = f"/staff/campaigns/{continuous.id}/frame"
    assert staff_client("office_manager").get(walk.base).status_code == 404
    assert stranger.get(f"{walk.base}/1/faults.csv").status_code == 404
    assert stranger.get(f"{walk.base}/1/contacts").status_code == 404
    assert walk.client.get(other).status_code == 404
    assert walk.client.get(f"{walk.base}?frame=99").status_code == 404


@on_sqlite
def test_template_comes_with_explanations_and_codes(walk):
    csv_file = walk.client.get(f"{walk.base}/template.csv").text
    assert csv_file.lstrip("\ufeff").startswith('"Mã hồ sơ","Mã đơn vị tiếp nhận"')
    sheet = walk.client.get(f"{walk.base}/template.xlsx").data
    assert read_sheet(sheet)[0][:2] == ["Mã hồ sơ", "Mã đơn vị tiếp nhận"]
    look = walk.looked(csv_file + "H1,XA-1,,,,,,2025-11-10,,,,,,,\n")
    assert walk.accept(look).status_code == 303


@on_sqlite
def test_units_by_office_are_found_and_ordered(walk):
    lines = [line(unit=f"H{n}", receives="XA-2" if n else "XA-1") for n in range(3)]
    walk.accept(walk.looked(table(*lines)))
    names = re.findall(r"Trung tâm xã Mẫu \d", walk.client.get(f"{walk.base}?order=received").text)
    assert names == ["Trung tâm xã Mẫu 2", "Trung tâm xã Mẫu 1"]
    found = walk.client.get(f"{walk.base}?q=mau+2").text
    assert "Trung tâm xã Mẫu 2" in found
    assert "Trung tâm xã Mẫu 1" not in found


def test_newest_frame_is_in_force_and_older_ones_stay(walk, clock):
    walk.accept(walk.looked(table(line())))
    clock.advance(hours=1)
    walk.accept(walk.looked(table(line(), line(unit="H2"))))
    page = walk.client.get(walk.base)
    assert "Đang dùng: 2 hồ sơ" in page.text
    older = re.search(r'href="([^"]*frame=\d+[^"]*)"', page.text)[1]
    assert "Dàn chọn mẫu cũ" in walk.client.get(older).text


@on_sqlite
def test_two_looks_at_one_list_take_each_its_own_files(walk):
    """Somebody maps columns, sees what comes out, maps them otherwise, and accepts the first after all."""
    address = walk.send("A,B,C,D\nH1,XA-1,2025-11-10,Thôn Đông\nH2,XA-1,2025-11-10,Lê Thị Kín\n").location
    ours = {"unit": "0", "receives": "1", "settled_on": "2"}
    first = walk.map_columns(address, **ours).location
    second = walk.map_columns(address, **ours, cluster="3").location
    walk.do_jobs()
    assert walk.accept(first).status_code == 303
    with walk.database.reading() as session:
        frame = session.scalars(select(Frame)).one()
    path = frame_path(walk.settings.data_dir, frame.frame_hash)
    assert hash_of_file(path) == frame.frame_hash
    assert "Kín".encode() not in path.read_bytes()
    assert walk.accept(second).status_code == 410


@on_sqlite
@pytest.mark.parametrize("lost", ["contacts", "faults.csv", "*.parquet"])
def test_look_that_lost_a_file_becomes_no_frame(walk, lost):
    look = walk.looked(table(line(**PERSON)))
    folder = walk.settings.data_dir / "frames"
    (path,) = folder.glob(f"looks/*/*/{lost}")
    path.unlink()
    answer = walk.accept(look)
    assert answer.status_code == 410
    assert "không còn ở đây" in answer.text
    assert not any(path.is_file() for path in folder.iterdir()), "nothing was moved"


@on_sqlite
def test_file_of_a_frame_is_never_replaced(walk):
    walk.accept(walk.looked(table(line())))
    with walk.database.reading() as session:
        path = frame_path(walk.settings.data_dir, session.scalars(select(Frame)).one().frame_hash)
    number = path.stat().st_ino
    assert walk.accept(walk.looked(table(line()))).status_code == 303, "the same dossiers once more"
    assert path.stat().st_ino == number


@on_sqlite
@pytest.mark.parametrize("change", ["swapped", "rewritten"])
def test_large_file_that_changed_since_its_header_was_read_is_refused(walk, change):
    folder = walk.settings.data_dir / "incoming"
    folder.mkdir()
    path = folder / "lon.csv"
    path.write_text(table(line(name="A")), "utf-8")
    look = walk.map_columns(walk.post(f"{walk.base}/incoming", name="lon.csv").location).location
    was = path.stat()
    text = path.read_text("utf-8")
    if change == "swapped":
        path.rename(folder / "cu.csv")
        path.write_text(text, "utf-8")
    else:  # in place, as long and as old as before: the header tells
        path.write_text(text.replace("Họ và tên,Địa chỉ", "Địa chỉ,Họ và tên"), "utf-8")
    os.utime(path, ns=(was.st_atime_ns, was.st_mtime_ns))
    walk.do_jobs()
    assert "Tệp đã thay đổi" in walk.client.get(look).text
    assert walk.accept(look).status_code == 410


@on_sqlite
def test_file_that_came_after_the_look_stays(walk):
    folder = walk.settings.data_dir / "incoming"
    folder.mkdir()
    (folder / "lon.csv").write_text(table(line()), "utf-8")
    look = walk.map_columns(walk.post(f"{walk.base}/incoming", name="lon.csv").location).location
    walk.do_jobs()
    (folder / "lon.csv").write_text(table(line(), line(unit="H2")), "utf-8")
    assert walk.accept(look).status_code == 303
    assert (folder / "lon.csv").exists()
    assert "được giữ lại" in walk.client.get(walk.base).text
