"""The code that a screen at a counter shows: it changes, so a photograph of it is soon worthless.

A ticket is a keyed hash (HMAC-SHA256) of the access point's code and the number of the time step, as ten
symbols of the short codes' alphabet, 45 bits. The ticket of the step before and of the next one pass too: a
phone takes its time to open the page, and the clocks of two servers may differ.
"""

import hmac
from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache

from survey_app.models import short_code
from survey_app.models.short_code import normalise, spelled

STEP_SECONDS = 45
TICKET_LENGTH = 10
PROOF_LENGTH = 16


def ticket(code: str, now: datetime, secret: bytes) -> str:
    """Give what the screen shows now beside the code."""
    return _ticket(code, _step(now), secret)


def is_current(code: str, typed: str, now: datetime, accepted_secrets: Iterable[bytes]) -> bool:
    """Whether this is the ticket of now, of the step before or of the next one."""
    found = normalise(typed).encode()
    return any(
        hmac.compare_digest(found, _ticket(code, _step(now) + shift, secret).encode())
        for secret in accepted_secrets
        for shift in (0, -1, 1)
    )


def seconds_left(now: datetime) -> float:
    """Tell how long the ticket of now will be shown."""
    return STEP_SECONDS - now.timestamp() % STEP_SECONDS


def seconds_accepted(now: datetime) -> float:
    """Tell how long the ticket of now will pass: one step longer than it is shown."""
    return seconds_left(now) + STEP_SECONDS


def screen_proof(code: str, secret: bytes) -> str:
    """Seal the address of the screen's own page: whoever scans the code must not be able to open it."""
    return _symbols(b"screen page\0" + code.encode(), secret, PROOF_LENGTH)


def is_screen(code: str, typed: str, accepted_secrets: Iterable[bytes]) -> bool:
    found = normalise(typed).encode()
    return any(hmac.compare_digest(found, screen_proof(code, secret).encode()) for secret in accepted_secrets)


def printed(code: str, shown: str) -> str:
    """Write both as groups of four and five, to be typed where the picture cannot be read."""
    half = TICKET_LENGTH // 2
    return f"{short_code.printed(code)}-{shown[:half]}-{shown[half:]}"


def ticket_path(code: str, shown: str) -> str:
    return f"/s/{code}/{shown}"


def screen_path(code: str, secret: bytes) -> str:
    return f"/screen/{code}-{screen_proof(code, secret)}"


def _step(now: datetime) -> int:
    return int(now.timestamp() // STEP_SECONDS)


@lru_cache(maxsize=4096)  # a hall scans the same three tickets again and again
def _ticket(code: str, step: int, secret: bytes) -> str:
    return _symbols(b"ticket\0" + code.encode() + step.to_bytes(8), secret, TICKET_LENGTH)


def _symbols(message: bytes, secret: bytes, n: int) -> str:
    return spelled(int.from_bytes(hmac.digest(secret, message, "sha256")), n)
