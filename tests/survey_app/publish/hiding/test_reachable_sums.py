"""A rounded share that fixes what a few people of one weight answered is found, and no other."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings as hypothesis_settings, strategies as st

from survey_app.publish.hiding.reachable_sums import FEW, Classes, fixes_a_few

HALF = 0.0005


def classes_of(*told: tuple[float, int, int]) -> Classes:
    """Lay out weight, answers and satisfied answers; each person answered once."""
    weight, n, satisfied = zip(*sorted(told), strict=True)
    return Classes(np.array(weight), np.array(n), np.array(n), np.array(satisfied))


def limits_of(classes: Classes) -> tuple[float, float]:
    printed = round(float(classes.weight @ classes.satisfied) / classes.total, 3)
    return printed - HALF, printed + HALF


def one_by_one(classes: Classes, low: float, high: float) -> bool:
    """Try all answers that there may be."""
    if high >= 1 or classes.n.size < 2:
        return False
    every = np.array(list(product(*(range(n + 1) for n in classes.n.tolist()))))
    share = every @ classes.weight / classes.total
    fitting = every[(low <= share) & (share <= high)]
    few = np.flatnonzero(classes.n_people < FEW)
    return any(np.unique(fitting[:, place]).size <= 1 for place in few)


weighted = st.lists(
    st.integers(10, 400).flatmap(
        lambda weight: st.integers(1, 6).flatmap(
            lambda n: st.tuples(st.just(weight / 7), st.just(n), st.integers(0, n))
        )
    ),
    min_size=1,
    max_size=5,
    unique_by=lambda one: one[0],
)


@hypothesis_settings(max_examples=300, deadline=None)
@given(weighted)
def test_as_if_all_answers_were_tried(told: list[tuple[float, int, int]]) -> None:
    classes = classes_of(*told)
    low, high = limits_of(classes)
    found = fixes_a_few(classes, low, high)
    # By the width of the grid it is sure of less: an interval a little narrower it is right about.
    assert found >= one_by_one(classes, low, high)
    narrow = HALF / 5
    assert found <= one_by_one(classes, low + narrow, high - narrow)


@pytest.mark.parametrize("satisfied", [0, 1])
def test_one_against_fourteen_is_told_whatever_he_answered(satisfied: int) -> None:
    classes = classes_of((41.72, 1, satisfied), (17.39, 14, 9))
    assert fixes_a_few(classes, *limits_of(classes))


def test_that_all_are_satisfied_is_no_secret() -> None:
    classes = classes_of((41.72, 1, 1), (17.39, 14, 14))
    assert not fixes_a_few(classes, *limits_of(classes))


def test_five_of_each_weight_hide_one_another() -> None:
    classes = classes_of((41.72, 5, 2), (17.39, 14, 9))
    assert not fixes_a_few(classes, *limits_of(classes))


def test_alike_weights_hide_one_another() -> None:
    classes = classes_of((17.38, 1, 0), (17.39, 14, 9))
    assert not fixes_a_few(classes, *limits_of(classes))


def test_a_large_figure_takes_no_time() -> None:
    random = np.random.default_rng(7)
    classes = classes_of(*((float(w), 12, 7) for w in random.uniform(20, 90, 150)), (700.0, 1, 0))
    assert not fixes_a_few(classes, *limits_of(classes))
