"""Passwords: kept as argon2id, checked in the same time whether or not the account exists."""

import string
import unicodedata
from collections.abc import Iterable
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from survey_app.errors import AccountRefused
from survey_app.models.vietnamese import name_key

SHORTEST_PASSWORD = 12
FEWEST_SYMBOLS = 5  # different ones
# NIST SP 800-63B compares a new password with "values known to be commonly used, expected, or compromised",
# and "context-specific words, such as the name of the service, the username, and derivatives thereof". The
# commonest are shorter than ours may be: these words, one or several, with digits and signs around them.
_EXPECTED = """
    password passwd passphrase pass matkhau mk admin administrator quantri quantrivien root user username
    welcome letmein login dangnhap changeme default secret master iloveyou anhyeuem emyeuanh vietnam hanoi
    saigon hochiminh khaosat hailong survey motcua hanhchinh dichvucong test demo qwerty qwertyuiop asdfgh
    asdfghjkl zxcvbn zxcvbnm qazwsx qazwsxedc qazwsxedcrfv abc abcd abcdef abcdefgh abcdefghijkl monkey
    dragon football baseball sunshine princess superman batman trustno
"""
_ROWS_OF_DIGITS = ("01234567890123456789", "98765432109876543210")
_AS_LETTERS = str.maketrans("@0$", "aos")

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


def check_new(password: str, username: str) -> None:
    """Refuse a password that is too easy to guess."""
    if len(normal(password)) < SHORTEST_PASSWORD:
        raise AccountRefused("password_short", f"A password needs at least {SHORTEST_PASSWORD} characters.")
    if len(set(normal(password))) < FEWEST_SYMBOLS:
        raise AccountRefused(
            "password_plain", f"A password needs at least {FEWEST_SYMBOLS} different characters."
        )
    if _is_expected(password, username):
        raise AccountRefused("password_expected", "A password must not be a common one or the username.")


def _is_expected(password: str, username: str) -> bool:
    """Whether expected words, the username, digits and signs are all that a password is made of."""
    if any(normal(password) in row for row in _ROWS_OF_DIGITS):
        return True
    core = password.strip(string.digits + string.punctuation + " ")
    words = sorted({*map(_letters, _EXPECTED.split()), _letters(username)} - {""}, key=len, reverse=True)
    return any(_is_made_of(_letters(one), words) for one in (core, core.translate(_AS_LETTERS)))


def _is_made_of(letters: str, words: Iterable[str]) -> bool:
    left = letters
    for word in words:
        left = left.replace(word, " ")
    return letters != "" and not left.strip()


def _letters(text: str) -> str:
    """Give the letters of a text without their marks: mật khẩu 2026 and MatKhau are one."""
    return "".join(symbol for symbol in name_key(text) if symbol.isalpha())


def normal(text: str) -> str:
    # Keyboards differ in how they compose ễ; the same password must have the same bytes.
    return unicodedata.normalize("NFC", text)
