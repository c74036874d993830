"""From a code to what its page must say, or to the reason why there is no page."""

from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from survey_app.errors import (
    BadSubmission,
    CampaignClosed,
    CampaignNotOpen,
    CodePaused,
    CodeRevoked,
    InvitationUsed,
    OfficeNotBegun,
    UnknownCode,
)
from survey_app.models.access_point import AccessPoint, out_of_use_since
from survey_app.models.budget import daily_budget, last_month_before
from survey_app.models.campaign import Campaign
from survey_app.models.invitation import InvitationBatch, SpentInvitation
from survey_app.models.office import Counter, Office
from survey_app.models.response import LATE_BY
from survey_app.models.short_code import is_well_formed

# No honest phone keeps a form longer; older ones could be hoarded, and would change days long reported.
FORM_LIVES = timedelta(days=30)
# A screen's form is for the visit at hand: nobody shall gather them at the counter to fill in at home.
VISIT_LIVES = LATE_BY
# A server whose clock was set back must not refuse what it issued itself.
CLOCK_SLIPS = timedelta(days=1)
SENT_TO_DRAWN_UNITS = ("letter", "message")


@dataclass(frozen=True, slots=True)
class Entry:
    """One way in: where it is, what is asked, from when to when the campaign and the office are there."""

    code: str
    way_in: str
    access_point_id: int
    batch_id: int | None
    cell_id: int | None
    instrument_version_id: int
    office: str
    counter: str | None
    campaign_code: str
    opens_on: date
    waits_for_office: bool  # it opens on the office's first day, later than the campaign
    closes_on: date | None
    paused_on: date | None
    revoked_on: date | None
    controller_name: str
    controller_address: str
    controller_phone: str
    retention_years: int
    is_demo: bool
    daily_budget: int | None


def find_entry(session: Session, code: str, today: date) -> Entry:
    """Find the way in by its normalised code."""
    found = _find(session, AccessPoint.code == code, today) if is_well_formed(code) else None
    if found is None:
        raise UnknownCode(code)
    return found


def find_invited(session: Session, batch_id: int, today: date) -> Entry:
    """Find the way in of a batch of invitations."""
    found = _find(session, InvitationBatch.id == batch_id, today)
    if found is None:
        raise UnknownCode(f"batch {batch_id}")
    return found


def refuse_spent(session: Session, entry: Entry, token_hash: bytes) -> None:
    """Tell whoever opens a used invitation, before the form is filled in for nothing."""
    if session.get(SpentInvitation, (entry.batch_id, token_hash)) is not None:
        raise InvitationUsed(entry.controller_phone)


def _find(session: Session, condition: ColumnElement[bool], today: date) -> Entry | None:
    row = session.execute(_FIND.where(condition)).one_or_none()
    if row is None:
        return None
    stated = row._asdict()
    office_id = stated.pop("office_id")
    # Codes of an office are made and hung up before it begins; nobody need press anything when it ends.
    begins_on = stated.pop("office_begins_on")
    stated["waits_for_office"] = begins_on > stated["opens_on"]
    stated["opens_on"] = max(stated["opens_on"], begins_on)
    stated["revoked_on"] = out_of_use_since(
        stated["way_in"], stated["revoked_on"], stated.pop("office_ends_on"), today
    )
    if stated.pop("delivery") in SENT_TO_DRAWN_UNITS:
        return Entry(**stated, daily_budget=None)  # a token is a budget by itself: it works once
    # Slips have one all the same: whoever prints them could fill them in.
    return Entry(**stated, daily_budget=daily_budget(last_month_before(session, office_id, today)))


_FIND = (
    select(
        AccessPoint.code,
        AccessPoint.way_in,
        AccessPoint.id.label("access_point_id"),
        InvitationBatch.id.label("batch_id"),
        InvitationBatch.cell_id,
        InvitationBatch.delivery,
        Campaign.instrument_version_id,
        Office.name.label("office"),
        Office.valid_from.label("office_begins_on"),
        Office.valid_until.label("office_ends_on"),
        Counter.label.label("counter"),
        Campaign.code.label("campaign_code"),
        Campaign.opens_on,
        Campaign.closes_on,
        AccessPoint.paused_on,
        AccessPoint.revoked_on,
        Campaign.controller_name,
        Campaign.controller_address,
        Campaign.controller_phone,
        Campaign.retention_years,
        Campaign.is_demo,
        AccessPoint.office_id,
    )
    .join(Campaign, Campaign.id == AccessPoint.campaign_id)
    .join(Office, Office.id == AccessPoint.office_id)
    .outerjoin(Counter, Counter.id == AccessPoint.counter_id)
    .outerjoin(InvitationBatch, InvitationBatch.access_point_id == AccessPoint.id)
)


def check_opens(entry: Entry, today: date) -> None:
    """Refuse to show a form that could not be sent."""
    if entry.revoked_on is not None:
        raise CodeRevoked(entry.revoked_on)
    if today < entry.opens_on and entry.waits_for_office:
        raise OfficeNotBegun(entry.opens_on, entry.office)
    if today < entry.opens_on:
        raise CampaignNotOpen(entry.opens_on)
    if entry.closes_on is not None and today > entry.closes_on:
        raise CampaignClosed(entry.closes_on, entry.campaign_code)
    if entry.paused_on is not None:
        raise CodePaused


def check_accepts(entry: Entry, issued_on: date, today: date) -> None:
    """Accept a form by the day on which its page was opened; late ones for 48 hours.

    A pause is no end: what was opened before it is taken as long as the form lives.
    """
    if not entry.opens_on <= issued_on <= today + CLOCK_SLIPS:
        raise BadSubmission("form was issued outside its campaign")
    if entry.closes_on is not None and _is_too_late(entry.closes_on, issued_on, today):
        raise CampaignClosed(entry.closes_on, entry.campaign_code, late=issued_on <= entry.closes_on)
    if entry.revoked_on is not None and _is_too_late(entry.revoked_on, issued_on, today):
        raise CodeRevoked(entry.revoked_on)


def is_alive(entry: Entry, issued_on: date, today: date) -> bool:
    """Whether a form of this age may still come by this way in."""
    return today - issued_on <= (VISIT_LIVES if entry.way_in == "screen" else FORM_LIVES)


def is_in_time(entry: Entry, issued_on: date, today: date) -> bool:
    """Whether a form is refused neither for its age nor for its day."""
    try:
        check_accepts(entry, issued_on, today)
    except (BadSubmission, CampaignClosed, CodeRevoked):
        return False
    return is_alive(entry, issued_on, today)


def _is_too_late(last_day: date, issued_on: date, today: date) -> bool:
    return issued_on > last_day or today - LATE_BY > last_day
