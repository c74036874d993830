"""What is hidden is decided at release, stored, and read by every page alike."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from survey_app.db import Database
from survey_app.models.access_point import AccessPoint
from survey_app.models.publication import Figure
from survey_app.publish.suppression import INSIDE_MINIMUM, is_suppressed
from tests import factories
from tests.factories import DAY
from tests.survey_app.publish.counter_feedback import NOT_SATISFIED, figure_of, receive, release

PUBLIC_MINIMUM = 10


def province_with(session: Session, *n_received: int) -> tuple[int, list[AccessPoint]]:
    """A province of as many offices, each with answers of two days."""
    parent_id = factories.office(session, kind="province").id
    campaign_id = factories.campaign(session, minimum_n=PUBLIC_MINIMUM).id
    points = []
    for n in n_received:
        office_id = factories.office(session, parent_id=parent_id).id
        point = factories.access_point(session, campaign_id=campaign_id, office_id=office_id)
        receive(session, point, n - 2)
        receive(session, point, 2, NOT_SATISFIED, DAY.replace(day=9))
        points.append(point)
    return parent_id, points


def hidden(database: Database, office_id: int, measure: str = "index") -> tuple[str | None, str | None]:
    with database.reading() as session:
        found = figure_of(session, office_id, measure)
        assert found is not None
        return found.hidden_inside, found.hidden_in_public


def test_a_small_office_is_hidden_with_another_that_would_give_it_away(database: Database) -> None:
    with database.transaction() as session:
        parent_id, (large, middle, small) = province_with(session, 60, 30, 7)
    release(database)
    assert hidden(database, small.office_id) == (None, "few")
    assert hidden(database, middle.office_id) == (None, "linked")
    assert hidden(database, large.office_id) == hidden(database, parent_id) == (None, None)
    for measure in ("item:q1", "item:q2"):
        assert hidden(database, small.office_id, measure) == (None, "few")
        assert hidden(database, middle.office_id, measure)[1] == "linked"


def test_a_release_at_one_office_shows_what_need_no_longer_be_hidden_at_another(database: Database) -> None:
    with database.transaction() as session:
        _, (_, middle, small) = province_with(session, 60, 30, 7)
    release(database)
    with database.transaction() as session:
        receive(session, small, 8)
    release(database)
    assert hidden(database, small.office_id) == hidden(database, middle.office_id) == (None, None)


def test_what_hides_another_goes_on_hiding_it(database: Database) -> None:
    with database.transaction() as session:
        _, (large, middle, small) = province_with(session, 40, 30, 7)
    release(database)
    with database.transaction() as session:
        receive(session, middle, 20)  # now the larger one, and dearer to hide
    release(database)
    assert hidden(database, small.office_id) == (None, "few")
    assert hidden(database, middle.office_id) == (None, "linked")
    assert hidden(database, large.office_id) == (None, None)


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_staff_read_one_column_and_the_public_the_other(database: Database) -> None:
    with database.transaction() as session:
        province_with(session, 60, 30, 7)
    release(database)
    with database.reading() as session:
        for figure in session.scalars(select(Figure)):
            assert is_suppressed(figure, INSIDE_MINIMUM) == (figure.hidden_inside is not None)
            assert is_suppressed(figure, PUBLIC_MINIMUM) == (figure.hidden_in_public is not None)


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_no_figure_of_too_few_is_shown_whatever_is_stored(database: Database) -> None:
    with database.transaction() as session:
        figure = factories.figure(session, n_respondents=7, n_answers=14, hidden_in_public=None)
    assert is_suppressed(figure, PUBLIC_MINIMUM)
    assert not is_suppressed(figure, INSIDE_MINIMUM)
