"""Six digits that change every 30 seconds, made from a secret that phone and service share (RFC 6238)."""

import hashlib
import hmac
from base64 import b32encode
from collections.abc import Sequence
from datetime import datetime

import pyotp
from sqlalchemy import or_, update
from sqlalchemy.orm import Session

from survey_app.models.seal import seal, unseal
from survey_app.models.staff import Staff

STEP_SECONDS = 30
STEPS_AROUND = (0, -1, 1)  # clocks differ, and people type slowly
SECRET_BYTES = 20
ISSUER = "Khao sat hai long"  # apps differ in what they make of marks
_PURPOSE = b"second factor"


def secret_for(token: str, key: bytes) -> str:
    """Give the secret that is offered to one session until it is confirmed; it stands nowhere meanwhile."""
    made = hmac.digest(key, b"second factor\0" + token.encode(), hashlib.sha256)
    return b32encode(made[:SECRET_BYTES]).decode()


def address_for_app(secret: str, username: str) -> str:
    """Give what the QR code says to an authenticator app."""
    address: str = pyotp.TOTP(secret).provisioning_uri(name=username, issuer_name=ISSUER)
    return address


def step_of(moment: datetime) -> int:
    return int(moment.timestamp()) // STEP_SECONDS


def code_at(secret: str, step: int) -> str:
    code: str = pyotp.TOTP(secret).generate_otp(step)
    return code


def matching_step(secret: str, code: str, now: datetime) -> int | None:
    """Find the step, now or next to it, whose code this is."""
    steps = (step_of(now) + around for around in STEPS_AROUND)
    found = [step for step in steps if hmac.compare_digest(code_at(secret, step).encode(), code.encode())]
    return found[0] if found else None


def set_up(session: Session, staff: Staff, secret: str, step: int, key: bytes) -> None:
    """Give an account its second factor, sealed; the code that confirmed it is used up."""
    staff.totp_secret = sealed(secret, staff.id, key)
    staff.totp_step = step
    session.flush()


def accept(session: Session, staff: Staff, code: str, now: datetime, keys: Sequence[bytes]) -> bool:
    """Take a code once: of two requests with the same code, the database lets one through.

    None passes once the phone was taken off meanwhile: its secret would come back with it.
    """
    secret = opened(staff, keys)
    step = None if secret is None else matching_step(secret, code, now)
    if secret is None or step is None:
        return False
    is_newer = or_(Staff.totp_step.is_(None), Staff.totp_step < step)
    taken = session.execute(
        update(Staff)
        .where(Staff.id == staff.id, Staff.totp_secret == staff.totp_secret, is_newer)
        # Sealed anew each time, so that an old key may go once its owners have signed in.
        .values(totp_step=step, totp_secret=sealed(secret, staff.id, keys[0]))
        .returning(Staff.id)
    )
    return taken.one_or_none() is not None


def next_code(staff: Staff, now: datetime, keys: Sequence[bytes]) -> str | None:
    """Give the code that is accepted next: of this step, or of the one after if this one is used up."""
    secret = opened(staff, keys)
    used = -1 if staff.totp_step is None else staff.totp_step
    return None if secret is None else code_at(secret, max(step_of(now), used + 1))


def sealed(secret: str, staff_id: int, key: bytes) -> bytes:
    return seal(secret.encode(), _PURPOSE, str(staff_id), key)


def opened(staff: Staff, keys: Sequence[bytes]) -> str | None:
    """Read an account's secret; None if it has none, or the key that sealed it is gone."""
    if staff.totp_secret is None:
        return None
    secret = unseal(staff.totp_secret, _PURPOSE, str(staff.id), keys)
    return None if secret is None else secret.decode()
