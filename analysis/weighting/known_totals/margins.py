"""Margins: known totals of the levels of variables, matched with the respondents' labels."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Final, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.arguments import require_choice
from analysis.errors import AnalysisError
from analysis.sums.psu_sums import sum_rows
from analysis.weighting.inputs import Labels, as_labels, as_weights, composed, encode, is_missing

Missing = Literal["refuse", "own_level"]
Totals = Mapping[Hashable, float]

MISSING_LEVEL: Final = "(missing)"
_SUM_TOLERANCE: Final = 1e-9  # relative; known totals are counts, or were rounded as a whole


@dataclass(frozen=True, eq=False)
class Margin:
    """One variable: its levels, their totals, and the level of each row (0 in rows of weight 0)."""

    variable: str
    levels: tuple[Hashable, ...]
    totals: NDArray[np.float64]
    code: NDArray[np.int64]

    def name(self, level: int) -> str:
        """Return a level as messages name it: sex=F."""
        return f"{self.variable}={self.levels[level]}"

    def sums(self, weight: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the sum of the weights by level."""
        return sum_rows(self.code, len(self.levels), weight)

    def indicators(self) -> NDArray[np.float64]:
        """Return one 0/1 column for each level but the first."""
        return np.equal.outer(self.code, np.arange(1, len(self.levels))).astype(np.float64)


def read_margins(
    weight: NDArray[np.float64],
    labels: Mapping[str, Labels],
    totals: Mapping[str, Totals],
    missing: Missing,
) -> list[Margin]:
    """Match the labels of several variables with their margins, which must agree in their sum.

    Raises
    ------
    AnalysisError
        If the variables differ, a margin is broken (see `read_margin`) or two disagree.
    """
    require_choice("missing", missing, get_args(Missing))
    if not labels or set(labels) != set(totals):
        raise AnalysisError("totals", f"name the variables of labels: {sorted(labels)}", sorted(totals))
    margins = [read_margin(name, weight, labels[name], totals[name], missing) for name in labels]
    first = margins[0]
    for margin in margins[1:]:
        if abs(margin.totals.sum() - first.totals.sum()) > _SUM_TOLERANCE * first.totals.sum():
            rule = f"add up to the same sum: {first.variable} to {first.totals.sum():.12g}"
            raise AnalysisError("totals", rule, f"{margin.variable} to {margin.totals.sum():.12g}")
    return margins


def read_margin(
    variable: str, weight: NDArray[np.float64], labels: Labels, totals: Totals, missing: Missing = "refuse"
) -> Margin:
    """Match the labels of one variable with its totals.

    A level that is missing (None, NaN) is refused, or becomes a level of its own whose total is
    its weighted share of the margin's sum; the other totals give it up in proportion.

    Raises
    ------
    AnalysisError
        If a total is not positive and finite, a row of positive weight has a level that the
        margin lacks, or the margin names a level that no such row has.
    """
    levels, known = _read_totals(variable, totals)
    values = as_labels(f"labels[{variable!r}]", labels, weight.size)
    code = encode(values, {level: place for place, level in enumerate(levels)}, -1)
    code[weight == 0] = 0
    unknown = np.flatnonzero(code < 0)
    if missing == "own_level" and unknown.size and all(is_missing(values[row]) for row in unknown):
        share = weight[unknown].sum() / weight.sum()
        code[unknown] = len(levels)
        levels, known = (*levels, MISSING_LEVEL), np.append(known * (1 - share), known.sum() * share)
    elif unknown.size:
        _refuse_label(variable, [values[row] for row in unknown], missing)
    margin = Margin(variable, levels, known, code)
    empty = np.flatnonzero(margin.sums(weight) == 0)
    if empty.size:
        rule = "name only levels that some respondent of positive weight has"
        raise AnalysisError("totals", rule, margin.name(empty[0]))
    return margin


def _read_totals(variable: str, totals: Totals) -> tuple[tuple[Hashable, ...], NDArray[np.float64]]:
    if not totals:
        raise AnalysisError("totals", f"have a level for {variable}", dict(totals))
    known = np.asarray(list(totals.values()))
    if known.dtype.kind not in "iuf":
        raise AnalysisError("totals", f"hold numbers for {variable}", known.dtype.name)
    for level, total in zip(totals, known.tolist(), strict=True):
        if is_missing(level):
            raise AnalysisError("totals", "name levels, not a missing one", f"{variable}={level}")
        if not (isfinite(total) and total > 0):
            raise AnalysisError("totals", "be positive and finite", f"{variable}={level}: {total}")
    levels = tuple(composed(level) for level in totals)
    if len(set(levels)) < len(levels):
        raise AnalysisError("totals", f"name each level of {variable} once", list(totals))
    return levels, known.astype(np.float64)


def _refuse_label(variable: str, unknown: list[Hashable], missing: Missing) -> None:
    present = [label for label in unknown if not is_missing(label)]
    if present:
        rule = "hold only levels that the margin has"
        raise AnalysisError(f"labels[{variable!r}]", rule, present[0])
    rule = f"have a level in every row of positive weight under missing={missing!r}"
    raise AnalysisError(f"labels[{variable!r}]", rule, unknown[0])


def margin_columns(
    weight: ArrayLike,
    labels: Mapping[str, Labels],
    totals: Mapping[str, Totals],
    missing: Missing = "refuse",
) -> tuple[NDArray[np.float64], dict[str, float]]:
    """Return margins as auxiliaries for `calibrate`: raking with bounds, or GREG on categories.

    Parameters
    ----------
    weight : (n,) float, finite and >= 0
        Weights to be calibrated. Rows of weight 0 are outside; their labels are not looked at.
    labels : mapping of variable to (n,) labels
        Level of each respondent on each variable; None or NaN where missing.
    totals : mapping of variable to {level: total > 0}
        Known population totals; the same sum for each variable.
    missing : {"refuse", "own_level"}
        As in `rake`.

    Returns
    -------
    columns : (n, q) ndarray
        A column of ones, then a 0/1 column for each level but the first of each variable.
    column_totals : dict of str to float
        Their totals by name: ``"N"``, ``"sex=M"`` …

    Raises
    ------
    AnalysisError
        As `rake` for its labels and totals.

    Notes
    -----
    The first levels are left out, since their totals follow from the others.

    References
    ----------
    Deville, Särndal and Sautory (1993), J. Am. Stat. Assoc. 88, 1013-1020.

    Examples
    --------
    >>> from analysis.weighting.known_totals.margins import margin_columns
    >>> margin_columns([1.0, 1.0], {"sex": ["F", "M"]}, {"sex": {"F": 60, "M": 40}})
    (array([[1., 0.],
           [1., 1.]]), {'N': 100.0, 'sex=M': 40.0})
    """
    weights = as_weights("weight", weight)
    margins = read_margins(weights, labels, totals, missing)
    columns = np.column_stack([np.ones_like(weights), *(margin.indicators() for margin in margins)])
    known = {
        margin.name(level): float(margin.totals[level])
        for margin in margins
        for level in range(1, len(margin.levels))
    }
    return columns, {"N": float(margins[0].totals.sum()), **known}
