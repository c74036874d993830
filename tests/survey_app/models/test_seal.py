"""What is sealed opens with its key, for its purpose, under its owner, and no other way."""

from survey_app.models.seal import seal, unseal

KEY, OTHER = b"k" * 32, b"o" * 32


def test_sealed_content_opens_with_any_of_the_keys_that_holds_it():
    sealed = seal(b"secret", b"purpose", "owner", OTHER)
    assert unseal(sealed, b"purpose", "owner", [KEY, OTHER]) == b"secret"
    assert unseal(sealed, b"purpose", "owner", [KEY]) is None


def test_sealed_content_is_of_one_purpose_and_one_owner():
    sealed = seal(b"secret", b"purpose", "owner", KEY)
    assert unseal(sealed, b"another", "owner", [KEY]) is None
    assert unseal(sealed, b"purpose", "another", [KEY]) is None


def test_what_nobody_sealed_does_not_open():
    for forged in (b"", b"x" * 11, b"x" * 12, b"x" * 60):
        assert unseal(forged, b"purpose", "owner", [KEY]) is None


def test_content_is_sealed_anew_each_time():
    assert seal(b"secret", b"p", "o", KEY) != seal(b"secret", b"p", "o", KEY)
