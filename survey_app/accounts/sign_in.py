"""Accounts and signing in. Waiting times and locks after failed attempts come with the full accounts."""

import secrets
import unicodedata
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from survey_app.config import VIETNAM_TIME
from survey_app.errors import AccountRefused
from survey_app.models.office import Office
from survey_app.models.staff import ROLES, Staff, StaffGrant, StaffSession
from survey_app.web.access import hash_token

SHORTEST_PASSWORD = 12
SESSION_LASTS = timedelta(hours=12)
TOKEN_BYTES = 32

# argon2id as OWASP advises for a server that also does other work: 19 MiB and two passes an attempt.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
# The hash of a random password that nobody kept: an unknown name costs the same time as a wrong password.
_NOBODYS_HASH = (
    "$argon2id$v=19$m=19456,t=2,p=1$uFiW7kW5rrAZV3ajD98CAQ$AsS5zy2k9y3yu5LUunAf2W8mGAZvUtNWb9p3wp3vcK8"
)


@dataclass(frozen=True, slots=True)
class StaffDetails:
    """What makes an account; `office_id` bounds what it may see, empty for all offices."""

    username: str
    full_name: str
    role: str
    password: str = field(repr=False)
    office_id: int | None = None
    is_demo: bool = False


@dataclass(frozen=True, slots=True)
class Proof:
    """Somebody gave the right password; `renewed_hash` stands where the stored one has become weak."""

    staff_id: int
    renewed_hash: str | None


def check_password(session: Session, username: str, password: str) -> Proof | None:
    """Find whose name and password these are.

    It only reads: hashing takes its time, and no write lock may be held meanwhile.
    """
    staff = session.scalar(select(Staff).where(Staff.username == _plain_name(username)))
    stored = _NOBODYS_HASH if staff is None else staff.password_hash
    try:
        _HASHER.verify(stored, _normal(password))
    except (VerifyMismatchError, InvalidHashError):
        return None
    if staff is None or staff.disabled_at is not None:
        return None
    weak = _HASHER.check_needs_rehash(stored)
    return Proof(staff.id, _HASHER.hash(_normal(password)) if weak else None)


def sign_in(session: Session, proof: Proof, now: datetime) -> str:
    """Open a session of its own for a proven person and give its token, of which only the hash is kept."""
    if proof.renewed_hash:
        session.get_one(Staff, proof.staff_id).password_hash = proof.renewed_hash
    session.execute(delete(StaffSession).where(StaffSession.expires_at <= now))
    token = secrets.token_urlsafe(TOKEN_BYTES)
    session.add(
        StaffSession(
            token_hash=hash_token(token),
            staff_id=proof.staff_id,
            is_proven=True,
            expires_at=now + SESSION_LASTS,
        )
    )
    return token


def sign_out(session: Session, token: str) -> None:
    session.execute(delete(StaffSession).where(StaffSession.token_hash == hash_token(token)))


def create_staff(session: Session, details: StaffDetails, now: datetime) -> Staff:
    """Make an account, or say in an `AccountRefused` why not."""
    username = _plain_name(details.username)
    _check_details(session, details, username)
    staff = Staff(
        username=username,
        full_name=_normal(details.full_name).strip(),
        password_hash=_HASHER.hash(_normal(details.password)),
        created_at=now,
        is_demo=details.is_demo,
    )
    session.add(staff)
    session.flush()  # the grant names it
    session.add(
        StaffGrant(
            staff_id=staff.id,
            role=details.role,
            office_id=details.office_id,
            valid_from=now.astimezone(VIETNAM_TIME).date(),
        )
    )
    return staff


def _check_details(session: Session, details: StaffDetails, username: str) -> None:
    if not username or any(symbol.isspace() for symbol in username):
        raise AccountRefused("A username needs at least one visible character and no blanks.")
    if session.scalar(select(Staff.id).where(Staff.username == username)):
        raise AccountRefused(f"The username {username!r} is taken.")
    if not details.full_name.strip() or not details.full_name.isprintable():
        raise AccountRefused("The full name is missing or cannot be printed.")
    if details.role not in ROLES:
        raise AccountRefused(f"The role must be one of {', '.join(ROLES)}, got {details.role!r}.")
    if details.role == "office_manager" and details.office_id is None:
        raise AccountRefused("An office manager needs an office.")
    if details.office_id is not None and session.get(Office, details.office_id) is None:
        raise AccountRefused(f"There is no office {details.office_id}.")
    if len(_normal(details.password)) < SHORTEST_PASSWORD:
        raise AccountRefused(f"A password needs at least {SHORTEST_PASSWORD} characters.")


def _plain_name(username: str) -> str:
    """Bring a username to its stored form; one that cannot be printed belongs to nobody."""
    plain = unicodedata.normalize("NFKC", username).strip().casefold()
    return plain if plain.isprintable() else ""


def _normal(text: str) -> str:
    # Keyboards differ in how they compose ễ; the same password must have the same bytes.
    return unicodedata.normalize("NFC", text)
