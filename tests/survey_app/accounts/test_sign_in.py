"""Making accounts, proving a password, opening and closing sessions."""

import unicodedata
from datetime import timedelta

import pytest
from argon2 import PasswordHasher
from sqlalchemy import func, select

from survey_app.accounts import passwords
from survey_app.accounts.people.create import StaffDetails, create_staff
from survey_app.accounts.sign_in import (
    SESSION_LASTS,
    check_password,
    must_have_second_factor,
    sign_in,
    sign_out_everywhere,
)
from survey_app.errors import AccountRefused, SignInRequired
from survey_app.models.staff import Staff, StaffSession
from survey_app.web.access import end_session, find_by_token
from tests import factories
from tests.factories import DAY, MOMENT

PASSWORD = "một mật khẩu đủ dài"


def details(**given):
    return StaffDetails(
        **{
            "username": "an.nguyen",
            "full_name": "Nguyễn Văn An",
            "role": "analyst",
            "password": PASSWORD,
        }
        | given
    )


@pytest.fixture
def session(database):
    with database.transaction() as session:
        yield session


def test_right_name_and_password_give_a_proof_and_then_a_session(session):
    staff = create_staff(session, details(), MOMENT)
    proof = check_password(session, "an.nguyen", PASSWORD)
    opened = sign_in(session, proof, MOMENT)
    assert find_by_token(session, opened.token, MOMENT, DAY).id == staff.id
    assert opened.is_proven
    assert proof.renewed_hash is None


@pytest.mark.parametrize(
    ("username", "password"),
    [("an.nguyen", "một mật khẩu khác"), ("nobody", PASSWORD), ("", PASSWORD), ("an\0nguyen", PASSWORD)],
)
def test_wrong_name_or_password_proves_nothing(session, username, password):
    create_staff(session, details(), MOMENT)
    assert check_password(session, username, password) is None


def test_disabled_account_proves_nothing(session):
    create_staff(session, details(), MOMENT).disabled_at = MOMENT
    session.flush()
    assert check_password(session, "an.nguyen", PASSWORD) is None


def test_account_without_a_usable_hash_is_not_opened_by_any_password(session):
    factories.staff(session, username="imported", password_hash="!")
    assert check_password(session, "imported", "!") is None


def test_unknown_name_costs_one_verification_of_the_same_strength(session, monkeypatch):
    verified = []

    class Counting(PasswordHasher):
        def verify(self, stored, password):
            verified.append(stored)
            return super().verify(stored, password)

    assert not passwords._HASHER.check_needs_rehash(passwords.NOBODYS_HASH)
    monkeypatch.setattr(passwords, "_HASHER", Counting(time_cost=1, memory_cost=64, parallelism=1))
    check_password(session, "nobody", PASSWORD)
    assert verified == [passwords.NOBODYS_HASH]


def test_name_is_found_in_any_case_and_password_in_any_composition(session):
    create_staff(session, details(), MOMENT)
    assert check_password(session, " An.NGUYEN ", unicodedata.normalize("NFD", PASSWORD))


def test_hash_of_weaker_parameters_is_renewed_at_sign_in(session):
    weak = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1).hash(PASSWORD)
    staff = factories.staff(session, username="old", password_hash=weak)
    sign_in(session, check_password(session, "old", PASSWORD), MOMENT)
    assert not passwords._HASHER.check_needs_rehash(staff.password_hash)
    assert check_password(session, "old", PASSWORD)


@pytest.mark.parametrize("weak", [False, True])
def test_password_that_changed_while_it_was_checked_opens_nothing(session, weak):
    hasher = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1) if weak else passwords._HASHER
    staff = factories.staff(session, username="old", password_hash=hasher.hash(PASSWORD))
    proof = check_password(session, "old", PASSWORD)
    staff.password_hash = "chosen by a link meanwhile"
    with pytest.raises(SignInRequired):
        sign_in(session, proof, MOMENT)
    assert staff.password_hash == "chosen by a link meanwhile"
    assert session.scalars(select(StaffSession)).all() == []
    staff.password_hash, staff.disabled_at = proof.stored_hash, MOMENT
    with pytest.raises(SignInRequired):
        sign_in(session, proof, MOMENT)
    assert PASSWORD not in repr(proof)
    assert "argon2" not in repr(proof)


def test_database_holds_neither_the_password_nor_the_token(session):
    staff = create_staff(session, details(), MOMENT)
    token = sign_in(session, check_password(session, "an.nguyen", PASSWORD), MOMENT).token
    assert staff.password_hash.startswith("$argon2id$")
    assert token.encode() not in session.scalar(select(StaffSession.token_hash))
    assert PASSWORD not in repr(details())


def test_session_ends_after_twelve_hours_and_is_swept_at_the_next_sign_in(session):
    create_staff(session, details(), MOMENT)
    proof = check_password(session, "an.nguyen", PASSWORD)
    token = sign_in(session, proof, MOMENT).token
    later = MOMENT + timedelta(hours=12)
    assert find_by_token(session, token, later - timedelta(seconds=1), DAY)
    assert find_by_token(session, token, later, DAY) is None
    sign_in(session, proof, later)
    assert session.scalar(select(func.count()).select_from(StaffSession)) == 1


def test_signing_out_ends_one_session_and_no_other(session):
    create_staff(session, details(), MOMENT)
    proof = check_password(session, "an.nguyen", PASSWORD)
    here, elsewhere = (sign_in(session, proof, MOMENT).token for _ in range(2))
    end_session(session, here)
    assert find_by_token(session, here, MOMENT, DAY) is None
    assert find_by_token(session, elsewhere, MOMENT, DAY)


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"password": "ngắn quá"}, "12 characters"),
        ({"password": "e\u0302\u0303" * 11}, "12 characters"),
        ({"username": "  "}, "username"),
        ({"username": "an nguyen"}, "blanks"),
        ({"password": "abababababab"}, "different"),
        ({"username": "a" * 101}, "at most 100"),
        ({"full_name": " "}, "full name"),
        ({"role": "king"}, "role"),
        ({"role": "office_manager"}, "needs an office"),
        ({"office_id": 999}, "no office 999"),
    ],
)
def test_account_that_cannot_be_is_refused_with_the_reason(session, wrong, why):
    with pytest.raises(AccountRefused, match=why):
        create_staff(session, details(**wrong), MOMENT)
    assert session.scalar(select(func.count()).select_from(Staff)) == 0


def test_username_is_taken_in_any_case(session):
    create_staff(session, details(), MOMENT)
    with pytest.raises(AccountRefused, match="taken"):
        create_staff(session, details(username="An.Nguyen"), MOMENT)


def test_all_sessions_of_an_account_end_at_once_and_no_others(session):
    staff, other = create_staff(session, details(), MOMENT), factories.staff(session)
    proof = check_password(session, "an.nguyen", PASSWORD)
    tokens = [sign_in(session, proof, MOMENT).token for _ in range(3)]
    factories.staff_session(session, staff_id=other.id)
    sign_out_everywhere(session, staff.id)
    assert [find_by_token(session, token, MOMENT, DAY) for token in tokens] == [None] * 3
    assert session.scalars(select(StaffSession.staff_id)).all() == [other.id]


@pytest.mark.parametrize(
    ("role", "first_day", "last_day", "needed"),
    [
        ("administrator", DAY, None, True),
        ("campaign_lead", DAY, DAY, True),
        ("office_manager", DAY, None, False),
        ("administrator", DAY - timedelta(days=9), DAY - timedelta(days=1), False),
        ("administrator", DAY + timedelta(days=1), None, True),  # begins while the session lasts
        ("administrator", DAY + timedelta(days=2), None, False),
    ],
)
def test_role_that_needs_a_second_factor_leaves_no_session_without(
    session, role, first_day, last_day, needed
):
    late = MOMENT + timedelta(hours=8)  # six in the evening: the session lasts until the next morning
    assert late + SESSION_LASTS > MOMENT + timedelta(hours=14)
    staff = factories.staff(session, role=None)
    factories.staff_grant(session, staff_id=staff.id, role=role, valid_from=first_day, valid_until=last_day)
    assert must_have_second_factor(session, staff.id, late) is needed


def test_password_of_a_lead_opens_a_session_that_is_not_proven(session):
    create_staff(session, details(role="campaign_lead"), MOMENT)
    opened = sign_in(session, check_password(session, "an.nguyen", PASSWORD), MOMENT)
    assert not opened.is_proven
    assert not find_by_token(session, opened.token, MOMENT, DAY).is_proven
