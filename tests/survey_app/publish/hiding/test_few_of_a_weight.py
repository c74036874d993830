"""One who answered alone in a ward stays unknown to whoever reads all that the public is given."""

import csv
import io
import random
from datetime import timedelta
from itertools import product

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from survey_app.models.publication import Figure, Publication
from survey_app.prepare.instruments.definition_file import shipped_definition
from survey_app.publish.releasing.freeze import publish_wave
from survey_app.publish.releasing.verify import verify
from tests import factories
from tests.factories import DAY, MOMENT

WEIGHTS, N_OTHERS = (41.72, 17.39), 14


def two_wards(app: Flask, n_alone: int) -> int:
    """Publish one office of two wards, where so few answered in the one and fourteen in the other."""
    chance = random.Random(3)
    form = shipped_definition("sipas_service_2022")
    options = {
        item.code: [one.code for one in item.options if one.meaning == "answer"]
        for item in form.items
        if item.reported_as
    }
    with app.extensions["database"].transaction() as session:
        campaign = factories.annual_campaign(
            session,
            code="nam",
            instrument_version_id=factories.instrument_version(session, form).id,
        )
        office = factories.office(session, code="X1", name="X1")
        point = factories.access_point(
            session,
            campaign_id=campaign.id,
            office_id=office.id,
            code=None,
            mode="paper",
            way_in="paper",
            provenance="A",
        )
        for place, (weight, n) in enumerate(zip(WEIGHTS, (n_alone, N_OTHERS), strict=True)):
            cell = factories.sample_cell(
                session, campaign_id=campaign.id, stratum="X1", psu=f"W{place}", weight=weight
            )
            for _ in range(n):
                answers = {item: chance.choice(given[-2:] + given) for item, given in options.items()}
                factories.response(session, answers, access_point_id=point.id, day=DAY, cell_id=cell.id)
        factories.access_point_day(
            session, access_point_id=point.id, day=DAY, n_opened=0, n_received=n_alone + N_OTHERS
        )
        campaign_id = campaign.id
    return publish_wave(app.extensions["database"], campaign_id, MOMENT + timedelta(days=3))


def items_shown(client: FlaskClient) -> list[dict[str, str]]:
    text = client.get("/results/nam.csv").get_data().decode("utf-8-sig")
    found = csv.DictReader(io.StringIO(text))
    return [row for row in found if row["measure"].startswith("item:") and row["estimate"]]


def answers_that_fit(printed: float) -> set[int]:
    """Try all answers of the one and the fourteen, with the weights known."""
    total = WEIGHTS[0] + N_OTHERS * WEIGHTS[1]
    every = product((0, 1), range(N_OTHERS + 1))
    return {
        one
        for one, others in every
        if abs((one * WEIGHTS[0] + others * WEIGHTS[1]) / total - printed) <= 0.0005
    }


def test_nothing_in_public_fixes_the_one(app: Flask, client: FlaskClient) -> None:
    number = two_wards(app, n_alone=1)
    shown = items_shown(client)
    assert [row["measure"] for row in shown if answers_that_fit(float(row["estimate"])) != {0, 1}] == [
        row["measure"] for row in shown if row["estimate"] == "1.0"
    ]
    with app.extensions["database"].reading() as session:
        figures = session.scalars(select(Figure).where(Figure.measure.startswith("item:"))).all()
        assert {one.hidden_inside for one in figures} == {None}, "staff see figures of five"
        assert "few" in {one.hidden_in_public for one in figures}
        assert verify(session, session.get_one(Publication, number)).difference is None


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_five_of_a_weight_hide_one_another_and_all_is_rounded(app: Flask, client: FlaskClient) -> None:
    two_wards(app, n_alone=5)
    shown = items_shown(client)
    assert len(shown) > 10
    for name in ("estimate", "standard_error", "low", "high", "t_low", "t_high"):
        assert all(len(row[name]) <= len("-0.123") for row in shown)
    with app.extensions["database"].reading() as session:
        stored = session.scalars(select(Figure.value).where(Figure.measure.startswith("item:"))).all()
        assert any(len(str(value)) > 10 for value in stored)
