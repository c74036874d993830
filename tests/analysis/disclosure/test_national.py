import numpy as np
import pytest

from analysis.disclosure.audit import audit_hidden
from tests.analysis.disclosure.national import MINIMUM, N_FIGURES, make_figures


@pytest.mark.parametrize("by_people", [False, True])
def test_all_tables_of_two_provinces_are_protected_together(by_people):
    figures = make_figures([20, 14], typical=15)
    assert figures.answers.size == N_FIGURES * (20 + 14 + 2 + 1)
    minimum = figures.minimum(by_people)
    protection = figures.protect(by_people)
    assert protection.secondary.any()
    assert audit_hidden(figures.answers, figures.relations, protection.hidden, minimum).is_clean
    shown = ~protection.hidden & (figures.answers > 0)
    assert (figures.answers[shown] >= MINIMUM).all()
    assert not by_people or (figures.people[shown] >= MINIMUM).all()


def test_hiding_the_small_ones_alone_would_not_do():
    figures = make_figures([20, 14], typical=15)
    small = (figures.answers > 0) & (figures.answers < MINIMUM)
    assert audit_hidden(figures.answers, figures.relations, small, MINIMUM).exact.any()


def test_the_made_up_figures_are_sums():
    figures = make_figures([3], typical=40)
    table = figures.answers.reshape(-1, N_FIGURES)
    np.testing.assert_array_equal(table[:3].sum(0), table[3])
    np.testing.assert_array_equal(table[:, 0], table[:, 6:28].sum(1))
