"""What the page of a sample shows: offices as designed or drawn, the job that draws."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from survey_app.models.job import Job
from survey_app.models.office import BY_NAME, Office
from survey_app.models.vietnamese import Search
from survey_app.prepare.samples.design import Design, LeftOut
from survey_app.prepare.samples.found import Found
from survey_app.web.paging import typed_page, typed_search

JOB = "draw"
MOST_JOBS = 50


class OfficeLine(NamedTuple):
    """An office's part; cells and primary units are known once it is drawn."""

    code: str
    name: str
    population: int
    n_main: int
    n_reserve: int
    n_psus: int | None
    n_cells: int | None
    n_short: int


@dataclass(frozen=True, slots=True)
class LeftOutLine:
    name: str
    office: LeftOut


ORDERS: dict[str, Callable[[OfficeLine], float]] = {
    "population": lambda line: line.population,
    "main": lambda line: line.n_main,
    "psus": lambda line: line.n_psus or 0,
    "cells": lambda line: line.n_cells or 0,
}


@dataclass(frozen=True)
class Asked:
    """What stands in the address; what is not known there counts as not said."""

    search: str = ""
    sort: str = ""
    page: int = 1

    @classmethod
    def of(cls, fields: MultiDict[str, str]) -> "Asked":
        sort = fields.get("sort", "")
        return cls(typed_search(fields), sort if sort.removeprefix("-") in ORDERS else "", typed_page(fields))

    def said(self, **other: Any) -> dict[str, Any]:
        """Give what an address must say for the same table, with something else in it."""
        now = {"q": self.search, "sort": self.sort}
        return {name: value or None for name, value in {**now, **other}.items()}


class Names:
    """Offices by code, of those that a right reaches; the others are in totals alone."""

    def __init__(self, session: Session, scope: Collection[int]) -> None:
        rows = session.execute(select(Office.id, Office.code, Office.name).order_by(*BY_NAME))
        self._names = {code: name for office_id, code, name in rows if office_id in scope}  # in their order

    def lines(self, design: Design, found: Found | None, asked: Asked) -> list[OfficeLine]:
        """Give the lines that were asked for, as drawn or, before that, as designed."""
        searched = Search(asked.search)
        numbers = _drawn(design, found) if found is not None else _designed(design)
        lines = [
            OfficeLine(code, name, *numbers[code])
            for code, name in self._names.items()
            if code in numbers and searched.finds(name, code)
        ]
        if value := ORDERS.get(asked.sort.removeprefix("-")):
            lines.sort(key=value, reverse=asked.sort.startswith("-"))
        return lines

    def named(self, codes: Iterable[str]) -> list[str]:
        """Give the names of offices, in their order."""
        wanted = set(codes)
        return [name for code, name in self._names.items() if code in wanted]

    def left_out(self, several: Iterable[LeftOut]) -> list[LeftOutLine]:
        return [LeftOutLine(self._names[one.code], one) for one in several if one.code in self._names]


# Of an office, what stands behind its name on its line.
Numbers = tuple[int, int, int, int | None, int | None, int]


def _designed(design: Design) -> dict[str, Numbers]:
    return {one.code: (one.population, one.n_main, one.n_reserve, None, None, 0) for one in design.offices}


def _drawn(design: Design, found: Found) -> dict[str, Numbers]:
    population = {one.code: one.population for one in design.offices}
    return {
        one.code: (population[one.code], one.n_main, one.n_reserve, one.n_psus, one.n_cells, one.n_short)
        for one in found.offices
    }


def last_job(session: Session, campaign_id: int) -> Job | None:
    """Give the job that drew this campaign's sample last, or is about to."""
    newest = select(Job).where(Job.name == JOB).order_by(Job.id.desc()).limit(MOST_JOBS)
    jobs = session.scalars(newest)
    return next((job for job in jobs if job.arguments["campaign_id"] == campaign_id), None)
