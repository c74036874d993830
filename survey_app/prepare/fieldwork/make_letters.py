"""From a drawn sample to the files that invite it: batches, whom to write to, contacts, letters. For jobs."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from survey_app.config import VIETNAM_TIME, Settings
from survey_app.db import Database
from survey_app.errors import SurveyError
from survey_app.models.approval import lock_campaign
from survey_app.models.audit import note_over
from survey_app.models.campaign import Campaign
from survey_app.models.frame import Frame, contacts_path
from survey_app.models.instrument import InstrumentVersion
from survey_app.models.job import first_outcome
from survey_app.models.office import Office
from survey_app.models.paused import offices_with_invitations_at_rest
from survey_app.models.sample import Draw, draw_in_force, offices_of_draw
from survey_app.prepare.fieldwork.addressees import Contact, begin, begun, chosen, contacts_of
from survey_app.prepare.fieldwork.invite import invite
from survey_app.prepare.fieldwork.letter import Sender
from survey_app.prepare.fieldwork.letter_files import Report, Run, write_files
from survey_app.prepare.fieldwork.spent import Invitee
from survey_app.prepare.invitations.issue import Fault

ISSUED = "invitations.issue"  # in the audit log


class NothingDrawn(SurveyError):
    """The campaign has no drawn sample to invite."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What somebody wants made: of which campaign, how it goes out, to whom, on whose behalf."""

    campaign_id: int
    delivery: str
    which: str
    staff_id: int | None  # none: from the command line
    job_id: int | None = None  # whose page says what was issued


def make_letters(
    database: Database, settings: Settings, asked: Asked, folder: Path, now: datetime, report: Report
) -> dict[str, Any]:
    """Issue the batches that are missing, then write the files that are missing; give what a page says."""
    with database.transaction() as session:
        told = _issue(session, settings, asked, now)
    with database.reading() as session:
        draw = _draw(session, asked.campaign_id)
        frame = session.get_one(Frame, draw.frame_id)
        invitees = begun(session, draw, folder)
        if invitees is None:
            invitees = chosen(session, draw, asked.which, asked.delivery, settings.secrets)
            begin(folder, invitees)
        sender = _sender(session, settings, asked, frame)
        offices = _names(session, {one.office_id for one in invitees})
    contacts = _contacts(settings, frame, invitees)
    run = Run(asked.delivery, sender, settings.secrets, offices, contacts)
    n_reached, n_unreached = write_files(folder, run, invitees, report)
    return told | {"n_letters": n_reached, "n_unreached": n_unreached}


def _issue(session: Session, settings: Settings, asked: Asked, now: datetime) -> dict[str, Any]:
    lock_campaign(session, asked.campaign_id)  # before the draw is read: a frame may just be accepted
    draw = _draw(session, asked.campaign_id)
    today = now.astimezone(VIETNAM_TIME).date()
    invited = invite(session, draw, asked.delivery, today, settings.secrets[0])
    campaign = session.get_one(Campaign, asked.campaign_id)
    if invited.n_batches:
        what = f"{campaign.code}: {invited.n_units} thư mời cho {invited.n_batches} nhóm của mẫu"
        note_over(session, now, asked.staff_id, ISSUED, what, invited.office_ids)
    at_rest = offices_with_invitations_at_rest(session, campaign.id) & offices_of_draw(session, draw.id)
    why_not = {**dict.fromkeys(at_rest, (Fault.AT_REST,)), **invited.left_out}
    names = _names(session, why_not)
    left_out = [(names[office_id], [one.name for one in why]) for office_id, why in why_not.items()]
    told = {"n_batches": invited.n_batches, "n_issued": invited.n_units, "left_out": sorted(left_out)}
    return told if asked.job_id is None else first_outcome(session, asked.job_id, told)


def _contacts(settings: Settings, frame: Frame, invitees: list[Invitee]) -> Mapping[str, Contact]:
    """Open what is wanted of the sealed contacts; a frame whose contacts are gone gives none."""
    path = contacts_path(settings.data_dir, frame.ticket)
    if not (frame.has_contacts and path.is_file()):
        return {}
    return contacts_of(path, settings.frame_keys, {one.unit for one in invitees})


def _sender(session: Session, settings: Settings, asked: Asked, frame: Frame) -> Sender:
    campaign = session.get_one(Campaign, asked.campaign_id)
    definition = session.get_one(InstrumentVersion, campaign.instrument_version_id).definition
    return Sender(
        public_url=settings.public_url,
        campaign=campaign,
        n_questions=definition.n_questions,
        minutes=definition.minutes,
        contacts_until=frame.contacts_expire_on,
        is_reminder=asked.which == "unanswered",
    )


def _draw(session: Session, campaign_id: int) -> Draw:
    draw = draw_in_force(session, campaign_id)
    if draw is None:
        raise NothingDrawn("the campaign has no drawn sample: draw it first")
    return draw


def _names(session: Session, office_ids: Any) -> dict[int, str]:
    """Name offices, asking for all: a country's are few thousand, and would not fit into one statement."""
    wanted = set(office_ids)
    rows = session.execute(select(Office.id, Office.name))
    return {office_id: name for office_id, name in rows if office_id in wanted}
