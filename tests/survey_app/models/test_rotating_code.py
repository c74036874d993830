"""The code that a screen shows: which tickets pass, and for how long."""

import random
from datetime import UTC, datetime, timedelta

import pytest

from survey_app.models.rotating_code import (
    PROOF_LENGTH,
    STEP_SECONDS,
    TICKET_LENGTH,
    is_current,
    is_screen,
    printed,
    screen_proof,
    seconds_accepted,
    seconds_left,
    ticket,
)
from survey_app.models.short_code import ALPHABET
from tests.soak import SOAK

N_FORGED = 1_000_000 if SOAK else 100_000
CODE, OTHER_CODE = "7KQM2X9P", "3D5HJKNR"
SECRET, OTHER_SECRET = b"s" * 32, b"o" * 32
# In the middle of a step, so that a shift by whole steps is the only thing a test is about.
NOW = datetime.fromtimestamp(39_600_000 * STEP_SECONDS + STEP_SECONDS / 2, UTC)
STEP = timedelta(seconds=STEP_SECONDS)


def passes(shown, at=NOW, code=CODE, accepted=(SECRET,)):
    return is_current(code, shown, at, accepted)


@pytest.mark.parametrize("steps", [-1, 0, 1])
def test_ticket_passes_while_shown_and_one_step_before_and_after(steps):
    assert passes(ticket(CODE, NOW + steps * STEP, SECRET))


@pytest.mark.parametrize("steps", [-2, 2, -3, 3, 80, -80])
def test_ticket_two_steps_away_is_refused(steps):
    assert not passes(ticket(CODE, NOW + steps * STEP, SECRET))


def test_ticket_of_yesterday_and_of_last_year_is_refused():
    for days in (1, 7, 365):
        assert not passes(ticket(CODE, NOW - timedelta(days=days), SECRET))


def test_ticket_of_another_screen_or_another_installation_is_refused():
    assert not passes(ticket(OTHER_CODE, NOW, SECRET))
    assert not passes(ticket(CODE, NOW, OTHER_SECRET))


def test_ticket_of_a_rotated_secret_passes_until_that_secret_is_taken_away():
    shown = ticket(CODE, NOW, OTHER_SECRET)
    assert passes(shown, accepted=(SECRET, OTHER_SECRET))
    assert not passes(shown, accepted=(SECRET,))


def test_ticket_is_accepted_exactly_as_long_as_the_screen_is_told():
    shown = ticket(CODE, NOW, SECRET)
    lasts = timedelta(seconds=seconds_accepted(NOW))
    moment = timedelta(milliseconds=1)
    assert passes(shown, NOW + lasts - moment)
    assert not passes(shown, NOW + lasts + moment)


def test_screen_is_told_to_change_when_the_next_ticket_begins():
    begins = NOW + timedelta(seconds=seconds_left(NOW))
    moment = timedelta(milliseconds=1)
    assert ticket(CODE, begins - moment, SECRET) == ticket(CODE, NOW, SECRET)
    assert ticket(CODE, begins + moment, SECRET) == ticket(CODE, NOW + STEP, SECRET)


def test_steps_are_30_to_60_seconds_long():
    assert 30 <= STEP_SECONDS <= 60


@pytest.mark.parametrize("spelled", [str.lower, " ".join, lambda text: f"{text[:5]}-{text[5:]}"])
def test_ticket_is_read_as_people_type_it(spelled):
    assert passes(spelled(ticket(CODE, NOW, SECRET)))


@pytest.mark.parametrize("typed", ["", " ", "2" * 10_000, "Đ", "１２３", "é" * TICKET_LENGTH, "\0"])
def test_what_is_no_ticket_is_refused(typed):
    assert not passes(typed)


def test_a_part_of_a_ticket_or_more_than_one_is_refused():
    shown = ticket(CODE, NOW, SECRET)
    for wrong in (shown[:-1], shown[1:], shown + "2", shown + shown, shown[::-1]):
        assert not passes(wrong)


def test_no_mutation_and_no_guess_ever_passes():
    """One to three symbols of a good ticket changed, and tickets out of nothing: as many of each."""
    chance = random.Random(1)  # replays
    good = ticket(CODE, NOW, SECRET)
    accepted = {ticket(CODE, NOW + steps * STEP, SECRET) for steps in (-1, 0, 1)}
    n_tried = n_passed = 0
    while n_tried < N_FORGED:
        symbols = list(good) if n_tried % 2 else chance.choices(ALPHABET, k=TICKET_LENGTH)
        for place in chance.sample(range(TICKET_LENGTH), 1 + n_tried % 3):
            symbols[place] = chance.choice(ALPHABET)
        forged = "".join(symbols)
        if forged in accepted:
            continue
        n_tried += 1
        n_passed += passes(forged)
    assert n_passed == 0
    assert passes(good)


def test_tickets_spread_over_the_whole_alphabet_and_never_repeat_within_a_week():
    shown = [ticket(CODE, NOW + n * STEP, SECRET) for n in range(7 * 24 * 3600 // STEP_SECONDS)]
    assert len(set(shown)) == len(shown)
    assert set("".join(shown)) == set(ALPHABET)


def test_page_of_the_screen_opens_by_its_own_proof_alone():
    proof = screen_proof(CODE, SECRET)
    assert len(proof) == PROOF_LENGTH
    assert is_screen(CODE, proof.lower(), (OTHER_SECRET, SECRET))
    assert not is_screen(CODE, proof, (OTHER_SECRET,))
    assert not is_screen(OTHER_CODE, proof, (SECRET,))
    assert not is_screen(CODE, "", (SECRET,))


def test_what_is_shown_to_everybody_does_not_open_the_page_of_the_screen():
    tickets = [ticket(CODE, NOW + n * STEP, SECRET) for n in range(100)]
    proof = screen_proof(CODE, SECRET)
    assert not any(shown in proof or is_screen(CODE, shown, (SECRET,)) for shown in tickets)


def test_printed_groups_are_read_back():
    shown = ticket(CODE, NOW, SECRET)
    groups = printed(CODE, shown).split("-")
    assert [len(group) for group in groups] == [4, 4, 5, 5]
    assert "".join(groups) == CODE + shown
