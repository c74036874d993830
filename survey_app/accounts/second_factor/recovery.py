"""Ten codes on paper that each stand in once for a lost phone; only their hashes are kept."""

import secrets

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from survey_app.models.staff import RecoveryCode
from survey_app.web.access import hash_token

N_CODES = 10
SYMBOLS = "23456789abcdefghjkmnpqrstuvwxyz"  # none is taken for another, on paper or by ear
LENGTH, GROUP = 16, 4  # 79 bits: nobody guesses one, not even with the table of hashes


def new_codes(session: Session, staff_id: int) -> list[str]:
    """Make ten codes in place of any before, to be shown once."""
    session.execute(delete(RecoveryCode).where(RecoveryCode.staff_id == staff_id))
    codes = ["".join(secrets.choice(SYMBOLS) for _ in range(LENGTH)) for _ in range(N_CODES)]
    session.add_all(RecoveryCode(code_hash=_hash(code, staff_id), staff_id=staff_id) for code in codes)
    return ["-".join(code[at : at + GROUP] for at in range(0, LENGTH, GROUP)) for code in codes]


def accept(session: Session, staff_id: int, code: str) -> bool:
    """Take a code and strike it off."""
    used = session.execute(
        delete(RecoveryCode)
        .where(RecoveryCode.code_hash == _hash(code, staff_id), RecoveryCode.staff_id == staff_id)
        .returning(RecoveryCode.staff_id)
    )
    return used.one_or_none() is not None


def n_left(session: Session, staff_id: int) -> int:
    query = select(func.count()).select_from(RecoveryCode).where(RecoveryCode.staff_id == staff_id)
    return session.scalar(query) or 0


def _hash(code: str, staff_id: int) -> bytes:
    return hash_token(f"{staff_id}:{code}")
