"""Tokens: only what the installation sealed is read, however close to it a forgery comes."""

import random
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import combinations, islice, pairwise

import pytest

from survey_app.errors import UnknownCode
from survey_app.models.invitation_token import (
    LENGTH,
    InvitationToken,
    printed,
    secret_mark,
    token_hash,
)
from survey_app.models.short_code import ALPHABET
from tests.soak import SOAK

SECRET, OLDER, FOREIGN = b"s" * 32, b"o" * 32, b"f" * 32
N_MUTATIONS = 1_000_000 if SOAK else 100_000


def batch(n: int, batch_id: int = 7, secret: bytes = SECRET) -> list[str]:
    return [InvitationToken(batch_id, serial).text(secret) for serial in range(n)]


def is_accepted(text: str, secrets: Iterable[bytes] = (SECRET,)) -> bool:
    try:
        InvitationToken.read(text, secrets)
    except UnknownCode:
        return False
    return True


@pytest.mark.parametrize(("batch_id", "serial"), [(0, 0), (1, 99_999), (2**20 - 1, 2**20 - 1)])
def test_what_is_written_is_read(batch_id: int, serial: int) -> None:
    token = InvitationToken(batch_id, serial)
    text = token.text(SECRET)
    assert len(text) == LENGTH
    assert set(text) <= set(ALPHABET)
    assert InvitationToken.read(text, (SECRET,)) == token


@pytest.mark.parametrize("numbers", [(-1, 0), (0, -1), (2**20, 0), (0, 2**20)])
def test_numbers_that_do_not_fit_are_refused(numbers: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="20 bits"):
        InvitationToken(*numbers).text(SECRET)


def test_no_mutation_is_accepted() -> None:
    chance = random.Random(4)
    valid = batch(N_MUTATIONS // 1_000)
    families = {
        "one symbol changed": (440, one_symbol_changed(valid)),
        "two symbols swapped": (175, two_swapped(valid)),
        "random symbols": (205, random_symbols(chance)),
        "cut or longer": (60, cut_or_longer(valid, chance)),
        "another installation's": (120, iter(batch(N_MUTATIONS // 1_000 * 120, secret=FOREIGN))),
    }
    assert sum(in_a_thousand for in_a_thousand, _ in families.values()) == 1_000
    for name, (in_a_thousand, mutations) in families.items():
        wanted = N_MUTATIONS // 1_000 * in_a_thousand
        tried = list(islice(mutations, wanted))
        assert len(tried) == wanted, name
        assert [text for text in tried if is_accepted(text)] == [], name


def random_symbols(chance: random.Random) -> Iterator[str]:
    while True:
        yield "".join(chance.choices(ALPHABET, k=LENGTH))


def one_symbol_changed(valid: list[str]) -> Iterator[str]:
    for token in valid:
        for place, symbol in enumerate(token):
            for other in ALPHABET.replace(symbol, ""):
                yield token[:place] + other + token[place + 1 :]


def two_swapped(valid: list[str]) -> Iterator[str]:
    for token in valid:
        for first, second in combinations(range(LENGTH), 2):
            if token[first] != token[second]:
                swapped = list(token)
                swapped[first], swapped[second] = token[second], token[first]
                yield "".join(swapped)


def cut_or_longer(valid: list[str], chance: random.Random) -> Iterator[str]:
    for token in valid:
        for place in range(LENGTH):
            yield token[:place] + token[place + 1 :]
            yield token[:place]
            yield token[:place] + chance.choice(ALPHABET) + token[place:]


def test_every_token_of_the_largest_batch_is_its_own() -> None:
    assert len(set(batch(100_000))) == 100_000


def test_the_same_serial_of_two_batches_gives_two_tokens() -> None:
    assert not set(batch(1_000, batch_id=1)) & set(batch(1_000, batch_id=2))


def test_neighbours_agree_no_more_often_than_by_chance() -> None:
    """By chance two of 23 symbols are equal at 0.87 of 20 places, the uneven first place adds 0.02."""
    tokens = batch(10_000)
    equal = [sum(map(str.__eq__, one, other)) for one, other in pairwise(tokens)]
    assert 0.84 < sum(equal) / len(equal) < 0.94
    assert max(equal) <= 8  # of ten thousand pairs, by chance one in 2^17 agrees at nine places
    for place in range(1, LENGTH):
        counts = Counter(token[place] for token in tokens)
        assert len(counts) == len(ALPHABET)
        assert max(counts.values()) < 10_000 / len(ALPHABET) * 1.25


@pytest.mark.parametrize(
    "typed",
    [str.lower, printed, lambda token: " ".join(token), lambda token: f" {printed(token).lower()}\n"],
    ids=["lower case", "dashes", "blanks", "all of it"],
)
def test_a_token_is_read_however_it_is_typed(typed) -> None:
    (token,) = batch(1)
    assert InvitationToken.read(typed(token), (SECRET,)) == InvitationToken(7, 0)
    assert token_hash(typed(token)) == token_hash(token)


def test_a_token_survives_a_new_secret_and_dies_with_its_own() -> None:
    (token,) = batch(1, secret=OLDER)
    assert is_accepted(token, (SECRET, OLDER))
    assert not is_accepted(token, (SECRET,))
    assert not is_accepted(token, ())


@pytest.mark.parametrize(
    "text", ["", "0" * 20, "Đ" * 10, "X" * 20, "2" * 19, "2" * 21, "\ud800" * 20, "x" * 10_000]
)
def test_what_is_no_token_is_refused(text: str) -> None:
    assert not is_accepted(text)


def test_the_mark_hides_the_secret() -> None:
    assert secret_mark(SECRET) != secret_mark(OLDER)
    assert SECRET.hex()[:8] not in secret_mark(SECRET)


def test_what_is_stored_of_a_token_leads_back_to_none() -> None:
    tokens = batch(1_000)
    hashes = {token_hash(token) for token in tokens}
    assert len(hashes) == 1_000
    assert {len(one) for one in hashes} == {16}
