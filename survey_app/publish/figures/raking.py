"""Raking of the weights to totals that are known of the population."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from analysis import AnalysisError, Calibration, rake
from survey_app.models.recipe import MarginThen
from survey_app.publish.figures.dataset import Dataset
from survey_app.publish.figures.design import Floats, Integers, WeightingRefused

ROUNDED_BY: Final = 0.5  # at most, each known total of a level


@dataclass(frozen=True, eq=False)
class Raked:
    weight: Floats
    calibration: Calibration
    details: Mapping[str, Any]


def raked(weight: Floats, dataset: Dataset, row: Integers, margins: Sequence[MarginThen]) -> Raked:
    """Fit weights to known totals; who skipped a question, or told what no total speaks of, keeps a share."""
    totals = _agreeing(margins)
    told = {margin.variable: [one[place] for one in dataset.profiles] for place, margin in enumerate(margins)}
    levels = {name: [one if one in totals[name] else None for one in told[name]] for name in told}
    profile = dataset.profile[row]
    labels = {name: np.array(found, dtype=object)[profile] for name, found in levels.items()}
    before = {name: _sums(weight, found, profile) for name, found in levels.items()}
    for name, known in totals.items():
        _refuse_silent_levels(name, known, before[name])
    try:
        found = rake(weight, labels, totals, missing="own_level")
    except AnalysisError as error:
        raise WeightingRefused(
            f"Không điều chỉnh được quyền số theo các tổng đã biết: {error}. "
            "Hãy gộp các mức ít người, hoặc bỏ bớt một biến."
        ) from error
    after = {name: _sums(found.weight, of_profile, profile) for name, of_profile in levels.items()}
    question_of = {margin.variable: margin.question for margin in margins}
    table = [
        {
            "variable": name,
            "question": question_of[name],
            "level": level,
            "total": totals[name].get(level) if level is not None else None,
            "n": before[name][level][1],
            "before": before[name][level][0],
            "after": after[name][level][0],
        }
        for name in totals
        for level in (*totals[name], *((None,) if None in before[name] else ()))
    ]
    details = {"margins": table, "rounds": found.iterations, "worst_gap": found.worst_gap}
    return Raked(found.weight, found.calibration, details)


def _agreeing(margins: Sequence[MarginThen]) -> dict[str, dict[Hashable, float]]:
    """Bring totals that differ by rounding alone to the sum of the first variable; refuse others."""
    sums = [sum(total for _, total in margin.totals) for margin in margins]
    rounding = ROUNDED_BY * max(len(margin.totals) for margin in margins)
    for margin, its_sum in zip(margins, sums, strict=True):
        if abs(its_sum - sums[0]) > rounding:
            raise WeightingRefused(
                f"Tổng của {margins[0].variable} là {sums[0]:.12g}, của {margin.variable} là {its_sum:.12g}: "
                "chênh nhau hơn mức làm tròn; hãy kiểm tra các tổng đã biết."
            )
    return {
        margin.variable: {level: total * sums[0] / its_sum for level, total in margin.totals}
        for margin, its_sum in zip(margins, sums, strict=True)
    }


def _sums(
    weight: Floats, level_of_profile: Sequence[str | None], profile: Integers
) -> dict[str | None, tuple[float, int]]:
    """Give the weight and the number of people of each level that anybody told."""
    names = [*sorted({one for one in level_of_profile if one is not None}), None]
    number = {name: place for place, name in enumerate(names)}
    code = np.array([number[one] for one in level_of_profile], dtype=np.int64)[profile]
    sums, counts = np.bincount(code, weight, len(names)), np.bincount(code, minlength=len(names))
    return {name: (float(sums[place]), int(counts[place])) for name, place in number.items() if counts[place]}


def _refuse_silent_levels(
    variable: str, known: Mapping[Hashable, float], answered: Mapping[str | None, tuple[float, int]]
) -> None:
    silent = [str(level) for level in known if level not in answered]
    if silent:
        raise WeightingRefused(
            f"{variable}: không ai trả lời thuộc mức {', '.join(silent)} mà các tổng đã biết có; "
            "hãy gộp mức này với một mức khác."
        )
