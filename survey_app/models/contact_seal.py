"""How a contact is sealed: readable with a key of the installation alone, and only under its own case."""

from collections.abc import Iterable

from survey_app.models import seal as seals

LONGEST_CONTACT = 254  # bytes, as an e-mail address may have; all are padded to it, so that no length tells
_PURPOSE = b"contact"


def seal(contact: str, case_number: str, key: bytes) -> bytes:
    """Seal a contact, bound to the number of its case."""
    return seals.seal(contact.encode().ljust(LONGEST_CONTACT, b"\0"), _PURPOSE, case_number, key)


def unseal(sealed: bytes, case_number: str, keys: Iterable[bytes]) -> str | None:
    """Read a contact with whichever key sealed it; None if that key is gone, or the case is another."""
    padded = seals.unseal(sealed, _PURPOSE, case_number, keys)
    return None if padded is None else padded.rstrip(b"\0").decode()
