"""From data to PDF, in a typeface that no machine has to have. For jobs: the web worker loads no typst."""

import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

import typst
from font_source_sans_pro import font_directory

# Sentences C25, C31 and C32 of the wording, without the full stop, as each stands as a line of its own. They
# stand here and not in the catalogues: a job has no request to take a language from, and print speaks both.
WORDS: Mapping[str, Mapping[str, str]] = {
    "vi": {
        "lang": "vi",
        "posters": "Tờ mã QR",
        "slips": "Phiếu mời",
        "question": "Hôm nay Ông/Bà " + "được phục vụ thế nào?".replace(" ", "\N{NO-BREAK SPACE}"),
        # An invitation may be opened on another day.
        "slip_question": "Ông/Bà đã " + "được phục vụ thế nào?".replace(" ", "\N{NO-BREAK SPACE}"),
        "scan": "Quét mã, chưa đến 1\N{NO-BREAK SPACE}phút, không hỏi tên",
        "once": "Mỗi mã dùng một lần",
        "type": "Không quét được: vào {domain}, gõ {CODE}",
        "trust": "Không hỏi tiền, mật khẩu, mã OTP",
        "demo": "Dữ liệu minh họa, không phải đơn vị thật",
    },
    "en": {
        "lang": "en",
        "posters": "QR posters",
        "slips": "Invitations",
        "question": "How were you served today?",
        "slip_question": "How were you served?",
        "scan": "Scan, under a minute, no name asked",
        "once": "Each code works once",
        "type": "Cannot scan: go to {domain}, type {CODE}",
        "trust": "Never asks for money, password, OTP",
        "demo": "Demonstration data, not a real office",
    },
}
OTHER_LANGUAGE = {"vi": "en", "en": "vi"}
LANGUAGES = tuple(WORDS)

PICTURE_PPI = 220
LONGEST_WORD = 24  # no Vietnamese syllable has more than 7 letters; what is longer may break anywhere
LONGEST_ADDRESS = 40
COMPILATIONS_REMEMBERED = 12
_BREAK = "\N{ZERO WIDTH SPACE}"


def typeset(template: Path, language: str, data: Mapping[str, object], *, tagged: bool) -> bytes:
    """Set a template in this main language; its words and the data reach it as strings, never as markup."""
    if language not in WORDS:
        raise ValueError(f"language must be one of {', '.join(LANGUAGES)}, got {language!r}")
    words = {"main": WORDS[language], "other": WORDS[OTHER_LANGUAGE[language]]}
    return set_type([template], {**words, **data}, tagged=tagged)


def set_type(
    templates: Sequence[Path],
    data: Mapping[str, object],
    *,
    tagged: bool,
    form: Literal["pdf", "png"] = "pdf",
) -> bytes:
    """Set templates, one after the other as one document; of a picture (PNG), its only page."""
    return typst.compile(
        b"\n".join(template.read_bytes() for template in templates),
        font_paths=typst.Fonts(
            include_system_fonts=False, include_embedded_fonts=False, font_paths=[font_directory]
        ),
        sys_inputs={"data": json.dumps(data)},
        pdf_tags=tagged,
        format=form,
        ppi=PICTURE_PPI,
    )


def forget_drawings() -> None:
    """Make typst let go of what it drew: else it keeps that over ten compilations, a gigabyte in the end."""
    no_fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False)
    for _ in range(COMPILATIONS_REMEMBERED):
        typst.compile(b"", font_paths=no_fonts)


def printable(text: str, longest_word: int = LONGEST_WORD) -> str:
    """Bring text to NFC, without control characters or bidi marks, able to break inside any long word."""
    plain = "".join(
        " " if symbol.isspace() else symbol
        for symbol in unicodedata.normalize("NFC", text)
        if symbol.isspace() or not unicodedata.category(symbol).startswith("C")
    )
    return re.sub(rf"(\S{{{longest_word}}})(?=\S)", rf"\1{_BREAK}", " ".join(plain.split()))
