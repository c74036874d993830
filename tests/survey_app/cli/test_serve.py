"""What `serve` does before it serves: schema, demo, and where to begin."""

from dataclasses import replace

import pytest

from survey_app.cli.serve import announcement, prepare, web_command
from survey_app.models.office import Office
from survey_app.models.rotating_code import screen_path
from tests import factories


def announced(app):
    settings, database = app.extensions["settings"], app.extensions["database"]
    with app.test_request_context():
        return "\n".join(announcement(database, settings))


def test_an_empty_start_says_how_to_make_the_first_account(app):
    said = announced(app)
    assert "/results" in said
    assert "staff create" in said


def test_a_start_with_an_open_code_names_the_citizens_form_but_no_revoked_one(app):
    with app.extensions["database"].transaction() as session:
        campaign = factories.campaign(session)
        factories.access_point(session, campaign_id=campaign.id, revoked_on=factories.DAY)
        code = factories.access_point(session, campaign_id=campaign.id).code
    assert f"/s/{code}" in announced(app)


def test_a_start_with_a_demo_names_its_screen_but_never_a_real_one(app):
    real = {"way_in": "screen", "provenance": "B"}
    with app.extensions["database"].transaction() as session:
        factories.staff(session, is_demo=True)
        factories.access_point(session, **real)
    assert "/screen/" not in announced(app)
    with app.extensions["database"].transaction() as session:
        campaign = factories.campaign(session, is_demo=True)
        code = factories.access_point(session, campaign_id=campaign.id, **real).code
    path = screen_path(code, app.extensions["settings"].secrets[0])
    assert f"/screen/{code}-" in path
    assert path in announced(app)


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_database_that_holds_anything_is_never_seeded(app, capsys):
    database = app.extensions["database"]
    with database.transaction() as session:
        factories.office(session)
    with app.test_request_context():
        prepare(database, replace(app.extensions["settings"], demo=True))
    with database.reading() as session:
        assert session.query(Office).count() == 1
    assert "demo" not in capsys.readouterr().out


def test_the_web_server_writes_no_access_log_and_no_warnings(app):
    command = web_command(app.extensions["settings"])
    assert "--access-logfile" not in command
    assert command[command.index("--log-level") + 1] == "error"
