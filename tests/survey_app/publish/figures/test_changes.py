"""Changes between periods: what the release stores equals what the library says of the same answers."""

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.exc import DatabaseError

from analysis import SurveyDesign, change, ratio
from survey_app.db import Database
from survey_app.models.access_point import AccessPoint
from survey_app.models.breakdown import first_day_of, quarter_name
from survey_app.models.publication import Change, Figure, Publication
from survey_app.publish.releasing.freeze import publish_wave
from tests import factories
from tests.survey_app.publish.counter_feedback import SATISFIED, receive, release

# Month → answers of each day: how many were satisfied, how many were not.
DAYS = {
    date(2025, 11, 1): [(5, 2), (6, 1), (3, 3)],
    date(2025, 12, 1): [(4, 2), (5, 2), (6, 2)],
    date(2026, 1, 1): [(4, 4), (7, 1), (5, 2)],
    date(2026, 2, 1): [(6, 1), (7, 1), (6, 2)],
}
UNSATISFIED = {"q1": "1", "q2": "2"}


def noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 5, tzinfo=factories.MOMENT.tzinfo)


def answered(database: Database, parent: bool = False) -> AccessPoint:
    """One counter's responses, month by month, each released before the next begins."""
    with database.transaction() as session:
        campaign = factories.campaign(session, opens_on=date(2025, 10, 1))
        province = factories.office(session, kind="province") if parent else None
        office = factories.office(session, parent_id=province.id if province else None)
        point = factories.access_point(session, campaign_id=campaign.id, office_id=office.id)
    for month, days in DAYS.items():
        with database.transaction() as session:
            for place, (good, bad) in enumerate(days):
                receive(session, point, good, SATISFIED, month + timedelta(days=3 * place))
                receive(session, point, bad, UNSATISFIED, month + timedelta(days=3 * place))
        release(database, noon(month + timedelta(days=20)))
    return point


def changes_of(database: Database, office_id: int) -> dict[str, Change]:
    with database.reading() as session:
        found = session.scalars(select(Change).where(Change.office_id == office_id)).all()
    return {one.later: one for one in found}


def by_the_library(earlier: list[date], later: list[date]):  # the library's own path: respondents, not sums
    rows = [
        (f"{month} {day}", period, 2 * satisfied)
        for period, months in (("earlier", earlier), ("later", later))
        for month in months
        for day, (good, bad) in enumerate(DAYS[month])
        for satisfied in [1] * good + [0] * bad
    ]
    psu, wave, satisfied = zip(*rows, strict=True)
    # PSUs of the whole design, also of the months that are not compared.
    others = [
        f"{month} {day}"
        for month, days in DAYS.items()
        for day in range(len(days))
        if f"{month} {day}" not in psu
    ]
    design = SurveyDesign([1.0] * (len(rows) + len(others)), psu=[*psu, *others])
    by = {"wave": [*wave, *["none"] * len(others)]}
    shares = ratio(
        design,
        {"index": [*satisfied, *[0] * len(others)]},
        {"index": [2] * len(rows) + [1] * len(others)},
        by,
    )
    return change(shares, "wave", earlier="earlier", later="later")[0, "index"]


@pytest.mark.parametrize(
    ("later", "earlier_months", "later_months"),
    [
        ("month:2026-02", [date(2026, 1, 1)], [date(2026, 2, 1)]),
        ("month:2026-01", [date(2025, 12, 1)], [date(2026, 1, 1)]),
        (
            "quarter:2026-1",
            [date(2025, 11, 1), date(2025, 12, 1)],
            [date(2026, 1, 1), date(2026, 2, 1)],
        ),
    ],
)
def test_a_stored_change_is_that_of_the_library(
    database: Database, later: str, earlier_months: list[date], later_months: list[date]
) -> None:
    point = answered(database)
    stored = changes_of(database, point.office_id)[later]
    expected = by_the_library(earlier_months, later_months)
    interval = expected.confidence_interval()
    assert stored.value == pytest.approx(expected.value, abs=1e-12)
    assert stored.standard_error == pytest.approx(expected.standard_error, abs=1e-12)
    assert stored.degrees_of_freedom == expected.degrees_of_freedom
    assert (stored.low, stored.high) == pytest.approx((interval.low, interval.high), abs=1e-12)
    assert stored.n_earlier == sum(sum(day) for month in earlier_months for day in DAYS[month])
    assert stored.n_later == sum(sum(day) for month in later_months for day in DAYS[month])


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_only_the_last_periods_are_compared_each_with_the_one_before(database: Database) -> None:
    point = answered(database)
    found = changes_of(database, point.office_id)
    assert {one.later: one.earlier for one in found.values()} == {
        "month:2026-02": "month:2026-01",
        "month:2026-01": "month:2025-12",
        "quarter:2026-1": "quarter:2025-4",
    }


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_parent_has_the_changes_of_all_below_it(database: Database) -> None:
    point = answered(database, parent=True)
    with database.reading() as session:
        parent_id = session.scalar(
            select(factories.Office.parent_id).where(factories.Office.id == point.office_id)
        )
    own, above = changes_of(database, point.office_id), changes_of(database, parent_id)
    assert own.keys() == above.keys()
    assert [above[name].value for name in own] == pytest.approx([one.value for one in own.values()])


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_months_of_which_all_are_satisfied_have_limits_of_their_change_alone(
    database: Database,
) -> None:
    with database.transaction() as session:
        point = factories.access_point(
            session, campaign_id=factories.campaign(session, opens_on=date(2025, 10, 1)).id
        )
        for month in (1, 2):
            for day in (3, 6):
                receive(session, point, 6, SATISFIED, date(2026, month, day))
    release(database)
    (found,) = changes_of(database, point.office_id).values()
    assert (found.value, found.standard_error, found.reason) == (0, None, None)
    assert -1 < found.low == -found.high < 0


def test_quarters_are_named_as_people_count_them() -> None:
    ends = {date(2026, 1, 31): "quarter:2026-1", date(2026, 12, 1): "quarter:2026-4"}
    for day, name in ends.items():
        assert quarter_name(day) == name
        assert first_day_of(name) == date(2026, 1 if day.month == 1 else 10, 1)


# ---- waves


def wave(database: Database, year: int, office_id: int, good: int, bad: int, **given: object) -> int:
    """Publish one year's measurement of an office: four wards of a drawn sample."""
    with database.transaction() as session:
        campaign = factories.campaign(
            session,
            kind="annual",
            opens_on=date(year, 2, 1),
            closes_on=date(year, 2, 15),
            **{"sampling_basis": "probability", **given},
        )
        point = factories.access_point(
            session,
            campaign_id=campaign.id,
            office_id=office_id,
            way_in="paper",
            mode="paper",
            provenance="A",
        )
        for place in range(4):
            cell = factories.sample_cell(session, campaign_id=campaign.id, psu=f"W{place}", weight=1.0)
            for answers, n in ((SATISFIED, good + place), (UNSATISFIED, bad)):
                for _ in range(n):
                    factories.response(
                        session, answers, access_point_id=point.id, day=date(year, 2, 10), cell_id=cell.id
                    )
        n = 4 * (good + bad) + 6
        factories.access_point_day(session, access_point_id=point.id, day=date(year, 2, 10), n_received=n)
    return publish_wave(database, campaign.id, noon(date(year, 3, 1)))


def of_wave(database: Database, publication_id: int) -> list[Change]:
    with database.reading() as session:
        return list(session.scalars(select(Change).where(Change.publication_id == publication_id)))


def test_a_wave_is_compared_with_the_one_before(database: Database) -> None:
    with database.transaction() as session:
        office_id = factories.office(session).id
        version_id = factories.instrument_version(session).id
    first = wave(database, 2024, office_id, 5, 5, instrument_version_id=version_id)
    second = wave(database, 2025, office_id, 8, 3, instrument_version_id=version_id)
    assert of_wave(database, first) == []
    (found,) = of_wave(database, second)
    assert (found.earlier, found.earlier_publication_id) == ("publication", first)
    # (8+9+10+11)/(38+12) against (5+6+7+8)/(26+20)
    assert found.value == pytest.approx(38 / 50 - 26 / 46)
    assert found.low < found.value < found.high
    assert (found.n_earlier, found.n_later) == (46, 50)


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_change_to_100_percent_or_by_few_wards_stays_possible(database: Database) -> None:
    with database.transaction() as session:
        offices = [factories.office(session).id for _ in range(2)]
        version_id = factories.instrument_version(session).id
    for office_id, n_bad in zip(offices, (0, 1), strict=True):
        before = wave(database, 2024, office_id, 3, 9, instrument_version_id=version_id)
        after = wave(database, 2025, office_id, 8, n_bad, instrument_version_id=version_id)
        (found,) = of_wave(database, after)
        with database.reading() as session:
            earlier, later = (
                session.scalars(
                    select(Figure).where(
                        Figure.publication_id == one, Figure.office_id == office_id, Figure.measure == "index"
                    )
                ).one()
                for one in (before, after)
            )
        assert (found.standard_error is None) == (n_bad == 0)
        assert later.low - earlier.high <= found.low <= found.value <= found.high <= later.high - earlier.low


FORM = factories.definition("yearly", 1)
FORMS = {
    "same": replace(FORM, version=2),
    "another name": replace(FORM, code="other"),
    "question more": replace(
        FORM, version=2, items=(*FORM.items[:2], replace(FORM.items[1], code="q3"), *FORM.items[2:])
    ),
    "another rule": replace(FORM, version=2, index=replace(FORM.index, satisfied=("3", "4", "5"))),
}


@pytest.mark.parametrize(
    ("form", "basis", "is_compared"),
    [
        ("same", "probability", True),
        ("another name", "probability", True),
        ("question more", "probability", False),
        ("another rule", "probability", False),
        ("same", "census", False),
    ],
)
@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_the_same_questions_put_to_people_chosen_alike_are_compared(
    database: Database, form: str, basis: str, is_compared: bool
) -> None:
    with database.transaction() as session:
        office_id = factories.office(session).id
        one, other = (factories.instrument_version(session, found).id for found in (FORM, FORMS[form]))
    wave(database, 2024, office_id, 5, 5, instrument_version_id=one)
    second = wave(database, 2025, office_id, 8, 3, instrument_version_id=other, sampling_basis=basis)
    (found,) = of_wave(database, second)
    assert (found.value is not None, found.reason == "not_comparable") == (is_compared, not is_compared)


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_the_wave_before_is_the_latest_of_these_offices_or_the_one_that_was_named(database: Database) -> None:
    with database.transaction() as session:
        here, elsewhere = (factories.office(session).id for _ in range(2))
        version_id = factories.instrument_version(session).id
    waves = {
        year: wave(database, year, office_id, 5, 5, instrument_version_id=version_id)
        for year, office_id in ((2022, here), (2023, here), (2024, elsewhere))
    }
    with database.reading() as session:
        named = session.get_one(Publication, waves[2022]).campaign_id
    for previous_id, expected in ((None, waves[2023]), (named, waves[2022])):
        number = wave(database, 2025, here, 8, 3, instrument_version_id=version_id, previous_id=previous_id)
        (found,) = of_wave(database, number)
        assert (found.earlier_publication_id, found.reason) == (expected, None)


def test_a_real_wave_that_follows_the_demo_in_words_is_not_compared_with_its_figures(
    database: Database,
) -> None:
    with database.transaction() as session:
        office_id, version_id = factories.office(session).id, factories.instrument_version(session).id
    made_up = wave(database, 2024, office_id, 5, 5, instrument_version_id=version_id, is_demo=True)
    with database.reading() as session:
        campaign_id = session.get_one(Publication, made_up).campaign_id
    for is_demo in (False, True):
        said = {"instrument_version_id": version_id, "previous_id": campaign_id, "is_demo": is_demo}
        later = wave(database, 2025, office_id, 8, 3, **said)
        assert [one.earlier_publication_id for one in of_wave(database, later)] == [made_up] * is_demo


def test_a_sealed_change_cannot_be_changed(database: Database) -> None:
    with database.transaction() as session:
        change = factories.figure_change(session)
        publication = session.get_one(factories.Publication, change.publication_id)
        publication.kind = "wave"
        session.flush()
        publication.sealed_at = factories.MOMENT
    cells = {column.name: getattr(change, column.name) for column in Change.__table__.columns}
    for statement in (
        Change.__table__.update().values(value=0.02),
        Change.__table__.delete(),
        Change.__table__.insert().values(cells | {"later": "month:2026-03"}),
    ):
        with pytest.raises(DatabaseError, match="sealed"), database.transaction() as session:
            session.execute(statement)
