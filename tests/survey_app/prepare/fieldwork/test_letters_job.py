"""The job that invites a drawn sample and writes its letters."""

import csv
import io

import pypdfium2
import pytest
import zxingcpp
from sqlalchemy import func, select, update

from survey_app.jobs.files import remove_old_files
from survey_app.models.access_point import AccessPoint
from survey_app.models.audit import AuditLine
from survey_app.models.invitation import InvitationBatch
from survey_app.models.invitation_token import InvitationToken
from survey_app.models.office import Office
from survey_app.prepare.fieldwork import letter_files
from tests import factories
from tests.survey_app.prepare.fieldwork.conftest import WITHOUT_CONTACT

on_sqlite = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
SIXTEEN = [n for n in range(1, 17) if f"H{n}" != WITHOUT_CONTACT]


def rows(content):
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))


def texts(pdf):
    document = pypdfium2.PdfDocument(pdf)
    try:
        return [" ".join(page.get_textpage().get_text_range().split()) for page in document]
    finally:
        document.close()


def batches(database):
    with database.reading() as session:
        found = select(InvitationBatch.cell_id, InvitationBatch.n_issued, AccessPoint.office_id)
        joined = found.join(AccessPoint, AccessPoint.id == InvitationBatch.access_point_id)
        return sorted(map(tuple, session.execute(joined)))


def test_each_cell_is_one_batch_however_often_it_is_run(fieldwork):
    outcome, files = fieldwork.run()
    first = batches(fieldwork.database)
    assert [n for _cell, n, _office in first] == [5, 6, 5]
    assert outcome["n_batches"] == 3
    assert outcome["n_issued"] == 16
    assert outcome["n_letters"] == 15
    assert outcome["n_unreached"] == 1
    again, others = fieldwork.run()
    assert again["n_batches"] == 0
    assert batches(fieldwork.database) == first
    assert others["danh-sach.csv"] == files["danh-sach.csv"]  # the same tokens
    with fieldwork.database.reading() as session:
        assert session.scalar(select(func.count()).where(AuditLine.act == "invitations.issue")) == 1


@on_sqlite
def test_list_is_in_mail_merge_order_and_runs_no_formula(fieldwork):
    _outcome, files = fieldwork.run()
    listed = rows(files["danh-sach.csv"])
    assert [int(row["so_thu"]) for row in listed] == SIXTEEN
    assert listed[0]["ho_ten"] == "'=Nguyễn Thị H1"
    assert listed[0]["dien_thoai"] == "84912000001"
    assert listed[-1]["don_vi"] == "Trung tâm xã Bình"
    (unreached,) = rows(files["khong-co-lien-he.csv"])
    assert (unreached["so_thu"], unreached["ma_ho_so"]) == ("3", WITHOUT_CONTACT)
    token = listed[0]["lien_ket"].rpartition("/")[2]
    assert InvitationToken.read(token, fieldwork.settings.secrets).serial == 0


@on_sqlite
def test_letters_are_pages_in_files_of_so_many(fieldwork, monkeypatch):
    monkeypatch.setattr(letter_files, "LETTERS_A_FILE", 10)
    _outcome, files = fieldwork.run()
    assert [len(texts(files[name])) for name in ("thu-01.pdf", "thu-02.pdf")] == [10, 5]
    page = texts(files["thu-02.pdf"])[0]
    for words in ("thư số 12", "=Nguyễn Thị H12", "Số H12, thôn Đông", "xã Bình", "30/04/2026", "30/05/2026"):
        assert words in page
    assert fieldwork.reports == [(0, 15), (10, 15), (15, 15)]
    document = pypdfium2.PdfDocument(files["thu-02.pdf"])
    (code,) = zxingcpp.read_barcodes(document[0].render(scale=2).to_pil())
    document.close()
    (row,) = [row for row in rows(files["danh-sach.csv"]) if row["so_thu"] == "12"]
    assert code.text == row["lien_ket"].upper()


@on_sqlite
def test_killed_run_keeps_what_is_finished_and_whom_it_goes_to(fieldwork, monkeypatch):
    monkeypatch.setattr(letter_files, "LETTERS_A_FILE", 10)
    render, made = letter_files.render_letters, []

    def dying(letters, sender):
        made.append(len(letters))
        if len(made) == 2:
            raise KeyboardInterrupt
        return render(letters, sender)

    monkeypatch.setattr(letter_files, "render_letters", dying)
    with fieldwork.database.transaction() as session:
        job_id = factories.job(session, name="letters").id
    with pytest.raises(KeyboardInterrupt):
        fieldwork.run(job_id, which="unanswered")
    fieldwork.spend(12)  # meanwhile
    _outcome, files = fieldwork.run(job_id, which="unanswered")
    assert made == [10, 5, 5]
    assert len(rows(files["danh-sach.csv"])) == 15
    assert list(fieldwork.settings.files_dir.glob("*.parts")) == []


@on_sqlite
def test_reminder_goes_to_who_is_silent_with_the_same_code(fieldwork):
    _outcome, first = fieldwork.run()
    fieldwork.spend(1, 12)
    fieldwork.note("2.1", 2)
    _outcome, files = fieldwork.run(which="unanswered")
    listed = rows(files["danh-sach.csv"])
    assert [int(row["so_thu"]) for row in listed] == [n for n in SIXTEEN if n not in {1, 2, 12}]
    codes = {row["so_thu"]: row["ma"] for row in rows(first["danh-sach.csv"])}
    assert all(row["ma"] == codes[row["so_thu"]] for row in listed)
    assert "Thư nhắc" in texts(files["thu-01.pdf"])[0]


@on_sqlite
def test_messages_are_a_list_alone(fieldwork):
    outcome, files = fieldwork.run(delivery="message")
    assert sorted(files) == ["danh-sach.csv", "khong-co-lien-he.csv"]
    assert outcome["n_letters"] == 15
    assert rows(fieldwork.run(delivery="letter")[1]["danh-sach.csv"]) == []  # nobody gets both


@on_sqlite
def test_office_that_has_ended_is_left_out_and_named(fieldwork):
    with fieldwork.database.transaction() as session:
        session.get_one(Office, fieldwork.offices[1]).valid_until = factories.DAY.replace(day=1)
    outcome, _files = fieldwork.run()
    assert outcome["left_out"] == [["Trung tâm xã Bình", ["OFFICE_NOT_THERE"]]]
    assert outcome["n_issued"] == 11


def test_office_whose_invitations_are_paused_is_left_out_and_named_until_they_work_again(fieldwork):
    at_rest = [["Trung tâm xã Bình", ["AT_REST"]]]

    def rest(day, way_in):
        with fieldwork.database.transaction() as session:
            of_office = (AccessPoint.office_id == fieldwork.offices[1], AccessPoint.way_in == way_in)
            session.execute(update(AccessPoint).where(*of_office).values(paused_on=day))

    def letters(which):
        outcome, files = fieldwork.run(which=which)
        return outcome["left_out"], [int(row["so_thu"]) for row in rows(files["danh-sach.csv"])]

    with fieldwork.database.transaction() as session:
        for office_id, paused_on in zip(fieldwork.offices, (None, factories.DAY), strict=True):
            place = {"campaign_id": fieldwork.campaign_id, "office_id": office_id}
            factories.access_point(session, **place, paused_on=paused_on)
    first = [number for number in SIXTEEN if number < 12]
    assert letters("all") == (at_rest, first)
    rest(None, "poster")
    assert letters("all") == ([], SIXTEEN)
    rest(factories.DAY, "invitation")
    assert letters("unanswered") == (at_rest, first)
    assert letters("all") == (at_rest, first)
    rest(None, "invitation")
    assert letters("unanswered") == ([], SIXTEEN)


@on_sqlite
def test_what_a_run_that_never_ended_left_goes_in_time(fieldwork, monkeypatch):
    folder = fieldwork.settings.files_dir / "thu-moi-9.parts"
    folder.mkdir(parents=True)
    (folder / "thu-01.pdf").touch()
    with fieldwork.database.reading() as session:
        remove_old_files(session, fieldwork.settings.files_dir, factories.DAY.replace(year=2020))
        assert folder.exists()
        remove_old_files(session, fieldwork.settings.files_dir, factories.DAY.replace(year=2099))
    assert not folder.exists()
