"""How often each option of each reported item was chosen, from released tallies alone."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

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
    places = {version_id: _valid_places(definitions[version_id]) for _, version_id in dataset.answers}
    for office_id, below in sorted(subtrees.items()):
        by_version: dict[int, Counts] = {}
        for one in sorted(below & by_office.keys()):
            for version_id, counts in by_office[one]:
                by_version[version_id] = by_version.get(version_id, np.uint32(0)) + counts
        found: dict[str, dict[str, int]] = {}
        for version_id, counts in by_version.items():
            _add(found, places[version_id], counts)
        if found:
            yield {"office_id": office_id, "provenance": provenance, "counts": found}


_Places = list[tuple[str, int, list[tuple[str, int]]]]  # item, its place, and its valid options with theirs


def _valid_places(definition: Definition) -> _Places:
    found: _Places = []
    for place, item in enumerate(definition.items):
        if item.reported_as:
            valid = definition.reading(item.code).valid
            options = [(code, one) for code, one in item.positions.items() if one in valid]
            found.append((item.code, place, options))
    return found


def _add(found: dict[str, dict[str, int]], places: _Places, counts: Counts) -> None:
    plain = counts.tolist()
    for item_code, place, options in places:
        chosen = found.setdefault(item_code, {})
        for code, position in options:
            chosen[code] = chosen.get(code, 0) + plain[place][position]
