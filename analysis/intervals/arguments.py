"""What all intervals of a binomial proportion take, checked once."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.arguments import as_numbers, require

Numbers = NDArray[np.float64]
Limits = tuple[Numbers, Numbers]


def as_binomial(
    proportion: ArrayLike, n_effective: ArrayLike, quantile: ArrayLike
) -> tuple[Numbers, Numbers, Numbers]:
    """Return proportion, number of answers and critical value as checked arrays of one shape."""
    p = as_numbers("proportion", proportion)
    n = as_numbers("n_effective", n_effective)
    q = as_numbers("quantile", quantile)
    require((p >= 0) & (p <= 1), "proportion", "lie in [0, 1]", p)
    require((n > 0) & np.isfinite(n), "n_effective", "be positive and finite", n)
    require((q > 0) & np.isfinite(q), "quantile", "be positive and finite", q)
    p, n, q = np.broadcast_arrays(p, n, q)
    return p, n, q
