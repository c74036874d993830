"""Message catalogues, one a room and language: what the sources say against what the catalogues hold.

`python -m tests.catalogues` (`make messages`) brings the catalogues up to date; new Vietnamese is left blank
for a person to write, and the house rules fail until it is there.
"""

import io
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_file
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from survey_app.web.i18n import CATALOGUES, LANGUAGES

APP = Path(__file__).parents[1] / "survey_app"
SHARED = "web"  # what belongs to no room: base templates, macros, error pages
KEYWORDS: dict[str, tuple[int, ...] | None] = {
    "_": None,
    "gettext": None,
    "lazy_gettext": None,
    "_l": None,
    "ngettext": (1, 2),
    "lazy_ngettext": (1, 2),
}


def catalogue_path(room: str, language: str) -> Path:
    return APP / "translations" / language / "LC_MESSAGES" / f"{room}.po"


def room_of(source: Path) -> str:
    """Name the room whose catalogue holds this file's messages."""
    parts = source.relative_to(APP).parts
    place = parts[1] if parts[0] == "templates" else parts[0]
    return place if place in CATALOGUES else SHARED


def sources() -> Iterator[tuple[Path, str]]:
    """Give each file that may hold messages, with Babel's name for its kind."""
    yield from ((path, "python") for path in sorted(APP.rglob("*.py")))
    yield from ((path, "jinja2") for path in sorted((APP / "templates").rglob("*.*")))


def extracted(room: str) -> Catalog:
    """Collect the messages that the room's modules and templates say."""
    catalogue = Catalog()
    for path, kind in sources():
        if room_of(path) == room:
            for _line, text, *_ in extract_from_file(kind, path, KEYWORDS, options={"silent": "false"}):
                catalogue.add(text)
    return catalogue


def stored(room: str, language: str) -> Catalog:
    path = catalogue_path(room, language)
    if not path.exists():
        return Catalog(locale=language)
    with path.open("rb") as file:
        return read_po(file, locale=language)


def messages(catalogue: Catalog) -> list[Message]:
    """All messages but the header."""
    return [message for message in catalogue if message.id]


def update(room: str, language: str) -> None:
    """Bring one catalogue up to date; it keeps its translations, sorted, without line numbers or dates."""
    catalogue = stored(room, language)
    catalogue.update(extracted(room), no_fuzzy_matching=True)
    catalogue.obsolete.clear()
    for message in messages(catalogue):
        message.flags.clear()
        if language == "en" and not any(message.string or ()):
            message.string = message.id
    write(catalogue, catalogue_path(room, language))


def write(catalogue: Catalog, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    header = (
        'msgid ""\nmsgstr ""\n'
        f'"Language: {catalogue.locale_identifier}\\n"\n'
        '"MIME-Version: 1.0\\n"\n'
        '"Content-Type: text/plain; charset=utf-8\\n"\n'
        '"Content-Transfer-Encoding: 8bit\\n"\n'
        f'"Plural-Forms: {catalogue.plural_forms}\\n"\n\n'
    )
    body = io.BytesIO()
    write_po(body, catalogue, width=0, sort_output=True, no_location=True, omit_header=True)
    path.write_bytes(header.encode() + body.getvalue().rstrip() + b"\n")


def compile_all() -> None:
    """Compile what was written since it was compiled; safe beside a test run that does the same."""
    for path in (APP / "translations").rglob("*.po"):
        compiled = path.with_suffix(".mo")
        if compiled.exists() and compiled.stat().st_mtime >= path.stat().st_mtime:
            continue
        with path.open("rb") as file, tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as made:
            write_mo(made, read_po(file))
        os.replace(made.name, compiled)


if __name__ == "__main__":
    for room in CATALOGUES:
        for language in LANGUAGES:
            update(room, language)
