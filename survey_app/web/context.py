"""What a request may ask of its application: the database, the settings, the time."""

from collections.abc import Callable
from datetime import UTC, date, datetime

from flask import current_app, has_request_context

from survey_app.config import VIETNAM_TIME, Settings
from survey_app.db import Database

Clock = Callable[[], datetime]


def database() -> Database:
    """Give the database; to a request, which holds a thread of the server, one that fails in good time."""
    found: Database = current_app.extensions["database"]
    return found.for_pages if has_request_context() else found


def settings() -> Settings:
    found: Settings = current_app.extensions["settings"]
    return found


def now() -> datetime:
    """Tell the time by the application's clock (tests bring their own)."""
    clock: Clock = current_app.extensions["clock"]
    return clock()


def today() -> date:
    """Tell the day on the wall of a Vietnamese office."""
    return now().astimezone(VIETNAM_TIME).date()


def system_clock() -> datetime:
    return datetime.now(UTC)
