"""Codes rest where two people decided so, and new ones beside them."""

from datetime import timedelta

import pytest

from survey_app.models.paused import paused_offices
from tests import factories
from tests.factories import DAY

ONE_DAY = timedelta(days=1)


@pytest.fixture
def session(database):
    with database.transaction() as session:
        yield session


def test_office_rests_while_its_codes_do(session):
    campaign = factories.campaign(session)
    province = factories.office(session, kind="province")
    near, far, new = (factories.office(session, parent_id=province.id) for _ in range(3))
    given = {"campaign_id": campaign.id}
    codes = [factories.access_point(session, office_id=one.id, **given) for one in (near, far)]
    offices = [province.id, near.id, far.id, new.id]

    def resting():
        session.flush()
        return paused_offices(session, campaign.id, offices)

    assert resting() == {}
    codes[0].paused_on = DAY
    assert resting() == {near.id: DAY}
    codes[0].revoked_on = DAY  # to be replaced: its place rests on
    assert resting() == {near.id: DAY}
    near.parent_id = factories.office(session, kind="province").id  # moved away from those with whom it rests
    assert resting() == {near.id: DAY}
    codes[1].paused_on = DAY + ONE_DAY
    later = dict.fromkeys((province.id, far.id, new.id), DAY + ONE_DAY)  # one without a code is as its parent
    assert resting() == {near.id: DAY} | later
    codes[0].paused_on = None
    assert resting() == later
    assert paused_offices(session, factories.campaign(session).id, offices) == {}


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_heir_of_an_office_that_rests_does_too(session):
    """Under a parent whose other codes work; directly, or by an heir that never had a code."""
    campaign = factories.campaign(session)
    province = factories.office(session, kind="province")
    old, beside, between, heir, other, busy = (
        factories.office(session, parent_id=province.id) for _ in range(6)
    )
    given = {"campaign_id": campaign.id}
    resting = factories.access_point(session, office_id=old.id, paused_on=DAY, **given)
    for office in (beside, busy):
        factories.access_point(session, office_id=office.id, **given)
    for before, after in ((old, between), (between, heir), (beside, other), (old, other), (old, busy)):
        factories.office_succession(session, predecessor_id=before.id, successor_id=after.id)
    offices = [one.id for one in (between, heir, other, busy)]
    rest = dict.fromkeys(offices[:3], DAY)  # two people merge or resume; what works already works on
    assert paused_offices(session, campaign.id, offices) == rest
    resting.revoked_on = DAY
    session.flush()
    assert paused_offices(session, campaign.id, offices) == rest
    resting.paused_on = None
    session.flush()
    assert paused_offices(session, campaign.id, offices) == {}
