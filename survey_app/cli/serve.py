"""`serve`: prepare the database, then run the web server and the job process until told to stop."""

import contextlib
import ctypes
import errno
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from types import FrameType

import click
from flask import Flask
from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from survey_app.cli.command import Anywhere, begin_here
from survey_app.cli.database import migrate
from survey_app.config import Settings
from survey_app.db import Database
from survey_app.errors import SurveyError
from survey_app.models.access_point import AccessPoint
from survey_app.models.campaign import Campaign, goes_on
from survey_app.models.instrument import InstrumentVersion
from survey_app.models.invitation_token import token_path
from survey_app.models.office import Office, serves_on
from survey_app.models.rotating_code import screen_path
from survey_app.models.short_code import form_path
from survey_app.models.staff import Staff, StaffGrant
from survey_app.web import context

SIGNAL_ON_PARENTS_DEATH = 1  # PR_SET_PDEATHSIG of Linux's prctl
RESTART_PAUSE_SECONDS = 1.0
PORT_IS_FREE_WITHIN_SECONDS = 3.0  # a service that was killed a moment ago still lets go of it
PORT_PAUSE_SECONDS = 0.1
FIRST_ACCOUNT = ".venv/bin/flask --app survey_app staff create --username NAME --full-name 'FULL NAME'"


def web_command(settings: Settings) -> list[str]:
    return [
        *(sys.executable, "-m", "gunicorn", "survey_app:create_app()"),
        *("--bind", f"{settings.host}:{settings.port}"),
        *("--worker-class", "survey_app.web.whole_requests.WholeRequestWorker"),
        *("--workers", "1", "--threads", str(settings.threads)),
        # A hall's phones stay connected while they fill in: a connection costs 2 kB, a refused one a form.
        *("--worker-connections", "4000", "--backlog", "2048"),
        *("--keep-alive", "15", "--timeout", "60", "--graceful-timeout", "20"),
        # No access log, and no warnings: they name the address and repeat the line of a broken request.
        *("--log-level", "error", "--no-control-socket"),
    ]


def job_command() -> list[str]:
    return [sys.executable, "-m", "flask", "--app", "survey_app", "jobs", "run"]


class PortRefused(SurveyError):
    """The web server could not listen where the settings say."""

    def __init__(self, settings: Settings, error: OSError) -> None:
        port = f"Port {settings.port} of {settings.host}"
        words = {
            errno.EADDRINUSE: f"{port} is in use by another program, perhaps by this service started before: "
            f"stop that, or choose another port, as in PORT={settings.port % 65535 + 1} make run.",
            errno.EACCES: f"{port} is not for this user: choose one from 1024 on, as in PORT=8000 make run.",
        }
        unusable = f"{port} cannot be used ({error.strerror}): set HOST to an address of this machine."
        super().__init__(words.get(error.errno or 0, unusable))


def register(app: Flask) -> None:
    @app.cli.command("serve", cls=Anywhere)
    def serve() -> None:
        """Prepare the database and serve until stopped."""
        settings, database = begin_here(), context.database()
        check_port(settings, PORT_IS_FREE_WITHIN_SECONDS)
        prepare(database, settings)
        for line in announcement(database, settings):
            click.echo(line)
        database.close()
        raise click.exceptions.Exit(supervise(settings))


def check_port(settings: Settings, within_seconds: float) -> None:
    """Find out before anything starts whether the web server will be able to listen."""
    until = time.monotonic() + within_seconds
    while True:
        try:
            return _listen(settings.host, settings.port)
        except OSError as error:
            if error.errno != errno.EADDRINUSE or time.monotonic() > until:
                raise PortRefused(settings, error) from error
            time.sleep(PORT_PAUSE_SECONDS)


def _listen(host: str, port: int) -> None:
    """Take the port as gunicorn will, and let go of it again."""
    family, kind, _protocol, _name, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, kind) as listener:
        # Closed connections linger for a while, and hold nothing.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)


def prepare(database: Database, settings: Settings) -> None:
    migrate(database)
    with database.reading() as session:
        is_empty = not any(
            session.scalar(select(row.id).limit(1)) for row in (Office, Campaign, Staff, InstrumentVersion)
        )
    if settings.demo and is_empty:
        from survey_app.demo.load import load_demo  # it computes figures, so numpy comes with it

        click.echo("Loading the demo …")
        load_demo(database, settings, context.now())


def announcement(database: Database, settings: Settings) -> Iterator[str]:
    """Say where to begin: a citizen's link, the results, the staff sign-in and its accounts."""
    with database.reading() as session:
        code = open_code(session, AccessPoint.way_in == "poster")
        has_staff = session.scalar(select(Staff.id).limit(1)) is not None
        has_demo = session.scalar(select(Staff.id).where(Staff.is_demo).limit(1)) is not None
    url = settings.public_url
    yield f"Citizen's form     {url}{form_path(code)}" if code else f"Start page         {url}/"
    if has_demo:
        yield from _demo_invitation(database, settings)
        yield from _demo_screen(database, settings)
    yield f"Published results  {url}/results"
    yield f"Staff sign-in      {url}/staff/sign-in"
    if has_demo:
        yield f"Demo accounts      {settings.data_dir / 'demo-accounts.txt'}"
        with contextlib.suppress(OSError):
            yield from (settings.data_dir / "demo-accounts.txt").read_text("utf-8").splitlines()
    elif not has_staff:
        yield f"First account      {FIRST_ACCOUNT}"


def _demo_invitation(database: Database, settings: Settings) -> Iterator[str]:
    from survey_app.demo.invitations import unused_invitation

    with database.reading() as session:
        token = unused_invitation(session, settings.secrets)
    if token is not None:
        yield f"One invitation     {settings.public_url}{token_path(token)}"


def _demo_screen(database: Database, settings: Settings) -> Iterator[str]:
    """Name the screen of a demo; the address of a real one is nobody's who reads the journal."""
    with database.reading() as session:
        code = open_code(session, AccessPoint.way_in == "screen", Campaign.is_demo.is_(True))
    if code is not None:
        yield f"One screen         {settings.public_url}{screen_path(code, settings.secrets[0])}"


def open_code(session: Session, *conditions: ColumnElement[bool]) -> str | None:
    today = context.today()
    return session.scalar(
        select(AccessPoint.code)
        .join(Campaign, Campaign.id == AccessPoint.campaign_id)
        .join(Office, Office.id == AccessPoint.office_id)
        .where(
            *conditions,
            serves_on(today),
            AccessPoint.revoked_on.is_(None),
            Campaign.opens_on <= today,
            goes_on(today),
        )
        # A manager's own office first: what is answered here shall be seen by whom the demo lets sign in.
        .order_by(AccessPoint.office_id.in_(select(StaffGrant.office_id)).desc(), AccessPoint.id)
        .limit(1)
    )


def supervise(settings: Settings) -> int:
    """Run both processes; restart the job process if it dies; end with the web server's exit code."""
    stopping = False

    def stop(_signal: int, _frame: FrameType | None) -> None:
        nonlocal stopping
        stopping = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    web, jobs = start(web_command(settings)), start(job_command())
    try:
        while not stopping and web.poll() is None:
            if jobs.poll() is not None:
                jobs = start(job_command())
            time.sleep(RESTART_PAUSE_SECONDS)
    finally:
        for process in (web, jobs):
            process.terminate()
        for process in (web, jobs):
            process.wait()
    return 0 if stopping else web.returncode or 1


def start(command: list[str]) -> subprocess.Popen[bytes]:
    # In a session of its own: the terminal's Ctrl-C reaches the supervisor alone, which ends both in order.
    return subprocess.Popen(command, preexec_fn=end_with_parent, start_new_session=True)  # noqa: S603  # our own words


def end_with_parent() -> None:
    """Ask the kernel to end this process when the supervisor is gone, however it went."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(SIGNAL_ON_PARENTS_DEATH, signal.SIGTERM)
