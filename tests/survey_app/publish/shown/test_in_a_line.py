"""How some offices do, each in a line."""

from datetime import timedelta

import pytest

from survey_app.publish.shown.in_a_line import indices_of
from tests import factories
from tests.factories import DAY, MOMENT

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


@pytest.fixture
def session(app, database):
    with app.test_request_context(), database.transaction() as session:
        yield session


def wave(session, **given):
    """A campaign of every year with its frozen figures."""
    year = factories.campaign(session, kind="annual", closes_on=DAY, **given)
    return year, factories.publication(session, campaign_id=year.id, kind="wave")


def test_each_office_is_told_by_the_survey_that_its_own_page_shows_first(session):
    running, (year, published) = factories.campaign(session), wave(session)
    current = factories.publication(session, campaign_id=running.id)
    both, drawn, none = (factories.office(session) for _ in range(3))
    factories.figure(session, publication_id=current.id, office_id=both.id)
    for office in (both, drawn):
        factories.figure(session, publication_id=published.id, office_id=office.id, provenance="A", value=0.8)
    published.sealed_at = MOMENT
    lines = indices_of(session, [both.id, drawn.id, none.id], DAY)
    assert {one: figure.provenance for one, figure in lines.by_office.items()} == {
        both.id: "C",
        drawn.id: "A",
    }
    assert lines.campaigns == {both.id: running, drawn.id: year}
    assert lines.campaign is None
    assert indices_of(session, [drawn.id, none.id], DAY).campaign is year


def test_a_wave_that_is_being_frozen_is_not_told_yet(session):
    _, published = wave(session, opens_on=DAY - timedelta(days=400))
    later = factories.campaign(session, kind="annual", closes_on=DAY)
    unsealed = factories.publication(session, campaign_id=later.id, kind="wave")
    office = factories.office(session)
    factories.figure(session, publication_id=unsealed.id, office_id=office.id, value=0.8, provenance="A")
    factories.figure(session, publication_id=published.id, office_id=office.id, value=0.85, provenance="A")
    published.sealed_at = MOMENT
    (line,) = indices_of(session, [office.id], DAY).by_office.values()
    assert line.limits[1] == 0.85
