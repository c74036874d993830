"""What follows when two people have agreed: codes rest or work again, a campaign's last day moves."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from survey_app.errors import ApprovalRefused
from survey_app.models.access_point import AccessPoint
from survey_app.models.audit import AuditLine
from survey_app.prepare.approvals.acts import (
    Touched,
    can_be_asked,
    carry_out,
    check_can_be_done,
    count_touched,
)
from survey_app.prepare.codes.issue import Place, issue_codes
from survey_app.prepare.codes.replace import replace_code
from survey_app.prepare.invitations.issue import BatchPlan, issue_batch
from survey_app.prepare.moment import Moment
from tests import factories
from tests.factories import DAY, MOMENT

ONE_DAY = timedelta(days=1)


@pytest.fixture
def session(database):
    with database.transaction() as session:
        yield session


@pytest.fixture
def moment(session):
    return Moment(MOMENT, DAY, factories.staff(session).id)


def approved(session, moment, kind, campaign, office_id=None, **arguments):
    approval = factories.approval(
        session,
        kind=kind,
        campaign_id=campaign.id,
        office_id=office_id,
        arguments=arguments,
        decision="approved",
        decided_by=moment.staff_id,
        decided_at=moment.now,
    )
    carry_out(session, approval, moment)
    return approval


def refusal(session, kind, campaign, office_id=None, **arguments):
    with pytest.raises(ApprovalRefused) as refused:
        check_can_be_done(session, kind, campaign, office_id, arguments, DAY)
    return refused.value.reason


def test_pause_reaches_all_codes_of_a_subtree_and_no_other(session, moment):
    campaign = factories.campaign(session)
    centre = factories.office(session)
    below, beside = factories.office(session, parent_id=centre.id), factories.office(session)
    given = {"campaign_id": campaign.id, "office_id": below.id}
    poster = factories.access_point(session, **given)
    screen = factories.access_point(session, **given, way_in="screen", provenance="B")
    slips = factories.access_point(session, **given, way_in="invitation", provenance="B")
    factories.invitation_batch(session, access_point_id=slips.id, n_issued=30)
    revoked = factories.access_point(session, **given, revoked_on=DAY)
    paper = factories.access_point(session, **given, way_in="paper", mode="paper", code=None)
    elsewhere = factories.access_point(session, campaign_id=campaign.id, office_id=beside.id)
    other_campaign = factories.access_point(session, office_id=below.id)
    assert count_touched(session, "pause_codes", campaign.id, centre.id) == Touched(2, 30)
    approved(session, moment, "pause_codes", campaign, centre.id)
    session.expire_all()
    assert [point.paused_on for point in (poster, screen, slips)] == [DAY] * 3
    assert [point.paused_on for point in (revoked, paper, elsewhere, other_campaign)] == [None] * 4
    approved(session, moment, "resume_codes", campaign, centre.id)
    session.expire_all()
    assert [point.paused_on for point in (poster, screen, slips)] == [None] * 3
    acts = session.execute(select(AuditLine.act, AuditLine.what)).all()
    assert [act for act, _ in acts] == ["campaigns.pause_codes", "campaigns.resume_codes"]
    assert acts[0].what.endswith("tạm dừng 2 mã và 30 thư, phiếu mời")


def test_nothing_to_pause_or_to_resume_is_said(session):
    campaign = factories.campaign(session)
    assert refusal(session, "pause_codes", campaign) == "nothing_to_pause"
    assert refusal(session, "resume_codes", campaign) == "nothing_to_resume"
    assert refusal(session, "void_responses", campaign) == "kind_missing"


def test_codes_of_a_campaign_that_is_over_are_not_paused_but_may_work_again(session):
    campaign = factories.campaign(session, closes_on=DAY - ONE_DAY)
    factories.access_point(session, campaign_id=campaign.id)
    assert refusal(session, "pause_codes", campaign) == "closed_already"
    factories.access_point(session, campaign_id=campaign.id, paused_on=DAY - ONE_DAY)
    check_can_be_done(session, "resume_codes", campaign, None, {}, DAY)


def askable(session, campaign):
    kinds = ("pause_codes", "resume_codes", "close_early", "reopen")
    return {kind for kind in kinds if can_be_asked(session, kind, campaign, DAY)}


@pytest.mark.parametrize(
    ("given", "kinds"),
    [
        ({}, {"close_early"}),
        ({"opens_on": DAY + ONE_DAY, "closes_on": DAY + 2 * ONE_DAY}, {"close_early"}),
        ({"opens_on": DAY + ONE_DAY, "closes_on": DAY + ONE_DAY}, set()),
        ({"closes_on": DAY}, set()),
        ({"closes_on": DAY - ONE_DAY}, {"reopen"}),
    ],
)
def test_closing_and_reopening_can_be_asked_where_some_day_would_do(session, given, kinds):
    assert askable(session, factories.campaign(session, **given)) == kinds


def test_pause_and_resume_can_be_asked_while_a_code_works_or_rests(session):
    campaign = factories.campaign(session, closes_on=DAY)
    point = factories.access_point(session, campaign_id=campaign.id)
    assert askable(session, campaign) == {"pause_codes"}
    point.paused_on = DAY
    session.flush()
    assert askable(session, campaign) == {"resume_codes"}


def test_code_made_or_replaced_during_a_pause_rests_too(session, moment):
    """Else one person could undo what two decided."""
    campaign = factories.campaign(session)
    office = factories.office(session)
    (old,) = issue_codes(session, campaign, [Place(office.id, None)], DAY)
    approved(session, moment, "pause_codes", campaign, office.id)
    new = replace_code(session, old, "pasted_over", moment)
    assert (new.paused_on, new.code == old.code) == (DAY, False)
    (screen,) = issue_codes(session, campaign, [Place(office.id, None)], DAY, "screen")
    assert screen.paused_on == DAY
    approved(session, moment, "resume_codes", campaign, office.id)
    session.expire_all()
    assert (new.paused_on, screen.paused_on) == (None, None)
    counter = factories.counter(session, office_id=office.id)
    (later,) = issue_codes(session, campaign, [Place(office.id, counter.id)], DAY)
    assert later.paused_on is None


@pytest.mark.parametrize(
    ("closes_on", "wanted", "reason"),
    [
        (None, None, "day_missing"),
        (None, DAY - ONE_DAY, "day_has_passed"),
        (DAY - ONE_DAY, DAY, "closed_already"),
        (DAY + ONE_DAY, DAY + ONE_DAY, "day_is_not_earlier"),
        (DAY + ONE_DAY, DAY + 2 * ONE_DAY, "day_is_not_earlier"),
    ],
)
def test_closing_day_that_makes_no_sense_is_refused(session, closes_on, wanted, reason):
    campaign = factories.campaign(session, closes_on=closes_on)
    arguments = {"closes_on": wanted.isoformat() if wanted else None}
    assert refusal(session, "close_early", campaign, **arguments) == reason


def test_campaign_that_has_not_opened_cannot_close_before_it_opens(session):
    campaign = factories.campaign(session, opens_on=DAY + 5 * ONE_DAY)
    assert refusal(session, "close_early", campaign, closes_on=DAY.isoformat()) == "day_has_passed"


@pytest.mark.parametrize("closes_on", [None, DAY + 10 * ONE_DAY])
def test_campaign_closes_early_on_the_approved_day(session, moment, closes_on):
    campaign = factories.campaign(session, closes_on=closes_on)
    approved(session, moment, "close_early", campaign, closes_on=DAY.isoformat())
    assert campaign.closes_on == DAY


@pytest.mark.parametrize(
    ("given", "wanted", "reason"),
    [
        ({"closes_on": None}, DAY, "not_closed"),
        ({"closes_on": DAY}, DAY + ONE_DAY, "not_closed"),
        ({"closes_on": DAY - ONE_DAY}, DAY - ONE_DAY, "day_has_passed"),
        ({"closes_on": DAY - ONE_DAY, "kind": "annual"}, None, "day_missing"),
    ],
)
def test_reopening_that_makes_no_sense_is_refused(session, given, wanted, reason):
    campaign = factories.campaign(session, **given)
    arguments = {"closes_on": wanted.isoformat() if wanted else None}
    assert refusal(session, "reopen", campaign, **arguments) == reason


@pytest.mark.parametrize("wanted", [None, DAY, DAY + 30 * ONE_DAY])
def test_closed_campaign_opens_again(session, moment, wanted):
    campaign = factories.campaign(session, closes_on=DAY - ONE_DAY)
    approved(session, moment, "reopen", campaign, closes_on=wanted.isoformat() if wanted else None)
    assert campaign.closes_on == wanted


def test_campaign_whose_wave_is_published_stays_closed(session):
    campaign = factories.campaign(session, kind="annual", closes_on=DAY - ONE_DAY)
    factories.publication(session, campaign_id=campaign.id, kind="wave", sealed_at=MOMENT)
    assert refusal(session, "reopen", campaign, closes_on=DAY.isoformat()) == "results_are_frozen"
    assert askable(session, campaign) == set()


def test_request_that_makes_no_sense_any_more_cannot_be_approved(session, moment):
    campaign = factories.campaign(session, closes_on=DAY + 9 * ONE_DAY)
    later = Moment(MOMENT, DAY + 3 * ONE_DAY, moment.staff_id)
    with pytest.raises(ApprovalRefused, match="day_has_passed"):
        approved(session, later, "close_early", campaign, closes_on=DAY.isoformat())
    assert campaign.closes_on == DAY + 9 * ONE_DAY


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_who_moves_a_paused_office_and_replaces_its_code_ends_no_pause(session, moment):
    campaign = factories.campaign(session)
    here, there = (factories.office(session, kind="province") for _ in range(2))
    office = factories.office(session, parent_id=here.id)
    given = {"campaign_id": campaign.id, "office_id": office.id}
    point = factories.access_point(session, **given)
    factories.access_point(session, campaign_id=campaign.id, office_id=there.id)
    approved(session, moment, "pause_codes", campaign, here.id)
    session.expire_all()
    office.parent_id = there.id
    session.flush()
    new = replace_code(session, point, "pasted_over", moment)
    assert new.paused_on == DAY
    plan = BatchPlan(campaign=campaign, office=office, delivery="slip", n_issued=20)
    batch = issue_batch(session, plan, DAY, b"secret")
    assert session.get_one(AccessPoint, batch.access_point_id).paused_on == DAY
    new.revoked_on = DAY
    session.flush()
    assert count_touched(session, "resume_codes", campaign.id, office.id) == Touched(0, 20)
    approved(session, moment, "resume_codes", campaign, there.id)
    session.expire_all()
    (works,) = issue_codes(session, campaign, [Place(office.id, None)], DAY)
    assert (works.paused_on, point.paused_on) == (None, None)
