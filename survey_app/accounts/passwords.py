"""Passwords: kept as argon2id, checked in the same time whether or not the account exists."""

import unicodedata
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from survey_app.errors import AccountRefused

SHORTEST_PASSWORD = 12
FEWEST_SYMBOLS = 5  # different ones

# argon2id as OWASP advises for a server that also does other work: 19 MiB and two passes an attempt.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
# The hash of a random password that nobody kept: an unknown name costs the same time as a wrong password.
NOBODYS_HASH = (
    "$argon2id$v=19$m=19456,t=2,p=1$uFiW7kW5rrAZV3ajD98CAQ$AsS5zy2k9y3yu5LUunAf2W8mGAZvUtNWb9p3wp3vcK8"
)
UNUSABLE = "!"  # of an account whose owner has not chosen a password yet
_AT_ONCE = BoundedSemaphore(4)  # each takes 19 MiB: a flood of sign-ins waits instead of filling the memory


def is_right(password: str, stored: str) -> bool:
    """Check a password; a stored text that is no hash costs the same time, and nothing matches it."""
    is_usable = stored != UNUSABLE
    with _AT_ONCE:
        try:
            _HASHER.verify(stored if is_usable else NOBODYS_HASH, normal(password))
        except (VerifyMismatchError, InvalidHashError):
            return False
    return is_usable and stored != NOBODYS_HASH


def renewed(password: str, stored: str) -> str | None:
    """Hash a right password anew if the stored hash has become weak."""
    return hashed(password) if _HASHER.check_needs_rehash(stored) else None


def hashed(password: str) -> str:
    with _AT_ONCE:
        return _HASHER.hash(normal(password))


def check_new(password: str) -> None:
    """Refuse a password that is too easy to guess."""
    if len(normal(password)) < SHORTEST_PASSWORD:
        raise AccountRefused("password_short", f"A password needs at least {SHORTEST_PASSWORD} characters.")
    if len(set(normal(password))) < FEWEST_SYMBOLS:
        raise AccountRefused(
            "password_plain", f"A password needs at least {FEWEST_SYMBOLS} different characters."
        )


def normal(text: str) -> str:
    # Keyboards differ in how they compose ễ; the same password must have the same bytes.
    return unicodedata.normalize("NFC", text)
