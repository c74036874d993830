"""Outcomes and response rates."""

import pytest

from survey_app.models import aapor


def test_each_outcome_has_a_group_and_only_hopeless_ones_call_in():
    assert {aapor.group_of(code) for code in aapor.OUTCOMES} == set(aapor.GROUPS)
    assert aapor.group_of(None) == aapor.UNKNOWN
    called = {code for code in aapor.OUTCOMES if code in aapor.CALLS_IN_RESERVE}
    assert called == aapor.CALLS_IN_RESERVE
    assert {code for code in aapor.OUTCOMES if aapor.group_of(code) == aapor.INELIGIBLE} < called
    assert not {code for code in called if aapor.group_of(code) in {aapor.RESPONDENT, aapor.ELIGIBLE}}


def test_rates_are_the_standards_smallest():
    # I = 40, P = 10, R + NC + O = 20, UH + UO = 30: RR1 = 40/100, RR2 = 50/100; not eligible counts nowhere.
    counts = {"1.1": 40, "1.2": 10, "2.1": 12, "2.2": 8, "3.2": 10, None: 20, "4.1": 15}
    assert aapor.response_rates(counts) == (pytest.approx(0.4), pytest.approx(0.5))
    assert aapor.response_rates({"4.1": 3}) is None
