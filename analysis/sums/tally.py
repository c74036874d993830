"""Makes `PsuSums` with numpy: from one row per respondent, or from counts."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from analysis.arguments import as_booleans, as_integers, as_reals, require
from analysis.sums.psu_sums import PsuSums, locate_psus, sum_rows


def tally_responses(
    stratum: ArrayLike, psu: ArrayLike, weight: ArrayLike, satisfied: ArrayLike, valid: ArrayLike
) -> PsuSums:
    """Add up weighted responses, one row per respondent, into sums per PSU.

    Parameters
    ----------
    stratum : (n,) int, >= 0
        Stratum code of each respondent.
    psu : (n,) int
        PSU of each respondent, unique over the whole design.
    weight : (n,) float, finite and >= 0
        Final weight. A respondent of weight 0 is outside of the estimates and counts as no
        respondent; the PSU stays in the design.
    satisfied : (n, J) bool
        Whether the answer to item j is a satisfied one; False where not valid.
    valid : (n, J) bool
        Whether there is a valid answer ("don't know" and missing are not).

    Returns
    -------
    PsuSums
        One row per PSU, sorted by PSU, one measure per item.

    Raises
    ------
    AnalysisError
        If lengths differ, a weight is negative or not finite, an answer is satisfied but not
        valid, or a PSU lies in two strata.

    Notes
    -----
    The row of PSU i holds sum(w), sum(w²), sum(w · satisfied_j) and sum(w · valid_j). For
    proportions other than satisfaction read "satisfied" as "counts in the numerator".

    References
    ----------
    Särndal, Swensson and Wretman (1992), Model Assisted Survey Sampling, section 4.2.

    Examples
    --------
    Three respondents in two wards of one office, two items; the last did not answer item 2.

    >>> from analysis import tally_responses
    >>> sums = tally_responses(
    ...     stratum=[0, 0, 0],
    ...     psu=[7, 7, 9],
    ...     weight=[1.0, 2.0, 1.5],
    ...     satisfied=[[True, False], [True, True], [False, False]],
    ...     valid=[[True, True], [True, True], [True, False]],
    ... )
    >>> sums.psu.tolist(), sums.numerator.tolist(), sums.denominator.tolist()
    ([7, 9], [[3.0, 2.0], [0.0, 0.0]], [[3.0, 3.0], [1.5, 0.0]])
    """
    strata = as_integers("stratum", stratum, (None,))
    n = strata.size
    weights = as_reals("weight", weight, (n,))
    require(weights >= 0, "weight", "not be negative", weights)
    answered = as_booleans("valid", valid, (n, None))
    content = as_booleans("satisfied", satisfied, answered.shape)
    require(answered | ~content, "satisfied", "be False where valid is False", content)
    ids, home, row = locate_psus(strata, as_integers("psu", psu, (n,)))
    counted = (weights > 0).astype(np.float64)
    return PsuSums(
        stratum=home,
        psu=ids,
        n_respondents=sum_rows(row, ids.size, counted).astype(np.int64),
        n_answers=sum_rows(row, ids.size, answered, counted).astype(np.int64),
        weight_sum=sum_rows(row, ids.size, weights),
        weight_square_sum=sum_rows(row, ids.size, weights**2),
        numerator=sum_rows(row, ids.size, content, weights),
        denominator=sum_rows(row, ids.size, answered, weights),
    )


def tally_counts(
    stratum: ArrayLike, psu: ArrayLike, n_respondents: ArrayLike, n_satisfied: ArrayLike, n_valid: ArrayLike
) -> PsuSums:
    """Add up unweighted counts, such as stored sums by office, counter and day.

    Parameters
    ----------
    stratum : (m,) int, >= 0
        Stratum code of each row of counts.
    psu : (m,) int
        PSU of each row, unique over the whole design; several rows may share one.
    n_respondents : (m,) int, >= 0
        Respondents of the row.
    n_satisfied : (m, J) int, 0 <= n_satisfied <= n_valid
        Satisfied answers per item.
    n_valid : (m, J) int, >= 0
        Valid answers per item.

    Returns
    -------
    PsuSums
        The sums that the same respondents would give with weight 1, sorted by PSU.

    Raises
    ------
    AnalysisError
        If a shape or a range is broken, more answers are satisfied than valid, or a PSU lies
        in two strata.

    Notes
    -----
    With w = 1 the sums of w and of w² are both the number of respondents.

    References
    ----------
    Särndal, Swensson and Wretman (1992), Model Assisted Survey Sampling, section 4.2.

    Examples
    --------
    >>> from analysis import tally_counts
    >>> tally_counts([0, 0, 0], [1, 2, 2], [3, 2, 4], [[3], [2], [3]], [[3], [2], [4]]).n_answers.tolist()
    [[3], [6]]
    """
    strata = as_integers("stratum", stratum, (None,))
    m = strata.size
    people = as_integers("n_respondents", n_respondents, (m,))
    answers = as_integers("n_valid", n_valid, (m, None))
    satisfied = as_integers("n_satisfied", n_satisfied, answers.shape)
    require(people >= 0, "n_respondents", "not be negative", people)
    require(satisfied >= 0, "n_satisfied", "not be negative", satisfied)
    require(satisfied <= answers, "n_satisfied", "not exceed n_valid", satisfied)
    ids, home, row = locate_psus(strata, as_integers("psu", psu, (m,)))
    added_people = sum_rows(row, ids.size, people)
    added_answers = sum_rows(row, ids.size, answers)
    return PsuSums(
        stratum=home,
        psu=ids,
        n_respondents=added_people.astype(np.int64),
        n_answers=added_answers.astype(np.int64),
        weight_sum=added_people,
        weight_square_sum=added_people,
        numerator=sum_rows(row, ids.size, satisfied),
        denominator=added_answers,
    )
