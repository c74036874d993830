"""Writes tables to files, whole or not at all."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO

import polars

from analysis.command.faults import Refused
from analysis.command.input.reading import quiet_error_output


def write_frame(frame: polars.DataFrame, path: str, separator: str = ",") -> None:
    """Write a table as Parquet if the name says so, else as CSV; its texts stay as they are."""
    if path.lower().endswith(".parquet"):
        _write(path, frame.write_parquet)
    else:
        _write(path, lambda file: frame.write_csv(file, separator=separator))


def write_text(text: str, path: str) -> None:
    """Write a text file in UTF-8."""
    _write(path, lambda file: file.write(text.encode()))


def refuse_overwriting(option: str, path: str, read: Iterable[str]) -> None:
    """Refuse to write over a file that is read, by whatever name or link."""
    for other in read:
        if os.path.realpath(path) == os.path.realpath(other) or _is_same(path, other):
            raise Refused(f"{option}: must not be the file that is read, {other}")


def _is_same(path: str, other: str) -> bool:
    try:
        return os.path.samefile(path, other)
    except OSError:  # one of them is not there
        return False


def _write(path: str, write: Callable[[IO[bytes]], object]) -> None:
    """Write beside the place and move there, so that a failure leaves what was there before.

    A link stays one: the file that it leads to is replaced. A device or pipe is written to directly.
    """
    is_special = os.path.exists(path) and not os.path.isfile(path)
    target = Path(path if is_special else os.path.realpath(path))
    beside = target if is_special else target.with_name(f".{secrets.token_hex(8)}.part")
    try:
        with quiet_error_output(), beside.open("wb" if is_special else "xb") as file:
            write(file)
        if not is_special:
            os.replace(beside, target)
    except OSError as error:
        reason = (error.strerror or str(error) or "unknown reason").lower()
        raise Refused(f"{path}: cannot be written ({reason})") from None
    except (polars.exceptions.PolarsError, polars.exceptions.PanicException) as error:
        reason = (str(error).splitlines() or ["unknown reason"])[0]
        raise Refused(f"{path}: cannot be written ({reason})") from None
    finally:
        if not is_special:
            beside.unlink(missing_ok=True)
