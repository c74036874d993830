"""Draws in one or several stages: simple, systematic, and with probability proportional to size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.errors import AnalysisError
from analysis.sampling.draw import Draw
from analysis.sampling.frame import SamplingFrame
from analysis.sampling.plan import RANKED, ListPlan, Method, Stage, plan_lists
from analysis.sampling.random_numbers import Role, as_uniform, hash_units, random_start, seed_text
from analysis.sampling.selection import (
    Places,
    certain_units,
    probabilities_of,
    ranked_places,
    systematic_places,
)


def draw_sample(stage: Stage, seed: str | int, within: Draw | None = None) -> Draw:
    """Draw main and reserve lists in every stratum, or within every drawn parent.

    Parameters
    ----------
    stage : Stage
        What to draw, and how.
    seed : str or int >= 0
        As in `analysis.sampling.random_numbers.seed_text`; the same at all stages.
    within : Draw or None
        The draw of the stage before: units are drawn within its main units, whose ids are the
        strata of this frame. None at the first stage, which draws in every stratum.

    Returns
    -------
    Draw
        Sorted by list, then by drawn order.

    Raises
    ------
    AnalysisError
        If a stratum or drawn parent has no unit or no n, a plan names a stratum that the frame lacks, n
        and reserve exceed the units of any planned stratum, sizes are missing, or seeds differ.

    Notes
    -----
    The draw follows from seed and frame alone, bit for bit. No generator takes part, only HMAC-SHA256
    (`permanent_random_numbers`, `analysis.sampling.random_numbers.random_start`), whole numbers, stable
    sorts and, for the order PPS methods, a few single IEEE 754 operations a unit. The order of the frame's
    rows plays no part. A list depends on no other list: when a reserve parent joins (`Draw.replace_lost`),
    the lists of the others stay.

    - "simple": units in the order of (number - start) mod 1; main and reserve are the first of them.
      pi = n / N.
    - "pareto", "sequential_poisson": with u = (number - start) mod 1 and the targets l of
      `inclusion_probabilities`, certain units first, then by u (1 - l) / (l (1 - u)), or by u / l. Main
      and reserve are the first of them. pi is the target; the true one differs by an error that
      vanishes with n: where 2 or 3 are drawn from 5 to 7 units up to 0.015 for Pareto, 0.07 for
      sequential Poisson (worked out in the tests), so prefer Pareto.
    - "systematic", "pps_systematic": exact pi, certain units apart; the start belongs to seed,
      frame hash, stage and stratum. The main list runs in implicit order (`order`, then id). There is no
      natural continuation, so the reserve is a second draw by the same method among the units left
      over, issued in the order of their permanent random numbers, so that any first part of it
      is spread at random over it. Its length never changes the main list.

    References
    ----------
    Madow (1949), Annals of Mathematical Statistics 20, 333-354. Ohlsson (1995), Coordination of samples
    using permanent random numbers, in Business Survey Methods, chapter 9. Ohlsson (1998), J. Official
    Statistics 14, 149-162 (sequential Poisson). Rosén (1997), J. Statistical Planning and Inference
    62, 135-158 and 159-191 (Pareto).

    Examples
    --------
    >>> from analysis.sampling.frame import SamplingFrame
    >>> from analysis.sampling.plan import Stage
    >>> from analysis.sampling.stages import draw_sample
    >>> communes = SamplingFrame.from_columns(["X1", "X2", "X3", "X4"], size=[900, 100, 300, 200])
    >>> draw = draw_sample(Stage(communes, n=2, method="pps_systematic"), seed="2026-11-05")
    >>> draw.unit, draw.inclusion_probability.tolist(), draw.is_certainty.tolist()
    (('X1', 'X4'), [1.0, 0.3333333333333333], [True, False])
    """
    key = seed_text(seed)
    if within is not None and within.seed != key:
        raise AnalysisError("seed", f"be that of the stage before, {within.seed!r}", seed)
    number = 1 if within is None else within.n_stages + 1
    above = _lists_above(stage.frame, within)
    plans = plan_lists(stage, above)
    random = _Randomness(key, number, stage.frame)
    drawn = [_draw_list(stage.method, plan, random) for plan in plans]
    path = tuple(above[plan.label][0] for plan in plans for _ in range(plan.n + plan.n_reserve))
    before = np.concatenate([np.tile(above[plan.label][1], (plan.n + plan.n_reserve, 1)) for plan in plans])
    probability = np.column_stack([before, np.concatenate([pi for _, pi in drawn])])
    return Draw(
        unit=tuple(stage.frame.unit[row] for rows, _ in drawn for row in rows.tolist()),
        path=path,
        is_main=np.concatenate([np.arange(plan.n + plan.n_reserve) < plan.n for plan in plans]),
        order=np.concatenate([np.arange(1, plan.n + plan.n_reserve + 1) for plan in plans]),
        is_certainty=probability[:, -1] == 1,
        stage_probability=probability,
        seed=key,
        frame_hashes=(*(within.frame_hashes if within else ()), stage.frame.frame_hash),
        methods=(*(within.methods if within else ()), stage.method),
    )


def draw_stages(stages: Sequence[Stage], seed: str | int) -> tuple[Draw, ...]:
    """Draw several stages from frames that are all known beforehand.

    Parameters
    ----------
    stages : sequence of Stage, at least one
        From the first stage down; the strata of each frame are units of the frame before.
    seed : str or int >= 0
        As in `analysis.sampling.random_numbers.seed_text`.

    Returns
    -------
    tuple of Draw
        One for each stage; the last one has the ultimate units and their weights.

    Raises
    ------
    AnalysisError
        As `draw_sample`, or if there is no stage.

    Notes
    -----
    Each stage is `draw_sample` within the main units of the one before. Where units are listed in drawn
    parents only, call `draw_sample` stage by stage; a frame of fewer parents has another hash, so its
    systematic draws start elsewhere.

    References
    ----------
    As in `draw_sample`.

    Examples
    --------
    Communes by size, then one dossier in each: every dossier has the same weight.

    >>> from analysis.sampling.frame import SamplingFrame
    >>> from analysis.sampling.plan import Stage
    >>> from analysis.sampling.stages import draw_stages
    >>> communes = SamplingFrame.from_columns(["X1", "X2", "X3"], size=[2, 1, 3])
    >>> dossiers = SamplingFrame.from_columns(
    ...     ["H1", "H2", "H3", "H4", "H5", "H6"], stratum=["X1", "X1", "X2", "X3", "X3", "X3"]
    ... )
    >>> _, draw = draw_stages([Stage(communes, 2, "pps_systematic"), Stage(dossiers, 1)], seed=2026)
    >>> draw.weight.round(9).tolist(), draw.psu
    ([3.0, 3.0], ('X1', 'X3'))
    """
    if not stages:
        raise AnalysisError("stages", "hold at least one stage", stages)
    draws: list[Draw] = []
    for stage in stages:
        draws.append(draw_sample(stage, seed, draws[-1] if draws else None))
    return tuple(draws)


def _lists_above(
    frame: SamplingFrame, within: Draw | None
) -> dict[str, tuple[tuple[str, ...], NDArray[np.float64]]]:
    """Return what is drawn in: for each stratum or main unit its path and probabilities so far."""
    if within is None:
        return {label: ((label,), np.empty(0)) for label in frame.strata}
    columns = zip(within.unit, within.path, within.is_main.tolist(), within.stage_probability, strict=True)
    return {unit: ((*path, unit), pi) for unit, path, is_main, pi in columns if is_main}


@dataclass(frozen=True)
class _Randomness:
    """The random numbers of one stage of one frame."""

    seed: str
    stage: int
    frame: SamplingFrame

    def numbers(self, rows: Places) -> NDArray[np.uint64]:
        return hash_units(self.seed, [self.frame.unit[row] for row in rows.tolist()], self.stage)

    def start(self, role: Role, label: str, bound: int) -> int:
        return random_start(self.seed, self.stage, role, self.frame.frame_hash, label, bound)


def _draw_list(method: Method, plan: ListPlan, random: _Randomness) -> tuple[Places, NDArray[np.float64]]:
    """Return the drawn rows of one list in drawn order, main before reserve, and their probabilities."""
    certain = certain_units(plan.sizes, plan.n)
    if method in RANKED:
        keys = _ranking_keys(method, plan, certain, random)
        places = ranked_places(keys, certain, plan.n + plan.n_reserve)
    else:
        places = _draw_along(plan, certain, random)
    return plan.rows[places], probabilities_of(plan.sizes, plan.n, certain)[places]


def _ranking_keys(
    method: Method, plan: ListPlan, certain: NDArray[np.bool_], random: _Randomness
) -> NDArray[np.uint64] | NDArray[np.float64]:
    """Return what decides who comes first: the numbers counted from the start, or these against size."""
    start = np.uint64(int(plan.start * 2.0**64))  # times a power of 2: exact
    numbers = random.numbers(plan.rows) - start  # 64-bit wrapping is the circle wanted
    if method == "simple":
        return numbers
    # Shares of 53 bits, what they lack of 1, and whole numbers up to 2**53 are exact floats; each operation
    # below is rounded once, as IEEE 754 lays down to the last bit, and none is a library's own.
    shares = as_uniform(numbers)
    if method == "sequential_poisson":
        return shares / plan.sizes
    # (1 - l) / l = (X - m x) / (m x) with m units to draw from a total X; the factor 1 / m orders nothing.
    m = plan.n - int(certain.sum())
    rest = int(plan.sizes[~certain].sum()) - m * plan.sizes
    return (shares / (1 - shares)) * (rest / plan.sizes)


def _draw_along(plan: ListPlan, certain: NDArray[np.bool_], random: _Randomness) -> Places:
    """Return the places of a systematic main list, then of its reserve, drawn from what is left."""

    def one_pass(role: Role, sizes: NDArray[np.int64], n: int, certain: NDArray[np.bool_]) -> Places:
        length = int(sizes[~certain].sum())
        start = random.start(role, plan.label, length) if length else 0
        return systematic_places(sizes, n, start, certain)

    main = one_pass("main", plan.sizes, plan.n, certain)
    if plan.n_reserve == 0:
        return main
    rest = np.delete(np.arange(plan.rows.size), main)
    left = plan.sizes[rest]
    reserve = rest[one_pass("reserve", left, plan.n_reserve, certain_units(left, plan.n_reserve))]
    in_turn = np.argsort(random.numbers(plan.rows[reserve]), kind="stable")
    return np.concatenate([main, reserve[in_turn]])
