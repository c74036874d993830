"""Recognises text of the code pages before Unicode (TCVN3, VNI), also where it passes for valid text."""

import re
from collections.abc import Iterable

# What both put in the place of Vietnamese letters: Latin-1 that Vietnamese does not use, inside words.
_FOREIGN = "¡¢£¤¥¦§¨©ª«¬®¯°±²³´µ¶·¸¹º»¼½¾¿ÄÅÆÇËÎÏÐÑÖ×ØÛÜÞßäåæçëîïðñö÷øûüþÿ"
_LOOKS_OLD = re.compile(f"[A-Za-z][{_FOREIGN}]|[{_FOREIGN}][A-Za-z]")
_IS_UNICODE = re.compile("[ĂăĐđĨĩŨũƠơƯưẠ-ỹ]")
_OF_UTF_16 = (b"\xff\xfe", b"\xfe\xff")

REFUSAL = "Tệp dùng bảng mã cũ (TCVN3 hoặc VNI). Hãy chuyển sang Unicode rồi nạp lại."


def look_old(cells: Iterable[str]) -> bool:
    """Whether more cells look like an old code page than like Vietnamese; one odd name is none."""
    n_old = n_sound = 0
    for cell in cells:
        if _IS_UNICODE.search(cell):
            n_sound += 1
        elif _LOOKS_OLD.search(cell):
            n_old += 1
    return n_old > n_sound


def are_old(content: bytes) -> bool:
    """Whether bytes that are no valid UTF-8 look like an old code page, rather than like a damaged file."""
    if content.startswith(_OF_UTF_16) or _IS_UNICODE.search(content.decode("utf-8", "replace")):
        return False
    return look_old(content.decode("latin-1").splitlines())
