"""Signing in and out: a password gives a session, the second factor proves it."""

import secrets
import unicodedata
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from sqlalchemy import delete, exists, or_, select
from sqlalchemy.orm import Session

from survey_app.accounts import passwords
from survey_app.config import VIETNAM_TIME
from survey_app.errors import SignInRequired
from survey_app.models.staff import NEEDS_SECOND_FACTOR, ResetLink, Staff, StaffGrant, StaffSession
from survey_app.web.access import end_session, hash_token

SESSION_LASTS = timedelta(hours=12)
TOKEN_BYTES = 32


@dataclass(frozen=True, slots=True)
class Proof:
    """Somebody gave the right password, as it was stored then.

    `renewed_hash` stands where that has become weak.
    """

    staff_id: int
    stored_hash: str = field(repr=False)
    renewed_hash: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class NewSession:
    """The token of a session, of which only the hash is kept, and whether it opens the pages already."""

    token: str
    is_proven: bool


def check_password(session: Session, username: str, password: str) -> Proof | None:
    """Find whose name and password these are.

    It only reads: hashing takes its time, and no write lock may be held meanwhile.
    """
    staff = session.scalar(select(Staff).where(Staff.username == plain_name(username)))
    stored = passwords.NOBODYS_HASH if staff is None else staff.password_hash
    if not passwords.is_right(password, stored) or staff is None or staff.disabled_at is not None:
        return None
    return Proof(staff.id, stored, passwords.renewed(password, stored))


def owner_of(session: Session, proof: Proof) -> Staff:
    """Give the account that a password has opened, locked; none if that is no more its password.

    Hashing takes its time, and whoever changes a password meanwhile wants the old one to open nothing.
    """
    staff = session.get_one(Staff, proof.staff_id, with_for_update=True)
    if staff.password_hash != proof.stored_hash or staff.disabled_at is not None:
        raise SignInRequired
    return staff


def sign_in(session: Session, proof: Proof, now: datetime) -> NewSession:
    """Open a session for the password's owner; it is proven where no second factor is set up or needed."""
    staff = owner_of(session, proof)
    if proof.renewed_hash:
        staff.password_hash = proof.renewed_hash
    is_proven = staff.totp_secret is None and not must_have_second_factor(session, staff.id, now)
    return NewSession(open_session(session, staff.id, now, is_proven=is_proven), is_proven)


def open_session(session: Session, staff_id: int, now: datetime, *, is_proven: bool) -> str:
    """Give the token of a new session."""
    session.execute(delete(StaffSession).where(StaffSession.expires_at <= now))
    token = secrets.token_urlsafe(TOKEN_BYTES)
    session.add(
        StaffSession(
            token_hash=hash_token(token),
            staff_id=staff_id,
            is_proven=is_proven,
            expires_at=now + SESSION_LASTS,
        )
    )
    return token


def must_have_second_factor(session: Session, staff_id: int, now: datetime) -> bool:
    """Whether a role that needs it holds at any time before a session opened now would end."""
    first, last = _day(now), _day(now + SESSION_LASTS)
    needed = exists().where(
        StaffGrant.staff_id == staff_id,
        StaffGrant.role.in_(NEEDS_SECOND_FACTOR),
        StaffGrant.valid_from <= last,
        or_(StaffGrant.valid_until.is_(None), StaffGrant.valid_until >= first),
    )
    return bool(session.scalar(select(needed)))


def leave_session(session: Session, token: str) -> None:
    """End the session that another is to follow; whoever was signed out meanwhile stays out."""
    if not end_session(session, token):
        raise SignInRequired


def sign_out_everywhere(session: Session, staff_id: int) -> None:
    """End all sessions of an account: each request looks its session up, so the next one finds none.

    Whoever is opening one at this moment has the account locked, and is waited for.
    """
    session.execute(select(Staff.id).where(Staff.id == staff_id).with_for_update())
    session.execute(delete(StaffSession).where(StaffSession.staff_id == staff_id))


def end_ways_in(session: Session, staff_id: int) -> None:
    """End an account's sessions and links: what they were opened and made for may hold no more."""
    sign_out_everywhere(session, staff_id)
    session.execute(delete(ResetLink).where(ResetLink.staff_id == staff_id))


def plain_name(username: str) -> str:
    """Bring a username to its stored form; one that cannot be printed belongs to nobody."""
    plain = unicodedata.normalize("NFKC", username).strip().casefold()
    return plain if plain.isprintable() else ""


def _day(moment: datetime) -> date:
    return moment.astimezone(VIETNAM_TIME).date()
