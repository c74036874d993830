"""What a command does stands in the audit log, as what a page does."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import click
import pytest
from flask import Flask
from sqlalchemy import select

from survey_app.models.audit import AuditLine
from survey_app.models.campaign import Campaign
from survey_app.models.instrument import InstrumentVersion
from survey_app.models.office import Office
from survey_app.models.stale_office import StaleOffice
from tests import factories
from tests.survey_app.cli.test_prepare import CAMPAIGN, DEFINITION, OFFICES, run, written

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)

NOTED = {
    "office import": "offices.import",
    "dossier import": "dossiers.import",
    "instrument publish": "instruments.publish",
    "campaign create": "campaigns.create",
    "campaign follow": "campaigns.follow",
    "campaign margins": "campaigns.margins",
    "campaign target": "campaigns.target",
    "campaign plan freeze": "plans.freeze",
    "frame import": "frames.import",
    "sample draw": "samples.draw",
    "sample replay": "samples.list",
    "response import": "responses.import",
    "publication handover": "publications.hand_over",
    "publication publish": "publications.publish",
    "invitation issue": "invitations.issue",
    "invitation export": "file.download",
    "fieldwork letters": "file.download",
    "fieldwork outcomes": "fieldwork.outcomes",
    "fieldwork replace": "fieldwork.replace",
    "staff create": "people.create",
}
# They read no raw answer, give nothing away and change nothing that a page would note.
NOTHING_TO_NOTE = {
    *("serve", "jobs run", "database upgrade", "database tidy", "instrument check", "instrument voice"),
    *("publication list", "publication verify", "sample export", "fieldwork progress"),
    "campaign rehearse",  # what it makes is made up
    *("demo load", "demo remove", "staff code", "run", "shell", "routes"),
    *("campaign plan show", "campaign plan differences", "frame template", "frame check", "frame verify"),
}


def commands(group: click.Group, path: str = "") -> Iterator[str]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, f"{path}{name} ")
        else:
            yield path + name


def test_each_command_is_known_to_leave_a_line_or_to_need_none(app: Flask) -> None:
    assert set(commands(app.cli)) - NOTHING_TO_NOTE == set(NOTED)


def lines(app: Flask) -> list[tuple[str, str, int | None, int | None]]:
    with app.extensions["database"].reading() as session:
        rows = session.scalars(select(AuditLine).order_by(AuditLine.id))
        return [(row.act, row.what, row.office_id, row.staff_id) for row in rows]


def test_setting_up_leaves_a_line_a_command(app: Flask, tmp_path: Path) -> None:
    dossiers = written(tmp_path, OFFICES)
    assert run(app, "office", "import", dossiers).exit_code == 0
    assert run(app, "instrument", "publish", DEFINITION).exit_code == 0
    assert run(app, *CAMPAIGN).exit_code == 0
    counts = written(tmp_path, "office_code,month,n_settled\nA,2026-01,300\nB,2026-01,200\n")
    assert run(app, "dossier", "import", counts).exit_code == 0
    batch = ("--campaign", "tai-quay", "--office", "A", "--delivery", "slip", "--number", "5")
    assert run(app, "invitation", "issue", *batch).exit_code == 0
    assert run(app, "invitation", "export", "1", tmp_path / "list.csv").exit_code == 0
    with app.extensions["database"].reading() as session:
        a, b = session.scalars(select(Office.id).order_by(Office.code))
    assert lines(app) == [
        ("offices.import", "Tệp “file.csv”: 2 đơn vị", a, None),
        ("offices.import", "Tệp “file.csv”: 2 đơn vị", b, None),
        ("instruments.publish", "counter_short, phiên bản 1", None, None),
        ("campaigns.create", "tai-quay", None, None),
        *(
            (
                "dossiers.import",
                "Tệp “file.csv”: 2 dòng của 2 đơn vị, 0 dòng thay số cũ, nhận 0 chỗ không khớp",
                office_id,
                None,
            )
            for office_id in (a, b)
        ),
        ("invitations.issue", "Phát hành lô 1: 5 phiếu mời, tai-quay", a, None),
        ("file.download", "Ghi danh sách lô 1 ra tệp “list.csv”: 5 mã mời", a, None),
    ]
    assert run(app, "invitation", "export", "1", tmp_path / "none" / "list.csv").exit_code != 0
    assert len(lines(app)) == 8, "no list, no line"


def test_paper_forms_and_what_is_published_of_them_leave_their_lines(app: Flask, tmp_path: Path) -> None:
    with app.extensions["database"].transaction() as session:
        office = factories.office(session, code="X")
        factories.annual_campaign(
            session,
            code="nam",
            opens_on=date(2026, 1, 1),
            closes_on=date(2026, 2, 1),
        )
    header = "form_number,office,stratum,psu,weight,q1,q2\n"
    rows = "".join(f"{n},X,S{n % 2},P{n % 4},1.5,{4 + n % 2},5\n" for n in range(40))
    forms = written(tmp_path, header + rows)
    answer = run(app, "response", "import", forms, "--campaign", "nam", "--day", "2026-01-15")
    assert answer.exit_code == 0, answer.output
    answer = run(app, "publication", "publish", "--campaign", "nam")
    assert answer.exit_code == 0, answer.output
    assert lines(app) == [
        ("responses.import", "nam: 40 phiếu giấy ngày 15/01/2026, tệp “file.csv”", office.id, None),
        ("publications.publish", "nam: bản công bố số 1", office.id, None),
    ]


def test_a_newer_version_leaves_a_line(app: Flask) -> None:
    with app.extensions["database"].transaction() as session:
        point = factories.access_point(session)
        campaign = session.get_one(Campaign, point.campaign_id)
        asked = session.get_one(InstrumentVersion, campaign.instrument_version_id)
        factories.instrument_version(session, factories.definition(asked.code, version=2))
    answer = run(app, "campaign", "follow", "--code", campaign.code, "--instrument-version", "2")
    assert answer.exit_code == 0, answer.output
    what = f"{campaign.code}: phiên bản 2 của bộ câu hỏi"
    assert lines(app) == [("campaigns.follow", what, point.office_id, None)]


def test_dossier_counts_of_a_command_renew_coverage_as_those_of_a_page(app: Flask, tmp_path: Path) -> None:
    with app.extensions["database"].transaction() as session:
        office = factories.office(session, code="A")
        point = factories.access_point(session, office_id=office.id)
        factories.publication(session, campaign_id=point.campaign_id)
    counts = written(tmp_path, "office_code,month,n_settled\nA,2026-01,300\n")
    assert run(app, "dossier", "import", counts).exit_code == 0
    with app.extensions["database"].reading() as session:
        assert session.scalars(select(StaleOffice.office_id)).all() == [office.id]
