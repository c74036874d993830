"""Fieldwork by command."""

import pytest

from tests.survey_app.cli.test_prepare import run
from tests.survey_app.prepare.fieldwork.conftest import fieldwork  # noqa: F401  # the fixture

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


def test_sample_is_invited_followed_and_filled_up(app, fieldwork, tmp_path):  # noqa: F811
    with fieldwork.database.reading() as session:
        code = session.connection().exec_driver_sql("SELECT code FROM campaign").scalar_one()
    folder = tmp_path / "thu"
    made = run(app, "fieldwork", "letters", code, folder, "--delivery", "message")
    assert made.exit_code == 0
    assert "15 invitations; 1 have no contact" in made.output
    assert (folder / "danh-sach.csv").stat().st_mode & 0o077 == 0
    table = tmp_path / "ket-qua.csv"
    table.write_text("unit;outcome;day\nH2;4.1;2026-03-09\nH77;2.1;2026-03-09\n", "utf-8")
    refused = run(app, "fieldwork", "outcomes", code, table)
    assert refused.exit_code == 1
    assert "line 3, H77" in refused.output
    assert "1 outcomes noted" in run(app, "fieldwork", "outcomes", code, table, "--accept").output
    assert "1 reserves are called in" in run(app, "fieldwork", "replace", code).output
    told = run(app, "fieldwork", "progress", code, "--offices").output
    assert "XA-1: 12 invited, 0 answered" in told
    assert (
        "all: 17 invited, 0 answered, 0 refused, 0 not reached, 1 not eligible, 16 unknown; RR1 0.0%" in told
    )
