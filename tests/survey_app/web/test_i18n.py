"""Vietnamese first, English by `?lang=en`; what no catalogue holds shows in English, never blank."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from flask import Flask, render_template_string, url_for
from flask_babel import gettext as _, ngettext

from survey_app.web.i18n import chosen_language
from tests.page_inspector import InspectingClient

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


@contextmanager
def asked(app: Flask, address: str) -> Iterator[None]:
    with app.test_request_context(address):
        app.preprocess_request()
        yield


@pytest.mark.parametrize(
    ("address", "language"),
    [
        ("/", "vi"),
        ("/?lang=en", "en"),
        ("/?lang=vi", "vi"),
        ("/?lang=fr", "vi"),
        ("/?lang=", "vi"),
        ("/?lang=EN", "vi"),
        ("/?lang=en&lang=vi", "en"),
        ("/?lang=../../etc", "vi"),
    ],
)
def test_address_chooses_the_language(app: Flask, address: str, language: str) -> None:
    with asked(app, address):
        assert chosen_language() == language


def test_messages_follow_the_language(app: Flask) -> None:
    with asked(app, "/"):
        assert _("Page not found") == "Không có trang này"
    with asked(app, "/?lang=en"):
        assert _("Page not found") == "Page not found"


def test_message_that_no_catalogue_holds_shows_in_english(app: Flask) -> None:
    with asked(app, "/"):
        assert (
            _("A sentence in no catalogue, by %(name)s.", name="us") == "A sentence in no catalogue, by us."
        )
        assert ngettext("%(num)s thing", "%(num)s things", 2) == "2 things"


def test_links_keep_a_language_that_is_not_the_default(app: Flask) -> None:
    with asked(app, "/?lang=en"):
        assert url_for("collect.start") == "/?lang=en"
        assert url_for("collect.start", lang="vi") == "/?lang=vi"
        assert url_for("static", filename="style.css") == "/static/style.css"
    with asked(app, "/"):
        assert url_for("collect.start") == "/"


def test_template_knows_its_language(app: Flask) -> None:
    with asked(app, "/?lang=en"):
        assert render_template_string("{{ language() }}") == "en"


@pytest.mark.parametrize("language", ["vi", "en"])
def test_page_says_its_language(client: InspectingClient, language: str) -> None:
    response = client.get(f"/no-such-page?lang={language}")
    assert response.status_code == 404
    assert f'<html lang="{language}"' in response.text


def test_language_needs_no_cookie(client: InspectingClient) -> None:
    assert "Set-Cookie" not in client.get("/?lang=en").headers
