"""An installation to measure: one open poster of the 19-item form, and completed forms for it."""

import os
import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from urllib.parse import urlencode

from benchmarks import load
from survey_app.cli.database import migrate
from survey_app.collect.keys import SubmissionKey
from survey_app.config import VIETNAM_TIME, Settings, begin, read_settings
from survey_app.db import Database
from survey_app.prepare.instruments.definition_file import shipped_definition
from survey_app.prepare.instruments.publish import publish_version
from tests import factories


def row(name: str, value: str, limit: str) -> None:
    print(f"| {name} | {value} | {limit} |", flush=True)


@dataclass(frozen=True)
class Hall:
    """A migrated database with one open poster, and the environment in which a server finds it."""

    environment: Mapping[str, str]
    settings: Settings
    database: Database
    code: str
    point_id: int
    version_id: int
    item_codes: tuple[str, ...]  # of the items that count in the index

    @property
    def path(self) -> str:
        return f"/s/{self.code}"

    def answers(self, rng: random.Random) -> dict[str, str]:
        return {code: rng.choice("12345") for code in self.item_codes}

    def posts(self, n: int) -> list[bytes]:
        """Make n completed forms of 19 items, as browsers send them."""
        rng = random.Random(7)
        made = []
        for _ in range(n):
            key = SubmissionKey.issue(self.point_id, self.version_id, today()).sealed(
                self.settings.secrets[0]
            )
            form = urlencode({"form-key": key, **self.answers(rng), "form-end": "1"})
            made.append(load.post_request(self.path, form.encode()))
        return made


def today() -> date:
    return datetime.now(UTC).astimezone(VIETNAM_TIME).date()


def open_hall(folder: Path, url: str, instrument: str = "sipas_service_2022") -> Hall:
    environment = {**os.environ, "DATA_DIR": str(folder), "DATABASE_URL": url, "DEMO": "no"}
    settings = begin(read_settings(environment))
    database = Database(url)
    migrate(database)
    definition = shipped_definition(instrument)
    items = tuple(item.code for item in definition.items if item.counts_in_index)
    with database.transaction() as session:
        version = publish_version(session, definition, datetime.now(UTC))
        office = factories.office(session, name="Bộ phận Một cửa phường Điện Biên Phủ")
        counter = factories.counter(session, office_id=office.id, label="Quầy số 3")
        campaign = factories.campaign(session, instrument_version_id=version.id, opens_on=today())
        point = factories.access_point(
            session, campaign_id=campaign.id, office_id=office.id, counter_id=counter.id
        )
        return Hall(environment, settings, database, str(point.code), point.id, version.id, items)
