"""New accounts."""

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from survey_app.accounts import passwords
from survey_app.accounts.sign_in import plain_name
from survey_app.config import VIETNAM_TIME
from survey_app.errors import AccountRefused
from survey_app.models.office import Office
from survey_app.models.plain_text import one_line
from survey_app.models.staff import ROLES, Staff, StaffGrant

LONGEST_NAME = 100


@dataclass(frozen=True, slots=True)
class StaffDetails:
    """What makes an account with a role; `office_id` bounds what it may see, empty for all offices."""

    username: str
    full_name: str
    role: str
    password: str = field(repr=False)
    office_id: int | None = None
    is_demo: bool = False


def create_staff(session: Session, details: StaffDetails, now: datetime) -> Staff:
    """Make an account with a role, given by nobody, or say in an `AccountRefused` why not."""
    _check_role(session, details)
    passwords.check_new(details.password, details.username)
    staff = create_account(session, details.username, details.full_name, now)
    staff.password_hash = passwords.hashed(details.password)
    staff.is_demo = details.is_demo
    session.add(
        StaffGrant(
            staff_id=staff.id,
            role=details.role,
            office_id=details.office_id,
            valid_from=now.astimezone(VIETNAM_TIME).date(),
            granted_at=now,
        )
    )
    return staff


def create_account(session: Session, username: str, full_name: str, now: datetime) -> Staff:
    """Make an account that no password opens yet: a link lets its owner choose one."""
    plain, name = plain_name(username), one_line(full_name)
    if not plain or any(symbol.isspace() for symbol in plain):
        raise AccountRefused(
            "username_unreadable", "A username needs at least one visible character and no blanks."
        )
    if not name:
        raise AccountRefused("full_name_missing", "The full name is missing or cannot be printed.")
    if max(len(plain), len(name)) > LONGEST_NAME:
        raise AccountRefused("name_long", f"A name has at most {LONGEST_NAME} characters.")
    if session.scalar(select(Staff.id).where(Staff.username == plain)):
        raise AccountRefused("username_taken", f"The username {plain!r} is taken.")
    staff = Staff(username=plain, full_name=name, password_hash=passwords.UNUSABLE, created_at=now)
    session.add(staff)
    session.flush()  # grants name it
    return staff


def _check_role(session: Session, details: StaffDetails) -> None:
    if details.role not in ROLES:
        raise AccountRefused(
            "role_unknown", f"The role must be one of {', '.join(ROLES)}, got {details.role!r}."
        )
    if details.role == "office_manager" and details.office_id is None:
        raise AccountRefused("manager_without_office", "An office manager needs an office.")
    if details.office_id is not None and session.get(Office, details.office_id) is None:
        raise AccountRefused("office_missing", f"There is no office {details.office_id}.")
