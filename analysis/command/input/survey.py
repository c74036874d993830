"""From columns of a file to a sampling design, ratings and domains, with the options' words for faults."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.command.faults import Refused, in_words_of_options
from analysis.command.input.table import Labels, Table
from analysis.design import SurveyDesign
from analysis.errors import AnalysisError

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Survey:
    """The design of a file's rows, and the columns that make domains.

    `strata` are their labels; `by` holds codes that stand for `labels`, -1 where the cell is
    empty; `weighting` says in words where the weights come from.
    """

    design: SurveyDesign
    strata: tuple[str, ...]
    weighting: str
    by: dict[str, Integers] = field(default_factory=dict)
    labels: dict[str, tuple[str, ...]] = field(default_factory=dict)
    doubtful: tuple[str, ...] = ()

    @contextmanager
    def naming_strata(self) -> Iterator[None]:
        """Turn the library's refusals of lone PSUs into those of --lone-psu, with the strata's labels."""
        try:
            yield
        except AnalysisError as error:
            if error.argument not in ("stratum", "fpc"):
                raise
            got = error.value
            if isinstance(got, list):
                got = ", ".join(repr(self.strata[code]) for code in got)
            raise Refused(f"--lone-psu {self.design.lone_psu}: must {error.rule}; got {got}") from error

    def relabelled(self, rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """Return rows with labels for codes; those of rows without a label are left out."""
        return [
            row | {"domain": {name: self.labels[name][code] for name, code in row["domain"].items()}}
            for row in rows
            if min(row["domain"].values(), default=0) >= 0
        ]

    def notes(self) -> list[str]:
        """Say that weights were derived, and how many rows belong to no domain."""
        derived = [f"weights are {self.weighting}"] if self.weighting.startswith("population") else []
        return (
            derived
            + list(self.doubtful)
            + [
                f"{n_empty} rows have an empty {name}: they stay in the design, outside of every domain"
                for name, codes in self.by.items()
                if (n_empty := np.count_nonzero(codes < 0))
            ]
        )


_LIKE_MISSING = frozenset({"NA", "N/A", "NaN", "nan"})


def design_columns(options: argparse.Namespace) -> list[tuple[str, str]]:
    """Return the (option, column) pairs of the design and of the domains."""
    single = [("--stratum", options.stratum), ("--psu", options.psu), ("--weight", options.weight)]
    wave = getattr(options, "wave", None)
    several = [("--fpc", name) for name in options.fpc]
    several += [("--wave" if name == wave else "--by", name) for name in options.by]
    return [pair for pair in single if pair[1] is not None] + several


def read_survey(table: Table, options: argparse.Namespace) -> Survey:
    """Build the design; what is wrong with its columns is refused by line."""
    stratum = table.complete_labels(options.stratum) if options.stratum else _whole(table.n_rows)
    psu = table.complete_labels(options.psu) if options.psu else None
    table.faults.refuse()
    psu_code = _psu_codes(table, options, stratum, psu)
    table.faults.refuse()
    units = _units(stratum.code, psu_code)
    sizes = _population_sizes(table, options, stratum, psu, units)
    weight = checked_weights(table, "--weight", options.weight) if options.weight else None
    by = {name: table.labels(name) for name in options.by}
    table.faults.refuse()
    with in_words_of_options(_words(options)):
        design, weighting = _design(options, weight, sizes, stratum.code, psu_code)
    chosen = {**by, options.stratum: stratum, options.psu: psu}
    return Survey(
        design,
        stratum.values,
        weighting,
        by={name: labels.code for name, labels in by.items()},
        labels={name: labels.values for name, labels in by.items()},
        doubtful=tuple(
            f"column {name}: {label!r} is taken for a label; leave the cell empty where it is missing"
            for name, labels in chosen.items()
            if name is not None and labels is not None
            for label in _LIKE_MISSING.intersection(labels.values)
        ),
    )


def _whole(n_rows: int) -> Labels:
    return Labels(("all",), np.zeros(n_rows, dtype=np.int64))


def _words(options: argparse.Namespace) -> dict[str, str]:
    """Name the library's arguments as the user wrote them."""
    return {
        "weight": f"--weight {options.weight}",
        "stratum": f"--stratum {options.stratum}",
        "psu": f"--psu {options.psu}",
        "fpc": f"--fpc {','.join(options.fpc)}",
        "lone_psu": f"--lone-psu {options.lone_psu}",
        "sampling_basis": "--sampling-basis",
    }


def _psu_codes(
    table: Table, options: argparse.Namespace, stratum: Labels, psu: Labels | None
) -> Integers | None:
    """Give each row's PSU a number of its own; without --nest a PSU in two strata is a fault."""
    if psu is None:
        return None
    if options.nest:
        pair = stratum.code * len(psu.values) + psu.code
        nested: Integers = np.unique(pair, return_inverse=True)[1]
        return nested
    home = _first_of(psu.code, stratum.code)
    stray = np.flatnonzero(home[psu.code] != stratum.code)
    strays, first = np.unique(psu.code[stray], return_index=True)
    table.faults.add_many(
        (
            f"--psu {options.psu}: {psu.values[code]!r} lies in strata {stratum.values[home[code]]!r} and "
            f"{stratum.values[stratum.code[row]]!r} ({table.source.place(row)}); "
            "--nest says that ids are local to their stratum"
            for code, row in zip(strays.tolist(), stray[first].tolist(), strict=True)
        ),
        strays.size,
    )
    return psu.code


@dataclass(frozen=True, eq=False)
class _Units:
    """Stratum and PSU of each row, and how many units of each were sampled."""

    stratum: Integers
    psu: Integers
    n_psus: Integers
    n_rows: Integers


def _units(stratum: Integers, psu: Integers | None) -> _Units:
    code = np.arange(stratum.size) if psu is None else psu
    return _Units(stratum, code, np.bincount(_first_of(code, stratum)), np.bincount(code))


def _first_of(group: Integers, values: Any) -> Any:
    """Return the value that each group has on its first row."""
    first = np.zeros(group.max(initial=-1) + 1, dtype=np.int64)
    first[group[::-1]] = np.arange(group.size)[::-1]
    return values[first]


def _population_sizes(
    table: Table, options: argparse.Namespace, stratum: Labels, psu: Labels | None, units: _Units
) -> list[Floats]:
    """Read the population sizes of the stages, the same within a stratum and within a PSU."""
    if len(options.fpc) > 2:
        table.faults.add(f"--fpc {','.join(options.fpc)}: must be one or two columns")
    if len(options.fpc) == 2 and psu is None:
        table.faults.add(f"--fpc {','.join(options.fpc)}: two stages need --psu")
    table.faults.refuse()
    sizes = [table.complete_numbers(name) for name in options.fpc]
    table.faults.refuse()
    stages = [(units.stratum, units.n_psus, stratum, "PSUs" if psu else "rows", "stratum")]
    if psu is not None:
        stages.append((units.psu, units.n_rows, Labels((), units.psu), "rows", "PSU"))
    for name, size, (group, n_sampled, labels, what, where) in zip(options.fpc, sizes, stages, strict=False):
        own = _first_of(group, size)
        differs = _rows_of_new_groups(group, own[group] != size)
        below = _rows_of_new_groups(group, size < n_sampled[group])
        for row in differs:
            table.faults.add(
                f"--fpc {name}: must be the same on all rows of a {where}; got {own[group[row]]:g} and "
                f"{size[row]:g} ({table.source.place(row)})"
            )
        for row in below:
            owner = f"{where} {labels.values[group[row]]!r}" if labels.values and options.stratum else where
            table.faults.add(
                f"--fpc {name}: must be a population size, not below the {n_sampled[group[row]]} {what} "
                f"sampled in the {owner}; got {size[row]:g} ({table.source.place(row)})"
            )
    table.faults.refuse()
    return sizes


def _rows_of_new_groups(group: Integers, is_bad: NDArray[np.bool_]) -> list[int]:
    """Return the first bad row of each group."""
    bad = np.flatnonzero(is_bad)
    return [int(row) for row in bad[np.unique(group[bad], return_index=True)[1]]]


def _design(
    options: argparse.Namespace,
    weight: Floats | None,
    sizes: Sequence[Floats],
    stratum: Integers,
    psu: Integers | None,
) -> tuple[SurveyDesign, str]:
    """Return the design, and in words where its weights come from."""
    how = {name: getattr(options, name) for name in ("sampling_basis", "lone_psu", "lone_in_domain")}
    if weight is None and sizes:
        return SurveyDesign.by_sizes(tuple(sizes), stratum, psu, **how), "population / sample, from --fpc"
    column = f"column {options.weight}" if weight is not None else "1 for each row"
    weight = np.ones(stratum.size) if weight is None else weight
    return SurveyDesign(weight, stratum, psu, tuple(sizes) or None, **how), column


def checked_weights(table: Table, option: str, name: str) -> Floats:
    """Read weights, none negative and not all 0."""
    weight = table.complete_numbers(name)
    negative = np.flatnonzero(weight < 0)
    table.faults.add_many(
        (
            f"{option} {name}: must not be negative; got {weight[row]:g} ({table.source.place(row)})"
            for row in negative.tolist()
        ),
        negative.size,
    )
    if not weight.any():
        table.faults.add(f"{option} {name}: must not be 0 on all {weight.size} rows")
    return weight
