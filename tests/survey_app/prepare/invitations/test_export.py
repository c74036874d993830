"""The list of a batch as CSV."""

import csv
import io

from survey_app.models.invitation_token import InvitationToken, printed, secret_mark
from survey_app.models.job import Work
from survey_app.models.short_code import ALPHABET
from survey_app.prepare.invitations.export import list_of_invitations, run
from tests import factories
from tests.factories import MOMENT

MARK = b"\xef\xbb\xbf"


def lines_of(content):
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def test_each_line_is_number_address_and_code():
    token = InvitationToken(1, 0).text(b"s" * 32)
    content = list_of_invitations([token, token], "https://khaosat.example.vn")
    assert content.startswith(MARK + b"serial,address,code\r\n")
    assert lines_of(content)[1:] == [
        [number, f"https://khaosat.example.vn/i/{token}", printed(token)] for number in ("1", "2")
    ]


def test_no_cell_begins_as_a_formula_does():
    tokens = [InvitationToken(1, serial).text(b"s" * 32) for serial in range(3_000)]
    cells = [cell for line in lines_of(list_of_invitations(tokens, "http://ks.vn")) for cell in line]
    assert {cell[0] for cell in cells} <= set(ALPHABET) | set("123456789sach")


def test_the_job_writes_the_whole_batch_for_nobody_else_to_read(database, settings):
    with database.transaction() as session:
        batch = factories.invitation_batch(session, n_issued=12, secret_mark=secret_mark(settings.secrets[0]))
    name = run(Work(3, {"batch_id": batch.id}, database, settings, MOMENT, lambda *_: None))
    path = settings.files_dir / name
    assert name == f"ma-moi-lo-{batch.id}-3.csv"
    assert path.stat().st_mode & 0o077 == 0
    codes = [line[2] for line in lines_of(path.read_bytes())[1:]]
    read = [InvitationToken.read(code, settings.secrets) for code in codes]
    assert read == [InvitationToken(batch.id, serial) for serial in range(12)]
