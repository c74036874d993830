"""Proving the second factor, setting it up, and taking it away with a lost phone."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete
from sqlalchemy.orm import Session

from survey_app.accounts.second_factor import recovery, totp
from survey_app.models.audit import note
from survey_app.models.staff import RecoveryCode, Staff

N_DIGITS = 6


def plain_code(typed: str) -> str:
    """Bring a code to its bare symbols: people type blanks and dashes as they see them."""
    return "".join(symbol for symbol in typed.casefold() if symbol.isalnum() and symbol.isascii())


def is_proven_by(session: Session, staff: Staff, typed: str, now: datetime, keys: Sequence[bytes]) -> bool:
    """Take six digits of the app, or a recovery code; each passes once."""
    code = plain_code(typed)
    if len(code) == N_DIGITS and code.isdecimal():
        return totp.accept(session, staff, code, now, keys)
    if not recovery.accept(session, staff.id, code):
        return False
    left = recovery.n_left(session, staff.id)
    note(session, now, staff.id, "account.recovery_code", f"Còn {left} mã dự phòng")
    return True


def clear(session: Session, staff: Staff, now: datetime) -> None:
    """Take the second factor away; whoever needs one sets up a new one at the next sign-in."""
    staff.totp_secret = staff.totp_step = None
    staff.secured_at = now
    session.execute(delete(RecoveryCode).where(RecoveryCode.staff_id == staff.id))
