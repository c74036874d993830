"""Non-response: those who answered take over the weight of those in their cell who did not."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import asdict, dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.arguments import as_booleans
from analysis.errors import AnalysisError
from analysis.sums.psu_sums import sum_rows
from analysis.weighting.cells import merge_thin_cells
from analysis.weighting.inputs import Labels, as_labels, as_weights, composed, encode, is_missing

_MINIMUM_OF: Final = {"responded": "min_respondents", "eligibility_known": "min_known"}


@dataclass(frozen=True)
class ResponseCell:
    """One adjustment cell as it was used.

    Parameters
    ----------
    name : label
        The cell; where cells were merged, the one that took in the others.
    members : tuple of labels
        All cells of the data that it holds, itself first.
    n_cases : int
        Rows of positive weight.
    n_responded : int
        Of these, rows that keep a weight.
    response_rate : float in (0, 1]
        Weighted.
    factor : float >= 1
        What their weights were multiplied by, 1 / response_rate.

    Examples
    --------
    >>> from analysis.weighting.nonresponse import ResponseCell
    >>> ResponseCell("land", ("land", "social"), 50, 40, 0.8, 1.25).factor
    1.25
    """

    name: Hashable
    members: tuple[Hashable, ...]
    n_cases: int
    n_responded: int
    response_rate: float
    factor: float


@dataclass(frozen=True, eq=False, repr=False)
class ResponseAdjustment:
    """Adjusted weights and the cells behind them; made by `adjust_nonresponse`.

    Parameters
    ----------
    weight : (n,) float, finite and >= 0, read-only
        New weights, 0 for rows that did not respond; the same sum as before in each cell.
    cells : tuple of ResponseCell
        The cells as used, in the order of their names.

    Examples
    --------
    >>> from analysis.weighting.nonresponse import adjust_nonresponse
    >>> adjust_nonresponse([2.0, 2.0, 3.0], [True, False, True], ["a", "a", "b"], min_respondents=1)
    ResponseAdjustment(2 of 3 rows responded, 2 cells, 0 merged away, factors 1 to 2)
    """

    weight: NDArray[np.float64]
    cells: tuple[ResponseCell, ...]

    def __post_init__(self) -> None:
        self.weight.setflags(write=False)

    def __repr__(self) -> str:
        factors = [cell.factor for cell in self.cells]
        merged = sum(len(cell.members) - 1 for cell in self.cells)
        return (
            f"ResponseAdjustment({sum(cell.n_responded for cell in self.cells)} of "
            f"{sum(cell.n_cases for cell in self.cells)} rows responded, {len(self.cells)} cells, "
            f"{merged} merged away, factors {min(factors):.4g} to {max(factors):.4g})"
        )

    def to_dict(self) -> dict[str, object]:
        """Return the cells, ready for JSON where their names are; without the weights."""
        return {"cells": [asdict(cell) for cell in self.cells]}


def adjust_nonresponse(
    weight: ArrayLike,
    responded: ArrayLike,
    cell: Labels,
    min_respondents: int = 20,
    neighbours: Mapping[Hashable, Hashable] | None = None,
    max_factor: float = np.inf,
) -> ResponseAdjustment:
    """Spread the weight of non-respondents over the respondents of their cell.

    Parameters
    ----------
    weight : (n,) float, finite and >= 0
        Base weights of the whole eligible sample, respondents or not. Rows of weight 0 are
        outside (ineligible, say) and keep it; their cell is not looked at.
    responded : (n,) bool
        Whether the case answered.
    cell : (n,) labels
        Weighting class, known for all: such as office × field × month.
    min_respondents : int >= 1
        Respondents that a cell needs. 20 to 30 are usual.
    neighbours : mapping of cell to cell, or None
        Which cell a thin one is merged with. A thin cell without a neighbour is refused.
    max_factor : float >= 1
        Largest factor a cell may have; beyond it the cell counts as thin, too.

    Returns
    -------
    ResponseAdjustment
        New weights and the cells as used. Non-respondents stay as rows of weight 0, so that
        the design keeps their sampling units.

    Raises
    ------
    AnalysisError
        If a weight is negative, not finite, or all are 0; a cell is missing; or a cell is thin and
        has no neighbour left to merge with: the message names it, its respondents and its factor.

    Notes
    -----
    Factor of a cell: sum of d over its cases / sum of d over its respondents. It removes the
    bias of non-response as far as answers and responding are unrelated within cells.

    Merging: while a cell is thin, the one with fewest respondents (ties: by name) joins the cell
    that `neighbours` gives for its name, and the joint cell has that one's name. So the rule
    depends on no order of rows, and a chain a → b → c is followed as far as needed.

    The variance that follows takes the factors as fixed, the new weights as if they were base
    weights, calibrated afterwards or not. It misses what the cells explain, and so is mostly too
    large (Beaumont 2005). Where the cells' totals are known for the population, calibrate on them.

    References
    ----------
    Oh and Scheuren (1983), Weighting adjustment for unit nonresponse, in: Incomplete Data in
    Sample Surveys 2, 143-184. Kalton and Flores-Cervantes (2003), J. Official Statistics 19, 81-97.
    Beaumont (2005), J. R. Stat. Soc. B 67, 445-458.

    Examples
    --------
    >>> from analysis.weighting.nonresponse import adjust_nonresponse
    >>> result = adjust_nonresponse(
    ...     weight=[10.0, 10.0, 10.0, 20.0, 20.0],
    ...     responded=[True, True, False, True, False],
    ...     cell=["centre", "centre", "centre", "hills", "hills"],
    ...     min_respondents=2,
    ...     neighbours={"hills": "centre"},
    ... )
    >>> result.weight.tolist(), result.cells[0].members
    ([17.5, 17.5, 0.0, 35.0, 0.0], ('centre', 'hills'))
    """
    return _adjust(weight, ("responded", responded), cell, (min_respondents, max_factor), neighbours)


def adjust_unknown_eligibility(
    weight: ArrayLike,
    eligibility_known: ArrayLike,
    cell: Labels,
    min_known: int = 20,
    neighbours: Mapping[Hashable, Hashable] | None = None,
    max_factor: float = np.inf,
) -> ResponseAdjustment:
    """Spread the weight of cases of unknown eligibility over those where it is known.

    Parameters
    ----------
    weight : (n,) float, finite and >= 0
        Base weights of the whole sample. Rows of weight 0 are outside and keep it.
    eligibility_known : (n,) bool
        Whether the case is known to be eligible or known to be not; True for both.
    cell : (n,) labels
        Weighting class, known for all.
    min_known : int >= 1
        Cases of known eligibility that a cell needs.
    neighbours : mapping of cell to cell, or None
        Which cell a thin one is merged with.
    max_factor : float >= 1
        Largest factor a cell may have.

    Returns
    -------
    ResponseAdjustment
        New weights; 0 where unknown. Ineligible cases keep theirs: they stand for the ineligible
        among the unknown, and get weight 0 by the caller before `adjust_nonresponse`.

    Raises
    ------
    AnalysisError
        As `adjust_nonresponse`.

    Notes
    -----
    Factor of a cell: sum of d over its cases / sum of d over its known cases. Among the unknown
    the share of eligible cases is thereby taken to be that among the known of the cell: the e of
    the AAPOR response rates 3 and 4, by cell.

    References
    ----------
    AAPOR (2016), Standard Definitions, 9th edition, part on response rates. Valliant, Dever and
    Kreuter (2018), Practical Tools for Designing and Weighting Survey Samples, section 13.4.

    Examples
    --------
    >>> from analysis.weighting.nonresponse import adjust_unknown_eligibility
    >>> known = [True, True, False]
    >>> adjust_unknown_eligibility([2.0, 4.0, 3.0], known, ["a"] * 3, min_known=1).weight.tolist()
    [3.0, 6.0, 0.0]
    """
    return _adjust(
        weight, ("eligibility_known", eligibility_known), cell, (min_known, max_factor), neighbours
    )


def _adjust(
    weight: ArrayLike,
    kept: tuple[str, ArrayLike],
    cell: Labels,
    limits: tuple[int, float],
    neighbours: Mapping[Hashable, Hashable] | None,
) -> ResponseAdjustment:
    weights = as_weights("weight", weight)
    if limits[0] < 1:
        raise AnalysisError(_MINIMUM_OF[kept[0]], "be at least 1", limits[0])
    if not limits[1] >= 1:
        raise AnalysisError("max_factor", "be at least 1", limits[1])
    inside = weights > 0
    keeps = as_booleans(*kept, weights.shape) & inside
    names, code = _read_cells(cell, inside)
    all_weight = sum_rows(code, len(names), weights)
    kept_weight = sum_rows(code, len(names), weights * keeps)
    n_kept = sum_rows(code, len(names), keeps).astype(np.int64)
    named = {composed(thin): composed(other) for thin, other in (neighbours or {}).items()}
    home = merge_thin_cells(names, (all_weight, kept_weight, n_kept), limits, named)
    joint = [sum_rows(home, len(names), sums) for sums in (all_weight, kept_weight)]
    factor = np.divide(joint[0], joint[1], out=np.zeros_like(joint[0]), where=joint[1] > 0)
    n_cases = sum_rows(code, len(names), inside).astype(np.int64)
    cells = [
        _describe(names, np.flatnonzero(home == place), place, (n_cases, n_kept), factor[place])
        for place in np.unique(home)
    ]
    return ResponseAdjustment(
        weight=weights * keeps * factor[home[code]],
        cells=tuple(sorted(cells, key=lambda found: str(found.name))),
    )


def _read_cells(cell: Labels, inside: NDArray[np.bool_]) -> tuple[list[Hashable], NDArray[np.int64]]:
    """Return the cells that occur, by name, and the place of each row's cell (0 for rows outside)."""
    labels = as_labels("cell", cell, inside.size)
    present = {label for label, counts in zip(labels, inside.tolist(), strict=True) if counts}
    for label in present:
        if is_missing(label):
            raise AnalysisError("cell", "have a label in every row of positive weight", label)
    names = sorted(present, key=str)
    code = encode(labels, {label: place for place, label in enumerate(names)}, 0)
    code[~inside] = 0
    return names, code


def _describe(
    names: list[Hashable],
    members: NDArray[np.int64],
    root: int,
    counts: tuple[NDArray[np.int64], NDArray[np.int64]],
    factor: float,
) -> ResponseCell:
    others = [names[place] for place in members if place != root]
    return ResponseCell(
        name=names[root],
        members=(names[root], *others),
        n_cases=int(counts[0][members].sum()),
        n_responded=int(counts[1][members].sum()),
        response_rate=float(1 / factor),
        factor=float(factor),
    )
