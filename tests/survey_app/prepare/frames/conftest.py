"""An annual campaign of one province, and a way to look at lists of its dossiers."""

import csv
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from survey_app.db import Database
from survey_app.models.frame import frame_path
from survey_app.prepare.frames import uploads
from survey_app.prepare.frames.columns import COLUMNS, DESCRIBED
from survey_app.prepare.frames.looks.look import look_at, read_known
from survey_app.prepare.frames.looks.mapping import proposed
from survey_app.prepare.frames.looks.outcome import Found
from survey_app.prepare.frames.uploads import FAULTS_FILE
from tests import factories

HEADER = ",".join(DESCRIBED[column].heading for column in COLUMNS)
SOUND = {
    "unit": "H1",
    "receives": "XA-1",
    "settled_on": "2025-11-10",
    "received_on": "2025-11-03",
    "channel": "Trực tuyến",
    "outcome": "Đúng hạn",
}


def line(**cells: str) -> str:
    """Write a line of the template: a sound dossier but for these cells."""
    return ",".join((SOUND | cells).get(column, "") for column in COLUMNS)


def table(*lines: str) -> str:
    return "\n".join((HEADER, *lines)) + "\n"


@dataclass
class Desk:
    """Looks at lists as the job and the command do."""

    database: Database
    settings: Any
    campaign_id: int
    today: date = factories.DAY
    shares: list[float] = field(default_factory=list)

    def look(self, content: str | bytes, name: str = "ho-so.csv") -> Found:
        sent = content if isinstance(content, bytes) else content.encode()
        self.upload = uploads.keep(self.settings.data_dir, self.campaign_id, name, sent)
        with self.database.reading() as session:
            mapping, _ = proposed(session, self.upload.source.header)
            known = read_known(session, self.campaign_id, mapping, self.today)
        return look_at(self.upload, known, self.settings, self.shares.append)

    @property
    def made(self) -> Path:
        """Say where the last look left its files."""
        return self.upload.made_by(uploads.ONE_LOOK)

    def faults(self) -> list[list[str]]:
        """Read the list of faults that the last look left."""
        with (self.made / FAULTS_FILE).open(encoding="utf-8-sig", newline="") as file:
            return list(csv.reader(file))[1:]

    def frame_path(self, frame_hash: str) -> Path:
        return frame_path(self.settings.data_dir, frame_hash)


@pytest.fixture
def desk(database, settings):
    with database.transaction() as session:
        top = factories.office(session, code="T", kind="province", name="Tỉnh Mẫu")
        for number in (1, 2):
            code, name = f"XA-{number}", f"Trung tâm xã Mẫu {number}"
            factories.office(session, code=code, name=name, parent_id=top.id, valid_from=date(2020, 1, 1))
        campaign = factories.campaign(
            session, kind="annual", opens_on=date(2026, 3, 1), closes_on=date(2026, 4, 30)
        )
    return Desk(database, settings, campaign.id)
