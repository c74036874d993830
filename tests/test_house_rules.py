"""Rules of the house that fail by themselves. A reason stands beside each exception."""

import ast
import json
import re
import secrets
import subprocess
import sys
import unicodedata
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import jinja2
import pytest
from flask import Flask
from sqlalchemy.orm import Session

from survey_app.config import SECRET_BYTES, VIETNAM_TIME, Settings, read_settings
from survey_app.db import Database
from survey_app.web.access import PUBLIC, RIGHTS, hash_token
from survey_app.web.context import system_clock
from tests import factories

ROOT = Path(__file__).parents[1]
APP = ROOT / "survey_app"
TEMPLATES = APP / "templates"
ROOMS = ("jobs", "accounts", "prepare", "collect", "publish", "review")
MODULES = sorted([*APP.rglob("*.py"), *(ROOT / "analysis").rglob("*.py")])
LONGEST_MODULE, LONGEST_FUNCTION = 400, 40

FLASK_BELONGS_IN = {"routes.py", "forms.py"}
FLASK_ALSO_IN = {
    "collect/body.py": "reads what a citizen's form sent, for the doors of the room",
    "collect/context.py": "what a request may ask of this room, as web/context.py of the house",
    "collect/form/page.py": "renders the page of an instrument version, once a version and language",
    "collect/shell.py": "renders what a citizen meets, in one look",
    "collect/problems.py": "the words for what is not possible, and the pages that say them",
}
COMMITS_ALSO_IN = {
    "db.py": "here transaction() stands",
    "collect/writer.py": "a batch is tried whole; if a row was there before, row by row",
    "cli/database.py": "Alembic works on a connection, not on a session",
    "cli/serve.py": "gives its connections back before the web process starts",
}
on_sqlite = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"), str(path))


def imported_by(path: Path) -> set[str]:
    """List the first names of all modules that a module imports, wherever it does so."""
    found = set()
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.split(".")[0])
    return found


def python_words(path: Path) -> set[str]:
    nodes = ast.walk(tree_of(path))
    return {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}


def template_words(path: Path) -> set[str]:
    nodes = jinja2.Environment(extensions=["jinja2.ext.i18n"], autoescape=True).parse(path.read_text("utf-8"))
    words = {node.value for node in nodes.find_all(jinja2.nodes.Const)}
    return {word for word in words if isinstance(word, str)}


@on_sqlite
def test_every_route_names_its_access(app: Flask) -> None:
    known = {PUBLIC}.union(*RIGHTS.values())
    found = {
        rule.rule: getattr(app.view_functions[rule.endpoint], "access", None)
        for rule in app.url_map.iter_rules()
    }
    unmarked = {rule: access for rule, access in found.items() if access not in known}
    assert not unmarked, "mark these with @access.public or @access.staff_only(a right of web/access.py)"


def test_every_setting_stands_in_the_readme(tmp_path: Path) -> None:
    class Recorder(dict[str, str]):
        def get(self, name: str, default: str = "") -> str:  # type: ignore[override]  # all a reader asks for
            names.append(name)
            return super().get(name, default)

    names: list[str] = []
    read_settings(Recorder(DATA_DIR=str(tmp_path)))
    readme = (ROOT / "README.md").read_text("utf-8")
    missing = [name for name in names if not re.search(rf"`{name}\b[^`]*`", readme)]
    assert not missing, f"README.md must explain these settings: {missing}"


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_only_config_reads_the_environment(path: Path) -> None:
    if path == APP / "config.py":
        return
    nodes = [node for node in ast.walk(tree_of(path)) if isinstance(node, ast.Attribute)]
    lines = [node.lineno for node in nodes if node.attr in {"environ", "getenv"}]
    assert not lines, f"{name_of(path)} reads the environment in lines {lines}"


@pytest.mark.parametrize("room", ROOMS)
def test_verbs_know_no_flask(room: str) -> None:
    allowed = {APP / path for path in FLASK_ALSO_IN}
    found = [
        name_of(path)
        for path in (APP / room).rglob("*.py")
        if path.name not in FLASK_BELONGS_IN and path not in allowed
        if imported_by(path) & {"flask", "flask_babel", "flask_wtf", "wtforms"}
    ]
    assert not found, "verbs get session, now and settings as arguments"


def test_only_db_commits() -> None:
    found = [
        f"{name_of(path)}:{node.lineno}"
        for path in APP.rglob("*.py")
        if path.relative_to(APP).as_posix() not in COMMITS_ALSO_IN
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Attribute) and node.attr in {"commit", "rollback", "engine"}
    ]
    assert not found, "transaction() commits at its end"


def test_nothing_is_left_for_later() -> None:
    found = [
        name_of(path)
        for path in texts()
        if re.search(r"\b(TODO|FIXME|XXX|TEMPORARY)\b", path.read_text("utf-8"))
    ]
    assert not found, "do it now, or write an issue"


VISIT_ALL_PAGES = """
import json, sys
from survey_app import create_app
token, known = sys.argv[1], json.loads(sys.argv[2])
app = create_app()
client = app.test_client()
with client.session_transaction() as cookie:
    cookie["token"] = token
answers = {}
for rule in app.url_map.iter_rules():
    if "GET" in rule.methods and rule.arguments <= known.keys():
        with app.test_request_context():
            path = app.url_for(rule.endpoint, **{name: known[name] for name in rule.arguments})
        asked = {"campaign": known["campaign_code"]}
        answers[rule.endpoint] = client.get(path, query_string=asked).status_code
modules = sorted({name.split(".")[0] for name in sys.modules})
print(json.dumps({"answers": answers, "modules": modules}))
"""


@on_sqlite
def test_web_worker_loads_no_heavy_library(settings: Settings, database: Database) -> None:
    """Every page that has something to show here is opened too: a library could be loaded by a view."""
    now, token = system_clock(), secrets.token_urlsafe(SECRET_BYTES)
    with database.transaction() as session:
        signed_in = factories.staff(session, role="administrator")
        factories.staff_session(
            session,
            staff_id=signed_in.id,
            token_hash=hash_token(token),
            expires_at=now + timedelta(hours=1),
        )
        known = something_to_show(session, now.astimezone(VIETNAM_TIME).date())
    environment = {"DATA_DIR": str(settings.data_dir), "DATABASE_URL": settings.database_url, "DEMO": "no"}
    command = [sys.executable, "-c", VISIT_ALL_PAGES, token, json.dumps(known)]
    run = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    found = json.loads(run.stdout)
    assert found["answers"].keys() >= {
        "accounts.home",
        "prepare.codes",
        "publish.office_page",
        "review.comments",
    }
    assert {page: status for page, status in found["answers"].items() if status != 200} == {}
    assert "flask" in found["modules"]
    heavy = {
        "numpy",
        "scipy",
        "typst",
        "alembic",
        "yaml",
        "polars",
        "pyarrow",
        "xlsxwriter",
        "docx",
        "lxml",
        "numba",
        "cryptography",
    }
    assert not heavy.intersection(found["modules"])


def something_to_show(session: Session, today: date) -> dict[str, str | int]:
    """Make an office with a code and a published figure; give what their pages are called by."""
    office, _another_to_choose = factories.office(session), factories.office(session)
    campaign = factories.campaign(session, opens_on=today)
    point = factories.access_point(session, campaign_id=campaign.id, office_id=office.id)
    publication = factories.publication(session, campaign_id=campaign.id)
    factories.figure(session, publication_id=publication.id, office_id=office.id)
    return {
        "code": str(point.code),
        "campaign_code": campaign.code,
        "office_code": office.code,
        "office_id": office.id,
    }


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_module_and_functions_are_short(path: Path) -> None:
    faults = []
    n_lines = len(path.read_text("utf-8").splitlines())
    if n_lines > LONGEST_MODULE:
        faults.append(f"has {n_lines} lines: split it by subject before it has {LONGEST_MODULE}")
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            n_lines = body_lines(node)
            if n_lines > LONGEST_FUNCTION:
                faults.append(f"{node.name} has {n_lines} lines: at most {LONGEST_FUNCTION}, 25 is plenty")
    assert not faults, name_of(path)


def body_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Count a function's lines without its docstring."""
    last = function.end_lineno or function.lineno
    if ast.get_docstring(function) is None:
        return last - function.lineno + 1
    docstring = function.body[0]
    return last - function.lineno - ((docstring.end_lineno or 0) - docstring.lineno)


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_each_type_ignore_has_its_code_and_reason(path: Path) -> None:
    silent = [
        number
        for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1)
        if "# type: ignore" in line and not re.search(r"# type: ignore\[[a-z, -]+\]  # \w", line)
    ]
    assert not silent, f"{name_of(path)}: lines {silent}"


def test_every_template_and_static_file_is_used() -> None:
    """A name put together while running does not count: write it out, so that a search finds it."""
    said = {path: python_words(path) for path in APP.rglob("*.py")}
    said |= {path: template_words(path) for path in TEMPLATES.rglob("*.*")}
    files = [(path, TEMPLATES) for path in TEMPLATES.rglob("*.*")]
    static = APP / "static"
    # A clip is found by what it reads; tests of collect/form/clips.py check each that is shipped.
    files += [(path, static) for path in static.rglob("*.*") if static / "audio" not in path.parents]
    unused = [
        name_of(path)
        for path, folder in files
        if not any(words & names_of(path, folder) for place, words in said.items() if place != path)
    ]
    assert not unused


def names_of(path: Path, folder: Path) -> set[str]:
    """A template goes by its path; a module may also read another file that lies beside its templates."""
    full = path.relative_to(folder).as_posix()
    return {full} if path.suffix == ".html" else {full, path.name}


def test_vietnamese_is_composed() -> None:
    """NFC everywhere: two spellings of one letter would make equal words differ."""
    decomposed = [name_of(path) for path in texts() if not is_composed(path.read_text("utf-8"))]
    assert not decomposed


def is_composed(text: str) -> bool:
    return unicodedata.is_normalized("NFC", text)


def texts() -> Iterator[Path]:
    endings = {".py", ".html", ".css", ".po", ".yaml", ".typ", ".csv", ".md", ".svg", ".js"}
    folders = (APP, ROOT / "docs", ROOT / "migrations")
    yield from (path for folder in folders for path in folder.rglob("*") if path.suffix in endings)
