"""Decides how much of what an office gained is a batch in which no single answer can be told apart.

Whatever is published, the office's items, its index by month, counter and field, changes by nothing or by
the answers of five people at least. Five responses are not five answers: where four of them skipped an item,
the item's figure before and after would give the fifth answer away. To hold back that figure alone is no
help, since the index less the other items gives it back. Nor may all that a figure gains be unsatisfied: the
difference would say so of each of them. What does not qualify waits and merges with what comes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from survey_app.publish.arrivals import Arrivals
from survey_app.publish.crossed import known_dissatisfied
from survey_app.publish.dataset import Place
from survey_app.publish.due import BATCH
from survey_app.publish.reported import Column, counts_of_rows
from survey_app.publish.tallies import Definitions, PointDay, TallyRow

Booleans = NDArray[np.bool_]
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class BatchRule:
    """What one office's batches are judged by."""

    places: Mapping[int, Place]  # by access point
    definitions: Definitions
    asked_version_id: int  # by the campaign, today

    def find_batches(self, more: Sequence[TallyRow]) -> list[TallyRow]:
        """Give what may be released, each row counted to the month of its batch.

        Month by month, the oldest first: what does not qualify is carried into the next.
        """
        if not more:
            return []
        gained = _Gained(more, self)
        months = np.array([row.month.toordinal() for row in more])
        waiting = np.zeros(len(more), dtype=np.bool_)
        released: list[TallyRow] = []
        for month in sorted({row.month for row in more}):
            waiting |= months == month.toordinal()
            batch = gained.batch_of(waiting)
            released += [more[place]._replace(month=month) for place in np.flatnonzero(batch).tolist()]
            waiting &= ~batch
        return released

    def find_all(self, more: Sequence[TallyRow]) -> list[TallyRow]:
        """Give all that came: in batches as far as they reach, the rest in its latest month."""
        batches = self.find_batches(more)
        released = {row[:4] for row in batches}
        rest = [row for row in more if row[:4] not in released]
        last = max((row.month for row in rest), default=None)
        return [*batches, *(row._replace(month=last) for row in rest if last)]

    def is_batch(self, more: Sequence[TallyRow]) -> bool:
        """Whether all of it may be released at once."""
        return not more or bool(_Gained(more, self).batch_of(np.ones(len(more), dtype=np.bool_)).all())

    def find_fallen(self, arrivals: Arrivals) -> dict[PointDay, list[TallyRow]]:
        """Give the days that may lose their voided responses now: whole counters, five responses at least.

        Unlike gains, losses may be unanimous: a flood of invented complaints would never leave otherwise.
        """
        counters = {self.places[point_id].counter_id for point_id, _ in arrivals.fallen}
        fit = {one for one in counters if self._may_fall(arrivals, self._days_at(arrivals, {one}))}
        days = self._days_at(arrivals, fit)
        return {day: arrivals.fallen[day] for day in days} if self._may_fall(arrivals, days) else {}

    def _days_at(self, arrivals: Arrivals, counters: set[int]) -> list[PointDay]:
        return [day for day in arrivals.fallen if self.places[day[0]].counter_id in counters]

    def _may_fall(self, arrivals: Arrivals, days: Sequence[PointDay]) -> bool:
        after = [row for day in days for row in arrivals.fallen[day]]
        before = [row for day in days for row in arrivals.stored[day]]
        return _Lost(after, before, self).is_batch()


class _Gained:
    """The answers that an office gained, by row and reported item."""

    def __init__(self, rows: Sequence[TallyRow], rule: BatchRule) -> None:
        self._columns, self._satisfied, self._valid = counts_of_rows(rows, rule.definitions)
        self._in_index = np.array([column.in_index for column in self._columns], dtype=np.bool_)
        self._n = np.array([row.n_respondents for row in rows])
        self._counter = np.array([rule.places[row.access_point_id].counter_id for row in rows])
        self._version = np.array([row.instrument_version_id for row in rows])
        self._asked_version = rule.asked_version_id
        self._columns_of = {
            version_id: {Column.of(item) for item in rule.definitions[version_id].items if item.reported_as}
            for version_id in {*self._version.tolist(), rule.asked_version_id}
        }

    def batch_of(self, waiting: Booleans) -> Booleans:
        """Choose the rows of those waiting that are a batch, if any are.

        Where every counter is fit, so are the fields, the month and the index, which add them up.
        """
        batch = waiting.copy()
        while batch.any():
            left = self._at_unfit_counters(batch)
            if not left.any():
                unfit = self._unfit_columns(batch)
                left = batch & self._of_versions_past(unfit) if unfit else self._at_told_counters(batch)
                if not (unfit or left.any()):
                    return batch
            if not left.any():
                return np.zeros_like(batch)
            batch &= ~left
        return batch

    def _at_unfit_counters(self, batch: Booleans) -> Booleans:
        unfit = [
            counter for counter in np.unique(self._counter[batch]) if not self._is_fit_at(batch, counter)
        ]
        return batch & np.isin(self._counter, unfit)

    def _at_told_counters(self, batch: Booleans) -> Booleans:
        """Find the counters of which all sums together tell that nobody was satisfied with some item."""
        counters, place_of = np.unique(self._counter[batch], return_inverse=True)
        shape = (counters.size, int(self._in_index.sum()))
        satisfied, valid = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64)
        np.add.at(satisfied, place_of, self._satisfied[batch][:, self._in_index])
        np.add.at(valid, place_of, self._valid[batch][:, self._in_index])
        told = counters[known_dissatisfied(satisfied, valid).any(axis=1)]
        return batch & np.isin(self._counter, told)

    def _is_fit_at(self, batch: Booleans, counter: int) -> bool:
        """Whether five people came, and five are behind what its index gained, not all unsatisfied."""
        here = batch & (self._counter == counter)
        valid = self._valid[here][:, self._in_index].sum(axis=0)
        satisfied = self._satisfied[here][:, self._in_index].sum()
        is_index_fit = not valid.any() or (valid.max() >= BATCH and satisfied > 0)
        return bool(self._n[here].sum() >= BATCH and is_index_fit)

    def _unfit_columns(self, batch: Booleans) -> set[Column]:
        valid, satisfied = self._valid[batch].sum(axis=0), self._satisfied[batch].sum(axis=0)
        unfit = (valid > 0) & ((valid < BATCH) | (satisfied == 0))
        return {column for column, is_unfit in zip(self._columns, unfit, strict=True) if is_unfit}

    def _of_versions_past(self, unfit: set[Column]) -> Booleans:
        """Tell the answers to versions that hold up the others for good.

        Answers to an item that the campaign no longer asks can never become five: the responses to the
        versions that asked it are left to the closing release.
        """
        no_longer_asked = unfit - self._columns_of[self._asked_version]
        past = [
            version_id
            for version_id, columns in self._columns_of.items()
            if version_id != self._asked_version and no_longer_asked & columns
        ]
        return np.isin(self._version, past)


class _Lost:
    """By how much the counts of some days change when voided responses leave them."""

    def __init__(self, after: Sequence[TallyRow], before: Sequence[TallyRow], rule: BatchRule) -> None:
        rows = [*after, *before]
        columns, satisfied, valid = counts_of_rows(rows, rule.definitions)
        sign = np.repeat([1, -1], [len(after), len(before)])
        self._n = sign * np.array([row.n_respondents for row in rows], dtype=np.int64)
        self._satisfied = (sign[:, None] * satisfied).astype(np.int64)
        self._valid = (sign[:, None] * valid).astype(np.int64)
        self._in_index = np.array([column.in_index for column in columns], dtype=np.bool_)
        self._month = np.array([row.month.toordinal() for row in rows], dtype=np.int64)
        self._field = np.array([rule.places[row.access_point_id].field_id for row in rows], dtype=np.int64)

    def is_batch(self) -> bool:
        """Whether each figure stays as it is, or changes by five responses and five answers at least."""
        parts = (column == one for column in (self._month, self._field) for one in np.unique(column))
        everywhere = np.ones(self._n.size, dtype=np.bool_)
        are_items_whole = self._is_whole(everywhere, self._valid, self._satisfied)
        valid = self._valid[:, self._in_index].sum(axis=1, keepdims=True)
        satisfied = self._satisfied[:, self._in_index].sum(axis=1, keepdims=True)
        return are_items_whole and all(self._is_whole(part, valid, satisfied) for part in parts)

    def _is_whole(self, here: Booleans, valid_by_row: Integers, satisfied_by_row: Integers) -> bool:
        n = int(self._n[here].sum())
        valid, satisfied = valid_by_row[here].sum(axis=0), satisfied_by_row[here].sum(axis=0)
        if not (n or valid.any() or satisfied.any()):
            return True
        return abs(n) >= BATCH and bool(((np.abs(valid) >= BATCH) | ((valid == 0) & (satisfied == 0))).all())
