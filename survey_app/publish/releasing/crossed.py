"""What sums by counter and sums by question, taken together, give away of what is published of neither.

The answers of one counter to one question have no figure of their own. Still, where one counter was satisfied
throughout, what is left of each question's sum belongs to the other counters.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.integer[Any]]
Booleans = NDArray[np.bool_]


def known_dissatisfied(satisfied: Integers, valid: Integers) -> Booleans:
    """Tell for which cells (row, column) both margins together prove that nobody was satisfied.

    Satisfied answers can be moved without changing any margin only round a cycle of cells, in turn one that
    has room for one more and one that can lose one. So a cell without any could have some exactly if its row
    and its column reach each other by such steps. How many answered each cell is taken to be known.
    """
    n_rows, n_columns = satisfied.shape
    reaches = np.eye(n_rows + n_columns, dtype=np.bool_)
    reaches[:n_rows, n_rows:] = satisfied < valid
    reaches[n_rows:, :n_rows] = (satisfied > 0).T
    n_steps = 1
    while n_steps < len(reaches):
        reaches, n_steps = (reaches.astype(np.float32) @ reaches.astype(np.float32)) > 0, 2 * n_steps
    told: Booleans = (valid > 0) & (satisfied == 0) & ~reaches[n_rows:, :n_rows].T
    return told
