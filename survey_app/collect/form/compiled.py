"""The citizen's page, rendered once per instrument version and language and cut where it differs.

Rendering 25 questions costs milliseconds. What differs between access points (office, counter …) is filled
in and compressed once for each of those in use; only the key is new every time. It goes between two ready
deflate blocks as a stored block (RFC 1951, 3.2.4).
"""

import re
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from markupsafe import escape

CUT = re.compile("\ue000([a-z_]+)\ue001")  # private-use marks: no text of ours holds them
KEY = "key"
MOST_KEPT = 128  # pages of some 30 kB
GZIP_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff"
LAST_BLOCK = b"\x03\x00"


def cut_mark(name: str) -> str:
    """Give the mark to render in place of a value that is not known yet."""
    return f"\ue000{name}\ue001"


@dataclass(frozen=True, slots=True)
class FilledPage:
    """The page of one access point: what stands before the key, and what stands after it."""

    before: bytes
    after: bytes
    before_deflated: bytes
    after_deflated: bytes
    checksum: int  # of what stands before

    @classmethod
    def of(cls, before: bytes, after: bytes) -> "FilledPage":
        return cls(before, after, _deflate(before), _deflate(after), zlib.crc32(before))

    def plain(self, key: bytes) -> bytes:
        return b"".join((self.before, key, self.after))

    def gzipped(self, key: bytes) -> bytes:
        checksum = zlib.crc32(self.after, zlib.crc32(key, self.checksum))
        size = len(self.before) + len(key) + len(self.after)
        return b"".join(
            (
                GZIP_HEADER,
                self.before_deflated,
                _stored_block(key),
                self.after_deflated,
                LAST_BLOCK,
                struct.pack("<II", checksum, size),
            )
        )


class CompiledPage:
    """The pieces of one rendered page, and the pages of the access points in use."""

    def __init__(self, rendered: str) -> None:
        parts = CUT.split(rendered)  # text, name, text, name, …, text
        self._texts, self._names = parts[::2], parts[1::2]
        self._filled = lru_cache(MOST_KEPT)(self._fill)

    def plain(self, values: Mapping[str, str]) -> bytes:
        return self._page(values).plain(values[KEY].encode())

    def gzipped(self, values: Mapping[str, str]) -> bytes:
        return self._page(values).gzipped(values[KEY].encode())

    def _page(self, values: Mapping[str, str]) -> FilledPage:
        return self._filled(tuple(cut_mark(KEY) if name == KEY else values[name] for name in self._names))

    def _fill(self, values: tuple[str, ...]) -> FilledPage:
        filled = [self._texts[0]]
        for value, text in zip(values, self._texts[1:], strict=True):
            filled += (escape(value), text)
        before, after = "".join(filled).split(cut_mark(KEY))
        return FilledPage.of(before.encode(), after.encode())


def _deflate(text: bytes) -> bytes:
    compressor = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    # A full flush ends on a whole byte and lets nothing after it refer back across the cut.
    return compressor.compress(text) + compressor.flush(zlib.Z_FULL_FLUSH)


def _stored_block(value: bytes) -> bytes:
    return b"\x00" + struct.pack("<HH", len(value), len(value) ^ 0xFFFF) + value
