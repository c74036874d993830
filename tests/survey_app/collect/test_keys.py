"""Submission keys: sealed, bound to their point and day, and of no use to whoever holds the database."""

import random
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import date

import pytest

from survey_app.collect.keys import SEAL_BYTES, SubmissionKey, is_receipt, receipt_proof
from survey_app.errors import BadSubmission
from survey_app.models.invitation_token import token_hash

NEW, OLD = b"n" * 32, b"o" * 32
KEY = SubmissionKey.issue(7, 3, date(2026, 3, 10))


@pytest.mark.parametrize("secret", [NEW, OLD])
def test_a_key_comes_back_whole_under_any_accepted_secret(secret):
    assert SubmissionKey.unsealed(KEY.sealed(secret), (NEW, OLD)) == KEY


def test_a_key_sealed_by_a_secret_that_was_dropped_is_refused():
    with pytest.raises(BadSubmission):
        SubmissionKey.unsealed(KEY.sealed(OLD), (NEW,))


def test_no_altered_key_passes():
    sealed, rng = KEY.sealed(NEW), random.Random(3)
    symbols = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_="
    for _ in range(20_000):
        place = rng.randrange(len(sealed))
        altered = sealed[:place] + rng.choice(symbols) + sealed[place + rng.randrange(2) :]
        if altered != sealed:
            with pytest.raises(BadSubmission):
                SubmissionKey.unsealed(altered, (NEW, OLD))


@pytest.mark.parametrize("text", ["", "é", "AAAA", "A" * 54, "=" * 54, "\0" * 54])
def test_what_is_no_key_is_refused(text):
    with pytest.raises(BadSubmission):
        SubmissionKey.unsealed(text, (NEW,))


def test_row_key_fingerprint_and_receipt_follow_from_the_key_and_from_nothing_stored():
    again = SubmissionKey.unsealed(KEY.sealed(NEW), (NEW,))
    assert (again.row_key, again.fingerprint(b"x"), again.receipt) == (
        KEY.row_key,
        KEY.fingerprint(b"x"),
        KEY.receipt,
    )
    of_stored = SubmissionKey(7, 3, KEY.day, KEY.row_key)  # as if the stored key were the random part
    assert of_stored.receipt != KEY.receipt
    assert of_stored.fingerprint(b"x") != KEY.fingerprint(b"x")
    assert KEY.row_key != KEY.random


def test_the_same_answers_on_two_pages_have_different_fingerprints():
    other = SubmissionKey.issue(7, 3, KEY.day)
    assert other.fingerprint(b"q1\x005\x00") != KEY.fingerprint(b"q1\x005\x00")


def test_a_receipt_is_shown_only_with_the_proof_of_its_place_and_its_case():
    proof = receipt_proof(KEY.receipt, "", "CODE", NEW)
    assert is_receipt(KEY.receipt, "", "CODE", proof, (OLD, NEW))
    assert not is_receipt(KEY.receipt, "", "OTHER", proof, (OLD, NEW))
    assert not is_receipt(KEY.receipt, KEY.case_number, "CODE", proof, (OLD, NEW))
    assert not is_receipt(KEY.receipt[:-1] + "2", "", "CODE", proof, (OLD, NEW)) or KEY.receipt.endswith("2")


def test_the_form_of_an_invitation_carries_the_hash_of_its_token_under_the_seal():
    invited = SubmissionKey.issue(7, 3, KEY.day, token_hash("token"))
    assert SubmissionKey.unsealed(invited.sealed(NEW), (NEW,)) == invited
    packed = urlsafe_b64decode(invited.sealed(NEW))
    without = packed[: -16 - SEAL_BYTES] + packed[-SEAL_BYTES:]
    with pytest.raises(BadSubmission):
        SubmissionKey.unsealed(urlsafe_b64encode(without).decode(), (NEW,))


def test_receipt_and_case_number_of_one_form_tell_nothing_of_each_other():
    assert KEY.receipt != KEY.case_number
