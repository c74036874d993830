"""A whole campaign frozen: R's figures, in the rows and in the file, and never changed again."""

import csv
import io

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Update, select, update
from sqlalchemy.exc import DBAPIError

from survey_app.db import Database
from survey_app.models.campaign import SampleCell
from survey_app.models.office import Office
from survey_app.models.publication import Figure, Publication
from survey_app.publish.freeze import data_checksum, publish_wave
from tests import factories
from tests.factories import MOMENT
from tests.survey_app.publish import sipas
from tests.survey_app.publish.counter_feedback import receive

MEASURES = {
    "all": "index",
    "f1_access": "factor:f1",
    "f2_procedure": "factor:f2",
    "f3_staff": "factor:f3",
    "f4_result": "factor:f4",
    "f5_feedback": "factor:f5",
}


def publish_sipas(database: Database) -> Publication:
    with database.transaction() as session:
        return publish_wave(session, sipas.build(session), MOMENT)


def test_frozen_figures_and_the_file_agree_with_r(app: Flask, client: FlaskClient) -> None:
    publication = publish_sipas(app.extensions["database"])
    with app.extensions["database"].reading() as session:
        stored = {
            (code, figure.measure): figure
            for figure, code in session.execute(
                select(Figure, Office.code).join(Office, Office.id == Figure.office_id)
            )
        }
    lines = csv.DictReader(io.StringIO(client.get("/results/annual-2025.csv").get_data().decode("utf-8-sig")))
    downloaded = {(line["office_code"], line["measure"]): line for line in lines}
    expected = list(sipas.expected_rows())
    assert len(expected) == (3 + 30) * 6
    for row in expected:
        key = (row["domain"], MEASURES[row["variable"]])
        figure, line = stored[key], downloaded[key]
        wanted = pytest.approx(
            [float(row[name]) / 100 for name in ("estimate", "se", "ci_low", "ci_high")], rel=1e-8
        )
        assert [figure.value, figure.standard_error, figure.t_low, figure.t_high] == wanted
        assert [float(line[name]) for name in ("estimate", "standard_error", "t_low", "t_high")] == wanted
        assert figure.degrees_of_freedom == int(line["df"]) == int(row["df"])
        assert 0 <= figure.low < figure.value < figure.high <= 1
        assert (line["low"], line["high"]) == (repr(figure.low), repr(figure.high))
        assert line["sampling_basis"] == "probability"
        assert line["publication_id"] == str(publication.id)


@pytest.mark.parametrize(
    "change", [update(Figure).values(n_respondents=41), update(Publication).values(method_version="2")]
)
def test_what_is_frozen_cannot_be_updated(database: Database, change: Update) -> None:
    with database.transaction() as session:
        publication = factories.publication(session, kind="wave", data_checksum="0")
        factories.figure(session, publication_id=publication.id)
    with pytest.raises(DBAPIError, match="cannot be changed"), database.transaction() as session:
        session.execute(change)


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_the_checksum_names_tallies_and_weights(database: Database) -> None:
    with database.transaction() as session:
        campaign = sipas.build(session)
        checksum = publish_wave(session, campaign, MOMENT).data_checksum
        assert data_checksum(session, campaign) == checksum
        cell = session.scalars(select(SampleCell).limit(1)).one()
        cell.weight += 1e-9
        session.flush()
        assert data_checksum(session, campaign) != checksum


def test_a_second_wave_leaves_the_first_as_it_was(database: Database) -> None:
    with database.transaction() as session:
        point = factories.access_point(session, provenance="A")
        campaign = session.get_one(factories.Campaign, point.campaign_id)
        campaign.kind = "annual"
        for n in (5, 7):
            receive(session, point, n, day=factories.DAY.replace(day=n))
            publish_wave(session, campaign, MOMENT)
        index = select(Figure.n_respondents).where(Figure.measure == "index").order_by(Figure.publication_id)
        assert session.scalars(index).all() == [5, 12]


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_drawn_unit_without_answers_stays_in_the_design(database: Database) -> None:
    with database.transaction() as session:
        campaign = sipas.build(session)
        first = session.scalars(select(SampleCell).order_by(SampleCell.id).limit(1)).one()
        factories.sample_cell(session, campaign_id=campaign.id, stratum=first.stratum, psu="nobody answered")
        publication = publish_wave(session, campaign, MOMENT)
        index = session.scalars(
            select(Figure)
            .join(Office, Office.id == Figure.office_id)
            .where(
                Figure.publication_id == publication.id,
                Figure.measure == "index",
                Office.code == first.stratum,
            )
        ).one()
        assert index.value == pytest.approx(0.815239374247, rel=1e-8)
        assert index.standard_error != pytest.approx(0.025838556599, rel=1e-4)  # one more ward, of zero
