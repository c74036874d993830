"""How a secret rests in a row: sealed by AES-GCM with a key of the installation, for one use and one owner.

The keys lie in DATA_DIR/contact-keys, apart from the database and from the secrets that sign. Whoever has a
copy of the database reads nothing; a key that is taken out of the file makes all it has sealed unreadable.
"""

import hashlib
import secrets
from collections.abc import Iterable

NONCE_BYTES = 12


def seal(content: bytes, purpose: bytes, owner: str, key: bytes) -> bytes:
    """Seal a content that opens for this purpose and under this owner alone."""
    # Inside: most web processes never meet a sealed row, and need not carry the library.
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + AESGCM(_cipher_key(key, purpose)).encrypt(nonce, content, owner.encode())


def unseal(sealed: bytes, purpose: bytes, owner: str, keys: Iterable[bytes]) -> bytes | None:
    """Open it with whichever key sealed it; None if that key is gone, or the owner is another."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    nonce, content = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
    for key in keys:
        try:
            return AESGCM(_cipher_key(key, purpose)).decrypt(nonce, content, owner.encode())
        except (InvalidTag, ValueError):  # sealed by another key, or cut short
            continue
    return None


def _cipher_key(key: bytes, purpose: bytes) -> bytes:
    """Derive the 32 bytes that the cipher takes, for this purpose alone, from a key of any length."""
    return hashlib.blake2b(key, digest_size=32, person=purpose).digest()
