"""Makes `PsuSums` with numpy: from one row per respondent, or from counts."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from analysis.arguments import as_integers, as_reals, require
from analysis.design import SurveyDesign
from analysis.sums.psu_sums import PsuSums


def tally_responses(
    design: SurveyDesign,
    numerator: ArrayLike,
    denominator: ArrayLike,
    n_answers: ArrayLike | None = None,
    cell: ArrayLike | None = None,
) -> PsuSums:
    """Weight responses into sums, one row per respondent; `PsuSums.condense` adds them up.

    Parameters
    ----------
    design : SurveyDesign
        Of n rows.
    numerator : (n, C) number
        Per respondent the satisfied answers, or a variable y; 0 where not answered.
    denominator : (n, C) number
        Per respondent the valid answers, or a variable x; 0 where not answered.
    n_answers : (n, C) int, >= 0, optional
        Valid answers behind them; the denominators where left out, which then are counts.
    cell : (n,) int, >= 0, optional
        Cell of each respondent; all 0 where left out.

    Returns
    -------
    PsuSums
        n rows. A respondent of weight 0 counts as none.

    Raises
    ------
    AnalysisError
        If lengths differ, a value is not finite, or a numerator stands without an answer.

    Notes
    -----
    Row k holds w, w², w · y and w · x.

    References
    ----------
    Särndal, Swensson and Wretman (1992), Model Assisted Survey Sampling, section 4.2.

    Examples
    --------
    Three respondents in two wards of one office, two items; the last did not answer item 2.

    >>> from analysis import SurveyDesign, tally_responses
    >>> design = SurveyDesign(weight=[1.0, 2.0, 1.5], psu=["W7", "W7", "W9"])
    >>> sums = tally_responses(design, [[1, 0], [1, 1], [0, 0]], [[1, 1], [1, 1], [1, 0]])
    >>> sums.condense().numerator.tolist(), sums.condense().denominator.tolist()
    ([[3.0, 2.0], [0.0, 0.0]], [[3.0, 3.0], [1.5, 0.0]])
    """
    below = as_reals("denominator", denominator, (design.n_rows, None))
    above = as_reals("numerator", numerator, below.shape)
    answers = as_integers("n_answers", denominator if n_answers is None else n_answers, below.shape)
    weight = design.weight
    counted = weight > 0
    return PsuSums(
        psu=design.psu_code,
        cell=np.zeros(design.n_rows, dtype=np.int64)
        if cell is None
        else as_integers("cell", cell, weight.shape),
        n_respondents=counted.astype(np.int64),
        weight_sum=weight,
        weight_square_sum=weight**2,
        n_answers=answers * counted[:, None],
        numerator=weight[:, None] * above,
        denominator=weight[:, None] * below,
    )


def tally_counts(
    psu: ArrayLike,
    n_respondents: ArrayLike,
    n_satisfied: ArrayLike,
    n_valid: ArrayLike,
    weight: ArrayLike | None = None,
    cell: ArrayLike | None = None,
) -> PsuSums:
    """Turn counts, such as stored sums by office, counter and day, into `PsuSums`.

    Parameters
    ----------
    psu : (R,) int, >= 0
        PSU of each row of counts: its place in the `DesignTable`.
    n_respondents : (R,) int, >= 0
        Respondents of the row.
    n_satisfied : (R, C) int, 0 <= n_satisfied <= n_valid
        Satisfied answers per item.
    n_valid : (R, C) int, >= 0
        Valid answers per item.
    weight : (R,) float, > 0, optional
        The weight that the row's respondents share; 1 where left out.
    cell : (R,) int, >= 0, optional
        Cell of the row; all 0 where left out.

    Returns
    -------
    PsuSums
        One row per row of counts.

    Raises
    ------
    AnalysisError
        If a shape or a range is broken, or more answers are satisfied than valid.

    Notes
    -----
    The sums that the same respondents would give one by one.

    References
    ----------
    Särndal, Swensson and Wretman (1992), Model Assisted Survey Sampling, section 4.2.

    Examples
    --------
    >>> from analysis import tally_counts
    >>> tally_counts([0, 1], [3, 6], [[3], [5]], [[3], [6]], weight=[1.0, 2.5]).numerator.tolist()
    [[3.0], [12.5]]
    """
    people = as_integers("n_respondents", n_respondents, (None,))
    answers = as_integers("n_valid", n_valid, (people.size, None))
    satisfied = as_integers("n_satisfied", n_satisfied, answers.shape)
    weights = np.ones(people.size) if weight is None else as_reals("weight", weight, people.shape)
    require(weights > 0, "weight", "be positive", weights)
    require(satisfied >= 0, "n_satisfied", "not be negative", satisfied)
    require(satisfied <= answers, "n_satisfied", "not exceed n_valid", satisfied)
    return PsuSums(
        psu=as_integers("psu", psu, people.shape),
        cell=np.zeros(people.size, dtype=np.int64)
        if cell is None
        else as_integers("cell", cell, people.shape),
        n_respondents=people,
        weight_sum=weights * people,
        weight_square_sum=weights**2 * people,
        n_answers=answers,
        numerator=weights[:, None] * satisfied,
        denominator=weights[:, None] * answers,
    )
