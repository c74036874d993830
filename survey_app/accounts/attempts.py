"""How often somebody may try to sign in, without a lock that could be turned against the account's owner.

No account is ever locked. What is counted is (account, network) and the network in total; whoever signed
in as that account before, on this device or from this network, has a count of his own that strangers cannot
fill. All of it lives in the memory of the one web process: no address is written anywhere, and inside stand
keyed hashes that die with the process. Accounts that do not exist are counted like those that do.
"""

import hashlib
import secrets
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network
from threading import Lock
from typing import Literal

from survey_app.errors import TooManyAttempts

Stage = Literal["password", "code"]
MOST_COUNTS, MOST_KNOWN = 50_000, 20_000  # some 10 MB when full; the longest untouched give way
IPV4_PREFIX, IPV6_PREFIX = 24, 48


@dataclass(frozen=True, slots=True)
class Pace:
    """So many attempts at once, and one more each time this long has passed."""

    at_once: int
    one_more_after: timedelta


OWN_DEVICE = {"password": Pace(20, timedelta(minutes=1)), "code": Pace(10, timedelta(minutes=5))}
OWN_NETWORK = {"password": Pace(30, timedelta(seconds=30)), "code": Pace(10, timedelta(minutes=5))}
STRANGER = {"password": Pace(5, timedelta(minutes=3)), "code": Pace(5, timedelta(minutes=10))}
STRANGE_NETWORK = Pace(60, timedelta(seconds=20))
# Whoever asks for a code has the password: all strangers together get few guesses at six digits.
ALL_STRANGERS_CODES = Pace(20, timedelta(minutes=10))


@dataclass(frozen=True, slots=True)
class Attempt:
    """Somebody tries to be `account`; `device` names a browser that was this account before, if it is one."""

    account: str
    network: str
    device: str | None
    stage: Stage = "password"


@dataclass
class Attempts:
    """The counts of one web process."""

    _key: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)
    # Until when a count is filled: it empties by itself, one attempt after each pace.
    _full_until: OrderedDict[bytes, float] = field(default_factory=OrderedDict, repr=False)
    _known: OrderedDict[bytes, None] = field(default_factory=OrderedDict, repr=False)
    _lock: Lock = field(default_factory=Lock, repr=False)

    def begin(self, attempt: Attempt, now: datetime) -> None:
        """Count an attempt before it is checked, so that many at once are no way around; or refuse it."""
        moment = now.timestamp()
        with self._lock:
            counts = self._counts(attempt)
            waits = [self._wait(name, pace, moment) for name, pace in counts]
            if max(waits) > 0:
                raise TooManyAttempts(timedelta(seconds=max(waits)))
            for name, pace in counts:
                self._add(name, pace, moment)

    def succeeded(self, attempt: Attempt, *, is_signed_in: bool) -> None:
        """Take a right attempt out of the counts; a whole sign-in makes the network one of the account's."""
        with self._lock:
            for name, pace in self._counts(attempt):
                if name in self._full_until:
                    self._full_until[name] -= pace.one_more_after.total_seconds()
            if is_signed_in:
                known = self._name("known", attempt.account, attempt.network)
                self._known[known] = None
                self._known.move_to_end(known)
                if len(self._known) > MOST_KNOWN:
                    self._known.popitem(last=False)

    def _counts(self, attempt: Attempt) -> list[tuple[bytes, Pace]]:
        stage, account, network = attempt.stage, attempt.account, attempt.network
        if attempt.device is not None:
            return [(self._name(stage, "device", attempt.device), OWN_DEVICE[stage])]
        if self._name("known", account, network) in self._known:
            return [(self._name(stage, "own network", account, network), OWN_NETWORK[stage])]
        counts = [
            (self._name("network", network), STRANGE_NETWORK),
            (self._name(stage, "stranger", account, network), STRANGER[stage]),
        ]
        if stage == "code":
            counts.append((self._name(stage, "strangers", account), ALL_STRANGERS_CODES))
        return counts

    def _wait(self, name: bytes, pace: Pace, moment: float) -> float:
        """Tell for how many seconds one more would be too many."""
        one = pace.one_more_after.total_seconds()
        return max(self._full_until.get(name, 0.0), moment) + one - moment - pace.at_once * one

    def _add(self, name: bytes, pace: Pace, moment: float) -> None:
        before = self._full_until.pop(name, 0.0)
        self._full_until[name] = max(before, moment) + pace.one_more_after.total_seconds()
        if len(self._full_until) > MOST_COUNTS:
            self._full_until.popitem(last=False)

    def _name(self, *parts: str) -> bytes:
        return hashlib.blake2b("\0".join(parts).encode(), key=self._key, digest_size=16).digest()


def network_of(peer: str | None, forwarded_for: str | None) -> str:
    """Tell from which network a request comes; only a proxy on this machine is believed what it says."""
    try:
        address = ip_address(peer or "")
        if address.is_loopback and forwarded_for:
            address = ip_address(forwarded_for.rpartition(",")[2].strip())
    except ValueError:
        return "unknown"
    if isinstance(address, IPv6Address):
        address = address.ipv4_mapped or address
    prefix = IPV4_PREFIX if address.version == 4 else IPV6_PREFIX
    return str(ip_network((str(address).partition("%")[0], prefix), strict=False))
