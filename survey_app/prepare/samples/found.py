"""What a draw found beside its list: kept in its document, and read from there by pages."""

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple, Self

from survey_app.prepare.samples.design import Design, LeftOut


class OfficeFound(NamedTuple):
    """What became of an office; `n_short`: how many fewer than designed its drawn clusters hold."""

    code: str
    n_main: int
    n_reserve: int
    n_strata: int
    n_psus: int
    n_cells: int
    n_short: int


@dataclass(frozen=True, slots=True)
class Found:
    """What is to be said of a drawn sample."""

    offices: tuple[OfficeFound, ...]
    left_out: tuple[LeftOut, ...]  # after the draw, beside those that the design leaves out
    lone_strata: tuple[str, ...]  # with one primary unit, from which its spread cannot be told

    def as_plain(self) -> dict[str, Any]:
        return {
            "offices": [list(one) for one in self.offices],
            "left_out": [list(one) for one in self.left_out],
            "lone_strata": list(self.lone_strata),
        }

    @classmethod
    def from_plain(cls, plain: dict[str, Any]) -> Self:
        return cls(
            tuple(map(OfficeFound._make, plain["offices"])),
            tuple(map(LeftOut._make, plain["left_out"])),
            tuple(plain["lone_strata"]),
        )


def in_one_cell(design: Design, found: Found) -> list[str]:
    """Give the codes of the offices whose weighting cells are all joined: each primary unit has one."""
    return [one.code for one in found.offices if design.weighting and one.n_cells == one.n_psus]


@lru_cache(maxsize=4)  # of thousands of offices, and a reader sorts and searches
def read_document(document_json: str) -> tuple[Design, Found]:
    """Read what a stored draw follows from, and what it found."""
    plain = json.loads(document_json)
    return Design.from_plain(plain["design"]), Found.from_plain(plain["found"])
