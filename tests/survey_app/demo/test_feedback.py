"""The demo's counter feedback: codes at every counter, and answers that show what there is to show."""

import re
from collections import Counter
from datetime import date, timedelta

from sqlalchemy import func, select

from survey_app.db import Database
from survey_app.demo.accounts import MANAGED_OFFICE
from survey_app.demo.feedback import first_day, opening_day
from survey_app.models.access_point import AccessPoint, AccessPointDay
from survey_app.models.breakdown import WHOLE
from survey_app.models.campaign import Campaign
from survey_app.models.instrument import InstrumentVersion
from survey_app.models.office import Counter as OfficeCounter, Office
from survey_app.models.publication import Figure, Publication
from survey_app.models.response import Comment, Response
from tests import factories


def test_responses_begin_on_the_first_of_a_month_while_the_campaign_is_open() -> None:
    for place in range(800):
        today = date(2026, 1, 1) + timedelta(days=place)
        begins, opens = first_day(today), opening_day(today)
        assert begins.day == 1
        assert opens <= begins
        assert (today - begins).days <= 362
        assert begins == date(2025, 7, 1) or (today - begins).days >= 330
        assert opens == max(date(2025, 7, 1), date(begins.year, 1, 1))


def test_every_counter_of_a_living_office_has_its_code(demo: Database) -> None:
    with demo.reading() as session:
        counters = session.execute(
            select(OfficeCounter.id, OfficeCounter.office_id)
            .join(Office, Office.id == OfficeCounter.office_id)
            .where(Office.code.startswith("MAU"), Office.valid_until.is_(None))
        ).all()
        points = session.scalars(select(AccessPoint).where(AccessPoint.way_in == "poster")).all()
        closes_on = session.scalars(select(Campaign.closes_on).where(Campaign.kind == "continuous")).one()
    assert sorted(row.id for row in counters) == sorted(point.counter_id for point in points)
    n_counters = Counter(row.office_id for row in counters)
    assert len(n_counters) == 41
    assert set(n_counters.values()) == {2, 3, 4}
    assert {(point.mode, point.provenance) for point in points} == {("web", "C")}
    assert closes_on is None


def index_figures(demo: Database) -> dict[str, Figure]:
    query = (
        select(Office.code, Figure)
        .join(Figure, Figure.office_id == Office.id)
        .join(Publication, Publication.id == Figure.publication_id)
        .where(
            Publication.kind == "running",
            Figure.measure == "index",
            Figure.breakdown == WHOLE,
            Figure.provenance == "C",
        )
    )
    with demo.reading() as session:
        return dict(map(tuple, session.execute(query)))


def test_feedback_shows_what_there_is_to_show(demo: Database) -> None:
    figures = index_figures(demo)
    province = figures.pop("MAU")
    with demo.reading() as session:
        n_responses = session.scalars(
            select(func.sum(AccessPointDay.n_received))
            .join(AccessPoint, AccessPoint.id == AccessPointDay.access_point_id)
            .where(AccessPoint.code.is_not(None))
        ).one()
    assert 10_000 <= n_responses <= 14_000
    # One office has no response at all, another too few to be released.
    assert len(figures) == 39
    few = [figure for figure in figures.values() if figure.n_respondents < 10]
    assert len(few) == 2
    ordinary = [figure for figure in figures.values() if figure not in few]
    for figure in [*ordinary, province]:
        assert 0.03 <= figure.n_respondents / figure.population_size <= 0.15
    values = sorted(figure.value for figure in ordinary)
    assert values[0] < 0.7
    assert values[-2] > 0.9
    assert values[-1] > 0.98


def test_trends_run_over_the_months_and_some_rise(demo: Database) -> None:
    with demo.reading() as session:
        rows = session.execute(
            select(Office.code, Figure.breakdown, Figure.value, Figure.n_respondents)
            .join(Office, Office.id == Figure.office_id)
            .where(Figure.provenance == "C", Figure.breakdown.startswith("month:"))
            .order_by(Office.code, Figure.breakdown)
        ).all()
    months = {code: [row for row in rows if row[0] == code] for code in ("MAU", MANAGED_OFFICE)}
    names = [f"month:{date(2025 + n // 12, n % 12 + 1, 1):%Y-%m}" for n in range(6, 15)]
    for of_office in months.values():
        assert [row.breakdown for row in of_office] == names
    assert all(1_000 <= row.n_respondents <= 2_000 for row in months["MAU"][:-1])
    managed = [row.value for row in months[MANAGED_OFFICE]]
    assert sum(managed[-3:]) / 3 - sum(managed[:3]) / 3 > 0.05


def test_feedback_is_the_hardest_item_to_satisfy(demo: Database) -> None:
    with demo.reading() as session:
        rows = session.execute(
            select(Figure.measure, Figure.value)
            .join(Office, Office.id == Figure.office_id)
            .join(Publication, Publication.id == Figure.publication_id)
            .where(Publication.kind == "running", Office.code == "MAU", Figure.measure.startswith("item:"))
        )
        values = dict(map(tuple, rows))
    rated = {f"item:{item}" for item in ("overall", "information", "manner", "on_time", "feedback")}
    assert values.keys() == rated | {"item:came_back"}
    assert min(rated, key=values.__getitem__) == "item:feedback"


def test_stored_answers_are_those_a_form_could_send(demo: Database) -> None:
    with demo.reading() as session:
        version = session.scalars(
            select(InstrumentVersion).where(InstrumentVersion.code == "counter_short")
        ).one()
        packed = session.scalars(
            select(Response.answers).where(Response.instrument_version_id == version.id)
        ).all()
        days = session.scalars(select(Response.day).where(Response.cell_id.is_(None))).all()
    definition = version.definition
    given = [definition.unpack(answers) for answers in packed]
    assert all(given)
    assert not any(map(definition.contradictions, given))
    shares = {
        item.code: sum(item.code in answers for answers in given) / len(given) for item in definition.items
    }
    assert 0.80 < shares["feedback"] < shares["overall"] < 1
    assert 0.7 < shares["sex"] < 0.9
    assert {"no_opinion", "na"} <= {answers.get("on_time") for answers in given}
    assert max(days) < factories.DAY
    assert factories.DAY - min(days) > timedelta(days=70)
    assert not any(day.weekday() == 6 for day in days)


def test_openings_and_responses_of_a_day_agree(demo: Database) -> None:
    with demo.reading() as session:
        stored = session.execute(
            select(Response.access_point_id, Response.day, func.count()).group_by(
                Response.access_point_id, Response.day
            )
        ).all()
        received = session.scalars(select(AccessPointDay)).all()
    assert {(p, day): n for p, day, n in stored} == {
        (row.access_point_id, row.day): row.n_received for row in received
    }
    opened = [row for row in received if row.n_opened]
    assert all(row.n_opened >= row.n_received for row in opened)
    assert 1.1 < sum(r.n_opened for r in opened) / sum(r.n_received for r in opened) < 1.3


def test_no_comment_names_a_person_or_a_number(demo: Database) -> None:
    with demo.reading() as session:
        texts = session.scalars(select(Comment.text)).all()
    assert not [text for text in texts if re.search(r"\d|@|\b(ông|bà|anh|chị) [A-ZĐ]", text)]
    assert len(set(texts)) > len(texts) / 2
