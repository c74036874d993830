"""What commands say when something outside of them is wrong: one line, whichever command it is."""

from pathlib import Path

import click
import click.testing
import pytest
from flask import Flask
from flask.cli import FlaskGroup
from sqlalchemy import make_url, text
from sqlalchemy.exc import DBAPIError

from survey_app import create_app
from survey_app.cli.command import Anywhere, Command
from survey_app.cli.failing import faults_named
from survey_app.config import Settings, begin, read_settings

on_sqlite = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
# What a command is given where it asks for more than any text.
GIVEN = {
    "day": "2026-01-05",
    "opens_on": "2026-01-05",
    "percent": "90",
    "delivery": "slip",
    "number": "5",
    "instrument_version": "2",
    "retention_years": "5",
    "batch_number": "1",
    "password": "mot mat khau du dai",
}
# What a place without an installation stops no sooner than anything else.
NEEDS_NONE = {("sample", "replay")}  # of two files; of a campaign it needs an installation
BEGINNING = {("serve",), ("database", "upgrade"), ("instrument", "check")}
SENTENCE = "There is no survey data in {}; set DATA_DIR to the folder that holds it."


def commands_of(group: click.Group, *path: str) -> dict[tuple[str, ...], click.Command]:
    found: dict[tuple[str, ...], click.Command] = {}
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            found |= commands_of(command, *path, name)
        else:
            found[(*path, name)] = command
    return found


def all_commands(tmp_path: Path) -> dict[tuple[str, ...], click.Command]:
    app = create_app(read_settings({"DATA_DIR": str(tmp_path / "nowhere")}))
    return commands_of(app.cli)


def words_for(path: tuple[str, ...], command: click.Command, file: Path) -> list[str]:
    """Give a command all that it cannot do without, naming things that are nowhere."""
    words = list(path)
    for parameter in command.params:
        value = GIVEN.get(str(parameter.name), "none-such")
        if isinstance(parameter.type, click.Path):
            value = str(file if parameter.type.file_okay else file.parent)
        if isinstance(parameter, click.Argument):
            words.append(value)
        elif parameter.name == "force":
            words += parameter.opts
        elif parameter.required or parameter.prompt:  # type: ignore[attr-defined]  # an option has it
            words += [parameter.opts[-1], value]
    return words


def run_all(app: Flask, file: Path, *, but: set[tuple[str, ...]]) -> dict[tuple[str, ...], str]:
    """Run every command; give what each said, after a look that it said so as it should."""
    said = {}
    for path, command in commands_of(app.cli).items():
        if path in but:
            continue
        told = app.test_cli_runner().invoke(args=words_for(path, command, file))
        assert isinstance(told.exception, SystemExit), (path, told.exception)
        assert told.exit_code in {1, 2}, (path, told.output)
        assert told.stdout == "", path
        said[path] = told.stderr
    app.extensions["database"].engine.dispose()
    return said


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file that is there and makes no sense to anybody."""
    path = tmp_path / "file.csv"
    path.write_bytes(b"\xff\xfe\x00?")
    return path


def test_every_command_names_its_faults(tmp_path: Path) -> None:
    found = all_commands(tmp_path)
    assert len(found) > 15
    assert {path for path, one in found.items() if not isinstance(one, Command)} == set()
    assert {path for path, one in found.items() if isinstance(one, Anywhere)} == BEGINNING | NEEDS_NONE


def test_where_nothing_has_begun_every_command_says_so_and_leaves_nothing(tmp_path: Path, file: Path) -> None:
    place = tmp_path / "forgotten"
    app = create_app(read_settings({"DATA_DIR": str(place)}))
    for path, line in run_all(app, file, but=BEGINNING).items():
        assert line.startswith(SENTENCE.format(place)), path
        assert line.count("\n") == 1, path
    assert not place.exists()


def test_an_unusable_database_is_one_line_of_every_command(
    tmp_path: Path, file: Path, free_port: int
) -> None:
    """Keys are there, and where the database should be lies something else."""
    environment = {"DATABASE_URL": f"sqlite:///{file}", "PORT": str(free_port)}
    settings = begin(read_settings({"DATA_DIR": str(tmp_path / "data"), **environment}))
    file.write_bytes(b"no database " * 100)
    works_without = {("instrument", "check"), ("jobs", "run")}  # the job process goes on and tries again
    for path, line in run_all(create_app(settings), file, but=works_without).items():
        assert "cannot be used" in line, path
        assert line.count("\n") == 1, path


def test_a_server_that_is_not_there_is_named_without_its_password(tmp_path: Path, free_port: int) -> None:
    url = f"postgresql+psycopg://survey:geheim@127.0.0.1:{free_port}/survey"
    settings = begin(read_settings({"DATA_DIR": str(tmp_path), "DATABASE_URL": url}))
    told = create_app(settings).test_cli_runner().invoke(args=["database", "upgrade"])
    assert told.exit_code == 1
    assert "127.0.0.1" in told.stderr
    assert "geheim" not in told.stderr
    assert told.stderr.count("\n") == 1


@on_sqlite
def test_what_is_nowhere_is_named_by_every_command_that_asks_for_it(app: Flask, file: Path) -> None:
    takes_none = {
        *(("serve",), ("database", "upgrade"), ("database", "tidy"), ("jobs", "run")),
        *(("demo", "load"), ("demo", "remove"), ("staff", "create"), ("publication", "list")),
    }
    for path, line in run_all(app, file, but=takes_none).items():
        assert "Traceback" not in line, path
        assert line.strip(), path


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"DATABASE_URL": "nonsense"}, "DATABASE_URL must begin with sqlite:/// or postgresql+psycopg://."),
        ({"DATABASE_URL": "mysql://u:geheim@h/d"}, "DATABASE_URL must begin with"),
        ({"DATABASE_URL": "postgresql+psycopg://u:geheim@h:x/d"}, "DATABASE_URL must begin with"),
        ({"PORT": "eighty"}, "PORT must be a whole number from 1 to 65535, got 'eighty'."),
    ],
)
def test_a_bad_setting_is_one_line_before_any_command(
    tmp_path: Path, environment: dict[str, str], words: str
) -> None:
    settings = {"DATA_DIR": str(tmp_path / "data"), **environment}
    group = FlaskGroup(create_app=lambda: create_app(read_settings_at_start(settings)))
    told = click.testing.CliRunner().invoke(group, ["staff", "code", "x"])
    assert told.exit_code == 1
    assert told.stderr.startswith(f"Error: {words}")
    assert told.stderr.count("\n") == 1
    assert "geheim" not in told.output
    assert not (tmp_path / "data").exists()


def read_settings_at_start(environment: dict[str, str]) -> Settings:
    from survey_app.cli.failing import start_named

    with start_named():
        return read_settings(environment)


@pytest.mark.parametrize("command", [["serve"], ["database", "upgrade"]])
def test_a_folder_that_cannot_be_made_is_named(file: Path, command: list[str]) -> None:
    app = create_app(read_settings({"DATA_DIR": str(file / "data")}))
    told = app.test_cli_runner().invoke(args=command)
    assert told.exit_code == 1
    assert told.stderr == f"{file / 'data'}: Not a directory.\n"


def test_a_key_that_cannot_be_written_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = create_app(read_settings({"DATA_DIR": str(tmp_path)}))

    def refuse(path: Path, *_: int) -> int:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("survey_app.config.os.open", refuse)
    told = app.test_cli_runner().invoke(args=["database", "upgrade"])
    assert (told.exit_code, told.stderr) == (1, f"{tmp_path / 'secrets'}: Permission denied.\n")


def test_what_the_sentence_advises_helps(tmp_path: Path) -> None:
    for command in (["database", "upgrade"], ["database", "tidy"]):
        app = create_app(read_settings({"DATA_DIR": str(tmp_path / "new")}))
        assert app.test_cli_runner().invoke(args=command).exit_code == 0
        app.extensions["database"].engine.dispose()


def ask(app: Flask, query: str) -> None:
    with faults_named(), app.extensions["database"].transaction() as session:
        session.execute(text(query))


def test_another_fault_of_a_database_that_holds_something_stays_what_it_is(app: Flask) -> None:
    with app.app_context(), pytest.raises(DBAPIError):
        ask(app, "SELECT * FROM no_such_table")


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_an_empty_postgresql_is_named_without_its_password(
    app: Flask, capsys: pytest.CaptureFixture[str]
) -> None:
    with app.extensions["database"].transaction() as session:
        session.execute(text("ALTER TABLE office RENAME TO elsewhere"))
    with app.app_context(), pytest.raises(click.exceptions.Exit):
        ask(app, "SELECT * FROM office")
    place = make_url(app.extensions["settings"].database_url).render_as_string(hide_password=True)
    assert capsys.readouterr().err.startswith(SENTENCE.format(place))
