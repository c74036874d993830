import numpy as np
import pytest

from analysis.disclosure.audit import audit_hidden
from tests.analysis.disclosure.optimum import compare, least_hidden, random_table


@pytest.mark.parametrize("seed", [1, 2])
def test_the_audit_passes_what_the_exact_model_hides(seed):
    """Two ways of saying what protected means; and one cell fewer of those added is too few."""
    counts, relations = random_table(seed, (3, 4))
    hidden = least_hidden(counts, relations, 5, np.ones(counts.size))
    assert audit_hidden(counts, relations, hidden, 5).is_clean
    for cell in np.flatnonzero(hidden & (counts >= 5)):
        fewer = hidden & (np.arange(counts.size) != cell)
        assert not audit_hidden(counts, relations, fewer, 5).is_clean


def test_it_hides_little_more_than_the_least():
    """In 4 x 4 tables; docs/analysis.md has the figures of more of them."""
    ours_cells, least_cells, ours_sum, least_sum = compare(range(5)).sum(axis=0)
    assert least_cells <= ours_cells <= 1.25 * least_cells
    assert least_sum <= ours_sum <= 1.4 * least_sum
