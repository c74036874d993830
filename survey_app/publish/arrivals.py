"""Responses against tallies: what came since, and what was voided, by difference and day by day."""

import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Row, and_, func, or_, select
from sqlalchemy.orm import Session

from survey_app.models.access_point import AccessPointDay
from survey_app.models.publication import Tally
from survey_app.publish.tallies import (
    Counts,
    Definitions,
    PointDay,
    Recount,
    TallyRow,
    UnfitResponses,
    count_point,
    packed,
    unpacked,
)


@dataclass(frozen=True)
class Arrivals:
    """What the tallies of some points lack: by difference, so that no response is counted twice.

    A day on which any count fell, because responses were voided, is one whole: what is left of it takes the
    place of its tallies, in the latest of their months.
    """

    n_tallied: int
    stored: dict[PointDay, list[TallyRow]]  # of the days that changed
    more: list[TallyRow]  # what came to days that lost nothing, each in the month of its day
    fallen: dict[PointDay, list[TallyRow]]  # what the tallies of days that lost must become

    @property
    def n_live(self) -> int:
        """Count all responses that came and were not voided."""
        return self.n_after(self.recount(self.more, self.fallen))

    def n_after(self, recount: Recount) -> int:
        before = sum(row.n_respondents for day in recount.days for row in self.stored[day])
        return self.n_tallied - before + sum(row.n_respondents for row in recount.rows)

    def recount(self, chosen: Iterable[TallyRow], fallen: Mapping[PointDay, list[TallyRow]]) -> Recount:
        """Give what the tallies become if these come to them, and these days are left with less."""
        by_day: dict[PointDay, list[TallyRow]] = {}
        for row in chosen:
            by_day.setdefault((row.access_point_id, row.day), []).append(row)
        merged = {day: _merged([*self.stored[day], *rows]) for day, rows in by_day.items()} | dict(fallen)
        return Recount(list(merged), [row for rows in merged.values() for row in rows])


def find_arrivals(session: Session, point_ids: Sequence[int], definitions: Definitions) -> Arrivals:
    """Count again the days on which these points hold other responses than their tallies say."""
    days = _changed_days(session, point_ids)
    stored = _stored(session, days)
    found = Arrivals(_count_tallied(session, point_ids), stored, [], {})
    for point_id, pairs in groupby(days, key=lambda row: row.access_point_id):
        n_live = {row.day: row.n_live for row in pairs}
        counted = count_point(session, point_id, list(n_live), definitions)
        _check_totals(point_id, n_live, counted)
        for day in n_live:
            live = {key[1:]: counts for key, counts in counted.items() if key[0] == day}
            _compare((point_id, day), live, definitions, found)
    return found


def _compare(
    day: PointDay, live: dict[tuple[int, int], Counts], definitions: Definitions, found: Arrivals
) -> None:
    """Note what a day gained; or, if anything fell, what is left of it."""
    before: dict[tuple[int, int], Counts] = {}
    for row in found.stored[day]:
        key = (row.instrument_version_id, row.cell_id)
        n_items = len(definitions[row.instrument_version_id].items)
        before[key] = before.get(key, np.uint32(0)) + unpacked([row.counts], n_items)[0]
    keys = sorted(live.keys() | before.keys())
    gained = {key: _signed(live.get(key)) - _signed(before.get(key)) for key in keys}
    if any((gain < 0).any() for gain in gained.values()):
        month = max(row.month for row in found.stored[day])
        found.fallen[day] = [_row(day, key, month, live[key]) for key in keys if key in live]
        return
    month = day[1].replace(day=1)
    found.more.extend(_row(day, key, month, gain) for key, gain in gained.items() if gain.any())


def _signed(counts: Counts | None) -> NDArray[np.int64]:
    return np.int64(0) if counts is None else counts.astype(np.int64)  # type: ignore[return-value]  # 0 is as good as a table of them


def _row(day: PointDay, key: tuple[int, int], month: date, counts: NDArray[np.integer[Any]]) -> TallyRow:
    return TallyRow(*day, *key, month, int(counts[0].sum()), packed(counts))


def _merged(rows: Sequence[TallyRow]) -> list[TallyRow]:
    """Add up the rows of one key."""
    found: dict[tuple[object, ...], TallyRow] = {}
    for row in rows:
        same = found.get(row[:5])
        if same is not None:
            counts = np.frombuffer(zlib.decompress(same.counts), "<u4") + np.frombuffer(
                zlib.decompress(row.counts), "<u4"
            )
            row = row._replace(n_respondents=same.n_respondents + row.n_respondents, counts=packed(counts))
        found[row[:5]] = row
    return list(found.values())


def _changed_days(session: Session, point_ids: Sequence[int]) -> Sequence[Row[int, date, int]]:
    """List days with another number of responses than tallied, and all with voided ones.

    On the latter as many may have come as were voided.
    """
    tallied = (
        select(Tally.access_point_id, Tally.day, func.sum(Tally.n_respondents).label("n"))
        .where(Tally.access_point_id.in_(point_ids))
        .group_by(Tally.access_point_id, Tally.day)
        .subquery()
    )
    same_day = and_(
        tallied.c.access_point_id == AccessPointDay.access_point_id, tallied.c.day == AccessPointDay.day
    )
    n_live = AccessPointDay.n_received - AccessPointDay.n_voided
    return session.execute(
        select(AccessPointDay.access_point_id, AccessPointDay.day, n_live.label("n_live"))
        .outerjoin(tallied, same_day)
        .where(
            AccessPointDay.access_point_id.in_(point_ids),
            or_(n_live != func.coalesce(tallied.c.n, 0), AccessPointDay.n_voided > 0),
        )
        .order_by(AccessPointDay.access_point_id, AccessPointDay.day)
    ).all()


def _stored(session: Session, days: Sequence[Row[int, date, int]]) -> dict[PointDay, list[TallyRow]]:
    found: dict[PointDay, list[TallyRow]] = {(row.access_point_id, row.day): [] for row in days}
    for point_id, pairs in groupby(days, key=lambda row: row.access_point_id):
        query = select(*Tally.__table__.columns).where(
            Tally.access_point_id == point_id, Tally.day.in_([row.day for row in pairs])
        )
        for row in session.execute(query):
            found[point_id, row.day].append(TallyRow(*row))
    return found


def _count_tallied(session: Session, point_ids: Sequence[int]) -> int:
    query = select(func.sum(Tally.n_respondents)).where(Tally.access_point_id.in_(point_ids))
    return session.scalar(query) or 0


def _check_totals(
    point_id: int, n_live: dict[date, int], counted: Mapping[tuple[date, int, int], Counts]
) -> None:
    """Refuse a day whose count no rows bear out: it decides what is due, so it would be due for ever."""
    for day, n in n_live.items():
        n_stored = sum(int(counts[0].sum()) for key, counts in counted.items() if key[0] == day)
        if n_stored != n:
            raise UnfitResponses(f"access point {point_id}, {day}: {n} responses counted, {n_stored} stored")
