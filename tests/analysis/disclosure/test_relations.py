import numpy as np
import pytest

from analysis.disclosure.relations import CountRelations
from analysis.errors import AnalysisError


def test_pairs_and_runs_say_the_same():
    runs = CountRelations(total=[0, 0], start=[0, 2, 5], part=[1, 2, 3, 4, 5])
    pairs = CountRelations.of([(0, [1, 2]), (0, [3, 4, 5])])
    for name in ("total", "start", "part"):
        assert getattr(runs, name).tolist() == getattr(pairs, name).tolist()
        assert not getattr(runs, name).flags.writeable
    assert len(runs) == 2
    assert runs.n_cells == 6


def test_a_publication_may_have_no_relation():
    none = CountRelations.of([])
    assert len(none) == none.n_cells == 0
    assert none.check([3, 0]).tolist() == [3, 0]


def test_members_are_the_kept_cells_of_each_relation():
    relations = CountRelations.of([(0, [1, 2]), (3, [0, 4])])
    relation, cell, sign = relations.members(np.array([True, False, True, False, True]))
    assert relation.tolist() == [0, 0, 1, 1]
    assert cell.tolist() == [2, 0, 0, 4]
    assert sign.tolist() == [1, -1, 1, 1]


@pytest.mark.parametrize(
    ("total", "start", "part", "message"),
    [
        ([-1], [0, 1], [1], "total must not be negative; got -1"),
        ([0], [0, 1], [-2], "part must not be negative; got -2"),
        ([0], [0, 1], [1.5], "part must hold whole numbers"),
        ([0], [0, 1, 2], [1, 2], r"start must have shape \(2,\)"),
        ([0], [0, 1], [1, 2], r"start must go from 0 to 2; got \(0, 1\)"),
        ([0, 3], [0, 2, 2], [1, 2], "start must rise"),
        ([0], [0, 2], [1, 1], "part must name each cell of a relation once; got 1"),
        ([0], [0, 2], [1, 0], "part must name each cell of a relation once; got 0"),
    ],
)
def test_what_is_no_relation_is_refused(total, start, part, message):
    with pytest.raises(AnalysisError, match=message):
        CountRelations(total, start, part)


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        ([3, 1, -2], "counts must not be negative; got -2"),
        ([3, 1], "counts must have 3 cells at least; got 2"),
        ([3, 1, 1], "counts must add up to the total, unlike those of cell; got 0"),
        ([3.5, 1.5, 2], "counts must hold whole numbers"),
    ],
)
def test_counts_that_do_not_add_up_are_refused(counts, message):
    with pytest.raises(AnalysisError, match=message):
        CountRelations.of([(0, [1, 2])]).check(counts)
