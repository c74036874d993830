"""Groups of respondents in a frozen publication: digits by hand, what is hidden, where they stand."""

import csv
import io
import json
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from python_calamine import load_workbook
from sqlalchemy import select
from sqlalchemy.orm import Session

from survey_app.models.campaign import Campaign
from survey_app.models.levels import questions_by_group
from survey_app.models.office import Office
from survey_app.models.plan_document import PlanDocument, Publishing
from survey_app.models.publication import Change, Figure, Publication
from survey_app.prepare.instruments.definition_file import shipped_definition
from survey_app.publish.handover import annex_file
from survey_app.publish.handover.wave import read_wave
from survey_app.publish.releasing.freeze import publish_wave
from survey_app.publish.releasing.verify import verify
from tests import factories
from tests.factories import DAY, MOMENT
from tests.survey_app.publish.counter_feedback import NOT_SATISFIED, SATISFIED

NOTE_OF_HIDDEN = (
    "(hidden): under 10 responses; or enough, but shown it would give away a smaller hidden figure"
)
ON_SQLITE = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)

# Of each ward: its weight, and how many women and men were satisfied and were not.
WARDS = {
    "X1": [(2.0, 12, 0, 8, 4), (3.0, 6, 6, 12, 0)],
    "X2": [(1.0, 9, 1, 11, 2), (1.5, 12, 0, 10, 5)],
}


def build(session: Session, n_silent: int = 0, tables: tuple[str, ...] = ("office", "group")) -> Campaign:
    """Two offices below a province; of the second some do not say whether they are women or men."""
    version = factories.instrument_version(session, factories.definition("f"))
    campaign = factories.annual_campaign(
        session,
        code="nam",
        instrument_version_id=version.id,
    )
    plan = PlanDocument(publication=Publishing(tables=tables))
    factories.frozen_plan(session, plan, campaign_id=campaign.id)
    province = factories.office(session, code="P", name="Tỉnh P", kind="province")
    for code, wards in WARDS.items():
        office = factories.office(session, code=code, name=f"Xã {code}", parent_id=province.id)
        _answer(session, campaign, office, wards, n_silent if code == "X2" else 0)
    return campaign


def _answer(
    session: Session, campaign: Campaign, office: Office, wards: list[tuple[float, ...]], n_silent: int
) -> None:
    given = {"campaign_id": campaign.id, "office_id": office.id}
    point = factories.access_point(session, **given, code=None, mode="paper", way_in="paper", provenance="A")
    n = 0
    for number, (weight, *counts) in enumerate(wards):
        cell = factories.sample_cell(
            session, campaign_id=campaign.id, stratum=office.code, psu=f"W{number}", weight=weight
        )
        kinds = [one | {"sex": sex} for sex in ("female", "male") for one in (SATISFIED, NOT_SATISFIED)]
        for answers, how_many in zip([*kinds, SATISFIED], [*counts, n_silent * (number == 0)], strict=True):
            n += int(how_many)
            for _ in range(int(how_many)):
                factories.response(session, answers, access_point_id=point.id, day=DAY, cell_id=cell.id)
    factories.access_point_day(session, access_point_id=point.id, day=DAY, n_opened=0, n_received=n)


def published(app: Flask, n_silent: int = 0) -> int:
    database = app.extensions["database"]
    with database.transaction() as session:
        campaign_id = build(session, n_silent).id
    return publish_wave(database, campaign_id, MOMENT + timedelta(days=3))


def groups_of(app: Flask) -> dict[tuple[str, str], Figure]:
    with app.extensions["database"].reading() as session:
        query = select(Office.code, Figure).join(Office, Office.id == Figure.office_id)
        rows = session.execute(query.where(Figure.breakdown.startswith("group:"))).all()
        return {(code, one.breakdown): one for code, one in rows}


@ON_SQLITE
def test_groups_and_their_difference_are_those_worked_out_by_hand(
    app: Flask, client: FlaskClient, tmp_path: Path
) -> None:
    number = published(app)
    found = groups_of(app)
    women, men = found["X1", "group:sex:female"], found["X1", "group:sex:male"]
    # women: 2·12 + 3·6 of 2·12 + 3·12; both wards lie 2·12·0.3 = 7.2 of 60 from it, one above, one below
    assert (women.value, women.standard_error) == pytest.approx((42 / 60, 2 * 7.2 / 60))
    # men: 2·8 + 3·12 of 2·12 + 3·12; the wards lie 3·12·2/15 = 4.8 of 60 from it, the other way round
    assert (men.value, men.standard_error) == pytest.approx((52 / 60, 2 * 4.8 / 60))
    assert (women.degrees_of_freedom, women.n_respondents, women.n_answers) == (1, 24, 48)
    whole = [(one.n_respondents, one.n_answers) for (code, _), one in found.items() if code == "P"]
    assert sorted(whole) == [(46, 92), (52, 104)]
    with app.extensions["database"].reading() as session:
        apart = session.execute(
            select(Change).join(Office, Office.id == Change.office_id).where(Office.code == "X1")
        ).scalar_one()
        # against the larger group; what is high in one ward is low in the other: errors add up
        assert (apart.earlier, apart.later) == ("group:sex:male", "group:sex:female")
        assert (apart.value, apart.standard_error) == pytest.approx((-10 / 60, 2 * 12 / 60))
        checked = verify(session, session.get_one(Publication, number))
        assert checked.difference is None
        annex_file.write(tmp_path / "a.xlsx", session, read_wave(session, number, "public"))
    check_pages(client)
    sheet = load_workbook(str(tmp_path / "a.xlsx")).get_sheet_by_name("Nhóm người trả lời").to_python()
    line = dict(zip(sheet[1], sheet[2], strict=True))
    # of the province (42 + 9 + 18) of (60 + 10 + 18)
    assert (line["Đơn vị"], line["Nhóm"], line["Hài lòng (%)"], line["n"]) == ("Tỉnh P", "Nữ", 78.4, 46)
    assert (line["So với nhóm"], line["Kết luận"]) == ("Nam", "chưa đủ cơ sở để nói là khác")


def check_pages(client: FlaskClient) -> None:
    """See that the page, the rows and their words say the same."""
    page = client.get("/results/nam/P?lang=en").get_data(as_text=True)
    assert "Groups of respondents" in page
    assert NOTE_OF_HIDDEN not in page
    assert "No difference between these groups is shown" in page
    document = json.loads(client.get("/results/nam.json").get_data())
    rows = {(row["office_code"], row["breakdown"]): row for row in document["figures"] if row["breakdown"]}
    assert rows["X1", "group:sex:female"]["estimate"] == pytest.approx(0.7)
    assert document["groups"]["group:sex:female"] == {"vi": "Nữ", "en": "Female"}
    text = client.get("/results/nam.csv").get_data().decode("utf-8-sig")
    assert [row["breakdown"] for row in csv.DictReader(io.StringIO(text))].count("group:sex:male") == 3


@ON_SQLITE
def test_a_few_who_skip_the_question_hide_a_group_at_their_office_and_above(
    app: Flask, client: FlaskClient
) -> None:
    published(app, n_silent=3)
    found = groups_of(app)
    for code in ("X2", "P"):
        hidden = [found[code, f"group:sex:{sex}"].hidden_inside for sex in ("female", "male")]
        assert sorted(hidden, key=str) == [None, "linked"], "the three would be the total less both"
    # the hidden group of the province less that of the second office would be that of the first
    assert {found["X1", f"group:sex:{sex}"].hidden_inside for sex in ("female", "male")} == {None}
    page = client.get("/results/nam/X2?lang=en").get_data(as_text=True)
    assert "No difference between these groups is given" in page
    assert "left this question out" not in page
    assert NOTE_OF_HIDDEN in page
    rows = json.loads(client.get("/results/nam.json").get_data())["figures"]
    assert sum(row["breakdown"] != "" and row["reason"] == "hidden" for row in rows) == 2


@ON_SQLITE
def test_enough_who_skip_the_question_are_counted_and_hide_nothing(app: Flask, client: FlaskClient) -> None:
    published(app, n_silent=12)
    assert {one.hidden_in_public for one in groups_of(app).values()} == {None}
    assert "12 of the 62 responses left this question out" in client.get("/results/nam/X2?lang=en").get_data(
        as_text=True
    )


@ON_SQLITE
def test_what_no_plan_announced_is_not_made(app: Flask, client: FlaskClient) -> None:
    database = app.extensions["database"]
    with database.transaction() as session:
        campaign_id = build(session, tables=("office",)).id
    publish_wave(database, campaign_id, MOMENT + timedelta(days=3))
    assert not groups_of(app)
    assert "Groups of respondents" not in client.get("/results/nam/P?lang=en").get_data(as_text=True)


def test_forms_say_which_question_is_which() -> None:
    for code in ("sipas_reference_22", "sipas_service_2022", "counter_short"):
        assert questions_by_group(shipped_definition(code)) == {"sex": "sex", "age_band": "age"}
    assert questions_by_group(factories.definition()) == {"sex": "sex"}
