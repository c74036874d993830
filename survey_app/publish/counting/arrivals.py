"""Responses against tallies: what came since, and what was voided, by difference and day by day."""

import zlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Row, and_, func, or_, select, union_all
from sqlalchemy.orm import Session

from survey_app.models.access_point import AccessPointDay
from survey_app.models.publication import ReturnedTally, Tally
from survey_app.publish.counting.tallies import (
    Counts,
    CountsOfPoint,
    Definitions,
    PointDay,
    Recount,
    TallyRow,
    UnfitResponses,
    count_points,
    packed,
    unpacked,
)


@dataclass(frozen=True)
class Batches:
    """Rows to release, each with the day of its batch: what came since, and what comes back."""

    new: list[TallyRow] = field(default_factory=list)
    back: list[TallyRow] = field(default_factory=list)


@dataclass(frozen=True)
class Arrivals:
    """What the tallies of some points lack: by difference, so that no response is counted twice."""

    n_live: int  # came and were not voided
    n_tallied: int
    last_batch_day: date | None
    stored: dict[PointDay, list[TallyRow]]  # of days that changed, or lie in one batch with some that lost
    returned: dict[PointDay, list[TallyRow]]  # what left the tallies beside voided responses, and waits
    more: list[TallyRow] = field(default_factory=list)  # what came to days that lost nothing
    fallen: dict[PointDay, list[TallyRow]] = field(default_factory=dict)  # what is left of days that lost

    def counted(self, day: PointDay) -> list[TallyRow]:
        """Give what was taken into account of a day, whether it is in the figures or waits to come back."""
        return [*self.stored[day], *self.returned.get(day, ())]

    def n_after(self, recount: Recount) -> int:
        before = sum(row.n_respondents for day in recount.days for row in self.stored[day])
        return self.n_tallied - before + sum(row.n_respondents for row in recount.rows)

    def n_falling_after(self, recount: Recount) -> int:
        """Count the voided responses that the figures still hold, on days that this leaves as they are."""
        days = self.fallen.keys() - set(recount.days)
        before = sum(row.n_respondents for day in days for row in self.counted(day))
        return before - sum(row.n_respondents for day in days for row in self.fallen[day])

    def recount(self, batches: Batches) -> Recount:
        """Give what the tallies become when these batches come to them."""
        changed: dict[PointDay, list[TallyRow]] = {}
        for row in (*batches.new, *batches.back):
            day = (row.access_point_id, row.day)
            changed.setdefault(day, list(self.stored[day])).append(row)
        back = {row[:4] for row in batches.back}
        waiting = [row for day in changed for row in self.returned.get(day, ()) if row[:4] not in back]
        return Recount(list(changed), [row for rows in changed.values() for row in _merged(rows)], waiting)

    def withdraw(self, days: Iterable[PointDay]) -> Recount:
        """Take out whole batches, those that hold what was voided of some days; the rest of them waits.

        Which batch of its day a voided response came in is not known. Were less than a batch taken out, who
        knows the figures before the batch could tell the few who stay.
        """
        fallen = set(days)
        batches = {row.batch_day for day in fallen for row in self.stored[day]}
        loss = Recount()
        for day, rows in self.stored.items():
            taken = [row for row in rows if row.batch_day in batches]
            if taken or day in fallen:
                left = self.fallen[day] if day in fallen else [*self.returned.get(day, ()), *taken]
                loss.days.append(day)
                loss.rows.extend(row for row in rows if row.batch_day not in batches)
                loss.returned.extend(_merged([row._replace(batch_day=day[1]) for row in left]))
        return loss

    def put_back(self, loss: Recount) -> Recount:
        """Give the same loss with what waits counted as one batch again, on the last day that it had."""
        left = {row[:5] for row in loss.rows}
        taken = [row.batch_day for day in loss.days for row in self.stored[day] if row[:5] not in left]
        if not taken:
            return loss
        back = [row._replace(batch_day=max(taken)) for row in loss.returned]
        return Recount(loss.days, _merged([*loss.rows, *back]), [])


@dataclass(frozen=True)
class AtPoints:
    """What tables hold of some points, and on which of their days that may be otherwise by now."""

    n_live: dict[int, int]  # by point: came and were not voided
    n_voided: dict[int, int]
    tallied: dict[int, tuple[int, date]]  # by point: how many, and the day of the last batch
    changed: dict[int, dict[date, int]]  # by point: live responses of the days that may be otherwise
    counted: dict[int, CountsOfPoint]  # by point: these days, counted again
    stored: dict[int, dict[PointDay, list[TallyRow]]]  # by point, as what comes back
    returned: dict[int, dict[PointDay, list[TallyRow]]]

    @classmethod
    def of(cls, session: Session, point_ids: Sequence[int], definitions: Definitions) -> "AtPoints":
        """Read it of all points at once: a question for each would take longer than all answers."""
        changed: dict[int, dict[date, int]] = {}
        for row in _changed_days(session, point_ids):
            changed.setdefault(row.access_point_id, {})[row.day] = row.n_live
        returned = _returned(session, point_ids)
        days = returned.keys() | {(point_id, day) for point_id, found in changed.items() for day in found}
        stored = _by_point(_stored(session, days))
        tallied, counted = _tallied(session, point_ids), count_points(session, changed, definitions)
        totals = _count_by_point(session, point_ids)
        return cls(*totals, tallied, changed, counted, stored, _by_point(returned))

    def count_voided(self, point_ids: Iterable[int]) -> int:
        return sum(self.n_voided.get(one, 0) for one in point_ids)

    def arrivals(self, point_ids: Collection[int]) -> Arrivals:
        """Give what stands at some of the points; nothing that came."""
        tallied = [self.tallied[one] for one in point_ids if one in self.tallied]
        stored, returned = (
            {day: rows for one in sorted(point_ids) for day, rows in table.get(one, {}).items()}
            for table in (self.stored, self.returned)
        )
        return Arrivals(
            sum(self.n_live.get(one, 0) for one in point_ids),
            sum(n for n, _ in tallied),
            max((last for _, last in tallied), default=None),
            stored,
            returned,
        )


def _by_point(table: Mapping[PointDay, list[TallyRow]]) -> dict[int, dict[PointDay, list[TallyRow]]]:
    found: dict[int, dict[PointDay, list[TallyRow]]] = {}
    for day, rows in table.items():
        found.setdefault(day[0], {})[day] = rows
    return found


def find_arrivals(
    session: Session, point_ids: Collection[int], definitions: Definitions, at_points: AtPoints
) -> Arrivals:
    """Give the days on which these points hold other responses than were taken into account."""
    found = at_points.arrivals(point_ids)
    for point_id in sorted(point_ids & at_points.changed.keys()):
        n_of_day = at_points.changed[point_id]
        counted = at_points.counted[point_id]
        _check_totals(point_id, n_of_day, counted)
        for day in n_of_day:
            live = {key[1:]: counts for key, counts in counted.items() if key[0] == day}
            _compare((point_id, day), live, definitions, found)
    _add_days_of_same_batches(session, point_ids, found)
    return found


def _compare(
    day: PointDay, live: dict[tuple[int, int], Counts], definitions: Definitions, found: Arrivals
) -> None:
    """Note what a day gained; or, if anything fell, what is left of it."""
    before: dict[tuple[int, int], Counts] = {}
    for row in found.counted(day):
        key = (row.instrument_version_id, row.cell_id)
        n_items = len(definitions[row.instrument_version_id].items)
        before[key] = before.get(key, np.uint32(0)) + unpacked([row.counts], n_items)[0]
    keys = sorted(live.keys() | before.keys())
    gained = {key: _signed(live.get(key)) - _signed(before.get(key)) for key in keys}
    if any((gain < 0).any() for gain in gained.values()):
        found.fallen[day] = [_row(day, key, live[key]) for key in keys if key in live]
        return
    found.more.extend(_row(day, key, gain) for key, gain in gained.items() if gain.any())


def _signed(counts: Counts | None) -> NDArray[np.int64]:
    return np.int64(0) if counts is None else counts.astype(np.int64)  # type: ignore[return-value]  # 0 is as good as a table of them


def _row(day: PointDay, key: tuple[int, int], counts: NDArray[np.integer[Any]]) -> TallyRow:
    """Make a row that is in no batch yet."""
    return TallyRow(*day, *key, day[1], int(counts[0].sum()), packed(counts))


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
    """List days with another number of responses than taken into account, and all with voided ones.

    On the latter as many may have come as were voided.
    """
    parts = [
        select(one.access_point_id, one.day, one.n_respondents).where(one.access_point_id.in_(point_ids))
        for one in (Tally, ReturnedTally)
    ]
    each = union_all(*parts).subquery()
    counted = (
        select(each.c.access_point_id, each.c.day, func.sum(each.c.n_respondents).label("n"))
        .group_by(each.c.access_point_id, each.c.day)
        .subquery()
    )
    same_day = and_(
        counted.c.access_point_id == AccessPointDay.access_point_id, counted.c.day == AccessPointDay.day
    )
    n_live = AccessPointDay.n_received - AccessPointDay.n_voided
    return session.execute(
        select(AccessPointDay.access_point_id, AccessPointDay.day, n_live.label("n_live"))
        .outerjoin(counted, same_day)
        .where(
            AccessPointDay.access_point_id.in_(point_ids),
            or_(n_live != func.coalesce(counted.c.n, 0), AccessPointDay.n_voided > 0),
        )
        .order_by(AccessPointDay.access_point_id, AccessPointDay.day)
    ).all()


def _stored(session: Session, days: Collection[PointDay]) -> dict[PointDay, list[TallyRow]]:
    """Read the tallies of some days, ordered by point."""
    found: dict[PointDay, list[TallyRow]] = {day: [] for day in sorted(days)}
    if found:
        points, dates = zip(*found, strict=True)
        query = select(*Tally.__table__.columns).where(
            Tally.access_point_id.in_(set(points)), Tally.day.in_(set(dates))
        )
        for row in session.execute(query):
            if (row.access_point_id, row.day) in found:
                found[row.access_point_id, row.day].append(TallyRow(*row))
    return found


def _returned(session: Session, point_ids: Sequence[int]) -> dict[PointDay, list[TallyRow]]:
    found: dict[PointDay, list[TallyRow]] = {}
    query = select(ReturnedTally).where(ReturnedTally.access_point_id.in_(point_ids))
    for row in session.scalars(query.order_by(ReturnedTally.access_point_id, ReturnedTally.day)):
        day = (row.access_point_id, row.day)
        key = (row.instrument_version_id, row.cell_id)
        found.setdefault(day, []).append(TallyRow(*day, *key, row.day, row.n_respondents, row.counts))
    return found


def _count_by_point(session: Session, point_ids: Sequence[int]) -> tuple[dict[int, int], dict[int, int]]:
    """Count live and voided responses."""
    point_id, n_voided = AccessPointDay.access_point_id, AccessPointDay.n_voided
    query = select(point_id, func.sum(AccessPointDay.n_received - n_voided), func.sum(n_voided))
    rows = session.execute(query.where(point_id.in_(point_ids)).group_by(point_id)).all()
    return {row[0]: row[1] for row in rows}, {row[0]: row[2] for row in rows}


def _tallied(session: Session, point_ids: Sequence[int]) -> dict[int, tuple[int, date]]:
    """Count what was released, and give the day of its last batch."""
    point_id = Tally.access_point_id
    query = select(point_id, func.sum(Tally.n_respondents), func.max(Tally.batch_day))
    rows = session.execute(query.where(point_id.in_(point_ids)).group_by(point_id))
    return {row[0]: (row[1], row[2]) for row in rows}


def _add_days_of_same_batches(session: Session, point_ids: Collection[int], found: Arrivals) -> None:
    batches = {row.batch_day for day in found.fallen for row in found.stored[day]}
    if not batches:
        return
    same = select(Tally.access_point_id, Tally.day).where(
        Tally.access_point_id.in_(point_ids), Tally.batch_day.in_(batches)
    )
    rows = session.execute(same.distinct().order_by(Tally.access_point_id, Tally.day))
    days = [(row.access_point_id, row.day) for row in rows]
    found.stored.update(_stored(session, [day for day in days if day not in found.stored]))


def _check_totals(
    point_id: int, n_live: dict[date, int], counted: Mapping[tuple[date, int, int], Counts]
) -> None:
    """Refuse a day whose count no rows bear out: it decides what is due, so it would be due for ever."""
    for day, n in n_live.items():
        n_stored = sum(int(counts[0].sum()) for key, counts in counted.items() if key[0] == day)
        if n_stored != n:
            raise UnfitResponses(f"access point {point_id}, {day}: {n} responses counted, {n_stored} stored")
