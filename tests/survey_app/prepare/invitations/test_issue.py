"""Batches of invitations: what makes one, what stands against it, how it ends."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from survey_app.collect.entry import check_opens, find_invited
from survey_app.errors import NotFound, OfficeNotBegun
from survey_app.models.access_point import AccessPoint
from survey_app.models.invitation import InvitationBatch
from survey_app.models.invitation_token import secret_mark
from survey_app.models.sample import SampleCell
from survey_app.models.short_code import is_well_formed
from survey_app.prepare.invitations.issue import (
    BatchPlan,
    BatchRefused,
    Fault,
    batch_of_offices,
    issue_batch,
    open_deliveries,
    revoke_batch,
    right_to,
    sample_cell,
)
from survey_app.web.access import RIGHTS
from tests import factories
from tests.factories import DAY

SECRET = b"s" * 32


def issue(session, campaign, office, **given):
    plan = BatchPlan(**{"campaign": campaign, "office": office, "delivery": "slip", "n_issued": 20, **given})
    return issue_batch(session, plan, DAY, SECRET)


def faults_of(session, campaign, office, **given):
    with pytest.raises(BatchRefused) as refused:
        issue(session, campaign, office, **given)
    assert session.scalar(select(func.count()).select_from(InvitationBatch)) == 0
    assert str(refused.value) == "\n".join(refused.value.faults)
    return refused.value.faults


@pytest.mark.parametrize(("delivery", "provenance"), [("slip", "B"), ("letter", "A"), ("message", "A")])
def test_a_batch_has_a_way_in_of_its_own(session, drawn_campaign, office, delivery, provenance):
    counter = factories.counter(session, office_id=office.id)
    cell = factories.sample_cell(session, campaign_id=drawn_campaign.id)
    batch = issue(session, drawn_campaign, office, counter=counter, delivery=delivery, cell=cell)
    assert (batch.delivery, batch.n_issued, batch.cell_id) == (delivery, 20, cell.id)
    assert batch.secret_mark == secret_mark(SECRET)
    point = session.get_one(AccessPoint, batch.access_point_id)
    assert (point.campaign_id, point.office_id, point.counter_id) == (
        drawn_campaign.id,
        office.id,
        counter.id,
    )
    assert (point.way_in, point.mode, point.provenance) == ("invitation", "web", provenance)
    assert (point.issued_on, point.revoked_on) == (DAY, None)
    assert is_well_formed(point.code)


@pytest.mark.parametrize("n", [5, 100_000])
def test_a_batch_may_be_this_small_and_this_large(session, campaign, office, n):
    assert issue(session, campaign, office, n_issued=n).n_issued == n


@pytest.mark.parametrize("n", [-1, 0, 4, 100_001])
def test_a_batch_of_fewer_than_five_or_too_many_is_refused(session, campaign, office, n):
    assert faults_of(session, campaign, office, n_issued=n) == [Fault.SIZE_OUT_OF_RANGE]


def test_a_campaign_that_is_over_takes_none_and_one_on_its_last_day_does(session, office):
    over = factories.campaign(session, closes_on=DAY - timedelta(days=1))
    assert faults_of(session, over, office) == [Fault.CAMPAIGN_CLOSED]
    assert issue(session, factories.campaign(session, closes_on=DAY), office)


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ({"valid_until": DAY - timedelta(days=1)}, Fault.OFFICE_NOT_THERE),
        ({"kind": "province"}, Fault.OFFICE_IS_PROVINCE),
    ],
)
def test_an_office_that_serves_nobody_any_more_takes_none(session, campaign, row, fault):
    assert faults_of(session, campaign, factories.office(session, **row)) == [fault]


def test_batch_can_be_printed_before_its_office_begins_as_other_codes_can(session, campaign):
    tomorrow = DAY + timedelta(days=1)
    batch = issue(session, campaign, factories.office(session, valid_from=tomorrow))
    with pytest.raises(OfficeNotBegun):
        check_opens(find_invited(session, batch.id, DAY), DAY)
    check_opens(find_invited(session, batch.id, tomorrow), tomorrow)


@pytest.mark.parametrize("delivery", ["letter", "message"])
def test_letters_and_messages_need_a_drawn_sample(session, campaign, office, delivery):
    assert faults_of(session, campaign, office, delivery=delivery) == [Fault.NOTHING_DRAWN]


@pytest.mark.parametrize("delivery", ["letter", "message"])
def test_letters_and_messages_of_a_random_sample_need_their_cell(session, drawn_campaign, office, delivery):
    assert faults_of(session, drawn_campaign, office, delivery=delivery) == [Fault.CELL_MISSING]
    cell = factories.sample_cell(session, campaign_id=drawn_campaign.id)
    assert issue(session, drawn_campaign, office, delivery=delivery, cell=cell).cell_id == cell.id


def test_slips_need_no_cell_even_where_a_sample_was_drawn(session, drawn_campaign, office):
    assert issue(session, drawn_campaign, office).cell_id is None


def test_a_census_takes_letters_without_a_cell(session, office):
    everybody = factories.campaign(session, sampling_basis="census")
    assert open_deliveries(everybody) == ("slip", "letter", "message")
    assert issue(session, everybody, office, delivery="letter")


def test_all_faults_are_named_at_once(session, campaign):
    elsewhere = factories.counter(session)
    cell = factories.sample_cell(session)
    province = factories.office(session, kind="province")
    given = {"counter": elsewhere, "cell": cell, "delivery": "pigeon", "n_issued": 0}
    assert faults_of(session, campaign, province, **given) == [
        Fault.OFFICE_IS_PROVINCE,
        Fault.COUNTER_ELSEWHERE,
        Fault.DELIVERY_UNKNOWN,
        Fault.SIZE_OUT_OF_RANGE,
        Fault.CELL_ELSEWHERE,
    ]


def test_codes_that_points_have_are_not_given_again(session, campaign, office, monkeypatch):
    had = factories.access_point(session).code
    codes = iter([had, had, "7KQM2X9P"])
    monkeypatch.setattr("survey_app.prepare.invitations.issue.new_code", lambda: next(codes))
    batch = issue(session, campaign, office)
    assert session.get_one(AccessPoint, batch.access_point_id).code == "7KQM2X9P"


def test_only_who_answers_for_the_sample_holds_its_tokens():
    assert all(right_to("A") in RIGHTS[role] for role in ("administrator", "campaign_lead"))
    assert right_to("A") not in RIGHTS["office_manager"]
    assert right_to("B") in RIGHTS["office_manager"]


def test_a_cell_is_made_once(session, drawn_campaign):
    cells = [sample_cell(session, drawn_campaign, "S1", psu, 2.5) for psu in ("P1", "P1", "P2")]
    assert cells[0] is cells[1]
    assert session.scalar(select(func.count()).select_from(SampleCell)) == 2


def test_a_revoked_batch_keeps_its_first_day_and_leaves_posters_alone(session, campaign, office):
    poster = factories.access_point(session, campaign_id=campaign.id, office_id=office.id)
    batch = issue(session, campaign, office)
    revoke_batch(session, batch, DAY)
    revoke_batch(session, batch, DAY + timedelta(days=3))
    assert session.get_one(AccessPoint, batch.access_point_id).revoked_on == DAY
    assert poster.revoked_on is None


def test_a_foreign_batch_looks_like_one_that_does_not_exist(session, campaign, office):
    batch = issue(session, campaign, office)
    assert batch_of_offices(session, batch.id, {office.id}) is batch
    for batch_id, office_ids in (
        (batch.id, {office.id + 1}),
        (batch.id + 1, {office.id}),
    ):
        with pytest.raises(NotFound):
            batch_of_offices(session, batch_id, office_ids)
