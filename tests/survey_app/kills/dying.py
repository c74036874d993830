"""A process that does one step and is killed when it has left so many traces: files, rows, commits.

Between two traces nothing outside of the process changes, so whoever kills at each of them has killed at
every moment. Processes come from a server that has imported the service, so that one costs no start.
"""

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from multiprocessing.connection import Connection
from pkgutil import walk_packages
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

import survey_app
from tests.survey_app.kills import steps
from tests.survey_app.kills.place import Place

WITHIN_SECONDS = 120

FILES_CHANGE = {"os.rename", "os.link", "os.remove", "os.mkdir", "os.rmdir", "os.symlink", "os.truncate"}
WRITES = os.O_WRONLY | os.O_RDWR
READS = ("SELECT", "PRAGMA", "SHOW")

processes = multiprocessing.get_context("forkserver")
# Beside this module, what the service imports late; pyarrow brings pandas where that is installed.
LATE = ["cryptography.hazmat.primitives.ciphers.aead", "PIL.ImageDraw", "PIL.ImageFont", "pandas"]
modules = [one.name for one in walk_packages(survey_app.__path__, f"{survey_app.__name__}.")]
processes.set_forkserver_preload([__name__, *LATE, *(name for name in modules if name.endswith(".routes"))])


@dataclass(frozen=True)
class Death:
    """After how many traces a process dies: by its own hand at that trace, or by ours while it goes on."""

    at: int
    from_outside: bool = False


class _Traces:
    """Counts what a process leaves outside of itself, and what comes at a number."""

    def __init__(self, at: int | None, then: Callable[[], None]) -> None:
        self.n = 0
        self._at, self._then = at, then
        sys.addaudithook(self._meet)
        event.listen(Engine, "before_cursor_execute", self._execute)
        for moment in ("before_commit", "after_commit"):
            event.listen(Session, moment, lambda _session: self._leave())

    def _meet(self, name: str, told: tuple[Any, ...]) -> None:
        if name in FILES_CHANGE or (name == "open" and told[2] & WRITES):
            self._leave()

    def _execute(self, _connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        if not statement.lstrip().startswith(READS):
            self._leave()

    def _leave(self) -> None:
        self.n += 1
        if self.n == self._at:
            self._then()


def done(name: str, place: Place, moment: datetime) -> tuple[int, Any]:
    """Let a process do a step, and the housekeeping of a later day; give how many traces the step left."""
    process, hear = _start(name, place, moment, None)
    assert hear.poll(WITHIN_SECONDS)
    told: tuple[int, Any] = hear.recv()
    process.join(WITHIN_SECONDS)
    assert process.exitcode == 0
    return told


def killed(name: str, place: Place, moment: datetime, death: Death) -> None:
    """Let a process do a step and die of it; from outside, it may have come to its end just before."""
    process, hear = _start(name, place, moment, death)
    if death.from_outside:
        assert hear.poll(WITHIN_SECONDS)
        process.kill()
    process.join(WITHIN_SECONDS)
    assert process.exitcode in ({-signal.SIGKILL, 0} if death.from_outside else {-signal.SIGKILL})


def _start(name: str, place: Place, moment: datetime, death: Death | None) -> tuple[Any, Connection]:
    hear, tell = processes.Pipe(duplex=False)
    process = processes.Process(target=_live, args=(name, place, moment, death, tell))
    process.start()
    tell.close()
    return process, hear


def _live(name: str, place: Place, moment: datetime, death: Death | None, tell: Connection) -> None:
    def die() -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def go_on() -> None:
        tell.send(None)

    sys.dont_write_bytecode = True  # a module that is compiled is no trace of a step
    then = go_on if death and death.from_outside else die
    traces = _Traces(death.at if death else None, then)
    told = steps.BY_NAME[name].act(place, moment)
    n = traces.n
    if death is None:
        place.age()
        steps.work(place, moment)
    tell.send((n, told))
