"""What two people must agree on: who may ask, decide and withdraw, and what the log then says."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from survey_app.errors import ApprovalRefused, NotFound
from survey_app.models.approval import (
    LONGEST_REASON,
    Approval,
    Wanted,
    ask,
    count_voided,
    decide,
    find_approval,
    list_approvals,
    offices_concerned,
    paused_offices,
    read_reason,
)
from survey_app.models.audit import AuditLine
from tests import factories
from tests.factories import DAY, MOMENT


@pytest.fixture
def session(database):
    with database.transaction() as session:
        yield session


@pytest.fixture
def campaign(session):
    return factories.campaign(session, code="tai-quay")


@pytest.fixture
def one(session):
    return factories.staff(session)


@pytest.fixture
def other(session):
    return factories.staff(session)


def pausing(campaign, **given):
    return Wanted(
        **{"kind": "pause_codes", "campaign_id": campaign.id, "office_id": None, "arguments": {}}
        | {"reason": "Mã bị dán đè"}
        | given
    )


def refused(do, *arguments):
    with pytest.raises(ApprovalRefused) as refusal:
        do(*arguments)
    return refusal.value.reason


def test_one_asks_and_another_approves_and_each_step_is_a_line(session, campaign, one, other):
    approval = ask(session, pausing(campaign), one.id, MOMENT)
    assert approval.decision is None
    decide(session, approval.id, "approved", other.id, MOMENT)
    assert (approval.decision, approval.decided_by, approval.decided_at) == ("approved", other.id, MOMENT)
    lines = session.scalars(select(AuditLine).order_by(AuditLine.id)).all()
    assert [(line.act, line.staff_id) for line in lines] == [
        ("approvals.ask", one.id),
        ("approvals.approved", other.id),
    ]
    assert lines[0].what == f"Đề nghị {approval.id}: Tạm dừng mã, tai-quay. Lý do: Mã bị dán đè"


def test_who_asked_can_only_withdraw_and_nobody_else_can(session, campaign, one, other):
    approval = ask(session, pausing(campaign), one.id, MOMENT)
    assert refused(decide, session, approval.id, "approved", one.id, MOMENT) == "own_request"
    assert refused(decide, session, approval.id, "refused", one.id, MOMENT) == "own_request"
    assert refused(decide, session, approval.id, "withdrawn", other.id, MOMENT) == "not_own_request"
    assert refused(decide, session, approval.id, "", other.id, MOMENT) == "decision_missing"
    assert decide(session, approval.id, "withdrawn", one.id, MOMENT).decision == "withdrawn"


@pytest.mark.parametrize(("hours", "may"), [(0, False), (23.99, False), (24, True)])
def test_account_decides_from_its_twenty_fourth_hour_on(session, campaign, one, hours, may):
    young = factories.staff(session, created_at=MOMENT - timedelta(hours=hours))
    approval = ask(session, pausing(campaign), one.id, MOMENT)
    if may:
        assert decide(session, approval.id, "approved", young.id, MOMENT).decision == "approved"
    else:
        assert refused(decide, session, approval.id, "approved", young.id, MOMENT) == "young_account"
        assert approval.decision is None


def test_young_account_may_ask_and_withdraw(session, campaign):
    young = factories.staff(session, created_at=MOMENT)
    approval = ask(session, pausing(campaign), young.id, MOMENT)
    assert decide(session, approval.id, "withdrawn", young.id, MOMENT).decision == "withdrawn"


def test_first_decision_stands(session, campaign, one, other):
    approval = ask(session, pausing(campaign), one.id, MOMENT)
    decide(session, approval.id, "refused", other.id, MOMENT)
    third = factories.staff(session)
    assert refused(decide, session, approval.id, "approved", third.id, MOMENT) == "decided_already"
    assert refused(decide, session, approval.id, "withdrawn", one.id, MOMENT) == "decided_already"
    assert approval.decision == "refused"


def test_of_two_who_decide_at_once_one_is_told_that_it_was_decided(database):
    with database.transaction() as session:
        campaign = factories.campaign(session)
        approval_id = ask(session, pausing(campaign), factories.staff(session).id, MOMENT).id
        deciders = [factories.staff(session).id for _ in range(2)]
    start, told = threading.Barrier(2), []

    def press(staff_id, decision):
        start.wait()
        try:
            with database.transaction() as session:
                told.append(decide(session, approval_id, decision, staff_id, MOMENT).decision)
        except ApprovalRefused as refusal:
            told.append(refusal.reason)

    pressing = zip(deciders, ("approved", "refused"), strict=True)
    threads = [threading.Thread(target=press, args=one) for one in pressing]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert told.count("decided_already") == 1
    assert len({"approved", "refused"}.intersection(told)) == 1


def test_same_request_waits_once_and_may_be_asked_again_when_decided(session, campaign, one, other):
    first = ask(session, pausing(campaign), one.id, MOMENT)
    assert refused(ask, session, pausing(campaign, reason="Khác"), other.id, MOMENT) == "asked_already"
    elsewhere = factories.office(session)
    ask(session, pausing(campaign, office_id=elsewhere.id), other.id, MOMENT)
    decide(session, first.id, "refused", other.id, MOMENT)
    assert ask(session, pausing(campaign), one.id, MOMENT).id != first.id


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("", "reason_missing"),
        (" \r\n ", "reason_missing"),
        ("a\x00b", "reason_unreadable"),
        ("\u202eabc", "reason_unreadable"),
        ("\ud800", "reason_unreadable"),
        ("a" * (LONGEST_REASON + 1), "reason_too_long"),
    ],
)
def test_reason_that_nobody_can_read_is_refused(typed, reason):
    assert refused(read_reason, typed) == reason


def test_reason_is_kept_composed():
    assert read_reason("  La\u0323i  ") == "L\u1ea1i"
    assert len(read_reason("ặ" * LONGEST_REASON)) == LONGEST_REASON


def test_request_is_seen_only_by_who_reaches_all_its_offices(session, campaign):
    province = factories.office(session, kind="province")
    near, far = (factories.office(session, parent_id=province.id) for _ in range(2))
    for office in (near, far):
        factories.access_point(session, campaign_id=campaign.id, office_id=office.id)
    whole = factories.approval(session, campaign_id=campaign.id)
    of_near = factories.approval(session, campaign_id=campaign.id, office_id=near.id)
    assert offices_concerned(session, campaign.id, None) == {near.id, far.id}
    assert offices_concerned(session, campaign.id, province.id) == {province.id, near.id, far.id}

    def seen(scope):
        return [one.approval.id for one in list_approvals(session, scope, most=9)]

    assert seen({near.id, far.id}) == [of_near.id, whole.id]
    assert seen({near.id}) == [of_near.id]
    assert find_approval(session, of_near.id, {near.id}).office == near
    for number in (whole.id, 999, -1, 2**40):
        with pytest.raises(NotFound):
            find_approval(session, number, {near.id})


def test_campaign_without_a_way_in_is_a_matter_of_all_offices(session, campaign):
    office, _other = factories.office(session), factories.office(session)
    approval = factories.approval(session, campaign_id=campaign.id)
    with pytest.raises(NotFound):
        find_approval(session, approval.id, {office.id})


def test_pauses_stand_until_two_people_resume_them(session, campaign, one, other):
    province = factories.office(session, kind="province")
    near, far = (factories.office(session, parent_id=province.id) for _ in range(2))

    def decided(kind, office_id, decision="approved", days=0):
        wanted = pausing(campaign, kind=kind, office_id=office_id)
        at = MOMENT + timedelta(days=days)
        decide(session, ask(session, wanted, one.id, at).id, decision, other.id, at)

    decided("pause_codes", near.id, "refused")
    assert paused_offices(session, campaign.id) == {}
    decided("pause_codes", near.id)
    decided("pause_codes", province.id, days=1)
    tomorrow = DAY + timedelta(days=1)
    assert paused_offices(session, campaign.id) == {near.id: DAY, province.id: tomorrow, far.id: tomorrow}
    decided("resume_codes", near.id, days=2)
    assert paused_offices(session, campaign.id) == {province.id: tomorrow, far.id: tomorrow}
    assert paused_offices(session, factories.campaign(session).id) == {}


def test_voided_responses_are_counted_by_campaign_and_office(session, campaign):
    points = [factories.access_point(session, campaign_id=campaign.id) for _ in range(2)]
    for point, n in zip(points, (3, 4), strict=True):
        factories.access_point_day(session, access_point_id=point.id, n_received=9, n_voided=n)
    given = {"campaign_id": campaign.id, "kind": "void_responses"}
    arguments = {"access_point_ids": [point.id for point in points]}
    approval = factories.approval(session, **given, arguments=arguments)
    assert count_voided(session, campaign.id) == 0
    approval.decision, approval.decided_by = "approved", factories.staff(session).id
    approval.decided_at = MOMENT
    session.flush()
    assert count_voided(session, campaign.id) == 7
    assert count_voided(session, campaign.id, [points[0].office_id]) == 3
    assert count_voided(session, campaign.id, []) == 0
    assert count_voided(session, factories.campaign(session).id) == 0


def test_database_itself_refuses_one_person_for_both(session, one):
    decided = {"decided_by": one.id, "decision": "approved", "decided_at": MOMENT}
    with pytest.raises(IntegrityError, match="needs_two_people"), session.begin_nested():
        factories.approval(session, asked_by=one.id, **decided)
    assert session.scalars(select(Approval)).all() == []
