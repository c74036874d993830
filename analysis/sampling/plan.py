"""What to draw at one stage, checked against its frame before anything is drawn."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from analysis.arguments import require_choice
from analysis.errors import AnalysisError
from analysis.sampling.frame import SamplingFrame
from analysis.sampling.labels import normalise_labels
from analysis.sampling.scalars import as_count, as_real
from analysis.sampling.selection import Places

Method = Literal["simple", "pareto", "sequential_poisson", "systematic", "pps_systematic"]

RANKED: Final = ("simple", "pareto", "sequential_poisson")
_BY_SIZE: Final = ("pareto", "sequential_poisson", "pps_systematic")


@dataclass(frozen=True, eq=False)
class Stage:
    """What to draw at one stage: from which frame, how many, and how.

    Parameters
    ----------
    frame : SamplingFrame
        At later stages the strata are the ids of the parents; it may list them all or only those
        drawn before.
    n : int >= 1, or mapping of stratum to int >= 1
        Units of the main list of each stratum or parent; one number for all, or one for each.
    method : {"simple", "pareto", "sequential_poisson", "systematic", "pps_systematic"}
        "simple": the n smallest permanent random numbers. "pareto", "sequential_poisson": the n
        smallest after they are set against size (order PPS). "systematic", "pps_systematic":
        equal steps along the frame's implicit order, by units or by sizes (Madow).
    reserve : int >= 0, or mapping of stratum to int >= 0
        Units of the reserve list; strata left out get none.
    start : float in [0, 1), or mapping of stratum to float
        Where the permanent random numbers of this wave begin (`rotation_start`); not for the
        systematic methods. Strata left out begin at 0.

    Raises
    ------
    AnalysisError
        If n and reserve exceed the units of a stratum, a stratum is named that has no unit in
        the frame, or sizes are missing.

    Notes
    -----
    To take all units of small parents, say so for each: ``n={s: min(30, N) for s, N in
    frame.population.items()}``.

    References
    ----------
    As in `draw_sample`.

    Examples
    --------
    >>> from analysis.sampling.frame import SamplingFrame
    >>> from analysis.sampling.plan import Stage
    >>> frame = SamplingFrame.from_columns(["H1", "H2", "H3"], stratum=["A", "A", "B"])
    >>> Stage(frame, n={"A": 1, "B": 1}).method
    'simple'
    """

    frame: SamplingFrame
    n: int | Mapping[str, int]
    method: Method = "simple"
    reserve: int | Mapping[str, int] = 0
    start: float | Mapping[str, float] = 0.0

    def __post_init__(self) -> None:
        require_choice("method", self.method, get_args(Method))
        if self.method in _BY_SIZE and self.frame.size is None:
            raise AnalysisError("frame", f"have sizes for method {self.method!r}", self.frame)
        check_counts(self)
        check_starts(self)


@dataclass(frozen=True, eq=False)
class ListPlan:
    """The units of one stratum or parent, in implicit order, and what to draw from them."""

    label: str
    rows: Places
    sizes: NDArray[np.int64]
    n: int
    n_reserve: int
    start: float


def plan_lists(stage: Stage, labels: Iterable[str]) -> list[ListPlan]:
    """Return what to draw from the units of each label."""
    counts, starts = check_counts(stage), check_starts(stage)
    rows = _split_rows(stage.frame)
    plans = []
    for label in labels:
        if label not in rows:
            raise AnalysisError("frame", "list the units of every drawn parent", label)
        if label not in counts:
            raise AnalysisError("n", "be given for every stratum that is drawn in", label)
        sizes = _sizes_of(stage, rows[label])
        plans.append(ListPlan(label, rows[label], sizes, *counts[label], starts.get(label, 0.0)))
    return plans


def check_counts(stage: Stage) -> dict[str, tuple[int, int]]:
    """Return n and reserve of every planned stratum, drawn in or not: no seed decides on a refusal."""
    population = stage.frame.population
    reserve = _by_stratum("reserve", stage.reserve, stage.frame)
    counts = {}
    for label, n in _by_stratum("n", stage.n, stage.frame).items():
        main, spare = as_count("n", n, low=1), as_count("reserve", reserve.get(label, 0))
        if main + spare > population[label]:
            rule = f"not exceed, with the reserve, the {population[label]} units of stratum {label!r}"
            raise AnalysisError("n", rule, main + spare)
        counts[label] = (main, spare)
    return counts


def check_starts(stage: Stage) -> dict[str, float]:
    """Return where the random numbers of each stratum begin."""
    starts = {h: as_real("start", x) for h, x in _by_stratum("start", stage.start, stage.frame).items()}
    for start in starts.values():
        if not 0 <= start < 1:
            raise AnalysisError("start", "be at least 0 and below 1", start)
        if start > 0 and stage.method not in RANKED:
            raise AnalysisError("start", f"be 0 for method {stage.method!r}", start)
    return starts


def _by_stratum(argument: str, value: Any, frame: SamplingFrame) -> dict[str, Any]:
    """Return one value for all strata, or those of a mapping, which may name strata of the frame only."""
    if not isinstance(value, Mapping):
        return dict.fromkeys(frame.strata, value)
    labels = normalise_labels(argument, value) if value else []
    unknown = sorted(set(labels).difference(frame.strata))
    if unknown:
        raise AnalysisError(argument, "name strata that have units in the frame", unknown[0])
    if len(set(labels)) < len(labels):
        raise AnalysisError(argument, "name each stratum once, also after NFC", sorted(labels))
    return dict(zip(labels, value.values(), strict=True))


def _split_rows(frame: SamplingFrame) -> dict[str, Places]:
    """Return the rows of each stratum in implicit order; the frame's own order, by id, breaks ties."""
    keys = (frame.stratum,) if frame.order is None else (frame.order, frame.stratum)
    rows = np.lexsort(keys)  # stable, so that there is one possible result
    ends = np.cumsum(np.bincount(frame.stratum, minlength=len(frame.strata)))
    return dict(zip(frame.strata, np.split(rows, ends[:-1]), strict=True))


def _sizes_of(stage: Stage, rows: Places) -> NDArray[np.int64]:
    if stage.method in _BY_SIZE and stage.frame.size is not None:
        return stage.frame.size[rows]
    return np.ones(rows.size, np.int64)
