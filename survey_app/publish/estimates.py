"""Figures of offices and of all above them, from released tallies alone."""

from collections.abc import Iterable
from datetime import date
from typing import Any, Final

import numpy as np
from sqlalchemy.orm import Session

from analysis import Estimate, pooled_index
from survey_app.models.campaign import Campaign
from survey_app.publish.dataset import load_dataset
from survey_app.publish.population import Population
from survey_app.publish.tallies import Recount
from survey_app.publish.tree import OfficeTree

LEVEL: Final = 0.95
METHOD: Final = "wilson"  # with effective sample size and the design's t: stays within 0 and 1
# A parent pools many offices, some of which have a single counter-day. "adjust" counts its distance from
# the parent's index in full: conservative, where leaving it out would flatter.
LONE_PSU: Final = "adjust"

FigureRow = dict[str, Any]  # the columns of `figure` but its publication


def estimate_figures(
    session: Session,
    campaign: Campaign,
    provenance: str,
    office_ids: Iterable[int],
    recounted: Recount,
    released_on: date,
) -> list[FigureRow]:
    """Estimate every measure of these offices and of their ancestors, who pool all offices below them."""
    tree = OfficeTree(session)
    subtrees = tree.subtrees(sorted(tree.with_ancestors(office_ids)))
    dataset = load_dataset(session, campaign.id, provenance, set().union(*subtrees.values()), recounted)
    population = Population(session, campaign.id)
    rows: list[FigureRow] = []
    for office_id, below in subtrees.items():
        sums = dataset.sums_of(below)
        if sums is None:
            continue
        domain = np.zeros(sums.stratum.max() + 1, dtype=np.int64)
        estimates = pooled_index(sums, domain, dataset.measures(), lone_psu=LONE_PSU)
        shared = {
            "office_id": office_id,
            "provenance": provenance,
            # Only the drawn units of class A carry the campaign's basis; whoever else answers chose to.
            "sampling_basis": campaign.sampling_basis if provenance == "A" else "opt_in",
            "population_size": population.size(below, *dataset.days_of(below)),
            "released_on": released_on,
        }
        rows += [{**shared, "measure": name, **_columns(found)} for (_, name), found in estimates.items()]
    return rows


def _columns(estimate: Estimate) -> FigureRow:
    interval = estimate.confidence_interval(LEVEL, METHOD)
    limits = estimate.confidence_interval(LEVEL, "t") if estimate.standard_error else None
    return {
        "value": None if interval is None else estimate.value,
        "standard_error": estimate.standard_error,
        "degrees_of_freedom": estimate.degrees_of_freedom,
        "low": interval and interval.low,
        "high": interval and interval.high,
        "t_low": limits and limits.low,
        "t_high": limits and limits.high,
        "level": LEVEL,
        "interval_method": METHOD,
        "n_respondents": estimate.n_respondents,
        "n_answers": estimate.n_answers,
        "effective_sample_size": estimate.effective_sample_size,
        "reason": estimate.reason,
    }
