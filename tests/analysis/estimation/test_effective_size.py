import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis import AnalysisError, effective_sample_size


def test_a_design_effect_of_two_halves_the_sample():
    assert effective_sample_size(0.8, 2 * 0.8 * 0.2 / 400, 400, 400) == pytest.approx(200)


def test_a_variance_small_by_chance_promises_no_more_than_the_answers():
    assert effective_sample_size(0.8, 1e-9, 400, 300) == 400


@pytest.mark.parametrize(("p", "variance"), [(0.0, 0.0), (1.0, 0.0), (0.7, 0.0), (1.0, 1e-5)])
def test_where_nothing_varies_respondents_count_as_kish_says(p, variance):
    assert effective_sample_size(p, variance, 400, 90) == 90


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((1.1, 0.1, 5, 5), "proportion must"),
        ((0.5, -0.1, 5, 5), "variance must"),
        ((0.5, 0.1, 0, 5), "n_respondents must"),
        ((0.5, 0.1, 5, 0), "n_kish must"),
    ],
)
def test_numbers_out_of_range_are_refused(arguments, message):
    with pytest.raises(AnalysisError, match=message):
        effective_sample_size(*arguments)


@given(st.floats(0, 1), st.floats(0, 0.25), st.floats(1, 1e6), st.floats(0.01, 1))
def test_it_is_positive_and_never_above_the_answers(p, variance, answers, share):
    assert 0 < effective_sample_size(p, variance, answers, share * answers) <= answers
