"""A sealed contact is opened by its key, under its case, whole, or not at all."""

import subprocess
import sys

import pytest

from survey_app.models.contact_seal import LONGEST_CONTACT, seal, unseal

KEY, OTHER = b"k" * 32, b"o" * 32
CASE = "CDFGH-JKMNP"
LONGEST = "ữ" * 84 + "@"


@pytest.mark.parametrize("contact", ["0912345678", "lan@example.vn", LONGEST])
def test_contact_is_read_back(contact):
    assert unseal(seal(contact, CASE, KEY), CASE, [KEY]) == contact


def test_key_rotation_keeps_old_contacts_readable_until_their_key_is_dropped():
    sealed = seal("0912345678", CASE, OTHER)
    assert unseal(sealed, CASE, [KEY, OTHER]) == "0912345678"
    assert unseal(sealed, CASE, [KEY]) is None


def test_contact_of_another_case_is_not_opened():
    assert unseal(seal("0912345678", CASE, KEY), "CDFGH-JKMNQ", [KEY]) is None


def test_every_altered_byte_is_noticed():
    sealed = seal("0912345678", CASE, KEY)
    for place in range(len(sealed)):
        altered = bytearray(sealed)
        altered[place] ^= 1
        assert unseal(bytes(altered), CASE, [KEY]) is None


def test_sealed_contact_shows_neither_content_nor_length_and_never_repeats():
    short, long = seal("0912345678", CASE, KEY), seal(LONGEST, CASE, KEY)
    assert len(short) == len(long) == 12 + LONGEST_CONTACT + 16
    assert b"0912345678" not in short
    assert seal("0912345678", CASE, KEY) != short


def test_library_comes_with_the_first_contact_only():
    script = (
        "import sys; from survey_app.models.contact_seal import seal\n"
        "before = 'cryptography' in sys.modules; seal('a', 'b', b'c' * 32)\n"
        "print(before, 'cryptography' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["False", "True"]
