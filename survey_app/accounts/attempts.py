"""How often somebody may try to sign in, without a lock that could be turned against the account's owner.

No account is ever locked. Strangers are counted by address and by the network around it, for one account
and in total. What a network may do is far more at once than what an address may, and empties as fast, so one
address cannot use it up for its neighbours. Whoever signed in as that account before, on this device or from
this address, has a count of his own that nobody else can fill. What remains for guessing a password: 5 at
once and 480 a day from an address, 60 at once and no more than 480 a day from all of a network; from an
address known for the account 30 at once and 2,880 a day.

All of it lives in the memory of the one web process: no address is written anywhere, and inside stand keyed
hashes that die with the process. Accounts that do not exist are counted like those that do.
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
# Of an address, and of the network around it: a household chooses the last half of its IPv6 addresses itself.
PREFIXES = {4: (32, 24), 6: (64, 48)}


@dataclass(frozen=True, slots=True)
class Pace:
    """So many attempts at once, and one more each time this long has passed."""

    at_once: int
    one_more_after: timedelta


OWN_DEVICE = {"password": Pace(20, timedelta(minutes=1)), "code": Pace(10, timedelta(minutes=5))}
OWN_ADDRESS = {"password": Pace(30, timedelta(seconds=30)), "code": Pace(10, timedelta(minutes=5))}
STRANGER = {"password": Pace(5, timedelta(minutes=3)), "code": Pace(5, timedelta(minutes=10))}
STRANGERS_OF_NETWORK = Pace(60, timedelta(minutes=3))
# Whatever accounts they try.
STRANGE_ADDRESS = Pace(60, timedelta(seconds=20))
STRANGE_NETWORK = Pace(600, timedelta(seconds=20))
# Whoever asks for a code has the password: all strangers together get few guesses at six digits.
ALL_STRANGERS_CODES = Pace(20, timedelta(minutes=10))


@dataclass(frozen=True, slots=True)
class Place:
    """Where a request comes from: the address, and the network in which it has neighbours."""

    address: str
    network: str


@dataclass(frozen=True, slots=True)
class Attempt:
    """Somebody tries to be `account`; `device` names a browser that was this account before, if it is one."""

    account: str
    place: Place
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
        """Take a right attempt out of the counts; a whole sign-in makes the address one of the account's."""
        with self._lock:
            for name, pace in self._counts(attempt):
                if name in self._full_until:
                    self._full_until[name] -= pace.one_more_after.total_seconds()
            if is_signed_in:
                known = self._name("known", attempt.account, attempt.place.address)
                self._known[known] = None
                self._known.move_to_end(known)
                if len(self._known) > MOST_KNOWN:
                    self._known.popitem(last=False)

    def _counts(self, attempt: Attempt) -> list[tuple[bytes, Pace]]:
        stage, account = attempt.stage, attempt.account
        address, network = attempt.place.address, attempt.place.network
        if attempt.device is not None:
            return [(self._name(stage, "device", attempt.device), OWN_DEVICE[stage])]
        if self._name("known", account, address) in self._known:
            return [(self._name(stage, "own address", account, address), OWN_ADDRESS[stage])]
        counts = [
            (self._name("address", address), STRANGE_ADDRESS),
            (self._name("network", network), STRANGE_NETWORK),
            (self._name(stage, "stranger", account, address), STRANGER[stage]),
        ]
        if stage == "code":
            counts.append((self._name(stage, "strangers", account), ALL_STRANGERS_CODES))
        else:
            counts.append((self._name("strangers of network", account, network), STRANGERS_OF_NETWORK))
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


def place_of(peer: str | None, forwarded_for: str | None) -> Place:
    """Tell where a request comes from; only a proxy on this machine is believed what it says."""
    try:
        address = ip_address(peer or "")
        if address.is_loopback and forwarded_for:
            address = ip_address(forwarded_for.rpartition(",")[2].strip())
    except ValueError:
        return Place("unknown", "unknown")
    if isinstance(address, IPv6Address):
        address = address.ipv4_mapped or address
    plain = str(address).partition("%")[0]
    return Place(*(str(ip_network((plain, prefix), strict=False)) for prefix in PREFIXES[address.version]))
