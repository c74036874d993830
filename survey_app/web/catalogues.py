"""Where the words of our own pages stand: a catalogue a room, read once and kept.

Vietnamese and English are complete. A minority language has what somebody has translated so far of the
citizens' catalogue; each string that it lacks is Vietnamese, and a page says so where it stands.
"""

import io
import re
from collections.abc import Callable
from gettext import c2py
from pathlib import Path
from typing import TYPE_CHECKING

from babel.support import NullTranslations, Translations
from flask_babel import Domain

if TYPE_CHECKING:
    from babel.messages.catalog import Message

FOLDER = Path(__file__).parents[1] / "translations"
# One catalogue a room, so that no file is edited by everybody.
CATALOGUES = ("web", "jobs", "accounts", "prepare", "collect", "publish", "review")
OF_CITIZENS = "LC_MESSAGES/collect.po"

LACKING, ITS_END = "\ue002", "\ue003"  # private-use marks around what a catalogue lacked
TAG_OR_MARK = re.compile(f"(<title>[^<]*|<[^>]*>)|{LACKING}|{ITS_END}")


class PartialTranslations(Translations):
    """A catalogue as its translator left it; it marks what it has to take from another."""

    def holds(self, message: str) -> bool:
        # gettext files a plural under its message and the number of the form.
        return message in self._catalog or (message, 0) in self._catalog

    def ugettext(self, message: str) -> str:
        return self._marked(message, super().ugettext(message))

    def ungettext(self, one: str, many: str, n: int) -> str:
        return self._marked(one, super().ungettext(one, many, n))

    def _marked(self, message: str, said: str) -> str:
        return said if self.holds(message) else f"{LACKING}{said}{ITS_END}"


class Catalogues(Domain):
    """The words of a page in the language that `language` names when it is asked."""

    def __init__(self, folder: Path, complete: tuple[str, ...], language: Callable[[], str]) -> None:
        folders = [str(folder)] * len(CATALOGUES)
        super().__init__(folders, ";".join(CATALOGUES))  # type: ignore[no-untyped-call]  # typed in part
        self._language = language
        found = {path.parents[1].name: path for path in sorted(folder.glob(f"*/{OF_CITIZENS}"))}
        self._partial_files = {code: path for code, path in found.items() if code not in complete}
        self._read: dict[str, NullTranslations] = {}  # by language: asked for with each word of a page
        self.languages = (*complete, *self._partial_files)

    def get_translations(self) -> NullTranslations:
        language = self._language()
        if language not in self._read:
            self._read[language] = self._words_in(language)
        return self._read[language]

    def _words_in(self, language: str) -> NullTranslations:
        if language not in self._partial_files:
            return self._complete()
        partial = read_partial(self._partial_files[language])
        partial.add_fallback(self._complete())
        return partial

    def _complete(self) -> NullTranslations:
        """Give the words of the locale, which is Vietnamese or English."""
        found: NullTranslations = super().get_translations()  # type: ignore[no-untyped-call]  # as above
        return found


def read_partial(path: Path) -> PartialTranslations:
    """Read what a translator has finished: not blank, not unsure, the placeholders as they were."""
    from babel.messages.mofile import write_mo  # rarely needed, so not at the start
    from babel.messages.pofile import read_po

    with path.open("rb") as file:
        catalogue = read_po(file)
    for message in [message for message in catalogue if message.id]:
        if message.fuzzy or not _is_said(message) or message.check(catalogue):
            catalogue.delete(message.id)
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    partial = PartialTranslations(compiled)
    # Babel compiles no rule of plurals for a language that it does not know.
    partial.plural = c2py(catalogue.plural_expr)  # type: ignore[assignment]  # only whole numbers come
    return partial


def _is_said(message: "Message") -> bool:
    """Whether every form is there: a blank plural would be compiled as English."""
    said = message.string or ""
    return bool(said) and all(said)


def lang_attributes(markup: str) -> str:
    """Say in the markup which words are Vietnamese on a page in another language (WCAG 3.1.2)."""
    if LACKING not in markup:
        return markup
    return TAG_OR_MARK.sub(_in_place, markup)


def unmarked(words: str) -> str:
    """Give words for where no markup can stand: a title, an attribute, an answer to a script."""
    return words.replace(LACKING, "").replace(ITS_END, "")


def _in_place(found: re.Match[str]) -> str:
    if found[1]:
        return unmarked(found[1])
    return '<bdi lang="vi">' if found[0] == LACKING else "</bdi>"
