"""An office with a counter and its poster, in a survey that is over."""

import pytest

from survey_app.models.campaign import Campaign
from tests import factories
from tests.survey_app.publish.exports.arrivals import SETTLED, point_of


@pytest.fixture
def campaign(database):
    with database.transaction() as session:
        return factories.campaign(session, code="quay", closes_on=SETTLED)


@pytest.fixture
def office(database):
    with database.transaction() as session:
        return factories.office(session, name="Bộ phận Một cửa xã Ân", code="X1")


@pytest.fixture
def point(database, campaign, office):
    with database.transaction() as session:
        return point_of(session, office, session.get_one(Campaign, campaign.id))
