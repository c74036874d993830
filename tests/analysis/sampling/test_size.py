import json
import math
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from analysis import AnalysisError
from analysis.sampling.size import (
    margin_of_error,
    sample_size_official,
    sample_size_proportion,
    smallest_detectable_change,
)

MARGINS = st.floats(0.005, 0.5)
SHARES = st.floats(0.01, 0.99)
POPULATIONS = st.integers(1, 10**7)


@pytest.mark.parametrize(
    ("arguments", "n"),
    [
        ({}, 385),  # 1.959964² / 4 / 0.0025 = 384.146
        ({"level": 0.99}, 664),  # 2.575829² · 100 = 663.49
        ({"margin_of_error": 0.03}, 1068),  # 1067.07
        ({"proportion": 0.85}, 196),  # 384.146 · 4 · 0.1275 = 195.91
        ({"population": 500}, 218),  # 384.146 · 500 / 883.146 = 217.49
        ({"population": 10_000}, 370),  # 384.146 · 10,000 / 10,383.146 = 369.97
        ({"design_effect": 2.0}, 769),  # 768.29
        ({"design_effect": 2.0, "population": 500}, 304),  # 768.29 · 500 / 1,267.29 = 303.12
        ({"response_rate": 0.7}, 550),  # 385 / 0.7 = 550.0
        ({"response_rate": 0.8, "population": 10_000}, 463),  # 370 / 0.8 = 462.5
        ({"population": 1}, 1),
    ],
)
def test_sample_sizes_by_hand(arguments, n):
    assert sample_size_proportion(**{"margin_of_error": 0.05, **arguments}) == n


@pytest.mark.parametrize(
    ("population", "n"),
    [(500, 223), (10_000, 385), (400, 200), (1, 1), (106_071, 399), (10**12, 400)],
    # 222.2 and 384.6 are the field's check values; 400 / 2 = 200 must not become 201 by a float's last digit
)
def test_the_official_rule_gives_its_published_sizes(population, n):
    assert sample_size_official(population) == n


@given(POPULATIONS, st.sampled_from([0.01, 0.02, 0.03, 0.04, 0.05, 0.1]))
def test_the_official_rule_is_the_smallest_whole_number_not_below_the_formula(population, e):
    exact = population / (1 + population * Fraction(str(e)) ** 2)
    assert sample_size_official(population, e) == math.ceil(exact)


@given(POPULATIONS)
def test_the_official_rule_is_the_general_one_with_half_and_two(population):
    two = math.erf(math.sqrt(2))  # the level whose normal quantile is 2
    general = sample_size_proportion(0.05, level=two, population=population)
    assert abs(sample_size_official(population) - general) <= 1


@given(MARGINS, SHARES, st.floats(0.5, 0.999), POPULATIONS, st.floats(0.3, 5))
def test_the_size_is_the_smallest_that_keeps_the_margin(e, p, level, population, deff):
    n = sample_size_proportion(e, p, level, population, deff)
    assert 1 <= n <= population
    assert margin_of_error(n, p, level, population, deff) <= e * (1 + 1e-7)
    if n > 1:
        assert margin_of_error(n - 1, p, level, population, deff) > e * (1 - 1e-7)


@given(MARGINS, POPULATIONS)
def test_a_finite_population_never_needs_more(e, population):
    assert sample_size_proportion(e, population=population) <= sample_size_proportion(e)


@given(st.integers(1, 1000))
def test_a_census_has_no_margin_of_error(population):
    assert margin_of_error(population, population=population) == 0


def test_margins_by_hand():
    assert margin_of_error(385) == pytest.approx(1.959963985 * 0.5 / math.sqrt(385), rel=1e-9)
    by_hand = 1.959963985 * math.sqrt(2 * 0.9 * 0.1 / 60 * (100 - 60) / 99)
    assert margin_of_error(60, 0.9, population=100, design_effect=2.0) == pytest.approx(by_hand, rel=1e-9)


def test_the_smallest_change_by_hand():
    # R 4.2.2: qnorm(.975) = 1.959963985, qnorm(.8) = 0.8416212336
    both = 1.959963985 + 0.8416212336
    assert smallest_detectable_change(400, 400) == pytest.approx(both * math.sqrt(0.5 / 400), rel=1e-9)
    overlap = smallest_detectable_change(400, 100, 0.8, correlation=0.3)
    spread = 0.16 * (1 / 400 + 1 / 100 - 2 * 0.3 / 200)
    assert overlap == pytest.approx(both * math.sqrt(spread), rel=1e-9)


@given(st.floats(1, 1e5), st.floats(1, 1e5), SHARES, st.floats(0, 0.99))
def test_overlap_and_size_make_smaller_changes_visible(before, after, p, correlation):
    alone = smallest_detectable_change(before, after, p)
    assert smallest_detectable_change(before, after, p, correlation=correlation) <= alone
    assert smallest_detectable_change(before + 1, after, p) < alone
    assert smallest_detectable_change(before, after, p, power=0.9) > alone


@pytest.mark.parametrize("margin", [-0.05, 0, 1, 5, math.nan, math.inf, "0.05", None, True])
def test_margins_that_are_none_are_refused(margin):
    for rule in (sample_size_proportion, lambda e: sample_size_official(500, e)):
        with pytest.raises(AnalysisError, match="margin_of_error must"):
            rule(margin)


@pytest.mark.parametrize("population", [-5, 0, math.nan, 500.0, "500", True, 2**54])
def test_populations_that_are_none_are_refused(population):
    for rule in (sample_size_official, lambda n: sample_size_proportion(0.05, population=n)):
        with pytest.raises(AnalysisError, match="population must"):
            rule(population)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: sample_size_proportion(0.05, proportion=0), "proportion must lie between 0 and 1; got 0"),
        (lambda: sample_size_proportion(0.05, level=95), "level must lie between 0 and 1; got 95"),
        (lambda: sample_size_proportion(0.05, design_effect=0), "design_effect must be positive; got 0"),
        (
            lambda: sample_size_proportion(0.05, design_effect=math.nan),
            "design_effect must be a finite number",
        ),
        (
            lambda: sample_size_proportion(0.05, response_rate=0),
            "response_rate must be above 0 and at most 1",
        ),
        (
            lambda: sample_size_proportion(0.05, response_rate=1.1),
            "response_rate must be above 0 and at most 1",
        ),
        (
            lambda: sample_size_proportion(0.05, population=100, response_rate=0.6),
            "response_rate must let a population of 100 give the 80 answers needed; got 0.6",
        ),
        (lambda: sample_size_proportion(1e-300), "margin_of_error must be large enough"),
        (lambda: sample_size_proportion(0.05, response_rate=1e-300), "response_rate must be large enough"),
        (lambda: margin_of_error(101, population=100), "n_respondents must not exceed the population of 100"),
        (lambda: margin_of_error(0), "n_respondents must be a whole number of at least 1; got 0"),
        (lambda: margin_of_error(-3), "n_respondents must be a whole number of at least 1; got -3"),
        (lambda: margin_of_error(math.nan), "n_respondents must be a whole number; got nan"),
        (lambda: smallest_detectable_change(0, 5), "n_before must be positive; got 0"),
        (lambda: smallest_detectable_change(5, 0.5), "n_before and n_after must be at least 1; got 0.5"),
        (lambda: smallest_detectable_change(5, 5, power=0.4), "power must be at least 0.5; got 0.4"),
        (lambda: smallest_detectable_change(5, 5, power=1), "power must lie between 0 and 1; got 1"),
        (lambda: smallest_detectable_change(5, 5, correlation=1), "correlation must lie between -1 and 1"),
    ],
)
def test_numbers_out_of_range_are_refused(call, message):
    with pytest.raises(AnalysisError, match=message):
        call()


def test_plain_formulas_load_neither_numpy_nor_scipy():
    code = (
        "import json, sys\n"
        "from analysis.sampling.size import *\n"
        "from analysis.sampling.allocation import *\n"
        "sample_size_proportion(0.05); equal_allocation(4, {'A': 9, 'B': 9})\n"
        "print(json.dumps([*sys.modules]))"
    )
    root = Path(__file__).parents[3]
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True, cwd=root)
    loaded = set(json.loads(run.stdout))
    assert "analysis.sampling.allocation" in loaded
    assert loaded.isdisjoint({"numpy", "scipy", "hashlib"})
