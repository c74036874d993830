"""Change between two waves, with the covariance of samples that overlap."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from analysis.domains import Domain, Domains
from analysis.errors import AnalysisError
from analysis.estimation.estimate import Estimate
from analysis.estimation.estimates import Estimates
from analysis.estimation.linearise import Linearised
from analysis.estimation.residuals import influence_variance
from analysis.estimation.variance import degrees_of_freedom

_ROUNDING: Final = 1e-9


def change(estimates: Estimates, wave: str, *, earlier: Any, later: Any) -> Estimates:
    """Estimate later minus earlier, for every measure in every domain that both waves have.

    Parameters
    ----------
    estimates : Estimates
        Of both waves under one design in which a PSU drawn twice is one PSU; `wave` is one of
        the columns that were crossed into domains.
    wave : str
        Name of that column.
    earlier, later : label
        The two values of `wave` to compare.

    Returns
    -------
    Estimates
        Of kind "difference", by the remaining columns, with t intervals.

    Raises
    ------
    AnalysisError
        If `wave` is no column of the domains, a value does not occur, no domain has both, or the
        variances are those of replicates.

    Notes
    -----
    V(later - earlier) = V(later) + V(earlier) - 2 Cov, had at once as the variance of the
    difference of influence values, PSU by PSU. PSUs in both waves make Cov positive, which
    narrows the interval; treating waves as independent samples would be wrong. Degrees of
    freedom: PSUs of either wave minus strata, or the full design's if the estimates have those. A
    wave that is not estimable, or shows no spread (all or none satisfied), leaves the change not
    estimable; in the second case `change_columns` has limits. Those also stay possible, which t
    intervals near 100 % may not.

    References
    ----------
    Kish (1965), Survey Sampling, section 12.4. Tam (1984), The American Statistician 38,
    288-289. Berger (2004), Canadian Journal of Statistics 32, 451-467.

    Examples
    --------
    Four wards asked in both years:

    >>> from analysis import SurveyDesign, change, mean
    >>> wards = ["W1", "W2", "W3", "W4"] * 2
    >>> design = SurveyDesign(weight=[1.0] * 8, psu=wards)
    >>> score = [70.0, 80, 60, 90, 73, 82, 64, 91]
    >>> by = {"year": [2025] * 4 + [2026] * 4}
    >>> found = change(mean(design, {"score": score}, by), "year", earlier=2025, later=2026)
    >>> found[0, "score"]
    Estimate(2.5, standard error 0.645, 3 df, 95 % interval 0.4457 to 4.5543 (t), 8 respondents)
    """
    estimates.require_linearised()
    first, second, labels = pairs_of_waves(estimates.domains, wave, earlier, later)
    domains, sign = _signed(estimates.domains, first, second, labels)
    linear = Linearised(
        value=estimates.value[second] - estimates.value[first],
        influence=estimates.linearised.influence * sign[:, None],
        answered=estimates.linearised.answered,
    )
    variance = influence_variance(
        estimates.table, estimates.sums, domains, linear.influence, estimates.calibration
    )
    freedom = estimates.degrees_of_freedom[first]  # the full design's are the same everywhere
    if estimates.df == "domain":
        freedom = degrees_of_freedom(
            estimates.table, estimates.sums.psu, domains.code, linear.answered, len(domains)
        )
    return replace(
        estimates,
        domains=domains,
        measures=tuple(replace(measure, kind="difference") for measure in estimates.measures),
        linearised=linear,
        variance=_of_both(estimates, variance, first, second),
        degrees_of_freedom=freedom,
        n_respondents=estimates.n_respondents[first] + estimates.n_respondents[second],
        n_answers=estimates.n_answers[first] + estimates.n_answers[second],
        n_kish=estimates.n_kish[first] + estimates.n_kish[second],
        design_effect=np.full(linear.value.shape, np.nan),
        sampling_fraction=np.minimum(estimates.sampling_fraction[first], estimates.sampling_fraction[second]),
    )


def independent_change(earlier: Estimate, later: Estimate) -> Estimate:
    """Estimate later minus earlier from two figures whose samples were drawn apart.

    Parameters
    ----------
    earlier, later : Estimate
        Of the same measure, such as two stored figures.

    Returns
    -------
    Estimate
        Of kind "difference", with a t interval.

    Notes
    -----
    V(later - earlier) = V(later) + V(earlier). Where units were drawn twice their covariance,
    mostly positive, is left out, so that the interval is rather too wide; `change` takes it into
    account, but needs the sums of both waves. Degrees of freedom are Satterthwaite's, rounded
    down: few PSUs in the wave with most of the variance are not made good by many in the other. A
    wave that is not estimable, or shows no spread, leaves the change not estimable; see
    `change_interval`.

    References
    ----------
    Satterthwaite (1946), Biometrics Bulletin 2, 110-114. Welch (1947), Biometrika 34, 28-35.

    Examples
    --------
    >>> from analysis import Estimate, independent_change
    >>> first = Estimate(0.80, 0.03, 30, n_respondents=200, n_answers=200, n_complete=200, n_kish=200)
    >>> second = Estimate(0.85, 0.04, 30, n_respondents=100, n_answers=100, n_complete=100, n_kish=100)
    >>> independent_change(first, second)
    Estimate(0.05, standard error 0.05, 55 df, 95 % interval -0.0502 to 0.1502 (t), 300 respondents)
    """
    both = (earlier, later)
    reason = next((one.reason for one in both if one.reason is not None), None)
    if reason is None and any(one.standard_error == 0 and not one.is_census for one in both):
        reason = "no_spread"
    known = [one.value for one in both if one.value is not None]
    errors = [one.standard_error for one in both if one.standard_error is not None]
    return Estimate(
        value=known[1] - known[0] if len(known) == len(both) else None,
        standard_error=math.hypot(*errors) if len(errors) == len(both) else None,
        degrees_of_freedom=_satterthwaite(earlier, later),
        n_respondents=earlier.n_respondents + later.n_respondents,
        n_answers=earlier.n_answers + later.n_answers,
        n_complete=earlier.n_complete + later.n_complete,
        n_kish=earlier.n_kish + later.n_kish,
        kind="difference",
        sampling_fraction=min(earlier.sampling_fraction, later.sampling_fraction),
        reason=reason,
    )


def _satterthwaite(*waves: Estimate) -> int:
    """Degrees of freedom of a sum of variances; a wave without error, such as a census, has no part in it."""
    varying = [(one.standard_error**2, one.degrees_of_freedom) for one in waves if one.standard_error]
    if not varying or any(freedom < 1 for _, freedom in varying):
        return sum(one.degrees_of_freedom for one in waves)
    whole = sum(variance for variance, _ in varying)
    parts = sum((variance / whole) ** 2 / freedom for variance, freedom in varying)
    return math.floor(1 / parts + _ROUNDING)


def _of_both(
    estimates: Estimates, variance: NDArray[np.float64], first: NDArray[np.int64], second: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Take no variance where a wave has none, and 0 ("no_spread") where a sampled wave shows no spread."""
    for wave in (first, second):
        alone = estimates.variance[wave]
        silent = (alone == 0) & ~estimates.is_census[wave]
        variance = np.where(np.isnan(alone), np.nan, np.where(silent, 0.0, variance))
    return variance


def pairs_of_waves(
    domains: Domains, wave: str, earlier: Any, later: Any
) -> tuple[NDArray[np.int64], NDArray[np.int64], tuple[Domain, ...]]:
    """Give the places of the earlier and later domains, and what they share."""
    places: dict[tuple[Any, ...], dict[Any, int]] = {}
    labels: dict[tuple[Any, ...], Domain] = {}
    for place, domain in enumerate(domains.labels):
        if wave not in domain:
            raise AnalysisError("wave", f"be one of the columns {', '.join(domain) or '(none)'}", wave)
        shared = {name: value for name, value in domain.items() if name != wave}
        key = tuple(shared.values())
        labels[key] = shared
        places.setdefault(key, {})[domain[wave]] = place
    both = [key for key, found in places.items() if earlier in found and later in found]
    if earlier == later or not both:
        known = sorted({domain[wave] for domain in domains.labels})
        raise AnalysisError("earlier and later", f"both occur in a domain, among {known}", (earlier, later))
    first = np.array([places[key][earlier] for key in both])
    second = np.array([places[key][later] for key in both])
    return first, second, tuple(labels[key] for key in both)


def _signed(
    domains: Domains, first: NDArray[np.int64], second: NDArray[np.int64], labels: tuple[Domain, ...]
) -> tuple[Domains, NDArray[np.float64]]:
    """Put the rows of both waves into one domain, the earlier ones with a minus."""
    home = np.full(len(domains) + 1, -1)  # the last place is read by rows of no domain, code -1
    sign = np.zeros(len(domains) + 1)
    home[first], home[second] = np.arange(first.size), np.arange(second.size)
    sign[first], sign[second] = -1.0, 1.0
    return Domains(home[domains.code], labels), sign[domains.code]
