"""Domains: the parts of the population for which one estimates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from unicodedata import normalize

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.arguments import as_integers, as_labels, require
from analysis.errors import AnalysisError

Domain = dict[str, Any]
"""Column -> value, such as ``{"office": "O1", "sex": "F"}``; empty for the whole."""


@dataclass(frozen=True, eq=False, repr=False)
class Domains:
    """Which domain each row (respondent or cell of sums) belongs to.

    Parameters
    ----------
    code : (n,) int in -1 … D-1
        Domain of each row, -1 for none.
    labels : tuple of D dicts
        What each domain is.

    Raises
    ------
    AnalysisError
        If a code has no label, or two domains have the same.

    Examples
    --------
    >>> from analysis import Domains
    >>> Domains.crossing({"office": ["B", "A", "A"], "sex": ["F", "F", "M"]}, 3).labels
    ({'office': 'A', 'sex': 'F'}, {'office': 'A', 'sex': 'M'}, {'office': 'B', 'sex': 'F'})
    """

    code: NDArray[np.int64]
    labels: tuple[Domain, ...]

    def __post_init__(self) -> None:
        code = as_integers("code", self.code, (None,))
        known = (code >= -1) & (code < len(self.labels))
        require(known, "code", f"lie between -1 and {len(self.labels) - 1}", code)
        n_distinct = len({tuple(labels.items()) for labels in self.labels})
        if n_distinct < len(self.labels):
            raise AnalysisError("labels", "be told apart", len(self.labels) - n_distinct)
        code.setflags(write=False)
        object.__setattr__(self, "code", code)

    def __len__(self) -> int:
        """Return the number of domains D."""
        return len(self.labels)

    def __repr__(self) -> str:
        return f"Domains({len(self)} domains of {self.code.size} rows)"

    def place(self, labels: Mapping[str, Any]) -> int:
        """Return the code of the domain with these labels; an unknown one is refused."""
        if _key(labels) not in self._places:
            raise AnalysisError("domain", "be one of the estimated domains", dict(labels))
        return self._places[_key(labels)]

    @cached_property
    def _places(self) -> dict[frozenset[tuple[str, Any]], int]:
        return {_key(labels): place for place, labels in enumerate(self.labels)}

    @classmethod
    def crossing(cls, by: Mapping[str, ArrayLike] | None, n_rows: int) -> Domains:
        """Cross columns of labels into the domains that occur.

        Parameters
        ----------
        by : mapping of name to (n_rows,) labels, or None
            Columns to cross; none give one domain, the whole.
        n_rows : int
            Number of rows.

        Returns
        -------
        Domains
            In the order of the labels, the first column slowest.

        Raises
        ------
        AnalysisError
            If a column has another length.
        """
        code, labels = np.zeros(n_rows, dtype=np.int64), [dict[str, Any]()]
        for name, column in (by or {}).items():
            values, place = np.unique(as_labels(name, column, n_rows), return_inverse=True)
            present, code = np.unique(code * max(values.size, 1) + place, return_inverse=True)
            plain, known = values.tolist(), normalize("NFC", name)
            labels = [
                labels[key // values.size] | {known: plain[key % values.size]} for key in present.tolist()
            ]
        return cls(code, tuple(labels))


def _key(labels: Mapping[str, Any]) -> frozenset[tuple[str, Any]]:
    """Labels in any order; texts in composed form, as `as_labels` leaves them."""
    return frozenset(
        (normalize("NFC", name), normalize("NFC", value) if isinstance(value, str) else value)
        for name, value in labels.items()
    )
