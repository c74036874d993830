"""A frozen publication is made again from the database alone, and every digit is compared."""

import json
import signal
import subprocess
import sys
import zlib
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from click.testing import Result
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Float, Integer, delete, func, select, text, update
from sqlalchemy.orm import Session

from analysis import METHOD_VERSION
from survey_app.db import Database
from survey_app.models.access_point import AccessPoint
from survey_app.models.base import Base
from survey_app.models.campaign import Campaign
from survey_app.models.instrument import InstrumentVersion
from survey_app.models.office import Counter, DossierCount, Office
from survey_app.models.publication import Figure, Publication, Tally
from survey_app.models.recipe import Recipe
from survey_app.models.sample import SampleCell
from survey_app.models.snapshot import PublicationRecipe, SnapshotPart
from survey_app.publish.counting.snapshot import DamagedSnapshot
from survey_app.publish.releasing import ingredients, verify as verifying
from survey_app.publish.releasing.freeze import PublicationRefused, prepare_wave, publish_wave
from survey_app.publish.releasing.frozen_figures import TABLES
from survey_app.publish.releasing.verify import MadeOtherwise, NotFrozen, Verified, verify
from tests import factories
from tests.factories import DAY, MOMENT
from tests.survey_app.publish.counter_feedback import NOT_SATISFIED, SATISFIED, receive

ON_SQLITE = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
PAST = MOMENT + timedelta(days=3)
LAST_YEAR = DAY.replace(year=DAY.year - 1)
REASON = "Bổ sung phiếu giấy nhập muộn."


def build(session: Session, day: date, good: int = 4) -> Campaign:
    """An annual measurement of three offices: drawn wards, and whoever came to a counter beside them."""
    version = session.scalar(select(InstrumentVersion))
    version = version or factories.instrument_version(session, factories.definition("f"))
    campaign = factories.annual_campaign(
        session,
        code=f"nam-{day.year}",
        instrument_version_id=version.id,
        opens_on=day - timedelta(days=20),
        closes_on=day,
    )
    for number, office in enumerate(_offices(session)):
        given = {"campaign_id": campaign.id, "office_id": office.id}
        paper = {"code": None, "mode": "paper", "way_in": "paper", "provenance": "A"}
        drawn = factories.access_point(session, **given, **paper)
        _receive_drawn(session, drawn, day, good + number)
        counter = session.scalars(select(Counter).where(Counter.office_id == office.id)).one()
        came = factories.access_point(session, **given, counter_id=counter.id, provenance="C")
        for back in (0, 3, 6):
            receive(session, came, 5 + number, SATISFIED, day - timedelta(days=back))
            receive(session, came, 4, NOT_SATISFIED, day - timedelta(days=back))
    return campaign


def _offices(session: Session) -> list[Office]:
    found = list(session.scalars(select(Office).where(Office.code.like("X%")).order_by(Office.code)))
    if found:
        return found
    province = factories.office(session, code="P", name="Tỉnh P", kind="province")
    field = factories.service_field(session, code="dat-dai")
    for code in ("X1", "X2", "X3"):
        office = factories.office(session, code=code, name=f"Xã {code}", parent_id=province.id)
        factories.counter(session, office_id=office.id, label="Quầy 1", field_id=field.id)
        for month in (DAY.replace(day=1), LAST_YEAR.replace(day=1)):
            for field_id, n in ((0, 300), (field.id, 120)):
                factories.dossier_count(
                    session, office_id=office.id, month=month, field_id=field_id, n_settled=n
                )
        found.append(office)
    return found


def _receive_drawn(session: Session, point: AccessPoint, day: date, good: int) -> None:
    code = session.get_one(Office, point.office_id).code
    for ward in range(4):
        cell = factories.sample_cell(
            session, campaign_id=point.campaign_id, stratum=code, psu=f"W{ward}", weight=1.25 + ward / 7
        )
        for answers, n in ((SATISFIED, good + ward), (NOT_SATISFIED, 2)):
            for _ in range(n):
                factories.response(session, answers, access_point_id=point.id, day=day, cell_id=cell.id)
    n = 4 * (good + 2) + 6
    factories.access_point_day(session, access_point_id=point.id, day=day, n_opened=0, n_received=n)


def two_waves(database: Database) -> int:
    """Publish last year's measurement and this year's; give the number of the latter."""
    for day, good in ((LAST_YEAR, 3), (DAY, 5)):
        with database.transaction() as session:
            campaign_id = build(session, day, good).id
        number = publish_wave(database, campaign_id, PAST)
    return number


def verified(database: Database, number: int) -> Verified:
    with database.reading() as session:
        return verify(session, session.get_one(Publication, number))


def count_figures(database: Database) -> int:
    """Count those of this year's wave."""
    with database.reading() as session:
        return session.scalar(select(func.count()).select_from(Figure).where(Figure.publication_id == 2)) or 0


def open_seals(database: Database) -> None:
    """Make of a database what somebody could who has the file."""
    with database.transaction() as session:
        names = session.scalars(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).all()
        for name in names:
            session.execute(text(f"DROP TRIGGER {name}"))


def changed_cells(session: Session, number: int) -> Iterator[tuple[str, Any, dict[str, Any], dict[str, Any]]]:
    """Give of each table and column with a number in it one row, and the row with one digit changed."""
    for name, row in TABLES.items():
        table = row.__table__
        rows = session.execute(select(table).where(table.c.publication_id == number)).mappings().all()
        assert rows, f"the case must have rows in {name}"
        for column in table.columns:
            if column.primary_key or not isinstance(column.type, Integer | Float):
                continue
            found = next((one for one in rows if one[column.name] is not None), None)
            if found is not None:
                value = found[column.name]
                other = value + 1 if isinstance(value, int) else float(repr(value)[:-1] + "123")
                yield name, column, dict(found), {column.name: other}


@ON_SQLITE
def test_a_changed_digit_is_found_in_each_table(database: Database) -> None:
    number = two_waves(database)
    found = verified(database, number)
    assert (found.difference, found.made_elsewhere) == (None, {})
    open_seals(database)
    with database.reading() as session:
        cases = list(changed_cells(session, number))
    assert found.n_figures == count_figures(database)
    assert {name for name, *_ in cases} == {"figure", "figure_change", "comparison", "weighting_step"}
    ends = {one[0]: one for one in cases} | {f"first of {one[0]}": one for one in reversed(cases)}
    for name, column, row, other in ends.values():
        _put(database, name, row, other)
        difference = verified(database, number).difference
        assert difference is not None, f"{name}.{column.name}"
        assert (difference.table, difference.column) == (name, column.name)
        assert (difference.stored, difference.recomputed) == (other[column.name], row[column.name])
        _put(database, name, row, row)
    assert verified(database, number).difference is None


def _put(database: Database, name: str, row: dict[str, Any], values: dict[str, Any]) -> None:
    table = Base.metadata.tables[name]
    key = [column == row[column.name] for column in table.primary_key]
    with database.transaction() as session:
        session.execute(update(table).where(*key).values(values))


@ON_SQLITE
def test_options_hidden_cells_and_rows_too_many_or_too_few_are_found(database: Database) -> None:
    number = two_waves(database)
    open_seals(database)
    tables = {name: row.__table__ for name, row in TABLES.items()}
    steps = {
        "distribution": update(tables["distribution"]).values(counts={"q1": {"4": 31}}),
        "figure": update(Figure)
        .where(Figure.measure == "index", Figure.breakdown == "")
        .values(hidden_in_public="linked"),
        "comparison": delete(tables["comparison"]),
        "publication": update(Publication).where(Publication.id == number).values(target=0.5),
    }
    for name, step in reversed(steps.items()):  # in the order in which they are compared, the last one first
        with database.transaction() as session:
            session.execute(step)
        difference = verified(database, number).difference
        order = ["publication", *TABLES]
        assert difference is not None
        assert difference.table == min(
            (one for one in steps if list(steps).index(one) >= list(steps).index(name)), key=order.index
        )
    assert str(difference) == "publication, publication 2, target: stored 0.5, recomputed 0.85"


def test_what_offices_and_dossiers_say_today_changes_nothing(database: Database) -> None:
    number = two_waves(database)
    with database.transaction() as session:
        other = factories.office(session, code="A", kind="province")
        field = factories.service_field(session, code="ho-tich")
        office = session.scalars(select(Office).where(Office.code == "X2")).one()
        office.name, office.parent_id, office.valid_until = "Tên mới", other.id, DAY - timedelta(days=40)
        session.execute(delete(Tally))
        session.execute(update(DossierCount).values(n_settled=7))
        session.execute(update(Counter).values(field_id=field.id))
        session.execute(update(SampleCell).values(weight=9.0, psu="another"))
        session.execute(update(Campaign).values(minimum_n=30, target=0.2, sampling_basis="census"))
        newer = factories.definition("f", 2)
        factories.instrument_version(session, newer)
    assert verified(database, number).difference is None


@ON_SQLITE
def test_what_is_damaged_is_said_to_be(database: Database) -> None:
    number = two_waves(database)
    open_seals(database)
    mine = SnapshotPart.publication_id == number
    with database.reading() as session:
        part = session.scalars(select(SnapshotPart).where(mine).limit(1)).one()
        recipe = session.get_one(PublicationRecipe, number).document_json
    lines = zlib.decompress(part.content)
    one_more = lines[:-2] + (b"1" if lines[-2:-1] == b"0" else b"0") + b"\n"
    here = (mine, SnapshotPart.office_id == part.office_id, SnapshotPart.provenance == part.provenance)
    of_recipe = update(PublicationRecipe).where(PublicationRecipe.publication_id == number)
    damage = {
        "snapshot": (update(SnapshotPart).where(*here), {"content": zlib.compress(one_more)}),
        "incorrect header check": (update(SnapshotPart).where(*here), {"content": b"no zlib"}),
        "lines say otherwise": (update(SnapshotPart).where(*here), {"n_respondents": 1}),
        "recipe": (of_recipe, {"document_json": recipe.replace('"X1"', '"X9"')}),
    }
    whole = {"content": part.content, "n_respondents": part.n_respondents, "document_json": recipe}
    for reason, (step, values) in damage.items():
        for given in (values, {name: whole[name] for name in values}):
            with database.transaction() as session:
                session.execute(step.values(given))
            if given is values:
                with pytest.raises(DamagedSnapshot, match=reason):
                    verified(database, number)
    assert verified(database, number).difference is None
    with database.transaction() as session:
        session.execute(update(InstrumentVersion).values(definition_json="{}"))
    with pytest.raises(DamagedSnapshot, match="instrument f 1"):
        verified(database, number)


@ON_SQLITE
def test_another_method_is_said_as_such(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    number = two_waves(database)
    monkeypatch.setattr(verifying, "METHOD_VERSION", "99")
    with pytest.raises(MadeOtherwise, match="this is version 99"):
        verified(database, number)
    monkeypatch.undo()
    monkeypatch.setitem(verifying.METHOD_OPTIONS, "lone_psu", "remove")
    with pytest.raises(MadeOtherwise, match="'remove'"):
        verified(database, number)
    with database.transaction() as session:
        running = factories.publication(session).id
    with pytest.raises(NotFrozen):
        verified(database, running)


def test_both_databases_give_the_same_recipe(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ingredients, "METHOD_VERSION", "of this test")
    with database.transaction() as session:
        factories.office(session)  # other numbers of rows change nothing
        campaign = build(session, DAY)
    with database.reading() as session:
        recipe = prepare_wave(session, session.get_one(Campaign, campaign.id), PAST).recipe
    assert recipe.data_hash[:16] == "51909e36cd9f5b3b"
    assert recipe.recipe_id[:16] == "52afaf17c90aebbc"
    assert Recipe.from_json(recipe.to_json()) == recipe


@ON_SQLITE
def test_a_correction_needs_a_reason_and_says_what_changed(database: Database) -> None:
    with database.transaction() as session:
        campaign = build(session, DAY)
    with pytest.raises(PublicationRefused, match="không có gì để đính chính"):
        publish_wave(database, campaign.id, PAST, REASON)
    first = publish_wave(database, campaign.id, PAST)
    with pytest.raises(PublicationRefused, match="phải nêu lý do"):
        publish_wave(database, campaign.id, PAST, "  ")
    with database.transaction() as session:
        point = session.scalars(select(AccessPoint).where(AccessPoint.provenance == "C").limit(1)).one()
        receive(session, point, 5, SATISFIED, DAY)
        receive(session, point, 1, NOT_SATISFIED, DAY)
        session.execute(update(Office).where(Office.code == "X1").values(name="Tên mới"))
        session.get_one(Campaign, campaign.id).target = 0.9
    second = publish_wave(database, campaign.id, PAST, REASON)
    with database.reading() as session:
        before, after = (session.get_one(Publication, number) for number in (first, second))
        recipe = Recipe.from_json(session.get_one(PublicationRecipe, second).document_json)
    assert (after.corrects_id, after.correction_reason) == (first, REASON)
    assert recipe.corrects is not None
    assert recipe.corrects.recipe_id == before.recipe_id != after.recipe_id == recipe.recipe_id
    assert recipe.corrects.changed == {
        "n_respondents": {"C": [90, 96]},
        "options": {"target": [0.85, 0.9]},
        "offices": 2,
    }
    assert [verified(database, number).difference for number in (first, second)] == [None, None]


KILLED = """
import os, signal, sys
from datetime import datetime
from survey_app.db import Database
from survey_app.models.campaign import Campaign
from survey_app.publish.releasing import freeze
from sqlalchemy import select

database, now = Database(sys.argv[1]), datetime.fromisoformat(sys.argv[2])
with database.reading() as session:
    wave = freeze.prepare_wave(session, session.scalars(select(Campaign)).one(), now)
with database.transaction() as session:
    wave.write(session, now)
    os.kill(os.getpid(), signal.SIGKILL)
"""


@ON_SQLITE
def test_who_is_killed_before_the_end_leaves_nothing(database: Database, database_url: str) -> None:
    with database.transaction() as session:
        campaign = build(session, DAY)
    command = [sys.executable, "-c", KILLED, database_url, PAST.isoformat()]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    with database.reading() as session:
        for row in (Publication, SnapshotPart, PublicationRecipe, Figure):
            assert session.execute(select(row.__table__)).all() == []
    assert verified(database, publish_wave(database, campaign.id, PAST)).difference is None


def test_commands_list_what_was_published_and_verify_it(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = app.extensions["database"]

    def run(*arguments: str) -> Result:
        return app.test_cli_runner().invoke(args=["publication", *arguments])

    with database.transaction() as session:
        build(session, DAY)
    app.extensions["clock"] = lambda: PAST
    assert run("publish", "--campaign", "nam-2026").exit_code == 0
    with database.transaction() as session:
        session.execute(update(Campaign).values(target=0.9))
    refused = run("publish", "--campaign", "nam-2026")
    assert (refused.exit_code, "--reason" in refused.output) == (1, True)
    assert run("publish", "--campaign", "nam-2026", "--reason", REASON).exit_code == 0
    first, second = json.loads(run("list", "--format", "json").output)
    assert first["recipe_id"] != second["recipe_id"]
    assert second | {"recipe_id": "", "data_hash": ""} == {
        "id": 2,
        "campaign": "nam-2026",
        "kind": "wave",
        "published_at": PAST.isoformat(),
        "method_version": METHOD_VERSION,
        "n_respondents": 192,
        "recipe_id": "",
        "data_hash": "",
        "corrects": 1,
        "correction_reason": REASON,
        "what_changed": {"options": {"target": [0.85, 0.9]}},
    }
    assert first["data_hash"] == second["data_hash"]
    assert f"recipe_id: {second['recipe_id']}" in run("list").output

    page = client.get("/results/nam-2026").get_data(as_text=True)
    for said in (second["recipe_id"], REASON, "Mục tiêu: 90%, trước đó 85%.", "/open-data/1.csv"):
        assert said in page
    said = client.get("/results/nam-2026.json").get_json()
    assert {name: said[name] for name in ("recipe_id", "data_hash", "corrects")} == {
        name: second[name] for name in ("recipe_id", "data_hash", "corrects")
    }

    identical = run("verify", "2")
    assert (identical.exit_code, identical.output) == (0, f"identical: {count_figures(database)} figures\n")
    monkeypatch.setattr(verifying, "METHOD_VERSION", "99")
    otherwise = run("verify", "2")
    assert (otherwise.exit_code, "this is version 99" in otherwise.output) == (2, True)
    monkeypatch.undo()
    assert run("verify", "3").exit_code == 2  # as any argument that names nothing
