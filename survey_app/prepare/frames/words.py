"""Reads single cells of a dossier list: each distinct text once, as a small number."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from survey_app.models.days import read_day
from survey_app.models.levels import OLDEST, read_ages
from survey_app.models.plain_text import FORMULA_SIGNS, composed
from survey_app.models.vietnamese import name_key, spelling_key
from survey_app.prepare.frames.office_book import day_number
from survey_app.prepare.tables.numbers import NOTHING
from survey_app.prepare.tables.sheet import refused

BLANK, BAD = -1, -2
LONGEST_LABEL = 200
MOST_DISTINCT = 300_000
REMEMBERED = 200_000

CHANNELS, OUTCOMES, SEXES = ("counter", "online"), ("early", "on_time", "late"), ("male", "female", "other")
AGE_BANDS = ((17, "0-17"), (24, "18-24"), (34, "25-34"), (49, "35-49"), (60, "50-60"), (200, "61+"))
_SAID: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "channel": {
        "counter": ("trực tiếp", "tại quầy", "bưu chính", "bưu chính công ích", "qua bưu chính", "BCCI"),
        "online": ("trực tuyến", "qua mạng", "nộp trực tuyến"),
    },
    "outcome": {
        "early": ("trước hạn", "sớm hạn", "giải quyết trước hạn"),
        "on_time": ("đúng hạn", "giải quyết đúng hạn", "on time"),
        "late": ("quá hạn", "trễ hạn", "chậm hạn", "giải quyết quá hạn"),
    },
    "sex": {"male": ("nam", "m"), "female": ("nữ", "f"), "other": ("khác",)},
}
_NUMBER = re.compile(r"\d{1,4}", re.ASCII)


def is_composed(text: str) -> bool:
    return unicodedata.is_normalized("NFC", text)


def clean_label(text: str, longest: int = LONGEST_LABEL) -> str | None:
    """Give a text composed and in one line; None for what nobody could read, or a spreadsheet would run."""
    clean = " ".join(composed(text).split())
    if clean in NOTHING:
        return ""
    # U+FFFD stands where letters were lost on the way.
    is_readable = clean.isprintable() and "\ufffd" not in clean and len(clean) <= longest
    return clean if is_readable and not clean.startswith(FORMULA_SIGNS) else None


def is_safe_to_repeat(text: str) -> bool:
    """Whether a text can only be a code: a name, a telephone number or an address must not come back out."""
    return bool(re.fullmatch(r"(?=.*[A-Za-z])(?=.*\d)(?!.*\d{7})[A-Za-z0-9._-]{2,24}", text, re.ASCII))


@dataclass
class Coder:
    """Turns the distinct texts of a column into numbers, remembering what it has read."""

    read: Callable[[str], int]
    _known: dict[str, int] = field(default_factory=dict)

    def codes(self, texts: Iterable[str]) -> list[int]:
        if len(self._known) > REMEMBERED:
            self._known.clear()
        return [self._code(text) for text in texts]

    def _code(self, text: str) -> int:
        found = self._known.get(text)
        if found is None:
            found = self._known[text] = self.read(text)
        return found


@dataclass
class Vocabulary:
    """The distinct labels of a column, in the order in which they came; a field's names mean its code.

    Ways of writing one name are one label: the one written as names are, whatever the order of the lines.
    """

    codes_of_fields: Mapping[str, str] = field(default_factory=dict)
    labels: list[str] = field(default_factory=list)
    _known: dict[str, int] = field(default_factory=dict)  # by what all ways of writing a name share
    _first: list[str] = field(default_factory=list)
    _otherwise: set[str] = field(default_factory=set)

    def read(self, text: str) -> int:
        clean = clean_label(text)
        if not clean:
            return BAD if clean is None else BLANK
        label = self.codes_of_fields.get(name_key(clean))
        code = self.code_of(label or clean, label or spelling_key(clean))
        if label is None and self._first[code] != clean:
            self._otherwise.add(text)
            self.labels[code] = min(self.labels[code], clean, key=_unlike_a_name)
        if len(self._known) + len(self._otherwise) > MOST_DISTINCT:
            raise refused(
                f"một cột có hơn {MOST_DISTINCT:,} giá trị khác nhau; hãy kiểm tra lại việc ghép cột"
            )
        return code

    def code_of(self, label: str, key: str = "") -> int:
        """Give the number of a label; the first with its key names it."""
        code = self._known.setdefault(key or label, len(self._known))
        if code == len(self.labels):
            self.labels.append(label)
            self._first.append(label)
        return code

    def is_otherwise(self, text: str) -> bool:
        """Whether a text that was read writes its label otherwise than the first one did."""
        return text in self._otherwise


def _unlike_a_name(label: str) -> tuple[int, int, str]:
    """Order ways of writing a name: first those whose words begin with capitals and go on without."""
    n_small = sum(word[0].islower() for word in label.split())
    return n_small, sum(letter.isupper() for letter in label), label


def read_day_number(text: str) -> int:
    """Read a day, with or without the hour that software adds."""
    clean = text.strip()
    if clean in NOTHING:
        return BLANK
    day = read_day(re.split(r"[ T]", clean, maxsplit=1)[0])
    return BAD if day is None else day_number(day)


def reader_of_words(column: str, words: Sequence[str]) -> Callable[[str], int]:
    """Give the reader of a column that holds one of a few words."""
    known = {name_key(word): words.index(word) for word in words}
    for word, several in _SAID[column].items():
        known |= {name_key(one): words.index(word) for one in several}

    def read(text: str) -> int:
        clean = text.strip()
        return BLANK if clean in NOTHING else known.get(name_key(clean), BAD)

    return read


def reader_of_ages(bands: Vocabulary, year: int) -> Callable[[str], int]:
    """Give the reader of a band, an age or a year of birth (the age is then that of the given year's end)."""

    def read(text: str) -> int:
        clean = composed(text)
        if clean in NOTHING:
            return BLANK
        band = _band_of(clean, year)
        return BAD if band is None else bands.code_of(band)

    return read


def _band_of(text: str, year: int) -> str | None:
    if ages := read_ages(text):
        return f"{ages.low}+" if ages.high == OLDEST else f"{ages.low}-{ages.high}"
    if not _NUMBER.fullmatch(text):
        return None
    age = int(text) if len(text) < 4 else year - int(text)
    return next((band for last, band in AGE_BANDS if age <= last), None) if 0 <= age <= OLDEST else None
