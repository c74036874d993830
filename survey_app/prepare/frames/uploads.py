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
from survey_app.prepare.tables.sheet import refused

LOOKS, INCOMING = "looks", "incoming"
LIST_FILE, TEXT_FILE, ABOUT_FILE = "list", "list.csv", "about.json"
CONTACTS_FILE, FAULTS_FILE = "contacts", "faults.csv"  # what a look leaves, beside the frame itself
LIVES_SECONDS = 24 * 3600
KINDS = (".csv", ".txt", ".tsv", ".xlsx")
LONGEST_NAME = 100
ONE_LOOK = "look"  # where a list is looked at once, as by command
CHANGED = "tệp đã thay đổi hoặc bị thay sau khi đọc dòng tiêu đề; hãy chọn lại tệp từ đầu"
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
    original: Path = Path()  # what was sent or laid ready; a sheet is read from its text
    stamp: tuple[int, ...] = ()  # by which the original is told from another file in its place

    def made_by(self, look: str) -> Path:
        """Say in which folder one look leaves what it makes: two looks at a list make two frames."""
        return self.folder / look

    @property
    def is_as_it_was(self) -> bool:
        """Whether the file is the very one whose header was read."""
        return self.stamp == _stamp_of(self.original)


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
    about |= {"original": Path(about["original"]), "stamp": tuple(about["stamp"])}
    upload = Upload(ticket=ticket, folder=folder, source=Source(**source), **about)
    return upload if upload.campaign_id == campaign_id else None


def forget(upload: Upload) -> None:
    """Delete what was sent and what a look at it made; a file that was read in place stays where it is."""
    shutil.rmtree(upload.folder, ignore_errors=True)


def forget_accepted(upload: Upload) -> bool:
    """Delete a list that became a frame, also out of the folder of large files, where it lay for this.

    A file that took its place there stays, for nobody has looked at it; tell whether none did.
    """
    forget(upload)
    if not upload.incoming:
        return True
    is_the_one = upload.is_as_it_was
    if is_the_one:
        upload.original.unlink(missing_ok=True)
    return is_the_one


def refuse_changed(upload: Upload) -> None:
    """Refuse a file that is another one than its header was read from, even one that says the same age."""
    source = upload.source
    if not upload.is_as_it_was:
        raise refused(CHANGED)
    if source.path == upload.original:
        read_again = open_source(source.path, upload.name, upload.folder / TEXT_FILE)
        if read_again != source:
            raise refused(CHANGED)


def named_frame(folder: Path, frame_hash: str) -> Path:
    """Say where a look leaves a frame: its name is the hash of what it holds."""
    return folder / f"{frame_hash}.parquet"


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


def _stamp_of(path: Path) -> tuple[int, ...]:
    try:
        found = path.stat()
    except OSError:
        return ()
    return (found.st_ino, found.st_size, found.st_mtime_ns)


def _remember(folder: Path, campaign_id: int, name: str, path: Path, incoming: str = "") -> Upload:
    stamp = _stamp_of(path)  # before anything is read: what changes from here on is another file
    source = open_source(path, name, folder / TEXT_FILE)
    shown = one_line(name)[:LONGEST_NAME] or "–"
    upload = Upload(folder.name, folder, shown, campaign_id, source, incoming, path, stamp)
    about = {
        "name": shown,
        "campaign_id": campaign_id,
        "incoming": incoming,
        "original": str(path),
        "stamp": stamp,
        "source": asdict(source) | {"path": str(source.path)},
    }
    (folder / ABOUT_FILE).write_text(json.dumps(about, ensure_ascii=False), "utf-8")
    return upload
