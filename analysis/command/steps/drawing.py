"""The steps of `sample`, from a frame in a file to a drawn list."""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.command.faults import Refused, in_words_of_options
from analysis.command.input.table import Labels, Table, open_table
from analysis.command.output.rows import as_csv, is_marked, own_heads, write_notes
from analysis.command.output.text_table import text_table
from analysis.command.output.writing import refuse_overwriting, write_text
from analysis.command.progress import Progress
from analysis.sampling.allocation import (
    equal_allocation,
    neyman_allocation,
    power_allocation,
    proportional_allocation,
)
from analysis.sampling.draw import Draw
from analysis.sampling.frame import SamplingFrame
from analysis.sampling.plan import Stage
from analysis.sampling.stages import draw_sample

Integers = NDArray[np.int64]

_FIGURES = ("role", "order", "is_certainty", "inclusion_probability", "weight")
_OUTSIDE_OF_CHECKSUM = ("method", "n", "checksum")
_WORDS = {
    "n": "--n",
    "minimum": "--minimum",
    "reserve": "--reserve",
    "seed": "--seed",
    "unit": "--id",
    "size": "--size",
    "stratum": "--stratum",
    "standard_deviation": "--deviation",
    "frame": "--size",
}


def draw_from_file(options: argparse.Namespace, progress: Progress) -> None:
    """Draw as the options say; write the list, and its record where --out asks for it."""
    if options.out:
        read = [options.file, *([options.check] if options.check else [])]
        refuse_overwriting("--out", options.out, read)
        refuse_overwriting("--out (its record)", _record_path(options), [*read, options.out])
    progress.stage(f"reading {options.file}")
    table = open_table(options.file, options.decimal)
    table.load(_columns(options))
    ids = _unique_ids(table, options.id)
    stratum = table.complete_labels(options.stratum) if options.stratum else None
    size = _whole_numbers(table, options.size, 1) if options.size else None
    order = _whole_numbers(table, options.order, None) if options.order else None
    table.faults.refuse()
    progress.stage("drawing")
    with in_words_of_options(_WORDS):
        frame = SamplingFrame.from_columns(
            ids, None if stratum is None else _texts(stratum), size=size, order=order
        )
        n = _numbers(table, options, frame, stratum)
        draw = draw_sample(Stage(frame, n, options.method, options.reserve), options.seed)
    record = {"method": options.method, "n": n, **draw.to_dict()}
    if options.check:
        _compare(record, options.check)
    _write(draw, record, options)


def _columns(options: argparse.Namespace) -> list[tuple[str, str]]:
    names = ("id", "stratum", "n_column", "deviation", "size", "order")
    return [
        (f"--{name.replace('_', '-')}", getattr(options, name))
        for name in names
        if getattr(options, name) is not None
    ]


def _texts(labels: Labels) -> list[str]:
    return np.array(labels.values, dtype=object)[labels.code].tolist()  # type: ignore[no-any-return]  # of text


def _unique_ids(table: Table, name: str) -> list[str]:
    labels = table.complete_labels(name)
    table.faults.refuse()
    first = np.zeros(table.n_rows, dtype=np.bool_)
    first[np.unique(labels.code, return_index=True)[1]] = True
    again = np.flatnonzero(~first)
    table.faults.add_many(
        (
            f"{table.at(row)}, column {name}: the id {labels.values[labels.code[row]]!r} stands a second time"
            for row in again.tolist()
        ),
        again.size,
    )
    table.faults.refuse()
    return _texts(labels)


def _whole_numbers(table: Table, name: str, least: int | None) -> Integers:
    n_before = table.faults.n_faults
    numbers = table.complete_numbers(name)
    if table.faults.n_faults == n_before:
        table.fault_rows(
            name, (numbers != np.round(numbers)) | (np.abs(numbers) > 2**53), "is no whole number"
        )
    if table.faults.n_faults == n_before and least is not None:
        table.fault_rows(name, numbers < least, f"is below {least}")
    return np.nan_to_num(numbers).astype(np.int64)


def _numbers(
    table: Table, options: argparse.Namespace, frame: SamplingFrame, stratum: Labels | None
) -> int | dict[str, int]:
    """Return how many units to draw, in each stratum if there are strata."""
    if options.n_each is not None or stratum is None:
        return int(options.n_each or options.n)
    if options.n_column is not None:
        counts = _whole_numbers(table, options.n_column, 1)
        return {h: int(n) for h, n in _by_stratum(table, options.n_column, counts, frame, stratum).items()}
    minimum, population = options.minimum or 0, frame.population
    if options.allocation == "equal":
        return equal_allocation(options.n, population, minimum=minimum)
    if options.allocation == "power":
        power = 0.5 if options.power is None else options.power
        return power_allocation(options.n, population, power, minimum=minimum)
    if options.allocation == "neyman":
        deviation = table.complete_numbers(options.deviation)
        by_stratum = _by_stratum(table, options.deviation, deviation, frame, stratum)
        return neyman_allocation(options.n, population, by_stratum, minimum=minimum)
    return proportional_allocation(options.n, population, minimum=minimum)


def _by_stratum(
    table: Table, name: str, values: NDArray[Any], frame: SamplingFrame, stratum: Labels
) -> dict[str, Any]:
    """Return the value of each stratum; it must be the same on all of its rows."""
    table.faults.refuse()
    _, first = np.unique(stratum.code, return_index=True)
    differs = values[first][stratum.code] != values
    table.fault_rows(name, differs, "differs from another row of its stratum")
    table.faults.refuse()
    found = dict(zip(stratum.values, values[first].tolist(), strict=True))
    return {label: found[label] for label in frame.strata}


def _compare(record: dict[str, Any], path: str) -> None:
    """Refuse a draw that is not the recorded one, and a record that was changed since it was written."""
    try:
        before = json.loads(Path(path).read_text(encoding="utf-8"), object_pairs_hook=_unique_keys)
        is_record = isinstance(before, dict) and before.keys() == record.keys()
        content = {} if not is_record else {name: _canonical(value) for name, value in before.items()}
    except (OSError, ValueError, RecursionError):  # the last of thousands of brackets
        raise Refused(f"--check: {path} cannot be read as JSON") from None
    if not is_record:
        raise Refused(f"--check: {path} is no record of a draw")
    checked = {name: value for name, value in before.items() if name not in _OUTSIDE_OF_CHECKSUM}
    if hashlib.sha256(_canonical(checked)).hexdigest() != before["checksum"]:
        raise Refused(f"--check: {path} was altered; its checksum is not that of what it holds")
    differing = [name for name in record if content[name] != _canonical(record[name])]
    if differing:
        named = [name for name in differing if name not in ("checksum", "units")] or ["units"]
        raise Refused(f"--check: the draw is not the one in {path}; these differ: {', '.join(named)}")


def _canonical(value: object) -> bytes:
    """Return JSON as the checksum of a draw is taken of it; to Python 1, 1.0 and true are equal."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.encode("utf-8", "surrogatepass")


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) < len(pairs):
        raise ValueError("a key stands twice")  # a reader might see the one, the check the other
    return dict(pairs)


def _record_path(options: argparse.Namespace) -> str:
    return f"{options.out}.json"


def _write(draw: Draw, record: dict[str, Any], options: argparse.Namespace) -> None:
    basis = {
        "seed": draw.seed,
        "method": options.method,
        "frame hash": draw.frame_hashes[0],
        "checksum": draw.checksum,
        "draw version": draw.version,
    }
    sys.stderr.writelines(f"{name}: {words}\n" for name, words in basis.items())
    heads = own_heads([options.id, *([options.stratum] if options.stratum else [])], _FIGURES, "frame.")
    units = draw.to_rows()
    if options.out:
        write_text(_as_csv(units, heads), options.out)
        write_text(_as_json(record), _record_path(options))
    elif options.format == "json":
        sys.stdout.write(_as_json(record))
    elif options.format == "csv":
        sys.stdout.write(_as_csv(units, heads))
    else:
        rows = [{"domain": _labels(unit, heads), **_figures(unit)} for unit in units]
        sys.stdout.write(text_table(rows, heads, {}))


def _as_json(record: dict[str, Any]) -> str:
    return json.dumps(record, ensure_ascii=False, indent=1) + "\n"


def _as_csv(units: list[dict[str, Any]], heads: list[str]) -> str:
    n_marked = sum(is_marked(unit["unit"]) for unit in units)
    if n_marked:
        write_notes([f"{n_marked} ids look like formulas: an apostrophe stands before them in the CSV list"])
    return as_csv([{**_labels(unit, heads), **_figures(unit)} for unit in units])


def _labels(unit: dict[str, Any], heads: list[str]) -> dict[str, str]:
    """Return id and stratum under the names of the frame's columns."""
    return dict(zip(heads, (unit["unit"], unit["stratum"]), strict=False))


def _figures(unit: dict[str, Any]) -> dict[str, Any]:
    return {name: unit[name] for name in _FIGURES}
