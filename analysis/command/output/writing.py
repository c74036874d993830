"""Writes tables to files, whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import IO

import polars

from analysis.command.faults import Refused


def write_frame(frame: polars.DataFrame, path: str, separator: str = ",") -> None:
    """Write a table as Parquet if the name says so, else as CSV; its texts stay as they are."""
    if path.lower().endswith(".parquet"):
        _write(path, frame.write_parquet)
    else:
        _write(path, lambda file: frame.write_csv(file, separator=separator))


def write_text(text: str, path: str) -> None:
    """Write a text file in UTF-8."""
    _write(path, lambda file: file.write(text.encode()))


def _write(path: str, write: Callable[[IO[bytes]], object]) -> None:
    """Write beside the place and move there, so that a failure leaves what was there before."""
    beside = Path(f"{path}.part")
    try:
        with beside.open("wb") as file:
            write(file)
        os.replace(beside, path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise Refused(f"{path}: cannot be written ({(error.strerror or 'unknown reason').lower()})") from None
