"""Opens a file and reads the columns that a command asks for."""

from __future__ import annotations

import io
import os
import sys
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from typing import Final
from unicodedata import normalize

import polars

from analysis.command.faults import Faults, Refused
from analysis.command.input.csv_text import CsvText, first_malformed, split_csv

_PARQUET: Final = b"PAR1"


class Source(ABC):
    """A file whose header is known.

    `names` are the columns' names in Unicode's composed form without outer spaces, `separator`
    what stands between the cells of text.
    """

    path: str
    names: Sequence[str]
    n_rows: int
    separator = ","
    _place: dict[str, int]

    @abstractmethod
    def read(self, names: Collection[str]) -> dict[str, polars.Series]:
        """Return columns; text as it stands in the file."""

    @abstractmethod
    def place(self, row: int) -> str:
        """Return where a row stands, for messages."""

    def require(self, wanted: Sequence[tuple[str, str]]) -> None:
        """Refuse (option, column) pairs whose column is not there, all at once."""
        faults = Faults()
        missing = [pair for pair in dict.fromkeys(wanted) if pair[1] not in self._place]
        faults.add_many((self._lacks(*pair) for pair in missing), len(missing))
        faults.refuse()

    def _lacks(self, option: str, name: str) -> str:
        near = get_close_matches(name, self.names, n=1)
        hint = f"is {near[0]!r} meant?" if near else f"it has {_listed(self.names)}"
        return f"{option}: {self.path} has no column {name!r}; {hint}"

    def _check(self, header: Sequence[str], what: str) -> None:
        self.names = [normalize("NFC", name).strip() for name in header]
        self._place = {name: place for place, name in enumerate(self.names)}
        faults = Faults()
        twice = [name for name, n_times in Counter(self.names).items() if name and n_times > 1]
        faults.add_many((self._stands_twice(name) for name in twice), len(twice))
        if not self.n_rows:
            faults.add(f"{self.path}: has {what} but no rows")
        faults.refuse()

    def _stands_twice(self, name: str) -> str:
        places = [str(place + 1) for place, other in enumerate(self.names) if other == name]
        return f"{self.path}: column {name!r} stands {len(places)} times ({', '.join(places)})"


class CsvSource(Source):
    """A CSV file, UTF-8, separated by comma, semicolon or tab."""

    def __init__(self, path: str, data: bytes) -> None:
        self.path = path
        self._text: CsvText = split_csv(path, data)
        self.n_rows = self._text.line.size
        self.separator = self._text.separator
        self._check(self._text.header, "a header")

    def read(self, names: Collection[str]) -> dict[str, polars.Series]:
        """Return columns of text."""
        places = {self._place[name]: name for name in names}
        if not places:
            return {}
        try:
            frame = polars.read_csv(
                self._text.body,
                has_header=False,
                separator=self._text.separator,
                schema={str(place): polars.String for place in range(len(self.names))},
                columns=sorted(places),
                empty_string_is_null=False,
            )
        except polars.exceptions.PolarsError:
            frame = polars.DataFrame()
        if frame.height != self.n_rows:
            where = self.place(first_malformed(self._text))
            raise Refused(
                f"{self.path}: {where} has a quotation mark within a cell; quote the cell and double it"
            )
        return {places[int(column.name)]: column for column in frame}

    def place(self, row: int) -> str:
        """Return the line of the file on which a row starts."""
        return f"line {self._text.line[row]}"


class ParquetSource(Source):
    """A Parquet file."""

    def __init__(self, path: str, data: bytes) -> None:
        self.path = path
        self._data = data
        with _refusing_broken(path):
            self._header = list(polars.read_parquet_schema(io.BytesIO(data)))
            rows = polars.scan_parquet(io.BytesIO(data)).select(polars.len()).collect()
        self.n_rows = int(rows.item())
        self._check(self._header, "columns")

    def read(self, names: Collection[str]) -> dict[str, polars.Series]:
        """Return columns of the types in the file."""
        places = {name: self._place[name] for name in names}
        with _refusing_broken(self.path):
            # By place, and called so: polars takes a name such as ^q.*$ for a pattern.
            frame = polars.read_parquet(io.BytesIO(self._data), columns=sorted(places.values()))
        return {
            name: frame.get_column(self._header[place]).alias(str(place)) for name, place in places.items()
        }

    def place(self, row: int) -> str:
        """Return the number of a row, from 1 on."""
        return f"row {row + 1}"


def open_source(path: str) -> Source:
    """Open a CSV or Parquet file, told apart by content."""
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise Refused(f"{path}: cannot be read ({(error.strerror or 'unknown reason').lower()})") from None
    is_parquet = data.startswith(_PARQUET)
    if path.lower().endswith(".parquet") and not is_parquet:
        raise Refused(f"{path}: is no Parquet file")
    return ParquetSource(path, data) if is_parquet else CsvSource(path, data)


@contextmanager
def _refusing_broken(path: str) -> Iterator[None]:
    """Refuse a Parquet file that is damaged; polars panics on some, with pages on the error output."""
    try:
        with quiet_error_output():
            yield
    except (polars.exceptions.PolarsError, polars.exceptions.PanicException, OSError):
        raise Refused(f"{path}: is a damaged Parquet file") from None


@contextmanager
def quiet_error_output() -> Iterator[None]:
    """Silence what compiled code writes to the error output; Python's own text still arrives."""
    own, kept = sys.stderr, os.dup(2)
    with open(kept, "w", encoding="utf-8", buffering=1) as aside, open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), 2)
        sys.stderr = aside if own is sys.__stderr__ else own
        try:
            yield
        finally:
            os.dup2(kept, 2)
            sys.stderr = own


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(repr(name) for name in names[:8])
    return shown if len(names) <= 8 else f"{shown} and {len(names) - 8} more"
