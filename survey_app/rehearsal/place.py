"""Where a rehearsal happens: a folder that goes with it, or is cleared away after a kill."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PREFIX = "rehearsal-"  # in the data folder


@contextmanager
def place_of_its_own(data_dir: Path) -> Iterator[Path]:
    """Give an empty folder, locked until its process ends, however that happens."""
    remove_left(data_dir)
    with _locked(data_dir):  # nobody takes a folder for left behind that has no lock yet
        place = Path(tempfile.mkdtemp(prefix=PREFIX, dir=data_dir))
        lock = os.open(place, os.O_RDONLY)
        fcntl.flock(lock, fcntl.LOCK_EX)
    try:
        yield place
    finally:
        shutil.rmtree(place)
        os.close(lock)


def remove_left(data_dir: Path) -> None:
    """Delete what killed rehearsals left behind: folders whose lock nobody holds."""
    with _locked(data_dir):
        for place in data_dir.glob(f"{PREFIX}*"):
            with _locked(place, fcntl.LOCK_EX | fcntl.LOCK_NB) as is_left:
                if is_left:
                    shutil.rmtree(place)


@contextmanager
def _locked(folder: Path, how: int = fcntl.LOCK_EX) -> Iterator[bool]:
    """Hold the lock of a folder; tell whether it could be had."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(opened, how)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(opened)
