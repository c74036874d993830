"""Strata and PSUs of counted answers: of the drawn sample, or an office and its days where none was drawn."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.orm import Session

from analysis import DesignTable
from survey_app.errors import SurveyError
from survey_app.models.sample import SampleCell
from survey_app.publish.counting.tallies import NOT_DRAWN

DAYS_OF_A_PLACE = 1_000_000  # more than any day's number

# A parent pools many offices, some of which have a single day. "adjust" counts its distance from the parent's
# index in full: conservative, where leaving it out would flatter.
LONE_PSU: Final = "adjust"

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Units:
    """The PSU of each row, and the stratum of each PSU of the design, also of those in which nobody answered.

    Where no sample was drawn, the stratum is the office, and the PSU a day, that of the batch: a PSU's sums
    can be worked out of standard errors, and a day may have seen one person. Whole batches tell no more than
    the figures before and after each of them. So for the index the PSU is a counter's day, since the index of
    each counter is published; for items and factors, which are not told by counter, it is the office's day.
    """

    psu: Integers
    stratum_of_psu: Integers

    @property
    def table(self) -> DesignTable:
        return DesignTable(self.stratum_of_psu, lone_psu=LONE_PSU)


class WeightingRefused(SurveyError):
    """Weights cannot be made as it was said; the message tells why and what to do."""


class Cell(NamedTuple):
    """A cell of the drawn sample, by the number that rows name it by."""

    number: int
    stratum: str
    psu: str
    weight: float


def cells_of(session: Session, campaign_id: int) -> list[Cell]:
    rows = session.execute(
        select(SampleCell.id, SampleCell.stratum, SampleCell.psu, SampleCell.weight)
        .where(SampleCell.campaign_id == campaign_id)
        .order_by(SampleCell.id)
    )
    return [Cell(*row) for row in rows]


class Design:
    """Strata and PSUs as numbers."""

    def __init__(self, cells: Iterable[Cell]) -> None:
        cells = list(cells)
        self._weights = {cell.number: cell.weight for cell in cells}
        self._strata: dict[object, int] = {}
        psus = {(cell.stratum, cell.psu): self._stratum(cell.stratum) for cell in cells}
        self._stratum_of_drawn = list(psus.values())
        number = {psu: place for place, psu in enumerate(psus)}
        self._psu_of_cell = {cell.number: number[cell.stratum, cell.psu] for cell in cells}

    def units_of(self, place: Integers, office: Integers, batch_day: Integers, cell: Integers) -> Units:
        """Give the PSU of each row, of all rows at once: the drawn one, or a day of a place."""
        psu = np.array([self._psu_of_cell.get(one, 0) for one in cell.tolist()], dtype=np.int64)
        came = cell == NOT_DRAWN
        days = (place * DAYS_OF_A_PLACE + batch_day)[came]
        first, number = np.unique(days, return_index=True, return_inverse=True)[1:]
        psu[came] = len(self._stratum_of_drawn) + number
        strata = [*self._stratum_of_drawn, *map(self._stratum, office[came][first].tolist())]
        return Units(psu, np.array(strata, dtype=np.int64))

    def weights_of(self, cell: Integers) -> Floats:
        return np.array([1.0 if one == NOT_DRAWN else self._weights[one] for one in cell.tolist()])

    def _stratum(self, stratum: object) -> int:
        return self._strata.setdefault(stratum, len(self._strata))
