"""Coverage of the default 95 % interval by simulation: each replicate is one office of one call."""

import numpy as np
import pytest

from analysis import pooled_index, tally_counts

REPLICATES = 1500


def beta(rng, mean, correlation):
    """Shares around `mean` whose bearers agree within themselves to the given correlation."""
    spread = 1 / correlation - 1
    return rng.beta(np.maximum(mean * spread, 1e-12), np.maximum((1 - mean) * spread, 1e-12))


def coverage(p, n_psus, psu_size, correlation, seed, n_items=1):
    """Offices of `n_psus` wards; with several items, answers of one person correlate at 0.3."""
    rng = np.random.default_rng(seed)
    wards = np.full(REPLICATES * n_psus, p)
    if correlation:
        wards = beta(rng, wards, correlation)
    people = np.repeat(wards[:, None], psu_size, axis=1)
    if n_items > 1:
        people = beta(rng, people, 0.3)
    satisfied = (rng.random((*people.shape, n_items)) < people[..., None]).sum(axis=1)
    office = np.repeat(np.arange(REPLICATES), n_psus)
    n = np.full(wards.size, psu_size)
    sums = tally_counts(office, np.arange(wards.size), n, satisfied, np.repeat(n[:, None], n_items, axis=1))
    found = pooled_index(sums, np.arange(REPLICATES), {"all": range(n_items)}).values()
    intervals = [estimate.confidence_interval() for estimate in found]
    return np.mean([interval.low <= p <= interval.high for interval in intervals])


# Observed with this seed at p = 0.85, 0.95, 0.99:
#   27 people, each a PSU                   94.7  95.8  96.6 %
#   100 people, each a PSU                  96.3  95.9  91.7 %
#   10 wards of 10, correlation 0.05        97.7  96.3  97.4 %
#   5 wards of 10, correlation 0.10         98.7  98.9  97.9 %
@pytest.mark.parametrize(
    ("n_psus", "psu_size", "correlation"), [(27, 1, 0), (100, 1, 0), (10, 10, 0.05), (5, 10, 0.1)]
)
@pytest.mark.parametrize("p", [0.85, 0.95, 0.99])
def test_the_default_interval_covers_at_least_90_percent(p, n_psus, psu_size, correlation):
    assert coverage(p, n_psus, psu_size, correlation, seed=20251122) >= 0.90


@pytest.mark.parametrize(("n_psus", "psu_size", "correlation"), [(100, 1, 0), (5, 10, 0.05), (10, 10, 0.05)])
@pytest.mark.parametrize("p", [0.85, 0.95, 0.99])
def test_it_covers_the_index_of_22_pooled_items_too(p, n_psus, psu_size, correlation):
    assert coverage(p, n_psus, psu_size, correlation, seed=20251122, n_items=22) >= 0.90
