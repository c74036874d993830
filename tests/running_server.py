"""The real server in processes of its own, for tests that kill it, load it or look at it in a browser."""

import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import psutil

from survey_app.cli.serve import web_command
from survey_app.config import Settings
from survey_app.db import Database
from survey_app.web.context import system_clock
from tests.loaded_demo import settings_in, sqlite_in

ROOT = Path(__file__).parents[1]


def environment(settings: Settings, port: int, **more: str) -> dict[str, str]:
    """Give what a child process needs to read the same settings again."""
    return {
        **os.environ,
        "DATA_DIR": str(settings.data_dir),
        "DATABASE_URL": settings.database_url,
        "PORT": str(port),
        "DEMO": "no",
        **more,
    }


@contextmanager
def started(
    command: list[str], environment: dict[str, str], within: float = 60.0
) -> Iterator[subprocess.Popen]:
    """Start a server and wait until /healthz answers; at the end stop it and all that it started."""
    process = subprocess.Popen(command, env=environment, cwd=ROOT, stdout=subprocess.DEVNULL)
    try:
        wait_until_ready(int(environment["PORT"]), process, within)
        yield process
    finally:
        end(process, signal.SIGTERM)


def web(settings: Settings, port: int) -> list[str]:
    """Give the command of the web server alone, as `serve` starts it."""
    command = web_command(settings)
    command[command.index("--bind") + 1] = f"127.0.0.1:{port}"
    return command


@contextmanager
def over_sqlite(template: Path, folder: Path, port: int, **more: str) -> Iterator[tuple[Settings, Database]]:
    """Start the web server alone over a copy of a migrated, empty database, for the tests of a module."""
    shutil.copyfile(template, folder / "survey.sqlite")
    settings = settings_in(folder, sqlite_in(folder))
    database = Database(settings.database_url)
    with started(web(settings, port), environment(settings, port, **more)):
        yield settings, database
    database.engine.dispose()


# A server that waits for its disk as long as a busy machine takes, where no test asks how soon it gives up.
PATIENT = {"ANSWER_WITHIN_SECONDS": 60.0, "HELD_UP_AFTER_SECONDS": 60.0}


@contextmanager
def web_at(settings: Settings, port: int, moment: datetime, **limits: float) -> Iterator[subprocess.Popen]:
    """Start the web server alone, with a clock that begins at a moment and goes on from there."""
    command = web(settings, port)
    command[command.index("survey_app:create_app()")] = "tests.shifted_app:app"
    ahead = (moment - system_clock()).total_seconds()
    chosen = {name: str(limit) for name, limit in limits.items()}
    with started(command, environment(settings, port, CLOCK_AHEAD_SECONDS=str(ahead), **chosen)) as process:
        yield process


def service() -> list[str]:
    """Give the command of the whole service."""
    return [sys.executable, "-m", "flask", "--app", "survey_app", "serve"]


def wait_until_ready(port: int, process: subprocess.Popen, within: float) -> None:
    until = time.monotonic() + within
    while time.monotonic() < until:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with {process.returncode}")
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    raise RuntimeError(f"the server was not ready within {within} s")


def end(process: subprocess.Popen, how: signal.Signals) -> None:
    """Signal a server; with SIGKILL also everything it started, so that nothing gets to tidy up."""
    try:
        # The one that starts workers goes first, or it would start another in the place of the killed one.
        family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
    except psutil.NoSuchProcess:
        return
    if how is signal.SIGKILL:
        for member in family:
            member.kill()
    else:
        process.send_signal(how)
    _gone, alive = psutil.wait_procs(family, timeout=30)
    for member in alive:
        member.kill()
    process.wait()
