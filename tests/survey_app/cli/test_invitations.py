"""Invitations from the command line: batches in any number, and their list in a file."""

import csv
import errno
import os

import pytest
from sqlalchemy import select

from survey_app.models.access_point import AccessPoint
from survey_app.models.invitation import InvitationBatch
from survey_app.models.invitation_token import InvitationToken
from survey_app.models.sample import SampleCell
from tests import factories

CELL = {"stratum": "S1", "psu": "P1", "weight": 2.5}


@pytest.fixture
def place(app):
    with app.extensions["database"].transaction() as session:
        office = factories.office(session, code="A", name="Trung tâm xã A")
        factories.counter(session, office_id=office.id, label="Quầy số 1")
        factories.campaign(session, code="nam", kind="annual", sampling_basis="probability")
        factories.campaign(session, code="tai-quay")


@pytest.fixture
def folder(tmp_path):
    """Where nothing is but what a command leaves."""
    empty = tmp_path / "lists"
    empty.mkdir()
    return empty


def run(app, *arguments):
    return app.test_cli_runner().invoke(args=["invitation", *map(str, arguments)])


def issue(app, campaign="nam", delivery="letter", number=40, **more):
    options = [part for name, value in more.items() for part in (f"--{name}", value)]
    return run(
        app,
        *("issue", "--campaign", campaign, "--office", "A", "--delivery", delivery, "--number", number),
        *options,
    )


def rows(app, kind):
    with app.extensions["database"].reading() as session:
        return session.scalars(select(kind)).all()


@pytest.mark.usefixtures("place")
def test_a_batch_of_letters_shares_one_cell_however_often_it_is_named(app):
    for psu in ("P1", "P1", "P2"):
        result = issue(app, stratum="S1", psu=psu, weight=2.5, counter="Quầy số 1")
        assert (result.exit_code, result.stderr) == (0, "")
    assert "40 invitations" in result.output
    assert [(cell.stratum, cell.psu, cell.weight) for cell in rows(app, SampleCell)] == [
        ("S1", "P1", 2.5),
        ("S1", "P2", 2.5),
    ]
    assert [batch.cell_id for batch in rows(app, InvitationBatch)] == [1, 1, 2]
    assert {(point.provenance, point.counter_id) for point in rows(app, AccessPoint)} == {("A", 1)}


@pytest.mark.usefixtures("place")
def test_a_large_batch_is_exported_to_a_file_that_nobody_else_reads(app, folder):
    assert issue(app, number=6_000, **CELL).exit_code == 0
    path = folder / "list.csv"
    previous = os.umask(0)  # whoever calls the command may have an open one
    try:
        result = run(app, "export", 1, path)
    finally:
        os.umask(previous)
    assert (result.exit_code, result.stderr) == (0, "")
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(folder.iterdir()) == [path]
    with path.open(encoding="utf-8-sig", newline="") as file:
        lines = list(csv.DictReader(file))
    assert len(lines) == 6_000
    token = InvitationToken.read(lines[-1]["code"], app.extensions["settings"].secrets)
    assert token == InvitationToken(1, 5_999)
    assert lines[-1]["address"].startswith("http://127.0.0.1:8000/i/")


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"campaign": "tai-quay"}, "draws no sample"),
        ({"number": 4, **CELL}, "5 to 100000"),
        ({"number": 100_001, **CELL}, "5 to 100000"),
        ({}, "need the cell of their units"),
        ({"delivery": "message"}, "need the cell of their units"),
        ({"campaign": "nosuch"}, "nosuch"),
        ({"counter": "Quầy lạ"}, "no counter 'Quầy lạ'"),
        ({"stratum": "S1"}, "--weight"),
        ({"stratum": "S1", "psu": "P1", "weight": 0}, "above 0"),
        ({"stratum": "S1", "psu": "P1", "weight": "nan"}, "above 0"),
    ],
)
def test_what_cannot_be_issued_is_named_and_leaves_nothing(app, given, says):
    result = issue(app, **given)
    assert result.exit_code != 0
    assert says in result.stderr
    assert rows(app, InvitationBatch) == []
    assert rows(app, SampleCell) == []


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_refusal_says_in_vietnamese_first_what_to_do(app):
    vietnamese, english = issue(app).stderr.splitlines()
    assert vietnamese.startswith("Thư và tin nhắn gửi người được chọn vào mẫu phải ghi ô mẫu")
    assert "Hãy chọn ô mẫu" in vietnamese
    assert english.startswith("letters and messages of a random sample need the cell")
    assert "--stratum, --psu, --weight" in english


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_an_existing_file_is_replaced_only_when_told(app, tmp_path):
    assert issue(app, **CELL).exit_code == 0
    path = tmp_path / "list.csv"
    path.write_text("the only list of another batch")
    path.chmod(0o644)
    result = run(app, "export", 1, path)
    assert result.exit_code != 0
    assert "exists already" in result.stderr
    assert "--force" in result.stderr
    assert path.read_text() == "the only list of another batch"
    result = run(app, "export", 1, path, "--force")
    assert (result.exit_code, result.stderr) == (0, "")
    assert path.read_bytes().count(b"\r\n") == 41
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_list_that_cannot_be_written_leaves_what_was_there(app, folder, monkeypatch):
    assert issue(app, **CELL).exit_code == 0
    path = folder / "list.csv"
    path.write_text("older")

    def full(*_given):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("survey_app.prepare.invitations.export.os.replace", full)
    result = run(app, "export", 1, path, "--force")
    assert result.exit_code == 1
    assert "No space left" in result.stderr
    assert [one.read_text() for one in folder.iterdir()] == ["older"]


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("file", "says"), [("missing/list.csv", "No such file"), ("/dev/null", "no ordinary file")]
)
def test_a_place_where_no_list_can_be_is_named(app, tmp_path, file, says):
    assert issue(app, **CELL).exit_code == 0
    result = run(app, "export", 1, tmp_path / file, "--force")
    assert result.exit_code != 0
    assert says in result.stderr


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_an_unknown_batch_and_one_without_its_secret_are_not_exported(app, tmp_path):
    with app.extensions["database"].transaction() as session:
        forgotten = factories.invitation_batch(session, secret_mark="gone")
    for number, says in ((999, "no batch 999"), (forgotten.id, "cannot be printed")):
        result = run(app, "export", number, tmp_path / "list.csv")
        assert result.exit_code != 0
        assert says in result.stderr
    assert not (tmp_path / "list.csv").exists()
