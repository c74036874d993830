"""The list that units are drawn from, in an order and with a hash that do not depend on how it came."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.arguments import as_integers, require
from analysis.errors import AnalysisError
from analysis.sampling.labels import normalise_labels, require_unique
from analysis.sampling.scalars import LARGEST_COUNT

WHOLE: Final = ""
"""Label of the only stratum of a frame without strata; no label of the caller's can be empty."""

_ROWS_AT_ONCE: Final = 100_000


@dataclass(frozen=True, eq=False, repr=False)
class SamplingFrame:
    """A frame in canonical order; made by `SamplingFrame.from_columns`.

    Parameters
    ----------
    unit : tuple of N str
        Ids in NFC, sorted by code points, each once.
    strata : tuple of H str
        Labels of the strata in NFC, sorted by code points.
    stratum : (N,) int in 0 … H-1
        Stratum of each unit, as its place in `strata`.
    size : (N,) int >= 1 or None
        Measure of size.
    order : (N,) int or None
        Key of the implicit order within a stratum; ties stand by id.
    frame_hash : str
        SHA-256 of all columns given, as `frame_hash` makes it.

    Notes
    -----
    Since rows are sorted first, no draw and no hash depends on the order in which a database or a
    spreadsheet gave them. What shall depend on an order says so by `order`.

    References
    ----------
    Särndal, Swensson and Wretman (1992), Model Assisted Survey Sampling, section 1.5.

    Examples
    --------
    >>> from analysis.sampling.frame import SamplingFrame
    >>> frame = SamplingFrame.from_columns(["H3", "H1", "H2"], stratum=["B", "A", "A"], size=[10, 30, 5])
    >>> frame
    SamplingFrame(3 units, 2 strata, hash 672599ead982…)
    >>> frame.unit, frame.size.tolist(), frame.population
    (('H1', 'H2', 'H3'), [30, 5, 10], {'A': 2, 'B': 1})
    """

    unit: tuple[str, ...]
    strata: tuple[str, ...]
    stratum: NDArray[np.int64]
    size: NDArray[np.int64] | None
    order: NDArray[np.int64] | None
    frame_hash: str

    @classmethod
    def from_columns(
        cls,
        unit: Iterable[str],
        stratum: Iterable[str] | None = None,
        size: ArrayLike | None = None,
        order: ArrayLike | None = None,
    ) -> SamplingFrame:
        """Make a frame from columns of equal length, in any order of rows.

        Parameters
        ----------
        unit : iterable of N str
            Ids, unique after NFC over the whole frame.
        stratum : iterable of N str, or None
            Label of each unit's stratum; at later stages the id of its parent. None for one stratum.
        size : (N,) int >= 1, or None
            Measure of size for PPS, such as dossiers or households; at most 2**53 in sum. A unit of size 0
            could never be drawn and would leave the frame unseen. Multiply fractions by a power of 10.
        order : (N,) int, or None
            Key of the implicit order for systematic draws, such as a code of district and field.

        Returns
        -------
        SamplingFrame
            Sorted by id, with its hash.

        Raises
        ------
        AnalysisError
            If there is no unit, lengths differ, an id comes twice after NFC, a label is not visible
            text, or a size is no positive whole number.
        """
        ids, row = _sort_ids(unit)
        strata, code = _code_strata(stratum, row)
        sizes = None if size is None else _as_sizes(size, row.size)[row]
        keys = None if order is None else as_integers("order", order, row.shape)[row]
        columns: dict[str, Sequence[str] | Sequence[int]] = {}
        if stratum is not None:
            columns["stratum"] = [strata[place] for place in code.tolist()]
        for name, column in (("size", sizes), ("order", keys)):
            if column is not None:
                column.setflags(write=False)
                columns[name] = column.tolist()
        return cls(tuple(ids), strata, code, sizes, keys, _hash_sorted(ids, columns))

    def __repr__(self) -> str:
        return (
            f"SamplingFrame({len(self.unit)} units, {len(self.strata)} strata, hash {self.frame_hash[:12]}…)"
        )

    @property
    def population(self) -> dict[str, int]:
        """Number of units of each stratum, as allocations take it."""
        counts = np.bincount(self.stratum, minlength=len(self.strata)).tolist()
        return dict(zip(self.strata, counts, strict=True))


def frame_hash(unit: Iterable[str], columns: Mapping[str, Any]) -> str:
    r"""Return the SHA-256 of a table, whatever the order of its rows and columns.

    Parameters
    ----------
    unit : iterable of N str
        Ids, unique after NFC.
    columns : mapping of name to (N,) int or N str
        The other columns; text is visible text as in `analysis.sampling.labels.normalise_labels`.

    Returns
    -------
    str
        64 hexadecimal digits.

    Raises
    ------
    AnalysisError
        If an id comes twice, a column has another length, or its values are neither whole numbers
        nor visible text.

    Notes
    -----
    The bytes hashed are those of a file with tab-separated values, so that ``sha256sum`` gives the same:
    UTF-8 without byte order mark, NFC, no quoting (visible text holds neither tab nor line feed); a
    line of names, "unit" first, the others sorted by code points; then a line a unit, sorted by the
    code points of the id; whole numbers in decimal digits; each line, also the last, ends with one
    line feed.

    References
    ----------
    FIPS 180-4 (SHA-256).

    Examples
    --------
    >>> import hashlib
    >>> from analysis.sampling.frame import frame_hash
    >>> file = b"unit\tsize\tstratum\nH1\t30\tA\nH2\t5\tB\n"
    >>> columns = {"stratum": ["B", "A"], "size": [5, 30]}
    >>> frame_hash(["H2", "H1"], columns) == hashlib.sha256(file).hexdigest()
    True
    """
    ids, row = _sort_ids(unit)
    names = dict(zip(normalise_labels("columns", columns), columns, strict=True)) if columns else {}
    if len(names) < len(columns) or "unit" in names:
        raise AnalysisError("columns", "hold each name once, also after NFC, and not 'unit'", list(columns))
    table = {name: _as_column(name, columns[key], row.size) for name, key in names.items()}
    places = row.tolist()
    return _hash_sorted(ids, {name: [column[place] for place in places] for name, column in table.items()})


def _sort_ids(unit: Iterable[str]) -> tuple[list[str], NDArray[np.int64]]:
    """Return normalised ids in the order of code points, with the row that each came from."""
    given = normalise_labels("unit", unit)
    # Python compares text by code points on every machine, whatever its language settings.
    rows = sorted(range(len(given)), key=given.__getitem__)
    ids = [given[row] for row in rows]
    require_unique("unit", ids)
    return ids, np.array(rows, dtype=np.int64)


def _as_column(name: str, values: Any, n: int) -> list[Any]:
    holds_text = len(values) == 0 or isinstance(values[0], str)
    return _as_labels(name, values, n) if holds_text else as_integers(name, values, (n,)).tolist()


def _as_labels(name: str, values: Iterable[str], n: int) -> list[str]:
    labels = normalise_labels(name, values)
    if len(labels) != n:
        raise AnalysisError(name, f"have shape ({n},)", (len(labels),))
    return labels


def _code_strata(
    stratum: Iterable[str] | None, row: NDArray[np.int64]
) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """Return the labels, sorted, and the place in them of the stratum of each sorted unit."""
    if stratum is None:
        return (WHOLE,), np.zeros(row.size, dtype=np.int64)
    labels = _as_labels("stratum", stratum, row.size)
    strata = sorted(set(labels))
    place = {label: code for code, label in enumerate(strata)}
    code = np.fromiter(map(place.__getitem__, labels), np.int64, row.size)[row]
    code.setflags(write=False)
    return tuple(strata), code


def _as_sizes(size: ArrayLike, n: int) -> NDArray[np.int64]:
    sizes = as_integers("size", size, (n,))
    require(sizes > 0, "size", "be positive (a unit of size 0 could never be drawn)", sizes)
    total = sum(sizes.tolist())  # Python's whole numbers: a 64-bit sum would wrap silently
    if total > LARGEST_COUNT:
        raise AnalysisError("size", "add up to at most 2**53", total)
    return sizes


def _hash_sorted(ids: Sequence[str], columns: Mapping[str, Sequence[str] | Sequence[int]]) -> str:
    """Return the hash of `frame_hash` for rows in canonical order."""
    names = sorted(columns)
    digest = hashlib.sha256(("\t".join(["unit", *names]) + "\n").encode())
    for start in range(0, len(ids), _ROWS_AT_ONCE):
        part = slice(start, start + _ROWS_AT_ONCE)
        texts = [ids[part], *(map(str, columns[name][part]) for name in names)]
        digest.update(("\n".join(map("\t".join, zip(*texts, strict=True))) + "\n").encode())
    return digest.hexdigest()
