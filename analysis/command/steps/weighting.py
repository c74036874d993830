"""The steps of `weights`, from a file to a file."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
import polars
from numpy.typing import NDArray

from analysis.command.faults import in_words_of_options
from analysis.command.input.survey import checked_weights
from analysis.command.input.table import Table, open_table
from analysis.command.output.writing import refuse_overwriting, write_frame
from analysis.command.progress import Progress
from analysis.weighting.diagnostics import weight_diagnostics
from analysis.weighting.known_totals.calibrate import calibrate
from analysis.weighting.known_totals.margins import margin_columns
from analysis.weighting.known_totals.raking import rake
from analysis.weighting.nonresponse import adjust_nonresponse
from analysis.weighting.trimming import trim_weights

Floats = NDArray[np.float64]
Totals = dict[str, dict[Hashable, float]]


def make_weights(options: argparse.Namespace, progress: Progress) -> None:
    """Do the steps that the options name, and write the file with the new column."""
    refuse_overwriting("--out", options.out, [options.file, *([options.margins] if options.margins else [])])
    progress.stage(f"reading {options.file}")
    table = open_table(options.file, options.decimal)
    _check_output(table, options)
    totals = _read_totals(options, table) if options.margins else {}
    table.load(_columns(options, totals))
    base = checked_weights(table, "--base", options.base) if options.base else np.ones(table.n_rows)
    table.faults.refuse()
    progress.stage("weighting")
    report: list[str] = []
    weight = _for_nonresponse(base, table, options, report) if options.responded else base
    weight = _to_margins(weight, table, totals, options, report) if totals else weight
    weight = _trimmed(weight, options, report) if options.trim else weight
    report.append(f"result: {weight_diagnostics(weight, base)!r}")
    progress.stage(f"writing {options.out}")
    everything = table.source.read(table.source.names)
    new = polars.Series(weight)
    if table.has_decimal_comma:
        new = new.cast(polars.String).str.replace(".", ",", literal=True)
    columns = [*(everything[name].alias(name) for name in table.source.names), new.alias(options.name)]
    write_frame(polars.DataFrame(columns), options.out, table.source.separator)
    sys.stderr.writelines(f"{line}\n" for line in report)


def _check_output(table: Table, options: argparse.Namespace) -> None:
    names = table.source.names
    if options.name in names:
        table.faults.add(f"--name: {options.file} has a column {options.name!r} already; give another name")
    if "" in names:
        table.faults.add(
            f"{options.file}: column {names.index('') + 1} has no name; give it one to copy the file"
        )
    table.faults.refuse()


def _columns(options: argparse.Namespace, totals: Mapping[str, Any]) -> list[tuple[str, str]]:
    wanted = [("--base", options.base), ("--responded", options.responded)]
    wanted += [("--nonresponse-cell", name) for name in options.nonresponse_cell]
    wanted += [(f"--rake {options.margins}", name) for name in totals]
    return [pair for pair in wanted if pair[1] is not None]


def _read_totals(options: argparse.Namespace, table: Table) -> Totals:
    """Read a margins file: the total of each level of each variable."""
    margins = open_table(options.margins, options.decimal)
    margins.load([(f"--rake {options.margins}", name) for name in ("variable", "level", "N")])
    variables, levels = margins.complete_labels("variable"), margins.complete_labels("level")
    numbers = margins.complete_numbers("N")
    margins.faults.refuse()
    totals: Totals = {}
    for row, number in enumerate(numbers.tolist()):
        variable, level = variables.values[variables.code[row]], levels.values[levels.code[row]]
        known = totals.setdefault(variable, {})
        if level in known:
            margins.faults.add(f"{margins.at(row)}: {variable}={level} stands a second time")
        if number <= 0:
            margins.faults.add(
                f"{margins.at(row)}: the total of {variable}={level} must be positive; got {number:g}"
            )
        known[level] = number
    margins.faults.refuse()
    return totals


def _for_nonresponse(weight: Floats, table: Table, options: argparse.Namespace, report: list[str]) -> Floats:
    responded = table.complete_numbers(options.responded)
    table.fault_rows(options.responded, ~np.isin(responded, (0, 1)) & ~np.isnan(responded), "is not 0 or 1")
    cells = [table.complete_labels(name) for name in options.nonresponse_cell]
    table.faults.refuse()
    columns = [np.array(column.values)[column.code].tolist() for column in cells]
    label = [" × ".join(values) for values in zip(*columns, strict=True)] or ["all"] * weight.size
    words = {"cell": "--nonresponse-cell", "min_respondents": "--min-respondents"}
    with in_words_of_options(words):
        found = adjust_nonresponse(weight, responded == 1, label, options.min_respondents)
    report.append(f"nonresponse: {found!r}")
    return found.weight


def _to_margins(
    weight: Floats, table: Table, totals: Totals, options: argparse.Namespace, report: list[str]
) -> Floats:
    labels = {}
    for name in totals:
        column = table.labels(name)
        labels[name] = _texts(column.values, column.code)
    words = {
        f"labels[{name!r}]": f"--rake {options.margins}: column {name} of {options.file}" for name in totals
    }
    words |= {"totals": f"--rake {options.margins}", "bounds": "--bounds", "distance": "--method"}
    with in_words_of_options(words):
        if options.method == "rake":
            found = rake(weight, labels, totals, missing=options.missing)
        else:
            columns, known = margin_columns(weight, labels, totals, options.missing)
            found = calibrate(weight, columns, known, options.method, options.bounds)
    report.append(f"margins: {found!r}")
    return found.weight


def _trimmed(weight: Floats, options: argparse.Namespace, report: list[str]) -> Floats:
    low, high = options.trim
    with in_words_of_options({"lower": "--trim", "upper": "--trim", "lower, upper": "--trim"}):
        found = trim_weights(weight, lower=low, upper=high)
    report.append(f"trim: {found!r}")
    return found.weight


def _texts(values: Sequence[str], code: NDArray[np.int64]) -> list[str | None]:
    """Return labels row by row, None where empty."""
    texts: list[str | None] = np.array([*values, None], dtype=object)[code].tolist()
    return texts
