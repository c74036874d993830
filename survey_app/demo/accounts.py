"""The demo's staff: one account a role, with passwords that only the data folder holds."""

import os
import secrets
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from survey_app.accounts.people.create import StaffDetails, create_staff
from survey_app.accounts.second_factor import totp
from survey_app.config import VIETNAM_TIME, Settings
from survey_app.demo.places import PROVINCE_CODE
from survey_app.models.office import Office
from survey_app.models.staff import NEEDS_SECOND_FACTOR, Staff

# Since the offices of today began: two-person rules ask for an account that has stood for a day, and the
# lead has frozen plans a year ago.
SINCE = datetime(2025, 7, 1, 8, tzinfo=VIETNAM_TIME)
MANAGED_OFFICE = "MAU-X06"
PEOPLE = (
    ("administrator", "demo-admin", "Quản trị minh họa", None),
    ("campaign_lead", "demo-lead", "Chủ trì khảo sát minh họa", None),
    ("office_manager", "demo-manager", "Phụ trách đơn vị minh họa", MANAGED_OFFICE),
    ("analyst", "demo-analyst", "Chuyên viên phân tích minh họa", PROVINCE_CODE),
    ("operator", "demo-operator", "Cán bộ tác nghiệp minh họa", MANAGED_OFFICE),
    ("auditor", "demo-auditor", "Người giám sát minh họa", PROVINCE_CODE),
)


@dataclass(frozen=True)
class DemoAccount:
    role: str
    username: str
    password: str = field(repr=False)
    secret: str | None = field(repr=False, default=None)
    """What an authenticator app makes the six digits from, for roles that need them."""

    @property
    def line(self) -> str:
        return "\t".join(filter(None, (self.role, self.username, self.password, self.secret)))


@dataclass(frozen=True)
class DemoAccounts:
    """One account a role, as written to the data folder."""

    accounts: tuple[DemoAccount, ...]


def accounts_file(settings: Settings) -> Path:
    return settings.data_dir / "demo-accounts.txt"


def create_demo_staff(session: Session, settings: Settings, now: datetime) -> DemoAccounts:
    made = []
    for role, username, full_name, office_code in PEOPLE:
        password = settings.demo_password or secrets.token_urlsafe(15)
        office_id = session.scalar(select(Office.id).where(Office.code == office_code))
        details = StaffDetails(username, full_name, role, password, office_id, is_demo=True)
        staff = create_staff(session, details, SINCE)
        secret = None
        if role in NEEDS_SECOND_FACTOR:
            secret = totp.secret_for(secrets.token_urlsafe(), settings.secrets[0])
            totp.set_up(session, staff, secret, totp.step_of(now) - 1, settings.contact_keys[0])
        made.append(DemoAccount(role, username, password, secret))
    return DemoAccounts(tuple(made))


def staff_of(session: Session, role: str) -> int:
    """Give the demo's person in a role."""
    username = next(name for one, name, *_ in PEOPLE if one == role)
    return session.scalars(select(Staff.id).where(Staff.username == username)).one()


def write_accounts(settings: Settings, accounts: DemoAccounts) -> None:
    """Put the accounts where only the person who runs the service reads them, whole or not at all."""
    path = accounts_file(settings)
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        for account in accounts.accounts:
            file.write(account.line + "\n")
    draft.replace(path)
