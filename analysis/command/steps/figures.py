"""From options to estimates, and from estimates to rows: what most commands share."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis import METHOD_VERSION
from analysis.command.faults import Refused, in_words_of_options
from analysis.command.input.items import factor_items, item_columns, notes_on_codes, read_ratings
from analysis.command.input.survey import Survey, design_columns, read_survey
from analysis.command.input.table import Table, open_table
from analysis.command.output.rows import write_notes, write_rows
from analysis.command.progress import Progress
from analysis.estimation.estimates import Estimates
from analysis.estimation.index import satisfaction_index
from analysis.estimation.statistics import mean, proportion, ratio, total
from analysis.intervals.survey import DEFAULT_METHOD

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Figures:
    """Estimates, the survey behind them, and what a reader should know of both."""

    estimates: Estimates
    survey: Survey
    table: Table
    basis: Mapping[str, str]
    notes: list[str]

    def rows(self, options: argparse.Namespace) -> list[dict[str, Any]]:
        """Return one row per estimate of a domain with labels, with limits."""
        return self.survey.relabelled(self.coded_rows(options))

    def coded_rows(self, options: argparse.Namespace) -> list[dict[str, Any]]:
        """Return one row per estimate, domains as codes."""
        return self.estimates.to_dict(options.level, options.interval, cap=not options.no_cap)


def estimate_index(options: argparse.Namespace, progress: Progress) -> Figures:
    """Estimate satisfaction indices as the options say."""
    progress.stage(f"reading {options.file}")
    table = open_table(options.file, options.decimal)
    items = item_columns(table, options)
    factors = factor_items(table, options, [name for _, name in items])
    table.load([*items, *design_columns(options)])
    ratings = read_ratings(table, options, [name for _, name in items])
    survey = read_survey(table, options)
    progress.stage("estimating")
    with survey.naming_strata():
        found = satisfaction_index(
            survey.design,
            ratings,
            rule=options.rule,
            factors=factors,
            per_item=options.per_item,
            by=survey.by,
            df=options.df,
        )
    n_silent = int(np.count_nonzero(~ratings.valid.any(axis=1)))
    basis = {"rule": options.rule} | _basis(options, survey, table, n_silent)
    notes = [*notes_on_codes(ratings), *_unheard(options.rule, n_silent), *survey.notes()]
    return Figures(found, survey, table, basis, notes)


def estimate_statistic(options: argparse.Namespace, progress: Progress) -> Figures:
    """Estimate a mean, total, ratio or proportion as the options say."""
    progress.stage(f"reading {options.file}")
    table = open_table(options.file, options.decimal)
    above = [_variable(name, table) for name in options.variable]
    under = [_variable(name, table) for name in options.denominator]
    wanted = [("--variable", variable.column) for variable in above]
    wanted += [("--denominator", variable.column) for variable in under]
    table.load([*wanted, *design_columns(options)])
    numerators = {variable.name: variable.read(table) for variable in above}
    read = {variable.name: variable.read(table) for variable in under}
    denominators = [(variable.name, read[variable.name]) for variable in under]
    survey = read_survey(table, options)
    progress.stage("estimating")
    estimate = _STATISTICS[options.statistic]
    words = {name: f"--variable {name}" for name in numerators}
    with in_words_of_options(words), survey.naming_strata():
        found = estimate(survey, numerators, denominators, options.df)
    missing = np.isnan(np.column_stack([*numerators.values(), *read.values()])).any(axis=1)
    n_missing = int(np.count_nonzero(missing))
    basis = {"statistic": options.statistic} | _basis(options, survey, table, n_missing)
    return Figures(found, survey, table, basis, [*_silent("value", n_missing), *survey.notes()])


def write_figures(
    found: Figures,
    rows: Sequence[Mapping[str, Any]],
    options: argparse.Namespace,
    more: Mapping[str, str] | None = None,
) -> None:
    """Write rows in the form asked for, and notes on stderr."""
    write_notes(found.notes)
    write_rows(options.format, rows, by=options.by, basis={**(more or {}), **found.basis})


@dataclass(frozen=True)
class _Variable:
    """A column, or whether it holds a certain value."""

    name: str
    column: str
    value: str | None = None

    def read(self, table: Table) -> Floats:
        if self.value is None:
            return table.numbers(self.column)
        labels = table.labels(self.column)
        if self.value not in labels.values:
            known = ", ".join(map(repr, labels.values[:8]))
            raise Refused(f"--variable {self.name}: {self.value!r} does not occur, only {known}")
        holds = labels.code == labels.values.index(self.value)
        return np.where(labels.code < 0, np.nan, holds.astype(np.float64))


def _variable(name: str, table: Table) -> _Variable:
    if name in table.source.names or "=" not in name:
        return _Variable(name, name)
    column, _, value = name.partition("=")
    return _Variable(name, column.strip(), value.removeprefix("=").strip())


_Denominators = list[tuple[str, Floats]]
_Estimate = Callable[[Survey, dict[str, Floats], _Denominators, Any], Estimates]
_STATISTICS: dict[str, _Estimate] = {
    "mean": lambda survey, above, _, df: mean(survey.design, above, survey.by, df),
    "total": lambda survey, above, _, df: total(survey.design, above, survey.by, df),
    "proportion": lambda survey, above, _, df: proportion(survey.design, above, survey.by, df),
    "ratio": lambda survey, above, under, df: _ratio(survey, above, under, df),
}


def _ratio(survey: Survey, above: dict[str, Floats], under: _Denominators, df: Any) -> Estimates:
    pairs = list(zip(above.items(), under, strict=True))
    return ratio(
        survey.design,
        {f"{y}/{x}": numerator for (y, numerator), (x, _) in pairs},
        {f"{y}/{x}": denominator for (y, _), (x, denominator) in pairs},
        survey.by,
        df,
    )


def _unheard(rule: str, n_rows: int) -> list[str]:
    """Say what becomes of respondents without a valid answer: as in R, a ratio of sums keeps them."""
    if rule == "mean_score":
        return _silent("valid answer", n_rows)
    words = "add nothing to an index, but are counted among its respondents and degrees of freedom"
    return [f"{n_rows} rows without a valid answer {words} (--rule mean_score: not)"] if n_rows else []


def _silent(what: str, n_rows: int) -> list[str]:
    return [f"{n_rows} rows without a {what} are outside of the estimates"] if n_rows else []


def _basis(options: argparse.Namespace, survey: Survey, table: Table, n_left_out: int) -> dict[str, str]:
    """Say what the figures rest on."""
    has_t = hasattr(options, "wave") or getattr(options, "statistic", None) not in (None, "proportion")
    method = options.interval or ("t" if has_t else DEFAULT_METHOD)
    cap = ", effective sample size not capped" if options.no_cap else ""
    freedom = "of the domain's own PSUs" if options.df == "domain" else "of the full design"
    lone = " also within domains" if options.lone_in_domain else ""
    return {
        "interval": f"{method}{cap}, level {options.level:g}, degrees of freedom {freedom}",
        "design": repr(survey.design.table).removeprefix("DesignTable(").removesuffix(")"),
        "weights": survey.weighting,
        "lone PSUs": f"{options.lone_psu}{lone}",
        "rows": f"{table.n_rows} read, {n_left_out} of them without an answer",
        "method version": METHOD_VERSION,
    }
