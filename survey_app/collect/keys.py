"""Submission keys and receipts: what makes an answer count exactly once without knowing whose it is."""

import hashlib
import hmac
import secrets
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Self

from survey_app.errors import BadSubmission
from survey_app.models.base import EPOCH
from survey_app.models.invitation_token import HASH_BYTES
from survey_app.models.short_code import spelled

KEY_BYTES = 16
LAYOUT = struct.Struct(f">IIH{KEY_BYTES}s")  # access point, instrument version, day, random key
SEAL_BYTES = 14  # 112 bits; with the layout 40 bytes, 54 characters on the page
RECEIPT_SYMBOLS = 10
SEALED_BYTES = {LAYOUT.size + SEAL_BYTES, LAYOUT.size + HASH_BYTES + SEAL_BYTES}


@dataclass(frozen=True, slots=True)
class SubmissionKey:
    """The identity of one form on one page: random, and bound to its point, version and day of issue.

    The random part is stored nowhere. The row's key, the fingerprint of its content and the receipt all
    follow from it, so a repeat meets the same row and the same receipt; but nobody gets back to it from
    the database, and so neither from a receipt nor from a comment to the answers.

    The form of an invitation carries the hash by which its token will be marked as spent, so that the
    token itself is needed once, to open the page.
    """

    access_point_id: int
    instrument_version_id: int
    day: date
    random: bytes
    token_hash: bytes | None = None

    @classmethod
    def issue(
        cls, access_point_id: int, instrument_version_id: int, day: date, token_hash: bytes | None = None
    ) -> Self:
        return cls(access_point_id, instrument_version_id, day, secrets.token_bytes(KEY_BYTES), token_hash)

    def sealed(self, secret: bytes) -> str:
        """Write the key for the page, with a seal that only the server can make."""
        packed = LAYOUT.pack(
            self.access_point_id, self.instrument_version_id, (self.day - EPOCH).days, self.random
        ) + (self.token_hash or b"")
        return urlsafe_b64encode(packed + _seal(packed, secret)).decode()

    @classmethod
    def unsealed(cls, text: str, accepted_secrets: tuple[bytes, ...]) -> Self:
        """Read a key back from a form; refuse one that no accepted secret has sealed."""
        try:
            sealed = urlsafe_b64decode(text.encode("ascii"))
        except ValueError as error:
            raise BadSubmission("submission key is not readable") from error
        if len(sealed) not in SEALED_BYTES or sealed_text(sealed) != text:
            raise BadSubmission("submission key is not readable")
        packed, seal = sealed[:-SEAL_BYTES], sealed[-SEAL_BYTES:]
        if not any(hmac.compare_digest(seal, _seal(packed, secret)) for secret in accepted_secrets):
            raise BadSubmission("submission key is not ours")
        access_point_id, version_id, day, random = LAYOUT.unpack(packed[: LAYOUT.size])
        token_hash = packed[LAYOUT.size :] or None
        return cls(access_point_id, version_id, EPOCH + timedelta(days=day), random, token_hash)

    @property
    def row_key(self) -> bytes:
        return hashlib.blake2b(self.random, digest_size=KEY_BYTES, person=b"row").digest()

    def fingerprint(self, content: bytes) -> int:
        """Tell a repeat from other answers in 64 bits, signed as both databases store them."""
        digest = hashlib.blake2b(content, digest_size=8, key=self.random, person=b"content")
        return int.from_bytes(digest.digest(), signed=True)

    @property
    def receipt(self) -> str:
        """Give the code that proves the form arrived; a repeat gets the same, for it follows from the key."""
        return self._spelled(b"receipt")

    @property
    def case_number(self) -> str:
        """Give the number under which an answer to the comment can be read."""
        return self._spelled(b"case")

    def _spelled(self, purpose: bytes) -> str:
        number = int.from_bytes(hashlib.blake2b(self.random, digest_size=8, person=purpose).digest())
        text = spelled(number, RECEIPT_SYMBOLS)
        return text[:5] + "-" + text[5:]


def sealed_text(sealed: bytes) -> str:
    return urlsafe_b64encode(sealed).decode()


def _seal(packed: bytes, secret: bytes) -> bytes:
    return hmac.digest(secret, b"submission" + packed, "sha256")[:SEAL_BYTES]


def receipt_proof(receipt: str, case_number: str, code: str, secret: bytes) -> str:
    """Seal what the thank-you page says into its address, so that nobody can make the page lie."""
    said = f"receipt\0{receipt}\0{case_number}\0{code}"
    return hmac.digest(secret, said.encode(), "sha256")[:6].hex()


def is_receipt(
    receipt: str, case_number: str, code: str, proof: str, accepted_secrets: tuple[bytes, ...]
) -> bool:
    return any(
        hmac.compare_digest(proof.encode(), receipt_proof(receipt, case_number, code, secret).encode())
        for secret in accepted_secrets
    )
