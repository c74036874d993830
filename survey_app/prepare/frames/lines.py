"""Cuts a file of text into blocks of whole lines, each a row: in bounded memory, whatever the file holds."""

import codecs
import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from survey_app.prepare.frames.source import UTF_16, Source
from survey_app.prepare.tables.sheet import refused

BLOCK_BYTES = 8 * 1024 * 1024
LONGEST_LINE = BLOCK_BYTES
MOST_LINES_OF_A_ROW = 20  # of an address that was typed in several lines, say
QUOTE = b'"'

NoteFault = Callable[[int, str], None]  # line, rule


@dataclass(frozen=True, slots=True)
class Block:
    """Rows, a line each, in UTF-8; the line on which each begins in the file, and how far that is read."""

    content: bytes
    numbers: range | list[int]
    n_read: int


def blocks(source: Source, note: NoteFault, block_bytes: int = BLOCK_BYTES) -> Iterator[Block]:
    """Give the rows below the header; a line that cannot be one is noted and left out."""
    number, open_row = 1, b""
    for content, n_read, is_last in _whole_lines(source, block_bytes):
        begins = number - open_row.count(b"\n")
        number += content.count(b"\n")
        block = _below_header(Block(open_row + content, range(begins, number), n_read), source.header_line)
        mended, open_row = _mended(block, source.separator, note, is_last=is_last)
        yield mended


def _whole_lines(source: Source, block_bytes: int) -> Iterator[tuple[bytes, int, bool]]:
    """Give the file in pieces that end with a line, how many of its bytes are read, whether it ends there."""
    rest = b""
    decoder = codecs.getincrementaldecoder(UTF_16)("replace") if source.encoding == UTF_16 else None
    with source.path.open("rb") as file:
        while True:
            came = file.read(block_bytes)
            is_end = not came
            n_read = file.tell()
            if decoder is not None:
                came = decoder.decode(came, is_end).encode("utf-8", "replace")
            content = rest + came
            if is_end:
                break
            end = content.rfind(b"\n") + 1
            content, rest = content[:end], content[end:]
            if len(rest) > max(LONGEST_LINE, block_bytes):
                raise refused("một dòng dài hơn 8 MB: tệp không phải bảng, hoặc thiếu dấu xuống dòng")
            if content:
                yield content, n_read, False
    yield content if content.endswith(b"\n") else content + b"\n", n_read, True


def _below_header(block: Block, header_line: int) -> Block:
    n_above = max(0, min(header_line + 1 - block.numbers[0], len(block.numbers)))
    content = block.content
    for _ in range(n_above):
        content = content[content.find(b"\n") + 1 :]
    return Block(content, block.numbers[n_above:], block.n_read)


def _mended(block: Block, separator: str, note: NoteFault, *, is_last: bool) -> tuple[Block, bytes]:
    """Make each row one line of valid UTF-8; give apart what the next piece has to end."""
    content, numbers, open_row = block.content, block.numbers, b""
    if b"\r" in content:
        content = content.replace(b"\r\n", b"\n").replace(b"\r", b" ")
    if QUOTE in content:
        content, numbers, open_row = _rows_joined(content, numbers, separator, note, is_last=is_last)
    try:
        content.decode()
    except UnicodeDecodeError:
        content, numbers = _valid_lines(content, numbers, note)
    return Block(content, numbers, block.n_read), open_row


def _valid_lines(
    content: bytes, numbers: range | list[int], note: NoteFault
) -> tuple[bytes, range | list[int]]:
    kept: list[bytes] = []
    kept_numbers: list[int] = []
    for line, number in zip(content.splitlines(), numbers, strict=True):
        try:
            line.decode()
        except UnicodeDecodeError:
            note(number, "letters")
        else:
            kept.append(line)
            kept_numbers.append(number)
    return b"".join(line + b"\n" for line in kept), kept_numbers


def _rows_joined(
    content: bytes, numbers: range | list[int], separator: str, note: NoteFault, *, is_last: bool
) -> tuple[bytes, range | list[int], bytes]:
    """Put rows whose quoted cells go over several lines on one line; give apart one that has no end yet."""
    lines = content.split(b"\n")[:-1]
    if not any(line.count(QUOTE) & 1 for line in lines):
        return content, numbers, b""
    kept: list[bytes] = []
    kept_numbers: list[int] = []
    place = 0
    while place < len(lines):
        n_lines = _lines_of_row(lines, place, separator)
        if n_lines:
            kept.append(b" ".join(lines[place : place + n_lines]))
            kept_numbers.append(numbers[place])
        elif not is_last and len(lines) - place < MOST_LINES_OF_A_ROW:
            break
        else:
            note(numbers[place], "quotes")
        place += n_lines or 1
    whole, left = (b"".join(line + b"\n" for line in some) for some in (kept, lines[place:]))
    return whole, kept_numbers, left


def _lines_of_row(lines: list[bytes], place: int, separator: str) -> int:
    """Say how many lines the row that begins here takes; 0 if its quotes never close."""
    if not lines[place].count(QUOTE) & 1:
        return 1
    row = b""
    for n_lines, line in enumerate(lines[place : place + MOST_LINES_OF_A_ROW], start=1):
        row += b" " + line
        try:
            next(csv.reader([row[1:].decode("latin-1")], delimiter=separator, strict=True))
        except csv.Error:
            continue
        return n_lines
    return 0
