"""Names, addresses and telephone numbers of a frame: sealed apart, part by part, until their last day.

A file of parts, each its length and then its sealed content. The key lies in DATA_DIR/frame-keys, so that a
copy of the frames and of the database tells nobody's name. For jobs.
"""

import secrets
import struct
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
from pyarrow import ipc

from survey_app.models import seal as seals
from survey_app.prepare.frames.columns import CONTACTS, UNIT

PURPOSE = b"frame"
NAME_BYTES = 16
_LENGTH = struct.Struct(">Q")
LONGEST = 300


class ContactsWriter:
    """Seals the contacts of one frame, part by part: each opens as that part of that file alone."""

    def __init__(self, file: BinaryIO, key: bytes) -> None:
        self._file, self._key, self._n_parts = file, key, 0
        self._name = secrets.token_hex(NAME_BYTES)
        file.write(self._name.encode())

    def add(self, rows: pa.Table) -> None:
        columns = [name for name in (UNIT, *CONTACTS) if name in rows.column_names]
        buffer = pa.BufferOutputStream()
        part = rows.select(columns).combine_chunks()
        with ipc.new_stream(buffer, part.schema, options=ipc.IpcWriteOptions(compression="lz4")) as stream:
            stream.write_table(part)
        sealed = seals.seal(buffer.getvalue().to_pybytes(), PURPOSE, self._owner(self._n_parts), self._key)
        self._file.write(_LENGTH.pack(len(sealed)) + sealed)
        self._n_parts += 1

    def _owner(self, number: int) -> str:
        return f"{self._name}/{number}"


def open_contacts(path: Path, keys: Sequence[bytes]) -> Iterator[pa.Table]:
    """Read the contacts of a frame, part by part; a part that no key opens ends it."""
    with path.open("rb") as file:
        name = file.read(2 * NAME_BYTES).decode("ascii")
        for number, sealed in enumerate(_parts(file)):
            content = seals.unseal(sealed, PURPOSE, f"{name}/{number}", keys)
            if content is None:
                return
            yield ipc.open_stream(pa.BufferReader(content)).read_all()


def _parts(file: BinaryIO) -> Iterable[bytes]:
    while length := file.read(_LENGTH.size):
        yield file.read(_LENGTH.unpack(length)[0])
