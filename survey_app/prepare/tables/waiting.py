"""Keeps a file between two pages: what does not add up in it is shown before anybody accepts it."""

import contextlib
import re
import secrets
import time
from pathlib import Path

FOLDER = "uploads"
LIVES_SECONDS = 24 * 3600
_TICKET = re.compile(r"[A-Za-z0-9_-]{22}")


def keep(data_dir: Path, staff_id: int, content: bytes) -> str:
    """Put a file aside for the one who sent it; give the ticket by which it is found again."""
    folder = data_dir / FOLDER
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    ticket = secrets.token_urlsafe(16)
    path = _path(data_dir, staff_id, ticket)
    path.touch(mode=0o600)
    path.write_bytes(content)
    return ticket


def find(data_dir: Path, staff_id: int, ticket: str) -> bytes | None:
    """Give the file of a ticket to the one who sent it; to anybody else there is none."""
    if not _TICKET.fullmatch(ticket):
        return None
    try:
        return _path(data_dir, staff_id, ticket).read_bytes()
    except FileNotFoundError:
        return None


def forget(data_dir: Path, staff_id: int, ticket: str) -> None:
    _path(data_dir, staff_id, ticket).unlink(missing_ok=True)


def remove_old(data_dir: Path) -> None:
    """Delete what nobody accepted, or what the process that stored it had no time to delete."""
    for path in (data_dir / FOLDER).glob("*"):
        with contextlib.suppress(FileNotFoundError):  # accepted or forgotten meanwhile
            if path.stat().st_mtime < time.time() - LIVES_SECONDS:
                path.unlink()


def _path(data_dir: Path, staff_id: int, ticket: str) -> Path:
    return data_dir / FOLDER / f"{staff_id}-{ticket}"
