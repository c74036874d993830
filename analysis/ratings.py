"""Answers to rating items: which are valid, which are satisfied, which lie outside the scale."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.arguments import as_booleans, as_measurements
from analysis.errors import AnalysisError


@dataclass(frozen=True, eq=False, repr=False)
class Ratings:
    """Answers of n respondents to J items.

    Parameters
    ----------
    items : tuple of J str
        Names of the items.
    satisfied : (n, J) bool
        Whether the answer is a satisfied one.
    valid : (n, J) bool
        Whether there is a valid answer; all others are item nonresponse.
    outside : mapping of item to mapping of code to count
        Codes met outside of the valid ones, missing answers left out.

    Raises
    ------
    AnalysisError
        If a shape is broken, or a satisfied answer is not valid.

    Examples
    --------
    >>> from analysis import Ratings
    >>> Ratings.from_codes({"q1": [5, 4, 9], "q2": [3, float("nan"), 1]}).outside
    {'q1': {9.0: 1}}
    """

    items: tuple[str, ...]
    satisfied: NDArray[np.bool_]
    valid: NDArray[np.bool_]
    outside: Mapping[str, Mapping[float, int]]

    def __post_init__(self) -> None:
        valid = as_booleans("valid", self.valid, (None, len(self.items)))
        satisfied = as_booleans("satisfied", self.satisfied, valid.shape)
        if (satisfied & ~valid).any():
            raise AnalysisError("satisfied", "be False where valid is False", True)
        if not self.items or len(set(self.items)) < len(self.items):
            raise AnalysisError("items", "be named, each once", self.items)
        for name, flags in (("valid", valid), ("satisfied", satisfied)):
            object.__setattr__(self, name, flags)

    def __repr__(self) -> str:
        share = 100 * self.valid.mean() if self.valid.size else 0.0
        return f"Ratings({self.valid.shape[0]} respondents, {len(self.items)} items, {share:.1f} % valid)"

    @classmethod
    def from_codes(
        cls,
        answers: Mapping[str, ArrayLike],
        *,
        satisfied: Collection[float] = (4, 5),
        valid: Collection[float] = (1, 2, 3, 4, 5),
    ) -> Ratings:
        """Read answer codes.

        Parameters
        ----------
        answers : mapping of item to (n,) numbers
            Codes, NaN where missing.
        satisfied, valid : collections of numbers
            The codes that count as satisfied, and as valid; the former are among the latter.

        Returns
        -------
        Ratings
            Codes outside of `valid` are item nonresponse and counted in `outside`.

        Raises
        ------
        AnalysisError
            If lengths differ, or a satisfied code is not valid.
        """
        if not set(satisfied) <= set(valid):
            raise AnalysisError("satisfied", "be among the valid codes", sorted(set(satisfied) - set(valid)))
        if not answers:
            raise AnalysisError("answers", "name at least one item", {})
        n_rows = np.size(next(iter(answers.values())))
        codes = {item: as_measurements(item, column, n_rows) for item, column in answers.items()}
        flags = {item: np.isin(column, list(valid)) for item, column in codes.items()}
        return cls(
            items=tuple(codes),
            satisfied=np.column_stack([np.isin(column, list(satisfied)) for column in codes.values()]),
            valid=np.column_stack(list(flags.values())),
            outside={
                item: found
                for item, column in codes.items()
                if (found := _counted(column[~flags[item] & ~np.isnan(column)]))
            },
        )

    def places(self, names: Sequence[str]) -> list[int]:
        """Return the columns of named items; an unknown or repeated name is refused."""
        unknown = [name for name in names if name not in self.items]
        if unknown or not names or len(set(names)) < len(names):
            raise AnalysisError(
                "items", f"be among {', '.join(self.items)}, each once", unknown or list(names)
            )
        return [self.items.index(name) for name in names]


def _counted(codes: NDArray[np.float64]) -> dict[float, int]:
    values, counts = np.unique(codes, return_counts=True)
    return dict(zip(values.tolist(), counts.tolist(), strict=True))
