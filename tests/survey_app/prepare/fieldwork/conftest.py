"""A drawn sample of two offices: three cells, two reserves a list, sealed contacts of all but one dossier."""

import io
import zipfile
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pyarrow as pa
import pytest
from sqlalchemy import select

from survey_app.db import Database
from survey_app.models.frame import contacts_path
from survey_app.models.invitation import InvitationBatch
from survey_app.models.invitation_token import InvitationToken, token_hash
from survey_app.models.job import Job, Work
from survey_app.models.sample import SampledUnit
from survey_app.prepare.fieldwork import letters_job
from survey_app.prepare.frames.contacts import ContactsWriter
from tests import factories
from tests.factories import MOMENT

WITHOUT_CONTACT = "H3"
MAIN = {
    1: "nam",
    2: "nam",
    3: "nam",
    4: "nam",
    5: "nam",
    6: "nữ",
    7: "nữ",
    8: "nữ",
    9: "nữ",
    10: "nữ",
    11: "nữ",
}


@dataclass
class Field:
    """The fieldwork of one campaign, as the job process and the pages meet it."""

    database: Database
    settings: Any
    campaign_id: int
    draw_id: int
    offices: list[int]
    reports: list[tuple[int, int]] = field(default_factory=list)

    def run(self, job_id=None, delivery="letter", which="all"):
        """Do the job "letters"; give its outcome and the files of its archive."""
        arguments = {"campaign_id": self.campaign_id, "delivery": delivery, "which": which}
        if job_id is None:
            with self.database.transaction() as session:
                job_id = factories.job(session, name="letters", arguments=arguments).id
        work = Work(
            job_id, arguments, self.database, self.settings, MOMENT, lambda *n: self.reports.append(n)
        )
        name = letters_job.run(work)
        with self.database.reading() as session:
            outcome = session.get_one(Job, job_id).outcome
        with zipfile.ZipFile(io.BytesIO((self.settings.files_dir / name).read_bytes())) as archive:
            return outcome, {one: archive.read(one) for one in archive.namelist()}

    def spend(self, *numbers):
        """Let these units answer, as a citizen's form does: by the hash of the token, and nothing else."""
        with self.database.transaction() as session:
            for number in numbers:
                unit = session.get_one(SampledUnit, (self.draw_id, number))
                of_cell = select(InvitationBatch).where(InvitationBatch.cell_id == unit.cell_id)
                batch = session.scalars(of_cell).one()
                token = InvitationToken(batch.id, unit.serial).text(self.settings.secrets[0])
                factories.spent_invitation(session, batch_id=batch.id, token_hash=token_hash(token))

    def note(self, outcome, *numbers):
        with self.database.transaction() as session:
            for number in numbers:
                unit = session.get_one(SampledUnit, (self.draw_id, number))
                unit.outcome, unit.outcome_on = outcome, factories.DAY

    def units(self, *columns):
        with self.database.reading() as session:
            of_draw = select(SampledUnit).where(SampledUnit.draw_id == self.draw_id)
            units = session.scalars(of_draw.order_by(SampledUnit.number))
            return {one.number: tuple(getattr(one, column) for column in columns) for one in units}


@pytest.fixture
def fieldwork(database, settings):
    with database.transaction() as session:
        top = factories.office(session, code="T", kind="province", name="Tỉnh Mẫu")
        offices = [
            factories.office(
                session,
                code=f"XA-{n}",
                name=f"Trung tâm xã {name}",
                parent_id=top.id,
                valid_from=date(2020, 1, 1),
            ).id
            for n, name in ((1, "An"), (2, "Bình"))
        ]
        campaign = factories.annual_campaign(
            session,
            opens_on=date(2026, 3, 1),
            closes_on=date(2026, 4, 30),
            controller_name="Sở Nội vụ tỉnh Mẫu",
        )
        frame = factories.frame(session, campaign_id=campaign.id, contacts_expire_on=date(2026, 5, 30))
        draw = factories.draw(session, campaign_id=campaign.id, frame_id=frame.id, n_main=16, n_reserve=3)
        _draw_units(session, campaign.id, draw.id, offices)
    _seal_contacts(settings, frame.ticket)
    return Field(database, settings, campaign.id, draw.id, offices)


def _draw_units(session, campaign_id, draw_id, offices):
    """Store units 1 to 11 of the first office (two cells), 12 to 16 of the second, 21 to 23 in reserve."""

    def cell(group, place, n):
        return factories.sample_cell(
            session,
            campaign_id=campaign_id,
            stratum=f"XA-{place + 1}",
            psu=f"XA-{place + 1}/{group}",
            weighting_cell=group,
            draw_id=draw_id,
            n_drawn=n,
        ).id

    cells = {(0, "nam"): cell("nam", 0, 5), (0, "nữ"): cell("nữ", 0, 6), (1, "nam"): cell("nam", 1, 5)}
    serials = dict.fromkeys(cells, 0)
    for number in range(1, 17):
        key = (0, "nam") if number <= 5 else (0, "nữ") if number <= 11 else (1, "nam")
        _unit(session, draw_id, number, offices, cells, key, serial=serials[key])
        serials[key] += 1
    for number, key in ((21, (0, "nữ")), (22, (0, "nam")), (23, (1, "nam"))):
        _unit(session, draw_id, number, offices, cells, key, is_main=False)


def _unit(session, draw_id, number, offices, cells, key, **given):
    factories.sampled_unit(
        session,
        draw_id=draw_id,
        number=number,
        unit=f"H{number}",
        office_id=offices[key[0]],
        list_name=f"XA-{key[0] + 1}",
        position=number,
        cell_id=cells[key],
        **given,
    )


def _seal_contacts(settings, ticket):
    units = [f"H{number}" for number in range(1, 40) if f"H{number}" != WITHOUT_CONTACT]
    path = contacts_path(settings.data_dir, ticket)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        ContactsWriter(file, settings.frame_keys[0]).add(
            pa.table(
                {
                    "unit": units,
                    "name": [f"=Nguyễn Thị {unit}" for unit in units],
                    "address": [f"Số {unit}, thôn Đông" for unit in units],
                    "phone": [f"+84 912 000 {unit[1:]:0>3}" for unit in units],
                }
            )
        )
