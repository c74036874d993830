"""From figures to rows that compare them: ranks, verdicts against a target, change between waves."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from analysis.command.faults import Refused, in_words_of_options
from analysis.command.steps.figures import Figures
from analysis.comparison.change import change
from analysis.comparison.change_limits import change_interval, verdict_on_change
from analysis.comparison.compared import ComparedEstimates
from analysis.comparison.target import compare_with_target
from analysis.estimation.estimates import Estimates
from analysis.ranking.bands import tie_bands
from analysis.ranking.bottom import probability_of_bottom
from analysis.ranking.sets import rank_sets

Rows = list[dict[str, Any]]

_ADJUSTMENTS = {"BH": "benjamini_hochberg", "BY": "benjamini_yekutieli"}
_APART = {
    "not_estimable": "no standard error",
    "no_degrees_of_freedom": "no degrees of freedom",
    "zero_standard_error": "its sampling units do not differ at all: that shows no error, it is no proof",
}

_FROM_BOTH = "a wave shows no spread: limits from the intervals of both (Zou and Donner 2008)"


def rank_rows(found: Figures, options: argparse.Namespace) -> Rows:
    """Return a row per domain with its rank and how far that is certain, the highest first."""
    compared, rows = _compared("ranks", found, options)
    with in_words_of_options({"compared": "--by", "level": "--level", "seed": "--seed"}):
        ranks = rank_sets(compared, options.level, options.method, seed=options.seed)
        bands = tie_bands(ranks)
        bottom = probability_of_bottom(compared, seed=options.seed)
    if options.sampling_basis == "opt_in":
        found.notes.append("opt_in: such ranks compare who chose to answer, not offices")
    alone = int(compared.is_comparable.sum()) == 1
    for place, row in enumerate(rows):
        note = row.pop("note") or ("nothing to rank it among" if alone else None)
        row.pop("design_effect")
        row["rank"] = _rank(ranks.point_rank[place])
        row["best_rank"] = _rank(ranks.best_rank[place])
        row["worst_rank"] = _rank(ranks.worst_rank[place])
        row["band"] = _rank(bands[place])
        row["probability_bottom_fifth"] = float(bottom[place])
        row["note"] = note or _APART.get(compared.exclusion[place] or "")
    return sorted(rows, key=lambda row: np.inf if row["rank"] is None else row["rank"])


def target_rows(found: Figures, options: argparse.Namespace) -> Rows:
    """Return a row per domain with p-values and a verdict in words."""
    compared, rows = _compared("below-target", found, options)
    with in_words_of_options({"target": "--target", "adjustment": "--adjust"}):
        verdicts = compare_with_target(
            compared,
            options.target,
            1 - options.level,
            _ADJUSTMENTS.get(options.adjust, options.adjust),
            options.side,
        )
    sides = ("below", "above") if options.side == "both" else (options.side,)
    for place, row in enumerate(rows):
        note = row.pop("note")
        row.pop("design_effect")
        for side in sides:
            row[f"p_{side}"] = float(getattr(verdicts, f"p_{side}")[place])
            row[f"adjusted_p_{side}"] = float(getattr(verdicts, f"adjusted_{side}")[place])
        row["verdict"] = verdicts.verdict[place].replace("_", " ")
        row["note"] = note or _APART.get(compared.exclusion[place] or "")
    return rows


def change_rows(found: Figures, options: argparse.Namespace) -> Rows:
    """Return a row per measure and domain of both waves: values, their difference and a verdict."""
    waves = [_wave(found, options, name) for name in ("from", "to")]
    if waves[0] == waves[1]:
        raise Refused("--from and --to: must be two waves")
    with in_words_of_options({"earlier and later": "--wave"}), found.survey.naming_strata():
        changed = change(found.estimates, options.wave, earlier=waves[0], later=waves[1])
    if options.df == "full":
        full = np.broadcast_to(found.estimates.degrees_of_freedom[:1], changed.degrees_of_freedom.shape)
        changed = replace(changed, degrees_of_freedom=full)
    value = _values(found.estimates)
    rows = []
    for row, reason in zip(changed.to_dict(options.level), changed.reason.flat, strict=True):
        note = row.pop("note")
        row.pop("design_effect")
        keys = [({**row["domain"], options.wave: wave}, row["measure"]) for wave in waves]
        for name, (domain, measure) in zip(("value_from", "value_to"), keys, strict=True):
            row[name] = value[_key(domain), measure]
        if reason == "no_spread":
            earlier, later = (found.estimates[key] for key in keys)
            limits = change_interval(earlier, later, options.level)
            if limits is not None:
                row |= {"standard_error": None, "low": limits.low, "high": limits.high}
                note = _FROM_BOTH
        verdict = verdict_on_change(row["low"], row["high"]).replace("_", " ")
        rows.append(row | {"verdict": verdict, "note": note})
    return found.survey.relabelled(rows)


def _values(estimates: Estimates) -> dict[tuple[Any, str], float]:
    """Return the value of each domain and measure, to be looked up at once."""
    return {
        (_key(domain), measure.name): float(estimates.value[d, k])
        for d, domain in enumerate(estimates.domains.labels)
        for k, measure in enumerate(estimates.measures)
    }


def _key(domain: Mapping[str, Any]) -> tuple[tuple[str, Any], ...]:
    return tuple(sorted(domain.items()))


def notes_on_waves(found: Figures, options: argparse.Namespace) -> list[str]:
    """Name the domains that only one of the two waves has."""
    waves = [_wave(found, options, name) for name in ("from", "to")]
    met: dict[tuple[int, ...], set[int]] = {}
    for domain in found.estimates.domains.labels:
        rest = tuple(code for name, code in domain.items() if name != options.wave)
        met.setdefault(rest, set()).add(domain[options.wave])
    by = [name for name in options.by if name != options.wave]
    return [
        ", ".join(f"{name} {found.survey.labels[name][code]}" for name, code in zip(by, rest, strict=True))
        + " is in one of the two waves only: left out"
        for rest, present in met.items()
        if rest and min(rest) >= 0 and len(present & set(waves)) == 1
    ]


def _wave(found: Figures, options: argparse.Namespace, name: str) -> int:
    label = getattr(options, f"{name}_wave")
    known = found.survey.labels[options.wave]
    if label not in known:
        raise Refused(f"--{name}: column {options.wave} has no {label!r}, only {', '.join(map(repr, known))}")
    return known.index(label)


def _compared(command: str, found: Figures, options: argparse.Namespace) -> tuple[ComparedEstimates, Rows]:
    """Return the estimates of all domains with a label, with covariances where there are any."""
    estimates = found.estimates
    rows = found.coded_rows(options)
    kept = [place for place, row in enumerate(rows) if min(row["domain"].values(), default=0) >= 0]
    with found.survey.naming_strata():
        compared = ComparedEstimates.of(estimates, estimates.measures[0].name, kept)
    if not compared.is_comparable.any():
        raise Refused(f"{command}: no domain has a standard error; nothing can be compared")
    for row in rows:
        row.pop("measure")
    return compared, found.survey.relabelled(rows)


def _rank(rank: float) -> float | int | None:
    if np.isnan(rank):
        return None
    return int(rank) if rank == int(rank) else float(rank)
