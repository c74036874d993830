"""Makes a sample of a design and a frame's file: lists, cells, checksum. It knows no database. For jobs."""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analysis.sampling.random_numbers import DRAW_VERSION
from survey_app.errors import SurveyError
from survey_app.models.canonical import canonical
from survey_app.models.sample import SMALLEST_CELL
from survey_app.prepare.samples.cells import CELLS_VERSION, Listed, cells_of_office
from survey_app.prepare.samples.design import Design, DesignedOffice, LeftOut
from survey_app.prepare.samples.dossiers import Dossiers
from survey_app.prepare.samples.found import Found, OfficeFound
from survey_app.prepare.samples.listed import Line, checksum_of
from survey_app.prepare.samples.lists import Drawn, drawn_offices

VERSIONS = {"draw": DRAW_VERSION, "cells": CELLS_VERSION}
CLUSTERS_TOO_SMALL = "clusters_too_small"

Report = Callable[[int, int], None]  # offices done, of how many


class OtherFrame(SurveyError):
    """The file is not the one that the design was made for: an office has another number of dossiers."""


class OtherVersion(SurveyError):
    """The list was drawn by another version of the rules, which this code does not have."""


@dataclass(frozen=True)
class Made:
    """A drawn sample: its lines in the order of offices, lists and places, and what is to be said of it."""

    design: Design
    lines: list[Line]
    found: Found

    @property
    def n_main(self) -> int:
        return sum(line.is_main for line in self.lines)

    @property
    def n_reserve(self) -> int:
        return len(self.lines) - self.n_main

    @property
    def checksum(self) -> str:
        return checksum_of(self.lines)

    @property
    def document(self) -> str:
        """Write, in canonical JSON, what the list follows from and what was found."""
        parts = {"design": self.design.as_plain(), "found": self.found.as_plain()}
        return canonical({"versions": VERSIONS, **parts})


def design_in(document: dict[str, Any]) -> Design:
    """Give the design of a draw's document, if this code would draw the same from it."""
    if document["versions"] != VERSIONS:
        raise OtherVersion(f"the list was drawn by {document['versions']}, this code has {VERSIONS}")
    return Design.from_plain(document["design"])


def make_sample(design: Design, path: Path, report: Report = lambda _done, _of: None) -> Made:
    """Draw the lists of a design from the file of its frame."""
    last = design.stages[-1]
    clusters = ("cluster",) if design.draws_clusters else ()
    dossiers = Dossiers(path, design.counted_for, (*last.order, *clusters, *design.weighting))
    _check(design, dossiers)
    lines: list[Line] = []
    found: list[OfficeFound] = []
    left_out: list[LeftOut] = []
    for n_done, (office, drawn) in enumerate(drawn_offices(design, dossiers)):
        n_main = sum(one.is_main for one in drawn)
        if n_main < SMALLEST_CELL:
            left_out.append(LeftOut(office.code, office.population, n_main, CLUSTERS_TOO_SMALL))
            continue
        its_lines = _lines_of(office, drawn, dossiers, design)
        found.append(_found(office, its_lines))
        lines += its_lines
        report(n_done, len(design.offices))
    return Made(design, lines, Found(tuple(found), tuple(left_out), _lone_strata(lines)))


def _check(design: Design, dossiers: Dossiers) -> None:
    counted = dossiers.population
    for office in design.offices:
        if counted.get(office.code, 0) != office.population:
            raise OtherFrame(
                f"the file has {counted.get(office.code, 0):,} dossiers of {office.code}, "
                f"the frame had {office.population:,}"
            )


def _lines_of(
    office: DesignedOffice, drawn: Sequence[Drawn], dossiers: Dossiers, design: Design
) -> list[Line]:
    in_order = sorted(drawn, key=lambda one: (one.list_name, one.position))
    columns = [dossiers.columns[name] for name in design.weighting]
    listed = [
        Listed(
            list_name=one.list_name,
            position=one.position,
            is_main=one.is_main,
            above=one.above,
            is_certain=tuple(pi == 1 for pi in one.probabilities[:-1]),
            label="|".join(column.label(one.row) for column in columns),
        )
        for one in in_order
    ]
    return [
        Line(
            unit=one.unit,
            office=office.code,
            list_name=one.list_name,
            is_main=one.is_main,
            position=one.position,
            is_certainty=one.is_certainty,
            probabilities=one.probabilities,
            probability=one.probability,
            cell=cell,
        )
        for one, cell in zip(in_order, cells_of_office(listed), strict=True)
    ]


def _found(office: DesignedOffice, lines: Sequence[Line]) -> OfficeFound:
    n_main = sum(line.is_main for line in lines)
    cells = {line.cell for line in lines}
    return OfficeFound(
        code=office.code,
        n_main=n_main,
        n_reserve=len(lines) - n_main,
        n_strata=len({cell.stratum for cell in cells}),
        n_psus=len({(cell.stratum, cell.psu) for cell in cells}),
        n_cells=len(cells),
        n_short=max(0, office.n_main - n_main),
    )


def _lone_strata(lines: Sequence[Line]) -> tuple[str, ...]:
    psus: defaultdict[str, set[str]] = defaultdict(set)
    for line in lines:
        psus[line.cell.stratum].add(line.cell.psu)
    n_psus = Counter({stratum: len(names) for stratum, names in psus.items()})
    return tuple(sorted(stratum for stratum, n in n_psus.items() if n == 1))
