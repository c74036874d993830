"""Contacts: what is read as one, stored sealed, replaced, withdrawn and forgotten, on both databases."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from survey_app.collect.cases.contact import (
    ContactRefused,
    forget_expired_contacts,
    keep_contact,
    read_contact,
    withdraw_contact,
)
from survey_app.models.case import CONTACT_LIVES, Case, Contact
from survey_app.models.contact_seal import unseal
from tests import factories
from tests.factories import DAY

KEY = b"k" * 32


@pytest.mark.parametrize(
    ("typed", "contact"),
    [
        ("0912 345 678", "0912345678"),
        ("0912.345.678", "0912345678"),
        ("+84 912 345 678", "0912345678"),
        ("(+84) 912-345-678", "0912345678"),
        ("0084912345678", "0912345678"),
        ("84912345678", "0912345678"),
        ("０９１２３４５６７８", "0912345678"),
        ("0312345678", "0312345678"),
        ("(024) 3825 1234", "02438251234"),
        ("+84 24 3825 1234", "02438251234"),
        (" lan@example.vn ", "lan@example.vn"),
        ("Lan.Nguyen+a@mail.example.vn", "Lan.Nguyen+a@mail.example.vn"),
    ],
)
def test_usual_spellings_are_read(typed, contact):
    assert read_contact(typed) == contact


@pytest.mark.parametrize(
    ("typed", "problem"),
    [
        ("", "missing"),
        ("  ", "missing"),
        ("091234567", "phone"),
        ("09123456789", "phone"),
        ("0123 456 789", "phone"),  # these numbers ended in 2018
        ("0112345678", "phone"),
        ("113", "phone"),
        ("+1 202 555 0100", "phone"),
        ("+84 84 912 345 678", "phone"),
        ("٠٩١٢٣٤٥٦٧٨", "phone"),
        ("lan.example.vn", "email_lacks_at"),
        ("Zalo 0912345678", "email_lacks_at"),
        ("lan@", "email"),
        ("lan@example", "email"),
        ("lan@example.", "email"),
        ("lan nguyen@example.vn", "email"),
        ("a@b@example.vn", "email"),
        ("a" * 250 + "@example.vn", "email"),
        ("a\x07@example.vn", "email"),
    ],
)
def test_anything_else_is_refused_with_its_reason(typed, problem):
    with pytest.raises(ContactRefused) as refused:
        read_contact(typed)
    assert refused.value.problem == problem
    assert typed.strip() == "" or typed not in str(refused.value)


def new_case(database, **given):
    with database.transaction() as session:
        return factories.comment_case(session, **given).number


def keep(database, number, contact, today=DAY):
    with database.transaction() as session:
        return keep_contact(session, number, contact, today, KEY)


def kept(database):
    with database.reading() as session:
        rows = session.scalars(select(Contact)).all()
        return {row.case_number: (unseal(row.sealed, row.case_number, [KEY]), row.expires_on) for row in rows}


def test_later_contact_takes_the_place_of_the_earlier_one(database):
    number = new_case(database)
    assert keep(database, number, "0912345678")
    assert keep(database, number, "lan@example.vn", DAY + timedelta(days=1))
    assert kept(database) == {number: ("lan@example.vn", DAY + timedelta(days=1) + CONTACT_LIVES)}


def test_answered_case_takes_no_contact(database):
    number = new_case(database, answer="Đã sửa.", answered_on=DAY)
    assert not keep(database, number, "0912345678")
    assert kept(database) == {}


def test_double_tap_stores_one_contact(database):
    number = new_case(database)
    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(lambda _: keep(database, number, "0912345678"), range(8)))
    assert len(kept(database)) == 1


def test_withdrawn_contact_is_gone_and_its_case_stays(database):
    number, other = new_case(database), new_case(database)
    keep(database, number, "0912345678")
    keep(database, other, "0987654321")
    with database.transaction() as session:
        withdraw_contact(session, number)
    assert list(kept(database)) == [other]
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Case)) == 2


def test_contact_is_kept_through_its_last_day_and_no_longer(database):
    number = new_case(database)
    keep(database, number, "0912345678")
    for days, n_left in ((CONTACT_LIVES.days, 1), (CONTACT_LIVES.days + 1, 0)):
        with database.transaction() as session:
            forget_expired_contacts(session, DAY + timedelta(days=days))
        assert len(kept(database)) == n_left
