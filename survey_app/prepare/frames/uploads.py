"""Files on their way to a frame: sent through the page, or laid into DATA_DIR/incoming by an administrator.

Each has a folder of its own, found by a ticket, in which a look at it leaves what it makes; what nobody
accepts is deleted after a day, since it holds names and addresses.
"""

import json
import os
import re
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from survey_app.models.frame import FOLDER
from survey_app.models.plain_text import one_line
from survey_app.prepare.frames.source import Source, open_source

LOOKS, INCOMING = "looks", "incoming"
LIST_FILE, TEXT_FILE, ABOUT_FILE = "list", "list.csv", "about.json"
FRAME_FILE, CONTACTS_FILE, FAULTS_FILE = "frame.parquet", "contacts", "faults.csv"  # what a look leaves
LIVES_SECONDS = 24 * 3600
KINDS = (".csv", ".txt", ".tsv", ".xlsx")
LONGEST_NAME = 100
_TICKET = re.compile(r"[A-Za-z0-9_-]{22}")


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that waits: what it is called, for which campaign it was sent, how its table is read."""

    ticket: str
    folder: Path
    name: str
    campaign_id: int
    source: Source
    incoming: str = ""  # its name in the folder of large files


def keep(data_dir: Path, campaign_id: int, name: str, content: bytes) -> Upload:
    """Put a sent file aside and look at its header; ImportRefused leaves nothing behind."""
    with _new_folder(data_dir) as folder:
        path = folder / LIST_FILE
        path.touch(mode=0o600)
        path.write_bytes(content)
        return _remember(folder, campaign_id, name, path)


def take_in_place(data_dir: Path, campaign_id: int, path: Path, incoming: str = "") -> Upload:
    """Look at the header of a file where it lies, however large it is."""
    with _new_folder(data_dir) as folder:
        return _remember(folder, campaign_id, path.name, path, incoming)


def find(data_dir: Path, campaign_id: int, ticket: str) -> Upload | None:
    """Give the file of a ticket, as it was when its header was looked at."""
    folder = data_dir / FOLDER / LOOKS / ticket
    if not _TICKET.fullmatch(ticket) or not (folder / ABOUT_FILE).is_file():
        return None
    about: dict[str, Any] = json.loads((folder / ABOUT_FILE).read_text("utf-8"))
    source = about.pop("source")
    source |= {"path": Path(source["path"]), "header": tuple(source["header"])}
    upload = Upload(ticket=ticket, folder=folder, source=Source(**source), **about)
    return upload if upload.campaign_id == campaign_id else None


def forget(upload: Upload) -> None:
    """Delete what was sent and what a look at it made; a file that was read in place stays where it is."""
    shutil.rmtree(upload.folder, ignore_errors=True)


def forget_accepted(data_dir: Path, upload: Upload) -> None:
    """Delete a list that became a frame, also out of the folder of large files, where it lay for this."""
    forget(upload)
    if upload.incoming:
        (data_dir / INCOMING / upload.incoming).unlink(missing_ok=True)


def bring_to_disk(path: Path) -> None:
    """Wait until a file or the names in a folder would outlive a power cut."""
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def incoming_files(data_dir: Path) -> list[tuple[str, int]]:
    """List the large files that were laid ready, by name, with their sizes."""
    folder = data_dir / INCOMING
    if not folder.is_dir():
        return []
    return sorted((path.name, path.stat().st_size) for path in _plain_files(folder))


def incoming_file(data_dir: Path, name: str) -> Path | None:
    """Give a large file by its name: one of the list, and nothing else on this machine."""
    folder = data_dir / INCOMING
    if not folder.is_dir():
        return None
    return next((path for path in _plain_files(folder) if path.name == name), None)


def remove_old(data_dir: Path) -> None:
    """Delete what nobody came back for."""
    folder = data_dir / FOLDER / LOOKS
    if not folder.is_dir():
        return
    for path in folder.iterdir():
        if max(one.stat().st_mtime for one in (path, *path.glob("*"))) < time.time() - LIVES_SECONDS:
            shutil.rmtree(path, ignore_errors=True)


def _plain_files(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        is_plain = path.is_file() and not path.is_symlink()
        if is_plain and path.suffix.casefold() in KINDS and path.name.isprintable():  # no page can say others
            yield path


@contextmanager
def _new_folder(data_dir: Path) -> Iterator[Path]:
    """Make a folder that stays only if the file in it can be read."""
    folder = data_dir / FOLDER / LOOKS / secrets.token_urlsafe(16)
    folder.mkdir(mode=0o700, parents=True)
    try:
        yield folder
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _remember(folder: Path, campaign_id: int, name: str, path: Path, incoming: str = "") -> Upload:
    source = open_source(path, name, folder / TEXT_FILE)
    shown = one_line(name)[:LONGEST_NAME] or "–"
    upload = Upload(folder.name, folder, shown, campaign_id, source, incoming)
    about = {
        "name": shown,
        "campaign_id": campaign_id,
        "incoming": incoming,
        "source": asdict(source) | {"path": str(source.path)},
    }
    (folder / ABOUT_FILE).write_text(json.dumps(about, ensure_ascii=False), "utf-8")
    return upload
