"""The files of a run: PDFs of a thousand letters, a list in the same order, and who could not be written to.

Each file is put in place whole, and one that is there stays: a run that was killed goes on where it was.
"""

import csv
import io
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from survey_app.jobs.files import write_whole
from survey_app.jobs.typesetting import forget_drawings
from survey_app.models.invitation_token import InvitationToken, printed, secret_mark, token_path
from survey_app.models.plain_text import one_line, without_formula
from survey_app.prepare.fieldwork.addressees import Contact
from survey_app.prepare.fieldwork.letter import Letter, Sender, render_letters
from survey_app.prepare.fieldwork.spent import Invitee
from survey_app.prepare.invitations.tokens import SecretGone

LETTERS_A_FILE = 1_000
LIST_FILE, UNREACHED_FILE = "danh-sach.csv", "khong-co-lien-he.csv"
LIST_HEADER = ("so_thu", "don_vi", "ho_ten", "dia_chi", "dien_thoai", "lien_ket", "ma")
UNREACHED_HEADER = ("so_thu", "ma_ho_so", "don_vi", "lien_ket", "ma")
ENCODING = "utf-8-sig"  # the mark at the start tells spreadsheets that the file is UTF-8
Report = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Run:
    """What a run of one campaign is made of."""

    delivery: str
    sender: Sender
    secrets: Sequence[bytes]
    offices: Mapping[int, str]
    contacts: Mapping[str, Contact]


def write_files(folder: Path, run: Run, invitees: Sequence[Invitee], report: Report) -> tuple[int, int]:
    """Write them; give how many are written to, and how many have no contact to write to."""
    tokens = _tokens(invitees, run.secrets)
    reached = [one for one in invitees if _reaches(run, one)]
    unreached = [one for one in invitees if not _reaches(run, one)]
    report(0, len(reached))
    write_whole(folder / LIST_FILE, _list(run, reached, tokens))
    if unreached:
        write_whole(folder / UNREACHED_FILE, _list_of_unreached(run, unreached, tokens))
    if run.delivery == "letter":
        _write_letters(folder, run, reached, tokens, report)
    return len(reached), len(unreached)


def _write_letters(
    folder: Path, run: Run, reached: Sequence[Invitee], tokens: Mapping[int, str], report: Report
) -> None:
    digits = len(str(-(-len(reached) // LETTERS_A_FILE)))
    for start in range(0, len(reached), LETTERS_A_FILE):
        some = reached[start : start + LETTERS_A_FILE]
        path = folder / f"thu-{start // LETTERS_A_FILE + 1:0{max(digits, 2)}}.pdf"
        if not path.is_file():
            letters = [_letter(run, one, tokens[one.number]) for one in some]
            write_whole(path, render_letters(letters, run.sender))
            forget_drawings()
        report(start + len(some), len(reached))


def _letter(run: Run, one: Invitee, token: str) -> Letter:
    contact = run.contacts[one.unit]
    return Letter(one.number, contact.name, contact.address, run.offices[one.office_id], token)


def _reaches(run: Run, one: Invitee) -> bool:
    contact = run.contacts.get(one.unit)
    return contact is not None and contact.serves(run.delivery)


def _tokens(invitees: Sequence[Invitee], secrets: Sequence[bytes]) -> dict[int, str]:
    by_mark = {secret_mark(secret): secret for secret in secrets}
    for one in invitees:
        if one.secret_mark not in by_mark:
            raise SecretGone(one.batch_id)
    return {
        one.number: InvitationToken(one.batch_id, one.serial).text(by_mark[one.secret_mark])
        for one in invitees
    }


def _list(run: Run, reached: Sequence[Invitee], tokens: Mapping[int, str]) -> bytes:
    """Write a line an invitation, for a printing house or a gateway of messages."""
    rows = []
    for one in reached:
        contact, token = run.contacts[one.unit], tokens[one.number]
        told = (run.offices[one.office_id], contact.name, contact.address)
        address = run.sender.public_url + token_path(token)
        rows.append((one.number, *map(_safe, told), dialled(contact.phone), address, printed(token)))
    return _csv(LIST_HEADER, rows)


def _list_of_unreached(run: Run, unreached: Sequence[Invitee], tokens: Mapping[int, str]) -> bytes:
    """Name who could not be written to by the dossier: staff who hold the dossiers may know an address."""
    rows = []
    for one in unreached:
        token = tokens[one.number]
        address = run.sender.public_url + token_path(token)
        told = (_safe(one.unit), _safe(run.offices[one.office_id]))
        rows.append((one.number, *told, address, printed(token)))
    return _csv(UNREACHED_HEADER, rows)


def dialled(phone: str) -> str:
    """Give a telephone number as gateways take it: digits alone, which no spreadsheet runs."""
    return re.sub(r"\D", "", phone, flags=re.ASCII)


def _safe(text: str) -> str:
    return without_formula(one_line(text))


def _csv(header: Sequence[str], rows: Sequence[Sequence[object]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue().encode(ENCODING)
