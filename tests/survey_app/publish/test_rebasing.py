"""The trend of an office that took over others whole goes on from theirs; a split one starts new."""

from datetime import date

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from survey_app.db import Database
from survey_app.models.publication import Figure
from survey_app.publish.rebasing import Predecessors
from tests import factories
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


def offices(session: Session, n: int) -> list[int]:
    return [factories.office(session).id for _ in range(n)]


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
        receive(session, points[1], 7, day=FEBRUARY)
        receive(session, points[2], 8, day=MARCH)
        for office_id, month in ((first, 1), (first, 2), (second, 1), (second, 2), (heir, 3)):
            factories.dossier_count(session, office_id=office_id, month=date(2026, month, 1), n_settled=100)
    release(database)
    with database.reading() as session:
        assert months_of(session, heir) == {
            "month:2026-01": (6, 1),
            "month:2026-02": (14, 2),
            "month:2026-03": (8, 0),
        }
        february = figure_of(session, heir, breakdown="month:2026-02")
        whole = figure_of(session, heir)
        assert february is not None
        assert whole is not None
        assert (february.value, february.population_size) == (pytest.approx(22 / 28), 200)
        assert (whole.n_respondents, whole.n_predecessors) == (8, 0), "the whole is its own"


def test_a_late_answer_to_a_former_office_renews_the_trend_of_its_heir(database: Database) -> None:
    with database.transaction() as session:
        former, heir = offices(session, 2)
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


def test_the_heirs_of_a_split_office_start_new(database: Database) -> None:
    with database.transaction() as session:
        whole, split, heir, other = offices(session, 4)
        succeed(session, {heir: [whole, split], other: [split]})
        found = Predecessors(session)
    assert found.of(heir) == found.of(other) == {}
    assert found.with_heirs([whole, split]) == {whole, split}


def test_mergers_of_mergers_go_back_to_the_first(database: Database) -> None:
    with database.transaction() as session:
        first, second, third, heir = offices(session, 4)
        succeed(session, {second: [first], heir: [second, third]})
        found = Predecessors(session)
        march_2026 = 2026 * 12 + 2
    assert found.of(heir) == dict.fromkeys((first, second, third), march_2026)
    assert found.with_heirs([first]) == {first, second, heir}
