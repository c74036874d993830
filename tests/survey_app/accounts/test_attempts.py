"""Nobody guesses for long, and nobody can lock a director out."""

from datetime import timedelta

import pytest

from survey_app.accounts import attempts as module
from survey_app.accounts.attempts import Attempt, Attempts, Place, place_of
from survey_app.errors import TooManyAttempts
from tests.factories import MOMENT

DIRECTOR = "director"
OFFICE, ELSEWHERE = Place("10.1.2.7/32", "10.1.2.0/24"), Place("203.0.113.7/32", "203.0.113.0/24")


def stranger(account=DIRECTOR, place=OFFICE, stage="password"):
    return Attempt(account, place, None, stage)


def beside(number):
    """Give another address of the office's network."""
    return Place(f"10.1.2.{number}/32", OFFICE.network)


def is_let(attempts, attempt, at=MOMENT):
    try:
        attempts.begin(attempt, at)
    except TooManyAttempts:
        return False
    return True


def n_let(attempts, attempt, tries=200, at=MOMENT):
    return sum(is_let(attempts, attempt, at) for _ in range(tries))


@pytest.fixture
def attempts():
    return Attempts()


def test_stranger_has_five_guesses_and_one_more_every_three_minutes(attempts):
    assert n_let(attempts, stranger()) == 5
    assert n_let(attempts, stranger(), at=MOMENT + timedelta(seconds=179)) == 0
    assert n_let(attempts, stranger(), at=MOMENT + timedelta(minutes=3)) == 1
    assert n_let(attempts, stranger(), at=MOMENT + timedelta(days=1)) == 5


def test_refusal_says_when_the_next_attempt_is_checked(attempts):
    n_let(attempts, stranger(), 5)
    with pytest.raises(TooManyAttempts) as refused:
        attempts.begin(stranger(), MOMENT + timedelta(seconds=60))
    assert refused.value.retry_after_seconds == 120


def test_guesses_from_one_network_lock_nobody_out_elsewhere(attempts):
    n_let(attempts, stranger(), 1000)
    assert is_let(attempts, stranger(place=ELSEWHERE))


def test_guesses_at_a_name_from_the_same_network_never_touch_a_device_of_the_owner(attempts):
    """The strongest attacker sits in the next room, behind the same address."""
    for minute in range(600):
        n_let(attempts, stranger(), 20, MOMENT + timedelta(minutes=minute))
    late = MOMENT + timedelta(minutes=599)
    assert is_let(attempts, Attempt(DIRECTOR, OFFICE, "the director's phone"), late)


def test_address_of_a_past_sign_in_stays_open_when_all_strangers_there_are_refused(attempts):
    attempts.begin(stranger(), MOMENT)
    attempts.succeeded(stranger(), is_signed_in=True)
    for number in range(500):
        is_let(attempts, stranger(account=f"guess {number}"))
    assert not is_let(attempts, stranger(account="another guess"))
    assert n_let(attempts, stranger(), 30) == 30
    assert not is_let(attempts, stranger())


def test_password_alone_makes_no_address_known(attempts):
    attempts.begin(stranger(), MOMENT)
    attempts.succeeded(stranger(), is_signed_in=False)
    assert n_let(attempts, stranger()) == 5


def test_address_as_a_whole_is_slowed_whatever_names_are_tried_and_its_neighbours_are_not(attempts):
    assert sum(is_let(attempts, stranger(account=f"name {n}")) for n in range(500)) == 60
    assert is_let(attempts, stranger(place=beside(8)))
    assert is_let(attempts, stranger(account="name 501", place=ELSEWHERE))


def test_network_as_a_whole_is_slowed_when_many_of_its_addresses_guess(attempts):
    tries = [stranger(account=f"name {n}", place=beside(n % 250)) for n in range(2_000)]
    assert sum(is_let(attempts, one) for one in tries) == 600
    assert not is_let(attempts, stranger(place=beside(251)))
    assert is_let(attempts, stranger(place=ELSEWHERE))
    assert is_let(attempts, Attempt(DIRECTOR, OFFICE, "the director's phone"))


def test_neighbour_who_guesses_for_days_keeps_no_first_sign_in_out(attempts):
    """One address gains attempts no faster than its network does, so it never fills what all share."""
    for minute in range(0, 2 * 24 * 60, 3):
        n_let(attempts, stranger(place=beside(99)), 3, MOMENT + timedelta(minutes=minute))
        is_let(attempts, stranger(f"made up {minute}", beside(99)), MOMENT + timedelta(minutes=minute))
    late = MOMENT + timedelta(minutes=minute)
    assert not is_let(attempts, stranger(place=beside(99)), late)
    assert n_let(attempts, stranger(), at=late) == 5


def test_neighbours_never_fill_the_count_of_an_address_where_the_owner_has_signed_in(attempts):
    attempts.begin(stranger(), MOMENT)
    attempts.succeeded(stranger(), is_signed_in=True)
    for number in range(8, 108):
        n_let(attempts, stranger(place=beside(number)), 10)
    assert not is_let(attempts, stranger(place=beside(108)))
    assert n_let(attempts, stranger()) == 30


def test_one_account_is_guessed_at_from_a_network_sixty_times_and_480_a_day(attempts):
    def tried(minutes):
        at = MOMENT + timedelta(minutes=minutes)
        return sum(is_let(attempts, stranger(place=beside(number)), at) for number in range(1, 254))

    assert tried(0) == 60
    assert sum(tried(minute) for minute in range(1, 24 * 60 + 1)) == 480


def test_right_passwords_are_no_load_on_the_network(attempts):
    for number in range(200):
        one = stranger(account=f"colleague {number}")
        attempts.begin(one, MOMENT)
        attempts.succeeded(one, is_signed_in=True)
    assert is_let(attempts, stranger())


def test_codes_are_few_for_all_strangers_together_but_not_for_the_owner(attempts):
    let = sum(
        n_let(attempts, stranger(place=Place(f"address {n}", f"net {n}"), stage="code"), 10)
        for n in range(50)
    )
    assert let == 20
    assert is_let(attempts, Attempt(DIRECTOR, OFFICE, "phone", "code"))
    attempts.succeeded(Attempt(DIRECTOR, OFFICE, "phone", "code"), is_signed_in=True)
    assert is_let(attempts, stranger(stage="code"))


def test_six_digits_hold_against_whoever_has_the_password_and_sits_beside_the_owner():
    """Three of a million codes are right at a time; three months of guessing hardly find one."""
    slowest = module.OWN_ADDRESS["code"].one_more_after
    guesses = 90 * timedelta(days=1) / slowest
    assert 1 - (1 - 3e-6) ** guesses < 0.08


def test_memory_is_bounded_and_holds_no_address_and_no_name(attempts, monkeypatch):
    monkeypatch.setattr(module, "MOST_COUNTS", 100)
    monkeypatch.setattr(module, "MOST_KNOWN", 10)
    for number in range(1000):
        one = stranger(place=Place(f"10.{number}.0.1/32", f"10.{number}.0.0/24"))
        attempts.begin(one, MOMENT)
        attempts.succeeded(one, is_signed_in=True)
    assert len(attempts._full_until) <= 100
    assert len(attempts._known) == 10
    assert {len(name) for name in (*attempts._full_until, *attempts._known)} == {16}
    assert repr(attempts) == "Attempts()"


def test_name_that_nobody_has_is_counted_like_any_other(attempts):
    assert n_let(attempts, stranger("nobody")) == n_let(attempts, stranger("director")) == 5


@pytest.mark.parametrize(
    ("peer", "forwarded", "address", "network"),
    [
        ("192.0.2.77", None, "192.0.2.77/32", "192.0.2.0/24"),
        # Whoever is no proxy of ours says what he likes.
        ("192.0.2.77", "10.0.0.1", "192.0.2.77/32", "192.0.2.0/24"),
        ("127.0.0.1", "10.0.0.1", "10.0.0.1/32", "10.0.0.0/24"),
        # The last one is what the proxy saw.
        ("127.0.0.1", "6.6.6.6, 10.0.0.1", "10.0.0.1/32", "10.0.0.0/24"),
        ("::1", "2001:db8:1:2::3", "2001:db8:1:2::/64", "2001:db8:1::/48"),
        ("::ffff:192.0.2.77", None, "192.0.2.77/32", "192.0.2.0/24"),
        ("fe80::1%eth0", None, "fe80::/64", "fe80::/48"),
        ("127.0.0.1", None, "127.0.0.1/32", "127.0.0.0/24"),
        ("127.0.0.1", "<script>", "unknown", "unknown"),
        (None, None, "unknown", "unknown"),
    ],
)
def test_place_is_an_address_and_the_part_of_it_that_a_house_shares(peer, forwarded, address, network):
    assert place_of(peer, forwarded) == Place(address, network)
