"""Lines with one id: the same again is one dossier, lines that say different things are none. For jobs."""

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from survey_app.prepare.frames.columns import UNIT
from survey_app.prepare.frames.fault_list import FaultList
from survey_app.prepare.frames.rows import CLASHES, CODED, LINE


def in_order(rows: pa.Table) -> pa.Table:
    """Sort by id, which is by code points, and by line within one id."""
    return rows.take(pc.sort_indices(rows, sort_keys=[(UNIT, "ascending"), (LINE, "ascending")]))


def settled(rows: pa.Table, faults: FaultList, *, is_whole: bool) -> pa.Table:
    """Leave each id once, and none of those whose lines differ; all of it goes to the list of faults.

    Where not all lines of the file are at hand (`is_whole` is false) one line of a clash stays, marked, for
    those that are still to come.
    """
    rows = _each_once(rows, faults)
    return _without_clashes(rows, faults) if is_whole else rows


def _each_once(rows: pa.Table, faults: FaultList) -> pa.Table:
    """Keep the first line of each id, marked where the others say something else."""
    if len(rows) < 2:
        return rows
    same_id = _like_before(rows, [UNIT])
    if not pc.any(same_id).as_py():
        return rows
    group = pc.cumulative_sum(pc.invert(same_id).cast(pa.int64()))
    is_other = pc.and_(same_id, pc.invert(_like_before(rows, CODED)))
    clashes = pc.unique(group.filter(pc.or_(is_other, rows[CLASHES].combine_chunks())))
    clashes_here = pc.is_in(group, clashes)
    _note(faults, "repeated", rows, pc.and_(same_id, pc.invert(clashes_here)))
    _note(faults, "two_contents", rows, pc.and_(same_id, clashes_here))
    first = pc.invert(same_id)
    return rows.set_column(rows.column_names.index(CLASHES), CLASHES, clashes_here).filter(first)


def _without_clashes(rows: pa.Table, faults: FaultList) -> pa.Table:
    clashes = rows[CLASHES]
    _note(faults, "two_contents", rows, clashes)
    return rows.filter(pc.invert(clashes))


def _note(faults: FaultList, rule: str, rows: pa.Table, where: pa.Array) -> None:
    if pc.any(where).as_py():
        faults.add(rule, rows[LINE].filter(where).to_pylist(), UNIT)


def _like_before(rows: pa.Table, columns: Sequence[str]) -> pa.Array:
    """Say of each row whether it is like the row before it in these columns; the first is like none."""
    alike = pa.repeat(True, len(rows) - 1)
    for name in columns:
        column = rows[name].combine_chunks()
        alike = pc.and_(alike, pc.equal(column[1:], column[:-1]))
    return pa.concat_arrays([pa.array([False]), alike])
