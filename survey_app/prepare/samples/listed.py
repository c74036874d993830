"""The drawn list as a text of tab-separated lines, whose SHA-256 is the checksum of the draw.

No row's number stands in it, so every database and machine that draws the same has the same text.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from survey_app.prepare.samples.cells import Cell

COLUMNS = (
    "unit",
    "office",
    "list",
    "role",
    "position",
    "is_certain",
    "stage_probabilities",
    "inclusion_probability",
    "stratum",
    "psu",
    "weighting_cell",
)


@dataclass(frozen=True, slots=True)
class Line:
    """A drawn dossier as it is listed, stored and compared."""

    unit: str
    office: str
    list_name: str
    is_main: bool
    position: int
    is_certainty: bool
    probabilities: tuple[float, ...]
    probability: float
    cell: Cell

    def as_text(self) -> str:
        """Write the line; numbers by the fewest digits that read back as the same number."""
        cells = (
            self.unit,
            self.office,
            self.list_name,
            "main" if self.is_main else "reserve",
            str(self.position),
            str(int(self.is_certainty)),
            " ".join(map(repr, self.probabilities)),
            repr(self.probability),
            self.cell.stratum,
            self.cell.psu,
            self.cell.weighting_cell,
        )
        return "\t".join(cells) + "\n"


def list_text(lines: Iterable[Line]) -> str:
    return "\t".join(COLUMNS) + "\n" + "".join(line.as_text() for line in lines)


def checksum_of(lines: Iterable[Line]) -> str:
    return hashlib.sha256(list_text(lines).encode()).hexdigest()
