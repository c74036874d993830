"""How often rank sets hold in simulated tables; the tests call it small, the guide quotes it large."""

import math

import numpy as np

from analysis.comparison.compared import ComparedEstimates
from analysis.ranking.sets import rank_sets

TRUTHS = {
    "spread": lambda n: np.linspace(70.0, 95.0, n),
    "ties": lambda n: np.resize([60.0, 80.0, 85.0, 90.0], n),
    "equal": lambda n: np.full(n, 85.0),
}


def coverage(n, truth, freedom, n_tables, assumed_freedom=None, **options):
    """Give the share of tables in which all sets hold together, and the least share of any office.

    Standard errors lie between 0.6 and 2.7 and are estimated with `freedom` degrees of freedom; the sets
    are told `assumed_freedom`. A set holds if it covers all ranks that the office shares with its equals.
    """
    random = np.random.default_rng(20251122)
    truths = TRUTHS[truth](n)
    true_error = random.permutation(np.exp(np.linspace(-0.5, 1.0, n)))
    best = 1 + (truths > truths[:, None]).sum(axis=1)
    worst = n - (truths < truths[:, None]).sum(axis=1)
    held = np.zeros((n_tables, n), dtype=bool)
    for table in range(n_tables):
        estimate = truths + true_error * random.standard_normal(n)
        error = true_error
        if math.isfinite(freedom):
            error = true_error * np.sqrt(random.chisquare(freedom, n) / freedom)
        told = freedom if assumed_freedom is None else assumed_freedom
        found = rank_sets(ComparedEstimates(estimate, error, told), seed=table, **options)
        held[table] = (found.best_rank <= best) & (worst <= found.worst_rank)
    return held.all(axis=1).mean(), held.mean(axis=0).min()
