"""A sample by command: drawn, taken out, and drawn again where there is no database."""

import hashlib
import json

import pytest
from sqlalchemy import select

from survey_app import create_app
from survey_app.config import read_settings
from survey_app.models.frame import Frame, frame_path
from survey_app.models.sample import Draw
from tests.survey_app.prepare.samples.conftest import IN_CLUSTERS, dossiers, lay, plan, write_frame

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


def run(app, *command):
    result = app.test_cli_runner().invoke(args=["sample", *map(str, command)])
    return result.exit_code, result.output


@pytest.fixture
def house(app, settings):
    with app.extensions["database"].transaction() as session:
        lay(session, settings, plan(IN_CLUSTERS))
    return app


def test_draw_export_replay(house, settings, tmp_path):
    assert run(house, "replay", "do-luong-2026")[0] == 1, "nothing is drawn yet"
    code, told = run(house, "draw", "do-luong-2026")
    assert code == 0, told
    assert "XA-A is left out (3 dossiers): fewer than five would be drawn" in told
    with house.extensions["database"].reading() as session:
        draw = session.scalars(select(Draw)).one()
        path = frame_path(settings.data_dir, session.scalars(select(Frame.frame_hash)).one())
    assert f"100 dossiers of 3 offices and 24 in reserve; checksum {draw.checksum}" in told
    assert run(house, "replay", "do-luong-2026") == (0, f"identical: {draw.checksum}\n")
    document, listed = tmp_path / "rut-mau.json", tmp_path / "mau.tsv"
    assert run(house, "export", "do-luong-2026", "--document", document)[0] == 0

    elsewhere = create_app(read_settings({"DATA_DIR": str(tmp_path / "nowhere"), "DEMO": "no"}))
    files = ("--document", document, "--frame", path)
    code, told = run(elsewhere, "replay", *files, "--list", listed)
    elsewhere.extensions["desk"].writer.close()
    assert (code, told) == (0, f"identical: {draw.checksum}\n")
    assert hashlib.sha256(listed.read_bytes()).hexdigest() == draw.checksum
    assert listed.stat().st_mode & 0o077 == 0
    assert not (tmp_path / "nowhere").exists()

    content = json.loads(document.read_text("utf-8"))
    document.write_text(json.dumps(content | {"checksum": "0" * 64}), "utf-8")
    code, told = run(house, "replay", *files)
    assert (code, "another one; the checksum: 000" in told) == (1, True)
    other = write_frame(tmp_path / "other", dossiers()[1:])
    code, told = run(house, "replay", "--document", document, "--frame", other)
    assert (code, "The file is not the frame" in told) == (1, True)
    document.write_text("{}", "utf-8")
    code, told = run(house, "replay", *files)
    assert (code, "not the document of a draw" in told) == (1, True)
    assert run(house, "replay")[0] == 2
