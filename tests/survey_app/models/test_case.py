"""Case numbers as people type them."""

import pytest

from survey_app.collect.keys import SubmissionKey
from survey_app.models.case import read_case_number
from tests.factories import DAY


@pytest.mark.parametrize(
    "typed",
    ["CDFGH-JKMNP", "cdfgh-jkmnp", " cdfghjkmnp ", "CDFGH JKMNP", "CDF-GHJ–KMNP", "\u202aCDFGHJKMNP\u202c"],
)
def test_number_is_read_however_it_is_typed(typed):
    assert read_case_number(typed) == "CDFGH-JKMNP"


@pytest.mark.parametrize(
    "typed", ["", "CDFGH", "CDFGH-JKMNPQ", "CDFGH-JKMN0", "CDFGH-JKMNA", "\0", "9" * 10_000]
)
def test_what_cannot_be_a_number_is_none(typed):
    assert read_case_number(typed) is None


def test_every_number_that_a_form_gets_can_be_read():
    for _ in range(200):
        number = SubmissionKey.issue(1, 1, DAY).case_number
        assert read_case_number(number) == number
