"""Says on stderr what a command is busy with, once it has taken longer than two seconds."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock, Timer
from typing import Final

from analysis.command.faults import printable

PATIENCE: Final = 2.0
"""Seconds of silence."""


class Progress:
    """The stage that a command has reached."""

    def __init__(self) -> None:
        self._stage = ""
        self._is_late = False
        self._lock = Lock()

    def stage(self, name: str) -> None:
        """Enter a stage; its name is written at once if the command is late already."""
        with self._lock:
            self._stage = printable(name)
            if self._is_late:
                sys.stderr.write(f"{self._stage} …\n")

    def _late(self) -> None:
        with self._lock:
            self._is_late = True
            if self._stage:
                sys.stderr.write(f"{self._stage} …\n")
                sys.stderr.flush()


@contextmanager
def watched(patience: float = PATIENCE) -> Iterator[Progress]:
    """Give a `Progress` that starts to speak after `patience` seconds."""
    progress = Progress()
    timer = Timer(patience, progress._late)
    timer.daemon = True
    timer.start()
    try:
        yield progress
    finally:
        timer.cancel()
