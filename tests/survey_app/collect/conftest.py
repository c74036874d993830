"""A counter with its poster, the real server behind it, and phones in real Chromium."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page
from sqlalchemy import select

from survey_app.config import VIETNAM_TIME, Settings
from survey_app.db import Database
from survey_app.models.instrument import InstrumentVersion
from survey_app.models.response import Comment, Response
from survey_app.prepare.instruments.definition_file import shipped_definition
from survey_app.web.context import system_clock
from tests import chromium, factories, postgresql, running_server

PHONE = {"width": 360, "height": 740}
FORM = shipped_definition("counter_short")


@dataclass
class Counter:
    """An access point with the short form, open today by the server's clock, and what is stored of it."""

    url: str
    settings: Settings
    database: Database
    code: str
    point_id: int
    campaign_id: int

    @classmethod
    def open(
        cls, database: Database, settings: Settings, port: int, today: date | None = None, **given: Any
    ) -> "Counter":
        day = today or system_clock().astimezone(VIETNAM_TIME).date()
        with database.transaction() as session:
            version = session.scalar(select(InstrumentVersion.id).where(InstrumentVersion.code == FORM.code))
            campaign = factories.campaign(
                session,
                instrument_version_id=version or factories.instrument_version(session, of=FORM).id,
                opens_on=day - timedelta(days=20),
            )
            point = factories.access_point(session, campaign_id=campaign.id, **given)
            url = f"http://127.0.0.1:{port}"
            return cls(url, settings, database, point.code, point.id, campaign.id)

    @property
    def address(self) -> str:
        return f"{self.url}/s/{self.code}"

    @property
    def answers(self) -> list[dict[str, str]]:
        """What each stored response answers, item by item."""
        return [FORM.unpack(row) for row in self._stored(Response.answers, Response)]

    @property
    def version_ids(self) -> list[int]:
        return self._stored(Response.instrument_version_id, Response)

    @property
    def days(self) -> list[date]:
        return self._stored(Response.day, Response)

    @property
    def comments(self) -> list[str]:
        return self._stored(Comment.text, Comment)

    def _stored(self, column: Any, of: type[Response | Comment]) -> list[Any]:
        with self.database.reading() as session:
            return list(session.scalars(select(column).where(of.access_point_id == self.point_id)))


OpenCounter = Callable[..., Counter]
OpenPhone = Callable[..., BrowserContext]


@pytest.fixture(scope="module")
def open_counter(sqlite_template, tmp_path_factory) -> Iterator[OpenCounter]:
    """Give `open_counter(**of_the_access_point)`: counters of one server, which runs on SQLite."""
    folder, port = tmp_path_factory.mktemp("counters"), postgresql.free_port()
    with running_server.over_sqlite(sqlite_template, folder, port) as (settings, database):
        yield lambda **given: Counter.open(database, settings, port, **given)


@pytest.fixture
def counter(open_counter) -> Counter:
    return open_counter()


@pytest.fixture
def open_phone(browser) -> OpenPhone:
    """Give `open_phone(**of_the_browser)`: a phone with its own storage, thrown away after the test."""

    def opened(*, is_patient: bool = True, **options: Any) -> BrowserContext:
        phone = browser.new_context(viewport=PHONE, **options)
        phone.set_default_timeout(60_000)
        if is_patient:
            phone.add_init_script(chromium.PATIENT_STORE)
        return phone

    return opened


@pytest.fixture
def phone(open_phone) -> BrowserContext:
    return open_phone()


@pytest.fixture
def page(phone) -> Page:
    return phone.new_page()
