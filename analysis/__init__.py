"""Satisfaction indices with honest confidence intervals: designs, estimates, weights, draws, ranks.

Say the design once (`SurveyDesign`), estimate (`satisfaction_index`, `mean`, ...), ask for intervals
(`Estimates.to_frame`), compare (`change`, `compare_with_target`, `rank_sets`). Where answers come
as sums, start from `DesignTable` and `PsuSums`. The guide is docs/analysis.md. Arrays and frozen
objects in and out; no clock, no global state; text files at the command line alone. Names load
their modules when first used, so that `import analysis` itself costs nothing; `__init__.pyi` lists
them for type checkers.
"""

from __future__ import annotations

from importlib import import_module
from typing import Final

from analysis.errors import AnalysisError

METHOD_VERSION: Final = "3"
"""Printed with every published figure. A change of any formula, default or policy that can change
a figure bumps it here, and is noted where readers of the figures will see it."""

_NAMES: Final = {
    "calibration": ("Calibration",),
    "ranking.bands": ("tie_bands",),
    "ranking.bottom": ("probability_of_bottom",),
    "comparison.change": ("change", "independent_change"),
    "comparison.change_limits": (
        "change_columns",
        "change_interval",
        "difference_limits",
        "possible_limits",
        "verdict_on_change",
    ),
    "comparison.compared": ("ComparedEstimates",),
    "comparison.multiplicity": ("adjust_p_values",),
    "ranking.sets": ("RankSets", "rank_sets"),
    "comparison.simultaneous": ("SimultaneousIntervals", "simultaneous_intervals"),
    "comparison.target": ("TargetComparison", "compare_with_target"),
    "design": ("DesignTable", "SurveyDesign"),
    "disclosure.audit": ("HiddenAudit", "audit_hidden"),
    "disclosure.protect": ("Protection", "protect_counts"),
    "disclosure.relations": ("CountRelations",),
    "domains": ("Domains",),
    "estimation.estimate": ("ConfidenceInterval", "Estimate"),
    "estimation.estimate_measures": ("estimate_measures",),
    "estimation.estimates": ("Estimates",),
    "estimation.index": ("index_of_sums", "satisfaction_index"),
    "estimation.linearise": ("Linearised", "linearise"),
    "estimation.measure": ("Measure",),
    "estimation.statistics": ("mean", "proportion", "ratio", "total"),
    "estimation.variance": ("covariance_matrix", "degrees_of_freedom", "design_variance"),
    "intervals.beta": ("clopper_pearson_interval", "jeffreys_interval"),
    "intervals.effective_size": ("binomial_sample_size", "effective_sample_size", "held_to_people"),
    "intervals.score": ("agresti_coull_interval", "wilson_interval"),
    "intervals.student": ("critical_value", "t_interval"),
    "intervals.survey": ("DEFAULT_METHOD", "Evidence", "survey_interval"),
    "intervals.transformed": ("arcsine_interval", "likelihood_interval", "logit_interval"),
    "ratings": ("Ratings",),
    "replication.bootstrap": ("bootstrap",),
    "replication.jackknife": ("jackknife",),
    "replication.replicate_weights": ("ReplicateWeights",),
    "sampling.allocation": (
        "equal_allocation",
        "neyman_allocation",
        "power_allocation",
        "proportional_allocation",
    ),
    "sampling.draw": ("Draw",),
    "sampling.frame": ("SamplingFrame", "frame_hash"),
    "sampling.plan": ("Stage",),
    "sampling.random_numbers": ("permanent_random_numbers",),
    "sampling.rotation": ("expected_overlap", "rotation_start"),
    "sampling.selection": ("inclusion_probabilities",),
    "sampling.size": (
        "margin_of_error",
        "sample_size_official",
        "sample_size_proportion",
        "smallest_detectable_change",
    ),
    "sampling.stages": ("draw_sample", "draw_stages"),
    "sums.batches": ("sum_batches",),
    "sums.columns": ("AnswerCodes", "ResponseColumns"),
    "sums.item_sums": ("ItemSums", "add_up"),
    "sums.kernel": ("sum_responses", "to_micro_units"),
    "sums.psu_sums": ("PsuSums",),
    "sums.snapshot": ("sum_snapshot", "write_snapshot"),
    "sums.spark": ("sum_dataframe",),
    "sums.tally": ("tally_counts", "tally_responses"),
    "weighting.base": ("design_weights", "two_stage_weights"),
    "weighting.known_totals.calibrate": ("calibrate",),
    "weighting.diagnostics": ("WeightDiagnostics", "weight_diagnostics"),
    "weighting.known_totals.margins": ("margin_columns",),
    "weighting.nonresponse": (
        "ResponseAdjustment",
        "ResponseCell",
        "adjust_nonresponse",
        "adjust_unknown_eligibility",
    ),
    "weighting.known_totals.poststratification": ("post_stratify",),
    "weighting.known_totals.raking": ("rake",),
    "weighting.known_totals.result": ("CalibratedWeights",),
    "weighting.trimming": ("TrimmedWeights", "trim_weights"),
}
_HOMES: Final = {name: module for module, names in _NAMES.items() for name in names}

__all__ = ["METHOD_VERSION", "AnalysisError", *sorted(_HOMES)]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
