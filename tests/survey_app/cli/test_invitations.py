"""Invitations from the command line: batches in any number, and their list in a file."""

import csv

import pytest
from sqlalchemy import select

from survey_app.models.access_point import AccessPoint
from survey_app.models.campaign import SampleCell
from survey_app.models.invitation import InvitationBatch
from survey_app.models.invitation_token import InvitationToken
from tests import factories


@pytest.fixture
def place(app):
    with app.extensions["database"].transaction() as session:
        office = factories.office(session, code="A", name="Trung tâm xã A")
        factories.counter(session, office_id=office.id, label="Quầy số 1")
        factories.campaign(session, code="nam", kind="annual", sampling_basis="probability")
        factories.campaign(session, code="tai-quay")


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
def test_a_large_batch_is_exported_to_a_file_that_nobody_else_reads(app, tmp_path):
    assert issue(app, number=6_000).exit_code == 0
    path = tmp_path / "list.csv"
    path.write_text("an older list")
    path.chmod(0o644)
    result = run(app, "export", 1, path)
    assert (result.exit_code, result.stderr) == (0, "")
    assert path.stat().st_mode & 0o077 == 0
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
        ({"number": 4}, "5 to 100000"),
        ({"number": 100_001}, "5 to 100000"),
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


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_an_unknown_batch_and_one_without_its_secret_are_not_exported(app, tmp_path):
    with app.extensions["database"].transaction() as session:
        forgotten = factories.invitation_batch(session, secret_mark="gone")
    for number, says in ((999, "no batch 999"), (forgotten.id, "cannot be printed")):
        result = run(app, "export", number, tmp_path / "list.csv")
        assert result.exit_code != 0
        assert says in result.stderr
    assert not (tmp_path / "list.csv").exists()
