"""What the doors of this room have at hand: the desk of their application, and what a form asks."""

from flask import current_app
from flask.sansio.app import App

from survey_app.collect.desk import CompiledVersion, Desk
from survey_app.web.i18n import offer

THREADS_KEPT_FREE = 4  # for pages, while the writer waits for its database


def open_desk(app: App) -> None:
    threads = app.extensions["settings"].threads
    app.extensions["desk"] = Desk(app.extensions["database"], max(1, threads - THREADS_KEPT_FREE))


def desk() -> Desk:
    found: Desk = current_app.extensions["desk"]
    return found


def asked(version_id: int) -> CompiledVersion:
    """Give what a form asks; from here on the page is offered in the languages of that form."""
    version = desk().version(version_id)
    offer(version.definition.languages)
    return version
