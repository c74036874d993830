"""How often each option of each reported item was chosen, from released tallies alone."""

from collections.abc import Iterator, Mapping
from typing import Any

from survey_app.models.definition import Definition
from survey_app.publish.counting.tallies import Counts, KnownDefinitions
from survey_app.publish.figures.dataset import Dataset

DistributionRow = dict[str, Any]  # the columns of `distribution` but its publication


def distributions_of(
    dataset: Dataset, subtrees: Mapping[int, set[int]], definitions: KnownDefinitions, provenance: str
) -> Iterator[DistributionRow]:
    """Add up valid answers only, so that the options of an item sum up to the answers of its figure."""
    by_office: dict[int, list[tuple[int, Counts]]] = {}
    for (office_id, version_id), counts in dataset.answers.items():
        by_office.setdefault(office_id, []).append((version_id, counts))
    for office_id, below in sorted(subtrees.items()):
        found: dict[str, dict[str, int]] = {}
        for one in sorted(below & by_office.keys()):
            for version_id, counts in by_office[one]:
                _add(found, definitions[version_id], counts)
        if found:
            yield {"office_id": office_id, "provenance": provenance, "counts": found}


def _add(found: dict[str, dict[str, int]], definition: Definition, counts: Counts) -> None:
    for item, of_item in zip(definition.items, counts.tolist(), strict=True):
        if item.reported_as:
            chosen = found.setdefault(item.code, {})
            for code, position in item.positions.items():
                if position in definition.reading(item.code).valid:
                    chosen[code] = chosen.get(code, 0) + of_item[position]
