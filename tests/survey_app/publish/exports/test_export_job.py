"""The job, from what was asked to the file and what is said beside it."""

import csv
import io
from dataclasses import fields
from datetime import date, timedelta

import pytest
from pyarrow import parquet
from python_calamine import load_workbook
from sqlalchemy import select

from survey_app.cli.jobs import Worker
from survey_app.models.audit import AuditLine
from survey_app.models.campaign import Campaign
from survey_app.models.job import CLAIM, Job, Work, claim
from survey_app.models.office import Office
from survey_app.models.response import Response
from survey_app.publish.exports import csv_file, export_job, rows
from survey_app.publish.exports.ask import ask_for_export
from survey_app.publish.exports.choice import Choice
from survey_app.publish.exports.export_job import Contradiction
from survey_app.publish.exports.rows import Outcome
from survey_app.publish.releasing.release import release_due
from tests import factories
from tests.factories import DAY, MOMENT
from tests.survey_app.publish.exports.arrivals import SETTLED, come, point_of, release

ALL_CLASSES = ["A", "B", "C", "D"]


@pytest.fixture
def ask(database, campaign, office):
    """Give `ask(...)`: an export asked for by somebody whose right reaches all offices."""

    def asked(office_ids=None, **given):
        values = {
            "campaign_id": campaign.id,
            "office_ids": office_ids or [office.id],
            "provenances": ALL_CLASSES,
            "first": None,
            "last": None,
            "file_format": "csv",
            "answers": "codes",
            "language": "vi",
            "with_respondents": True,
        }
        with database.transaction() as session:
            staff = factories.staff(session, role="analyst")
            return ask_for_export(session, Choice(**values | given), staff.id, MOMENT)

    return asked


@pytest.fixture
def do(database, settings):
    """Give `do(job)`: the path of its file and the outcome on its row."""

    def done(job, report=lambda *_: None):
        name = export_job.run(Work(job.id, job.arguments, database, settings, MOMENT, report))
        with database.reading() as session:
            outcome = session.get_one(Job, job.id).outcome
        return name and settings.files_dir / name, outcome

    return done


def table(path):
    return list(csv.DictReader(io.StringIO(path.read_bytes().decode("utf-8-sig"), newline="")))


def outcome_of(**counts):
    """Give what an export says of itself, less the classes of its rows."""
    named = [one.name for one in fields(Outcome) if one.name != "n_by_class"]
    return {name: counts.get(name, 0) for name in named}


def counts_in(outcome):
    assert sum(outcome["n_by_class"].values()) == outcome["n_rows"]
    return {name: n for name, n in outcome.items() if name != "n_by_class"}


def test_each_released_response_is_a_row_with_its_place_and_answers(database, ask, do, office, point):
    with database.transaction() as session:
        come(session, point, 4, answers={"q1": "5", "q2": "no_opinion", "sex": "male"})
        come(session, point, 2, answers={"q2": "1"})
        release(session, point)
    path, outcome = do(ask())
    found = table(path)
    assert counts_in(outcome) == outcome_of(n_rows=6, n_read=6)
    assert (
        sorted((row["q1"], row["q2"], row["sex"]) for row in found)
        == [("", "1", "")] * 2 + [("5", "no_opinion", "male")] * 4
    )
    place = {
        "campaign": "quay",
        "office_code": "X1",
        "office_name": office.name,
        "provenance": "C",
        "counter": "Quầy số 1",
        "way_in": "poster",
        "mode": "web",
        "month": "2026-03",
        "day": "2026-03-07",
        "cell": "",
        "weight": "",
    }
    assert {tuple(row[name] for name in place) for row in found} == {tuple(place.values())}
    assert path.stat().st_mode & 0o077 == 0


def test_no_key_no_fingerprint_and_no_comment_is_in_any_file(database, ask, do, point):
    with database.transaction() as session:
        come(session, point, 5)
        factories.comment(session, access_point_id=point.id, day=SETTLED, text="Lời góp ý riêng")
        release(session, point)
        stored = session.scalars(select(Response)).all()
    for file_format in ("csv", "xlsx", "parquet"):
        content = do(ask(file_format=file_format))[0].read_bytes()
        for one in stored:
            assert one.submission_key not in content
            assert one.submission_key.hex().encode() not in content
            assert str(one.fingerprint).encode() not in content
        assert "Lời góp ý riêng".encode() not in content


def test_the_three_kinds_of_file_say_the_same(database, ask, do, point):
    with database.transaction() as session:
        come(session, point, 5, answers={"q1": "4", "sex": "female"})
        come(session, point, 3, day=DAY - timedelta(days=4), answers={"q1": "no_opinion"})
        come(session, point, 3, day=DAY - timedelta(days=5), answers={"q2": "2"})
        release(session, point)
    as_csv = [tuple(row.values()) for row in table(do(ask())[0])]
    sheet = load_workbook(do(ask(file_format="xlsx"))[0]).get_sheet_by_name("Phiếu trả lời").to_python()[1:]
    frame = parquet.read_table(do(ask(file_format="parquet"))[0]).to_pylist()

    def plain(cell):
        is_whole = isinstance(cell, float) and cell.is_integer()
        return "" if cell is None else str(int(cell) if is_whole else cell)

    assert len(as_csv) == 11
    assert [tuple(map(plain, row)) for row in sheet] == as_csv
    assert [tuple(map(plain, row.values())) for row in frame] == as_csv


def test_what_is_not_released_stays_back(database, ask, do, point):
    with database.transaction() as session:
        come(session, point, 5)
        release(session, point)
        come(session, point, 4, day=DAY)
    path, outcome = do(ask())
    assert len(table(path)) == 5
    assert counts_in(outcome) == outcome_of(n_rows=5, n_unreleased=4, n_read=5)


def test_days_of_fewer_than_five_say_their_month_in_no_order_of_days(database, ask, do, point):
    with database.transaction() as session:
        for ago, answer in ((3, "2"), (4, "5"), (5, "1"), (6, "4"), (7, "3")):
            come(session, point, 1, day=DAY - timedelta(days=ago), answers={"q1": answer})
        release(session, point)
    path, outcome = do(ask())
    found = table(path)
    assert counts_in(outcome) == outcome_of(n_rows=5, n_without_day=5, n_read=5)
    assert {(row["counter"], row["month"], row["day"]) for row in found} == {("Quầy số 1", "2026-03", "")}
    assert [row["q1"] for row in found] == ["1", "2", "3", "4", "5"]


def test_fewer_than_five_of_an_office_and_class_stay_back(database, ask, do, office, campaign, point):
    with database.transaction() as session:
        slips = point_of(
            session, office, session.get_one(Campaign, campaign.id), "2", way_in="invitation", provenance="B"
        )
        come(session, point, 5)
        come(session, slips, 4)
        release(session, point)
        release(session, slips)
    path, outcome = do(ask())
    assert {row["provenance"] for row in table(path)} == {"C"}
    assert outcome["n_by_class"]["B"] == 0  # said, rather than left to be found out
    assert counts_in(outcome) == outcome_of(n_rows=5, n_few=4, n_read=5)


def test_days_asked_for_take_no_row_that_may_be_of_another_day(database, ask, do, point):
    with database.transaction() as session:
        come(session, point, 5, day=date(2026, 3, 1))
        come(session, point, 5, day=date(2026, 3, 2))
        for number in range(3, 8):
            come(session, point, 1, day=date(2026, 3, number))
        release(session, point)
    path, outcome = do(ask(first=date(2026, 3, 2), last=date(2026, 3, 30)))
    assert {row["day"] for row in table(path)} == {"2026-03-02"}
    assert counts_in(outcome) == outcome_of(n_rows=5, n_other_days=10, n_read=5)
    path, outcome = do(ask(first=date(2026, 3, 1), last=date(2026, 3, 31)))
    assert [outcome["n_rows"], outcome["n_without_day"]] == [15, 5]


def test_subtracting_two_exports_names_no_day(database, ask, do, point):
    """Five days with one response each: whatever days are asked for, all five come, or none."""
    days = [date(2026, 3, number) for number in range(3, 8)]
    with database.transaction() as session:
        for day in days:
            come(session, point, 1, day=day)
        release(session, point)
    for first in days:
        for last in days:
            path, outcome = do(ask(first=first, last=last))
            assert (path, counts_in(outcome)) == (None, outcome_of(n_other_days=5))


def test_offices_and_classes_not_chosen_stay_out_and_names_give_the_order(
    database, ask, do, office, campaign, point
):
    with database.transaction() as session:
        one = session.get_one(Campaign, campaign.id)
        others = [factories.office(session, name=name, sort_key=name) for name in ("a", "b", "c")]
        points = [point_of(session, other, one) for other in others]
        drawn = point_of(session, office, one, "2", way_in="invitation", provenance="A")
        elsewhere = factories.access_point(session, office_id=office.id)
        for each in (point, *points, drawn, elsewhere):
            come(session, each, 5)
            release(session, each)
    path, _ = do(ask([others[1].id, others[0].id, office.id], provenances=["C"]))
    found = table(path)
    assert [row["office_name"] for row in found[::5]] == [office.name, "a", "b"]
    assert {row["provenance"] for row in found} == {"C"}


def test_many_offices_go_a_part_at_a_time(database, ask, do, campaign, monkeypatch):
    monkeypatch.setattr(rows, "OFFICES_AT_ONCE", 2)
    with database.transaction() as session:
        one = session.get_one(Campaign, campaign.id)
        offices = [factories.office(session) for _ in range(5)]
        for office in offices:
            point = point_of(session, office, one)
            come(session, point, 5)
            release(session, point)
    path, outcome = do(ask([office.id for office in offices]))
    assert [row["office_code"] for row in table(path)[::5]] == [office.code for office in offices]
    assert outcome["n_rows"] == 25


def test_a_drawn_response_carries_its_cell_stratum_and_weight(database, ask, do, campaign, office):
    with database.transaction() as session:
        one = session.get_one(Campaign, campaign.id)
        cell = factories.sample_cell(session, campaign_id=one.id, stratum="=S", psu="P9", weight=2.5)
        point = point_of(session, office, one, way_in="paper", mode="paper", code=None, provenance="A")
        come(session, point, 5, cell_id=cell.id)
        release(session, point)
    found = table(do(ask())[0])
    assert {(row["cell"], row["stratum"], row["psu"], row["weight"]) for row in found} == {
        (str(cell.id), "'=S", "P9", "2.5")
    }


def test_how_many_rows_lack_their_weight_is_counted_and_stands_in_the_dictionary(
    database, ask, do, campaign, office
):
    with database.transaction() as session:
        one = session.get_one(Campaign, campaign.id)
        point = point_of(session, office, one, way_in="paper", mode="paper", code=None, provenance="A")
        for psu, n in (("P1", 5), ("P2", 3), ("P3", 3)):
            cell = factories.sample_cell(session, campaign_id=one.id, stratum="S", psu=psu)
            come(session, point, n, cell_id=cell.id)
        release(session, point)
    path, outcome = do(ask(file_format="xlsx"))
    assert (outcome["n_drawn"], outcome["n_without_weight"]) == (11, 6)
    legend = load_workbook(path).get_sheet_by_name("Các cột").to_python()
    (said,) = [line[2] for line in legend if "quyền số và đơn vị chọn mẫu cấp I, vì" in line[2]]
    assert said.startswith("6 trên 11 phiếu của mẫu trong tệp không ghi")
    assert "không tính lại được chỉ số" in said


def test_nothing_that_may_leave_makes_no_file(ask, do, settings, point):
    path, outcome = do(ask())
    assert (path, counts_in(outcome)) == (None, outcome_of())
    assert list(settings.files_dir.iterdir()) == []


def test_a_fault_half_way_leaves_no_half_a_file(database, ask, do, settings, point, monkeypatch):
    with database.transaction() as session:
        come(session, point, 5)
        release(session, point)
    write = csv_file.write

    def full_disk(*arguments):
        write(*arguments)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(csv_file, "write", full_disk)
    with pytest.raises(OSError, match="No space"):
        do(ask())
    assert list(settings.files_dir.iterdir()) == []


def test_rows_that_contradict_the_tallies_do_not_leave(database, ask, do, settings, point):
    with database.transaction() as session:
        come(session, point, 6)
        release(session, point)
        session.delete(session.scalars(select(Response)).first())
    with pytest.raises(Contradiction):
        do(ask())
    assert list(settings.files_dir.iterdir()) == []


def test_a_job_whose_process_died_is_made_anew_and_whole(database, ask, settings, clock, point):
    with database.transaction() as session:
        come(session, point, 5)
        release(session, point)
    job = ask()
    with database.transaction() as session:
        assert claim(session, clock()).id == job.id
    settings.files_dir.mkdir(parents=True)
    half = settings.files_dir / f"phieu-tra-loi-{job.id}.part"
    half.write_text("half a row of a process that is gone\n" * 1_000)
    clock.moment += CLAIM + timedelta(seconds=1)
    assert Worker(database, settings, clock).step()
    with database.reading() as session:
        done = session.get_one(Job, job.id)
    assert (done.state, done.n_attempts) == ("done", 2)
    assert len(table(settings.files_dir / done.file_name)) == 5
    assert not half.exists()


def test_progress_is_told_now_and_then(database, ask, do, point, monkeypatch):
    monkeypatch.setattr(export_job, "REPORTS_EVERY_SECONDS", 0)
    monkeypatch.setattr(export_job, "ROWS_BETWEEN_LOOKS", 2)
    with database.transaction() as session:
        come(session, point, 5)
        release(session, point)
    told = []
    do(ask(), report=lambda *counts: told.append(counts))
    assert told == [(0, 5), (5, 5), (5, 5)]


def test_who_asks_is_written_down_with_what(database, ask, office):
    job = ask(first=date(2026, 3, 1), provenances=["A", "C"])
    with database.reading() as session:
        line = session.scalars(select(AuditLine)).one()
    assert (line.act, line.staff_id, line.at) == ("responses.export", job.owner_id, MOMENT)
    assert line.what == (
        f"Xuất phiếu trả lời ra CSV (việc số {job.id}): quay, phạm vi 1 đơn vị, loại A, C, từ 01/03/2026, "
        "có câu hỏi về người trả lời"
    )


def test_a_choice_comes_back_from_its_job(ask):
    job = ask(first=date(2026, 3, 1), last=None)
    assert Choice.read(job.arguments).arguments().items() <= job.arguments.items()


def test_former_offices_go_with_the_rest(database, ask, do, campaign):
    with database.transaction() as session:
        ended = factories.office(session, valid_until=DAY - timedelta(days=1), code="CU")
        point = point_of(session, ended, session.get_one(Campaign, campaign.id))
        come(session, point, 5, day=DAY - timedelta(days=3))
        release(session, point)
    assert {row["office_code"] for row in table(do(ask([ended.id]))[0])} == {"CU"}
    with database.reading() as session:
        assert session.get_one(Office, ended.id).valid_until is not None


def test_what_the_release_job_took_in_leaves_and_nothing_else(database, ask, do, point):
    with database.transaction() as session:
        come(session, point, 6, answers={"q1": "4", "q2": "4", "sex": "male"})
        come(
            session, point, 6, day=SETTLED - timedelta(days=40), answers={"q1": "5", "q2": "2", "sex": "male"}
        )
    assert do(ask())[0] is None
    release_due(database, MOMENT, lambda *_: None)
    path, outcome = do(ask())
    assert {row["day"] for row in table(path)} == {"2026-03-07", "2026-01-26"}
    assert counts_in(outcome) == outcome_of(n_rows=12, n_read=12)
    with database.transaction() as session:
        come(session, point, 1)
    path, outcome = do(ask())
    assert (outcome["n_rows"], outcome["n_held"], outcome["n_unreleased"]) == (6, 6, 1)


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_asking_for_several_offices_is_noted_where_whoever_watches_over_all_finds_it(database, ask):
    with database.transaction() as session:
        province = factories.office(session, kind="province").id
        office_ids = [factories.office(session, parent_id=province).id for _ in range(2)]
    ask(office_ids)
    with database.reading() as session:
        assert session.scalars(select(AuditLine.office_id)).all() == [province]
