"""Recorded questions: one short MP3 a language and item, and beside it who reads it, and what.

    audio/<instrument>/<language>/<item>.mp3
    audio/<instrument>/<language>/<item>.txt    two lines: the reader, the sentence

A clip is offered only while the form asks the very sentence that it reads: a question that is put in other
words falls silent until somebody reads it anew.
"""

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from survey_app.errors import SurveyError
from survey_app.models.definition import Definition, Item

SAMPLES = Path(__file__).parents[2] / "static" / "audio"
LARGEST_CLIP = 200 * 1024  # a minute at 24 kbit/s; a question takes ten seconds
LONGEST_READER = 60
WORD = re.compile("[a-z0-9_]{1,20}")  # an item's code, an instrument's, a language's: no way out of a folder


class ClipRefused(SurveyError):
    """A recording was not taken; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Clip:
    """A recording that fits what the form asks; its digest changes with its content."""

    instrument: str
    language: str
    item: str
    digest: str
    reader: str


def folders(data_dir: Path) -> tuple[Path, ...]:
    """List where clips may lie: the office's own come before the samples that are shipped."""
    return (data_dir / "audio", SAMPLES)


def as_read(sentence: str) -> str:
    """Give the words to read aloud: nobody says the stroke of “Ông/Bà”."""
    return sentence.replace("Ông/Bà", "ông bà")


def find_clip(places: Iterable[Path], instrument: str, item: Item, language: str) -> Clip | None:
    """Find the recording of a question as a page in this language words it."""
    used = item.text.language_used(language)
    sentence = as_read(item.text.in_language(language))
    for place in places:
        path = _path(place, (instrument, used, item.code))
        content = _content(path)
        if content and path and (reader := _reader_of(path, sentence)):
            return Clip(instrument, used, item.code, _digest(content), reader)
    return None


def read_clip(places: Iterable[Path], words: Sequence[str], digest: str) -> bytes | None:
    """Read the recording of (instrument, language, item) that has this very content."""
    for place in places:
        content = _content(_path(place, words))
        if content and _digest(content) == digest:
            return content
    return None


def keep_clip(
    place: Path, definition: Definition, item_code: str, language: str, reader: str, content: bytes
) -> str:
    """Keep an office's own recording of a question; return the sentence that it must say."""
    if item_code not in definition.numbers:
        raise ClipRefused(f"{definition.code!r} asks no item {item_code!r}.")
    item = definition.item(item_code)
    reader = unicodedata.normalize("NFC", " ".join(reader.split()))
    path = _path(place, (definition.code, language, item_code))
    if item.text.language_used(language) != language or path is None:
        raise ClipRefused(f"item {item_code!r} of {definition.code!r} has no words in language {language!r}.")
    if not 0 < len(reader) <= LONGEST_READER or not reader.isprintable():
        raise ClipRefused(f"name the reader in 1 to {LONGEST_READER} characters.")
    if not is_mp3(content):
        raise ClipRefused("the file is no MP3. Convert it: ffmpeg -i FILE -ac 1 -b:a 32k clip.mp3")
    if len(content) > LARGEST_CLIP:
        raise ClipRefused(
            f"the file has {len(content) // 1024} kB, a clip at most {LARGEST_CLIP // 1024} kB."
        )
    sentence = as_read(item.text.in_language(language))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    path.with_suffix(".txt").write_text(f"{reader}\n{sentence}\n", "utf-8")
    return sentence


def is_mp3(content: bytes) -> bool:
    """Whether it begins with a tag, or with eleven set bits and a layer, as each frame of an MP3 does."""
    is_frame = len(content) > 1 and content[0] == 0xFF and content[1] & 0xE6 == 0xE2
    return is_frame or content.startswith(b"ID3")


def _path(place: Path, words: Sequence[str]) -> Path | None:
    """Give the place of a clip; None for words from an address that name none."""
    if not all(WORD.fullmatch(word) for word in words):
        return None
    instrument, language, item = words
    path = place / instrument / language / f"{item}.mp3"
    return path if path.resolve().is_relative_to(place.resolve()) else None


def _content(path: Path | None) -> bytes | None:
    if path is None or not path.is_file():
        return None
    with path.open("rb") as file:
        content = file.read(LARGEST_CLIP + 1)
    return content if len(content) <= LARGEST_CLIP else None


def _reader_of(path: Path, sentence: str) -> str | None:
    """Name who reads the clip, if it reads this sentence."""
    try:
        reader, _, read = path.with_suffix(".txt").read_text("utf-8").partition("\n")
    except (OSError, UnicodeDecodeError):
        return None
    is_same = unicodedata.normalize("NFC", " ".join(read.split())) == " ".join(sentence.split())
    return reader.strip() if is_same else None


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]
