"""Figures of offices and of all above them, from released tallies alone."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final, NamedTuple

import numpy as np
from sqlalchemy.orm import Session

from analysis import DEFAULT_METHOD, DesignTable, Domains, Estimates, index_of_sums
from survey_app.models.campaign import Campaign
from survey_app.models.office_tree import OfficeTree
from survey_app.publish.breakdowns import Kind, Names, Scope, first_of
from survey_app.publish.changes import ChangeRow, changes_over_time
from survey_app.publish.dataset import Dataset, load_dataset
from survey_app.publish.distributions import DistributionRow, distributions_of
from survey_app.publish.population import Population
from survey_app.publish.rebasing import Predecessors
from survey_app.publish.tallies import Definitions, Recount

LEVEL: Final = 0.95
METHOD: Final = DEFAULT_METHOD  # stays within 0 and 1
# A parent pools many offices, some of which have a single counter-day. "adjust" counts its distance from
# the parent's index in full: conservative, where leaving it out would flatter.
LONE_PSU: Final = "adjust"

FigureRow = dict[str, Any]  # the columns of `figure` but its publication


@dataclass(frozen=True)
class Estimated:
    """What is published of some offices and of all above them, in one class."""

    provenance: str
    office_ids: list[int]  # also those of which nothing is left
    figures: list[FigureRow]
    distributions: list[DistributionRow]
    changes: list[ChangeRow] = field(default_factory=list)


def estimate_figures(
    session: Session,
    campaign: Campaign,
    provenance: str,
    office_ids: Iterable[int],
    recounted: Recount,
    released_on: date,
) -> Estimated:
    """Estimate every measure of these offices, of their heirs, and of the ancestors, who pool all below."""
    scope = _scope_of(session, office_ids, with_months=campaign.kind == "continuous")
    dataset = load_dataset(session, campaign.id, provenance, scope.offices, recounted)
    names, population = Names(session), Population(session, campaign.id)
    shared = {
        "provenance": provenance,
        # Only the drawn units of class A carry the campaign's basis; whoever else answers chose to.
        "sampling_basis": campaign.sampling_basis if provenance == "A" else "opt_in",
        "released_on": released_on,
    }
    figures = [
        {
            **shared,
            "office_id": domain.office_id,
            "breakdown": names.of(domain.kind, domain.part),
            "n_predecessors": _count_formers(dataset, scope, domain),
            "population_size": _population_of(population, dataset, scope, domain),
            **figure,
        }
        for domain, figure in _estimates(dataset, scope)
    ]
    distributions = distributions_of(dataset, scope.subtrees, Definitions(session), provenance)
    changes = [
        {"provenance": provenance, **one} for one in changes_over_time(dataset, scope, _table_of(dataset))
    ]
    return Estimated(provenance, sorted(scope.subtrees), figures, list(distributions), changes)


def _scope_of(session: Session, office_ids: Iterable[int], *, with_months: bool) -> Scope:
    tree, predecessors = OfficeTree(session), Predecessors(session)
    subtrees = tree.subtrees(sorted(tree.with_ancestors(predecessors.with_heirs(office_ids))))
    return Scope(subtrees, {one: predecessors.of(one) for one in subtrees}, with_months)


class _Domain(NamedTuple):
    """To whom a figure belongs."""

    office_id: int
    kind: Kind
    part: int


def _count_formers(dataset: Dataset, scope: Scope, domain: _Domain) -> int:
    """Count the former offices whose answers a month pools."""
    if domain.kind != "month" or domain.office_id in scope.parents:
        return 0
    answered = dataset.months_of_office
    formers = scope.formers_in(domain.office_id, domain.part)
    return sum(domain.part in answered.get(former_id, ()) for former_id in formers)


def _population_of(population: Population, dataset: Dataset, scope: Scope, domain: _Domain) -> int | None:
    below = scope.subtrees[domain.office_id]
    if domain.kind == "counter":
        return None
    if domain.kind == "month":
        month = first_of(domain.part)
        return population.size(below | scope.formers_in(domain.office_id, domain.part), month, month)
    return population.size(below, *dataset.days_of(below), domain.part)


def _estimates(dataset: Dataset, scope: Scope) -> Iterator[tuple[_Domain, FigureRow]]:
    if not dataset.columns:
        return
    table = _table_of(dataset)
    measures = dataset.measures()
    index = {name: columns for name, columns in measures.items() if name == "index"}
    for group in scope.groups(dataset):
        wanted = index if group.kind else measures
        if group.office.size and wanted:
            domains = Domains.crossing({"office": group.office, "part": group.part}, group.office.size)
            found = index_of_sums(dataset.sums(group.rows), table, domains, wanted)
            yield from _rows(found, group.kind)


def _table_of(dataset: Dataset) -> DesignTable:
    return DesignTable(dataset.stratum_of_psu, lone_psu=LONE_PSU)


def _rows(found: Estimates, kind: Kind) -> Iterator[tuple[_Domain, FigureRow]]:
    """Give the domain of each figure, and what is stored of it."""
    columns = found.columns(LEVEL, METHOD)
    t_low, t_high = found.limits(LEVEL, "t")
    has_error = columns["standard_error"] > 0
    columns |= {"t_low": np.where(has_error, t_low, np.nan), "t_high": np.where(has_error, t_high, np.nan)}
    columns["value"] = np.where(np.isnan(columns["low"]), np.nan, columns["value"])
    del columns["design_effect"]  # tallies do not know it
    cells = zip(*(column.ravel().tolist() for column in columns.values()), strict=True)
    keys = [(labels, measure.name) for labels in found.domains.labels for measure in found.measures]
    for (labels, measure), row in zip(keys, cells, strict=True):
        known = {name: None if cell != cell else cell for name, cell in zip(columns, row, strict=True)}
        figure = {"measure": measure, "level": LEVEL, "interval_method": METHOD, **known}
        yield _Domain(labels["office"], kind, labels["part"]), figure
