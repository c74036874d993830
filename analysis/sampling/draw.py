"""What was drawn: main and reserve lists with everything needed to check and to replay them."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.arguments import as_booleans, as_integers, as_reals, require
from analysis.errors import AnalysisError
from analysis.sampling.labels import normalise_labels
from analysis.sampling.random_numbers import DRAW_VERSION, Role


@dataclass(frozen=True, eq=False, repr=False)
class Draw:
    """Drawn units, list by list in drawn order: first the main list, then its reserve.

    A list belongs to one stratum, or at a later stage to one drawn parent. Made by `draw_sample`.

    Parameters
    ----------
    unit : tuple of n str
        Ids of the drawn units, in NFC.
    path : tuple of n tuples of k str
        For each unit the stratum of the first stage, then its parents from the first stage down; the
        last one names the list that the unit is on.
    is_main : (n,) bool
        Whether on the main list; the others are the reserve.
    order : (n,) int >= 1
        Place in its list: 1 … m the main list, m + 1 … the reserve, in the order in which
        reserve units take the places of lost ones.
    is_certainty : (n,) bool
        Whether the last stage was bound to draw it.
    stage_probability : (n, k) float in (0, 1]
        Probability of the main list at each stage, given the stages before.
    seed : str
        As it went into the keys.
    frame_hashes, methods : tuple of k str
        Frame and method of each stage.
    version : str
        `DRAW_VERSION` of the code that drew.

    Raises
    ------
    AnalysisError
        If columns differ in length or a probability is not within (0, 1].

    Notes
    -----
    Probabilities multiply over the stages, weights are their reciprocals. Those of a reserve unit are what it
    carries if it takes a place on the main list; add up main lists only. A reserve keeps the number of
    answers, it does not mend the bias of those who could not be reached: issue its units in
    order, and only when the unit before them is given up for good.

    References
    ----------
    Särndal, Swensson and Wretman (1992), Model Assisted Survey Sampling, sections 2.4 and 4.4.

    Examples
    --------
    >>> from analysis.sampling.frame import SamplingFrame
    >>> from analysis.sampling.plan import Stage
    >>> from analysis.sampling.stages import draw_sample
    >>> frame = SamplingFrame.from_columns([f"H{i}" for i in range(10)])
    >>> draw = draw_sample(Stage(frame, n=4, reserve=2), seed="2026-11-05")
    >>> draw
    Draw(4 main and 2 reserve units of 1 list, stage 1, checksum 01e9e548cf43…)
    >>> draw.units("main"), draw.units("reserve")
    (('H6', 'H9', 'H7', 'H2'), ('H3', 'H5'))
    >>> draw.replace_lost(["H6"]).units("main")
    ('H9', 'H7', 'H2', 'H3')
    """

    unit: tuple[str, ...]
    path: tuple[tuple[str, ...], ...]
    is_main: NDArray[np.bool_]
    order: NDArray[np.int64]
    is_certainty: NDArray[np.bool_]
    stage_probability: NDArray[np.float64]
    seed: str
    frame_hashes: tuple[str, ...]
    methods: tuple[str, ...]
    version: str = DRAW_VERSION

    def __post_init__(self) -> None:
        n, k = len(self.unit), len(self.frame_hashes)
        if len(self.path) != n or len(self.methods) != k or any(len(parts) != k for parts in self.path):
            raise AnalysisError("path and methods", f"have shapes ({n}, {k}) and ({k},)", len(self.path))
        for name, check, shape in (
            ("is_main", as_booleans, (n,)),
            ("order", as_integers, (n,)),
            ("is_certainty", as_booleans, (n,)),
            ("stage_probability", as_reals, (n, k)),
        ):
            column = check(name, getattr(self, name), shape).copy()
            column.setflags(write=False)
            object.__setattr__(self, name, column)
        pi = self.stage_probability
        require((pi > 0) & (pi <= 1), "stage_probability", "be above 0 and at most 1", pi)

    def __repr__(self) -> str:
        n_main, lists = int(self.is_main.sum()), len({parts[-1] for parts in self.path})
        return (
            f"Draw({n_main} main and {len(self.unit) - n_main} reserve units of "
            f"{lists} {'list' if lists == 1 else 'lists'}, stage {self.n_stages}, "
            f"checksum {self.checksum[:12]}…)"
        )

    @property
    def n_stages(self) -> int:
        """Number of stages so far."""
        return len(self.frame_hashes)

    @property
    def stratum(self) -> tuple[str, ...]:
        """Stratum of the first stage of each unit."""
        return tuple(parts[0] for parts in self.path)

    @property
    def psu(self) -> tuple[str, ...]:
        """Primary sampling unit of each unit: its first parent, or itself where there is one stage."""
        if self.n_stages == 1:
            return self.unit
        return tuple(parts[1] for parts in self.path)

    @property
    def inclusion_probability(self) -> NDArray[np.float64]:
        """Product of the stages' probabilities, (n,), multiplied from the first stage on."""
        product = np.ones(len(self.unit))
        for column in self.stage_probability.T:
            product = product * column
        return product

    @property
    def weight(self) -> NDArray[np.float64]:
        """Design weight, 1 / inclusion probability, (n,)."""
        return 1 / self.inclusion_probability

    @property
    def checksum(self) -> str:
        """SHA-256 of `to_dict`; two machines that drew the same have the same."""
        return str(self.to_dict()["checksum"])

    def population_sizes(self) -> tuple[NDArray[np.int64], ...]:
        """Return the units of the frame on each unit's list, stage by stage, for `SurveyDesign.fpc`.

        Returns
        -------
        tuple of k (n,) int
            PSUs of the unit's stratum, then units of its first parent, and so on. A design takes
            one or two stages, the rows being the units of the last.

        Raises
        ------
        AnalysisError
            If a stage drew by size: its chances differ within a list, and no number of units says
            how much of it was drawn. Leave fpc out, the cautious side.

        Examples
        --------
        >>> from analysis.sampling.frame import SamplingFrame
        >>> from analysis.sampling.plan import Stage
        >>> from analysis.sampling.stages import draw_sample
        >>> frame = SamplingFrame.from_columns(["W1", "W2", "W3", "V1"], ["W", "W", "W", "V"])
        >>> draw = draw_sample(Stage(frame, n={"W": 2, "V": 1}), seed="2026-11-05")
        >>> draw.stratum, draw.population_sizes()[0].tolist()
        (('V', 'W', 'W'), [1, 3, 3])
        """
        if not {"simple", "systematic"}.issuperset(self.methods):
            raise AnalysisError(
                "methods", "draw with equal chances for sizes to say what was drawn", self.methods
            )
        chains = [(*parts, unit) for parts, unit in zip(self.path, self.unit, strict=True)]
        sizes = []
        for stage, probability in enumerate(self.stage_probability.T, start=1):
            drawn = {
                chain[: stage + 1] for chain, is_main in zip(chains, self.is_main, strict=True) if is_main
            }
            n_drawn = Counter(chain[:stage] for chain in drawn)
            n = np.array([n_drawn[chain[:stage]] for chain in chains])
            sizes.append(np.rint(n / probability).astype(np.int64))
        return tuple(sizes)

    def units(self, role: Role) -> tuple[str, ...]:
        """Return the ids on the main or on the reserve lists, list by list in order."""
        wanted = self.is_main if role == "main" else ~self.is_main
        return tuple(unit for unit, is_wanted in zip(self.unit, wanted.tolist(), strict=True) if is_wanted)

    def replace_lost(self, lost: Iterable[str]) -> Draw:
        """Return the draw after units were given up and reserves took their places.

        Parameters
        ----------
        lost : iterable of str
            Ids of units of this draw, on the main or on the reserve list, each once.

        Returns
        -------
        Draw
            Without the lost units. The main list of each list is again as long as before: it
            consists of the units with the smallest `order` that are left.

        Raises
        ------
        AnalysisError
            If an id is not in the draw or comes twice, or if a reserve has too few units.
        """
        gone = normalise_labels("lost", lost)
        missing = set(gone).difference(self.unit)
        if missing or len(set(gone)) < len(gone):
            raise AnalysisError("lost", "name units of this draw, each once", sorted(missing) or gone)
        given_up = set(gone)
        left = np.array([unit not in given_up for unit in self.unit])
        return self._take(np.flatnonzero(left), self._fill_main_lists(left))

    def _fill_main_lists(self, left: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return which units make up the main lists, as long as before, of the units that are left."""
        lists = [parts[-1] for parts in self.path]
        places = Counter(label for label, is_main in zip(lists, self.is_main, strict=True) if is_main)
        fills = np.zeros(len(self.unit), np.bool_)
        for row in np.argsort(self.order, kind="stable").tolist():
            if left[row] and places[lists[row]] > 0:
                fills[row] = True
                places[lists[row]] -= 1
        short = sorted(label for label, n_open in places.items() if n_open > 0)
        if short:
            raise AnalysisError("lost", "leave enough reserve units on each list", short[0])
        return fills

    def _take(self, rows: NDArray[np.int64], is_main: NDArray[np.bool_]) -> Draw:
        return replace(
            self,
            unit=tuple(self.unit[row] for row in rows.tolist()),
            path=tuple(self.path[row] for row in rows.tolist()),
            is_main=is_main[rows],
            order=self.order[rows],
            is_certainty=self.is_certainty[rows],
            stage_probability=self.stage_probability[rows],
        )

    def to_rows(self) -> list[dict[str, Any]]:
        """Return a dictionary a unit, ready for JSON or a table."""
        columns = zip(
            self.unit,
            self.path,
            self.is_main.tolist(),
            self.order.tolist(),
            self.is_certainty.tolist(),
            self.stage_probability.tolist(),
            self.inclusion_probability.tolist(),
            self.weight.tolist(),
            strict=True,
        )
        return [
            {
                "unit": unit,
                "stratum": parts[0],
                "parents": list(parts[1:]),
                "role": "main" if is_main else "reserve",
                "order": order,
                "is_certainty": is_certainty,
                "stage_probabilities": stages,
                "inclusion_probability": probability,
                "weight": weight,
            }
            for unit, parts, is_main, order, is_certainty, stages, probability, weight in columns
        ]

    def to_dict(self) -> dict[str, Any]:
        """Return everything, ready for JSON, with a checksum.

        The checksum is the SHA-256 of the rest as JSON in UTF-8 with keys sorted and without
        spaces; floats are written with the fewest digits that read back as the same float.
        """
        content = {
            "draw_version": self.version,
            "seed": self.seed,
            "frame_hashes": list(self.frame_hashes),
            "methods": list(self.methods),
            "units": self.to_rows(),
        }
        text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return {**content, "checksum": hashlib.sha256(text.encode()).hexdigest()}
