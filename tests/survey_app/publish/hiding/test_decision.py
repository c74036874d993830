"""What is hidden is decided at release, stored, and read by every page alike."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from survey_app.db import Database
from survey_app.models.access_point import AccessPoint
from survey_app.models.definition import Factor
from survey_app.models.publication import Figure, Publication
from survey_app.publish.open_data.rows import HEADER, Published
from survey_app.publish.releasing.freeze import publish_wave
from survey_app.publish.suppression import INSIDE_MINIMUM, is_suppressed
from tests import factories
from tests.factories import DAY, MOMENT
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
def test_who_gave_an_index_no_answer_is_not_counted_behind_it(database: Database) -> None:
    """Not in what decides, nor in the n that people read; nor is nobody hidden."""
    with database.transaction() as session:
        campaign = factories.campaign(session, kind="annual", closes_on=DAY)
        point = factories.access_point(session, campaign_id=campaign.id)
        receive(session, point, 15, {"sex": "male"})
        receive(session, point, 5, {"q1": "1"}, DAY.replace(day=8))
        receive(session, point, 1, {"q1": "5"}, DAY.replace(day=9))
    number = publish_wave(database, campaign.id, MOMENT + timedelta(days=3))
    with database.reading() as session:
        published = Published(campaign, session.get_one(Publication, number))
        rows = {
            row[3]: dict(zip(HEADER, row, strict=True)) for part in published.rows(session) for row in part
        }
        found = {one.measure: one for one in session.scalars(select(Figure))}
        index, nobody = found["index"], found["item:q2"]
        assert (index.n_respondents, index.n_people, index.n_answers) == (21, 6, 6)
        assert is_suppressed(index, PUBLIC_MINIMUM)
        assert (nobody.n_people, is_suppressed(nobody, PUBLIC_MINIMUM)) == (0, False)
    assert (rows["index"]["n_people"], rows["index"]["reason"]) == (None, "hidden")
    assert (rows["item:q2"]["n_people"], rows["item:q2"]["reason"]) == (0, "no_answers")


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_people_are_counted_by_the_item_that_most_answered(database: Database) -> None:
    """As many answered the index as answered one of its items, whatever part that item plays in a version."""
    plain = factories.definition("parts", 1)
    in_a_factor = replace(
        plain,
        version=2,
        factors=(Factor("f1", factories.text("Phần", "Part")),),
        items=(replace(plain.items[0], factor="f1"), *plain.items[1:]),
    )
    with database.transaction() as session:
        versions = [factories.instrument_version(session, one).id for one in (plain, in_a_factor)]
        campaign = factories.campaign(session, instrument_version_id=versions[1], minimum_n=PUBLIC_MINIMUM)
        office_id = factories.office(session).id
        for version_id, n in zip(versions, (7, 9), strict=True):
            campaign.instrument_version_id = version_id
            session.flush()
            point = factories.access_point(session, campaign_id=campaign.id, office_id=office_id)
            receive(session, point, n)
    release(database)
    with database.reading() as session:
        found = {one.measure: one.n_people for one in session.scalars(select(Figure))}
    assert found == {"index": 16, "factor:f1": 9, "item:q1": 16, "item:q2": 16}


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_no_figure_of_too_few_is_shown_whatever_is_stored(database: Database) -> None:
    with database.transaction() as session:
        figure = factories.figure(session, n_respondents=7, n_answers=14, hidden_in_public=None)
    assert is_suppressed(figure, PUBLIC_MINIMUM)
    assert not is_suppressed(figure, INSIDE_MINIMUM)
