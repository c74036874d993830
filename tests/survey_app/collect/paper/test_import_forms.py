"""Import of keyed paper forms: the whole file or nothing, on both databases."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import func, select

from survey_app.collect.paper.import_forms import import_forms
from survey_app.errors import ImportRefused
from survey_app.models.access_point import AccessPoint, AccessPointDay
from survey_app.models.campaign import Campaign
from survey_app.models.instrument import InstrumentVersion
from survey_app.models.office import Office
from survey_app.models.response import Response
from survey_app.models.sample import SampleCell
from tests import factories

SECRET = b"s" * 32
HEADER = "form_number,office,stratum,psu,weight,q1,q2,sex"
GOOD = f"{HEADER}\nF1,X1,X1,W1,2.5,5,4,male\nF2,X1,X1,W1,2.5,2,,female\nF3,X1,X1,W2,3,no_opinion,1,\n"


@pytest.fixture
def sample(database):
    with database.transaction() as session:
        factories.office(session, code="X1")
        campaign = factories.campaign(session, kind="annual", sampling_basis="probability")
    return SimpleNamespace(database=database, campaign_id=campaign.id)


def run(sample, text, **columns):
    with sample.database.transaction() as session:
        campaign = session.get_one(Campaign, sample.campaign_id)
        return import_forms(session, campaign, text, factories.DAY, SECRET, columns)


def count(sample, row_type):
    with sample.database.reading() as session:
        return session.scalar(select(func.count()).select_from(row_type))


def test_forms_of_a_drawn_sample_are_stored_as_class_a_with_their_cells(sample):
    assert run(sample, GOOD) == 3
    with sample.database.reading() as session:
        (point,) = session.scalars(select(AccessPoint)).all()
        assert (point.provenance, point.mode, point.code) == ("A", "paper", None)
        weights = session.scalars(
            select(SampleCell.weight).join(Response, Response.cell_id == SampleCell.id)
        ).all()
        assert sorted(weights) == [2.5, 2.5, 3.0]
        version = session.scalars(select(InstrumentVersion)).one()
        answers = [version.definition.unpack(packed) for packed in session.scalars(select(Response.answers))]
        assert {"q1": "2", "sex": "female"} in answers
        assert session.scalars(select(AccessPointDay)).one().n_received == 3


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "text",
    [
        "\ufeff" + GOOD,
        GOOD.replace("\n", "\r\n"),
        GOOD.replace(",", ";").replace("2.5", "2,5"),
        GOOD.replace("\nF2", "\n,,,,,,,\n\nF2"),
    ],
    ids=["byte order mark", "windows line ends", "semicolons and decimal commas", "empty rows"],
)
def test_the_table_may_come_from_any_spreadsheet(sample, text):
    assert run(sample, text) == 3


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_columns_may_have_the_names_of_the_file(sample):
    text = GOOD.replace("form_number", "resp_id").replace("psu", "ward")
    assert run(sample, text, form_number="resp_id", psu="ward") == 3


def test_every_fault_is_listed_with_its_line_and_nothing_is_imported(sample):
    text = f"{HEADER}\nF1,X1,X1,W1,2.5,5,4,male\nF1,X9,X1,W1,2.5,5,4,male\nF3,X1,X2,W1,-1,7,4,\nF4,X1\n"
    with pytest.raises(ImportRefused) as refused:
        run(sample, text)
    places = [(line, column) for line, column, _what in refused.value.faults]
    assert places == [(3, "form_number"), (3, "office"), (4, "psu"), (4, "q1"), (4, "weight"), (5, "")]
    assert count(sample, Response) == count(sample, AccessPoint) == count(sample, SampleCell) == 0


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("", "form_number"),
        (HEADER + "\n", ""),
        (GOOD.replace("weight", "w"), "weight"),
        (GOOD.replace("q2", "q1"), "q1"),
        (f"{HEADER}\n,X1,X1,W1,1,5,5,\n", "form_number"),
        (f"{HEADER}\nF1,X1,,W1,1,5,5,\n", "stratum"),
        (f"{HEADER}\nF1,X1,X1,W1,nan,5,5,\n", "weight"),
        (f"{HEADER}\nF1,X1,X1,W1,inf,5,5,\n", "weight"),
    ],
)
def test_a_broken_table_names_the_column(sample, text, column):
    with pytest.raises(ImportRefused) as refused:
        run(sample, text)
    assert column in {found for _line, found, _what in refused.value.faults}


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("where", "line"), [("form_number", 1), ("F2", 3)])
def test_a_quotation_mark_that_nobody_closes_is_named_with_its_line(sample, where, line):
    with pytest.raises(ImportRefused) as refused:
        run(sample, GOOD.replace(where, f'"{where}'))
    assert line in {fault[0] for fault in refused.value.faults}
    assert count(sample, Response) == 0


def test_a_form_that_was_imported_before_is_refused(sample):
    run(sample, GOOD)
    with pytest.raises(ImportRefused, match="line 2, form_number"):
        run(sample, GOOD)
    assert count(sample, Response) == 3


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"opens_on": factories.DAY + timedelta(days=1)}, "day"),
        ({"closes_on": factories.DAY - timedelta(days=1)}, "day"),
        ({"valid_from": factories.DAY + timedelta(days=1)}, "office"),
        ({"valid_until": factories.DAY - timedelta(days=1)}, "office"),
        ({"kind": "province"}, "office"),
    ],
)
def test_nobody_can_have_answered_outside_the_days_of_campaign_and_office(sample, changes, where):
    with sample.database.transaction() as session:
        campaign = session.get_one(Campaign, sample.campaign_id)
        row = campaign if where == "day" else sample_office(session)
        for name, value in changes.items():
            setattr(row, name, value)
    with pytest.raises(ImportRefused) as refused:
        run(sample, GOOD)
    assert {column for _line, column, _what in refused.value.faults} == {where}
    assert count(sample, Response) == 0


def sample_office(session):
    return session.scalars(select(Office).where(Office.code == "X1")).one()


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_what_was_frozen_takes_no_more_forms(sample):
    with sample.database.transaction() as session:
        factories.publication(
            session, campaign_id=sample.campaign_id, kind="wave", sealed_at=factories.MOMENT
        )
    with pytest.raises(ImportRefused, match="đã chốt"):
        run(sample, GOOD)
