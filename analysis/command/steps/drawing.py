"""The steps of `sample`, from a frame in a file to a drawn list."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.command.faults import Refused, in_words_of_options
from analysis.command.input.table import Labels, Table, open_table
from analysis.command.output.rows import as_csv, write_rows
from analysis.command.output.writing import write_text
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
    """Refuse a draw that is not the recorded one."""
    try:
        before = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise Refused(f"--check: {path} cannot be read as JSON") from None
    if not isinstance(before, dict) or "checksum" not in before:
        raise Refused(f"--check: {path} is no record of a draw")
    if before["checksum"] == record["checksum"]:
        return
    names = ("draw_version", "seed", "methods", "frame_hashes", "n")
    differing = [name for name in names if before.get(name) != record[name]]
    raise Refused(
        f"--check: the draw is not the one in {path}; these differ: {', '.join(differing) or 'units'}"
    )


def _write(draw: Draw, record: dict[str, Any], options: argparse.Namespace) -> None:
    rows = [_row(unit, options) for unit in draw.to_rows()]
    basis = {
        "seed": draw.seed,
        "method": options.method,
        "frame hash": draw.frame_hashes[0],
        "checksum": draw.checksum,
        "draw version": draw.version,
    }
    sys.stderr.writelines(f"{name}: {words}\n" for name, words in basis.items())
    if options.out:
        write_text(as_csv(rows), options.out)
        write_text(json.dumps(record, ensure_ascii=False, indent=1) + "\n", f"{options.out}.json")
    elif options.format == "json":
        sys.stdout.write(json.dumps(record, ensure_ascii=False, indent=1) + "\n")
    else:
        write_rows(options.format, [{**row, "domain": {}} for row in rows])


def _row(unit: dict[str, Any], options: argparse.Namespace) -> dict[str, Any]:
    """Return a unit as a line of the list, headed by the names of the frame's columns."""
    stratum = {options.stratum: unit["stratum"]} if options.stratum else {}
    rest = ("role", "order", "is_certainty", "inclusion_probability", "weight")
    return {options.id: unit["unit"], **stratum, **{name: unit[name] for name in rest}}
