"""A real PostgreSQL server for the tests: its own folder, its own port, an ordinary user."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import psycopg

# Below those that the kernel gives to outgoing connections: no phone of a test sits on a server's place.
PORTS = range(20_000, 30_000)
PORTS_A_PROCESS = 100
SUPERUSER = "survey"
INITDB_OPTIONS = ("--encoding=UTF8", "--locale=C", "--no-sync")
START_SECONDS = 60
# The ordinary tests lose nothing when the machine stops, so they need not wait for its disk.
FORGETFUL = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")
IMPATIENT = "lock_timeout=10s"  # two connections of one test that wait for each other fail, not hang


@dataclass(frozen=True)
class Server:
    port: int

    def url(self, name: str) -> str:
        return f"postgresql+psycopg://{SUPERUSER}@127.0.0.1:{self.port}/{name}"

    @contextmanager
    def connected(self, name: str = "postgres") -> Iterator[psycopg.Connection]:
        """Connect outside of any transaction, as CREATE DATABASE and its like must be."""
        address = f"host=127.0.0.1 port={self.port} user={SUPERUSER} dbname={name}"
        with psycopg.connect(address, autocommit=True) as connection:
            yield connection

    def run(self, command: str) -> None:
        with self.connected() as connection:
            connection.execute(command.encode())

    def create_database(self, name: str, template: str = "template0") -> str:
        with self.connected() as connection:
            # Half the work of a copy through the log, which is how versions from 15 on copy unless told.
            how = "STRATEGY FILE_COPY" if connection.info.server_version >= 150_000 else ""
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" {how}'.encode())
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Drop it even if a server that a test killed still holds a connection."""
        self.run(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def find_programs() -> Path | None:
    """Find the folder that holds both `initdb` and `postgres`."""
    folders = [Path(folder) for folder in os.get_exec_path()]
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    if pg_config := shutil.which("pg_config"):
        told = subprocess.run([pg_config, "--bindir"], capture_output=True, text=True, check=False)
        folders.append(Path(told.stdout.strip()))
    both = ("initdb", "postgres")
    return next((folder for folder in folders if all((folder / name).is_file() for name in both)), None)


def free_port() -> int:
    """Give a port on which nobody listens, and which no other process of tests is given meanwhile."""
    _sign, ports = _own_ports()
    for port in islice(ports, PORTS_A_PROCESS):
        with suppress(OSError), _bound(socket.SOCK_STREAM, port):
            return port
    raise RuntimeError("none of this process's ports is free")


@cache
def _own_ports() -> tuple[socket.socket, Iterator[int]]:
    """Take some ports until this process ends: who holds the first of them for UDP has them all."""
    for first in PORTS[::PORTS_A_PROCESS]:
        with suppress(OSError):
            return _bound(socket.SOCK_DGRAM, first), cycle(range(first, first + PORTS_A_PROCESS))
    raise RuntimeError("other processes hold all ports of the tests")


def _bound(kind: socket.SocketKind, port: int) -> socket.socket:
    opened = socket.socket(type=kind)
    try:
        opened.bind(("127.0.0.1", port))
    except OSError:
        opened.close()
        raise
    return opened


@contextmanager
def running_server(programs: Path, *, durable: bool = False, preload: Path | None = None) -> Iterator[Server]:
    """Start a server on an empty folder and stop it at the end.

    `durable` is for tests that kill it; `preload` is a library that comes between it and the C library.
    """
    with tempfile.TemporaryDirectory(prefix="survey-postgresql-") as folder:
        person = _ordinary_user(folder)
        data, log = f"{folder}/data", Path(folder, "log")
        initdb = [programs / "initdb", "-D", data, "-U", SUPERUSER, "--auth=trust", *INITDB_OPTIONS]
        made = subprocess.run(initdb, capture_output=True, text=True, check=False, cwd=folder, **person)
        if made.returncode != 0:
            raise RuntimeError(f"initdb failed:\n{made.stdout}{made.stderr}")
        port = free_port()
        choices = ("listen_addresses=127.0.0.1", f"port={port}", "unix_socket_directories=", IMPATIENT)
        options = [word for choice in choices + (() if durable else FORGETFUL) for word in ("-c", choice)]
        with log.open("wb") as output:
            process = subprocess.Popen(
                [programs / "postgres", "-D", data, *options],
                stdout=output,
                stderr=output,
                cwd=folder,
                env={**os.environ, **({"LD_PRELOAD": str(preload)} if preload else {})},
                **person,
            )
        try:
            yield _ready(Server(port), process, log)
        finally:
            process.send_signal(signal.SIGINT)  # PostgreSQL's fast shutdown
            process.wait(START_SECONDS)


def _ordinary_user(folder: str) -> dict[str, Any]:
    """PostgreSQL refuses to run as root: there, give folder and process to an ordinary user."""
    if os.geteuid() != 0:
        return {}
    names = {user.pw_name for user in pwd.getpwall()}
    user = pwd.getpwnam("postgres" if "postgres" in names else "nobody")
    os.chown(folder, user.pw_uid, user.pw_gid)
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _ready(server: Server, process: subprocess.Popen[bytes], log: Path) -> Server:
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            server.run("SELECT 1")
        except psycopg.OperationalError:
            time.sleep(0.05)
        else:
            return server
    raise RuntimeError(f"PostgreSQL did not start:\n{log.read_text()}")
