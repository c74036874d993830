"""Figures of offices and of all above them, from released tallies alone."""

from collections.abc import Iterable, Iterator
from datetime import date
from itertools import groupby
from typing import Any, Final

import numpy as np
from sqlalchemy.orm import Session

from analysis import DEFAULT_METHOD, DesignTable, Domains, Estimates, index_of_sums
from survey_app.models.campaign import Campaign
from survey_app.models.office_tree import OfficeTree
from survey_app.publish.dataset import Dataset, load_dataset
from survey_app.publish.population import Population
from survey_app.publish.tallies import Recount

LEVEL: Final = 0.95
METHOD: Final = DEFAULT_METHOD  # stays within 0 and 1
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
    # Only the drawn units of class A carry the campaign's basis; whoever else answers chose to.
    basis = campaign.sampling_basis if provenance == "A" else "opt_in"
    rows: list[FigureRow] = []
    for office_id, found in groupby(_estimates(dataset, subtrees), key=lambda row: row[0]):
        below = subtrees[office_id]
        shared = {
            "office_id": office_id,
            "provenance": provenance,
            "sampling_basis": basis,
            "population_size": population.size(below, *dataset.days_of(below)),
            "released_on": released_on,
        }
        rows += [{**shared, **figure} for _, figure in found]
    return rows


def _estimates(dataset: Dataset, subtrees: dict[int, set[int]]) -> Iterator[tuple[int, FigureRow]]:
    """Estimate the offices that have none below them in one pass, and each parent from all rows below."""
    if not dataset.columns:
        return
    table = DesignTable(dataset.stratum_of_psu, lone_psu=LONE_PSU)
    sums, measures = dataset.sums(), dataset.measures()
    leaves = sorted(office_id for office_id, below in subtrees.items() if below == {office_id})
    parents = sorted(subtrees.keys() - set(leaves))
    for together in [leaves, *([office_id] for office_id in parents)]:
        inside = np.isin(
            dataset.office, sorted(set().union(*(subtrees[office_id] for office_id in together)))
        )
        if inside.any():
            offices = dataset.office[inside] if together is leaves else np.full(inside.sum(), together[0])
            domains = Domains.crossing({"office": offices}, offices.size)
            yield from _rows(index_of_sums(sums.take(inside), table, domains, measures))


def _rows(found: Estimates) -> Iterator[tuple[int, FigureRow]]:
    """Give the office of each figure, and what is stored of it."""
    columns = found.columns(LEVEL, METHOD)
    t_low, t_high = found.limits(LEVEL, "t")
    has_error = columns["standard_error"] > 0
    columns |= {"t_low": np.where(has_error, t_low, np.nan), "t_high": np.where(has_error, t_high, np.nan)}
    columns["value"] = np.where(np.isnan(columns["low"]), np.nan, columns["value"])
    del columns["design_effect"]  # tallies do not know it
    cells = zip(*(column.ravel().tolist() for column in columns.values()), strict=True)
    keys = [(labels["office"], measure.name) for labels in found.domains.labels for measure in found.measures]
    for (office_id, measure), row in zip(keys, cells, strict=True):
        known = {name: None if cell != cell else cell for name, cell in zip(columns, row, strict=True)}
        yield office_id, {"measure": measure, "level": LEVEL, "interval_method": METHOD, **known}
