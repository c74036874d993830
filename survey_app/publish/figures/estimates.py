"""Figures of offices and of all above them, from released tallies alone."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Final, NamedTuple

import numpy as np
from sqlalchemy.orm import Session

from analysis import DEFAULT_METHOD, Domains, Estimates
from survey_app.models.breakdown import INDEX
from survey_app.models.campaign import Campaign
from survey_app.models.known_offices import known_offices
from survey_app.publish.counting.tallies import Definitions, KnownDefinitions, Recount
from survey_app.publish.figures.breakdowns import Group, Kind, Names, Scope, days_of_month
from survey_app.publish.figures.changes import ChangeRow, changes_over_time
from survey_app.publish.figures.dataset import Dataset, load_dataset
from survey_app.publish.figures.design import Integers, Units
from survey_app.publish.figures.differences import Compared, differences_of
from survey_app.publish.figures.distributions import DistributionRow, distributions_of
from survey_app.publish.figures.people import people_behind
from survey_app.publish.figures.population import Population
from survey_app.publish.figures.rebasing import Predecessors
from survey_app.publish.terms import LEVEL

METHOD: Final = DEFAULT_METHOD  # stays within 0 and 1

FigureRow = dict[str, Any]  # the columns of `figure` but its publication


@dataclass(frozen=True)
class Estimated:
    """What is published of some offices and of all above them, in one class."""

    provenance: str
    office_ids: list[int]  # also those of which nothing is left
    figures: list[FigureRow]
    distributions: list[DistributionRow]
    changes: list[ChangeRow] = field(default_factory=list)


@dataclass(frozen=True)
class Surroundings:
    """What figures need beside the counts."""

    names: Names
    population: Population
    definitions: KnownDefinitions
    sampling_basis: str  # of the campaign
    released_on: date
    is_drawn_here: bool = False  # from a list of dossiers that stands in the recipe


def estimate_figures(
    session: Session,
    campaign: Campaign,
    provenance: str,
    office_ids: Iterable[int],
    recounted: Recount,
    released_on: date,
) -> Estimated:
    """Estimate every measure of these offices, of their heirs, and of the ancestors, who pool all below."""
    scope = _scope_of(session, office_ids, released_on, with_months=campaign.kind == "continuous")
    dataset = load_dataset(session, campaign.id, provenance, scope.offices, recounted)
    around = Surroundings(
        Names.of_today(session),
        Population.of_campaign(session, campaign.id),
        Definitions(session),
        campaign.sampling_basis,
        released_on,
    )
    return estimate(provenance, dataset, scope, around)


def estimate(provenance: str, dataset: Dataset, scope: Scope, around: Surroundings) -> Estimated:
    """Estimate them from what was counted, and from nothing that anybody could change meanwhile."""
    shared = {
        "provenance": provenance,
        # Only the drawn units of class A carry the campaign's basis; whoever else answers chose to.
        "sampling_basis": around.sampling_basis if provenance == "A" else "opt_in",
        "released_on": around.released_on,
    }
    dataset = replace(dataset)  # the sums that it makes are large, and go with this one
    # Who was drawn from a list was served before the fieldwork, in whose months the dossiers are counted.
    is_sample = provenance == "A" and around.is_drawn_here
    compared = {one.code: Compared.of(dataset, one) for one in scope.questions}
    figures: list[FigureRow] = []
    changes = list(changes_over_time(dataset, scope))
    for group, units, wanted in _passes(dataset, scope):
        domains = Domains.crossing({"office": group.office, "part": group.part}, group.office.size)
        found = dataset.estimates(group.rows, units, domains, wanted)
        n_people = people_behind(dataset, group.rows, domains, wanted)
        figures += (
            {
                **shared,
                "office_id": domain.office_id,
                "breakdown": around.names.of(domain.kind, domain.part),
                "n_predecessors": _count_formers(dataset, scope, domain),
                "population_size": None
                if is_sample
                else _population_of(around.population, dataset, scope, domain),
                **figure,
            }
            for domain, figure in _rows(found, n_people, group.kind)
        )
        if group.question is not None:
            changes += differences_of(found, compared[group.question.code], around.names)
        del found  # those of a country fill memory, and the next pass makes as many
    distributions = distributions_of(dataset, scope.subtrees, around.definitions, provenance)
    changes = [{"provenance": provenance, **one} for one in changes]
    return Estimated(provenance, sorted(scope.subtrees), figures, list(distributions), changes)


def _scope_of(session: Session, office_ids: Iterable[int], today: date, *, with_months: bool) -> Scope:
    tree, predecessors = known_offices(session).tree, Predecessors(session, today)
    subtrees = tree.subtrees(sorted(tree.with_ancestors(predecessors.with_heirs(office_ids))))
    return Scope(subtrees, {one: predecessors.of(one) for one in subtrees}, with_months)


class _Domain(NamedTuple):
    """To whom a figure belongs."""

    office_id: int
    kind: Kind
    part: int


def _count_formers(dataset: Dataset, scope: Scope, domain: _Domain) -> int:
    """Count the former offices whose answers a month pools."""
    if domain.kind != "month":
        return 0
    answered = dataset.months_of_office
    return sum(domain.part in answered.get(one, ()) for one in scope.pooled_by(domain.office_id))


def _population_of(population: Population, dataset: Dataset, scope: Scope, domain: _Domain) -> int | None:
    """Count the dossiers of the offices at which the class was answered, which alone it tells of."""
    if domain.kind in ("counter", "group"):
        return None
    below, answered = scope.subtrees[domain.office_id], dataset.months_of_office.keys()
    if domain.kind == "month":
        pooled = below | scope.pooled_by(domain.office_id)
        return population.size(pooled & answered, *days_of_month(domain.part))
    return population.size(below & answered, *dataset.days_of(below), domain.part)


def _passes(dataset: Dataset, scope: Scope) -> Iterator[tuple[Group, Units, dict[str, list[int]]]]:
    """Say what is estimated in one pass: a group of rows, and its measures; of a part the index alone."""
    if not dataset.columns:
        return
    others = dataset.measures()
    index = {name: others.pop(name) for name in (INDEX,) if name in others}
    for group in scope.groups(dataset):
        for units, wanted in ((dataset.units_of_index, index), (dataset.units_of_items, others)):
            if group.office.size and wanted and not (group.kind and wanted is others):
                yield group, units, wanted


def _rows(found: Estimates, n_people: Integers, kind: Kind) -> Iterator[tuple[_Domain, FigureRow]]:
    """Give the domain of each figure, and what is stored of it."""
    columns = found.columns(LEVEL, METHOD)
    t_low, t_high = found.limits(LEVEL, "t")
    has_error = columns["standard_error"] > 0
    columns |= {"t_low": np.where(has_error, t_low, np.nan), "t_high": np.where(has_error, t_high, np.nan)}
    columns["value"] = np.where(np.isnan(columns["low"]), np.nan, columns["value"])
    columns["n_people"] = n_people
    del columns["design_effect"]  # tallies do not know it
    cells = zip(*(column.ravel().tolist() for column in columns.values()), strict=True)
    keys = [(labels, measure.name) for labels in found.domains.labels for measure in found.measures]
    for (labels, measure), row in zip(keys, cells, strict=True):
        known = {name: None if cell != cell else cell for name, cell in zip(columns, row, strict=True)}
        figure = {"measure": measure, "interval_method": METHOD, **known}
        yield _Domain(labels["office"], kind, labels["part"]), figure
