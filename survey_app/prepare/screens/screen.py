"""What a screen at a counter shows: the code of this moment."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from survey_app.errors import NotFound
from survey_app.models import rotating_code, short_code
from survey_app.models.access_point import AccessPoint, out_of_use_since
from survey_app.models.campaign import Campaign
from survey_app.models.office import Counter, Office
from survey_app.prepare.codes.address import qr_address
from survey_app.prepare.codes.qr import qr_svg


@dataclass(frozen=True, slots=True)
class Screen:
    """A screen's place, and from when to when its code works."""

    code: str
    office: str
    counter: str | None
    opens_on: date
    waits_for_office: bool  # it opens on the office's first day, later than the campaign
    closes_on: date | None
    paused_on: date | None
    revoked_on: date | None
    is_demo: bool


def find_screen(session: Session, address: str, accepted_secrets: tuple[bytes, ...], today: date) -> Screen:
    """Find the screen by the last part of its page's address; without its proof it looks missing."""
    symbols = short_code.normalise(address)
    code, proof = symbols[: short_code.LENGTH], symbols[short_code.LENGTH :]
    if not rotating_code.is_screen(code, proof, accepted_secrets):
        raise NotFound
    row = session.execute(
        select(
            AccessPoint.code,
            Office.name.label("office"),
            Office.valid_from.label("office_begins_on"),
            Office.valid_until.label("office_ends_on"),
            Counter.label.label("counter"),
            Campaign.opens_on,
            Campaign.closes_on,
            AccessPoint.paused_on,
            AccessPoint.revoked_on,
            Campaign.is_demo,
        )
        .join(Campaign, Campaign.id == AccessPoint.campaign_id)
        .join(Office, Office.id == AccessPoint.office_id)
        .outerjoin(Counter, Counter.id == AccessPoint.counter_id)
        .where(AccessPoint.code == code, AccessPoint.way_in == "screen")
    ).one_or_none()
    if row is None:
        raise NotFound
    stated = row._asdict()
    begins_on = stated.pop("office_begins_on")
    stated["waits_for_office"] = begins_on > stated["opens_on"]
    stated["opens_on"] = max(stated["opens_on"], begins_on)
    stated["revoked_on"] = out_of_use_since(
        "screen", stated["revoked_on"], stated.pop("office_ends_on"), today
    )
    return Screen(**stated)


def show_code(code: str, now: datetime, secret: bytes, public_url: str) -> dict[str, object]:
    """Give the code as picture and as letters, and for how many seconds it is shown and accepted."""
    ticket = rotating_code.ticket(code, now, secret)
    return {
        "picture": qr_svg(qr_address(public_url, rotating_code.ticket_path(code, ticket))),
        "typed": rotating_code.printed(code, ticket),
        "seconds": round(rotating_code.seconds_left(now), 1),
        "seconds_accepted": round(rotating_code.seconds_accepted(now), 1),
    }
