"""Frames by command; killed half-way, an import leaves nothing that counts, and is done again whole."""

import os
import signal
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import select

from survey_app.models.audit import AuditLine
from survey_app.models.frame import Frame, contacts_path, frame_path
from tests import factories
from tests.survey_app.prepare.frames.conftest import line, table

ROOT = Path(__file__).parents[3]
pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


@pytest.fixture
def house(app):
    with app.extensions["database"].transaction() as session:
        factories.office(session, code="XA-1", valid_from=date(2020, 1, 1))
        campaign = factories.campaign(session, kind="annual", opens_on=date(2026, 3, 1), closes_on=None)
        factories.campaign(session, code="lien-tuc")
    app.campaign = campaign.code
    return app


def run(app, *command):
    result = app.test_cli_runner().invoke(args=["frame", *map(str, command)])
    return result.exit_code, result.output


def frames(app):
    with app.extensions["database"].reading() as session:
        return session.scalars(select(Frame)).all()


def test_template_check_import_verify(house, tmp_path):
    empty, filled = tmp_path / "mau.xlsx", tmp_path / "ho-so.csv"
    assert run(house, "template", house.campaign, empty)[0] == 0
    assert run(house, "template", house.campaign, tmp_path / "mau.pdf")[0] == 2
    filled.write_text(table(line(name="Lê Thị Kín"), line(unit="", name="Lê Thị Kín")), "utf-8")
    code, told = run(house, "check", house.campaign, filled, "--faults", tmp_path / "loi.csv")
    assert code == 0
    assert "Reading: 100 %" in told
    assert "The dossier id is missing (refused; lines 3). Fill it in." in told
    assert "Thiếu mã hồ sơ" in (tmp_path / "loi.csv").read_text("utf-8-sig")
    assert run(house, "import", house.campaign, filled)[0] == 1, (
        "something is left out, and nobody accepted it"
    )
    assert frames(house) == []
    code, told = run(house, "import", house.campaign, filled, "--accept", "--contacts-until", "2026-06-30")
    assert code == 0
    assert "Lê Thị Kín" not in told
    (frame,) = frames(house)
    assert (frame.n_units, frame.contacts_expire_on, frame.imported_by) == (1, date(2026, 6, 30), None)
    with house.extensions["database"].reading() as session:
        assert "frames.import" in session.scalars(select(AuditLine.act)).all()
    assert run(house, "verify", house.campaign)[0] == 0


def test_file_that_is_another_is_told(house, tmp_path):
    data_dir = house.extensions["settings"].data_dir
    filled = tmp_path / "ho-so.csv"
    for outcome in ("Đúng hạn", "Quá hạn"):
        filled.write_text(table(line(outcome=outcome)), "utf-8")
        assert run(house, "import", house.campaign, filled)[0] == 0
    first, second = frames(house)
    frame_path(data_dir, first.frame_hash).replace(frame_path(data_dir, second.frame_hash))
    code, told = run(house, "verify", house.campaign)
    assert code == 1
    assert first.frame_hash in told


def test_columns_are_named_by_hand(house, tmp_path):
    file = tmp_path / "ho-so.csv"
    file.write_text("Số,Chỗ,Xong\nH1,XA-1,2025-11-10\n", "utf-8")
    code, told = run(house, "import", house.campaign, file)
    assert code == 2
    assert "Mã hồ sơ" in told
    named = [f"--column={ours}={theirs}" for ours, theirs in (("unit", "Số"), ("receives", "Chỗ"))]
    assert run(house, "import", house.campaign, file, *named, "--column=settled_on=Hết")[0] == 2
    assert run(house, "import", house.campaign, file, *named, "--column=settled_on=Xong")[0] == 0
    assert run(house, "import", house.campaign, file)[0] == 0, "remembered"
    assert run(house, "import", "lien-tuc", file)[0] == 2
    assert run(house, "import", "khong-co", file)[0] == 2


def test_list_that_is_in_force_already_adds_nothing(house, tmp_path):
    file = tmp_path / "ho-so.csv"
    file.write_text(table(line(name="Lê Thị Kín")), "utf-8")
    assert "in force already" not in run(house, "import", house.campaign, file)[1]
    code, told = run(house, "import", house.campaign, file)
    assert code == 0
    assert "It was in force already, with all that the list says: nothing is added." in told
    assert len(frames(house)) == 1
    assert run(house, "import", house.campaign, file, "--contacts-until", "2026-05-01")[0] == 0
    assert len(frames(house)) == 2, "its contacts are kept until another day"
    file.write_text(table(line(name="Lê Thị Kính")), "utf-8")
    assert run(house, "import", house.campaign, file, "--contacts-until", "2026-05-01")[0] == 0
    assert len(frames(house)) == 3, "a name is another"
    file.write_text(table(line(), line(unit="")), "utf-8")
    for _ in range(2):
        assert run(house, "import", house.campaign, file, "--accept")[0] == 0
    assert len(frames(house)) == 4, "without names, and with a line that is left out"
    assert len({one.frame_hash for one in frames(house)}) == 1


def test_killed_import_leaves_no_frame_and_is_done_again(house, tmp_path):
    settings = house.extensions["settings"]
    file = tmp_path / "ho-so.csv"
    n = 60_000
    file.write_text(table(*(line(unit=f"H{n}", name="Lê Thị Kín") for n in range(n))), "utf-8")
    environment = os.environ | {
        "DATA_DIR": str(settings.data_dir),
        "DATABASE_URL": settings.database_url,
        "DEMO": "no",
    }
    command = [
        sys.executable,
        "-m",
        "flask",
        "--app",
        "survey_app",
        "frame",
        "import",
        house.campaign,
        str(file),
    ]
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True)
    looks = settings.data_dir / "frames" / "looks"
    deadline = time.monotonic() + 60
    while not list(looks.glob("*/*/runs/run-*")) and time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert frames(house) == []
    assert list((settings.data_dir / "frames").glob("*.parquet")) == []
    code, _told = run(house, "import", house.campaign, file)
    assert code == 0
    (frame,) = frames(house)
    assert frame.n_units == n
    assert contacts_path(settings.data_dir, frame.ticket).is_file()
