"""docs/tour.md: each stop with its pictures, what the page answers, and what comes next."""

import io
from collections.abc import Iterator
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser

from tests.tour.house import House
from tests.tour.stops import CHAPTERS, FILLED, Stop
from tests.tour.visit import DESK, PHONE, Guests

DOCS = Path(__file__).parents[2] / "docs"
BOOK, FOLDER = DOCS / "tour.md", DOCS / "pictures" / "tour"
COLOURS = 16  # letters in grey, a deep green, red and ochre: all that the pages use
MOST_BYTES = 3_000_000  # of all pictures in docs/
HEAD = """# A walk through the pages

Each page of the staff and each public result, on a phone and at a desk, as the demo shows it at first sight.
Above the pictures: the question that the page answers, and what somebody in charge would do next, with the
words of the link or button that does it. `make pictures` takes the pictures and writes this file from
`tests/tour/stops.py`; a test in a browser walks the same way, with axe, and fails where a page has no stop
here, no first sentence or no next step. All offices are made up.
"""


def text() -> str:
    return "\n".join([HEAD, *_contents(), *(line for title in CHAPTERS for line in _chapter(title))])


def _contents() -> Iterator[str]:
    for title in CHAPTERS:
        anchor = "".join(c for c in title.lower() if c.isalnum() or c in " -").replace(" ", "-")
        yield f"- [{title}](#{anchor})"
    yield ""


def _chapter(title: str) -> Iterator[str]:
    yield f"## {title}"
    for stop in CHAPTERS[title]:
        yield f"\n**{stop.answers}** `{stop.address}`, as {_guest(stop)}.  "
        yield f"Next: {_lowered(stop.next)} (“{stop.step}”).\n"
        yield "| phone | desk |\n|---|---|"
        cells = (
            f'<img src="pictures/tour/{stop.name}-{size}.webp" width="{width}" alt="{stop.answers} {alt}">'
            for size, width, alt in (("phone", 220, "On a phone"), ("desk", 560, "At a desk"))
        )
        yield f"| {' | '.join(cells)} |"
    yield ""


def _guest(stop: Stop) -> str:
    names = {
        None: "anybody",
        "half": "a campaign lead, half signed in",
        "beginner": "a new campaign lead",
    }
    return names.get(stop.who) or f"the demo's {stop.who.replace('_', ' ')}"  # type: ignore[union-attr]


def _lowered(sentence: str) -> str:
    return sentence[0].lower() + sentence[1:]


def take(browser: Browser, house: House) -> None:
    """Take all pictures anew, and write the book."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for old in FOLDER.glob("*.webp"):
        old.unlink()
    guests = Guests(browser, house)
    for stop in FILLED:
        page = guests.open(stop)
        for size, (width, height) in (("phone", PHONE), ("desk", DESK)):
            page.set_viewport_size({"width": width, "height": height})
            shot = page.screenshot()  # what is seen at first: there the answer has to be
            (FOLDER / f"{stop.name}-{size}.webp").write_bytes(small(shot, "WEBP", lossless=True))
    BOOK.write_text(text(), "utf-8")


def small(shot: bytes, form: str, colours: int = COLOURS, **how: object) -> bytes:
    """Write a picture of few colours small: it looks the same."""
    found = io.BytesIO()
    few = Image.open(io.BytesIO(shot)).convert("RGB").quantize(colours, dither=Image.Dither.NONE)
    (few.convert("RGB") if form == "WEBP" else few).save(found, form, **how)
    return found.getvalue()
