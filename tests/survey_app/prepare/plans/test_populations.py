"""What sizes rest on: whose dossiers, of which months, and what the last wave found."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import delete

from survey_app.models.campaign import Campaign
from survey_app.models.known_offices import known_offices
from survey_app.models.office import Office
from survey_app.models.publication import Figure, Publication
from survey_app.prepare.plans.populations import known_of
from tests import factories
from tests.survey_app.prepare.plans.conftest import DOSSIERS, WHOLE

TODAY = date(2026, 3, 10)
pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


def with_days(first, last, tops=("T",)):
    return replace(
        WHOLE, population=replace(WHOLE.population, settled_from=first, settled_until=last, tops=tops)
    )


def test_same_months_of_the_last_counted_year_stand_in(database, stage):
    with database.reading() as session:
        known = known_of(session, stage.campaign, WHOLE, TODAY)
        assert {one.code: one.population for one in known.offices} == DOSSIERS
        assert (known.first_month, known.last_month) == (date(2025, 1, 1), date(2025, 12, 1))
        assert not known.is_own
        assert {one.n_months for one in known.offices} == {known.n_months} == {12}
        own = known_of(session, stage.campaign, with_days(date(2025, 3, 5), date(2025, 4, 6)), TODAY)
        assert own.is_own
        assert (own.first_month, own.last_month) == (date(2025, 3, 1), date(2025, 4, 1))
        assert known_of(session, stage.campaign, with_days(TODAY, date(2026, 1, 1)), TODAY) is None


def test_where_no_such_month_is_counted_the_latest_stand_in(database, stage):
    with database.transaction() as session:
        young = factories.office(session, parent_id=stage.other.id)
        for month in (1, 2, 3):  # the last is not over yet on this day
            month_of = date(2026, month, 1)
            factories.dossier_count(session, office_id=young.id, month=month_of, field_id=0, n_settled=7)
        november = with_days(date(2026, 11, 1), date(2026, 12, 31), tops=("U",))
        known = known_of(session, stage.campaign, november, TODAY)
        assert (known.first_month, known.last_month) == (date(2026, 1, 1), date(2026, 2, 1))
        assert [one.population for one in known.offices] == [14]


def test_what_one_office_entered_for_a_wrong_year_is_not_the_populations(database, stage):
    november = with_days(date(2026, 11, 1), date(2026, 11, 30), tops=("U",))
    with database.transaction() as session:
        for n_settled in (7, 8, 9):
            office = factories.office(session, parent_id=stage.other.id)
            for month in (date(2026, 1, 1), date(2026, 2, 1)):
                factories.dossier_count(
                    session, office_id=office.id, month=month, field_id=0, n_settled=n_settled
                )
        wrong = {"office_id": office.id, "month": date(2025, 11, 1), "field_id": 0, "n_settled": 1_200}
        factories.dossier_count(session, **wrong)
        known = known_of(session, stage.campaign, november, TODAY)
        assert known.first_month == known.last_month == date(2026, 2, 1)
        assert sum(one.population for one in known.offices) == 24


def test_tops_bound_the_offices_and_none_means_all(database, stage):
    with database.reading() as session:
        assert len(known_offices(session).under(("T",))) == 4
        assert len(known_offices(session).under(())) == 5
        assert known_offices(session).under(("no-such",)) == set()
        assert known_of(session, stage.campaign, with_days(*[TODAY] * 2, tops=("U",)), TODAY).offices == ()


def test_last_waves_figures_stand_beside_their_offices(database, stage):
    with database.transaction() as session:
        before = factories.campaign(
            session, kind="annual", opens_on=date(2025, 11, 1), closes_on=date(2025, 11, 30)
        )
        wave = factories.publication(session, campaign_id=before.id, kind="wave")
        named = {"publication_id": wave.id, "provenance": "A", "effective_sample_size": 250.0}
        factories.figure(session, office_id=stage.offices["B"].id, value=0.9, low=0.85, high=0.95, **named)
        factories.figure(session, office_id=stage.offices["C"].id, hidden_inside="few", **named)
        wave.sealed_at = datetime(2026, 1, 1, tzinfo=UTC)
    with database.reading() as session:
        known = known_of(session, stage.campaign, WHOLE, TODAY)
    found = {one.code: (one.share_before, one.n_before) for one in known.offices}
    assert found == {"A": (None, None), "B": (0.9, 250.0), "C": (None, None)}
    assert known.before.id == before.id
    stage.campaign.is_demo = True  # as it is handed over, in no database
    with database.reading() as session:
        known = known_of(session, stage.campaign, WHOLE, TODAY)
    assert known.before is None, "made-up people and real ones tell nothing of each other"


def test_a_wave_that_got_the_number_of_one_taken_out_has_its_own_figures(database, stage):
    """What is read of sealed waves is kept, but the demo can be taken out and loaded anew."""
    numbers = set()
    stage.campaign.is_demo = True  # as it is handed over, in no database: the demo's rows alone go
    for code, share in (("B", 0.9), ("C", 0.7)):
        with database.transaction() as session:
            days = {"opens_on": date(2025, 11, 1), "closes_on": date(2025, 11, 30)}
            before = factories.campaign(session, kind="annual", is_demo=True, **days)
            of_recipe = {"data_hash": "0" * 64, "recipe_id": "1" * 64}
            wave = factories.publication(session, campaign_id=before.id, kind="wave", **of_recipe)
            numbers.add(wave.id)
            index = {"value": share, "low": share - 0.05, "high": share + 0.05, "provenance": "A"}
            factories.figure(session, publication_id=wave.id, office_id=stage.offices[code].id, **index)
            wave.sealed_at = datetime(2026, 1, 1, tzinfo=UTC)
        with database.reading() as session:
            known = known_of(session, stage.campaign, WHOLE, TODAY)
        assert {one.code: one.share_before for one in known.offices if one.share_before} == {code: share}
        with database.transaction() as session:
            for row in (Figure, Publication):
                session.execute(delete(row))
            session.execute(delete(Campaign).where(Campaign.is_demo))
    assert len(numbers) == 1, "else this test shows nothing"


def test_frame_says_what_can_be_drawn_once_there_is_one(database, stage):
    with database.transaction() as session:
        frame = factories.frame(session, campaign_id=stage.campaign.id)
        office_id = stage.offices["B"].id
        factories.frame_office(session, frame_id=frame.id, office_id=office_id, n_received=40, n_decided=3)
        for counted_for, n in (("receives", 40), ("decides", 3)):
            plan = replace(WHOLE, population=replace(WHOLE.population, counted_for=counted_for))
            known = known_of(session, stage.campaign, plan, TODAY)
            assert {one.code: one.population for one in known.offices} == {"A": 0, "B": n, "C": 0}
            assert known.frame.id == frame.id


def test_what_is_kept_of_a_frames_offices_follows_their_names_and_the_wave_before(database, stage):
    with database.transaction() as session:
        frame = factories.frame(session, campaign_id=stage.campaign.id)
        office_id = stage.offices["B"].id
        factories.frame_office(session, frame_id=frame.id, office_id=office_id, n_received=40)

    def seen():
        with database.reading() as session:
            offices = known_of(session, stage.campaign, WHOLE, TODAY).offices
        return [(one.name, one.share_before) for one in offices if one.id == office_id]

    name = stage.offices["B"].name
    assert seen() == seen() == [(name, None)]
    with database.transaction() as session:
        session.get_one(Office, office_id).name = "Xã Mới"
    assert seen() == [("Xã Mới", None)]
    with database.transaction() as session:
        days = {"opens_on": date(2025, 11, 1), "closes_on": date(2025, 11, 30)}
        before = factories.campaign(session, kind="annual", **days)
        of_recipe = {"data_hash": "0" * 64, "recipe_id": "2" * 64}
        wave = factories.publication(session, campaign_id=before.id, kind="wave", **of_recipe)
        index = {"value": 0.9, "low": 0.85, "high": 0.95, "provenance": "A"}
        factories.figure(session, publication_id=wave.id, office_id=office_id, **index)
        wave.sealed_at = datetime(2026, 1, 1, tzinfo=UTC)
    assert seen() == [("Xã Mới", 0.9)]
