"""Mean, total, ratio and proportion of variables, straight from rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.arguments import as_measurements, require
from analysis.design import SurveyDesign
from analysis.domains import Domains
from analysis.errors import AnalysisError
from analysis.estimation.estimate_measures import estimate_measures
from analysis.estimation.estimates import DfRule, Estimates
from analysis.estimation.measure import Kind, Measure
from analysis.sums.tally import tally_responses

Variables = Mapping[str, ArrayLike]
By = Mapping[str, ArrayLike] | None
Floats = NDArray[np.float64]


def mean(design: SurveyDesign, variables: Variables, by: By = None, df: DfRule = "domain") -> Estimates:
    """Estimate the mean of each variable, by domain.

    Parameters
    ----------
    design : SurveyDesign
        Of n rows.
    variables : mapping of name to (n,) float
        NaN where not answered: such rows are outside of the domain of that variable.
    by : mapping of name to (n,) labels, optional
        Columns to cross into domains; the whole where left out.
    df : {"domain", "full"}
        See `estimate_measures`.

    Returns
    -------
    Estimates
        In the unit of the variables, with t intervals.

    Raises
    ------
    AnalysisError
        If a length differs or a value is infinite.

    Notes
    -----
    sum(w y) / sum(w) over the rows with an answer.

    References
    ----------
    As in `estimate_measures`.

    Examples
    --------
    >>> from analysis import SurveyDesign, mean
    >>> design = SurveyDesign(weight=[1.0, 2.0, 1.0, 1.0], psu=[1, 2, 3, 4])
    >>> mean(design, {"minutes": [10, 20, 30, float("nan")]})[0, "minutes"].value
    20.0
    """
    return _estimate(design, variables, by, df, "mean")


def proportion(design: SurveyDesign, variables: Variables, by: By = None, df: DfRule = "domain") -> Estimates:
    """Estimate the share of rows for which each variable holds, by domain.

    Parameters
    ----------
    design : SurveyDesign
        Of n rows.
    variables : mapping of name to (n,) of 0, 1 and NaN, or bool
        Whether it holds; NaN where not answered.
    by, df
        As in `mean`.

    Returns
    -------
    Estimates
        In [0, 1], with intervals that stay there.

    Raises
    ------
    AnalysisError
        If a value is none of 0, 1 and NaN, or a length differs.

    Notes
    -----
    The mean of a 0/1 variable.

    References
    ----------
    As in `estimate_measures`.

    Examples
    --------
    >>> from analysis import SurveyDesign, proportion
    >>> design = SurveyDesign(weight=[1.0, 2.0, 1.0, 1.0], psu=[1, 2, 3, 4])
    >>> proportion(design, {"on time": [True, True, False, True]})[0, "on time"].value
    0.8
    """
    checked = {name: as_measurements(name, values, design.n_rows) for name, values in variables.items()}
    for name, values in checked.items():
        require(np.isin(values, (0, 1)) | np.isnan(values), name, "hold 0, 1 or NaN", values)
    return _estimate(design, checked, by, df, "proportion")


def total(design: SurveyDesign, variables: Variables, by: By = None, df: DfRule = "domain") -> Estimates:
    """Estimate the population total of each variable, by domain.

    Parameters
    ----------
    design : SurveyDesign
        Of n rows; its weights must add up to the population, not to the sample.
    variables : mapping of name to (n,) float
        NaN counts as absent, as R's ``svytotal(na.rm=TRUE)`` does.
    by, df
        As in `mean`.

    Returns
    -------
    Estimates
        In the unit of the variables, with t intervals.

    Raises
    ------
    AnalysisError
        If a length differs or a value is infinite.

    Notes
    -----
    sum(w y). Its standard error tells of sampling, not of what item nonresponse leaves out.

    References
    ----------
    As in `estimate_measures`.

    Examples
    --------
    >>> from analysis import SurveyDesign, total
    >>> design = SurveyDesign(weight=[10.0, 20.0, 10.0], psu=[1, 2, 3])
    >>> total(design, {"dossiers": [3, 5, 1]})[0, "dossiers"].value
    140.0
    """
    return _estimate(design, variables, by, df, "total")


def ratio(
    design: SurveyDesign,
    numerators: Variables,
    denominators: Variables,
    by: By = None,
    df: DfRule = "domain",
) -> Estimates:
    """Estimate ratios of totals, by domain.

    Parameters
    ----------
    design : SurveyDesign
        Of n rows.
    numerators : mapping of name to (n,) float
        y; the name becomes the measure's.
    denominators : mapping of the same names to (n,) float
        x. Rows in which y or x is NaN are outside of the domain of that ratio.
    by, df
        As in `mean`.

    Returns
    -------
    Estimates
        In the unit of y per x, with t intervals.

    Raises
    ------
    AnalysisError
        If names or lengths differ, or a value is infinite.

    Notes
    -----
    sum(w y) / sum(w x).

    References
    ----------
    As in `estimate_measures`.

    Examples
    --------
    >>> from analysis import SurveyDesign, ratio
    >>> design = SurveyDesign(weight=[1.0, 1.0, 2.0], psu=[1, 2, 3])
    >>> ratio(design, {"late": [1, 2, 0]}, {"late": [10, 10, 5]})[0, "late"].value
    0.1
    """
    if set(numerators) != set(denominators):
        raise AnalysisError("denominators", f"have the names {sorted(numerators)}", sorted(denominators))
    return _estimate(design, numerators, by, df, "ratio", denominators)


def _estimate(
    design: SurveyDesign, variables: Variables, by: By, df: DfRule, kind: Kind, below: Variables | None = None
) -> Estimates:
    if not variables:
        raise AnalysisError("variables", "name at least one variable", {})
    above = _table(design, variables, list(variables))
    under = np.ones_like(above) if below is None else _table(design, below, list(variables))
    answered = ~(np.isnan(above) | np.isnan(under))
    sums = tally_responses(
        design, np.where(answered, above, 0.0), np.where(answered, under, 0.0), answered * 1
    )
    domains = Domains.crossing(by, design.n_rows)
    measures = [Measure(name, (column,), kind) for column, name in enumerate(variables)]
    return estimate_measures(sums, design.table, domains, measures, df=df, calibration=design.calibration)


def _table(design: SurveyDesign, variables: Mapping[str, Any], names: list[str]) -> Floats:
    return np.column_stack([as_measurements(name, variables[name], design.n_rows) for name in names])
