import numpy as np
from hypothesis import given, strategies as st
from hypothesis.extra import numpy as hnp

from analysis.disclosure.null_space import determined
from tests.analysis.disclosure.tables import Publication, publications, solved_by_fractions


def entries(matrix):
    row, column = np.nonzero(matrix)
    return row, column, np.asarray(matrix)[row, column]


def test_one_unknown_alone_is_determined():
    assert determined(*entries([[1]])) == {0}
    assert determined(*entries([[1, -1]])) == set()


def test_a_square_of_unknowns_stays_open_and_a_triangle_does_not():
    square = [[1, 1, 0, 0], [0, 0, 1, 1], [1, 0, 1, 0], [0, 1, 0, 1]]
    assert determined(*entries(square)) == set()
    triangle = [[1, 1, 0], [0, 1, 1], [1, 0, 1]]
    assert determined(*entries(triangle)) == {0, 1, 2}


def test_what_follows_from_several_relations_together_is_found():
    # a + b + c = s, b + c + d = t and a - d = s - t are one statement fewer; a + d adds both
    rows = [[1, 1, 1, 0], [0, 1, 1, 1], [1, 0, 0, 1]]
    assert determined(*entries(rows)) == {0, 3}


def test_no_unknown_at_all():
    assert determined(*entries(np.zeros((0, 0), dtype=int))) == set()


@given(publications(), st.data())
def test_it_is_exactly_what_fractions_solve(publication: Publication, data):
    hidden = data.draw(hnp.arrays(np.bool_, publication.counts.size))
    found = determined(*publication.relations.members(hidden))
    assert found == solved_by_fractions(publication, hidden)
