"""Posters of codes as one PDF, an A5 page each. For jobs only: typst stays out of the web worker."""

import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import typst
from font_source_sans_pro import font_directory

from survey_app.models.short_code import printed
from survey_app.prepare.codes.qr import qr_svg

_TEMPLATE = Path(__file__).with_name("poster.typ")

# Sentences C31 and C32 of the wording, without the full stop, as each stands as a line of its own. They are
# here and not in the page catalogues: a job has no request to take a language from, and a poster speaks both.
_WORDS: Mapping[str, Mapping[str, str]] = {
    "vi": {
        "lang": "vi",
        "title": "Tờ mã QR",
        "question": "Hôm nay Ông/Bà " + "được phục vụ thế nào?".replace(" ", "\N{NO-BREAK SPACE}"),
        "scan": "Quét mã, chưa đến 1 phút, không hỏi tên",
        "type": "Không quét được: vào {domain}, gõ {CODE}",
        "trust": "Không hỏi tiền, mật khẩu, mã OTP",
        "demo": "Dữ liệu minh họa, không phải đơn vị thật",
    },
    "en": {
        "lang": "en",
        "title": "QR posters",
        "question": "How were you served today?",
        "scan": "Scan, under a minute, no name asked",
        "type": "Cannot scan: go to {domain}, type {CODE}",
        "trust": "Never asks for money, password, OTP",
        "demo": "Demonstration data, not a real office",
    },
}
_OTHER = {"vi": "en", "en": "vi"}
LANGUAGES = tuple(_WORDS)

_MOST_TAGGED = 50  # tags serve a screen reader; in a province's print run they are 1.2 kB a page for nobody
_LONGEST_WORD = 24  # no Vietnamese syllable has more than 7 letters; what is longer may break anywhere
_LONGEST_ADDRESS = 40
_BREAK = "\N{ZERO WIDTH SPACE}"


@dataclass(frozen=True, slots=True)
class Poster:
    office: str
    counter: str
    address: str
    """For people to type, without scheme: khaosat.example.vn."""
    code: str
    qr_address: str
    office_parent: str | None = None
    demo: bool = False


def render_posters(posters: Sequence[Poster], language: str = "vi") -> bytes:
    """Set a page each in this main language, with a small line in the other one below.

    It takes 1.5 ms of CPU, 3 kB of PDF and a third of a megabyte of memory a page.
    """
    if language not in _WORDS:
        raise ValueError(f"language must be one of {', '.join(LANGUAGES)}, got {language!r}")
    if not posters:
        raise ValueError("posters must not be empty: a PDF needs a page")
    data = {
        "main": _WORDS[language],
        "other": _WORDS[_OTHER[language]],
        "posters": [_as_data(poster) for poster in posters],
    }
    return typst.compile(
        _TEMPLATE.read_bytes(),
        font_paths=typst.Fonts(
            include_system_fonts=False, include_embedded_fonts=False, font_paths=[font_directory]
        ),
        sys_inputs={"data": json.dumps(data)},
        pdf_tags=len(posters) <= _MOST_TAGGED,
    )


def _as_data(poster: Poster) -> dict[str, object]:
    return {
        "office": _printable(poster.office, _LONGEST_WORD),
        "parent": _printable(poster.office_parent or "", _LONGEST_WORD),
        "counter": _printable(poster.counter, _LONGEST_WORD),
        "domain": _printable(poster.address, _LONGEST_ADDRESS),
        "code": printed(poster.code),
        "qr": qr_svg(poster.qr_address),
        "qr_address": poster.qr_address,
        "demo": poster.demo,
    }


def _printable(text: str, longest_word: int) -> str:
    """Bring text to NFC, without control characters or bidi marks, able to break inside any long word."""
    plain = "".join(
        " " if symbol.isspace() else symbol
        for symbol in unicodedata.normalize("NFC", text)
        if symbol.isspace() or not unicodedata.category(symbol).startswith("C")
    )
    return re.sub(rf"(\S{{{longest_word}}})(?=\S)", rf"\1{_BREAK}", " ".join(plain.split()))
