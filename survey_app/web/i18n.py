"""Languages: Vietnamese first, English beside it. The address carries the choice, no cookie does."""

from pathlib import Path
from typing import Any

from flask import Flask, g, request
from flask_babel import Babel, Domain

DEFAULT_LANGUAGE = "vi"
LANGUAGES = ("vi", "en")
# One catalogue a room, so that no file is edited by everybody.
CATALOGUES = ("web", "accounts", "prepare", "collect", "publish", "review")


def chosen_language() -> str:
    """Give the language that this request asks for by `?lang=`, or Vietnamese."""
    if "language" not in g:
        wanted = request.args.get("lang", DEFAULT_LANGUAGE)
        g.language = wanted if wanted in LANGUAGES else DEFAULT_LANGUAGE
    language: str = g.language
    return language


def locale_name() -> str:
    # en_GB writes 5 February 2026; plain "en" would write 2/5/26, misread in Vietnam.
    return "en" if chosen_language() == "en" else "vi"


def keep_language(endpoint: str, values: dict[str, Any]) -> None:
    """Carry a language that is not the default into every address that a page makes."""
    if endpoint != "static" and chosen_language() != DEFAULT_LANGUAGE:
        values.setdefault("lang", chosen_language())


def speak(app: Flask) -> None:
    """Join the rooms' catalogues, read once and kept (Flask-Babel alone would read them at every request)."""
    Babel(app, default_locale=DEFAULT_LANGUAGE, locale_selector=locale_name)
    folder = str(Path(app.root_path) / "translations")
    domain = Domain(translation_directories=[folder] * len(CATALOGUES), domain=";".join(CATALOGUES))
    app.before_request(domain.as_default)
    app.url_defaults(keep_language)
    app.jinja_env.globals.update(language=chosen_language)
