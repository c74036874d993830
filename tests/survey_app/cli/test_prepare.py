"""An installation that starts empty gets its offices, instruments and campaigns from the command line."""

import shlex
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import Boolean, column, func, select, table

from survey_app.models.audit import AuditLine
from survey_app.models.campaign import Campaign
from survey_app.models.instrument import InstrumentVersion
from survey_app.models.office import DossierCount, Office
from survey_app.models.weighting import CampaignMargins
from survey_app.prepare.dossiers.record import wait_for_turn
from survey_app.prepare.instruments.definition_file import SHIPPED
from tests import factories
from tests.factories import DAY

OFFICES = """\
code,name,kind,parent_code,valid_from,valid_until,counters,successors
A,Trung tâm xã A,commune_section,,2025-07-01,,Quầy số 1,
B,Trung tâm xã B,commune_section,,2025-07-01,,,
"""
DEFINITION = SHIPPED / "counter_short.yaml"
TOMORROW = DAY + timedelta(days=1)
CAMPAIGN = (
    *("campaign", "create", "--code", "tai-quay", "--title", "Khảo sát tại quầy"),
    *("--title-en", "Counter survey", "--instrument", "counter_short", "--opens-on", "2026-01-01"),
    *("--controller-name", "Sở Nội vụ", "--controller-address", "số 1", "--controller-phone", "0200"),
    *("--retention-years", "5", "--target", "87.5"),
)


def run(app: Flask, *arguments: str | Path) -> Result:
    return app.test_cli_runner().invoke(args=[str(argument) for argument in arguments])


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "file.csv"
    path.write_text(text, "utf-8")
    return path


def test_empty_installation_is_set_up(app: Flask, tmp_path: Path) -> None:
    dossiers = "office_code,month,n_settled\nA,2026-01,300\n"
    for arguments in (
        ("office", "import", written(tmp_path, OFFICES)),
        ("instrument", "publish", DEFINITION),
        CAMPAIGN,
    ):
        result = run(app, *arguments)
        assert (result.exit_code, result.stderr) == (0, ""), result.output
    assert run(app, "dossier", "import", written(tmp_path, dossiers)).exit_code == 0
    with app.extensions["database"].reading() as session:
        assert list(session.scalars(select(Office.code).order_by(Office.code))) == ["A", "B"]
        assert session.scalars(select(DossierCount.n_settled)).all() == [300]
        campaign = session.scalars(select(Campaign)).one()
        version = session.scalars(select(InstrumentVersion)).one()
    assert (campaign.code, campaign.opens_on) == ("tai-quay", date(2026, 1, 1))
    assert (campaign.closes_on, campaign.minimum_n, campaign.is_demo) == (None, 10, False)
    assert campaign.target == 0.875
    assert campaign.instrument_version_id == version.id


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_broken_file_is_told_line_by_line_and_leaves_nothing(app: Flask, tmp_path: Path) -> None:
    broken = OFFICES.replace("2025-07-01", "hôm qua").replace("B,Trung", "A,Trung")
    result = run(app, "office", "import", written(tmp_path, broken))
    assert result.exit_code == 1
    assert result.stdout == ""
    assert [line.split(":")[0] for line in result.stderr.splitlines()] == [
        "line 2, code",
        "line 2, valid_from",
        "line 3, code",
        "line 3, valid_from",
    ]
    with app.extensions["database"].reading() as session:
        assert session.scalar(select(func.count(Office.id))) == 0


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_definition_is_checked_without_publishing(app: Flask, tmp_path: Path) -> None:
    assert run(app, "instrument", "check", DEFINITION).exit_code == 0
    text = DEFINITION.read_text("utf-8")
    line = text.splitlines().index("version: 1") + 1
    broken = written(tmp_path, text.replace("version: 1", "version: 0\nsize: 2"))
    for command in ("check", "publish"):
        result = run(app, "instrument", command, broken)
        assert result.exit_code == 1
        told = [fault.split(":")[0] for fault in result.stderr.splitlines()]
        assert told == [f"line {line}, version", f"line {line + 1}, size"]
    with app.extensions["database"].reading() as session:
        assert session.scalar(select(func.count(InstrumentVersion.id))) == 0


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_campaign_follows_a_newer_version(app: Flask, tmp_path: Path) -> None:
    run(app, "instrument", "publish", DEFINITION)
    run(app, *CAMPAIGN)
    newer = DEFINITION.read_text("utf-8").replace("version: 1", "version: 2")
    assert run(app, "campaign", "follow", "--code", "tai-quay", "--instrument-version", "2").exit_code == 1
    assert run(app, "instrument", "publish", written(tmp_path, newer)).exit_code == 0
    assert run(app, "campaign", "follow", "--code", "tai-quay", "--instrument-version", "2").exit_code == 0
    with app.extensions["database"].reading() as session:
        asked = select(InstrumentVersion.version).join(
            Campaign, Campaign.instrument_version_id == InstrumentVersion.id
        )
        assert session.scalars(asked).all() == [2]


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_refused_campaign_is_told_reason_by_reason(app: Flask) -> None:
    result = run(app, *CAMPAIGN, "--minimum-n", "4")
    assert result.exit_code == 1
    assert [line.split(":")[0] for line in result.stderr.splitlines()] == ["minimum_n", "instrument"]


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_target_is_changed_before_the_campaign_begins_and_by_its_plan_if_it_has_one(app: Flask) -> None:
    with app.extensions["database"].transaction() as session:
        begun = factories.campaign(session, code="begun", opens_on=DAY)
        planned = factories.campaign(session, code="planned", opens_on=TOMORROW)
        factories.campaign_plan(session, campaign_id=planned.id)
        factories.campaign(session, code="ahead", opens_on=TOMORROW)
    for code, percent, faults in (
        ("begun", "90", ["target"]),
        ("planned", "90", ["target"]),
        ("nobody", "90", ["code"]),
        ("ahead", "100", ["target"]),
        ("ahead", "nan", ["target"]),
        ("ahead", "90.05", ["target"]),
        ("ahead", "90.5", []),
    ):
        result = run(app, "campaign", "target", "--code", code, "--percent", percent)
        assert [line.split(":")[0] for line in result.stderr.splitlines()] == faults
    with app.extensions["database"].reading() as session:
        targets = dict(session.execute(select(Campaign.code, Campaign.target)).all())
        (line,) = session.scalars(select(AuditLine))
    assert targets == {"begun": begun.target, "planned": planned.target, "ahead": 0.905}
    assert (line.act, line.staff_id, line.what) == ("campaigns.target", None, "ahead: chỉ tiêu 85% → 90,5%")


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_known_totals_that_are_in_force_already_add_nothing(app: Flask, tmp_path: Path) -> None:
    run(app, "instrument", "publish", DEFINITION)
    run(app, *CAMPAIGN)
    first = "variable,level,total\nsex,1,50\nsex,2,60\n"
    other = first.replace("60", "61")
    for text, n, is_known in ((first, 1, False), (first, 1, True), (other, 2, False), (first, 3, False)):
        result = run(app, "campaign", "margins", "tai-quay", written(tmp_path, text))
        assert result.exit_code == 0, result.output
        assert ("in force already: nothing is added" in result.stdout) == is_known
        with app.extensions["database"].reading() as session:
            assert session.scalar(select(func.count(CampaignMargins.id))) == n
            noted = select(func.count(AuditLine.id)).where(AuditLine.act == "campaigns.margins")
            assert session.scalar(noted) == n


VOICE = ("instrument", "voice", "--instrument", "counter_short", "--reader", "Lò Thị Mẫu")


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_an_offices_own_recording_is_kept_with_its_reader_and_sentence(app: Flask, tmp_path: Path) -> None:
    run(app, "instrument", "publish", DEFINITION)
    recording = tmp_path / "recording.mp3"
    recording.write_bytes(b"ID3\x04" + bytes(100))
    result = run(app, *VOICE, "--item", "manner", "--language", "vi", recording)
    sentence = "ông bà hài lòng thế nào với thái độ phục vụ của cán bộ tại quầy?"
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.endswith(f"must say: {sentence}\n")
    kept = app.extensions["settings"].data_dir / "audio" / "counter_short" / "vi"
    assert (kept / "manner.txt").read_text("utf-8") == f"Lò Thị Mẫu\n{sentence}\n"
    assert (kept / "manner.mp3").read_bytes() == recording.read_bytes()


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_recording_of_nothing_that_is_asked_is_refused(app: Flask) -> None:
    arguments = (*VOICE, "--item", "manner", "--language", "km", DEFINITION)
    result = run(app, *arguments)
    assert result.exit_code == 2
    assert "no published instrument has the code 'counter_short'" in result.stderr
    run(app, "instrument", "publish", DEFINITION)
    result = run(app, *arguments)
    assert result.exit_code == 1
    assert result.stderr == "item 'manner' of 'counter_short' has no words in language 'km'.\n"


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_the_example_in_the_help_of_campaign_create_works_as_it_stands(app: Flask) -> None:
    assert run(app, "instrument", "publish", DEFINITION).exit_code == 0
    help_text = run(app, "campaign", "create", "--help").stdout
    typed = help_text.split("Example:")[1].replace("\\\n", " ")
    program, *arguments = shlex.split(typed)
    assert (program, arguments[:2]) == ("flask", ["--app", "survey_app"])
    created = run(app, *arguments[2:])
    assert (created.exit_code, created.stderr) == (0, "")
    assert "Campaign tai-quay-2026 is created" in created.stdout


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_command_that_imports_dossier_counts_waits_for_who_records_some(app: Flask, tmp_path: Path) -> None:
    database = app.extensions["database"]
    with database.transaction() as session:
        office = factories.office(session, code="A")
    counts = written(tmp_path, "office_code,month,n_settled\nA,2026-01,300\n")
    with ThreadPoolExecutor(1) as others:
        with database.transaction() as session:
            wait_for_turn(session, [office.id])
            factories.dossier_count(session, office_id=office.id, month=date(2026, 1, 1), n_settled=400)
            imported = others.submit(run, app, "dossier", "import", counts)
            waiting = select(func.count()).select_from(table("pg_locks")).where(~column("granted", Boolean))
            while not session.scalar(waiting):
                assert not imported.done(), imported.result().output
        assert imported.result().exit_code == 0
    with database.reading() as session:
        said = session.scalars(select(AuditLine.what).where(AuditLine.act == "dossiers.set")).all()
    assert said == ["A, tháng 01/2026: đã giải quyết 400 → 300, lệch 0"]
