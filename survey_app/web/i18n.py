"""Languages: Vietnamese first, English beside it, others where a form has them. The address carries them.

Pages of staff and results are offered in Vietnamese and English; a citizen's page says by `offer` what else.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode

from flask import Flask, current_app, g, has_request_context, request
from flask_babel import Babel, force_locale, refresh
from jinja2 import Environment
from markupsafe import Markup

from survey_app.models.definition import BASE_LANGUAGE, Text
from survey_app.models.language import ENDONYMS
from survey_app.web import catalogues

DEFAULT_LANGUAGE = BASE_LANGUAGE
LANGUAGES = ("vi", "en")  # in these, every page says all it has to say
CATALOGUES = catalogues.CATALOGUES


def chosen_language() -> str:
    """Give the language of `?lang=` if the page is offered in it, or Vietnamese: so do jobs write."""
    try:
        language: str = g.language  # asked for with each word and number of a page
    except (AttributeError, RuntimeError):  # this is the first, or there is no page
        language = _choose()
    return language


def _choose() -> str:
    if not has_request_context():
        return DEFAULT_LANGUAGE
    wanted = request.args.get("lang", DEFAULT_LANGUAGE)
    g.language = wanted if wanted in offered_languages() else DEFAULT_LANGUAGE
    return chosen_language()


def offered_languages() -> tuple[str, ...]:
    """List the languages of this request's page."""
    languages: tuple[str, ...] = g.get("offered", LANGUAGES)
    return languages


def offer(languages: Collection[str]) -> None:
    """Offer this request's page in these languages."""
    g.offered = tuple(code for code in languages if code in ENDONYMS)
    if g.pop("language", None) is not None:
        refresh()  # what was chosen, and its locale, may not be offered any more


def offer_translated() -> None:
    """Offer this request's page in every language that has citizens' words of ours."""
    offer(_words().languages)


@contextmanager
def speaking(language: str, offered: Collection[str]) -> Iterator[None]:
    """Say what follows in one language, whatever this request asked for: others will read it too."""
    kept = {name: g.get(name) for name in ("language", "offered", "is_for_others")}
    offer(offered)
    g.language, g.is_for_others = language, True
    try:
        with force_locale(locale_name()):
            yield
    finally:
        for name, value in kept.items():
            g.pop(name, None)
            if value is not None:
                setattr(g, name, value)


def language_of_words() -> str:
    """Give the language of the page's own words, in which what no catalogue holds is the exception."""
    return chosen_language() if chosen_language() in _words().languages else DEFAULT_LANGUAGE


def other_languages() -> list[tuple[str, str, str]]:
    """List code, name and address of this page's other languages."""
    if request.method != "GET":
        return []  # the page holds what somebody wrote, and a link would lose it
    others = (code for code in offered_languages() if code != chosen_language())
    return [(code, ENDONYMS[code], _address_in(code)) for code in others]


def _address_in(language: str) -> str:
    """Point to this same page; what one reader's address holds has no place on the page of others."""
    kept = {} if "is_for_others" in g else request.args.to_dict(flat=False)
    return "?" + urlencode({**kept, "lang": [language]}, doseq=True)


def said(text: Text) -> str:
    """Give an instrument's string for the page, marked where it is not in the language of the page."""
    string, language = text.in_language(chosen_language()), text.language_used(chosen_language())
    if language == language_of_words():
        return string
    return Markup('<bdi lang="{}">{}</bdi>').format(language, string)  # no style of ours means a bdi


def locale_name() -> str:
    # en_GB writes 5 February 2026; plain "en" would write 2/5/26, misread in Vietnam.
    return "en" if chosen_language() == "en" else "vi"


def keep_language(endpoint: str, values: dict[str, Any]) -> None:
    """Carry a language that is not the default into every address that a page makes."""
    if endpoint != "static" and chosen_language() != DEFAULT_LANGUAGE:
        values.setdefault("lang", chosen_language())


def _words() -> catalogues.Catalogues:
    found: catalogues.Catalogues = current_app.extensions["catalogues"]
    return found


def _say_at_once(templates: Environment, words: catalogues.Catalogues) -> None:
    """Look words up in our catalogues, where Flask-Babel asks for each of hundreds first whose they are."""
    templates.install_gettext_callables(  # type: ignore[attr-defined]  # of the extension that Babel added
        gettext=lambda one: words.get_translations().ugettext(one),
        ngettext=lambda one, many, n: words.get_translations().ungettext(one, many, n),
        newstyle=True,
    )
    templates.globals["_"] = templates.globals["gettext"]  # else found again by its name each time


def speak(app: Flask) -> None:
    """Join the rooms' catalogues, read once and kept (Flask-Babel alone would read them at every request)."""
    Babel(app, default_locale=DEFAULT_LANGUAGE, locale_selector=locale_name)
    words = catalogues.Catalogues(catalogues.FOLDER, LANGUAGES, chosen_language)
    app.extensions["catalogues"] = words
    app.before_request(words.as_default)
    app.url_defaults(keep_language)
    _say_at_once(app.jinja_env, words)
    app.jinja_env.globals.update(
        language=chosen_language,
        language_of_words=language_of_words,
        other_languages=other_languages,
        said=said,
    )
