"""The fields of procedures in the made-up province: which counter serves which, and how dossiers divide."""

import random
from collections.abc import Iterator

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from survey_app.models.office import Counter, Office, ServiceField
from survey_app.models.vietnamese import sort_key
from survey_app.prepare.dossiers.dossier_file import COLUMNS, PARTS

FIELD_COLUMNS = (*COLUMNS, "field_code", *PARTS)
# code, names, share of an office's dossiers; a counter beyond the fields serves several.
FIELDS = (
    ("HO-TICH", "Hộ tịch, chứng thực", "Civil status, certification", 0.55),
    ("DAT-DAI", "Đất đai, xây dựng", "Land, construction", 0.25),
    ("BAO-TRO", "Bảo trợ xã hội, người có công", "Social assistance, merit", 0.20),
)
FIELD_CODES = tuple(code for code, *_ in FIELDS)
SHARE_LATE, SHARE_EARLY = 0.03, 0.4
UNEXPLAINED = 14  # in one office's latest month, as in real tables

Line = tuple[str | int, ...]


def add_fields(session: Session) -> None:
    """Make the fields known, and give each demo office's counters theirs, in the order of their labels."""
    session.execute(
        insert(ServiceField), [{"code": code, "name": vi, "name_en": en} for code, vi, en, _ in FIELDS]
    )
    ids = dict(session.execute(select(ServiceField.code, ServiceField.id)).all())
    by_office: dict[int, list[Counter]] = {}
    lives = select(Counter).join(Office, Office.id == Counter.office_id).where(Office.valid_until.is_(None))
    for counter in session.scalars(lives):
        by_office.setdefault(counter.office_id, []).append(counter)
    for counters in by_office.values():
        ordered = sorted(counters, key=lambda one: sort_key(one.label))
        for counter, code in zip(ordered, FIELD_CODES, strict=False):
            counter.field_id = ids[code]


def dossier_lines(
    office_code: str, month: str, n_settled: int, chance: random.Random, *, unexplained: int = 0
) -> Iterator[Line]:
    """Divide an office's dossiers of a month by fields and by whether they were in time."""
    left = n_settled
    parts: list[Line] = []
    for code, *_, share in FIELDS[1:]:
        n = round(n_settled * share * chance.uniform(0.9, 1.1))
        parts.append((office_code, month, n, code, *_in_time(n, chance)))
        left -= n
    first = (office_code, month, left, FIELD_CODES[0], *_in_time(left, chance))
    totals = [sum(int(line[place]) for line in (first, *parts)) for place in range(4, 8)]
    totals[2] -= min(unexplained, totals[2])
    yield (office_code, month, n_settled, "", *totals)
    yield from (first, *parts)


def _in_time(n_settled: int, chance: random.Random) -> tuple[int, int, int, int]:
    """Give received, early, on time and late."""
    n_late = round(n_settled * SHARE_LATE * chance.uniform(0, 2))
    n_early = round((n_settled - n_late) * SHARE_EARLY * chance.uniform(0.7, 1.3))
    return round(n_settled * chance.uniform(0.98, 1.06)), n_early, n_settled - n_late - n_early, n_late
