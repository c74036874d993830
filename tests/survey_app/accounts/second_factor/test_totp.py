"""Six digits: as the standard says, one step around, never twice, and unreadable in the database."""

from datetime import UTC, datetime, timedelta

import pytest

from survey_app.accounts.second_factor import recovery, totp
from survey_app.accounts.second_factor.prove import clear, is_proven_by
from survey_app.models.staff import RecoveryCode, Staff
from tests import factories
from tests.factories import MOMENT

KEYS = (b"k" * 32,)
STANDARD = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"  # the key of RFC 6238's test vectors
STEP = timedelta(seconds=30)


@pytest.fixture
def session(database):
    with database.transaction() as session:
        yield session


@pytest.fixture
def staff(session):
    staff = factories.staff(session)
    totp.set_up(session, staff, STANDARD, totp.step_of(MOMENT) - 9, KEYS[0])
    return staff


def code(moment=MOMENT):
    return totp.code_at(STANDARD, totp.step_of(moment))


@pytest.mark.parametrize(
    ("seconds", "digits"),
    [(59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (20000000000, "353130")],
)
def test_codes_are_those_of_the_standard(seconds, digits):
    assert code(datetime.fromtimestamp(seconds, UTC)) == digits


def test_code_of_this_step_and_its_neighbours_is_right_and_no_other(session, staff):
    assert [
        totp.matching_step(STANDARD, code(MOMENT + steps * STEP), MOMENT) is not None
        for steps in (-2, -1, 0, 1, 2)
    ] == [False, True, True, True, False]


def test_code_passes_once(session, staff):
    assert totp.accept(session, staff, code(), MOMENT, KEYS)
    assert not totp.accept(session, staff, code(), MOMENT, KEYS)
    assert totp.accept(session, staff, code(MOMENT + STEP), MOMENT + STEP, KEYS)


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)  # SQLite has one writer at a time
def test_code_sent_while_the_phone_is_taken_off_brings_its_secret_not_back(database):
    with database.transaction() as session:
        staff_id = factories.staff(session).id
        totp.set_up(session, session.get_one(Staff, staff_id), STANDARD, 1, KEYS[0])
    with database.transaction() as thief:
        staff = thief.get_one(Staff, staff_id)
        with database.transaction() as owner:
            clear(owner, owner.get_one(Staff, staff_id), MOMENT)
        assert not totp.accept(thief, staff, code(), MOMENT, KEYS)
    with database.reading() as session:
        assert session.get_one(Staff, staff_id).totp_secret is None


def test_code_older_than_one_that_passed_is_refused(session, staff):
    assert totp.accept(session, staff, code(MOMENT + STEP), MOMENT, KEYS)
    assert not totp.accept(session, staff, code(), MOMENT, KEYS)


def test_two_transactions_with_one_code_let_one_through(database):
    with database.transaction() as session:
        staff = factories.staff(session)
        totp.set_up(session, staff, STANDARD, 1, KEYS[0])
    with database.reading() as session:
        copies = [session.get_one(type(staff), staff.id) for _ in range(2)]
    taken = []
    for copy in copies:  # each read the row before the other had taken the code
        with database.transaction() as session:
            taken.append(totp.accept(session, copy, code(), MOMENT, KEYS))
    assert taken == [True, False]


def test_secret_is_sealed_for_its_owner(session, staff):
    other = factories.staff(session, totp_secret=staff.totp_secret, totp_step=1)
    assert STANDARD.encode() not in staff.totp_secret
    assert totp.opened(staff, KEYS) == STANDARD
    assert totp.opened(other, KEYS) is None
    assert totp.opened(staff, (b"x" * 32,)) is None


def test_old_key_may_go_once_its_owner_has_signed_in(session, staff):
    new = b"n" * 32
    assert totp.accept(session, staff, code(), MOMENT, (new, *KEYS))
    session.refresh(staff)
    assert totp.opened(staff, (new,)) == STANDARD


def test_secret_offered_belongs_to_one_session_and_needs_the_installations_key():
    made = totp.secret_for("token", KEYS[0])
    assert made == totp.secret_for("token", KEYS[0])
    assert len({made, totp.secret_for("other", KEYS[0]), totp.secret_for("token", b"x" * 32)}) == 3
    assert len(made) == 32
    assert "secret=" + made in totp.address_for_app(made, "an.nguyễn")


def test_next_code_is_one_that_is_accepted_even_right_after_a_sign_in(session, staff):
    first = totp.next_code(staff, MOMENT, KEYS)
    assert totp.accept(session, staff, first, MOMENT, KEYS)
    session.refresh(staff)
    second = totp.next_code(staff, MOMENT, KEYS)
    assert totp.accept(session, staff, second, MOMENT, KEYS)
    assert totp.next_code(factories.staff(session), MOMENT, KEYS) is None


def test_recovery_code_passes_once_as_people_type_it(session, staff):
    codes = recovery.new_codes(session, staff.id)
    session.flush()
    assert len(set(codes)) == 10
    typed = codes[3].upper().replace("-", " ")
    assert is_proven_by(session, staff, typed, MOMENT, KEYS)
    assert not is_proven_by(session, staff, typed, MOMENT, KEYS)
    assert recovery.n_left(session, staff.id) == 9


def test_recovery_codes_are_of_one_account_and_new_ones_end_the_old(session, staff):
    other = factories.staff(session)
    codes = recovery.new_codes(session, staff.id)
    session.flush()
    assert not is_proven_by(session, other, codes[0], MOMENT, KEYS)
    recovery.new_codes(session, staff.id)
    session.flush()
    assert recovery.n_left(session, staff.id) == 10
    assert not is_proven_by(session, staff, codes[0], MOMENT, KEYS)


@pytest.mark.parametrize(
    "typed", ["", "000000", "12345", "1234567", "٣٣٣٣٣٣", "-" * 20, "a" * 16, "\0", "🙂"]
)
def test_what_is_no_code_proves_nothing(session, staff, typed):
    assert not is_proven_by(session, staff, typed, MOMENT, KEYS)


def test_cleared_account_has_neither_secret_nor_codes(session, staff):
    recovery.new_codes(session, staff.id)
    clear(session, staff, MOMENT)
    assert staff.secured_at == MOMENT
    session.flush()
    assert staff.totp_secret is staff.totp_step is None
    assert session.query(RecoveryCode).count() == 0
