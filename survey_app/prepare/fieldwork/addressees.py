"""Whom a run of letters or messages goes to, fixed when it begins; their contacts, opened in jobs alone."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy.orm import Session

from survey_app.jobs.files import write_whole
from survey_app.models.paused import offices_with_invitations_at_rest
from survey_app.models.sample import Draw
from survey_app.prepare.fieldwork.spent import Invitee, answered, invitees_of
from survey_app.prepare.frames.columns import CONTACTS, UNIT
from survey_app.prepare.frames.contacts import open_contacts

NEEDED = {"letter": ("name", "address"), "message": ("phone",)}  # of a contact, to be invited this way
ORDER_FILE = "order.json"


@dataclass(frozen=True, slots=True)
class Contact:
    name: str
    address: str
    phone: str

    def serves(self, delivery: str) -> bool:
        return all(getattr(self, part) for part in NEEDED[delivery])


def chosen(
    session: Session, draw: Draw, which: str, delivery: str, secrets: Sequence[bytes]
) -> list[Invitee]:
    """List whom a run goes to, in mail-merge order: the numbers of the units, which go office by office.

    Nobody is reminded who has answered, or of whom an outcome is noted: a refusal is one, a letter that came
    back another. Nobody gets a letter and a message, and nobody what he could not answer by a pause.
    """
    at_rest = offices_with_invitations_at_rest(session, draw.campaign_id)
    invitees = [
        one
        for one in invitees_of(session, draw.id)
        if one.delivery == delivery and one.office_id not in at_rest
    ]
    if which == "all":
        return invitees
    waiting = [one for one in invitees if one.outcome is None]
    if which == "called_in":
        waiting = [one for one in waiting if one.replaces is not None]
    done = answered(session, waiting, secrets)
    return [one for one in waiting if one.number not in done]


def begun(session: Session, draw: Draw, folder: Path) -> list[Invitee] | None:
    """List whom a run goes to that was begun in this folder; None if none was.

    Whoever answered meanwhile stays in it: the files that are finished would else not fit the others.
    """
    path = folder / ORDER_FILE
    if not path.is_file():
        return None
    numbers = set(json.loads(path.read_text("ascii")))
    return [one for one in invitees_of(session, draw.id) if one.number in numbers]


def begin(folder: Path, invitees: Sequence[Invitee]) -> None:
    write_whole(folder / ORDER_FILE, json.dumps([one.number for one in invitees]).encode("ascii"))


def contacts_of(path: Path, keys: Sequence[bytes], units: set[str]) -> Mapping[str, Contact]:
    """Open the sealed contacts of a frame and keep those of some units, part by part."""
    wanted = pa.array(sorted(units), pa.string())
    found: dict[str, Contact] = {}
    for part in open_contacts(path, keys):
        kept = part.filter(pc.is_in(part[UNIT].cast(pa.string()), value_set=wanted))
        for row in kept.to_pylist():
            found[row[UNIT]] = Contact(**{name: _text(row.get(name)) for name in CONTACTS})
    return found


def _text(value: Any) -> str:
    return "" if value is None else str(value)
