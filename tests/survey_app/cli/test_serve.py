"""What `serve` does before it serves: schema, demo, and where to begin."""

import socket
import threading
from dataclasses import replace

import pytest

from survey_app.cli.serve import PortRefused, announcement, check_port, prepare, web_command
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


@pytest.fixture
def listening():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener


def at_port(app, port, host="127.0.0.1"):
    return replace(app.extensions["settings"], host=host, port=port)


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0", "localhost"])
def test_a_port_in_use_is_named_in_one_sentence_with_what_to_do(app, listening, host):
    port = listening.getsockname()[1]
    with pytest.raises(PortRefused) as refused:
        check_port(at_port(app, port, host), within_seconds=0)
    said = str(refused.value)
    assert f"Port {port} of {host} is in use by another program" in said
    assert said.endswith(f"as in PORT={port + 1} make run.")
    assert "\n" not in said


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
@pytest.mark.parametrize("host", ["192.0.2.1", "no.such.host.invalid"])
def test_an_address_that_is_not_this_machines_is_named(app, free_port, host):
    with pytest.raises(PortRefused, match=rf"of {host} cannot be used \(.+\): set HOST"):
        check_port(at_port(app, free_port, host), within_seconds=0)


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_port_that_somebody_lets_go_of_is_waited_for_and_stays_free(app, listening):
    settings = at_port(app, listening.getsockname()[1])
    threading.Timer(0.3, listening.close).start()
    check_port(settings, within_seconds=10)
    socket.create_server((settings.host, settings.port)).close()


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_nothing_is_begun_where_the_port_is_in_use(app, listening, monkeypatch):
    monkeypatch.setattr("survey_app.cli.serve.PORT_IS_FREE_WITHIN_SECONDS", 0)
    app.extensions["settings"] = at_port(app, listening.getsockname()[1])
    begun = []
    monkeypatch.setattr("survey_app.cli.serve.prepare", lambda *_given: begun.append("prepare"))
    monkeypatch.setattr("survey_app.cli.serve.supervise", lambda _settings: begun.append("supervise"))
    result = app.test_cli_runner().invoke(args=["serve"])
    assert (result.exit_code, result.stdout, begun) == (1, "", [])
    assert "is in use" in result.stderr


def test_the_web_server_writes_no_access_log_and_no_warnings(app):
    command = web_command(app.extensions["settings"])
    assert "--access-logfile" not in command
    assert command[command.index("--log-level") + 1] == "error"
