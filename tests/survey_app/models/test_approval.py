"""What two people must agree on: who may ask, decide and withdraw, and what the log then says."""

import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from survey_app.errors import ApprovalRefused, NotFound
from survey_app.models.approval import (
    LONGEST_REASON,
    Approval,
    Decision,
    Part,
    Wanted,
    ask,
    decide as decide_as,
    has_stood,
    offices_concerned,
    read_reason,
)
from survey_app.models.approval_lists import find_approval, list_approvals
from survey_app.models.audit import AuditLine
from tests import factories
from tests.factories import DAY, MOMENT

ALL = frozenset(range(1, 1000))  # offices: whoever has a role over everything oversees each
NONE: frozenset[int] = frozenset()


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


def decide(session, approval_id, decision, staff_id, offices, now):
    """Decide as somebody who has stood for long, what somebody who may has asked for."""
    asker, decider = Part(0, ALL, ALL), Part(staff_id, offices, offices)
    return decide_as(session, approval_id, Decision(decision), asker, decider, now)


def refused(do, *arguments):
    with pytest.raises(ApprovalRefused) as refusal:
        do(*arguments)
    return refusal.value.reason


def test_one_asks_and_another_approves_and_each_step_is_a_line(session, campaign, one, other):
    approval = ask(session, pausing(campaign), one.id, MOMENT)
    assert approval.decision is None
    decide(session, approval.id, "approved", other.id, ALL, MOMENT)
    assert (approval.decision, approval.decided_by, approval.decided_at) == ("approved", other.id, MOMENT)
    lines = session.scalars(select(AuditLine).order_by(AuditLine.id)).all()
    assert [(line.act, line.staff_id) for line in lines] == [
        ("approvals.ask", one.id),
        ("approvals.approved", other.id),
    ]
    assert lines[0].what == f"Đề nghị {approval.id}: Tạm dừng mã, tai-quay. Lý do: Mã bị dán đè"


def test_who_asked_can_only_withdraw_and_nobody_else_can(session, campaign, one, other):
    approval = ask(session, pausing(campaign), one.id, MOMENT)
    assert refused(decide, session, approval.id, "approved", one.id, ALL, MOMENT) == "own_request"
    assert refused(decide, session, approval.id, "refused", one.id, ALL, MOMENT) == "own_request"
    assert refused(decide, session, approval.id, "withdrawn", other.id, ALL, MOMENT) == "not_own_request"
    assert refused(decide, session, approval.id, "", other.id, ALL, MOMENT) == "decision_missing"
    assert decide(session, approval.id, "withdrawn", one.id, ALL, MOMENT).decision == "withdrawn"


def test_who_refuses_may_say_why_and_the_log_keeps_it(session, campaign, one, other):
    approval = ask(session, pausing(campaign), one.id, MOMENT)
    asker, decider = Part(one.id, ALL, ALL), Part(other.id, ALL, ALL)
    long = Decision("refused", "x" * (LONGEST_REASON + 1))
    assert refused(decide_as, session, approval.id, long, asker, decider, MOMENT) == "reason_too_long"
    decide_as(session, approval.id, Decision("refused", " Mã vẫn ổn. "), asker, decider, MOMENT)
    assert approval.refusal == "Mã vẫn ổn."
    line = session.scalars(select(AuditLine).order_by(AuditLine.id.desc())).first()
    assert line.what.endswith("Lý do: Mã bị dán đè; lý do không duyệt: Mã vẫn ổn.")


def test_only_a_refusal_holds_why_it_was_refused(session, campaign, one, other):
    approval = ask(session, pausing(campaign), one.id, MOMENT)
    asker, decider = Part(one.id, ALL, ALL), Part(other.id, ALL, ALL)
    decide_as(session, approval.id, Decision("approved", "not after all"), asker, decider, MOMENT)
    assert approval.refusal is None
    approval.refusal = "x"
    with pytest.raises(IntegrityError), session.begin_nested():
        session.flush()


ONE_DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("person", "granted_on", "may"),
    [
        ({"created_at": MOMENT - ONE_DAY}, DAY - 9 * ONE_DAY, True),
        ({"created_at": MOMENT - ONE_DAY + timedelta(seconds=1)}, DAY - 9 * ONE_DAY, False),
        ({"secured_at": MOMENT - ONE_DAY}, DAY - 9 * ONE_DAY, True),
        ({"secured_at": MOMENT - ONE_DAY + timedelta(seconds=1)}, DAY - 9 * ONE_DAY, False),
        ({"granted_at": MOMENT - ONE_DAY}, DAY - ONE_DAY, True),
        ({"granted_at": MOMENT - ONE_DAY + timedelta(seconds=1)}, DAY - ONE_DAY, False),
        ({}, DAY - ONE_DAY, True),  # given ahead, it begins with its first day
        ({}, DAY, False),
    ],
)
@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_account_password_and_role_stand_for_a_day_before_they_count(session, person, granted_on, may):
    given = {"granted_at": person.pop("granted_at")} if "granted_at" in person else {}
    someone = factories.staff(session, role=None, **person)
    grant = factories.staff_grant(session, staff_id=someone.id, valid_from=granted_on, **given)
    assert has_stood(someone, grant, MOMENT) == may


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("asker", "decider", "reason"),
    [
        (Part(1, ALL, ALL), Part(2, NONE, NONE), "not_from_above"),
        (Part(1, ALL, ALL), Part(2, ALL, NONE), "young_decider"),
        (Part(1, NONE, NONE), Part(2, ALL, ALL), "asker_lost_right"),
        (Part(1, ALL, NONE), Part(2, ALL, ALL), "young_asker"),
    ],
)
def test_both_people_have_the_right_for_long_when_something_is_approved(
    session, campaign, one, other, asker, decider, reason
):
    office = factories.office(session)
    approval = ask(session, pausing(campaign, office_id=office.id), one.id, MOMENT)
    asker, decider = replace(asker, staff_id=one.id), replace(decider, staff_id=other.id)
    assert refused(decide_as, session, approval.id, Decision("approved"), asker, decider, MOMENT) == reason
    assert approval.decision is None
    if "asker" in reason:  # what nobody may approve is not left to wait for ever
        assert (
            decide_as(session, approval.id, Decision("refused"), asker, decider, MOMENT).decision == "refused"
        )


@pytest.mark.parametrize("kind", ["void_responses", "pause_codes"])
def test_only_who_oversees_all_its_offices_decides(session, campaign, one, other, kind):
    office = factories.office(session)
    below = factories.office(session, parent_id=office.id)
    wanted = pausing(campaign, kind=kind, office_id=office.id)
    approval = ask(session, wanted, one.id, MOMENT)
    for overseen in (frozenset(), {below.id}):
        for decision in ("approved", "refused"):
            said = refused(decide, session, approval.id, decision, other.id, overseen, MOMENT)
            assert said == "not_from_above"
    assert decide(session, approval.id, "approved", other.id, {office.id, below.id}, MOMENT).decided_by
    again = ask(session, wanted, one.id, MOMENT)
    assert decide(session, again.id, "withdrawn", one.id, frozenset(), MOMENT).decided_by == one.id


def test_young_account_may_ask_and_withdraw(session, campaign):
    young = factories.staff(session, created_at=MOMENT)
    approval = ask(session, pausing(campaign), young.id, MOMENT)
    assert decide(session, approval.id, "withdrawn", young.id, NONE, MOMENT).decision == "withdrawn"


def test_first_decision_stands(session, campaign, one, other):
    approval = ask(session, pausing(campaign), one.id, MOMENT)
    decide(session, approval.id, "refused", other.id, ALL, MOMENT)
    third = factories.staff(session)
    assert refused(decide, session, approval.id, "approved", third.id, ALL, MOMENT) == "decided_already"
    assert refused(decide, session, approval.id, "withdrawn", one.id, ALL, MOMENT) == "decided_already"
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
                told.append(decide(session, approval_id, decision, staff_id, ALL, MOMENT).decision)
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
    decide(session, first.id, "refused", other.id, ALL, MOMENT)
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
    alone = factories.office(session, parent_id=province.id)
    whole = factories.approval(session, campaign_id=campaign.id)
    of_near = factories.approval(session, campaign_id=campaign.id, office_id=near.id)
    everywhere = {province.id, near.id, far.id, alone.id}  # though `alone` has no code of it
    factories.office(session)  # in another tree
    assert offices_concerned(session, campaign.id, None) == everywhere
    assert offices_concerned(session, campaign.id, province.id) == everywhere

    def seen(scope):
        return [one.approval.id for one in list_approvals(session, scope, most=9)]

    assert seen(everywhere) == [of_near.id, whole.id]
    assert seen({near.id, far.id}) == [of_near.id]
    assert find_approval(session, of_near.id, {near.id}).office == near
    for number in (whole.id, 999, 0):
        with pytest.raises(NotFound):
            find_approval(session, number, {near.id})


def test_campaign_without_a_way_in_is_a_matter_of_all_offices(session, campaign):
    office, _other = factories.office(session), factories.office(session)
    approval = factories.approval(session, campaign_id=campaign.id)
    with pytest.raises(NotFound):
        find_approval(session, approval.id, {office.id})


def test_database_itself_refuses_one_person_for_both(session, one):
    decided = {"decided_by": one.id, "decision": "approved", "decided_at": MOMENT}
    with pytest.raises(IntegrityError, match="needs_two_people"), session.begin_nested():
        factories.approval(session, asked_by=one.id, **decided)
    assert session.scalars(select(Approval)).all() == []
