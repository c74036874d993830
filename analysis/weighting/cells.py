"""Adjustment cells: which ones are too thin, and with which named neighbour they are merged."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Final, NoReturn

import numpy as np
from numpy.typing import NDArray

from analysis.errors import AnalysisError

CellSums = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]

_ROUNDING: Final = 1e-12  # relative; it must not decide about a factor at its limit


def merge_thin_cells(
    names: Sequence[Hashable],
    sums: CellSums,
    limits: tuple[int, float],
    neighbours: Mapping[Hashable, Hashable],
) -> NDArray[np.int64]:
    """Return for each cell the place of the cell that it is part of after merging.

    Parameters
    ----------
    names : C labels, in the order that breaks ties
    sums : (C,) weight of all cases, weight of those kept, number of those kept
    limits : number kept that a cell needs, largest factor it may have
    neighbours : cell with which a thin one is merged

    Raises
    ------
    AnalysisError
        If a thin cell has no neighbour left.
    """
    minimum, max_factor = limits
    place = {name: index for index, name in enumerate(names)}
    home = np.arange(len(names))
    whole, kept, n_kept = (column.copy() for column in sums)
    alive = np.ones(len(names), dtype=np.bool_)
    while True:
        factor = np.divide(whole, kept, out=np.full_like(whole, np.inf), where=kept > 0)
        thin = alive & ((n_kept < minimum) | (factor > max_factor * (1 + _ROUNDING)))
        if not thin.any():
            return home
        root = int(np.flatnonzero(thin)[n_kept[thin].argmin()])
        wanted = neighbours.get(names[root])
        target = home[place[wanted]] if wanted in place else root
        if target == root:
            _refuse(names[root], int(n_kept[root]), float(factor[root]), wanted)
        home[home == root] = target
        for column in (whole, kept, n_kept):
            column[target] += column[root]
        alive[root] = False


def _refuse(name: Hashable, n_kept: int, factor: float, wanted: Hashable) -> NoReturn:
    why = "no neighbour is named for it" if wanted is None else f"its neighbour {wanted!r} is no other cell"
    rule = f"hold enough cases that keep a weight; {name!r} is too thin and {why}"
    raise AnalysisError("cell", rule, f"{n_kept} kept, factor {factor:.4g}")
