"""The citizen's page, rendered once per instrument version and language and cut where it differs.

Rendering 25 questions costs milliseconds, gzip more. What changes from one page to the next (office,
counter, key …) is short, so the long rest is rendered and compressed once. A page is put together from
ready deflate blocks, with the changing values between them as stored blocks (RFC 1951, 3.2.4).
"""

import re
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass

from markupsafe import escape

CUT = re.compile("\ue000([a-z_]+)\ue001")  # private-use marks: no text of ours holds them
GZIP_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff"
LAST_BLOCK = b"\x03\x00"


def cut_mark(name: str) -> str:
    """Give the mark to render in place of a value that is not known yet."""
    return f"\ue000{name}\ue001"


@dataclass(frozen=True, slots=True)
class Piece:
    """An unchanging stretch of the page, and the name of the value that follows it."""

    plain: bytes
    deflated: bytes
    then: str | None


class CompiledPage:
    """The pieces of one rendered page."""

    def __init__(self, rendered: str) -> None:
        parts = CUT.split(rendered)  # text, name, text, name, …, text
        names: list[str | None] = [*parts[1::2], None]
        self._pieces = [
            Piece(text.encode(), _deflate(text.encode()), name)
            for text, name in zip(parts[::2], names, strict=True)
        ]

    def plain(self, values: Mapping[str, str]) -> bytes:
        chunks = []
        for piece in self._pieces:
            chunks.append(piece.plain)
            if piece.then is not None:
                chunks.append(_value(values, piece.then))
        return b"".join(chunks)

    def gzipped(self, values: Mapping[str, str]) -> bytes:
        chunks, checksum, size = [GZIP_HEADER], 0, 0
        for piece in self._pieces:
            chunks.append(piece.deflated)
            checksum, size = zlib.crc32(piece.plain, checksum), size + len(piece.plain)
            if piece.then is not None:
                value = _value(values, piece.then)
                chunks.append(_stored_block(value))
                checksum, size = zlib.crc32(value, checksum), size + len(value)
        return b"".join((*chunks, LAST_BLOCK, struct.pack("<II", checksum, size)))


def _value(values: Mapping[str, str], name: str) -> bytes:
    return str(escape(values[name])).encode()


def _deflate(text: bytes) -> bytes:
    compressor = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    # A full flush ends on a whole byte and lets nothing after it refer back across the cut.
    return compressor.compress(text) + compressor.flush(zlib.Z_FULL_FLUSH)


def _stored_block(value: bytes) -> bytes:
    return b"\x00" + struct.pack("<HH", len(value), len(value) ^ 0xFFFF) + value
