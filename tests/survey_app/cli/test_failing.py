"""What a command says when the settings lead to a database that holds nothing."""

import click
import pytest
from sqlalchemy import make_url, text
from sqlalchemy.exc import DBAPIError

from survey_app import create_app
from survey_app.cli.failing import faults_named
from survey_app.config import read_settings
from survey_app.web import context

COMMANDS = {
    "database": ["tidy"],
    "campaign": ["follow", "--code", "x", "--instrument-version", "2"],
    "invitation": ["export", "1", "list.csv"],
}
SENTENCE = "There is no survey data in {}; set DATA_DIR to the folder that holds it."


@pytest.mark.parametrize("group", COMMANDS)
def test_an_empty_place_is_named_in_one_line(tmp_path, monkeypatch, group):
    monkeypatch.chdir(tmp_path)
    told = run_in(tmp_path / "forgotten", [group, *COMMANDS[group]])
    assert told.exit_code == 1
    assert told.stderr.startswith(SENTENCE.format(tmp_path / "forgotten"))
    assert told.stderr.count("\n") == 1
    assert told.stdout == ""


def run_in(folder, arguments):
    app = create_app(read_settings({"DATA_DIR": str(folder)}))
    told = app.test_cli_runner().invoke(args=arguments)
    app.extensions["database"].engine.dispose()
    return told


def ask(database, query):
    with faults_named(), database.transaction() as session:
        session.execute(text(query))


def test_what_the_sentence_advises_helps(tmp_path):
    assert run_in(tmp_path / "new", ["database", "upgrade"]).exit_code == 0
    assert run_in(tmp_path / "new", ["database", "tidy"]).exit_code == 0


def test_another_fault_of_a_database_that_holds_something_stays_what_it_is(app):
    with app.app_context(), pytest.raises(DBAPIError):
        ask(context.database(), "SELECT * FROM no_such_table")


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_an_empty_postgresql_is_named_without_its_password(app, capsys):
    database = app.extensions["database"]
    with database.transaction() as session:
        session.execute(text("ALTER TABLE office RENAME TO elsewhere"))
    with app.app_context(), pytest.raises(click.exceptions.Exit):
        ask(database, "SELECT * FROM office")
    place = make_url(app.extensions["settings"].database_url).render_as_string(hide_password=True)
    assert capsys.readouterr().err.startswith(SENTENCE.format(place))
