import pytest

from tests import factories


@pytest.fixture
def session(database):
    with database.transaction() as session:
        yield session


@pytest.fixture
def office(session):
    return factories.office(session)


@pytest.fixture
def campaign(session):
    return factories.campaign(session)


@pytest.fixture
def drawn_campaign(session):
    return factories.campaign(session, kind="annual", sampling_basis="probability")
