"""Strings that break careless programs, as many as asked for each field that takes text."""

import random
from urllib.parse import quote_from_bytes

from tests.soak import SOAK

SEEDS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</textarea><h1>x</h1>",
    "' OR 1=1; DROP TABLE comment; --",
    "{{7*7}} {% raw %} {# x #} ${7*7} #{7*7}",
    "%(n)s %s %d %% {0} {n}",
    "=HYPERLINK(1)",
    "\0NUL\0",
    "\r\n\r\nSet-Cookie: a=b",
    "\u202egnp.exe\u202c\u2066\u2069\u200f\u061c",
    "\ud800 lone \udfff",
    "\ue000office\ue001 \ue002x\ue003",
    "\ufffe\uffff\ufeff\ufffd",
    "\u200b\u200d\u00ad\u2060",
    "Ằ Ẫ Ễ Ộ Ữ Ỵ ặ ệ ợ ự ỹ Đ đ",
    "E\u0302\u0303" * 9,
    "Z\u0351\u036b\u0343" * 40,
    "👩🏽‍👩🏾‍👧🏿‍👦 🇻🇳",
    "ភាសាខ្មែរ ‏عربى",
    "0912 345 678@",
    "a@b.c\0",
    "٠٩١٢٣٤٥٦٧٨ ０９１２３４５６７８",
    "x" * 5_000,
    "\n\t" * 50,
    "&lt;b&gt; &amp; &#0; &#x202e;",
    "../../etc/passwd?number=1&lang=en#x",
    "\x1b[31m\x07\x7f\x85",
    '#eval("6*7") #sys.version $x^2$ *b* _i_ @ref <label> // /* \\ ` ~',
    "+1+cmd|' /C calc'!A0",
    "@SUM(1+9)",
    "\t=1+1",
    "\r-2+3",
    "%ED%A0%80 %00 %0d%0aX: y",
)


N_STRINGS = 250 if SOAK else 100


def nasty_strings(purpose: str, n: int = N_STRINGS) -> list[str]:
    """Give the seeds, and then mixtures of their parts; others for each purpose, the same at each run."""
    made = random.Random(purpose)
    symbols = "".join(SEEDS)
    mixed = ["".join(made.choices(symbols, k=made.randrange(1, 60))) for _ in range(n // 2)]
    joined = [made.choice(SEEDS)[:40] + made.choice(SEEDS)[:40] for _ in range(n // 2)]
    return [*SEEDS, *mixed, *joined][:n]


def field(name: str, value: str) -> str:
    """Write one field of a form's body; surrogates go as the bytes that a broken client sends."""
    return f"{name}={quote_from_bytes(value.encode('utf-8', 'surrogatepass'))}"


def as_received(value: str) -> str:
    """Give what reaches a page: Werkzeug leaves bytes that are no text percent-encoded."""
    return value.encode("utf-8", "surrogatepass").decode("utf-8", "werkzeug.url_quote")
