"""The mark of a known browser is bound to its account, signed, and ends."""

import time

from survey_app.accounts.device import device_of, new_mark

OLD, NEW = b"o" * 32, b"n" * 32


def test_mark_names_its_device_for_its_account_alone():
    mark = new_mark("an", [NEW])
    assert device_of(mark, "an", [NEW])
    assert device_of(mark, "binh", [NEW]) is None


def test_marks_differ_from_each_other():
    assert device_of(new_mark("an", [NEW]), "an", [NEW]) != device_of(new_mark("an", [NEW]), "an", [NEW])


def test_mark_outlives_a_change_of_secrets_until_the_old_one_goes():
    mark = new_mark("an", [OLD])
    assert device_of(mark, "an", [NEW, OLD])
    assert device_of(mark, "an", [NEW]) is None
    assert device_of(new_mark("an", [NEW, OLD]), "an", [NEW])


def test_what_nobody_signed_names_nothing():
    for forged in (None, "", "x", "an.device.signature", new_mark("an", [OLD]) + "a"):
        assert device_of(forged, "an", [NEW]) is None


def test_mark_ends_after_half_a_year(monkeypatch):
    mark = new_mark("an", [NEW])
    later = time.time() + 181 * 86400
    monkeypatch.setattr(time, "time", lambda: later)
    assert device_of(mark, "an", [NEW]) is None
