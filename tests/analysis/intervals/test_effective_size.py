import math

import pytest
from hypothesis import given, strategies as st

from analysis import AnalysisError
from analysis.intervals.effective_size import (
    binomial_sample_size,
    effective_sample_size,
    held_to_people,
)

FREEDOM = st.integers(1, 1000)


def test_a_design_effect_of_two_halves_the_sample():
    assert effective_sample_size(0.8, 2 * 0.8 * 0.2 / 400, 400, 400) == pytest.approx(200)


def test_a_variance_small_by_chance_promises_no_more_than_the_answers():
    assert effective_sample_size(0.8, 1e-9, 400, 300) == 400
    assert effective_sample_size(0.8, 1e-9, 400, 300, cap=False) == pytest.approx(0.16e9)


@pytest.mark.parametrize(("p", "variance"), [(0.0, 0.0), (1.0, 0.0), (0.7, 0.0), (1.0, 1e-5), (0.7, 1e-30)])
def test_where_nothing_varies_respondents_count_as_kish_says(p, variance):
    assert effective_sample_size(p, variance, 400, 90) == 90


def test_the_cap_holds_kish_too_where_people_left_items_out():
    assert effective_sample_size(1.0, 0.0, 30, 50) == 30


def test_an_index_tells_more_than_its_people_as_far_as_the_dissatisfied_speak_for_it():
    # 400 people and 2,000 answers; m = 400 p (1 - p) is 96, 3.96 and 0; n_e 800 in all three.
    found = held_to_people(800, [0.6, 0.99, 1.0], 400, 2000)
    assert found.tolist() == pytest.approx([98 / (96 / 800 + 2 / 400), 5.96 / (3.96 / 800 + 2 / 400), 400])
    assert held_to_people(800, 0.6, 400, 400) == 400  # a single question
    assert held_to_people([90, 400], 0.6, 400, 2000).tolist() == [90, 400]  # nothing to be held


def test_an_index_never_tells_more_than_its_answers():
    assert held_to_people(1e9, 0.5, 1e6, 3e6) == pytest.approx(3e6, rel=1e-4)
    assert held_to_people(1e9, 0.5, 1e6, 3e6) < 3e6


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0, 0.5, 5, 5), "n_effective must"),
        ((5, 0.5, 0, 5), "n_respondents must"),
        ((5, 0.5, 5, math.inf), "n_answers must"),
    ],
)
def test_a_size_held_to_numbers_out_of_range_is_refused(arguments, message):
    with pytest.raises(AnalysisError, match=message):
        held_to_people(*arguments)


@given(st.floats(0.1, 1e6), st.floats(0, 1), st.floats(1, 1e4), st.floats(1, 30))
def test_held_it_lies_between_people_and_answers_and_grows_with_what_is_known(size, p, people, items):
    held, more = held_to_people([size, 1.1 * size], p, people, items * people)
    assert min(size, people) * (1 - 1e-12) <= held <= min(size, items * people) * (1 + 1e-12)
    assert held <= more * (1 + 1e-12)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((1.1, 0.1, 5, 5), "proportion must"),
        ((0.5, -0.1, 5, 5), "variance must"),
        ((0.5, 0.1, 0, 5), "n_respondents must"),
        ((0.5, 0.1, math.inf, 5), "n_respondents must"),
        ((0.5, 0.1, 5, 0), "n_kish must"),
    ],
)
def test_numbers_out_of_range_are_refused(arguments, message):
    with pytest.raises(AnalysisError, match=message):
        effective_sample_size(*arguments)


@given(st.floats(0, 1), st.floats(0, 0.25), st.floats(1, 1e6), st.floats(0.01, 1))
def test_it_is_positive_and_never_above_the_answers(p, variance, answers, share):
    assert 0 < effective_sample_size(p, variance, answers, share * answers) <= answers


def test_few_psus_shorten_the_sample_as_korn_and_graubard_say():
    # R 4.2.2: 200 * (qt(.975, 399) / qt(.975, 9))^2
    assert binomial_sample_size(200, 9, 400) == pytest.approx(151.049521122, rel=1e-9)


def test_a_simple_random_sample_keeps_its_size():
    assert binomial_sample_size([9, 39], [9, 39], [10, 40]).tolist() == pytest.approx([9, 39])


def test_after_the_adjustment_the_cap_acts():
    assert binomial_sample_size(500, 9, 400) == pytest.approx(500 * 151.049521122 / 200, rel=1e-9)
    assert binomial_sample_size(800, 9, 400) == 400
    assert binomial_sample_size(800, 9, 400, cap=False) == pytest.approx(4 * 151.049521122, rel=1e-9)


def test_an_index_of_fewer_answers_than_degrees_of_freedom_is_not_adjusted():
    assert binomial_sample_size(3, 9, 4) == pytest.approx(3)


def test_in_a_small_population_people_tell_more():
    assert binomial_sample_size(800, 9, 400, sampling_fraction=0.2) == 500
    assert binomial_sample_size(200, 9, 400, sampling_fraction=0.2) == binomial_sample_size(200, 9, 400)


@pytest.mark.parametrize("fraction", [-0.1, 1.0])
def test_a_census_has_no_sample_size(fraction):
    with pytest.raises(AnalysisError, match=r"sampling_fraction must lie in \[0, 1\)"):
        binomial_sample_size(5, 5, 5, sampling_fraction=fraction)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0, 5, 5), "n_effective must"),
        ((math.inf, 5, 5), "n_effective must"),
        ((5, 0, 5), "degrees_of_freedom must"),
        ((5, 5, 0), "n_respondents must"),
        ((5, 5, 5, 95), "level must"),
    ],
)
def test_an_adjustment_of_numbers_out_of_range_is_refused(arguments, message):
    with pytest.raises(AnalysisError, match=message):
        binomial_sample_size(*arguments)


@given(st.floats(0.1, 1e6), FREEDOM, st.floats(0.1, 1e6), st.floats(0.5, 0.999))
def test_the_adjusted_size_is_positive_and_above_neither_information_nor_people(effective, freedom, n, level):
    assert 0 < binomial_sample_size(effective, freedom, n, level) <= min(effective * (1 + 1e-12), n)
