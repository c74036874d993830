"""What people type becomes text that others can read."""

import unicodedata

import pytest

from survey_app.models.plain_text import (
    FORMULA_SIGNS,
    UNREADABLE_MARK,
    composed,
    marked_unreadable,
    one_line,
    without_formula,
)
from tests.nasty_strings import nasty_strings


def test_letters_and_marks_become_one_and_lines_end_in_one_way():
    assert composed(" E\u0302\u0303\r\nb ") == "Ễ\nb"


@pytest.mark.parametrize("symbol", "\0\x07\x85\u202e\u2066\u200f\ud800\ue000")
def test_symbols_that_cannot_be_read_are_marked_or_dropped(symbol):
    assert marked_unreadable(f"a{symbol}b") == f"a{UNREADABLE_MARK}b"
    assert one_line(f"a{symbol}b") in {"ab", "a b"}


def test_readable_text_stays_as_it_is():
    for text in ("Chờ lâu quá.\n\tXin cảm ơn.", "👩🏽‍👧🏿 ភាសា\u200bខ្មែរ"):
        assert marked_unreadable(composed(text)) == text


@pytest.mark.parametrize("sign", FORMULA_SIGNS)
def test_no_text_begins_as_a_formula_does(sign):
    assert without_formula(f"{sign}1+1") == f"'{sign}1+1"
    assert without_formula(f"Một cửa {sign}") == f"Một cửa {sign}"


@pytest.mark.parametrize("sign", FORMULA_SIGNS)
def test_no_text_holds_a_formula_where_spreadsheets_cut_at_semicolons(sign):
    assert without_formula(f'Một cửa;{sign}1+1; "{sign}2') == f"Một cửa;'{sign}1+1; \"'{sign}2"
    assert without_formula(f"{sign}1;2 {sign} 3") == f"'{sign}1;2 {sign} 3"


def test_one_line_is_one_line_of_what_is_seen():
    assert one_line("  Cột điện\r\n\u200btrước  cổng \ufffd") == "Cột điện trước cổng"
    for text in nasty_strings("line"):
        line = one_line(text)
        assert unicodedata.is_normalized("NFC", line)
        assert len(line.splitlines()) <= 1
        assert not {unicodedata.category(symbol) for symbol in line} & {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
