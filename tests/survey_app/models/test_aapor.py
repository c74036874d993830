"""Outcomes."""

from survey_app.models import aapor


def test_each_outcome_has_a_group_and_only_hopeless_ones_call_in():
    assert {aapor.group_of(code) for code in aapor.OUTCOMES} == set(aapor.GROUPS)
    assert aapor.group_of(None) == aapor.UNKNOWN
    called = {code for code in aapor.OUTCOMES if code in aapor.CALLS_IN_RESERVE}
    assert called == aapor.CALLS_IN_RESERVE
    assert {code for code in aapor.OUTCOMES if aapor.group_of(code) == aapor.INELIGIBLE} < called
    assert not {code for code in called if aapor.group_of(code) in {aapor.RESPONDENT, aapor.ELIGIBLE}}
