"""The job process: one job after the other, faults as states, releases without being asked."""

import sys
from datetime import timedelta
from types import ModuleType

import pytest
from sqlalchemy import select, text

from survey_app.cli import jobs
from survey_app.config import VIETNAM_TIME
from survey_app.errors import SurveyError
from survey_app.jobs.bound import bound_to
from survey_app.models.access_point import AccessPoint, AccessPointDay
from survey_app.models.breakdown import WHOLE
from survey_app.models.case import Contact
from survey_app.models.job import CLAIM, MOST_ATTEMPTS, Job, claim, enqueue
from survey_app.models.publication import Figure
from tests import factories

# The estimate of a whole office, not of one of its months or counters.
INDEX = (Figure.measure == "index", Figure.breakdown == WHOLE)


@pytest.fixture
def worker(database, settings, clock):
    return jobs.Worker(database, settings, clock)


@pytest.fixture
def does(monkeypatch):
    """Give `does(function)`: from then on jobs named "made up" call the function."""

    def use(function):
        module = ModuleType("made_up_job")
        module.run = function
        monkeypatch.setitem(sys.modules, "made_up_job", module)
        monkeypatch.setitem(jobs.MODULES, "made up", "made_up_job")

    return use


BOUND = bound_to("codes", [])


def ask(database, clock, owner=True):
    with database.transaction() as session:
        owner_id = factories.staff(session).id if owner else None
        return enqueue(session, "made up", {"n": 3} | BOUND, clock(), owner_id).id


def found(database, job_id):
    with database.reading() as session:
        return session.get(Job, job_id)


def test_a_job_is_done_with_its_arguments_and_its_file_is_named(worker, database, clock, does):
    seen = []

    def run(work):
        work.report(1, 2)
        seen.append((work.arguments, found(database, work.job_id).n_done))
        return "file.pdf"

    does(run)
    job_id = ask(database, clock)
    assert worker.step()
    assert not worker.step()
    job = found(database, job_id)
    assert seen == [({"n": 3} | BOUND, 1)]
    assert (job.state, job.file_name, job.finished_at) == ("done", "file.pdf", clock())


def test_a_job_that_nobody_waits_for_leaves_no_row_that_tells_its_hour(worker, database, clock, does):
    does(lambda _work: None)
    job_id = ask(database, clock, owner=False)
    assert worker.step()
    assert found(database, job_id) is None


@pytest.mark.parametrize(
    ("error", "says"),
    [(SurveyError("point 3: 4 counted, 3 stored"), "point 3"), (ValueError("một lời kín"), "ValueError")],
)
def test_a_fault_ends_as_the_state_of_its_job_and_names_no_data(worker, database, clock, does, error, says):
    def run(_work):
        raise error

    does(run)
    job_id = ask(database, clock)
    assert worker.step()
    job = found(database, job_id)
    assert job.state == "failed"
    assert says in job.error
    assert "một lời kín" not in job.error


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
@pytest.mark.parametrize("lost", ["role", "office", "grant", "account", "binding"])
def test_who_lost_the_right_between_asking_and_making_gets_no_file(worker, database, clock, does, lost):
    ran = []
    does(ran.append)
    with database.transaction() as session:
        office = factories.office(session)
        owner = factories.staff(session, role=None)
        grant = factories.staff_grant(session, staff_id=owner.id, role="operator", office_id=office.id)
        arguments = {} if lost == "binding" else bound_to("codes", [office.id])
        job_id = enqueue(session, "made up", arguments, clock(), owner.id).id
        if lost == "role":
            grant.role = "auditor"
        elif lost == "office":
            grant.office_id = factories.office(session).id
        elif lost == "grant":
            grant.valid_until = factories.DAY - timedelta(days=1)
        elif lost == "account":
            owner.disabled_at = clock()
    assert worker.step()
    job = found(database, job_id)
    assert (ran, job.state, job.error.partition(":")[0]) == ([], "failed", "RightGone")


def test_a_job_that_took_its_process_with_it_three_times_has_failed(worker, database, clock):
    job_id = ask(database, clock)
    for _ in range(MOST_ATTEMPTS):
        with database.transaction() as session:
            assert claim(session, clock()) is not None
        clock.advance(seconds=(CLAIM + timedelta(seconds=1)).total_seconds())
    worker.step()
    job = found(database, job_id)
    assert (job.state, job.finished_at) == ("failed", clock())
    assert "3 times" in job.error
    assert not worker.step()


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_release_that_was_given_up_stands_in_the_way_of_the_next_for_ten_minutes_only(
    worker, database, clock, settled_point
):
    key_in(database, settled_point, 5)
    with database.transaction() as session:
        left = {"state": "running", "claimed_until": clock() - timedelta(seconds=1)}
        factories.job(session, name="release", n_attempts=MOST_ATTEMPTS, **left)
    work_until_idle(worker)
    assert n_published(database) is None
    clock.advance(minutes=11)
    work_until_idle(worker)
    assert n_published(database) == 5


def test_five_responses_are_released_without_anybody_asking(worker, database, clock):
    with database.transaction() as session:
        point = factories.access_point(session)
        for _ in range(5):
            factories.response(session, access_point_id=point.id, answers={"q1": "5", "q2": "4"})
        factories.access_point_day(session, access_point_id=point.id, n_received=5)
    assert worker.step()
    assert not worker.step()
    with database.reading() as session:
        index = session.scalars(select(Figure).where(*INDEX)).one()
        assert (index.n_respondents, index.reason) == (5, "single_psu")
        assert session.scalars(select(Job)).all() == []


@pytest.fixture
def settled_point(database, clock):
    """A campaign that closed a year ago, whose released responses reach its minimum."""
    with database.transaction() as session:
        closed_on = clock().date() - timedelta(days=365)
        campaign = factories.campaign(session, opens_on=closed_on, closes_on=closed_on)
        return factories.access_point(session, campaign_id=campaign.id)


def key_in(database, point, n):
    """Store paper forms as an import does: whole, and counted."""
    with database.transaction() as session:
        for _ in range(n):
            factories.response(session, access_point_id=point.id, answers={"q1": "5", "q2": "4"})
        day = session.get(AccessPointDay, (point.id, factories.DAY))
        if day is None:
            factories.access_point_day(session, access_point_id=point.id, n_received=n)
        else:
            day.n_received += n


def n_published(database):
    with database.reading() as session:
        return session.scalar(select(Figure.n_respondents).where(*INDEX))


def work_until_idle(worker):
    while worker.step():
        pass


def test_settled_campaigns_are_looked_at_at_the_start_and_once_a_day(worker, database, clock, settled_point):
    key_in(database, settled_point, 10)
    work_until_idle(worker)
    assert n_published(database) == 10
    key_in(database, settled_point, 5)  # late paper
    clock.advance(hours=13)  # still the same day in Vietnam
    work_until_idle(worker)
    assert n_published(database) == 10
    clock.advance(hours=2)
    work_until_idle(worker)
    assert n_published(database) == 15
    key_in(database, settled_point, 4)  # too few to come in after the others
    clock.advance(hours=24)
    work_until_idle(worker)
    assert n_published(database) == 15


def test_late_paper_of_a_settled_campaign_comes_along_with_the_release_of_another(
    worker, database, settled_point
):
    work_until_idle(worker)
    key_in(database, settled_point, 10)
    work_until_idle(worker)
    assert n_published(database) is None
    with database.transaction() as session:
        other = factories.access_point(session)
    key_in(database, other, 5)
    work_until_idle(worker)
    with database.reading() as session:
        published = session.scalars(select(Figure.n_respondents).where(*INDEX)).all()
    assert sorted(published) == [5, 10]


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_openings_are_noted_at_the_start_and_on_every_new_day(worker, database, clock):
    def noted():
        with database.reading() as session:
            return session.scalars(select(AccessPoint.opened_until)).one()

    with database.transaction() as session:
        point = factories.access_point(session)
        factories.access_point_day(session, access_point_id=point.id, day=factories.DAY - timedelta(days=1))
    worker.step()
    assert noted() == factories.DAY - timedelta(days=1)
    with database.transaction() as session:
        factories.access_point_day(session, access_point_id=point.id)
    worker.step()
    assert noted() == factories.DAY - timedelta(days=1)
    clock.advance(hours=24)
    worker.step()
    assert noted() == factories.DAY


def test_look_at_settled_campaigns_is_not_over_until_its_release_went_well(
    worker, database, clock, settled_point, monkeypatch
):
    def fails(_work):
        raise OSError("disk is full")

    key_in(database, settled_point, 5)
    with monkeypatch.context() as patched:
        patched.setattr("survey_app.publish.releasing.release.run", fails)
        work_until_idle(worker)
    assert n_published(database) is None
    clock.advance(minutes=11)  # the same day, when the fault has rested
    work_until_idle(worker)
    assert n_published(database) == 5


def test_new_day_forgets_contacts_that_have_outlived_theirs(worker, database, clock):
    today = clock().date()
    with database.transaction() as session:
        for days in (-1, 0, 1):
            factories.contact(session, expires_on=today + timedelta(days=days))

    def days_left():
        worker.step()
        with database.reading() as session:
            return sorted((day - today).days for day in session.scalars(select(Contact.expires_on)))

    assert days_left() == [0, 1]
    clock.advance(hours=13)  # still the same day in Vietnam
    assert days_left() == [0, 1]
    clock.advance(hours=2)
    assert days_left() == [1]


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_order_of_arrival_is_taken_out_once_a_night_and_after_a_fault_again_in_the_same_night(
    worker, clock, monkeypatch, caplog
):
    days = []

    def tidies(_database, today):
        days.append(today)
        if len(days) <= 2:
            raise OSError("disk is full")

    monkeypatch.setattr(jobs, "forget_order", tidies)
    first = clock().date()
    seen = []
    worker.step()  # ten in the morning in Vietnam
    for minutes in (15 * 60, 59, 1, 6, 14, 19, 1, 60, 24 * 60):
        clock.advance(minutes=minutes)
        worker.step()
        seen.append(len(days))
    # 01:00, 01:59, 02:00 (fails), 02:06, 02:20 (fails), 02:39, 02:40, 03:40, and the next night
    assert seen == [0, 0, 1, 1, 2, 2, 3, 3, 4]
    assert days == [first + timedelta(days=n) for n in (1, 1, 1, 2)]
    assert caplog.text.count("the order of arrival stays for now: OSError") == 2


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_faults_of_tidying_are_met_a_few_times_a_night_and_not_by_day(worker, clock, monkeypatch):
    met = []

    def fails(_database, _today):
        met.append(clock())
        raise OSError("disk is full")

    monkeypatch.setattr(jobs, "forget_order", fails)
    for _ in range(24 * 60 // 5):
        clock.advance(minutes=5)
        worker.step()
    assert len(met) == 9
    assert {moment.astimezone(VIETNAM_TIME).hour for moment in met} == set(jobs.TIDIES_AT_HOURS)


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_the_night_leaves_no_number_that_joins_an_answer_to_its_comment(worker, database, clock):
    clock.advance(hours=16)  # two at night
    for _ in range(3):
        with database.transaction() as session:
            point = factories.access_point(session)
            factories.response(session, access_point_id=point.id)
            factories.comment(session, access_point_id=point.id)
    worker.step()
    with database.engine.connect() as fresh:
        usual = fresh.scalar(text("SELECT reset_val FROM pg_settings WHERE name = 'lock_timeout'"))
    with database.reading() as session:
        numbers = session.scalars(
            text("SELECT xmin::text FROM response UNION SELECT xmin::text FROM comment")
        )
        assert len(numbers.all()) == 1
        now_set = session.scalar(text("SELECT setting FROM pg_settings WHERE name = 'lock_timeout'"))
        assert now_set == usual


def test_contacts_are_forgotten_again_when_the_first_try_met_a_fault(worker, database, monkeypatch):
    with database.transaction() as session:
        factories.contact(session, expires_on=factories.DAY - timedelta(days=1))

    def fails(*_arguments):
        raise OSError("disk is away")

    with monkeypatch.context() as patched:
        patched.setattr(jobs, "forget_expired_contacts", fails)
        with pytest.raises(OSError, match="disk is away"):
            worker.step()
    worker.step()
    with database.reading() as session:
        assert session.scalars(select(Contact)).all() == []


@pytest.fixture
def files(settings):
    settings.files_dir.mkdir()
    return settings.files_dir


def file_of_job(database, files, name, finished_at):
    (files / name).write_bytes(b"live tokens")
    with database.transaction() as session:
        state = {"state": "done", "file_name": name, "finished_at": finished_at}
        return factories.job(session, name="invitation_slips", **state).id


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


def test_file_of_a_job_is_deleted_when_its_seven_days_are_over(worker, database, clock, files):
    job_id = file_of_job(database, files, "early.pdf", clock())  # ten in the morning
    file_of_job(database, files, "late.pdf", clock() + timedelta(hours=14))  # the next day in Vietnam
    (files / "of-no-job.pdf").write_bytes(b"left alone")
    clock.advance(days=7, hours=13, minutes=59)
    worker.step()
    assert names_in(files) == ["early.pdf", "late.pdf", "of-no-job.pdf"]
    clock.advance(minutes=1)
    worker.step()
    assert names_in(files) == ["late.pdf", "of-no-job.pdf"]
    assert found(database, job_id).file_name == "early.pdf"
    clock.advance(days=1)
    worker.step()
    assert names_in(files) == ["of-no-job.pdf"]


def test_file_of_a_job_that_is_not_finished_is_left_alone(worker, database, clock, files):
    (files / "half.part").write_bytes(b"%PDF")
    with database.transaction() as session:
        factories.job(session, state="running", claimed_until=clock() + timedelta(days=30))
    clock.advance(days=9)
    worker.step()
    assert names_in(files) == ["half.part"]


def test_file_that_cannot_be_deleted_holds_up_no_job_and_keeps_no_other(
    worker, database, clock, files, does, caplog
):
    seen = []
    does(lambda _work: seen.append("done"))
    ask(database, clock)
    stuck_id = file_of_job(database, files, "stuck.pdf", clock() - timedelta(days=9))
    (files / "stuck.pdf").unlink()
    (files / "stuck.pdf").mkdir()
    file_of_job(database, files, "old.pdf", clock() - timedelta(days=9))
    assert worker.step()
    assert names_in(files) == ["stuck.pdf"]
    assert seen == ["done"]
    assert f"the file of job {stuck_id} was not deleted" in caplog.text
