"""Satisfaction indices with honest confidence intervals, from sums per sampling unit.

Sums first (`tally_responses`, `tally_counts`, `PsuSums.merge`), then figures (`pooled_index`),
then intervals (`Estimate.confidence_interval`). Arrays and frozen objects in and out; no clock,
no file, no global state. Names load their modules when first used, so that `import analysis`
itself costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

from analysis.errors import AnalysisError

if TYPE_CHECKING:
    from analysis.estimation.effective_size import effective_sample_size
    from analysis.estimation.estimate import ConfidenceInterval, Estimate
    from analysis.estimation.index import pooled_index
    from analysis.estimation.interval import critical_value, t_interval, wilson_effective, wilson_interval
    from analysis.estimation.variance import RatioVariance, ratio_variance
    from analysis.sums.psu_sums import PsuSums
    from analysis.sums.tally import tally_counts, tally_responses

METHOD_VERSION: Final = "1"
"""Printed with every published figure. A change of any formula, default or policy that can change
a figure bumps it here, and is noted where readers of the figures will see it."""

__all__ = [
    "METHOD_VERSION",
    "AnalysisError",
    "ConfidenceInterval",
    "Estimate",
    "PsuSums",
    "RatioVariance",
    "critical_value",
    "effective_sample_size",
    "pooled_index",
    "ratio_variance",
    "t_interval",
    "tally_counts",
    "tally_responses",
    "wilson_effective",
    "wilson_interval",
]

_HOMES: Final = {
    "ConfidenceInterval": "estimation.estimate",
    "Estimate": "estimation.estimate",
    "PsuSums": "sums.psu_sums",
    "RatioVariance": "estimation.variance",
    "critical_value": "estimation.interval",
    "effective_sample_size": "estimation.effective_size",
    "pooled_index": "estimation.index",
    "ratio_variance": "estimation.variance",
    "t_interval": "estimation.interval",
    "tally_counts": "sums.tally",
    "tally_responses": "sums.tally",
    "wilson_effective": "estimation.interval",
    "wilson_interval": "estimation.interval",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
