"""Which offices stand behind the figure of an office above them, and whose coverage is told."""

import pytest

from survey_app.publish.shown.behind import Behind, offices_behind
from tests import factories

PUBLIC, INSIDE = 10, 5


@pytest.fixture
def session(app, database):
    with app.test_request_context(), database.transaction() as session:
        yield session


@pytest.fixture
def publication(session):
    return factories.publication(session)


@pytest.fixture
def province(session):
    return factories.office(session, kind="province")


@pytest.fixture
def add(session, publication, province):
    """Give `add(...)`: one more office of the province, with a figure of class C unless told `None`."""

    def added(n_people=40, parent_id=None, **given):
        office = factories.office(session, parent_id=parent_id or province.id)
        factories.access_point(session, campaign_id=publication.campaign_id, office_id=office.id)
        if n_people is not None:
            figure = {"n_respondents": n_people, "n_answers": 2 * n_people, **given}
            factories.figure(session, publication_id=publication.id, office_id=office.id, **figure)
        return office

    return added


def test_a_parent_tells_from_how_few_of_its_offices_a_class_comes(session, publication, province, add):
    above = add(n_people=None)
    add(parent_id=above.id), add(), add(n_people=None)
    add(provenance="B", population_size=None)
    factories.office(session, parent_id=province.id)  # takes no part
    factories.figure(session, publication_id=publication.id, office_id=province.id, n_respondents=120)
    factories.figure(session, publication_id=publication.id, office_id=above.id)
    found = offices_behind(session, publication, province.id, PUBLIC)
    assert found == {"C": Behind(2, 4, 2, 80, 800), "B": Behind(1, 4, 0, 0, 0)}
    assert (found["C"].coverage, found["B"].coverage) == ("10,0%", "")
    assert offices_behind(session, publication, above.id, PUBLIC)["C"].n_offices == 1


def test_coverage_speaks_of_the_offices_whose_dossiers_are_known(session, publication, province, add):
    add(n_people=40, population_size=400)
    add(n_people=60, population_size=600)
    add(n_people=500, population_size=None)
    found = offices_behind(session, publication, province.id, PUBLIC)["C"]
    assert found == Behind(3, 3, 2, 100, 1000)


@pytest.mark.parametrize(("minimum", "n_people"), [(PUBLIC, 40), (INSIDE, 49)])
def test_coverage_is_added_up_from_what_the_reader_sees_of_each_office(
    session, publication, province, add, minimum, n_people
):
    """Else the responses of an office whose figure is hidden could be worked out from it."""
    add(n_people=40, population_size=400)
    add(n_people=9, population_size=100)
    add(n_people=4, population_size=100)
    add(n_people=30, population_size=100, hidden_in_public="linked", hidden_inside="linked")
    found = offices_behind(session, publication, province.id, minimum)["C"]
    assert (found.n_offices, found.n_forms) == (4, n_people)


def test_an_office_with_none_below_has_none_behind(session, publication, add):
    assert offices_behind(session, publication, add().id, PUBLIC) == {}
