"""When an act happens, and whose it is: what every verb that writes an audit line is told."""

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class Moment:
    now: datetime
    today: date
    staff_id: int
