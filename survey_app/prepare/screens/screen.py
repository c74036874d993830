"""What a screen at a counter shows: the code of this moment."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from survey_app.errors import NotFound
from survey_app.models import rotating_code, short_code
from survey_app.models.access_point import AccessPoint
from survey_app.models.campaign import Campaign
from survey_app.models.office import Counter, Office
from survey_app.models.staff import StaffSession
from survey_app.prepare.codes.address import qr_address
from survey_app.prepare.codes.qr import qr_svg
from survey_app.web.access import hash_token


@dataclass(frozen=True, slots=True)
class Screen:
    """A screen's place, and from when to when its code works."""

    code: str
    office: str
    counter: str | None
    opens_on: date
    closes_on: date | None
    paused_on: date | None
    revoked_on: date | None
    is_demo: bool


def find_screen(session: Session, address: str, accepted_secrets: tuple[bytes, ...]) -> Screen:
    """Find the screen by the last part of its page's address; without its proof it looks missing."""
    symbols = short_code.normalise(address)
    code, proof = symbols[: short_code.LENGTH], symbols[short_code.LENGTH :]
    if not rotating_code.is_screen(code, proof, accepted_secrets):
        raise NotFound
    row = session.execute(
        select(
            AccessPoint.code,
            Office.name.label("office"),
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
    return Screen(**row._asdict())


def show_code(code: str, now: datetime, secret: bytes, public_url: str) -> dict[str, object]:
    """Give the code as picture and as letters, and for how many seconds it is shown and accepted."""
    ticket = rotating_code.ticket(code, now, secret)
    return {
        "picture": qr_svg(qr_address(public_url, rotating_code.ticket_path(code, ticket))),
        "typed": rotating_code.printed(code, ticket),
        "seconds": round(rotating_code.seconds_left(now), 1),
        "seconds_accepted": round(rotating_code.seconds_accepted(now), 1),
    }


def end_session(session: Session, token: str) -> None:
    """Sign out the browser that is to show a screen to everybody."""
    session.execute(delete(StaffSession).where(StaffSession.token_hash == hash_token(token)))
