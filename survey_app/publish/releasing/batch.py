"""Decides how much of what an office gained is a batch in which no single answer can be told apart.

Whatever is published, the office's items, its index by month, counter and field, changes by nothing or by
the answers of five people at least. Five responses are not five answers: where four of them skipped an item,
the item's figure before and after would give the fifth answer away. To hold back that figure alone is no
help, since the index less the other items gives it back. Nor may all that a figure gains be unsatisfied: the
difference would say so of each of them. What does not qualify waits and merges with what comes.

An interval tells how the days of an office differ, so a day must not be one person's: each batch is counted
whole to one day, its last, and these days are the sampling units (`dataset.py`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from survey_app.publish.counting.arrivals import Arrivals, Batches
from survey_app.publish.counting.reported import Column, counts_of_rows
from survey_app.publish.counting.tallies import NOT_DRAWN, Definitions, PointDay, Recount, TallyRow
from survey_app.publish.figures.dataset import Place
from survey_app.publish.releasing.crossed import known_dissatisfied
from survey_app.publish.releasing.due import BATCH

Booleans = NDArray[np.bool_]
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class BatchRule:
    """What one office's batches are judged by."""

    places: Mapping[int, Place]  # by access point
    definitions: Definitions
    asked_version_id: int  # by the campaign, today

    def find_batches(self, arrivals: Arrivals) -> Batches:
        """Give what may be released, each row counted to the day of its batch.

        Day by day, the oldest first: what does not qualify is carried into the next.
        """
        return self._find(arrivals, [False])

    def find_closing(self, arrivals: Arrivals) -> Batches:
        """Give what may be released when nothing can follow: then batches may also be unanimous.

        The alternative is silence about whoever satisfied nobody. What is fewer than five stays out, unless
        there are no figures yet that could be compared.
        """
        if arrivals.last_batch_day is None and not arrivals.returned:
            return self.find_all(arrivals)
        return self._find(arrivals, [False, True])

    def find_all(self, arrivals: Arrivals) -> Batches:
        """Give all that came to a campaign that is published once and whole.

        Its figures were never seen before; so only the days need five people each. The last few join them.
        """
        if not arrivals.more:
            return Batches()
        batches = self._find(arrivals, [True])
        released = {row[:4] for row in batches.new}
        last_before = arrivals.last_batch_day or max(row.day for row in arrivals.more)
        last = max((row.batch_day for row in batches.new), default=last_before)
        rest = (row for row in arrivals.more if row[:4] not in released)
        return Batches([*batches.new, *(row._replace(batch_day=last) for row in rest)], batches.back)

    def is_batch(self, more: Sequence[TallyRow]) -> bool:
        """Whether all of it may be released at once."""
        return not more or _Gained(more, self).is_batch(np.arange(len(more)))

    def find_loss(self, arrivals: Arrivals, *, is_over: bool) -> Recount | None:
        """Give what the tallies lose because responses were voided, if they may lose it now.

        Unlike gains, losses may be unanimous: a flood of invented complaints would never leave otherwise.
        Where the loss is five at least, the rest of the batches that held it can stay as a batch of its own.
        Where it is less, or the rest is, those batches leave whole, and the rest comes back with the next
        answers. After the end none would come: then what was voided stays, until there are five.
        """
        days = self._fit_days(arrivals) if is_over else list(arrivals.fallen)
        if not days:
            return None
        loss = arrivals.withdraw(days)
        kept = arrivals.put_back(loss)
        if self._may_lose(arrivals, kept) and self.is_batch(loss.returned):
            return kept
        return loss

    def find_whole_loss(self, arrivals: Arrivals) -> Recount | None:
        """Give what a wave loses, if all that was voided may leave at once and the rest of its batches stay.

        The days of a drawn sample are no sampling units, so their rest may be of any size.
        """
        if set(self._fit_days(arrivals)) != arrivals.fallen.keys():
            return None
        loss = arrivals.withdraw(arrivals.fallen)
        is_drawn = all(row.cell_id != NOT_DRAWN for row in loss.returned)
        return arrivals.put_back(loss) if is_drawn or self.is_batch(loss.returned) else None

    def _fit_days(self, arrivals: Arrivals) -> list[PointDay]:
        """List the days at whole counters that may lose their voided responses without coming back."""

        def days_at(counters: set[int]) -> list[PointDay]:
            return [day for day in arrivals.fallen if self.places[day[0]].counter_id in counters]

        def may_fall(days: list[PointDay]) -> bool:
            return self._may_lose(arrivals, arrivals.put_back(arrivals.withdraw(days)))

        counters = {self.places[point_id].counter_id for point_id, _ in arrivals.fallen}
        days = days_at({one for one in counters if may_fall(days_at({one}))})
        return days if may_fall(days) else []

    def _may_lose(self, arrivals: Arrivals, kept: Recount) -> bool:
        before = [row for day in kept.days for row in arrivals.counted(day)]
        return _Lost([*kept.rows, *kept.returned], before, self).is_batch()

    def _find(self, arrivals: Arrivals, passes: Sequence[bool]) -> Batches:
        """Go through the days once for each pass; the pass says whether a batch may be unanimous."""
        more, back = arrivals.more, [row for rows in arrivals.returned.values() for row in rows]
        found = Batches()
        if not more:
            return found
        gained = _Gained([*more, *back], self)
        days = np.array([row.day.toordinal() for row in more])
        left, waiting_back = np.arange(len(more)), np.arange(len(more), len(more) + len(back))
        for may_be_unanimous in passes:
            waiting = left[:0]
            for day in sorted({row.day for row in more}):
                waiting = np.concatenate([waiting, left[days[left] == day.toordinal()]])
                batch = gained.batch_of(waiting, may_be_unanimous)
                along = gained.along(batch, waiting_back)
                # What comes in at the end is counted to the end: months that were told are not told anew.
                told = max(day, arrivals.last_batch_day or day) if may_be_unanimous else day
                found.new.extend(more[place]._replace(batch_day=told) for place in batch.tolist())
                places = (along - len(more)).tolist()
                found.back.extend(back[place]._replace(batch_day=told) for place in places)
                waiting, waiting_back = np.setdiff1d(waiting, batch), np.setdiff1d(waiting_back, along)
            left = waiting
        return found


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

    def is_batch(self, rows: Integers) -> bool:
        return self.batch_of(rows).size == rows.size

    def along(self, batch: Integers, returned: Integers) -> Integers:
        """Choose what comes back beside new answers that are a batch themselves, at the same counters."""
        beside = returned[np.isin(self._counter[returned], self._counter[batch])]
        return beside if self.is_batch(np.concatenate([batch, beside])) else beside[:0]

    def batch_of(self, waiting: Integers, may_be_unanimous: bool = False) -> Integers:
        """Choose the rows of those waiting that are a batch, if any are.

        Where every counter is fit, so are the fields, the month and the index, which add them up.
        """
        batch = waiting
        while batch.size:
            left = self._at_unfit_counters(batch, may_be_unanimous)
            if not left.any():
                unfit = self._unfit_columns(batch, may_be_unanimous)
                if unfit:
                    left = self._of_versions_past(batch, unfit)
                    if may_be_unanimous and not left.any():
                        left = self._with_answers_to(batch, unfit)
                elif not may_be_unanimous:
                    left = self._at_told_counters(batch)
                if not (unfit or left.any()):
                    return batch
            if not left.any():
                return batch[:0]
            batch = batch[~left]
        return batch

    def _at_unfit_counters(self, batch: Integers, may_be_unanimous: bool) -> Booleans:
        counters = np.unique(self._counter[batch])
        unfit = [one for one in counters if not self._is_fit_at(batch, one, may_be_unanimous)]
        return np.isin(self._counter[batch], unfit)

    def _at_told_counters(self, batch: Integers) -> Booleans:
        """Find the counters of which all sums together tell that nobody was satisfied with some item."""
        counters, place_of = np.unique(self._counter[batch], return_inverse=True)
        shape = (counters.size, int(self._in_index.sum()))
        satisfied, valid = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64)
        np.add.at(satisfied, place_of, self._satisfied[batch][:, self._in_index])
        np.add.at(valid, place_of, self._valid[batch][:, self._in_index])
        told = counters[known_dissatisfied(satisfied, valid).any(axis=1)]
        return np.isin(self._counter[batch], told)

    def _is_fit_at(self, batch: Integers, counter: int, may_be_unanimous: bool) -> bool:
        """Whether five people came, and five are behind what its index gained, not all unsatisfied."""
        here = batch[self._counter[batch] == counter]
        valid = self._valid[here][:, self._in_index].sum(axis=0)
        is_told = not may_be_unanimous and self._satisfied[here][:, self._in_index].sum() == 0
        is_index_fit = not valid.any() or (valid.max() >= BATCH and not is_told)
        return bool(self._n[here].sum() >= BATCH and is_index_fit)

    def _unfit_columns(self, batch: Integers, may_be_unanimous: bool) -> set[Column]:
        valid, satisfied = self._valid[batch].sum(axis=0), self._satisfied[batch].sum(axis=0)
        unfit = (valid > 0) & ((valid < BATCH) | ((satisfied == 0) & (not may_be_unanimous)))
        return {column for column, is_unfit in zip(self._columns, unfit, strict=True) if is_unfit}

    def _of_versions_past(self, batch: Integers, unfit: set[Column]) -> Booleans:
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
        return np.isin(self._version[batch], past)

    def _with_answers_to(self, batch: Integers, columns: set[Column]) -> Booleans:
        places = [place for place, column in enumerate(self._columns) if column in columns]
        answered: Booleans = self._valid[batch][:, places].sum(axis=1) > 0
        return answered


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
        self._month = np.array([row.batch_day.replace(day=1).toordinal() for row in rows], dtype=np.int64)
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
