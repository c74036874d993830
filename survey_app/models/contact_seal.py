"""How a contact is sealed: readable with a key of the installation alone, and only under its own case.

The keys lie in DATA_DIR/contact-keys, apart from the database and from the secrets that sign. Whoever has a
copy of the database has no contact; a key that is taken out of the file makes all it has sealed unreadable.
"""

import hashlib
import secrets
from collections.abc import Iterable

NONCE_BYTES = 12
LONGEST_CONTACT = 254  # bytes, as an e-mail address may have; all are padded to it, so that no length tells


def seal(contact: str, case_number: str, key: bytes) -> bytes:
    """Seal a contact by AES-GCM, bound to the number of its case."""
    # Inside: most web processes never meet a contact, and need not carry the library.
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    nonce = secrets.token_bytes(NONCE_BYTES)
    padded = contact.encode().ljust(LONGEST_CONTACT, b"\0")
    return nonce + AESGCM(_cipher_key(key)).encrypt(nonce, padded, case_number.encode())


def unseal(sealed: bytes, case_number: str, keys: Iterable[bytes]) -> str | None:
    """Read a contact with whichever key sealed it; None if that key is gone, or the case is another."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    nonce, content = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
    for key in keys:
        try:
            padded = AESGCM(_cipher_key(key)).decrypt(nonce, content, case_number.encode())
        except InvalidTag:
            continue
        return padded.rstrip(b"\0").decode()
    return None


def _cipher_key(key: bytes) -> bytes:
    """Derive the 32 bytes that the cipher takes, for this purpose alone, from a key of any length."""
    return hashlib.blake2b(key, digest_size=32, person=b"contact").digest()
