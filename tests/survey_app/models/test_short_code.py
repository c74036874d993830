import random
from itertools import combinations

import pytest
from hypothesis import given, strategies as st

from survey_app.models.short_code import (
    ALPHABET,
    form_path,
    is_well_formed,
    new_code,
    normalise,
    number_of,
    printed,
    spelled,
)

bodies = st.text(alphabet=ALPHABET, min_size=7, max_size=7)


def completed(body: str) -> str:
    (code,) = [body + symbol for symbol in ALPHABET if is_well_formed(body + symbol)]
    return code


codes = bodies.map(completed)


def test_alphabet_has_a_prime_number_of_symbols_and_none_that_look_alike() -> None:
    assert len(ALPHABET) == len(set(ALPHABET)) == 23
    assert not set(ALPHABET) & set("01ILOBSZ")


def test_alphabet_holds_nothing_that_a_vietnamese_keyboard_turns_into_another_letter_but_dd() -> None:
    assert not set(ALPHABET) & set("AEIOUYW")
    assert normalise("đ2Đ3") == "DD2DD3"


def test_new_codes_are_well_formed_and_differ() -> None:
    made = [new_code() for _ in range(2000)]
    assert all(is_well_formed(code) for code in made)
    assert len(set(made)) == len(made)


def test_new_codes_use_every_symbol_at_every_place() -> None:
    made = [new_code() for _ in range(3000)]
    assert all({code[place] for code in made} == set(ALPHABET) for place in range(8))


@given(bodies)
def test_exactly_one_check_symbol_completes_any_seven_symbols(body: str) -> None:
    assert sum(is_well_formed(body + symbol) for symbol in ALPHABET) == 1


@given(codes)
def test_every_single_wrong_symbol_is_detected(code: str) -> None:
    for place, right in enumerate(code):
        for wrong in set(ALPHABET) - {right}:
            assert not is_well_formed(code[:place] + wrong + code[place + 1 :])


@given(codes)
def test_every_exchange_of_two_different_symbols_is_detected(code: str) -> None:
    for i, j in combinations(range(8), 2):
        exchanged = list(code)
        exchanged[i], exchanged[j] = code[j], code[i]
        assert is_well_formed("".join(exchanged)) == (code[i] == code[j])


def test_every_exchange_of_every_pair_of_symbols_at_every_pair_of_places_is_detected() -> None:
    for i, j in combinations(range(8), 2):
        free = next(place for place in range(8) if place not in (i, j))
        for a, b in combinations(ALPHABET, 2):
            symbols = ["2"] * 8
            symbols[i], symbols[j] = a, b
            symbols[free] = next(
                s for s in ALPHABET if is_well_formed("".join([*symbols[:free], s, *symbols[free + 1 :]]))
            )
            symbols[i], symbols[j] = b, a
            assert not is_well_formed("".join(symbols))


def test_random_guesses_are_well_formed_once_in_twenty_three() -> None:
    guess = random.Random(7)
    hits = sum(is_well_formed("".join(guess.choices(ALPHABET, k=8))) for _ in range(23_000))
    assert 880 < hits < 1120


@pytest.mark.parametrize(
    "text", ["", "2222222", "222222222", "2222222B", "22222220", "22222221", "2222-2222", "Ｃ" * 8]
)
def test_other_lengths_and_symbols_are_not_well_formed(text: str) -> None:
    assert not is_well_formed(text)


@given(st.text(max_size=30))
def test_any_text_can_be_normalised_and_checked(text: str) -> None:
    is_well_formed(normalise(text))


@given(codes)
def test_a_code_survives_print_and_every_usual_way_of_typing_it(code: str) -> None:
    wide = "".join(chr(ord(symbol) + 0xFEE0) for symbol in code)
    ways = [printed(code), code.lower(), f" {code[:2]} {code[2:]}\n", " ".join(code), wide, "–".join(code)]
    ways += [f"\ufeff{code}\u200b", f"{code[:4]}\u00a0-\u00a0{code[4:]}", f"{code[:4]}−{code[4:]}"]
    assert {normalise(way) for way in ways} == {code}


@given(st.text(alphabet=st.characters(max_codepoint=127), max_size=30))
def test_normalising_twice_changes_nothing_more(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)


def test_symbols_outside_the_alphabet_are_not_guessed() -> None:
    assert normalise("o0il 1ab?") == "O0IL1AB?"


def test_printed_code_has_two_groups_of_four() -> None:
    assert printed("7KQM2X9P") == "7KQM-2X9P"


def test_the_form_stands_at_a_short_path() -> None:
    assert form_path("7KQM2X9P") == "/s/7KQM2X9P"


@pytest.mark.parametrize(
    ("number", "text"), [(0, "222"), (1, "223"), (22, "22X"), (23, "232"), (23**3 - 1, "XXX")]
)
def test_numbers_are_written_with_the_highest_place_first(number: int, text: str) -> None:
    assert spelled(number, 3) == text
    assert number_of(text) == number


def test_of_a_long_number_the_last_places_are_written() -> None:
    assert spelled(5 * 23**3 + 1, 3) == "223"


@given(st.integers(0, 23**20 - 1))
def test_a_written_number_is_read_back(number: int) -> None:
    assert number_of(spelled(number, 20)) == number


@pytest.mark.parametrize("text", ["A", "2b", "2 3", "2-3", "²"])
def test_what_is_not_of_the_alphabet_is_no_number(text: str) -> None:
    assert number_of(text) is None
