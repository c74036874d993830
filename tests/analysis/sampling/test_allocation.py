import math
from itertools import pairwise

import pytest
from hypothesis import given, strategies as st

from analysis import AnalysisError
from analysis.sampling.allocation import (
    equal_allocation,
    neyman_allocation,
    power_allocation,
    proportional_allocation,
)

RULES = {
    "equal": equal_allocation,
    "proportional": proportional_allocation,
    "power": power_allocation,
    "neyman": lambda n, population, minimum=0: neyman_allocation(
        n, population, {h: 0.5 - 0.03 * i for i, h in enumerate(sorted(population))}, minimum=minimum
    ),
}


@st.composite
def plans(draw):
    population = draw(
        st.dictionaries(
            st.text("abcdeđ", min_size=1, max_size=3), st.integers(1, 10**5), min_size=1, max_size=12
        )
    )
    minimum = draw(st.integers(0, min(population.values())))
    n = draw(st.integers(max(1, minimum * len(population)), sum(population.values())))
    return n, population, minimum


@pytest.mark.parametrize("rule", RULES)
@given(plan=plans())
def test_every_allocation_adds_up_between_minimum_and_population(rule, plan):
    n, population, minimum = plan
    shares = RULES[rule](n, population, minimum=minimum)
    assert sum(shares.values()) == n
    assert list(shares) == list(population)
    assert all(minimum <= shares[h] <= population[h] for h in population)


@pytest.mark.parametrize("rule", RULES)
@given(plan=plans(), seed=st.randoms(use_true_random=False))
def test_the_order_of_strata_plays_no_part(rule, plan, seed):
    n, population, minimum = plan
    mixed = list(population.items())
    seed.shuffle(mixed)
    assert RULES[rule](n, dict(mixed), minimum=minimum) == RULES[rule](n, population, minimum=minimum)


@given(plan=plans())
def test_proportional_shares_differ_from_their_quota_by_less_than_one(plan):
    n, population, _ = plan
    total = sum(population.values())
    for stratum, share in proportional_allocation(n, population).items():
        assert abs(share - n * population[stratum] / total) < 1 + 1e-9


@given(plan=plans())
def test_larger_strata_never_get_less(plan):
    n, population, minimum = plan
    for rule in (equal_allocation, proportional_allocation, power_allocation):
        shares = rule(n, population, minimum=minimum)
        by_size = sorted(population, key=population.__getitem__)
        assert all(
            shares[small] <= shares[large]
            for small, large in pairwise(by_size)
            if population[small] < population[large]
        )


@given(plan=plans())
def test_power_one_is_proportional_and_power_zero_is_equal(plan):
    n, population, minimum = plan
    assert power_allocation(n, population, 1.0, minimum=minimum) == proportional_allocation(
        n, population, minimum=minimum
    )
    assert power_allocation(n, population, 0.0, minimum=minimum) == equal_allocation(
        n, population, minimum=minimum
    )


def test_equal_parts_that_a_small_office_cannot_take_go_to_the_others():
    assert equal_allocation(90, {"A": 5, "B": 30, "C": 400}) == {"A": 5, "B": 30, "C": 55}


def test_neyman_by_hand():
    # N·S = 100, 200, 200 of 500: quotas 20, 40, 40
    shares = neyman_allocation(100, {"A": 200, "B": 500, "C": 2000}, {"A": 0.5, "B": 0.4, "C": 0.1})
    assert shares == {"A": 20, "B": 40, "C": 40}


def test_neyman_has_the_smallest_variance_of_all_allocations():
    population, spread, n = {"A": 30, "B": 60, "C": 90}, {"A": 0.5, "B": 0.2, "C": 0.3}, 18

    def variance(shares):
        return sum(
            population[h] ** 2 * spread[h] ** 2 * (1 / k - 1 / population[h]) for h, k in shares.items()
        )

    every = [{"A": a, "B": b, "C": n - a - b} for a in range(1, n - 1) for b in range(1, n - a)]
    best = neyman_allocation(n, population, spread)
    assert variance(best) == pytest.approx(min(map(variance, every)), rel=1e-12)


def test_bankier_by_hand():
    # C·sqrt(N): 1·10, 2·20, 0.5·50 = 10, 40, 25 of 75
    variation = {"A": 1.0, "B": 2.0, "C": 0.5}
    shares = power_allocation(150, {"A": 100, "B": 400, "C": 2500}, variation=variation)
    assert shares == {"A": 20, "B": 80, "C": 50}


def test_the_minimum_is_taken_from_those_above_it():
    # quotas of 60: 0.6, 5.4, 54; A and B are raised to 10, C keeps 40
    assert proportional_allocation(60, {"A": 10, "B": 90, "C": 900}, minimum=10) == {
        "A": 10,
        "B": 10,
        "C": 40,
    }


def test_minimum_and_population_bind_together():
    # N·S = 80, 1, 1; A is full at 100 units and B at its minimum of 20, so that C takes the other 30
    shares = neyman_allocation(
        150, {"A": 100, "B": 1000, "C": 1000}, {"A": 0.8, "B": 0.001, "C": 0.002}, minimum=20
    )
    assert shares == {"A": 100, "B": 20, "C": 30}


def test_ties_go_to_the_larger_population_then_to_the_first_name():
    assert equal_allocation(8, {"C": 50, "A": 50, "B": 60}) == {"C": 2, "A": 3, "B": 3}
    assert equal_allocation(4, {"C": 50, "B": 50, "A": 50}) == {"C": 1, "B": 1, "A": 2}


def test_a_tie_survives_the_last_digit_of_a_float():
    # 0.1 + 0.2 is not 0.3 to a float; both strata have the same share and the tie rule decides
    shares = neyman_allocation(3, {"B": 10, "A": 10}, {"B": 0.1 + 0.2, "A": 0.3})
    assert shares == {"B": 1, "A": 2}


def test_strata_without_spread_share_what_the_others_cannot_take():
    shares = neyman_allocation(50, {"A": 10, "B": 30, "C": 90}, {"A": 0.5, "B": 0.0, "C": 0.0}, minimum=2)
    assert shares == {"A": 10, "B": 10, "C": 30}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: equal_allocation(40, {"A": 12, "B": 90}, minimum=20),
            "minimum must not exceed the 12 units of stratum 'A'; got 20",
        ),
        (
            lambda: equal_allocation(103, {"A": 12, "B": 90}),
            "n must not exceed the whole population of 102; got 103",
        ),
        (lambda: equal_allocation(9, {"A": 12, "B": 90}, minimum=5), "n must be at least 10, the minimum"),
        (lambda: equal_allocation(0, {"A": 12}), "n must be a whole number of at least 1; got 0"),
        (lambda: equal_allocation(-1, {"A": 12}), "n must be a whole number of at least 1; got -1"),
        (lambda: equal_allocation(math.nan, {"A": 12}), "n must be a whole number; got nan"),
        (lambda: equal_allocation(2.5, {"A": 12}), "n must be a whole number; got 2.5"),
        (lambda: equal_allocation(2, {"A": 12}, minimum=-1), "minimum must be a whole number of at least 0"),
        (lambda: equal_allocation(2, {}), "population must map at least one stratum to its number; got {}"),
        (lambda: equal_allocation(2, {1: 12}), "population must name its strata by text; got 1"),
        (
            lambda: equal_allocation(2, {"A": 0, "B": 9}),
            r"population\['A'\] must be a whole number of at least 1",
        ),
        (lambda: power_allocation(2, {"A": 9}, power=1.5), "power must be above 0 and at most 1; got 1.5"),
        (lambda: power_allocation(2, {"A": 9}, power=math.nan), "power must be a finite number; got nan"),
        (
            lambda: neyman_allocation(2, {"A": 9, "B": 9}, {"A": 0.5}),
            "standard_deviation must have the same strata as population; got 'B'",
        ),
        (
            lambda: neyman_allocation(2, {"A": 9}, {"A": -0.5}),
            r"standard_deviation\['A'\] must lie between 0 and 1e100; got -0.5",
        ),
        (
            lambda: neyman_allocation(2, {"A": 9}, {"A": math.nan}),
            r"standard_deviation\['A'\] must be a finite number; got nan",
        ),
    ],
)
def test_plans_that_cannot_be_met_are_refused(call, message):
    with pytest.raises(AnalysisError, match=message):
        call()
