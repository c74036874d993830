"""What both margins of a table of counts prove, against trying every table."""

from itertools import product

import numpy as np
from hypothesis import given, strategies as st

from survey_app.publish.releasing.crossed import known_dissatisfied

CELL = st.integers(0, 2).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(
    st.integers(1, 3).flatmap(
        lambda n: st.lists(st.lists(CELL, min_size=n, max_size=n), min_size=1, max_size=3)
    )
)
def test_a_cell_is_told_exactly_if_no_table_of_the_same_sums_has_a_satisfied_answer_there(
    cells: list[list[tuple[int, int]]],
) -> None:
    table = np.array(cells)
    satisfied, valid = table[..., 0], table[..., 1]
    most = np.zeros_like(satisfied)
    for one in product(*(range(n + 1) for n in valid.ravel().tolist())):
        tried = np.array(one).reshape(valid.shape)
        if (tried.sum(0) == satisfied.sum(0)).all() and (tried.sum(1) == satisfied.sum(1)).all():
            most = np.maximum(most, tried)
    assert known_dissatisfied(satisfied, valid).tolist() == ((valid > 0) & (most == 0)).tolist()


def test_what_a_wholly_satisfied_counter_leaves_to_the_other_is_told() -> None:
    told = known_dissatisfied(np.array([[5, 5], [5, 0]]), np.full((2, 2), 5))
    assert told.tolist() == [[False, False], [False, True]]
