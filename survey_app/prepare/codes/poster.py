"""Codes on paper as one PDF: posters, table tents, sheets of small codes. For jobs only, for typst's sake."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from survey_app.jobs.typesetting import LONGEST_ADDRESS, printable, typeset
from survey_app.models.short_code import printed
from survey_app.prepare.codes.layouts import DEFAULT_LAYOUT
from survey_app.prepare.codes.qr import qr_svg

_TEMPLATE = Path(__file__).with_name("poster.typ")
_MOST_TAGGED = 50  # tags serve a screen reader; in a province's print run they are 1.2 kB a page for nobody


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


def render_posters(posters: Sequence[Poster], language: str = "vi", layout: str = DEFAULT_LAYOUT) -> bytes:
    """Set them in this main language, with a small line in the other one below where there is room.

    An A5 poster takes 1.5 ms of CPU, 3 kB of PDF and a third of a megabyte of memory a page.
    """
    if not posters:
        raise ValueError("posters must not be empty: a PDF needs a page")
    data = {"posters": [_as_data(poster) for poster in posters], "layout": layout}
    return typeset(_TEMPLATE, language, data, tagged=len(posters) <= _MOST_TAGGED)


def _as_data(poster: Poster) -> dict[str, object]:
    return {
        "office": printable(poster.office),
        "parent": printable(poster.office_parent or ""),
        "counter": printable(poster.counter),
        "domain": printable(poster.address, LONGEST_ADDRESS),
        "code": printed(poster.code),
        "qr": qr_svg(poster.qr_address),
        "qr_address": poster.qr_address,
        "demo": poster.demo,
    }
