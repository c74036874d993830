"""Voiding: what two people agreed on stops counting, whole days at a time, and nothing is erased."""

import secrets
import threading
import time
from contextlib import suppress
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from survey_app.collect.storing import Arrival
from survey_app.collect.writer import Writer
from survey_app.errors import ApprovalRefused
from survey_app.models.access_point import AccessPointDay
from survey_app.models.audit import AuditLine
from survey_app.models.publication import Figure, Publication
from survey_app.models.response import Response
from survey_app.publish.releasing.freeze import publish_wave
from survey_app.publish.releasing.verify import verify
from survey_app.publish.shown.public import count_voided
from survey_app.review.voiding.void import PointDays, check_can_be_voided, count_days, void_responses
from tests import factories
from tests.factories import DAY, MOMENT
from tests.survey_app.publish.counter_feedback import NOT_SATISFIED, SATISFIED, figure_of, receive, release

YESTERDAY = DAY - timedelta(days=1)
N_SENDERS = 16


@pytest.fixture
def session(database):
    with database.transaction() as session:
        yield session


def approved(session, *points, first_day=YESTERDAY, last_day=DAY):
    chosen = PointDays(tuple(point.id for point in points), first_day, last_day)
    return factories.approval(
        session,
        kind="void_responses",
        campaign_id=points[0].campaign_id,
        office_id=points[0].office_id,
        arguments=chosen.arguments(),
        decision="approved",
        decided_by=factories.staff(session).id,
        decided_at=MOMENT,
        reason="Một người gửi 40 phiếu",
    )


def void(session, approval):
    return void_responses(session, approval, approval.decided_by, MOMENT, DAY)


def voided(session, point, day=DAY):
    return session.get_one(AccessPointDay, (point.id, day), populate_existing=True).n_voided


def test_only_the_chosen_points_and_days_are_voided(session):
    point = factories.access_point(session)
    beside = factories.access_point(session, campaign_id=point.campaign_id, office_id=point.office_id)
    for one, day, n in ((point, DAY, 3), (point, YESTERDAY, 2), (beside, DAY, 4)):
        receive(session, one, n, day=day)
    receive(session, point, 5, day=DAY - timedelta(days=2))
    approval = approved(session, point)
    assert void(session, approval) == 5
    assert (voided(session, point), voided(session, point, YESTERDAY)) == (3, 2)
    assert (voided(session, beside), voided(session, point, DAY - timedelta(days=2))) == (0, 0)
    marked = session.scalars(select(Response).where(Response.approval_id == approval.id)).all()
    assert {(row.access_point_id, row.day) for row in marked} == {(point.id, DAY), (point.id, YESTERDAY)}
    assert session.scalar(select(func.count()).select_from(Response)) == 14
    (line,) = session.scalars(select(AuditLine)).all()
    assert (line.act, line.office_id) == ("responses.void", point.office_id)
    assert "loại 5 phiếu. Lý do: Một người gửi 40 phiếu" in line.what


def test_what_comes_later_counts_and_a_second_voiding_takes_it_alone(session):
    point = factories.access_point(session)
    receive(session, point, 3)
    first = approved(session, point)
    assert void(session, first) == 3
    with pytest.raises(ApprovalRefused, match="nothing_to_void"):
        void(session, approved(session, point))
    receive(session, point, 2)
    assert void(session, approved(session, point)) == 2
    assert voided(session, point) == 5
    n_of_first = select(func.count()).where(Response.approval_id == first.id)
    assert session.scalar(n_of_first) == 3


def test_figures_follow_at_the_next_release(database):
    with database.transaction() as session:
        campaign = factories.campaign(session)
        office = factories.office(session)
        flooded, honest = (
            factories.access_point(session, campaign_id=campaign.id, office_id=office.id) for _ in range(2)
        )
        receive(session, flooded, 8, NOT_SATISFIED)
        receive(session, flooded, 4, SATISFIED)
        receive(session, honest, 12, SATISFIED)
        receive(session, honest, 2, NOT_SATISFIED, day=YESTERDAY)
        receive(session, honest, 10, SATISFIED, day=YESTERDAY)
    release(database)
    with database.transaction() as session:
        before = figure_of(session, office.id)
        assert before.n_respondents == 36
        void(session, approved(session, flooded))
    release(database)
    with database.reading() as session:
        after = figure_of(session, office.id)
        assert after.n_respondents == 24
        assert after.value == pytest.approx((44 + 0) / 48)
        assert count_voided(session, campaign.id, office.id) == 12


def refusal(session, chosen):
    with pytest.raises(ApprovalRefused) as refused:
        check_can_be_voided(session, chosen, DAY)
    return refused.value.reason


def test_days_that_hold_nothing_or_lie_ahead_are_refused(session):
    point = factories.access_point(session)
    receive(session, point, 1)
    tomorrow = DAY + timedelta(days=1)
    assert refusal(session, PointDays((), DAY, DAY)) == "nothing_chosen"
    assert refusal(session, PointDays((point.id,), DAY, YESTERDAY)) == "days_are_swapped"
    assert refusal(session, PointDays((point.id,), DAY, tomorrow)) == "days_out_of_range"
    long_ago = DAY - timedelta(days=366)
    assert refusal(session, PointDays((point.id,), long_ago, DAY)) == "days_out_of_range"
    assert refusal(session, PointDays((point.id,), YESTERDAY, YESTERDAY)) == "nothing_to_void"
    check_can_be_voided(session, PointDays((point.id,), DAY, DAY), DAY)


def test_what_is_published_stays_so_until_a_correction_takes_the_voided_out(database):
    with database.transaction() as session:
        campaign = factories.campaign(session, kind="annual", closes_on=DAY)
        office = factories.office(session)
        forged, honest = (
            factories.access_point(session, campaign_id=campaign.id, office_id=office.id) for _ in range(2)
        )
        receive(session, forged, 6, NOT_SATISFIED)
        receive(session, honest, 12, SATISFIED)
    long_after = MOMENT + timedelta(days=30)
    first = publish_wave(database, campaign.id, long_after)
    with database.transaction() as session:
        assert void(session, approved(session, forged)) == 6
    with database.reading() as session:
        assert verify(session, session.get_one(Publication, first)).difference is None
    second = publish_wave(database, campaign.id, long_after, "Sáu phiếu giả")
    with database.reading() as session:
        index = select(Figure.n_respondents).where(Figure.measure == "index", Figure.breakdown == "")
        found = {one: session.scalar(index.where(Figure.publication_id == one)) for one in (first, second)}
        assert found == {first: 18, second: 12}
        for number in (first, second):
            assert verify(session, session.get_one(Publication, number)).difference is None


def test_days_are_listed_with_what_counts_and_what_no_longer_does(session):
    point = factories.access_point(session)
    receive(session, point, 2, day=YESTERDAY)
    receive(session, point, 3)
    void(session, approved(session, point, first_day=DAY))
    days = count_days(session, PointDays((point.id,), YESTERDAY, DAY))
    assert [(day.day, day.n_live, day.n_voided) for day in days] == [(DAY, 0, 3), (YESTERDAY, 2, 0)]


def test_answers_that_come_meanwhile_are_all_stored_and_every_count_agrees(database):
    """The writer adds to the same days in the order of arrival, voiding in its own: neither may fail."""
    days = [DAY - timedelta(days=n) for n in range(6)]
    with database.transaction() as session:
        campaign = factories.campaign(session)
        points = [factories.access_point(session, campaign_id=campaign.id) for _ in range(4)]
        for point in points:
            for day in days:
                receive(session, point, 1, day=day)
    places = [(point.id, day) for point in points for day in days]
    writer, errors = Writer(database), []
    senders = [
        threading.Thread(target=send_twice, args=(writer, campaign, places[::step], errors))
        for step in (1, -1) * (N_SENDERS // 2)
    ]
    for sender in senders:
        sender.start()
    while any(sender.is_alive() for sender in senders):
        with suppress(ApprovalRefused), database.transaction() as session:  # if nothing came since
            void(session, approved(session, *points, first_day=days[-1]))
        time.sleep(0.05)  # SQLite does not queue: who asks again at once would keep the writer out for ever
    writer.close()
    assert errors == []
    with database.reading() as session:
        assert counted(session) == noted(session)
        assert sum(n for n, _ in counted(session).values()) == len(places) * (1 + 2 * N_SENDERS)


def send_twice(writer, campaign, places, errors):
    try:
        for point_id, day in places * 2:
            key = secrets.token_bytes(16)
            writer.store(Arrival(1, point_id, day, campaign.instrument_version_id, key, b"\x05"))
    except Exception as error:
        errors.append(error)


def counted(session):
    query = select(Response.access_point_id, Response.day, func.count(), func.count(Response.approval_id))
    rows = session.execute(query.group_by(Response.access_point_id, Response.day))
    return {(point_id, day): (n, n_voided) for point_id, day, n, n_voided in rows}


def noted(session):
    days = session.scalars(select(AccessPointDay))
    return {(day.access_point_id, day.day): (day.n_received, day.n_voided) for day in days}


@pytest.mark.parametrize(("n_before", "leads"), [(8, False), (0, True)])
def test_the_office_reads_first_that_responses_wait(app, staff_client, n_before, leads):
    """Three came a day before forty, in one batch with them: alone they would tell what was voided."""
    database = app.extensions["database"]
    with database.transaction() as session:
        point = factories.access_point(session)
        receive(session, point, n_before, day=YESTERDAY - timedelta(days=1))
        receive(session, point, 3, day=YESTERDAY)
        receive(session, point, 20, NOT_SATISFIED)
        receive(session, point, 20)
    release(database)
    voided_and = "Đã loại 40 phiếu, có lý do, hai người duyệt."
    waits = "Các phiếu cùng nhóm với phiếu bị loại đang chờ, được tính lại khi có thêm 5 phiếu mới."

    def told():
        page = staff_client("office_manager", point.office_id).get(f"/staff/offices/{point.office_id}").text
        return page.split("<h2>")[0], page

    assert (n_of(database, point), waits in told()[1]) == (n_before + 43, False)
    with database.transaction() as session:
        void(session, approved(session, point, first_day=DAY))
    release(database)
    first, _ = told()
    assert n_of(database, point) == n_before, "the forty voided left, and three wait"
    assert (f"{voided_and} {waits}" in first, "Hiện chưa có chỉ số." in first) == (True, leads)
    with database.transaction() as session:
        receive(session, point, 5)
    release(database)
    _, page = told()
    assert n_of(database, point) == n_before + 3 + 5
    assert (voided_and in page, waits in page) == (True, False)


def n_of(database, point):
    with database.reading() as session:
        figure = figure_of(session, point.office_id)
        return figure.n_respondents if figure else 0
