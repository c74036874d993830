import pytest

from tests import factories


@pytest.fixture
def session(database):
    with database.transaction() as session:
        yield session


@pytest.fixture
def campaign(session):
    return factories.campaign(session)
