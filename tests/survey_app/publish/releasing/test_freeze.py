"""A whole campaign frozen: R's figures, in the rows and in the file, and never changed again."""

import csv
import io
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, select, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from survey_app.db import Database
from survey_app.models.access_point import AccessPoint
from survey_app.models.campaign import Campaign
from survey_app.models.office import Office
from survey_app.models.publication import Figure, Publication
from survey_app.models.sample import SampleCell
from survey_app.publish.releasing.freeze import PublicationRefused, prepare_wave, publish_wave
from survey_app.publish.releasing.verify import verify
from survey_app.publish.shown.office import office_results
from survey_app.publish.suppression import is_suppressed
from survey_app.web.formatting import rounded_percent
from tests import factories
from tests.factories import DAY, MOMENT
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


PAST = MOMENT + timedelta(days=3)  # when a campaign that closes on DAY takes no late form any more
REASON = "Bổ sung phiếu giấy nhập muộn."


def publish_sipas(database: Database) -> Publication:
    with database.transaction() as session:
        campaign_id = sipas.build(session).id
    number = publish_wave(database, campaign_id, PAST)
    with database.reading() as session:
        return session.get_one(Publication, number)


def annual_point(database: Database, **campaign: object) -> AccessPoint:
    with database.transaction() as session:
        stated = {"kind": "annual", "closes_on": DAY} | campaign
        return factories.access_point(
            session, campaign_id=factories.campaign(session, **stated).id, provenance="A"
        )


def test_frozen_figures_and_the_file_agree_with_r(app: Flask, client: FlaskClient) -> None:
    publication = publish_sipas(app.extensions["database"])
    with app.extensions["database"].reading() as session:
        assert verify(session, publication).difference is None
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
        told = [float(line[name]) for name in ("estimate", "standard_error", "t_low", "t_high")]
        shares = (figure.value, figure.standard_error, figure.t_low, figure.t_high)
        assert told == [float(rounded_percent(share) / 100) for share in shares]
        assert figure.degrees_of_freedom == int(line["df"]) == int(row["df"])
        assert 0 <= figure.low < figure.value < figure.high <= 1
        assert [line["low"], line["high"]] == [
            str(float(rounded_percent(share) / 100)) for share in (figure.low, figure.high)
        ]
        assert line["sampling_basis"] == "probability"
        assert line["publication_id"] == str(publication.id)


SEALED_FIGURE = select(Publication.id).where(Publication.sealed_at.is_not(None)).scalar_subquery()
CHANGES = {
    "update a figure": update(Figure).where(Figure.n_respondents == 40).values(n_respondents=41),
    "move a figure in": update(Figure).where(Figure.n_respondents == 50).values(publication_id=SEALED_FIGURE),
    "delete a figure": delete(Figure),
    "delete the publication": delete(Publication).where(Publication.sealed_at.is_not(None)),
    "update the publication": update(Publication).values(method_version="2"),
    "unseal the publication": update(Publication).values(sealed_at=None),
}


def sealed_publication(database: Database, **campaign: object) -> int:
    """A sealed wave with one figure, beside a running publication with another."""
    with database.transaction() as session:
        campaign_id = factories.campaign(session, **campaign).id
        running = factories.publication(session, campaign_id=campaign_id)
        factories.figure(session, publication_id=running.id, n_respondents=50)
        frozen = factories.publication(session, campaign_id=campaign_id, kind="wave", data_hash="0")
        factories.figure(session, publication_id=frozen.id)
        frozen.sealed_at = MOMENT
        return frozen.id


@pytest.mark.parametrize("name", CHANGES)
@pytest.mark.parametrize("is_demo", [False, True])
def test_what_is_sealed_cannot_be_changed(database: Database, name: str, is_demo: bool) -> None:
    sealed_publication(database, is_demo=is_demo)
    if is_demo and name.startswith("delete"):
        return
    with pytest.raises(DBAPIError, match="cannot be changed"), database.transaction() as session:
        session.execute(CHANGES[name])


def test_what_is_sealed_takes_no_further_figure(database: Database) -> None:
    number = sealed_publication(database)
    with pytest.raises(DBAPIError, match="cannot be changed"), database.transaction() as session:
        factories.figure(session, publication_id=number)


def test_what_the_demo_sealed_can_be_deleted(database: Database) -> None:
    sealed_publication(database, is_demo=True)
    with database.transaction() as session:
        session.execute(CHANGES["delete a figure"])
        session.execute(CHANGES["delete the publication"])
    with database.reading() as session:
        assert session.scalars(select(Publication.kind)).all() == ["running"]


def test_running_figures_are_never_sealed_and_stand_once_a_campaign(database: Database) -> None:
    with database.transaction() as session:
        campaign_id = factories.publication(session).campaign_id
    with pytest.raises(IntegrityError), database.transaction() as session:
        session.execute(update(Publication).values(sealed_at=MOMENT))
    with pytest.raises(IntegrityError), database.transaction() as session:
        factories.publication(session, campaign_id=campaign_id)


@pytest.mark.parametrize(
    ("campaign", "reason"),
    [
        ({"kind": "continuous"}, "thu phiếu liên tục"),
        ({"closes_on": None}, "không định ngày kết thúc"),
        ({"closes_on": PAST.date()}, "còn mở đến hết ngày 13/03/2026"),
        ({"closes_on": DAY + timedelta(days=1)}, "nhận thêm 2 ngày. Chỉ công bố từ ngày 14/03/2026"),
    ],
)
def test_what_could_still_change_is_not_frozen(
    database: Database, campaign: dict[str, object], reason: str
) -> None:
    point = annual_point(database, **campaign)
    with database.transaction() as session:
        receive(session, point, 10)
    with pytest.raises(PublicationRefused, match=reason):
        publish_wave(database, point.campaign_id, PAST)
    with database.reading() as session:
        assert session.scalars(select(Publication)).all() == []


def test_a_wave_is_sealed_and_keeps_its_instrument_version(database: Database) -> None:
    point = annual_point(database)
    with database.transaction() as session:
        receive(session, point, 5)
    number = publish_wave(database, point.campaign_id, PAST)
    with database.transaction() as session:
        publication = session.get_one(Publication, number)
        campaign = session.get_one(Campaign, point.campaign_id)
        assert publication.sealed_at == PAST
        asked = campaign.instrument_version_id
        newer = replace(factories.definition("newer"), items=factories.definition().items[2:])
        campaign.instrument_version_id = factories.instrument_version(session, newer).id
        session.flush()
        assert publication.instrument_version_id == asked
        (found,) = office_results(session, publication, point.office_id, "vi")
        assert [part.label for part in found.items] == ["Câu 1?", "Câu 2?"]


def test_a_second_wave_leaves_the_first_as_it_was(database: Database) -> None:
    point = annual_point(database)
    for n, reason in ((5, None), (7, REASON)):
        with database.transaction() as session:
            receive(session, point, n, day=DAY.replace(day=n))
        publish_wave(database, point.campaign_id, PAST, reason)
    with database.reading() as session:
        index = select(Figure.n_respondents).where(Figure.measure == "index").order_by(Figure.publication_id)
        assert session.scalars(index).all() == [5, 12]


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_two_waves_of_one_campaign_hide_the_same(database: Database) -> None:
    """Both stay to be read: 130 in all less 72, 14 and 40 would be the four."""
    with database.transaction() as session:
        parent = factories.office(session, kind="province")
        campaign = factories.campaign(session, kind="annual", closes_on=DAY)
        points = []
        for n in (4, 12, 14, 40):
            office = factories.office(session, parent_id=parent.id)
            point = factories.access_point(session, campaign_id=campaign.id, office_id=office.id)
            for part, day in ((n // 2, DAY), (n - n // 2, DAY - timedelta(days=1))):
                receive(session, point, part, day=day)
            points.append(point)
    hidden = []
    for reason in (None, REASON):
        number = publish_wave(database, campaign.id, PAST, reason)
        of_wave = (Figure.publication_id == number, Figure.measure == "index")
        with database.reading() as session:
            found = session.scalars(select(Figure).where(*of_wave).order_by(Figure.office_id)).all()
            hidden.append([one.hidden_inside is not None for one in found])
        with database.transaction() as session:
            receive(session, points[1], 60)
    assert hidden[0] == hidden[1] == [False, True, True, False, False]


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_wave_keeps_the_terms_on_which_it_was_published(app: Flask, client: FlaskClient) -> None:
    database = app.extensions["database"]
    point = annual_point(database, code="nam", target=0.9)
    with database.transaction() as session:
        receive(session, point, 7, day=DAY)
    number = publish_wave(database, point.campaign_id, PAST)
    with database.transaction() as session:
        campaign = session.get_one(Campaign, point.campaign_id)
        campaign.minimum_n, campaign.target = 12, 0.5
    with database.reading() as session:
        found = session.get_one(Publication, number)
        assert (found.minimum_n, found.target, found.level, found.adjustment) == (10, 0.9, 0.95, "holm")
        assert is_suppressed(session.scalars(select(Figure)).first(), found.minimum_n)
    rows = list(csv.DictReader(io.StringIO(client.get("/results/nam.csv").get_data().decode("utf-8-sig"))))
    assert {row["reason"] for row in rows} == {"hidden"}
    assert client.get("/results/nam.json").get_json()["minimum_n"] == 10


def test_a_second_wave_with_nothing_but_an_answer_given_away_is_refused(database: Database) -> None:
    point = annual_point(database)
    with database.transaction() as session:
        receive(session, point, 20)
    publish_wave(database, point.campaign_id, PAST)
    with database.transaction() as session:
        receive(session, point, 4)
        name = session.get_one(Office, point.office_id).name
    with pytest.raises(PublicationRefused, match=name):
        publish_wave(database, point.campaign_id, PAST, REASON)


def test_a_wave_that_was_overtaken_is_refused(database: Database) -> None:
    point = annual_point(database)
    with database.transaction() as session:
        receive(session, point, 5)
    with database.reading() as session:
        slow = prepare_wave(session, session.get_one(Campaign, point.campaign_id), PAST)
    publish_wave(database, point.campaign_id, PAST)
    with pytest.raises(PublicationRefused, match="lần công bố khác"), database.transaction() as session:
        slow.write(session, PAST)


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_what_comes_while_figures_are_made_is_not_left_out(database: Database) -> None:
    point = annual_point(database)
    with database.transaction() as session:
        receive(session, point, 5)
    with database.reading() as session:
        slow = prepare_wave(session, session.get_one(Campaign, point.campaign_id), PAST)
    with database.transaction() as session:
        receive(session, point, 1)
    with pytest.raises(PublicationRefused, match="phiếu mới"), database.transaction() as session:
        slow.write(session, PAST)


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_drawn_unit_without_answers_stays_in_the_design(database: Database) -> None:
    with database.transaction() as session:
        campaign = sipas.build(session)
        first = session.scalars(select(SampleCell).order_by(SampleCell.id).limit(1)).one()
        factories.sample_cell(session, campaign_id=campaign.id, stratum=first.stratum, psu="nobody answered")
    number = publish_wave(database, campaign.id, PAST)
    with database.reading() as session:
        index = session.scalars(
            select(Figure)
            .join(Office, Office.id == Figure.office_id)
            .where(
                Figure.publication_id == number,
                Figure.measure == "index",
                Office.code == first.stratum,
            )
        ).one()
        assert index.value == pytest.approx(0.815239374247, rel=1e-8)
        assert index.standard_error != pytest.approx(0.025838556599, rel=1e-4)  # one more ward, of zero
