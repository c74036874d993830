"""What is estimated from the columns of sums: a ratio, a mean of ratios, or a total."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from analysis.arguments import require_choice
from analysis.errors import AnalysisError

Kind = Literal["proportion", "mean", "ratio", "total", "difference"]


@dataclass(frozen=True)
class Measure:
    """One figure per domain.

    Parameters
    ----------
    name : str
        Name in results.
    columns : tuple of int
        Columns of the sums. One column: numerator / denominator (or, for a total, the
        numerator). Several: the mean of their ratios, without those that nobody answered.
    kind : {"proportion", "mean", "ratio", "total", "difference"}
        A proportion lies in [0, 1] and gets intervals that stay there; `change` makes differences.
    n_items : int, >= 1
        Items behind one respondent's answers: n_answers / n_items respondents answered fully.

    Raises
    ------
    AnalysisError
        If there is no column, or a kind is unknown.

    Examples
    --------
    >>> from analysis import Measure
    >>> Measure("access", (0, 1, 2, 3), n_items=4)
    Measure(name='access', columns=(0, 1, 2, 3), kind='proportion', n_items=4)
    """

    name: str
    columns: tuple[int, ...]
    kind: Kind = "proportion"
    n_items: int = 1

    def __post_init__(self) -> None:
        require_choice("kind", self.kind, get_args(Kind))
        if not self.columns or len(set(self.columns)) < len(self.columns) or min(self.columns) < 0:
            raise AnalysisError("columns", "be places from 0 on, each once, at least one", self.columns)
        if self.kind == "total" and len(self.columns) > 1:
            raise AnalysisError("columns", "be one column for a total", self.columns)
        if self.n_items < 1:
            raise AnalysisError("n_items", "be at least 1", self.n_items)
