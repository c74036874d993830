"""Open data: the same rows in both forms, one mark for what is hidden, addresses that stay."""

import csv
import io
import json

import pytest
from flask import Flask
from flask.testing import FlaskClient

from survey_app.models.publication import Publication
from survey_app.publish.open_data.files import DICTIONARY
from survey_app.publish.open_data.rows import HEADER
from tests import factories


def published(app: Flask, kind: str = "running", **figure: object) -> Publication:
    """One office with its index, that of a month, a counter's, and a small question."""
    with app.extensions["database"].transaction() as session:
        campaign = factories.campaign(session, code="quay")
        publication = factories.publication(session, campaign_id=campaign.id, kind=kind)
        office_id = factories.office(session, name="=Bộ phận Một cửa").id
        factories.office_release(session, campaign_id=campaign.id, office_id=office_id)
        same = {"publication_id": publication.id, "office_id": office_id}
        factories.figure(session, **same, measure="index", **figure)
        factories.figure(session, **same, measure="index", breakdown="month:2026-03")
        factories.figure(session, **same, measure="index", breakdown="counter:1")
        factories.figure(session, **same, measure="item:q1", n_respondents=9, n_answers=9)
        factories.figure(session, **same, measure="item:q2", hidden_in_public="linked")
        if kind != "running":
            publication.sealed_at = factories.MOMENT
        return publication


def rows_of_csv(client: FlaskClient, path: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(client.get(path).get_data().decode("utf-8-sig"))))


def test_both_forms_say_the_same(app: Flask, client: FlaskClient) -> None:
    published(app)
    table = rows_of_csv(client, "/results/quay.csv")
    document = json.loads(client.get("/results/quay.json").get_data())
    assert [
        {name: "" if value is None else str(value) for name, value in row.items()}
        for row in document["figures"]
    ] == [row | {"office_name": row["office_name"].removeprefix("'")} for row in table]
    assert document["licence"]["name"] == "CC BY 4.0"
    assert document["minimum_n"] == 10


def test_counters_stay_inside_and_months_are_for_all(app: Flask, client: FlaskClient) -> None:
    published(app)
    found = {(row["measure"], row["breakdown"]) for row in rows_of_csv(client, "/results/quay.csv")}
    assert found == {("index", ""), ("index", "month:2026-03"), ("item:q1", ""), ("item:q2", "")}


def test_few_and_linked_bear_one_mark_and_no_number(app: Flask, client: FlaskClient) -> None:
    published(app)
    few, linked = (row for row in rows_of_csv(client, "/results/quay.csv") if row["measure"] != "index")
    assert few["reason"] == linked["reason"] == "hidden"
    assert few == linked | {"measure": "item:q1"}
    assert {few[name] for name in ("estimate", "low", "high", "n_people", "n_answers")} == {""}


def test_the_dictionary_explains_every_column_in_both_languages(client: FlaskClient) -> None:
    found = json.loads(client.get("/open-data/dictionary.json").get_data())
    assert [column["name"] for column in found["columns"]] == list(HEADER)
    for text in (*found["columns"], found["licence"], found["method"], *found["marks"].values()):
        assert text["vi"]
        assert text["en"]
    assert found == DICTIONARY


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("n_people", "n_forms"), [(34, "40"), (0, ""), (9, "")])
def test_forms_stand_beside_an_index_that_enough_people_answered(
    app: Flask, client: FlaskClient, n_people: int, n_forms: str
) -> None:
    published(app, n_people=n_people)
    index = next(row for row in rows_of_csv(client, "/results/quay.csv") if row["measure"] == "index")
    assert (index["n_forms"], index["n_people"]) == (n_forms, str(n_people) if n_people != 9 else "")


@pytest.mark.parametrize("path", ["/results/quay.csv", "/results/quay.json", "/open-data/{id}.csv"])
def test_who_has_a_file_is_sent_no_other_until_something_is_released(
    app: Flask, client: FlaskClient, path: str
) -> None:
    publication = published(app)
    path = path.format(id=publication.id)
    first = client.get(path)
    had = {"If-None-Match": first.headers["ETag"]}
    again = client.get(path, headers=had)
    assert (again.status_code, again.get_data()) == (304, b"")
    with app.extensions["database"].transaction() as session:
        session.get_one(Publication, publication.id).revision += 1
    assert client.get(path, headers=had).status_code == 200


def test_the_dictionary_is_sent_once(client: FlaskClient) -> None:
    had = {"If-None-Match": client.get("/open-data/dictionary.json").headers["ETag"]}
    assert client.get("/open-data/dictionary.json", headers=had).status_code == 304


def test_a_replaced_publication_keeps_its_address(app: Flask, client: FlaskClient) -> None:
    first = published(app, "wave")
    before = client.get(f"/open-data/{first.id}.csv").get_data()
    with app.extensions["database"].transaction() as session:
        later = factories.publication(session, campaign_id=first.campaign_id, kind="wave")
        factories.figure(session, publication_id=later.id)
        later.sealed_at = factories.MOMENT
    assert client.get(f"/open-data/{first.id}.csv").get_data() == before
    assert client.get("/results/quay.csv").get_data() != before


@pytest.mark.parametrize("name", ["7.csv", "1.xml", "9223372036854775808.json"])
def test_an_unknown_publication_is_not_found(client: FlaskClient, name: str) -> None:
    assert client.get(f"/open-data/{name}").status_code == 404


def test_an_unsealed_wave_is_not_found(app: Flask, client: FlaskClient) -> None:
    with app.extensions["database"].transaction() as session:
        publication = factories.publication(session, kind="wave")
    assert client.get(f"/open-data/{publication.id}.csv").status_code == 404
