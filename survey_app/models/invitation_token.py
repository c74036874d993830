"""Single-use tokens: what an invitation says, and what only the installation can have written.

A token is 20 symbols of the short codes' alphabet, some 90 bits: batch and serial number, hidden, and a seal
over both. It is built as a synthetic initialisation vector (Rogaway and Shrimpton 2006): the seal is a keyed
hash of the numbers, and the numbers are masked by a keyed hash of the seal. So a token can be checked without
a database, tells nothing to whoever reads it, and two neighbours in a print look nothing alike. To guess one
takes 2^50 tries.
"""

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from survey_app.errors import UnknownCode
from survey_app.models.short_code import normalise, number_of, spelled

LENGTH = 20
HASH_BYTES = 16
MARK_CHARACTERS = 8
_NUMBER_BITS, _SEAL_BITS = 20, 50  # of the batch and of the serial number; of the seal
_BODY_BITS = 2 * _NUMBER_BITS


@dataclass(frozen=True, slots=True)
class InvitationToken:
    """The invitation number `serial`, from 0, of a batch."""

    batch_id: int
    serial: int

    def text(self, secret: bytes) -> str:
        """Write the token as it is printed, without dashes."""
        if not (0 <= self.batch_id < 1 << _NUMBER_BITS and 0 <= self.serial < 1 << _NUMBER_BITS):
            raise ValueError(f"batch and serial number take {_NUMBER_BITS} bits each, got {self}")
        body = self.batch_id << _NUMBER_BITS | self.serial
        seal = _seal(body, secret)
        return spelled((body ^ _mask(seal, secret)) << _SEAL_BITS | seal, LENGTH)

    @classmethod
    def read(cls, typed: str, accepted_secrets: Iterable[bytes]) -> Self:
        """Read a token as scanned or typed; raise UnknownCode unless an accepted secret has sealed it."""
        text = normalise(typed)
        value = _value(text)
        if value is None:
            raise UnknownCode(text)
        hidden, seal = value >> _SEAL_BITS, value & ((1 << _SEAL_BITS) - 1)
        for secret in accepted_secrets:
            body = hidden ^ _mask(seal, secret)
            if hmac.compare_digest(_bytes(seal), _bytes(_seal(body, secret))):
                return cls(body >> _NUMBER_BITS, body & ((1 << _NUMBER_BITS) - 1))
        raise UnknownCode(text)


def token_hash(typed: str) -> bytes:
    """Give what is stored of a spent token: it changes with no secret, and leads back to no token."""
    return hashlib.blake2b(normalise(typed).encode(), digest_size=HASH_BYTES, person=b"invitation").digest()


def printed(token: str) -> str:
    """Five groups of four, to be typed or read aloud."""
    return "-".join(token[start : start + 4] for start in range(0, LENGTH, 4))


def token_path(token: str) -> str:
    return f"/i/{token}"


def secret_mark(secret: bytes) -> str:
    """Name a secret without giving it away, so that a batch is printed again with the one it began with."""
    return hashlib.blake2b(secret, person=b"mark").hexdigest()[:MARK_CHARACTERS]


def _value(text: str) -> int | None:
    value = number_of(text) if len(text) == LENGTH else None
    return value if value is not None and value >> (_BODY_BITS + _SEAL_BITS) == 0 else None


def _seal(body: int, secret: bytes) -> int:
    return _keyed(b"invitation seal", body, secret) & ((1 << _SEAL_BITS) - 1)


def _mask(seal: int, secret: bytes) -> int:
    return _keyed(b"invitation mask", seal, secret) & ((1 << _BODY_BITS) - 1)


def _keyed(purpose: bytes, number: int, secret: bytes) -> int:
    return int.from_bytes(hmac.digest(secret, purpose + _bytes(number), "sha256")[:8])


def _bytes(number: int) -> bytes:
    return number.to_bytes(8)
