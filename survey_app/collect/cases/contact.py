"""How the writer of a comment can be reached: read from what was typed, stored sealed, forgotten in time."""

import re
import unicodedata
from datetime import date

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from survey_app.errors import SurveyError
from survey_app.models.case import CONTACT_LIVES, Case, Contact
from survey_app.models.contact_seal import LONGEST_CONTACT, seal

_BETWEEN_DIGITS = re.compile(r"[\s().\-\u2010-\u2015/]+")
_COUNTRY = re.compile(r"(?:\+|00)?84(?=[1-9])")
_MOBILE = re.compile(r"0[35789][0-9]{8}")
_LANDLINE = re.compile(r"02[0-9]{9}")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")


class ContactRefused(SurveyError):
    """What was typed is neither a telephone number of Vietnam nor an e-mail address."""

    def __init__(self, problem: str) -> None:
        super().__init__(f"contact refused: {problem}")
        self.problem = problem  # "missing", "phone", "email_lacks_at" or "email"


def read_contact(typed: str) -> str:
    """Read a telephone number in any of its usual spellings, or an e-mail address."""
    text = unicodedata.normalize("NFKC", typed).strip()
    if not text:
        raise ContactRefused("missing")
    if "@" in text:
        return _read_email(text)
    if any(symbol.isalpha() for symbol in text):
        raise ContactRefused("email_lacks_at")
    return _read_phone(text)


def _read_email(text: str) -> str:
    if not _EMAIL.fullmatch(text) or not text.isprintable() or len(text.encode()) > LONGEST_CONTACT:
        raise ContactRefused("email")
    return text


def _read_phone(text: str) -> str:
    digits = _BETWEEN_DIGITS.sub("", text)
    number = _COUNTRY.sub("0", digits, count=1) if _COUNTRY.match(digits) else digits
    if not (_MOBILE.fullmatch(number) or _LANDLINE.fullmatch(number)):
        raise ContactRefused("phone")
    return number


def keep_contact(session: Session, case_number: str, contact: str, today: date, key: bytes) -> bool:
    """Store the contact of a case in place of any earlier one; say False if the case was answered meanwhile.

    The later one wins: who knows the number wrote the comment, and may correct what was left.
    """
    # The lock lets a double tap wait here, instead of meeting the other one's row.
    waiting = select(Case.number).where(Case.number == case_number, Case.answered_on.is_(None))
    if session.scalar(waiting.with_for_update()) is None:
        return False
    session.merge(
        Contact(
            case_number=case_number,
            sealed=seal(contact, case_number, key),
            expires_on=today + CONTACT_LIVES,
        )
    )
    session.flush()
    return True


def withdraw_contact(session: Session, case_number: str) -> None:
    """Delete the contact of a case, because its owner says so."""
    session.execute(delete(Contact).where(Contact.case_number == case_number))


def forget_expired_contacts(session: Session, today: date) -> None:
    """Delete every contact whose last day has passed."""
    session.execute(delete(Contact).where(Contact.expires_on < today))
