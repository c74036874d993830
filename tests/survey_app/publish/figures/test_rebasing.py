"""The trend of an office that took over others whole goes on from theirs; a split one starts new."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from survey_app.db import Database
from survey_app.models.publication import Figure, OfficeRelease, Publication
from survey_app.publish.figures.rebasing import Predecessors
from survey_app.publish.releasing.due import is_anything_due
from tests import factories
from tests.factories import DAY, MOMENT
from tests.survey_app.publish.counter_feedback import figure_of, receive, release

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
JANUARY, FEBRUARY, MARCH = date(2026, 1, 20), date(2026, 2, 20), date(2026, 3, 9)
LAST_DAY, TOOK_OVER = date(2026, 2, 28), date(2026, 3, 1)


def succeed(session: Session, heirs: dict[int, list[int]]) -> None:
    for heir_id, former_ids in heirs.items():
        for former_id in former_ids:
            factories.office_succession(
                session, predecessor_id=former_id, successor_id=heir_id, took_over_on=TOOK_OVER
            )


def offices(session: Session, n: int, **given: object) -> list[int]:
    return [factories.office(session, **given).id for _ in range(n)]


def months_of(session: Session, office_id: int) -> dict[str, tuple[int, int]]:
    figures = session.scalars(
        select(Figure).where(Figure.office_id == office_id, Figure.breakdown.startswith("month:"))
    )
    return {one.breakdown: (one.n_respondents, one.n_predecessors) for one in figures}


def test_months_before_a_merger_pool_the_counts_of_all_that_merged(database: Database) -> None:
    with database.transaction() as session:
        first, second = (factories.office(session, valid_until=LAST_DAY).id for _ in range(2))
        heir = factories.office(session, valid_from=TOOK_OVER).id
        succeed(session, {heir: [first, second]})
        campaign_id = factories.campaign(session, opens_on=date(2026, 1, 1)).id
        points = [
            factories.access_point(session, campaign_id=campaign_id, office_id=one)
            for one in (first, second, heir)
        ]
        receive(session, points[0], 6, day=JANUARY)
        receive(session, points[0], 6, {"q1": "2", "q2": "5"}, FEBRUARY)
        receive(session, points[0], 1, day=FEBRUARY.replace(day=21))
        receive(session, points[1], 5, day=FEBRUARY)
        receive(session, points[1], 5, day=FEBRUARY.replace(day=21))
        receive(session, points[2], 8, day=MARCH)
        for office_id, month in ((first, 1), (first, 2), (second, 1), (second, 2), (heir, 3)):
            factories.dossier_count(session, office_id=office_id, month=date(2026, month, 1), n_settled=100)
    release(database)
    with database.reading() as session:
        assert months_of(session, heir) == {
            "month:2026-01": (6, 1),
            "month:2026-02": (17, 2),
            "month:2026-03": (8, 0),
        }
        february = figure_of(session, heir, breakdown="month:2026-02")
        whole = figure_of(session, heir)
        assert february is not None
        assert whole is not None
        assert (february.value, february.population_size) == (pytest.approx(28 / 34), 200)
        assert (whole.n_respondents, whole.n_predecessors) == (8, 0), "the whole is its own"


def test_a_late_answer_to_a_former_office_renews_the_trend_of_its_heir(database: Database) -> None:
    with database.transaction() as session:
        (former,), (heir,) = offices(session, 1, valid_until=LAST_DAY), offices(session, 1)
        succeed(session, {heir: [former]})
        point = factories.access_point(
            session,
            campaign_id=factories.campaign(session, opens_on=date(2026, 1, 1)).id,
            office_id=former,
        )
        receive(session, point, 6, day=FEBRUARY)
    release(database)
    with database.transaction() as session:
        receive(session, point, 5, day=FEBRUARY)
    release(database)
    with database.reading() as session:
        assert months_of(session, heir) == {"month:2026-02": (11, 1)}
        assert figure_of(session, heir) is None


def test_an_office_that_goes_on_beside_its_heir_keeps_its_answers(database: Database) -> None:
    with database.transaction() as session:
        former, heir = offices(session, 2)
        succeed(session, {heir: [former]})
        found = Predecessors(session, DAY)
    assert found.of(heir) == set()


def test_the_month_of_a_merger_pools_the_days_before_and_after(database: Database) -> None:
    """Dossiers, too: each office of the part of the month in which it existed."""
    with database.transaction() as session:
        (former,) = offices(session, 1, valid_until=date(2026, 2, 14))
        (heir,) = offices(session, 1, valid_from=date(2026, 2, 15))
        factories.office_succession(
            session, predecessor_id=former, successor_id=heir, took_over_on=date(2026, 2, 15)
        )
        campaign_id = factories.campaign(session, opens_on=date(2026, 1, 1)).id
        for office_id, days in ((former, (10, 11)), (heir, (20, 21))):
            point = factories.access_point(session, campaign_id=campaign_id, office_id=office_id)
            for day in days:
                receive(session, point, 10, day=date(2026, 2, day))
            factories.dossier_count(session, office_id=office_id, month=date(2026, 2, 1), n_settled=100)
    release(database)
    with database.reading() as session:
        assert months_of(session, heir) == {"month:2026-02": (40, 1)}
        february = figure_of(session, heir, breakdown="month:2026-02")
        assert february is not None
        assert february.population_size == 200


def test_an_office_begun_in_a_month_has_the_dossiers_of_that_month(database: Database) -> None:
    with database.transaction() as session:
        parent = factories.office(session, kind="province").id
        campaign_id = factories.campaign(session, opens_on=date(2026, 1, 1)).id
        for begun in (date(2025, 1, 1), date(2026, 1, 15)):
            office = factories.office(session, parent_id=parent, valid_from=begun).id
            point = factories.access_point(session, campaign_id=campaign_id, office_id=office)
            receive(session, point, 20, day=JANUARY)
            factories.dossier_count(session, office_id=office, month=date(2026, 1, 1), n_settled=400)
    release(database)
    with database.reading() as session:
        found = [figure_of(session, one, breakdown="month:2026-01") for one in (parent, office)]
        assert [one.population_size for one in found if one] == [800, 400]


def test_the_heirs_of_a_split_office_start_new(database: Database) -> None:
    with database.transaction() as session:
        whole, split, heir, other = offices(session, 4, valid_until=LAST_DAY)
        succeed(session, {heir: [whole, split], other: [split]})
        found = Predecessors(session, DAY)
    assert found.of(heir) == found.of(other) == set()
    assert found.with_heirs([whole, split]) == {whole, split}


def test_mergers_of_mergers_go_back_to_the_first(database: Database) -> None:
    with database.transaction() as session:
        first, second, third, heir = offices(session, 4, valid_until=LAST_DAY)
        succeed(session, {second: [first], heir: [second, third]})
        found = Predecessors(session, DAY)
    assert found.of(heir) == {first, second, third}
    assert found.with_heirs([first]) == {first, second, heir}


def hand_over_ahead(session: Session) -> tuple[int, date]:
    """An office with answers that hands over to a new one in three days."""
    last = DAY + timedelta(days=2)
    (former,), (heir,) = offices(session, 1, valid_until=last), offices(session, 1, valid_from=DAY)
    factories.office_succession(
        session, predecessor_id=former, successor_id=heir, took_over_on=last + timedelta(days=1)
    )
    campaign_id = factories.campaign(session, opens_on=date(2026, 1, 1)).id
    receive(session, factories.access_point(session, campaign_id=campaign_id, office_id=former), 6)
    return heir, last + timedelta(days=1)


def is_due(database: Database, day: date) -> bool:
    with database.reading() as session:
        return is_anything_due(session, day, in_settled_too=False)


def test_a_hand_over_recorded_ahead_renews_the_trend_on_its_day_and_not_before(database: Database) -> None:
    with database.transaction() as session:
        heir, day = hand_over_ahead(session)
    release(database)
    with database.reading() as session:
        assert months_of(session, heir) == {}
    assert [is_due(database, one) for one in (DAY, day - timedelta(days=1), day)] == [False, False, True]
    release(database, MOMENT + (day - DAY))
    with database.reading() as session:
        assert months_of(session, heir) == {"month:2026-03": (6, 1)}
    assert not is_due(database, day + timedelta(days=1))


def test_a_hand_over_with_nothing_left_to_show_is_due_once(database: Database) -> None:
    with database.transaction() as session:
        _heir, day = hand_over_ahead(session)
    release(database)
    with database.transaction() as session:  # as after all was voided
        session.execute(update(OfficeRelease).values(n_released=0, n_looked_at=6))
        before = session.scalars(select(Publication.revision)).one()
    assert is_due(database, day)
    release(database, MOMENT + (day - DAY))
    assert not is_due(database, day)
    with database.reading() as session:
        assert session.scalars(select(Publication.revision)).one() == before + 1


def test_a_class_has_the_dossiers_of_the_offices_that_answered_it(database: Database) -> None:
    with database.transaction() as session:
        province = factories.office(session, kind="province").id
        asked, silent = offices(session, 2, parent_id=province)
        campaign_id = factories.campaign(session, opens_on=date(2026, 1, 1)).id
        for office_id in (asked, silent):
            point = factories.access_point(session, campaign_id=campaign_id, office_id=office_id)
            factories.dossier_count(session, office_id=office_id, month=date(2026, 3, 1), n_settled=100)
            if office_id == asked:
                receive(session, point, 8, day=MARCH)
    release(database)
    with database.reading() as session:
        found = [figure_of(session, province, breakdown=one) for one in ("", "month:2026-03")]
    assert [one and one.population_size for one in found] == [100, 100]
