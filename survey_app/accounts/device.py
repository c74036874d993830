"""A mark that a browser keeps after signing in: the next sign-in as this account there is no stranger's.

It opens nothing. It is bound to the account's name by a signature, so that nobody fills another's count.
"""

import secrets
from collections.abc import Sequence
from datetime import timedelta

from itsdangerous import BadData, URLSafeTimedSerializer

COOKIE = "device"
LASTS = timedelta(days=180)
DEVICE_BYTES = 16


def new_mark(account: str, keys: Sequence[bytes]) -> str:
    marked: str = _signer(keys).dumps([account, secrets.token_urlsafe(DEVICE_BYTES)])
    return marked


def device_of(mark: str | None, account: str, keys: Sequence[bytes]) -> str | None:
    """Give the device's name if this browser has signed in as the account before."""
    try:
        owner, device = _signer(keys).loads(mark or "", max_age=int(LASTS.total_seconds()))
    except (BadData, ValueError, TypeError):
        return None
    return str(device) if owner == account else None


def _signer(keys: Sequence[bytes]) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(list(reversed(keys)), salt="known device")  # it signs with the last
