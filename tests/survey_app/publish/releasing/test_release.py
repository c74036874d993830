"""The job "release": what it takes in, what it leaves, and what it writes."""

import random
from collections import Counter
from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import func, select, update

from survey_app.db import Database
from survey_app.models.access_point import AccessPoint
from survey_app.models.campaign import Campaign
from survey_app.models.definition import Item
from survey_app.models.instrument import InstrumentVersion
from survey_app.models.job import Work
from survey_app.models.office import Office
from survey_app.models.publication import Figure, OfficeRelease, Publication, Tally
from survey_app.models.response import Response
from survey_app.models.stale_office import mark_stale
from survey_app.publish.counting.tallies import UnfitResponses
from survey_app.publish.releasing import release as release_module
from survey_app.publish.releasing.due import due_offices, is_anything_due
from tests import factories
from tests.factories import DAY, MOMENT
from tests.soak import SOAK
from tests.survey_app.publish.counter_feedback import NOT_SATISFIED, figure_of, receive, release


def two_offices(database: Database, **campaign: object) -> tuple[AccessPoint, AccessPoint, int]:
    """Two offices under one parent, a poster in each."""
    with database.transaction() as session:
        parent = factories.office(session, kind="province")
        campaign_id = factories.campaign(session, **campaign).id
        first, second = (
            factories.access_point(
                session,
                campaign_id=campaign_id,
                office_id=factories.office(session, parent_id=parent.id).id,
            )
            for _ in range(2)
        )
    return first, second, parent.id


def test_n_released_grows_by_exactly_the_batch(database: Database) -> None:
    point, _, _ = two_offices(database)
    key = (point.campaign_id, point.office_id, "C")
    for n_more, n_released in ((5, 5), (4, 5), (3, 12)):
        with database.transaction() as session:
            receive(session, point, n_more)
        release(database)
        with database.reading() as session:
            assert session.get_one(OfficeRelease, key).n_released == n_released
            assert session.scalar(select(func.sum(Tally.n_respondents))) == n_released


def test_five_responses_with_one_answer_of_an_item_wait(database: Database) -> None:
    point, _, parent_id = two_offices(database)
    key = (point.campaign_id, point.office_id, "C")
    with database.transaction() as session:
        receive(session, point, 5, {"q1": "5"})
    assert release(database) == 1
    with database.transaction() as session:
        receive(session, point, 4, {"q1": "5"}, DAY - timedelta(days=1))
        receive(session, point, 1, NOT_SATISFIED)
    assert release(database) == 0
    with database.reading() as session:
        assert due_offices(session, DAY) == [], "nothing new, nothing to count again"
        waiting = session.get_one(OfficeRelease, key)
        assert (waiting.n_released, waiting.n_looked_at, waiting.released_on) == (5, 10, DAY)
        assert session.scalar(select(func.sum(Tally.n_respondents))) == 5
    with database.transaction() as session:
        receive(session, point, 4)
    assert release(database, MOMENT + timedelta(days=1)) == 1
    with database.reading() as session:
        released = session.get_one(OfficeRelease, key)
        assert (released.n_released, released.n_looked_at) == (14, 14)
        for office_id in (point.office_id, parent_id):
            second = figure_of(session, office_id, "item:q2")
            assert second is not None
            assert second.n_answers == 5


def test_a_first_batch_that_waits_leaves_no_trace_in_figures(database: Database) -> None:
    point, _, _ = two_offices(database)
    with database.transaction() as session:
        receive(session, point, 5, {"q1": "5", "q2": "no_opinion"})
        receive(session, point, 1, {"q2": "5"})
    assert release(database) == 0
    with database.reading() as session:
        assert session.scalars(select(Publication)).all() == []
        waiting = session.get_one(OfficeRelease, (point.campaign_id, point.office_id, "C"))
        assert (waiting.n_released, waiting.n_looked_at, waiting.released_on) == (0, 6, None)


def test_the_closing_release_takes_what_waits(database: Database) -> None:
    point, _, _ = two_offices(database, closes_on=DAY)
    with database.transaction() as session:
        receive(session, point, 9, {"q1": "5"})
        receive(session, point, 1)
    assert release(database) == 0
    assert release(database, MOMENT + timedelta(days=2)) == 0
    assert release(database, MOMENT + timedelta(days=3)) == 1


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
@pytest.mark.parametrize("seed", range(5 if SOAK else 2))
def test_running_figures_never_change_by_one_to_four_answers(database: Database, seed: int) -> None:
    chance = random.Random(seed)
    first, second, _ = two_offices(database)
    with database.transaction() as session:
        campaign = session.get_one(Campaign, first.campaign_id)
        old = session.get_one(InstrumentVersion, campaign.instrument_version_id).definition
    before: Counter[tuple[int, str, str, str]] = Counter()
    n_releases = 0
    for turn in range(40):
        with database.transaction() as session:
            if turn == 15:  # a new version that reports q2 in another role
                changed = replace(old, version=2, items=(old.items[0], beside(old.items[1]), old.items[2]))
                newer = factories.instrument_version(session, changed)
                session.get_one(Campaign, first.campaign_id).instrument_version_id = newer.id
            for _ in range(chance.randrange(8)):
                answers = {code: chance.choice("12345") for code in ("q1", "q2") if chance.random() < 0.7}
                day = DAY - timedelta(days=chance.randrange(3))
                receive(session, chance.choice((first, second)), 1, answers, day)
        n_releases += release(database)
        with database.reading() as session:
            figures = session.scalars(select(Figure)).all()
            named = {(one.office_id, one.provenance, one.measure, one.breakdown): one for one in figures}
            after = Counter({key: one.n_answers for key, one in named.items()})
        gained = {key: n - before[key] for key, n in after.items()}
        assert not [key for key, n in gained.items() if n < 0 or 0 < n < 5]
        before = after
        if turn == 14:
            n_before_the_switch, n_releases = n_releases, 0
    assert n_before_the_switch >= 1
    assert n_releases >= 2, "answers to the old version hold up nothing"


def beside(item: Item) -> Item:
    return replace(item, reported_as="beside")


def test_the_index_pools_satisfied_answers_over_valid_ones(database: Database) -> None:
    point, _, _ = two_offices(database)
    with database.transaction() as session:
        receive(session, point, 5, {"q1": "5", "q2": "no_opinion"})
        receive(session, point, 1, {"q1": "5"}, DAY - timedelta(days=1))
        receive(session, point, 4, {"q1": "3"}, DAY - timedelta(days=1))
    release(database)
    with database.reading() as session:
        index = figure_of(session, point.office_id)
        second = figure_of(session, point.office_id, "item:q2")
        assert index is not None
        assert second is not None
        assert (index.value, index.n_respondents, index.n_answers) == (0.6, 10, 10)
        assert (second.value, second.reason, second.n_answers) == (None, "no_answers", 0)


def test_running_figures_are_overwritten_not_appended(database: Database) -> None:
    point, _, parent_id = two_offices(database)
    n_figures = set()
    for _ in range(3):
        with database.transaction() as session:
            receive(session, point, 5)
        release(database)
        with database.reading() as session:
            n_figures.add(session.scalar(select(func.count()).select_from(Figure)))
            assert session.scalar(select(func.count()).select_from(Publication)) == 1
            index = figure_of(session, parent_id)
            assert index is not None
    assert n_figures == {8}  # index, two items, the index of a month; the office and its parent
    assert index.n_respondents == 15


def test_unreleased_answers_never_reach_the_parent_when_another_office_releases(database: Database) -> None:
    waiting, releasing, parent_id = two_offices(database)
    with database.transaction() as session:
        receive(session, waiting, 4, NOT_SATISFIED)
        receive(session, releasing, 5)
        receive(session, releasing, 5, day=DAY - timedelta(days=1))
    release(database)
    with database.reading() as session:
        index = figure_of(session, parent_id)
        assert index is not None
        assert (index.n_respondents, index.value) == (10, 1.0)
        assert figure_of(session, waiting.office_id) is None


def test_a_day_of_an_office_is_the_sampling_unit_of_opt_in_answers(database: Database) -> None:
    point, _, _ = two_offices(database)
    with database.transaction() as session:
        receive(session, point, 20)
    release(database)
    with database.reading() as session:
        alone = figure_of(session, point.office_id)
        assert alone is not None
        assert (alone.value, alone.reason) == (None, "single_psu")
    with database.transaction() as session:
        receive(session, point, 16, NOT_SATISFIED, DAY - timedelta(days=1))
        receive(session, point, 4, day=DAY - timedelta(days=1))
    release(database)
    with database.reading() as session:
        index = figure_of(session, point.office_id)
        assert index is not None
        assert (index.value, index.degrees_of_freedom, index.sampling_basis) == (0.6, 1, "opt_in")


def test_classes_are_never_pooled(database: Database) -> None:
    point, _, _ = two_offices(database)
    with database.transaction() as session:
        kiosk = factories.access_point(
            session, campaign_id=point.campaign_id, office_id=point.office_id, provenance="B", mode="kiosk"
        )
        for day in (DAY, DAY - timedelta(days=1)):
            receive(session, point, 5, day=day)
            receive(session, kiosk, 3, NOT_SATISFIED, day=day)
            receive(session, kiosk, 3, day=day)
    release(database)
    with database.reading() as session:
        found = [figure_of(session, point.office_id, provenance=letter) for letter in "BC"]
        assert [(one.value, one.n_respondents) for one in found if one] == [(0.5, 12), (1.0, 10)]


def test_population_is_known_only_when_every_month_of_every_office_is(database: Database) -> None:
    first, second, parent_id = two_offices(database, opens_on=date(2026, 2, 1))
    with database.transaction() as session:
        for point in (first, second):
            receive(session, point, 5, day=date(2026, 2, 20))
            receive(session, point, 5)
            for month in (date(2026, 2, 1), date(2026, 3, 1)):
                if (point, month) != (second, date(2026, 2, 1)):
                    factories.dossier_count(session, office_id=point.office_id, month=month, n_settled=100)
    release(database)
    with database.reading() as session:
        found = [
            figure_of(session, office_id) for office_id in (first.office_id, second.office_id, parent_id)
        ]
        assert [one.population_size for one in found if one] == [200, None, None]


def test_a_row_that_does_not_fit_is_named_and_holds_up_only_its_office(database: Database) -> None:
    broken, sound, _ = two_offices(database)
    with database.transaction() as session:
        receive(session, broken, 5)
        receive(session, sound, 5)
        session.execute(
            update(Response).where(Response.access_point_id == broken.id).values(answers=b"\xee\xee")
        )
    with pytest.raises(UnfitResponses, match=f"access point {broken.id}, 2026-03-10"):
        release(database)
    with database.reading() as session:
        assert figure_of(session, broken.office_id) is None
        assert figure_of(session, sound.office_id) is not None


def test_a_count_that_no_rows_bear_out_is_named(database: Database) -> None:
    point, _, _ = two_offices(database)
    with database.transaction() as session:
        factories.access_point_day(session, access_point_id=point.id, n_received=5)
    with pytest.raises(UnfitResponses, match="5 responses counted, 0 stored"):
        release(database)


def test_a_release_that_was_overtaken_writes_nothing(database: Database) -> None:
    point, _, _ = two_offices(database)
    with database.transaction() as session:
        receive(session, point, 5)
    with database.reading() as session:
        due = release_module.due_offices(session, DAY)
        slow = release_module.prepare_release(session, due[0].campaign_id, due, DAY, [])
    with database.transaction() as session:
        receive(session, point, 5)
    release(database)
    with database.transaction() as session:
        slow.write(session, MOMENT)
        index = figure_of(session, point.office_id)
        assert index is not None
        assert index.n_respondents == 10


def test_another_method_version_renews_every_figure(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, _ = two_offices(database)
    with database.transaction() as session:
        receive(session, first, 5)
    release(database)
    monkeypatch.setattr(release_module, "METHOD_VERSION", "next")
    with database.transaction() as session:
        receive(session, second, 5)
    release(database, MOMENT + timedelta(days=1))
    with database.reading() as session:
        renewed = figure_of(session, first.office_id)
        assert renewed is not None
        assert renewed.released_on == DAY + timedelta(days=1)
        assert session.scalar(select(Publication.method_version)) == "next"


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_other_terms_of_the_campaign_renew_every_figure(database: Database) -> None:
    first, second, _ = two_offices(database, minimum_n=20)
    with database.transaction() as session:
        receive(session, first, 12)
    release(database)
    with database.transaction() as session:
        assert figure_of(session, first.office_id).hidden_in_public == "few"
        session.get_one(Campaign, first.campaign_id).minimum_n = 10
        receive(session, second, 10)
    release(database)
    with database.reading() as session:
        assert figure_of(session, first.office_id).hidden_in_public is None
        assert session.scalars(select(Publication.minimum_n)).one() == 10
        assert session.scalars(select(Publication.revision)).one() == 2


def test_a_move_renews_the_figures_of_both_parents_though_nobody_answers(database: Database) -> None:
    first, second, parent_id = two_offices(database)
    with database.transaction() as session:
        receive(session, first, 20)
        receive(session, second, 20)
        other_id = factories.office(session, kind="province").id
    release(database)
    with database.transaction() as session:
        session.get_one(Office, first.office_id).parent_id = other_id
        mark_stale(session, [parent_id, other_id])
    with database.reading() as session:
        assert is_anything_due(session, DAY, in_settled_too=False)
    release(database)
    with database.reading() as session:
        found = [figure_of(session, one) for one in (parent_id, other_id, first.office_id)]
        assert [one.n_people for one in found if one] == [20, 20, 20]
        assert not is_anything_due(session, DAY, in_settled_too=False)


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_the_figures_of_a_parent_that_lost_all_its_offices_go(database: Database) -> None:
    first, second, parent_id = two_offices(database)
    with database.transaction() as session:
        receive(session, first, 20)
    release(database)
    with database.transaction() as session:
        for point in (first, second):
            session.get_one(Office, point.office_id).parent_id = None
        mark_stale(session, [parent_id])
    release(database)
    with database.reading() as session:
        assert figure_of(session, parent_id) is None
        assert figure_of(session, first.office_id) is not None


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_counter_that_changes_its_field_takes_its_answers_along(database: Database) -> None:
    with database.transaction() as session:
        office_id = factories.office(session).id
        fields = [factories.service_field(session) for _ in range(2)]
        counter = factories.counter(session, office_id=office_id, field_id=fields[0].id)
        receive(session, factories.access_point(session, office_id=office_id, counter_id=counter.id), 20)
    release(database)
    with database.transaction() as session:
        session.get_one(factories.Counter, counter.id).field_id = fields[1].id
        mark_stale(session, [office_id])
    release(database)
    with database.reading() as session:
        found = [figure_of(session, office_id, breakdown=f"field:{one.code}") for one in fields]
        assert [one and one.n_people for one in found] == [None, 20]


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_the_job_reports_its_progress(database: Database, settings: object) -> None:
    first, second, _ = two_offices(database)
    with database.transaction() as session:
        receive(session, first, 5)
        receive(session, second, 5)
    reports: list[tuple[int, int]] = []
    release_module.run(
        Work(1, {}, database, settings, MOMENT, lambda done, total: reports.append((done, total)))  # type: ignore[arg-type]
    )
    assert reports[-1] == (2, 2)
