"""Makes the tables of a wave: once when it is frozen, and again by whoever verifies it."""

from collections.abc import Mapping
from functools import partial
from itertools import chain
from typing import Any, Final

from survey_app.models.base import Base
from survey_app.models.breakdown import counter_name, field_name
from survey_app.models.office_tree import Tree
from survey_app.models.publication import Change, Comparison, Distribution, Figure
from survey_app.models.recipe import Recipe
from survey_app.models.weighting import WeightingStep
from survey_app.publish.figures.changes import changes_since
from survey_app.publish.figures.estimates import estimate
from survey_app.publish.figures.frozen import Frozen
from survey_app.publish.hiding.decision import Hiding, StoredCells, children_of, columns_of
from survey_app.publish.hiding.few_of_a_weight import Readers, given_away
from survey_app.publish.hiding.linked_sums import Structure
from survey_app.publish.releasing.ranking import compare_among
from survey_app.publish.releasing.sealed import Sealed

TABLES: Final[Mapping[str, type[Base]]] = {
    "figure": Figure,
    "distribution": Distribution,
    "figure_change": Change,
    "comparison": Comparison,
    "weighting_step": WeightingStep,
}
Row = dict[str, Any]  # the columns of one of them but its publication


def figures_of(frozen: Frozen, recipe: Recipe, sealed: Sealed) -> dict[str, list[Row]]:
    """Make all tables of a wave from a snapshot read by its recipe; what that names beside is sealed, too."""
    ids, parents = sealed.ids(frozen), Tree(frozen.parents)
    hiding = _hiding(frozen, recipe, partial(sealed.cells_before, recipe, ids))
    readers = Readers(recipe.options.minimum_n, recipe.options.target)
    tables: dict[str, list[Row]] = {name: [] for name in TABLES}
    for provenance in frozen.classes:
        weighed = frozen.weighed(provenance)
        scope, around = frozen.scope(provenance), frozen.surroundings
        estimated = estimate(provenance, weighed.dataset, scope, around)
        telling = given_away(weighed.dataset, scope, around.names, estimated.figures, readers)
        hidden = hiding.decide(estimated, telling)
        target = recipe.options.target
        compared = compare_among(parents, estimated, hidden, target, lambda _wanted: ())
        before = sealed.wave_before(recipe, provenance, frozen, weighed.dataset)
        moved = changes_since(before, estimated.figures) if before else ()
        tables["figure_change"] += ({"provenance": provenance, **one} for one in moved)
        for row in estimated.figures:
            row["breakdown"] = ids.breakdown(row["breakdown"])
        tables["figure"] += estimated.figures
        tables["distribution"] += estimated.distributions
        tables["figure_change"] += estimated.changes  # of a wave: between groups of its respondents
        tables["comparison"] += compared.rows
        tables["weighting_step"] += weighed.steps
    for row in chain.from_iterable(tables.values()):
        ids.put_into(row)
    return tables


def _hiding(frozen: Frozen, recipe: Recipe, stored: StoredCells) -> Hiding:
    fields = {
        counter_name(number): field_name(counter.field)
        for number, counter in enumerate(recipe.counters, start=1)
        if counter.field is not None
    }
    columns = columns_of(frozen.versions_like_the_one_asked)
    structure = Structure(children_of(frozen.parents), {}, fields, columns)
    return Hiding(frozen.parents, structure, recipe.options.minimum_n, stored, is_frozen=True)
